// Colours of the raster. Classes are those of the figures: two of Okabe and Ito's and a dark red.

const CLASS_COLOURS = { stays: "#0072b2", enters: "#e69f00", leaves: "#8c1d40" };
const GROUND_COLOUR = "#c9c6bd";
const RAMP = ["#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"]; // like cividis
const RAMP_STEPS = 64;

function channels(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function packedColour([red, green, blue], opacity) {
  return ((Math.round(opacity * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

const ramp = Array.from({ length: RAMP_STEPS }, (_, step) => {
  const place = step / (RAMP_STEPS - 1) * (RAMP.length - 1);
  const below = Math.min(Math.floor(place), RAMP.length - 2);
  const [one, other] = [channels(RAMP[below]), channels(RAMP[below + 1])];
  return one.map((value, k) => Math.round(value + (other[k] - value) * (place - below)));
});

// What the tiles can be coloured by: a value of each tile (null = no colour), and the values at the
// two ends of the ramp.
const COLOURINGS = {
  income: { low: 10_000, high: 26_000, unit: "eur",
    value: (found, tile) => criterionOf(found.view, tile) },
  entry: { low: shifts[0], high: shifts[STEPS - 1], unit: "shift",
    value: (found, tile) =>
      shifts[found.view.entry[tile * minima.length + found.minimum]] ?? null },
  probability: { low: 0, high: 1, unit: "percent",
    value: (found, tile) => found.table.probability?.[tile] || null },
  poverty: { low: 0, high: 0.5, unit: "percent", value: (found, tile) => {
    const { households, poor_households: poor } = found.table.counts;
    return households && households[tile] > 0 ? poor[tile] / households[tile] : null;
  } },
};

function offered(colouring) {
  if (colouring === "probability") return tables[0].probability !== null;
  if (colouring === "poverty") return "poor_households" in tables[0].counts;
  return true;
}

// The more people, the darker the ground, so that the town shows through.
const groundColours = tables.map(({ counts: { population } }) => {
  const sorted = Float64Array.from(population).sort();
  const crowd = sorted[Math.floor(0.98 * (sorted.length - 1))] || 1;
  const colour = channels(GROUND_COLOUR);
  return Uint32Array.from(population, (people) =>
    packedColour(colour, 0.2 + 0.7 * Math.min(1, people / crowd)));
});
const classColours = Object.fromEntries(Object.entries(CLASS_COLOURS)
  .map(([kind, colour]) => [kind, packedColour(channels(colour), 0.86)]));
const rampColours = ramp.map((colour) => packedColour(colour, 0.9));

// Paint the tiles of a zoning between two columns into an array of colours.
function paint(picture, found, classes, colouring, from, to) {
  const { size, column, cell } = found.table;
  const grounds = groundColours[tables.indexOf(found.table)];
  const chosen = COLOURINGS[colouring];
  for (let tile = 0; tile < size; tile++) {
    if (column[tile] < from || column[tile] >= to) continue;
    const value = chosen ? chosen.value(found, tile) : null;
    if (value !== null) {
      const place = (value - chosen.low) / (chosen.high - chosen.low);
      picture[cell[tile]] = rampColours[Math.round(Math.min(1, Math.max(0, place)) * (RAMP_STEPS - 1))];
    } else {
      picture[cell[tile]] = (chosen ? null : classColours[classes?.(tile)]) ?? grounds[tile];
    }
  }
}
