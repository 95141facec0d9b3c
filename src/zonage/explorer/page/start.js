// Controls wired to the state.

function option(value, kind, name) {
  const made = element("option");
  made.value = value;
  if (kind) made.dataset[kind] = name;
  return made;
}

function makeViews() {
  part("views").hidden = views.length < 2;
  views.forEach((view, index) => {
    const label = element("label", undefined, "segment");
    const input = element("input");
    Object.assign(input, { type: "radio", name: "view", value: index });
    input.addEventListener("change", () => change({ view: index }));
    const text = element("span");
    text.dataset.view = index;
    label.append(input, text);
    part("view-list").append(label);
    part("beside").append(option(index, "view", index));
  });
}

function makeLayers() {
  content.overlays.forEach((overlay, index) => {
    const label = element("label");
    const input = element("input");
    input.type = "checkbox";
    input.dataset.layer = `overlay-${overlay.name}`;
    const swatch = element("i", undefined, "line");
    swatch.style.borderTopColor = overlay.colour;
    const text = element("span");
    text.dataset.overlay = index;
    label.append(input, swatch, text);
    part("layers").append(label);
  });
  for (const input of document.querySelectorAll("input[data-layer]")) {
    input.addEventListener("change", () => {
      if (input.checked) state.layers.add(input.dataset.layer);
      else state.layers.delete(input.dataset.layer);
      change({});
    });
  }
  part("official-layer").hidden = part("classes-choice").hidden = !official;
  for (const name of ["people", ...Object.keys(COLOURINGS).filter(offered)]) {
    part("colouring").append(option(name, "word", `tiles_${name}`));
  }
}

function startSliders() {
  Object.assign(part("line"), { min: 0, max: STEPS - 1, step: 1 });
  Object.assign(part("minimum"), { min: 0, max: minima.length - 1, step: 1 });
  part("line").addEventListener("input", (event) => change({ step: Number(event.target.value) }));
  part("minimum").addEventListener("input", (event) =>
    change({ minimum: Number(event.target.value) }));
  part("divider").addEventListener("input", (event) =>
    change({ divider: event.target.value / 1000 }));
  part("reset").addEventListener("click", () => change({ step: LAW_STEP, minimum: null }));
}

function startChoices() {
  part("colouring").addEventListener("change", (event) => change({ colouring: event.target.value }));
  part("classes").addEventListener("change", (event) => change({ classes: event.target.value }));
  part("beside").addEventListener("change", (event) =>
    change({ beside: event.target.value === "" ? null : Number(event.target.value) }));
  part("ground-on").addEventListener("change", (event) => change({ ground: event.target.checked }));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => change({ language: button.dataset.language }));
  }
  part("close").addEventListener("click", () => change({ selected: null }));
  part("whole").addEventListener("click", () => setRange(wholeRange()));
  part("nearer").addEventListener("click", () => zoom(0.7));
  part("farther").addEventListener("click", () => zoom(1 / 0.7));
}

function zoom(factor) {
  const [x, y, width] = state.range;
  setRange([x, y, width * factor]);
}

function startFiles() {
  part("save-geojson").addEventListener("click", () =>
    save("quarters.geojson", "application/geo+json", geojsonOf(shown())));
  part("save-csv").addEventListener("click", () => save("quarters.csv", "text/csv", csvOf(shown())));
  part("print").addEventListener("click", () => window.print());
  addEventListener("beforeprint", () => part("printed").replaceChildren(printedMap()));
  addEventListener("afterprint", () => part("printed").replaceChildren());
}

// Search: communes, official quarters by name or code, and computed quarters by number.
function findings() {
  const found = shown(), table = found.table;
  const list = new Map();
  content.communes.forEach(([, name], index) => {
    list.set(name, () => cellsWhere(table, (tile) => table.commune[tile] === index));
  });
  (official?.quarters ?? []).forEach(({ code, name }, index) => {
    list.set(`${name} (${code})`, () => Array.from(table.shares.tile)
      .filter((_, k) => table.shares.quarter[k] === index).map((tile) => table.cell[tile]));
  });
  found.members.forEach((tiles, index) => {
    list.set(`${word("quarter")} ${index + 1}`, () => Array.from(tiles, (tile) => table.cell[tile]));
  });
  return list;
}

function cellsWhere(table, test) {
  return Array.from(table.cell).filter((_, tile) => test(tile));
}

function startSearch() {
  const input = part("search");
  input.addEventListener("focus", () => {
    part("findings").replaceChildren(...[...findings().keys()].map((name) => option(name)));
  });
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
  const go = () => {
    const wanted = plain(input.value);
    if (!wanted) return;
    const all = [...findings()];
    const [, cells] = all.find(([name]) => plain(name) === wanted)
      ?? all.find(([name]) => plain(name).includes(wanted)) ?? [];
    const places = cells?.() ?? [];
    input.setAttribute("aria-invalid", !places.length);
    if (!places.length) return;
    const found = shown();
    const inside = places.find((cell) => found.label[found.table.tileAt[cell]] > 0);
    select(inside ?? null, places);
  };
  input.addEventListener("change", go);
  part("find").addEventListener("submit", (event) => {
    event.preventDefault();
    go();
  });
}

// The map under the keyboard: arrows move a cursor from tile to tile, with shift the map.
function startKeys() {
  let at = null;
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  box.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (step && event.shiftKey) {
      const [x, y, width] = state.range;
      setRange([x + step[0] * width / 8, y - step[1] * width / 8, width]);
    } else if (step) {
      at ??= cellAt(state.range[0], state.range[1]);
      const column = at % grid.width + step[0], row = Math.floor(at / grid.width) + step[1];
      if (column >= 0 && column < grid.width && row >= 0 && row < grid.height) {
        at = row * grid.width + column;
      }
      follow(at);
    } else if (event.key === "+" || event.key === "=") zoom(0.7);
    else if (event.key === "-") zoom(1 / 0.7);
    else if (event.key === "Enter" && at !== null) change({ selected: at });
    else if (event.key === "Escape") change({ selected: null });
    else return;
    event.preventDefault();
  });
}

function follow(cell) {
  const x = eastingOf(cell % grid.width + 0.5), y = northingOf(Math.floor(cell / grid.width) + 0.5);
  if (x < xRange.start || x > xRange.end || y < yRange.start || y > yRange.end) {
    setRange([x, y, state.range[2]]);
  }
  const scale = size.width / (xRange.end - xRange.start);
  pointed(cell, (x - xRange.start) * scale, (yRange.end - y) * scale);
  const found = zoningUnder(cell), tile = found.table.tileAt[cell];
  part("spoken").textContent = tile < 0 ? word("nobody") : tileLines(found, tile).join(". ");
}

async function start() {
  makeViews();
  makeLayers();
  startSliders();
  startChoices();
  startFiles();
  startSearch();
  startKeys();
  startCurve((step) => change({ step }));
  readFragment(location.hash.slice(1));
  part("title").textContent = content.title;
  part("source").textContent = content.source;
  setRange(state.range ?? wholeRange());
  await startMap({
    moved, pointed, left: unpointed, chosen: (cell) => change({ selected: cell < 0 ? null : cell }),
  });
  addEventListener("hashchange", () => {
    readFragment(location.hash.slice(1));
    setRange(state.range ?? wholeRange());
    change({});
  });
  change({});
  draw();
  document.documentElement.dataset.ready = "true";
}

// For those who want to drive the page: change the state, read what is shown.
window.explorer = { content, grid, views, state, change, shown, zoningAt, responseCurve, fragment };

await start();
