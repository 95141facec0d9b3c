// The estimated median of a zone: that of the mixture of its tiles' log-normal incomes.

// Share of a standard normal below z, to 1e-7 (Abramowitz and Stegun 1964, 26.2.17).
function normalShare(z) {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) * t * (0.319381530 + t * (-0.356563782
    + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z > 0 ? 1 - tail : tail;
}

function medianOf(view, tiles) {
  const people = view.table.counts.population;
  const known = Array.from(tiles).filter((tile) => people[tile] > 0 && view.mu[tile] > 0);
  if (!known.length) return null;
  let half = 0, low = Infinity, high = -Infinity;
  for (const tile of known) {
    half += people[tile] / 2;
    low = Math.min(low, view.mu[tile]);
    high = Math.max(high, view.mu[tile]);
  }
  for (let round = 0; round < 40; round++) {
    const middle = (low + high) / 2;
    let below = 0;
    for (const tile of known) {
      below += people[tile] * normalShare((middle - view.mu[tile]) / view.sigma[tile]);
    }
    if (below < half) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

// What is held against the line for one tile, EUR a year; null where it is not known.
function criterionOf(view, tile) {
  const value = view.criterion ? view.criterion[tile] : Math.exp(view.mu[tile]);
  return Number.isFinite(value) ? value : null;
}

function lineOf(view, tile, step) {
  const line = view.lines[view.line[tile]];
  return line === null ? null : line + shifts[step];
}
