// What is known of one tile, and the card of one quarter.

function tileLines(found, tile) {
  const { table, view } = found;
  const people = table.counts.population[tile];
  const lines = [`${communeName(table.commune[tile]) || word("unknown")} · ${tileName(table, tile)}`];
  lines.push(`${number(people / FIXED_POINT, 1)} ${word("inhabitants")}`
    + (table.imputed?.[tile] ? ` (${word("imputed")})` : ""));
  const { households, poor_households: poor, social_dwellings: social } = table.counts;
  if (households && poor) {
    lines.push(`${number(households[tile] / FIXED_POINT, 1)} ${word("households")}, `
      + `${number(poor[tile] / FIXED_POINT, 1)} ${word("poor")}`);
  }
  if (social) lines.push(`${number(social[tile] / FIXED_POINT)} ${word("social_dwellings")}`);
  const median = criterionOf(view, tile), line = lineOf(view, tile, found.step);
  lines.push(`${word("median")}: ${median === null ? "–" : euros(median)}; `
    + `${word("line")}: ${line === null ? "–" : euros(line)}`);
  if (table.probability) lines.push(`${word("probability")}: ${percent(table.probability[tile])}`);
  const zone = found.label[tile];
  const reason = content.reasons[state.language][found.reason[tile]];
  lines.push(zone ? `${word("quarter")} ${zone}: ${reason}` : reason);
  return lines;
}

function tileName(table, tile) {
  const north = (grid.north - table.row[tile]) * grid.resolution;
  const east = (grid.west + table.column[tile]) * grid.resolution;
  return `N${north} E${east}`;
}

function quarterTitle(found, zone) {
  const named = counterparts(found, zone)?.quarters[0]?.name;
  const place = communesOf(found, zone).slice(0, 2).map(communeName).join(", ");
  return `${zone} · ${named ?? place}`;
}

// Rows of the card: a word and a text, and the value behind the text where it is a number.
function cardRows(found, zone) {
  const { view, table, step, minimum } = found;
  const tiles = found.members[zone - 1], people = found.zonePeople[zone - 1];
  const rows = [[word("communes"), communesOf(found, zone).map(communeName).join(", ")]];
  rows.push([word("inhabitants"), number(people / FIXED_POINT), people / FIXED_POINT]);
  rows.push([word("tiles"), number(tiles.length), tiles.length]);
  const median = medianOf(view, tiles), line = lineOf(view, tiles[0], step);
  rows.push([word("median"), median === null ? "–" : euros(median), median]);
  rows.push([word("line"), line === null ? "–" : euros(line), line]);
  const spare = people / FIXED_POINT - minima[minimum];
  const { gone, meets, others } = stability(found, zone);
  const span = (other) => signedEuros(shifts[other] - shifts[step]);
  rows.push([word("margin"), `${gone === null ? word("beyond") : `${word("gone_at")} ${span(gone)}`}; `
    + word("spare").replace("{count}", number(spare))]);
  rows.push([word("stability"), meets === null ? word("meets_none")
    : `${word("meets_at")} ${span(meets)} (${word("quarter")} ${others.join(", ")})`]);
  if (table.probability) {
    const sum = tiles.reduce((total, tile) =>
      total + table.counts.population[tile] * table.probability[tile], 0);
    rows.push([word("probability"), percent(sum / people), sum / people]);
  }
  const match = counterparts(found, zone);
  if (match) {
    const names = match.quarters.map((quarter) => `${quarter.name} (${quarter.code})`).join(", ");
    rows.push([word("counterpart"), names || word("none")]);
    rows.push([word("official_share"), percent(match.share), match.share]);
  }
  return rows;
}

function drawCard(found) {
  const card = document.getElementById("card");
  const tile = state.selected === null ? -1 : found.table.tileAt[state.selected];
  const zone = tile < 0 ? 0 : found.label[tile];
  card.hidden = tile < 0;
  const outline = zone ? outlineOf(found, zone) : [];
  for (const layer of [marked, markedInside]) layer.source.data = linesOf(outline);
  if (tile < 0) return;
  const title = card.querySelector("h2");
  const rows = card.querySelector("dl");
  rows.replaceChildren();
  if (!zone) {
    title.textContent = word("no_quarter");
    for (const line of tileLines(found, tile)) rows.append(element("dd", line, "alone"));
    return;
  }
  title.textContent = `${word("quarter")} ${quarterTitle(found, zone)}`;
  for (const [name, text, value] of cardRows(found, zone)) {
    const cell = element("dd", text);
    if (value !== undefined) cell.dataset.value = value;
    rows.append(element("dt", name), cell);
  }
}

function outlineOf(found, zone) {
  const labels = new Int32Array(CELLS);
  const cells = Array.from(found.members[zone - 1], (tile) => found.table.cell[tile]);
  for (const cell of cells) labels[cell] = 1;
  return ringsOf(labels, cells);
}

function drawTooltip(found, tile, sx, sy) {
  const tip = document.getElementById("tip");
  tip.hidden = tile < 0;
  if (tile < 0) return;
  tip.replaceChildren(...tileLines(found, tile).map((line) => element("div", line)));
  const right = sx + 16 + tip.offsetWidth > size.width;
  const below = sy + 16 + tip.offsetHeight > size.height;
  tip.style.left = `${Math.max(4, right ? sx - tip.offsetWidth - 12 : sx + 16)}px`;
  tip.style.top = `${Math.max(4, below ? sy - tip.offsetHeight - 12 : sy + 16)}px`;
}
