// Files that the reader takes home: the shown zoning as GeoJSON, its table as CSV.

function rowsOf(found) {
  const { view, table } = found;
  return found.members.map((tiles, index) => {
    const zone = index + 1, median = medianOf(view, tiles), match = counterparts(found, zone);
    const row = {
      zone,
      urban_unit: unitCode(table.unit[tiles[0]]),
      communes: communesOf(found, zone).map((commune) => content.communes[commune][0]).join(" "),
      commune_names: communesOf(found, zone).map(communeName).join(", "),
      tiles: tiles.length,
      population: found.zonePeople[index] / FIXED_POINT,
      area_km2: tiles.length * (grid.resolution / 1000) ** 2,
      income_median: median === null ? null : Math.round(median * 10) / 10,
      threshold: lineOf(view, tiles[0], found.step),
    };
    for (const name of Object.keys(table.counts).filter((name) => name !== "population")) {
      row[name] = tiles.reduce((sum, tile) => sum + table.counts[name][tile], 0) / FIXED_POINT;
    }
    if (match) {
      row.official_share = Math.round(match.share * 1e6) / 1e6;
      row.official_codes = match.quarters.map((quarter) => quarter.code).join(" ");
    }
    return row;
  });
}

function unitCode(index) {
  return index < 0 ? "" : content.units[index][0];
}

// RFC 4180, with the byte order mark by which spreadsheets know UTF-8.
function csvOf(found) {
  const rows = rowsOf(found);
  const names = rows.length ? Object.keys(rows[0]) : ["zone"];
  const field = (value) => {
    const text = value === null ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [names, ...rows.map((row) => names.map((name) => row[name]))];
  return `\ufeff${lines.map((line) => line.map(field).join(",")).join("\r\n")}\r\n`;
}

// RFC 7946: longitude and latitude of WGS 84, outer rings counterclockwise.
function geojsonOf(found) {
  const labels = new Int32Array(CELLS), cells = [];
  found.label.forEach((zone, tile) => {
    if (!zone) return;
    labels[found.table.cell[tile]] = zone;
    cells.push(found.table.cell[tile]);
  });
  const polygons = polygonsOf(labels, cells);
  const closed = (ring) => [...ring, ring[0]].map(([column, row]) =>
    degreesOf(eastingOf(column), northingOf(row)).map((degree) => Number(degree.toFixed(8))));
  const features = rowsOf(found).map((properties) => ({
    type: "Feature",
    properties,
    geometry: {
      type: "MultiPolygon",
      coordinates: (polygons.get(properties.zone) ?? []).map((rings) => rings.map(closed)),
    },
  }));
  const { view } = found;
  return JSON.stringify({
    type: "FeatureCollection",
    title: content.title,
    source: content.source,
    rule: { view: view.label.en, line_shift_eur: shifts[found.step],
      minimum_population: minima[found.minimum] },
    note: "An estimate by zonage: a model, not a legal zoning.",
    features,
  });
}

function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
