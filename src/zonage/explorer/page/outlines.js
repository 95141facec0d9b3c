// Outlines of zones: rings of cells' edges with the zone on the left, corners only.

const ALONG = [[1, 0], [0, -1], [-1, 0], [0, 1]]; // east, north, west, south; rows run southwards
const LEFT = [[0, -1], [-1, -1], [-1, 0], [0, 0]]; // the cell on the left of an edge at a corner
const RIGHT = [[0, 0], [0, -1], [-1, -1], [-1, 0]];
const traced = new Uint8Array(CELLS);

// All rings of a grid of labels (0 = outside), as { label, corners: [[column, row], ...] }; `cells`
// are those with a label.
function ringsOf(labels, cells) {
  const rings = [];
  for (const cell of cells) traced[cell] = 0;
  for (const cell of cells) {
    if (labels[cell + grid.width] !== labels[cell] && !traced[cell]) {
      rings.push({ label: labels[cell], corners: ringFrom(labels, cell) });
    }
  }
  return rings;
}

// Follow the outline from the southern edge of a cell; at corners always turn left first.
function ringFrom(labels, cell) {
  const label = labels[cell];
  const at = (x, y, [column, row]) => labels[(y + row) * grid.width + x + column];
  const edge = (x, y, way) => at(x, y, LEFT[way]) === label && at(x, y, RIGHT[way]) !== label;
  const startX = cell % grid.width, startY = Math.floor(cell / grid.width) + 1;
  const corners = [];
  let x = startX, y = startY, way = 0;
  do {
    if (way === 0) traced[(y - 1) * grid.width + x] = 1;
    x += ALONG[way][0];
    y += ALONG[way][1];
    const next = [1, 0, 3].map((turn) => (way + turn) % 4).find((turned) => edge(x, y, turned));
    if (next !== way) corners.push([x, y]);
    way = next;
  } while (x !== startX || y !== startY || way !== 0);
  return corners;
}

// Cut a ring that touches itself into rings that do not.
function simpleRings(corners) {
  const rings = [], open = [], place = new Map();
  for (const corner of corners) {
    const key = corner[1] * (grid.width + 1) + corner[0];
    if (place.has(key)) {
      const loop = open.splice(place.get(key));
      for (const [x, y] of loop) place.delete(y * (grid.width + 1) + x);
      rings.push(loop);
    }
    place.set(key, open.length);
    open.push(corner);
  }
  if (open.length) rings.push(open);
  return rings;
}

// Twice the area of a ring, positive where its inside is on the left (rows run southwards).
function signedArea(ring) {
  return ring.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = ring[(index + 1) % ring.length];
    return sum + y * nextX - x * nextY;
  }, 0);
}

function holds(ring, x, y) {
  let inside = false;
  ring.forEach(([x1, y1], index) => {
    const [x2, y2] = ring[(index + 1) % ring.length];
    if ((y1 > y) !== (y2 > y) && x < x1 + (y - y1) / (y2 - y1) * (x2 - x1)) inside = !inside;
  });
  return inside;
}

// The polygons of each label: an outer ring, then its holes.
function polygonsOf(labels, cells) {
  const found = new Map();
  for (const { label, corners } of ringsOf(labels, cells)) {
    if (!found.has(label)) found.set(label, []);
    found.get(label).push(...simpleRings(corners));
  }
  for (const [label, rings] of found) {
    const outer = rings.filter((ring) => signedArea(ring) > 0)
      .sort((one, other) => signedArea(one) - signedArea(other)).map((ring) => [ring]);
    for (const hole of rings.filter((ring) => signedArea(ring) < 0)) {
      const [x, y] = justInside(hole);
      outer.find(([ring]) => holds(ring, x, y)).push(hole);
    }
    found.set(label, outer);
  }
  return found;
}

// The middle of a cell of a hole: the one on the right of its first edge.
function justInside(hole) {
  const [[x, y], [nextX, nextY]] = hole;
  const along = [Math.sign(nextX - x), Math.sign(nextY - y)];
  return [x + along[0] / 2 - along[1] / 2, y + along[1] / 2 + along[0] / 2];
}
