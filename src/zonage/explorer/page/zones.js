// What is inside at a position of the sliders: reasons, zones, totals. All sums are whole numbers.

function isInside(reason) {
  return reason === Reason.INSIDE || reason === Reason.INSIDE_ENCLOSED || reason === Reason.KEPT;
}

function reasonsAt(view, step, minimum) {
  const { own, entry, still, exceptions } = view;
  const size = view.table.size, wide = minima.length;
  const reason = new Uint8Array(size);
  for (let tile = 0; tile < size; tile++) {
    const below = own[tile] <= step;
    if (entry[tile * wide + minimum] <= step) {
      reason[tile] = below ? Reason.INSIDE : Reason.INSIDE_ENCLOSED;
    } else {
      reason[tile] = below ? Reason.ZONE_TOO_SMALL : still[tile];
    }
  }
  for (let k = 0; k < exceptions.tile.length; k++) {
    if (exceptions.minimum[k] === minimum && exceptions.first[k] <= step
        && step <= exceptions.last[k]) {
      reason[exceptions.tile[k]] = exceptions.reason[k];
    }
  }
  return reason;
}

// Number the zones from 1 in the order of their first tile; returns how many there are.
function labelled(view, reason, step, minimum, label) {
  const { table, connectivity, withinUnits } = view;
  const { tileAt, cell, unit, size } = table;
  const wide = grid.width;
  const around = [-wide, -1, 1, wide, -wide - 1, -wide + 1, wide - 1, wide + 1]
    .slice(0, connectivity);
  const queue = new Int32Array(size);
  let count = 0;
  label.fill(0);
  for (let seed = 0; seed < size; seed++) {
    if (label[seed] || !isInside(reason[seed])) continue;
    label[seed] = ++count;
    queue[0] = seed;
    for (let head = 0, tail = 1; head < tail; head++) {
      const tile = queue[head];
      for (const offset of around) {
        const next = tileAt[cell[tile] + offset];
        if (next >= 0 && !label[next] && isInside(reason[next])
            && (!withinUnits || unit[next] === unit[tile])) {
          label[next] = count;
          queue[tail++] = next;
        }
      }
    }
  }
  return joined(view, step, minimum, label, count);
}

// Join parts that the rule makes one zone although no chain of neighbours does.
function joined(view, step, minimum, label, count) {
  const { links } = view;
  if (!links.one.length) return count;
  const parent = Int32Array.from({ length: count + 1 }, (_, part) => part);
  const root = (part) => {
    while (parent[part] !== part) part = parent[part];
    return part;
  };
  for (let k = 0; k < links.one.length; k++) {
    if (links.minimum[k] !== minimum || links.step[k] !== step) continue;
    const one = root(label[links.one[k]]), other = root(label[links.other[k]]);
    parent[Math.max(one, other)] = Math.min(one, other);
  }
  const number = new Int32Array(count + 1);
  let left = 0;
  for (let part = 1; part <= count; part++) if (parent[part] === part) number[part] = ++left;
  for (let tile = 0; tile < label.length; tile++) {
    if (label[tile]) label[tile] = number[root(label[tile])];
  }
  return left;
}

// The zoning of a view at a position: zones numbered from the most populous.
function zoned(view, step, minimum) {
  const { table } = view;
  const reason = reasonsAt(view, step, minimum);
  const label = new Int32Array(table.size);
  const count = labelled(view, reason, step, minimum, label);
  const people = new Float64Array(count + 1), tiles = new Int32Array(count + 1);
  for (let tile = 0; tile < table.size; tile++) {
    people[label[tile]] += table.counts.population[tile];
    tiles[label[tile]] += 1;
  }
  const order = Array.from({ length: count }, (_, index) => index + 1);
  order.sort((one, other) => people[other] - people[one] || one - other);
  const rank = new Int32Array(count + 1);
  order.forEach((zone, index) => { rank[zone] = index + 1; });
  const members = order.map((zone) => new Int32Array(tiles[zone]));
  const filled = new Int32Array(count + 1);
  for (let tile = 0; tile < table.size; tile++) {
    const zone = rank[label[tile]];
    label[tile] = zone;
    if (zone) members[zone - 1][filled[zone]++] = tile;
  }
  const zonePeople = order.map((zone) => people[zone]);
  return { view, table, step, minimum, reason, label, count, members, zonePeople,
    totals: totals(table, label, count) };
}

function totals(table, label, count) {
  const sums = { quarters: count, tiles: 0 };
  for (const name of Object.keys(table.counts)) sums[name] = 0;
  for (let tile = 0; tile < table.size; tile++) {
    if (!label[tile]) continue;
    sums.tiles += 1;
    for (const name in table.counts) sums[name] += table.counts[name][tile];
  }
  return sums;
}

const whole = tables.map((table) => {
  const sum = table.counts.population.reduce((total, one) => total + one, 0);
  return { tiles: table.size, population: sum };
});

// Inhabitants inside at every step, for one minimum population.
function responseCurve(view, minimum) {
  const { table, entry, exceptions } = view;
  const people = table.counts.population;
  const change = new Float64Array(STEPS + 1);
  for (let tile = 0; tile < table.size; tile++) {
    change[entry[tile * minima.length + minimum]] += people[tile];
  }
  for (let k = 0; k < exceptions.tile.length; k++) {
    if (exceptions.minimum[k] !== minimum) continue;
    const tile = exceptions.tile[k];
    const enters = entry[tile * minima.length + minimum];
    const inside = isInside(exceptions.reason[k]);
    const first = inside ? exceptions.first[k] : Math.max(exceptions.first[k], enters);
    const after = inside ? Math.min(exceptions.last[k] + 1, enters) : exceptions.last[k] + 1;
    if (first >= after) continue;
    change[first] += inside ? people[tile] : -people[tile];
    change[after] += inside ? -people[tile] : people[tile];
  }
  let sum = 0;
  return Float64Array.from({ length: STEPS }, (_, step) => (sum += change[step]));
}

// Whether tiles are inside at other steps of the ladder, by the entries and their exceptions.
function insideTest(view, minimum, tiles) {
  const known = new Map([...tiles].map((tile) => [tile, []]));
  const { exceptions, entry } = view;
  for (let k = 0; k < exceptions.tile.length; k++) {
    if (exceptions.minimum[k] === minimum) known.get(exceptions.tile[k])?.push(k);
  }
  return (tile, step) => {
    for (const k of known.get(tile)) {
      if (exceptions.first[k] <= step && step <= exceptions.last[k]) {
        return isInside(exceptions.reason[k]);
      }
    }
    return entry[tile * minima.length + minimum] <= step;
  };
}

// How far the line may fall before a zone is gone, and rise before it meets another.
function stability(found, zone) {
  const { view, step, minimum } = found;
  const tiles = found.members[zone - 1];
  const inside = insideTest(view, minimum, tiles);
  let gone = null, meets = null, others = [];
  for (let lower = step - 1; lower >= 0 && gone === null; lower--) {
    if (!tiles.some((tile) => inside(tile, lower))) gone = lower;
  }
  const label = new Int32Array(view.table.size);
  for (let higher = step + 1; higher < STEPS && meets === null; higher++) {
    labelled(view, reasonsAt(view, higher, minimum), higher, minimum, label);
    const own = new Set(Array.from(tiles, (tile) => label[tile]));
    own.delete(0);
    const met = new Set();
    label.forEach((one, tile) => {
      if (own.has(one) && found.label[tile] && found.label[tile] !== zone) met.add(found.label[tile]);
    });
    if (met.size) [meets, others] = [higher, [...met].sort((a, b) => a - b)];
  }
  return { gone, meets, others };
}
