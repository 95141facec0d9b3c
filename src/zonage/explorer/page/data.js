// What Python packed: plain values, and arrays that are views of one buffer.

const content = JSON.parse(document.getElementById("content").textContent);
const buffer = await inflated(document.getElementById("arrays").textContent);
const KINDS = {
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array,
  int8: Int8Array, int16: Int16Array, int32: Int32Array,
  float32: Float32Array, float64: Float64Array,
};
const { grid, shifts, minima } = content;
const CELLS = grid.width * grid.height;
const STEPS = shifts.length;
const LAW_STEP = shifts.indexOf(0);
const FIXED_POINT = 1000; // counts are whole thousandths
const Reason = {
  INSIDE: 0, INSIDE_ENCLOSED: 1, ZONE_TOO_SMALL: 7, KEPT: 10,
};

const tables = content.tables.map(unpackedTable);
const views = content.views.map(unpackedView);
const official = content.official;

async function inflated(text) {
  const signs = atob(text.trim());
  const bytes = new Uint8Array(signs.length);
  for (let i = 0; i < signs.length; i++) bytes[i] = signs.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).arrayBuffer();
}

function array(place) {
  return place ? new KINDS[place.type](buffer, place.at, place.length) : null;
}

function unpackedTable(packed) {
  const row = array(packed.row);
  const column = array(packed.column);
  const size = row.length;
  const cell = new Int32Array(size);
  const tileAt = new Int32Array(CELLS).fill(-1);
  for (let tile = 0; tile < size; tile++) {
    cell[tile] = row[tile] * grid.width + column[tile];
    tileAt[cell[tile]] = tile;
  }
  const counts = {};
  for (const [name, place] of Object.entries(packed.counts)) counts[name] = array(place);
  const shares = packed.official && {
    tile: array(packed.official.tile), quarter: array(packed.official.quarter),
    share: array(packed.official.share), whole: array(packed.official.whole),
  };
  return {
    vintage: packed.vintage, size, row, column, cell, tileAt, counts, shares,
    commune: array(packed.commune), unit: array(packed.unit), imputed: array(packed.imputed),
    probability: array(packed.probability),
  };
}

function unpackedView(packed, index) {
  const ladder = packed.ladder;
  const [minimum, tile, first, last, reason] = ladder.exceptions.map(array);
  const [linkMinimum, linkStep, one, other] = ladder.links.map(array);
  return {
    ...packed, index, table: tables[packed.table],
    line: array(packed.line), mu: array(packed.mu), sigma: array(packed.sigma),
    criterion: array(packed.criterion),
    own: array(ladder.own), entry: array(ladder.entry), still: array(ladder.still),
    zoneCounts: array(ladder.zones),
    exceptions: { minimum, tile, first, last, reason },
    links: { minimum: linkMinimum, step: linkStep, one, other },
  };
}

// Lines of the page's outlines: coordinates in decimetres from an origin.
function unpackedLines(packed) {
  const sizes = array(packed.sizes);
  const points = array(packed.points);
  const xs = [], ys = [];
  let at = 0;
  for (const size of sizes) {
    const x = new Float64Array(size), y = new Float64Array(size);
    for (let i = 0; i < size; i++, at += 2) {
      x[i] = packed.origin[0] + points[at] / 10;
      y[i] = packed.origin[1] + points[at + 1] / 10;
    }
    xs.push(x);
    ys.push(y);
  }
  return { xs, ys };
}

function communeName(index) {
  return index < 0 ? "" : content.communes[index][1];
}

function unitName(index) {
  return index < 0 ? "" : content.units[index][1];
}
