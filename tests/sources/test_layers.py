"""Layers that a user brings: polygons with values, tables by tile, rasters; good and bad."""

import json
import zipfile

import geopandas
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from zonage.errors import BadInput
from zonage.grid import GridSpec
from zonage.sources.layers import (
    ValuedPolygons,
    polygon_shares,
    read_polygons,
    read_raster,
    read_tile_values,
)
from zonage.tiles import Tiles

SQUARE = [[3.05, 50.62], [3.06, 50.62], [3.06, 50.63], [3.05, 50.63], [3.05, 50.62]]
BESIDE = [[3.06, 50.62], [3.07, 50.62], [3.07, 50.63], [3.06, 50.63], [3.06, 50.62]]
BOW_TIE = [[3.05, 50.62], [3.06, 50.63], [3.06, 50.62], [3.05, 50.63], [3.05, 50.62]]


def feature(ring, kind="Polygon", **properties):
    geometry = None if ring is None else {"type": kind, "coordinates": [ring]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def geojson(path, *features, epsg=None):
    layer = {"type": "FeatureCollection", "features": list(features)}
    if epsg is not None:
        layer["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}
    path.write_text(json.dumps(layer))
    return path


@pytest.fixture
def iris(tmp_path):
    return geojson(
        tmp_path / "iris.geojson",
        feature(SQUARE, CODE_IRIS="593500101", NOM="Canon d'or", rate="12,5", men=10),
        feature(BESIDE, CODE_IRIS="593500102", NOM="Pilaterie", rate="ns", men=None),
        feature(BOW_TIE, CODE_IRIS="593500103", NOM="Schweitzer", rate="90.0", men=30),
    )


# --------------------------------------------------------------------------------------------------
# Polygons


def test_values_and_gaps(iris):
    polygons = read_polygons(iris, ["rate", "men"], code="CODE_IRIS", name="nom")
    assert polygons.code == ("593500101", "593500102", "593500103")
    assert polygons.name[0] == "Canon d'or"
    np.testing.assert_array_equal(polygons.values["rate"], [12.5, np.nan, 90])
    np.testing.assert_array_equal(polygons.values["men"], [10, np.nan, 30])
    assert polygons.crs == 4326
    assert len(polygons) == 3
    assert polygons.source == str(iris)


def test_rows_are_numbered_where_no_code_is_given(iris):
    polygons = read_polygons(iris, ["men"])
    assert polygons.code == polygons.name == ("1", "2", "3")


def test_invalid_outline_is_repaired_and_noted(iris):
    polygons = read_polygons(iris, ["men"], code="CODE_IRIS", crs=3035)
    assert polygons.repaired == ("593500103: the outline was not valid",)
    assert shapely.is_valid(polygons.geometry).all()
    square, _, bow_tie = shapely.area(polygons.geometry)
    # The two triangles of a square cut along its diagonals are half of it.
    assert bow_tie == pytest.approx(square / 2, rel=1e-3)


@pytest.mark.parametrize("kind", ["gpkg", "shp", "zip", "7z"])
def test_every_format_gives_the_same(iris, tmp_path, kind):
    expected = read_polygons(iris, ["men"], code="CODE_IRIS", name="NOM", crs=2154)
    frame = geopandas.read_file(iris).to_crs(2154)
    path = tmp_path / f"layer.{kind}"
    if kind in ("gpkg", "shp"):
        frame.to_file(path)
    elif kind == "zip":
        frame.to_file(tmp_path / "inside.shp")
        with zipfile.ZipFile(path, "w") as archive:
            for part in sorted(tmp_path.glob("inside.*")):
                archive.write(part, f"folder/{part.name}")
    else:
        import py7zr

        with py7zr.SevenZipFile(path, "w") as archive:
            archive.write(iris, "iris.geojson")
    found = read_polygons(path, ["men"], code="CODE_IRIS", name="NOM", crs=2154)
    assert (found.code, found.name) == (expected.code, expected.name)
    np.testing.assert_array_equal(found.values["men"], expected.values["men"])
    assert shapely.equals_exact(
        shapely.normalize(found.geometry), shapely.normalize(expected.geometry), 0.1
    ).all()


def test_one_layer_of_several(iris, tmp_path):
    frame = geopandas.read_file(iris)
    frame.to_file(tmp_path / "two.gpkg", layer="a")
    frame.assign(men=7).to_file(tmp_path / "two.gpkg", layer="b")
    assert (
        read_polygons(tmp_path / "two.gpkg", ["men"], layer="b").values["men"].tolist() == [7] * 3
    )
    with pytest.raises(BadInput, match="expected one of a, b"):
        read_polygons(tmp_path / "two.gpkg", ["men"])


def test_unknown_attribute_names_the_nearest(iris):
    with pytest.raises(BadInput, match=r"column rates: no such attribute.*did you mean rate"):
        read_polygons(iris, ["rates"])
    with pytest.raises(BadInput, match="column CODE: no such attribute"):
        read_polygons(iris, ["rate"], code="CODE")


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([feature(SQUARE, v="beaucoup")], "row 1, column v: not a number; found beaucoup"),
        ([feature(SQUARE, v=1), feature(BESIDE, v=[1, 2])], "column v: not a number"),
        ([feature(SQUARE, v="inf")], "column v: not a number; found inf"),
        ([feature(SQUARE, v=None), feature(BESIDE, v="nd")], "column v: no value at all"),
        ([feature(None, v=1)], "row 1: the outline is empty"),
        ([feature(SQUARE, "MultiLineString", v=1)], "row 1: the outline is no polygon"),
        ([feature([3.05, 50.62], "Point", v=1)], "the layer is damaged"),
        ([feature([[3.05, 50.62], [3.06, 50.63]], v=1)], "the layer cannot be read"),
        ([feature([[x + 200, y] for x, y in SQUARE], v=1)], "contradicts the coordinates"),
        ([], "no such attribute|no outline"),
    ],
)
def test_bad_layers_get_one_clear_error(tmp_path, features, message):
    with pytest.raises(BadInput, match=message):
        read_polygons(geojson(tmp_path / "a.geojson", *features), ["v"])


