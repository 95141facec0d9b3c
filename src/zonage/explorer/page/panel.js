// Words, figures and controls beside the map.

const part = (id) => document.getElementById(id);

function word(key) {
  return content.words[key][state.language];
}

function locale() {
  return state.language === "fr" ? "fr-FR" : "en-GB";
}

const formats = new Map(); // to make one takes long

function formatted(value, options) {
  const key = `${state.language} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale(), options));
  return formats.get(key).format(value).replace("-", "\u2212");
}

function number(value, digits = 0) {
  return formatted(value, { maximumFractionDigits: digits });
}

function signed(value) {
  return formatted(value, { signDisplay: "exceptZero", maximumFractionDigits: 0 });
}

const EUROS = { style: "currency", currency: "EUR", maximumFractionDigits: 0 };

function euros(value) {
  return formatted(value, EUROS);
}

function signedEuros(value) {
  return formatted(value, { ...EUROS, signDisplay: "exceptZero" });
}

function percent(value) {
  if (!Number.isFinite(value)) return "–";
  return formatted(value, { style: "percent", maximumFractionDigits: 1 });
}

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

let worded = "";

// Put the words of the language everywhere that one is asked for.
function drawWords() {
  if (worded === `${state.language} ${state.view}`) return;
  worded = `${state.language} ${state.view}`;
  document.documentElement.lang = state.language;
  for (const place of document.querySelectorAll("[data-word]")) {
    place.textContent = word(place.dataset.word);
  }
  for (const place of document.querySelectorAll("[data-label]")) {
    place.setAttribute("aria-label", word(place.dataset.label));
    place.title = word(place.dataset.label);
  }
  part("search").placeholder = word("search");
  const drawn = [content.communeLines.byTiles && "communes_by_tiles",
    official?.byTiles && "official_by_tiles"];
  part("drawn").textContent = drawn.filter(Boolean).map(word).join(" ");
  for (const option of document.querySelectorAll("[data-view]")) {
    option.textContent = views[Number(option.dataset.view)].label[state.language];
  }
  for (const place of document.querySelectorAll("[data-overlay]")) {
    place.textContent = content.overlays[Number(place.dataset.overlay)].label[state.language];
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", button.dataset.language === state.language);
  }
  drawAbout();
}

function drawAbout() {
  const { rule, units, ladder } = views[state.view];
  const shown = units.filter((unit) => unit.line !== null).map((unit) =>
    `${unit.name || unit.code}: ${euros(unit.line)}`
    + (unit.threshold === null ? "" : ` (${word("legal")} ${euros(unit.threshold)})`)
    + (unit.qualifies === false ? `, ${word("too_small")}` : ""));
  const changes = rule.reforms.map(([path, value]) => `${path} = ${value}`);
  part("rule").replaceChildren(
    element("p", `${word("law")} ${rule.law}, ${rule.on}${rule.calibrated ? ` · ${word("calibrated")}` : ""}`
      + (changes.length ? ` · ${changes.join(", ")}` : "")),
    element("p", `${word("lines")} ${shown.slice(0, 40).join("; ")}`),
    element("p", `${word("method")} ${rule.method.map(([name, value]) => `${name} = ${value}`).join(", ")}`),
    element("p", word(ladder.byTree ? "by_tree" : "by_zoning")
      .replace("{step}", number(shifts[1] - shifts[0])).replace("{count}", number(STEPS * minima.length))),
  );
  part("caveats").replaceChildren(...content.caveats[state.language].map((text) => element("li", text)));
}

function drawSliders() {
  const view = views[state.view], { main } = view;
  const line = part("line"), minimum = part("minimum");
  line.value = state.step;
  minimum.value = minimumShown();
  const declared = main.declared[state.step];
  const own = view.kind === "scenario" ? word("in_scenario") : word("in_force");
  const position = state.step === LAW_STEP ? ` · ${own}` : ` · ${signedEuros(shifts[state.step])}`;
  const shown = declared === null ? euros(main.disposable[state.step])
    : `${euros(declared)} ${word("declared")}`;
  part("line-value").textContent = `${shown}${position}`;
  const parts = declared === null ? [] : [`${euros(main.disposable[state.step])} ${word("disposable")}`];
  part("line-note").textContent = [...parts, main.name].join(" · ");
  line.setAttribute("aria-valuetext", part("line-value").textContent);
  part("minimum-value").textContent = `${number(minima[minimumShown()])} ${word("inhabitants")}`
    + (minimumShown() === view.minimum ? ` · ${own}` : "");
  minimum.setAttribute("aria-valuetext", part("minimum-value").textContent);
  part("reset").textContent = word(view.kind === "scenario" ? "reset_scenario" : "reset");
  part("reset").disabled = state.step === LAW_STEP && minimumShown() === view.minimum;
}

const MEASURES = ["quarters", "population", "share", "tiles", "households", "poor_households",
  "social_dwellings"];

function figuresOf(found) {
  const all = whole[tables.indexOf(found.table)].population;
  return { ...found.totals, share: found.totals.population / all };
}

function drawTotals(found, law) {
  const [shown, before] = [figuresOf(found), figuresOf(law)];
  const rows = MEASURES.filter((name) => name in shown).map((name) => {
    const row = element("tr");
    row.append(element("th", word(name)));
    row.firstChild.scope = "row";
    const text = (figures) => {
      if (!(name in figures)) return "–";
      if (name === "share") return percent(figures.share);
      return number(name === "quarters" || name === "tiles" ? figures[name] : figures[name] / FIXED_POINT);
    };
    const now = element("td", text(shown));
    now.dataset.total = name;
    now.dataset.value = shown[name];
    row.append(now, element("td", text(before)), element("td", difference(name, shown, before)));
    return row;
  });
  part("totals").replaceChildren(...rows);
}

function drawAgreement(found) {
  const agreement = agreementOf(found);
  part("agreement").hidden = !agreement;
  if (!agreement) return;
  const { f1, precision, recall } = agreement.majority;
  part("agreement").textContent = word("agreement_text").replace("{f1}", percent(f1))
    .replace("{precision}", percent(precision)).replace("{recall}", percent(recall));
  part("agreement").dataset.value = f1;
}

function difference(name, shown, before) {
  const step = shown[name] - before[name];
  if (!Number.isFinite(step) || step === 0) return step === 0 ? "=" : "–";
  if (name === "share") {
    return `${formatted(100 * step, { signDisplay: "exceptZero", maximumFractionDigits: 1 })} pt`;
  }
  return signed(name === "quarters" || name === "tiles" ? step : step / FIXED_POINT);
}

const LONGEST = 60; // rows of the list of changes; the files hold them all

function drawChanges(found, law) {
  const groups = changesBetween(law, found);
  const moved = groups.filter((group) => group.status !== "unchanged");
  const counts = new Map();
  for (const { status } of groups) counts.set(status, (counts.get(status) ?? 0) + 1);
  part("changes-summary").textContent = moved.length
    ? [...counts].map(([status, count]) =>
      `${count} ${word(count > 1 ? `${status}_many` : status)}`).join(" · ") : word("no_change");
  part("changes").replaceChildren(...moved.slice(0, LONGEST).map((group) => {
    const item = element("li");
    const button = element("button");
    const communes = [...group.communes].map(communeName).join(", ");
    const people = [group.populationBefore, group.populationAfter]
      .map((count) => number(count / FIXED_POINT)).join(" → ");
    button.append(element("span", word(group.status), `status ${group.status}`),
      element("span", communes, "place"), element("span", people, "people"));
    button.addEventListener("click", () => {
      const [source, zone] = group.after.length ? [found, group.after[0]] : [law, group.before[0]];
      select(source.table.cell[source.members[zone - 1][0]], Array.from(
        source.members[zone - 1], (tile) => source.table.cell[tile]));
    });
    item.dataset.status = group.status;
    item.append(button);
    return item;
  }));
}

function drawLegend() {
  const legend = part("legend");
  legend.replaceChildren();
  const colouring = COLOURINGS[state.colouring];
  if (colouring) {
    const shown = { eur: euros, percent, shift: signedEuros }[colouring.unit];
    const bar = element("span", undefined, "ramp");
    bar.style.background = `linear-gradient(to right, ${RAMP.join(",")})`;
    const high = colouring.unit === "eur" ? "+" : "";
    legend.append(element("span", word(`tiles_${state.colouring}`), "ramp-title"),
      element("span", shown(colouring.low)), bar, element("span", shown(colouring.high) + high));
    return;
  }
  if (!state.layers.has("quarters")) return;
  const words = state.classes === "change" ? ["stays", "enters_tile", "leaves_tile"]
    : ["found", "computed_only", "official_only"];
  ["stays", "enters", "leaves"].forEach((kind, index) => {
    const item = element("span", undefined, "key");
    const swatch = element("i");
    swatch.style.background = CLASS_COLOURS[kind];
    item.append(swatch, element("span", word(words[index])));
    legend.append(item);
  });
}
