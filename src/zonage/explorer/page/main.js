// The page at work: every change of the state is drawn once, in the next frame.

const zonings = new Map();

function zoningAt(view, step, minimum) {
  const key = `${view} ${step} ${minimum}`;
  if (!zonings.has(key)) {
    if (zonings.size > 40) zonings.delete(zonings.keys().next().value);
    zonings.set(key, zoned(views[view], step, minimum));
  }
  return zonings.get(key);
}

function shown() {
  return zoningAt(state.view, state.step, minimumShown());
}

const law = zoned(views[0], LAW_STEP, views[0].minimum);

function besides() {
  return state.beside === null ? null
    : zoningAt(state.beside, LAW_STEP, views[state.beside].minimum);
}

function dividerColumn() {
  if (state.beside === null) return 0;
  const x = xRange.start + state.divider * (xRange.end - xRange.start);
  return Math.min(grid.width, Math.max(0, Math.round(x / grid.resolution - grid.west)));
}

// The zoning that the map shows at a cell: left of the divider, that which lies beside.
function zoningUnder(cell) {
  return cell % grid.width < dividerColumn() ? besides() : shown();
}

function classesOf(found) {
  if (!state.layers.has("quarters")) return null;
  if (state.classes === "agreement" && found.table.shares) {
    const whole = found.table.shares.whole;
    return (tile) => {
      if (found.label[tile]) return whole[tile] >= MAJORITY ? "stays" : "enters";
      return whole[tile] >= MAJORITY ? "leaves" : null;
    };
  }
  return (tile) => {
    const other = law.table.tileAt[found.table.cell[tile]];
    const before = other >= 0 && law.label[other] > 0;
    if (found.label[tile]) return before ? "stays" : "enters";
    return before ? "leaves" : null;
  };
}

const labels = new Int32Array(CELLS); // of the zones on the map, on both sides of the divider
let labelledCells = [];

function drawRaster() {
  const picture = new Uint32Array(CELLS), cut = dividerColumn();
  for (const cell of labelledCells) labels[cell] = 0;
  labelledCells = [];
  const sides = [[besides(), 0, cut], [shown(), cut, grid.width]].filter(([found]) => found);
  sides.forEach(([found, from, to], side) => {
    const { column, cell } = found.table;
    paint(picture, found, classesOf(found), state.colouring, from, to);
    for (const tiles of found.members) {
      for (const tile of tiles) {
        if (column[tile] < from || column[tile] >= to) continue;
        labels[cell[tile]] = found.label[tile] * 2 + side;
        labelledCells.push(cell[tile]);
      }
    }
  });
  showPicture(picture);
  layers.quarters.source.data = linesOf(ringsOf(labels, labelledCells));
}

function drawLayers() {
  for (const [name, layer] of Object.entries(layers)) {
    layer.renderer.visible = state.layers.has(name);
  }
}

function drawDivider() {
  const on = state.beside !== null;
  part("divider").hidden = part("divider-line").hidden = !on;
  part("divider").value = Math.round(state.divider * 1000);
  part("divider-line").style.left = `${state.divider * 100}%`;
  part("left-name").textContent = on ? views[state.beside].label[state.language] : "";
  part("right-name").textContent = on
    ? `${views[state.view].label[state.language]}${positionText()}` : "";
}

// Where the sliders are, unless at the view's own rule.
function positionText() {
  const moved = [];
  if (state.step !== LAW_STEP) moved.push(signedEuros(shifts[state.step]));
  if (minimumShown() !== views[state.view].minimum) {
    moved.push(`${number(minima[minimumShown()])} ${word("inhabitants")}`);
  }
  return moved.map((text) => ` · ${text}`).join("");
}

function drawControls() {
  for (const input of document.querySelectorAll("input[name=view]")) {
    input.checked = Number(input.value) === state.view;
  }
  for (const input of document.querySelectorAll("input[data-layer]")) {
    input.checked = state.layers.has(input.dataset.layer);
  }
  part("ground-on").checked = state.ground;
  part("colouring").value = state.colouring;
  part("classes").value = state.classes;
  part("beside").value = state.beside ?? "";
}

const REST = 60; // milliseconds without a change after which the slower parts are drawn
let waiting = 0, resting = 0;

function draw() {
  waiting = 0;
  const found = shown();
  drawWords();
  drawControls();
  drawSliders();
  drawDivider();
  drawRaster();
  drawLayers();
  drawLegend();
  drawTotals(found, law);
  drawCurve(views[state.view], minimumShown(), state.step);
  clearTimeout(resting);
  resting = setTimeout(drawRest, REST);
}

// Lists and cards, which nobody reads while a slider moves.
function drawRest() {
  const found = shown();
  drawAgreement(found);
  drawChanges(found, law);
  drawCard(state.selected === null ? found : zoningUnder(state.selected));
  drawMoved();
  if (!waiting) delete document.documentElement.dataset.busy;
}

// What depends on where the map is.
function drawMoved() {
  drawScale();
  drawNames();
  drawGround();
  writeFragment();
}

function change(changes) {
  Object.assign(state, changes);
  document.documentElement.dataset.busy = "true";
  if (!waiting) waiting = requestAnimationFrame(draw);
}

function select(cell, cells) {
  if (cells) goTo(cells);
  change({ selected: cell });
}

let gliding = 0;

function moved() {
  part("tip").hidden = true;
  if (state.beside !== null) change({});
  else gliding ||= requestAnimationFrame(() => { gliding = 0; drawMoved(); });
}

function pointed(cell, sx, sy) {
  const tile = cell < 0 ? -1 : zoningUnder(cell).table.tileAt[cell];
  drawTooltip(cell < 0 ? null : zoningUnder(cell), tile, sx, sy);
  markCell(tile < 0 ? -1 : cell);
}

function unpointed() {
  part("tip").hidden = true;
  markCell(-1);
}