def test_header_that_lies_about_the_projection(tmp_path):
    degrees = geojson(tmp_path / "a.geojson", feature(SQUARE, v=1), epsg=2154)
    with pytest.raises(BadInput, match=r"Lambert-93 .metres. over coordinates from .3.05, 50.62"):
        read_polygons(degrees, ["v"])
    metres = [[x * 1e5, y * 1e5] for x, y in SQUARE]
    with pytest.raises(BadInput, match="contradicts the coordinates"):
        read_polygons(geojson(tmp_path / "b.geojson", feature(metres, v=1)), ["v"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.geojson", b""),
        ("a.geojson", b"\0" * 100),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [{"type"'),
        ("a.geojson", b"<OGRVRTDataSource></OGRVRTDataSource>"),
        ("a.gpkg", b"SQLite format 3\0" + b"\0" * 100),
        ("a.shp", b"\x00\x00\x27\x0a" + b"\0" * 100),
        ("a.zip", b"PK\3\4 cut short"),
        ("a.csv", b"a,b\n1,2\n"),
    ],
)
def test_hostile_files_get_one_clear_error(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=name):
        read_polygons(tmp_path / name, ["v"])


def test_damaged_numbers_of_a_shapefile_are_not_zeros(iris, tmp_path):
    geopandas.read_file(iris)[["men", "geometry"]].to_file(tmp_path / "a.shp")
    table = tmp_path / "a.dbf"
    content = table.read_bytes()
    table.write_bytes(content.replace(b"30.0", b"x!.0"))
    assert table.read_bytes() != content
    with pytest.raises(BadInput, match="the layer is damaged"):
        read_polygons(tmp_path / "a.shp", ["men"])


def test_rows_of_one_code_are_noted_or_averaged(tmp_path):
    path = geojson(
        tmp_path / "a.geojson",
        feature(SQUARE, code="A", rate=20, families=1),
        feature(SQUARE, code="A", rate=60, families=3),
        feature(BESIDE, code="B", rate=30, families=None),
        feature(BESIDE, code="C", rate=None, families=2),
    )
    apart = read_polygons(path, ["rate"], code="code")
    assert len(apart) == 4
    assert apart.repaired == (
        "A: the code comes in rows 1, 2",
        "B: the outline comes in rows 3, 4",
    )
    joined = read_polygons(path, ["rate"], code="code", weight="families")
    assert joined.code == ("A", "B", "C")
    np.testing.assert_array_equal(joined.values["rate"], [(20 + 3 * 60) / 4, 30, np.nan])
    assert joined.repaired[0] == "A: rows 1, 2 were averaged"
    negative = geojson(tmp_path / "b.geojson", feature(SQUARE, rate=1, families=-1))
    with pytest.raises(BadInput, match="negative weight"):
        read_polygons(negative, ["rate"], weight="families")


def polygons_of(*shapes, crs=3035):
    numbers = tuple(map(str, range(len(shapes))))
    return ValuedPolygons(numbers, numbers, np.array(shapes), crs, {}, (), "memory")


def test_shares_of_tiles_by_hand():
    # Tile (10, 20) is the square from E 4000, N 2000 to E 4200, N 2200.
    tiles = Tiles.from_columns(np.array([10, 10, 12]), np.array([20, 21, 20]), {})
    polygons = polygons_of(
        shapely.box(9000, 9000, 9500, 9500),
        shapely.box(4100, 2000, 4250, 2200),
        shapely.box(4000, 2000, 4200, 2100),
    )
    tile, polygon, share = polygon_shares(polygons, tiles)
    where = list(zip(tiles.northing[tile], tiles.easting[tile], polygon, share, strict=True))
    assert where == [(10, 20, 1, 0.5), (10, 20, 2, 0.5), (10, 21, 1, 0.25)]


def test_shares_of_cells_of_a_grid():
    grid = GridSpec(3035, 200, north=11, west=20, height=2, width=2)
    cell, polygon, share = polygon_shares(polygons_of(shapely.box(4200, 2000, 4400, 2300)), grid)
    layer = np.zeros(grid.shape)
    layer.ravel()[cell] = share
    np.testing.assert_array_equal(layer, [[0, 0.5], [0, 1]])
    assert set(polygon.tolist()) == {0}


def test_shares_of_polygons_in_degrees(iris):
    polygons = read_polygons(iris, ["men"])
    metres = read_polygons(iris, ["men"], crs=3035)
    west, south, east, north = (shapely.total_bounds(metres.geometry) // 200).astype(int)
    grid = GridSpec(3035, 200, north + 1, west - 1, north - south + 3, east - west + 3)
    _, polygon, share = polygon_shares(polygons, grid)
    areas = np.bincount(polygon, weights=share) * 200**2
    np.testing.assert_allclose(areas, shapely.area(metres.geometry), rtol=1e-9)


# --------------------------------------------------------------------------------------------------
# Tables by tile


def tile_id(northing, easting, crs=3035, side=200):
    return f"CRS{crs}RES{side}mN{northing * side}E{easting * side}"


def tile_table(path, rows, column="ips", id_name="idcar_200m"):
    pd.DataFrame(rows, columns=[id_name, column]).to_csv(path, index=False, sep=";")
    return path


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 30_000), st.integers(0, 35_000)),
        st.one_of(st.none(), st.integers(-(10**6), 10**6)),
        min_size=1,
        max_size=20,
    ).filter(lambda values: any(value is not None for value in values.values())),
    st.sampled_from(["csv", "french csv", "parquet"]),
)
@settings(max_examples=30, deadline=None)
def test_values_by_tile_come_back(tmp_path_factory, values, kind):
    folder = tmp_path_factory.mktemp("tiles")
    texts = [
        "" if value is None else f"{value / 100:.2f}".replace(".", "," if kind[0] == "f" else ".")
        for value in values.values()
    ]
    table = pd.DataFrame({"id": [tile_id(*place) for place in values], "value": texts})
    if kind == "parquet":
        path = folder / "t.parquet"
        table.to_parquet(path)
    else:
        path = folder / "t.csv"
        table.to_csv(path, index=False, sep=";" if kind[0] == "f" else ",")
    found = read_tile_values(path, "value")
    assert (found.crs, found.resolution, len(found)) == (3035, 200, len(values))
    assert list(zip(found.northing.tolist(), found.easting.tolist(), strict=True)) == list(values)
    expected = [np.nan if value is None else value / 100 for value in values.values()]
    np.testing.assert_allclose(found.value, expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [(tile_id(1, 2), 1), (tile_id(1, 2), 1)],
            "row 2, .*a tile comes twice; found also in row 1",
        ),
        ([(tile_id(1, 2), 1), ("CRS3035RES200mN300E400", 1)], "row 2, .*off the lattice"),
        ([(tile_id(1, 2), 1), (tile_id(1, 2, side=1000), 1)], "row 2, .*another resolution"),
        ([(tile_id(1, 2), 1), (tile_id(1, 2, crs=2975), 1)], "row 2, .*another CRS than the first"),
        ([("59350", 1)], "row 1, column idcar_200m: not the id of a tile; found 59350"),
        ([("", 1)], "not the id of a tile; found nothing"),
        ([(tile_id(1, 2, crs=4326), 1)], "no lattice of INSEE's tiles"),
        ([(tile_id(1, 2), "x")], "row 1, column ips: not a number in range; found x"),
        ([(tile_id(1, 2), "inf")], "column ips: not a number in range; found inf"),
        ([(tile_id(1, 2), "ns")], "no value at all"),
        ([], "a header without rows"),
    ],
)
def test_bad_tables_by_tile(tmp_path, rows, message):
    with pytest.raises(BadInput, match=message):
        read_tile_values(tile_table(tmp_path / "t.csv", rows), "ips")


