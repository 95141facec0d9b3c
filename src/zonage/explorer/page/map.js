// The map: Bokeh draws the raster and the outlines; the frame fills its box, so that screen and
// metres differ by one scale.

const [ColumnDataSource, ImageRGBA, MultiLine, PanTool, Plot, Range1d, Text, WheelZoomTool] = [
  "ColumnDataSource", "ImageRGBA", "MultiLine", "PanTool", "Plot", "Range1d", "Text",
  "WheelZoomTool",
].map((name) => Bokeh.Models.get(name));
const { ndarray } = Bokeh.require("core/util/ndarray");
const { Document } = Bokeh.require("document");

const box = document.getElementById("map");
const size = { width: box.clientWidth, height: box.clientHeight }; // to ask each time is slow
const LEAST_WIDTH = 10 * grid.resolution;
const NAME_SIZE = 12, MOST_NAMES = 24;
const INK = "#10151c", OFFICIAL_COLOUR = "#00785a";
const namedPlaces = communePlaces.map((place, index) => ({ ...place, name: communeName(index) }))
  .filter((place) => place.people).sort((one, other) => other.people - one.people);
const xRange = new Range1d({ start: 0, end: 1 });
const yRange = new Range1d({ start: 0, end: 1 });
const plot = new Plot({
  x_range: xRange, y_range: yRange, sizing_mode: "stretch_both", min_border: 0,
  toolbar_location: null, outline_line_color: null, background_fill_color: null,
  border_fill_color: null,
});

const raster = new ColumnDataSource({ data: {
  image: [ndarray(new Uint32Array(CELLS), { dtype: "uint32", shape: [grid.height, grid.width] })],
  x: [eastingOf(0)], y: [northingOf(grid.height)],
  dw: [grid.width * grid.resolution], dh: [grid.height * grid.resolution],
} });
plot.add_glyph(new ImageRGBA({
  image: { field: "image" }, x: { field: "x" }, y: { field: "y" },
  dw: { field: "dw" }, dh: { field: "dh" }, origin: "top_left",
}), raster);

function lineLayer(lines, style) {
  const source = new ColumnDataSource({ data: lines });
  const glyph = new MultiLine({ xs: { field: "xs" }, ys: { field: "ys" }, line_join: "round",
    ...style });
  return { source, renderer: plot.add_glyph(glyph, source) };
}

const NO_LINES = () => ({ xs: [], ys: [] });
const layers = {
  communes: lineLayer(unpackedLines(content.communeLines.lines),
    { line_color: "#8a8880", line_width: 1 }),
  official: lineLayer(officialLines(), { line_color: OFFICIAL_COLOUR, line_width: 2.2 }),
  quarters: lineLayer(NO_LINES(), { line_color: INK, line_width: 1.5 }),
};
for (const one of content.overlays) {
  layers[`overlay-${one.name}`] = lineLayer(unpackedLines(one.lines),
    { line_color: one.colour, line_width: 2.2, line_dash: [7, 3] });
}
const marked = lineLayer(NO_LINES(), { line_color: INK, line_width: 3.6 });
const markedInside = lineLayer(NO_LINES(), { line_color: "#f0e442", line_width: 1.6 });
const cursor = lineLayer(NO_LINES(), { line_color: INK, line_width: 2 });
layers.names = nameLayer();

function officialLines() {
  const lines = { xs: [], ys: [] };
  for (const quarter of official?.quarters ?? []) {
    if (!quarter.lines) continue;
    const { xs, ys } = unpackedLines(quarter.lines);
    lines.xs.push(...xs);
    lines.ys.push(...ys);
  }
  return lines;
}

function nameLayer() {
  const source = new ColumnDataSource({ data: { x: [], y: [], text: [] } });
  const glyph = new Text({
    x: { field: "x" }, y: { field: "y" }, text: { field: "text" },
    text_align: "center", text_baseline: "middle", text_font: "system-ui, sans-serif",
    text_font_size: `${NAME_SIZE}px`, text_color: INK,
    background_fill_color: "#ffffff", background_fill_alpha: 0.78, padding: 2, border_radius: 3,
  });
  return { source, renderer: plot.add_glyph(glyph, source) };
}

// Write the names that find room, those of the most people first.
function drawNames() {
  const scale = size.width / (xRange.end - xRange.start);
  const taken = [], data = { x: [], y: [], text: [] };
  for (const { name, x, y } of namedPlaces) {
    const [left, top] = [(x - xRange.start) * scale, (yRange.end - y) * scale];
    const width = 0.62 * NAME_SIZE * name.length + 6, height = 1.7 * NAME_SIZE;
    if (left < 0 || top < 0 || left > size.width || top > size.height) continue;
    const meets = taken.some((other) => Math.abs(other.left - left) < (other.width + width) / 2
      && Math.abs(other.top - top) < height);
    if (meets) continue;
    taken.push({ left, top, width });
    data.x.push(x);
    data.y.push(y);
    data.text.push(name);
    if (data.text.length === MOST_NAMES) break;
  }
  layers.names.source.data = data;
}

