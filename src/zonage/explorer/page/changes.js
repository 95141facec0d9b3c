// Two zonings held against each other, and a zoning against the official quarters.

const SIGNIFICANT = 0.1; // share from which an overlap links two quarters, as in zonage.comparison
const MAJORITY = 0.5;

// Groups of quarters that share cells, with what became of them; those that change most first.
function changesBetween(before, after) {
  const size = before.count + after.count;
  const parent = Int32Array.from({ length: size }, (_, node) => node);
  const root = (node) => {
    while (parent[node] !== node) node = parent[node];
    return node;
  };
  for (let tile = 0; tile < after.table.size; tile++) {
    const other = before.table.tileAt[after.table.cell[tile]];
    if (after.label[tile] && other >= 0 && before.label[other]) {
      const one = root(before.label[other] - 1), two = root(before.count + after.label[tile] - 1);
      parent[Math.max(one, two)] = Math.min(one, two);
    }
  }
  const groups = new Map();
  for (let node = 0; node < size; node++) {
    const key = root(node);
    if (!groups.has(key)) groups.set(key, { before: [], after: [], gains: 0, loses: 0, communes: new Set() });
    const group = groups.get(key);
    if (node < before.count) group.before.push(node + 1);
    else group.after.push(node - before.count + 1);
  }
  for (const group of groups.values()) measure(group, before, after);
  return [...groups.values()].sort((one, other) =>
    (one.status === "unchanged") - (other.status === "unchanged") || other.moving - one.moving);
}

function measure(group, before, after) {
  group.populationBefore = group.before.reduce((sum, zone) => sum + before.zonePeople[zone - 1], 0);
  group.populationAfter = group.after.reduce((sum, zone) => sum + after.zonePeople[zone - 1], 0);
  const leaving = moving(group, before, group.before, after, "loses");
  const entering = moving(group, after, group.after, before, "gains");
  group.moving = leaving + entering;
  group.status = statusOf(group);
}

// Inhabitants of the tiles of some zones that are not inside in the other zoning.
function moving(group, found, zones, other, counter) {
  let people = 0;
  for (const zone of zones) {
    for (const tile of found.members[zone - 1]) {
      if (found.table.commune[tile] >= 0) group.communes.add(found.table.commune[tile]);
      const there = other.table.tileAt[found.table.cell[tile]];
      if (there >= 0 && other.label[there]) continue;
      group[counter] += 1;
      people += found.table.counts.population[tile];
    }
  }
  return people;
}

function statusOf({ before, after, gains, loses }) {
  if (!before.length) return "enters";
  if (!after.length) return "leaves";
  if (before.length > 1) return after.length > 1 ? "regroups" : "merges";
  if (after.length > 1) return "splits";
  if (gains && loses) return "shifts";
  if (gains) return "grows";
  return loses ? "shrinks" : "unchanged";
}

// Agreement by inhabitants with the official quarters: a tile counts by half its area, or by share.
function agreementOf(found) {
  const { shares, counts, size } = found.table;
  if (!shares) return null;
  const rules = { majority: [0, 0, 0], area: [0, 0, 0] };
  for (let tile = 0; tile < size; tile++) {
    const people = counts.population[tile] / FIXED_POINT, share = shares.whole[tile];
    const inside = found.label[tile] > 0;
    for (const [rule, weight] of [["majority", share >= MAJORITY ? 1 : 0], ["area", share]]) {
      rules[rule][0] += inside ? people : 0;
      rules[rule][1] += people * weight;
      rules[rule][2] += inside ? people * weight : 0;
    }
  }
  const scores = ([computed, named, both]) => ({
    precision: both / computed, recall: both / named, f1: 2 * both / (computed + named),
    computed, official: named, both,
  });
  return { majority: scores(rules.majority), area: scores(rules.area) };
}

// Official quarters that hold at least a tenth of a zone's inhabitants, the largest part first.
function counterparts(found, zone) {
  const { shares, counts } = found.table;
  if (!shares) return null;
  const parts = new Map();
  let official = 0;
  for (let k = 0; k < shares.tile.length; k++) {
    if (found.label[shares.tile[k]] !== zone) continue;
    const people = counts.population[shares.tile[k]] * shares.share[k];
    parts.set(shares.quarter[k], (parts.get(shares.quarter[k]) ?? 0) + people);
    official += people;
  }
  const total = found.zonePeople[zone - 1];
  const linked = [...parts].filter(([, people]) => people >= SIGNIFICANT * total)
    .sort((one, other) => other[1] - one[1]);
  return {
    share: Math.min(1, official / total),
    quarters: linked.map(([quarter]) => content.official.quarters[quarter]),
  };
}

// Communes of a zone, the most populous part first.
function communesOf(found, zone) {
  const people = new Map();
  for (const tile of found.members[zone - 1]) {
    const commune = found.table.commune[tile];
    if (commune < 0) continue;
    people.set(commune, (people.get(commune) ?? 0) + found.table.counts.population[tile]);
  }
  return [...people].sort((one, other) => other[1] - one[1]).map(([commune]) => commune);
}
