// The base map, loaded only when the reader asks for it: pictures of IGN's Plan in web Mercator,
// each bent to the tiles' projection by the affine map of its corners.

const PICTURE = 256; // pixels
const SERVICE = "https://data.geopf.fr/wmts?SERVICE=WMTS&VERSION=1.0.0&REQUEST=GetTile"
  + "&LAYER=GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2&STYLE=normal&FORMAT=image/png&TILEMATRIXSET=PM";
const ground = document.getElementById("ground");
const pictures = new Map();

function longitudeOf(column, zoom) {
  return column / 2 ** zoom * 360 - 180;
}

function latitudeOf(row, zoom) {
  return Math.atan(Math.sinh(Math.PI * (1 - 2 * row / 2 ** zoom))) * 180 / Math.PI;
}

function placeOf(longitude, latitude, zoom) {
  const angle = latitude * Math.PI / 180;
  const across = (longitude + 180) / 360;
  const down = (1 - Math.asinh(Math.tan(angle)) / Math.PI) / 2;
  return [across * 2 ** zoom, down * 2 ** zoom];
}

function drawGround() {
  ground.hidden = !state.ground;
  document.getElementById("ground-source").hidden = !state.ground;
  const wanted = state.ground ? shownPictures() : new Map();
  for (const [key, image] of pictures) {
    if (!wanted.has(key)) {
      image.remove();
      pictures.delete(key);
    }
  }
  for (const [key, [zoom, column, row]] of wanted) {
    if (!pictures.has(key)) pictures.set(key, newPicture(zoom, column, row));
    pictures.get(key).style.transform = transformOf(zoom, column, row);
  }
}

function newPicture(zoom, column, row) {
  const image = new Image(PICTURE, PICTURE);
  image.alt = "";
  image.src = `${SERVICE}&TILEMATRIX=${zoom}&TILEROW=${row}&TILECOL=${column}`;
  ground.append(image);
  return image;
}

function shownPictures() {
  const [west, east, south, north] = [xRange.start, xRange.end, yRange.start, yRange.end];
  const corners = [[west, south], [east, south], [west, north], [east, north]]
    .map(([x, y]) => degreesOf(x, y));
  const longitudes = corners.map(([longitude]) => longitude);
  const latitudes = corners.map(([, latitude]) => latitude);
  const span = Math.max(...longitudes) - Math.min(...longitudes);
  const zoom = Math.min(18, Math.max(5,
    Math.round(Math.log2(360 / span * size.width / PICTURE))));
  const [left, top] = placeOf(Math.min(...longitudes), Math.max(...latitudes), zoom).map(Math.floor);
  const [right, bottom] = placeOf(Math.max(...longitudes), Math.min(...latitudes), zoom)
    .map(Math.floor);
  const shown = new Map();
  for (let column = left; column <= right; column++) {
    for (let row = top; row <= bottom; row++) shown.set(`${zoom} ${column} ${row}`, [zoom, column, row]);
  }
  return shown.size <= 200 ? shown : new Map();
}

function transformOf(zoom, column, row) {
  const scale = size.width / (xRange.end - xRange.start);
  const [corner, across, down] = [[0, 0], [1, 0], [0, 1]].map(([right, below]) => {
    const [x, y] = metresOf(longitudeOf(column + right, zoom), latitudeOf(row + below, zoom));
    return [(x - xRange.start) * scale, (yRange.end - y) * scale];
  });
  const sides = [across, down].flatMap((place) =>
    place.map((value, axis) => (value - corner[axis]) / PICTURE));
  return `matrix(${[...sides, ...corner].join(",")})`;
}