def test_columns_of_a_table_by_tile(tmp_path):
    path = tile_table(tmp_path / "t.csv", [(tile_id(1, 2), 3)], column="Indice", id_name="carreau")
    with pytest.raises(BadInput, match="column idcar_200m: missing column"):
        read_tile_values(path, "indice")
    assert read_tile_values(path, "indice", id_column="carreau").value.tolist() == [3]
    with pytest.raises(BadInput, match="did you mean Indice"):
        read_tile_values(path, "Indices", id_column="carreau")
    with pytest.raises(BadInput, match="another CRS; found 3035; expected 2975"):
        read_tile_values(path, "indice", id_column="carreau", crs=2975)


# --------------------------------------------------------------------------------------------------
# Rasters

NORTH_UP = Affine(100, 0, 3816000, 0, -50, 3084000)


def raster(path, array, transform=NORTH_UP, crs="EPSG:3035", nodata=None, **options):
    array = np.atleast_3d(array).transpose(2, 0, 1) if np.ndim(array) == 2 else np.asarray(array)
    count, height, width = array.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype=array.dtype,
        crs=crs,
        transform=transform,
        nodata=nodata,
        **options,
    ) as image:
        image.write(array)
    return path


def test_raster_with_no_data(tmp_path):
    path = raster(tmp_path / "a.tif", np.array([[1, 2, 255], [4, 255, 6]], np.uint8), nodata=255)
    found = read_raster(path)
    np.testing.assert_array_equal(found.array, [[1, 2, np.nan], [4, np.nan, 6]])
    assert found.array.dtype == np.float64
    assert (found.transform, found.crs, found.source) == (NORTH_UP, 3035, str(path))


