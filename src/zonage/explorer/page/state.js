// What is shown, and the same in the page's address, so that a link opens the same view.

const LAYERS = ["quarters", "official", "communes", "names",
  ...content.overlays.map((one) => `overlay-${one.name}`)];

const state = {
  view: 0,
  step: LAW_STEP,
  minimum: null, // null = that of the view's own law
  colouring: "people",
  classes: "change",
  layers: new Set(LAYERS),
  beside: null, // a view to the left of the divider, under its own law
  divider: 0.5,
  selected: null, // a cell
  language: content.language,
  ground: false,
  range: null, // middle of the map and its width, metres
};

function minimumShown() {
  return state.minimum ?? views[state.view].minimum;
}

function fragment() {
  const parts = new URLSearchParams();
  if (state.view) parts.set("view", state.view);
  if (state.step !== LAW_STEP) parts.set("line", shifts[state.step]);
  if (state.minimum !== null) parts.set("minimum", minima[state.minimum]);
  if (state.colouring !== "people") parts.set("tiles", state.colouring);
  if (state.classes !== "change") parts.set("quarters", state.classes);
  if (state.layers.size < LAYERS.length) {
    parts.set("layers", LAYERS.filter((name) => state.layers.has(name)).join(" "));
  }
  if (state.beside !== null) {
    parts.set("beside", state.beside);
    parts.set("divider", state.divider.toFixed(3));
  }
  if (state.selected !== null) parts.set("selected", state.selected);
  if (state.language !== content.language) parts.set("language", state.language);
  if (state.ground) parts.set("ground", 1);
  if (state.range) parts.set("map", state.range.map(Math.round).join(" "));
  return parts.toString();
}

function readFragment(text) {
  const parts = new URLSearchParams(text);
  const read = (name) => parts.get(name)?.trim() ? Number(parts.get(name)) : NaN;
  const whole = (name, limit) => {
    const value = read(name);
    return Number.isInteger(value) && value >= 0 && value < limit ? value : null;
  };
  const nearest = (values, name) => {
    const wanted = read(name);
    if (!Number.isFinite(wanted)) return null;
    const away = values.map((value) => Math.abs(value - wanted));
    return away.indexOf(Math.min(...away));
  };
  const among = (name, known, otherwise) =>
    known.includes(parts.get(name)) ? parts.get(name) : otherwise;
  state.view = whole("view", views.length) ?? 0;
  state.step = nearest(shifts, "line") ?? LAW_STEP;
  state.minimum = nearest(minima, "minimum");
  state.colouring = among("tiles", Object.keys(COLOURINGS).filter(offered), "people");
  state.classes = among("quarters", official ? ["agreement"] : [], "change");
  const layers = parts.has("layers") ? parts.get("layers").split(" ") : LAYERS;
  state.layers = new Set(LAYERS.filter((name) => layers.includes(name)));
  state.beside = whole("beside", views.length);
  state.divider = Math.min(1, Math.max(0, Number(parts.get("divider") ?? 0.5) || 0));
  state.selected = whole("selected", CELLS);
  state.language = among("language", ["en", "fr"], content.language);
  state.ground = parts.get("ground") === "1";
  const range = (parts.get("map") ?? "").split(" ").map(Number);
  state.range = range.length === 3 && range.every(Number.isFinite) && range[2] > 0 ? range : null;
}

let writing = null;

function writeFragment() {
  clearTimeout(writing);
  writing = setTimeout(() => history.replaceState(null, "", `#${fragment()}`), 150);
}
