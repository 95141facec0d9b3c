// From the lattice to metres of the tiles' projection and to longitude and latitude.

function eastingOf(column) {
  return (grid.west + column) * grid.resolution;
}

function northingOf(row) {
  return (grid.north + 1 - row) * grid.resolution;
}

function cellAt(x, y) {
  const column = Math.floor(x / grid.resolution) - grid.west;
  const row = grid.north - Math.floor(y / grid.resolution);
  const within = column >= 0 && column < grid.width && row >= 0 && row < grid.height;
  return within ? row * grid.width + column : -1;
}

function chebyshev(degree, value) {
  const terms = [1, value];
  while (terms.length <= degree) terms.push(2 * value * terms.at(-1) - terms.at(-2));
  return terms;
}

function evaluated({ box, coefficients }, first, second) {
  const degree = coefficients[0].length - 1;
  const one = chebyshev(degree, 2 * (first - box[0]) / (box[2] - box[0]) - 1);
  const other = chebyshev(degree, 2 * (second - box[1]) / (box[3] - box[1]) - 1);
  return coefficients.map((matrix) => matrix.reduce((sum, row, i) =>
    sum + one[i] * row.reduce((part, value, j) => part + value * other[j], 0), 0));
}

function degreesOf(x, y) {
  return evaluated(content.projection.degrees, x, y);
}

function metresOf(longitude, latitude) {
  return evaluated(content.projection.metres, longitude, latitude);
}

// Middle of the people of each commune, and how many there are, in the first table.
const communePlaces = (() => {
  const table = tables[0];
  const places = content.communes.map(() => ({ people: 0, x: 0, y: 0 }));
  for (let tile = 0; tile < table.size; tile++) {
    if (table.commune[tile] < 0) continue;
    const place = places[table.commune[tile]], people = table.counts.population[tile];
    place.people += people;
    place.x += people * eastingOf(table.column[tile] + 0.5);
    place.y += people * northingOf(table.row[tile] + 0.5);
  }
  return places.map(({ people, x, y }) => people ? { people, x: x / people, y: y / people } : null);
})();