def test_bands_and_their_scale(tmp_path):
    path = raster(tmp_path / "a.tif", np.arange(8, dtype=np.int16).reshape(2, 2, 2))
    assert read_raster(path, band=2).array.tolist() == [[4, 5], [6, 7]]
    with rasterio.open(path, "r+") as image:
        image.scales, image.offsets = (1, 0.5), (0, 10)
    assert read_raster(path, band=2).array.tolist() == [[12, 12.5], [13, 13.5]]
    with pytest.raises(BadInput, match="no such band in the raster; found 3; expected 1 to 2"):
        read_raster(path, band=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crs": None}, "states no projection"),
        ({"crs": "+proj=aeqd +lat_0=50 +lon_0=3"}, "has no EPSG code"),
        ({"transform": NORTH_UP @ Affine.rotation(30)}, "turned or south up"),
        ({"transform": Affine(100, 0, 3816000, 0, 50, 3084000)}, "turned or south up"),
        ({"crs": "EPSG:4326"}, "contradicts the coordinates"),
        ({"transform": Affine(0.01, 0, 3, 0, -0.01, 50)}, "contradicts the coordinates"),
        ({"array": np.full((2, 2), np.nan, np.float32)}, "no value at all"),
        ({"array": np.array([[1, np.inf]], np.float32)}, "infinite value; found row 1, column 2"),
        ({"array": np.ones((2, 2), np.complex64)}, "no real numbers"),
    ],
)
def test_bad_rasters(tmp_path, options, message):
    with pytest.raises(BadInput, match=message):
        read_raster(raster(tmp_path / "a.tif", **{"array": np.ones((2, 2), np.float32)} | options))


def test_huge_raster_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=1,
        height=100_000,
        width=100_000,
        dtype="uint8",
        crs="EPSG:3035",
        transform=NORTH_UP,
        sparse_ok=True,
        tiled=True,
    ):
        pass
    assert path.stat().st_size < 10_000_000
    with pytest.raises(BadInput, match="too large a raster"):
        read_raster(path)


def test_what_is_no_geotiff(tmp_path):
    good = raster(tmp_path / "good.tif", np.ones((50, 50), np.float32))
    (tmp_path / "cut.tif").write_bytes(good.read_bytes()[:600])
    (tmp_path / "text.tif").write_text("<VRTDataset/>")
    (tmp_path / "empty.tif").write_bytes(b"")
    for name in ("cut.tif", "text.tif", "empty.tif"):
        with pytest.raises(BadInput, match=f"{name}: not a GeoTIFF"):
            read_raster(tmp_path / name)
    for path in (tmp_path / "none.tif", tmp_path, "/vsicurl/http://localhost/a.tif"):
        with pytest.raises(BadInput, match="no such file"):
            read_raster(path)