// Lines of rings of corners, in metres.
function linesOf(rings) {
  const closed = rings.map(({ corners }) => [...corners, corners[0]]);
  return {
    xs: closed.map((ring) => Float64Array.from(ring, ([column]) => eastingOf(column))),
    ys: closed.map((ring) => Float64Array.from(ring, ([, row]) => northingOf(row))),
  };
}

function showPicture(picture) {
  const image = ndarray(picture, { dtype: "uint32", shape: [grid.height, grid.width] });
  raster.data = { ...raster.data, image: [image] };
}

// The middle and width of the map; the height follows from the shape of its box.
function setRange([x, y, width]) {
  const shape = size.height / Math.max(1, size.width);
  const most = 4 * Math.max(grid.width, grid.height / shape) * grid.resolution;
  const wide = Math.min(most, Math.max(LEAST_WIDTH, width));
  state.range = [x, y, wide];
  xRange.setv({ start: x - wide / 2, end: x + wide / 2 });
  yRange.setv({ start: y - wide * shape / 2, end: y + wide * shape / 2 });
}

function wholeRange() {
  const shape = size.height / Math.max(1, size.width);
  const width = 1.04 * Math.max(grid.width, grid.height / shape) * grid.resolution;
  return [eastingOf(grid.width / 2), northingOf(grid.height / 2), width];
}

function goTo(cells) {
  const columns = cells.map((cell) => cell % grid.width);
  const rows = cells.map((cell) => Math.floor(cell / grid.width));
  const [west, east] = [Math.min(...columns), Math.max(...columns) + 1];
  const [north, south] = [Math.min(...rows), Math.max(...rows) + 1];
  const shape = size.height / Math.max(1, size.width);
  const width = Math.max(16, 2.4 * Math.max(east - west, (south - north) / shape));
  setRange([eastingOf((west + east) / 2), northingOf((north + south) / 2),
    width * grid.resolution]);
}

function markCell(cell) {
  if (cell < 0) {
    cursor.source.data = NO_LINES();
    return;
  }
  const column = cell % grid.width, row = Math.floor(cell / grid.width);
  const corners = [[column, row], [column, row + 1], [column + 1, row + 1], [column + 1, row]];
  cursor.source.data = linesOf([{ corners }]);
}

async function startMap({ moved, pointed, left, chosen }) {
  const wheel = new WheelZoomTool();
  plot.add_tools(new PanTool(), wheel);
  plot.toolbar.active_scroll = wheel;
  const page = new Document();
  page.add_root(plot);
  await Bokeh.embed.add_document_standalone(page, document.getElementById("plot"));
  const changed = () => {
    state.range = [(xRange.start + xRange.end) / 2, (yRange.start + yRange.end) / 2,
      xRange.end - xRange.start];
    moved();
  };
  for (const range of [xRange, yRange]) range.change.connect(changed);
  plot.on_event("mousemove", ({ x, y, sx, sy }) => pointed(cellAt(x, y), sx, sy));
  plot.on_event("mouseleave", left);
  plot.on_event("tap", ({ x, y }) => chosen(cellAt(x, y)));
  new ResizeObserver(() => {
    Object.assign(size, { width: box.clientWidth, height: box.clientHeight });
    setRange(state.range);
  }).observe(box);
}

// A round number of metres, at most a fifth of the map's width, with its pixels and its text.
function scaleLength() {
  const most = state.range[2] / 5, power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((step) => step * power).find((step) => step <= most);
  const text = metres < 1000 ? `${metres} m` : `${metres / 1000} km`;
  return { pixels: metres / state.range[2] * size.width, text };
}

function drawScale() {
  const { pixels, text } = scaleLength();
  const bar = document.getElementById("scale");
  bar.style.width = `${pixels}px`;
  bar.textContent = text;
}

// The map as one picture with its scale, for paper: there the browser lays the page out anew, but
// not what is drawn.
function printedMap() {
  const { canvas } = Bokeh.index[plot.id].export();
  const pen = canvas.getContext("2d"), { pixels, text } = scaleLength();
  const ratio = canvas.width / size.width, low = canvas.height - 14 * ratio;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = INK;
  pen.fillRect(14 * ratio, low, pixels * ratio, 2 * ratio);
  pen.font = `${NAME_SIZE * ratio}px sans-serif`;
  pen.fillText(text, 14 * ratio, low - 5 * ratio);
  return canvas;
}
