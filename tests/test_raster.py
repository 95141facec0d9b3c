"""Tiles and outlines on a grid."""

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st

from zonage.errors import BadInput
from zonage.grid import GridSpec
from zonage.raster import (
    Coverage,
    cog_bytes,
    coverage,
    dataset_on,
    grid_of,
    layers,
    rasterize,
    to_tiles,
)
from zonage.sources.perimeters import Perimeters, read_coverage
from zonage.sources.rasters import read_cog
from zonage.tiles import Codes, Tiles

GRID = GridSpec(crs=3035, resolution=200, north=15402, west=19150, height=3, width=4)


def three_tiles(**more):
    """Tiles at row 0 column 0, row 1 column 2 and row 2 column 1 of GRID."""
    return Tiles.from_columns(
        np.array([15402, 15401, 15400]),
        np.array([19150, 19152, 19151]),
        {
            "population": np.array([12.5, 0.0, 100.0]),
            "income_sum": np.array([250_000.5, 0.0, 1_500_000.0]),
            "households": np.array([5.0, 0.0, 40.0]),
            "poor_households": np.array([1.0, 0.0, 30.0]),
        },
        imputed=np.array([True, False, False]),
        commune=Codes.encode(["59350", "59009", ""]),
        vintage=2019,
        source="three.csv",
        **more,
    )


def test_a_dataset_cell_by_cell():
    dataset = rasterize(three_tiles(), GRID)
    nan = np.nan
    expected = {
        "population": [[12.5, 0, 0, 0], [0, 0, 0, 0], [0, 100, 0, 0]],
        "inhabited": [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]],
        "imputed": [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
        "commune": [[1, -1, -1, -1], [-1, -1, 0, -1], [-1, -1, -1, -1]],
        "income_mean": [[20000.04, nan, nan, nan], [nan, nan, nan, nan], [nan, 15000, nan, nan]],
        "poverty_share": [[0.2, nan, nan, nan], [nan, nan, nan, nan], [nan, 0.75, nan, nan]],
        "density": [[312.5, 0, 0, 0], [0, 0, 0, 0], [0, 2500, 0, 0]],
    }
    for name, layer in expected.items():
        assert dataset[name].dims == ("y", "x")
        np.testing.assert_array_equal(dataset[name].values, layer, err_msg=name)
    assert dataset["y"].values.tolist() == [3080500, 3080300, 3080100]
    assert dataset["x"].values.tolist() == [3830100, 3830300, 3830500, 3830700]
    assert dataset["commune"].attrs["flag_meanings"] == "59009 59350"
    assert dataset["income_sum"].attrs["units"] == "EUR year-1"
    assert dataset["population"].dtype == np.float64
    assert dataset["inhabited"].dtype == np.bool_
    assert "urban_unit" not in dataset
    assert dataset.attrs["vintage"] == 2019


def test_the_default_grid_is_the_smallest():
    assert grid_of(rasterize(three_tiles())) == three_tiles().grid()


def test_grids_that_do_not_fit():
    with pytest.raises(BadInput, match="1 of 3 tiles"):
        rasterize(three_tiles(), GRID.window(0, 0, 2, 4))
    with pytest.raises(BadInput, match="another lattice"):
        rasterize(three_tiles(), GridSpec(2975, 200, 15402, 19150, 3, 4))


def assert_same(tiles: Tiles, back: Tiles) -> None:
    assert (back.crs, back.resolution, back.vintage, back.source) == (
        tiles.crs,
        tiles.resolution,
        tiles.vintage,
        tiles.source,
    )
    np.testing.assert_array_equal(back.northing, tiles.northing)
    np.testing.assert_array_equal(back.easting, tiles.easting)
    assert back.counts.keys() == tiles.counts.keys()
    for name in tiles.counts:
        np.testing.assert_array_equal(back.counts[name], tiles.counts[name])
    for name in ("commune", "urban_unit"):
        ours, theirs = getattr(back, name), getattr(tiles, name)
        np.testing.assert_array_equal(ours.index, theirs.index)
        assert ours.labels == theirs.labels
    if tiles.imputed is None:
        assert back.imputed is None
    else:
        np.testing.assert_array_equal(back.imputed, tiles.imputed)


@st.composite
def tile_tables(draw):
    places = draw(
        st.lists(
            st.tuples(st.integers(15000, 15011), st.integers(-6, 6)),
            min_size=1,
            max_size=30,
            unique=True,
        )
    )
    size = len(places)
    thousandths = st.lists(st.integers(0, 10**15), min_size=size, max_size=size)
    values = {
        name: np.array(draw(thousandths)) / 1000
        for name in draw(st.sets(st.sampled_from(["population", "social_dwellings", "floor_area"])))
    }
    code = st.lists(st.sampled_from(["", "59350", "2A004", "97411"]), min_size=size, max_size=size)
    flags = st.lists(st.booleans(), min_size=size, max_size=size)
    return Tiles.from_columns(
        np.array([north for north, _ in places]),
        np.array([east for _, east in places]),
        values,
        crs=draw(st.sampled_from([3035, 2975])),
        resolution=draw(st.sampled_from([200, 1000])),
        imputed=draw(st.none() | flags.map(lambda flags: np.array(flags))),
        commune=draw(st.none() | code.map(Codes.encode)),
        urban_unit=draw(st.none() | code.map(Codes.encode)),
        vintage=draw(st.none() | st.sampled_from([2015, 2021])),
        source=draw(st.sampled_from(["memory", "a b.csv"])),
    )


@settings(deadline=None, max_examples=60)
@given(tiles=tile_tables(), margin=st.integers(0, 3))
def test_round_trip_is_exact(tiles, margin):
    assert_same(tiles, to_tiles(rasterize(tiles, tiles.grid(margin))))


@pytest.mark.parametrize("decode_coords", [True, "all"])
def test_round_trip_through_netcdf(tmp_path, decode_coords):
    dataset = rasterize(three_tiles(), GRID)
    dataset.to_netcdf(tmp_path / "dataset.nc")
    with xarray.open_dataset(tmp_path / "dataset.nc", decode_coords=decode_coords) as read:
        assert_same(three_tiles(), to_tiles(read))
        assert grid_of(read) == GRID
    with xarray.open_dataset(tmp_path / "dataset.nc", decode_cf=False) as raw:
        assert raw["population"].attrs["grid_mapping"] == "spatial_ref"
        assert raw["spatial_ref"].attrs["grid_mapping_name"] == "lambert_azimuthal_equal_area"


def test_a_cropped_dataset_has_the_grid_of_what_is_left():
    dataset = rasterize(three_tiles(), GRID).isel(y=slice(1, 3), x=slice(1, 4))
    assert grid_of(dataset) == GRID.window(1, 1, 2, 3)
    assert to_tiles(dataset).ids.to_pylist() == three_tiles().ids.to_pylist()[1:]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.drop_vars("spatial_ref"), "no projection"),
        (lambda d: d.drop_vars("x"), "no coordinate"),
        (lambda d: d.isel(y=slice(0, 0)), "no coordinate"),
        (lambda d: d.assign_coords(x=d["x"] + 1), "on its lattice"),
        (lambda d: d.assign_coords(x=d["x"] * np.nan), "not a number"),
        (lambda d: d.isel(y=slice(None, None, -1)), "on its lattice"),
        (lambda d: d.isel(x=slice(None, None, 2)), "on its lattice"),
        (lambda d: d.drop_vars("inhabited"), "where tiles are"),
        (lambda d: d.assign(population=-d["population"]), "negative"),
        (lambda d: d.assign(commune=d["commune"] + 5), "beyond the codes"),
    ],
)
def test_datasets_that_are_none_of_ours(change, message):
    with pytest.raises(BadInput, match=message):
        to_tiles(change(rasterize(three_tiles(), GRID)))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"crs_wkt": "not WKT"}, "cannot be read"),
        ({"GeoTransform": "0 1 x"}, "cannot be read"),
        ({"GeoTransform": "0 200 0 0 0 200"}, "north-up"),
        ({"GeoTransform": ""}, "north-up"),
    ],
)
def test_grid_mappings_that_are_none_of_ours(attributes, message):
    dataset = rasterize(three_tiles(), GRID)
    dataset["spatial_ref"].attrs.update(attributes)
    with pytest.raises(BadInput, match=message):
        grid_of(dataset)


def test_further_layers(tmp_path):
    tiles = three_tiles()
    values = {
        "zone": np.array([3, 0, 1], np.int32),
        "reason": np.array([0, 6, 0], np.uint8),
        "income_median": np.array([12000.5, np.nan, 9000.0]),
        "own": np.array([True, False, True]),
    }
    dataset = layers(rasterize(tiles, GRID), tiles, values)
    assert dataset["zone"].values.tolist() == [[3, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert dataset["reason"].values.tolist() == [
        [0, 255, 255, 255],
        [255, 255, 6, 255],
        [255, 0, 255, 255],
    ]
    assert np.isnan(dataset["income_median"].values).sum() == 10
    assert dataset["own"].values.sum() == 2
    assert dataset["income_median"].attrs["units"] == "EUR year-1"
    path = tmp_path / "layers.tif"
    path.write_bytes(cog_bytes(dataset, ["reason", "own"]))
    reason, own = read_cog(path).data_vars.values()
    assert np.isnan(reason.values).sum() == 9
    assert own.values.sum() == 2
    dataset.to_netcdf(tmp_path / "layers.nc")
    with xarray.open_dataset(tmp_path / "layers.nc", decode_coords="all") as read:
        assert_same(tiles, to_tiles(read))
        assert np.isnan(read["reason"].values).sum() == 9
        assert read["zone"].encoding["grid_mapping"] == "spatial_ref"


# --- GeoTIFF


def test_a_cog_lies_at_the_right_place(tmp_path):
    path = tmp_path / "layers.tif"
    path.write_bytes(cog_bytes(rasterize(three_tiles(), GRID)))
    with rasterio.open(path) as image:
        assert image.crs.to_epsg() == 3035
        assert tuple(image.bounds) == GRID.bounds == (3830000, 3080000, 3830800, 3080600)
        assert image.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert "commune" not in image.descriptions
        population = image.descriptions.index("population") + 1
        mean = image.descriptions.index("income_mean") + 1
        assert image.units[mean - 1] == "EUR year-1"
        # The tile CRS3035RES200mN3080000E3830200 has 100 inhabitants; look at its middle.
        assert [value.tolist() for value in image.sample([(3830300, 3080100)], population)] == [
            [100]
        ]
        assert np.isnan(next(image.sample([(3830500, 3080100)], mean))[0])
        assert np.isnan(image.nodata)


def test_cog_round_trip(tmp_path):
    dataset = rasterize(three_tiles(), GRID)
    path = tmp_path / "layers.tif"
    path.write_bytes(cog_bytes(dataset, ["income_mean", "population"]))
    read = read_cog(path)
    assert list(read.data_vars) == ["income_mean", "population"]
    assert grid_of(read) == GRID
    assert read["population"].attrs == {"units": "inhabitants", "long_name": "Inhabitants"}
    for name in read.data_vars:
        np.testing.assert_array_equal(read[name], dataset[name].astype(np.float32))
    assert cog_bytes(dataset, ["population"]) == cog_bytes(dataset, ["population"])


def test_layers_that_are_not_there():
    with pytest.raises(BadInput, match="no such layer"):
        cog_bytes(rasterize(three_tiles(), GRID), ["zone"])


def test_rasters_that_are_none_of_ours(tmp_path):
    path = tmp_path / "x.tif"
    path.write_bytes(b"not a raster")
    with pytest.raises(BadInput, match="not a raster"):
        read_cog(path)
    profile = {"driver": "GTiff", "count": 1, "height": 2, "width": 2, "dtype": "float32"}
    for more, message in (
        ({"transform": rasterio.Affine(200, 0, 3830000, 0, -200, 3080000)}, "no EPSG code"),
        ({"crs": "EPSG:3035", "transform": rasterio.Affine(200, 0, 1, 0, -200, 0)}, "lattice"),
        ({"crs": "EPSG:3035", "transform": rasterio.Affine(200, 0, 0, 0, 200, 0)}, "lattice"),
    ):
        with rasterio.open(path, "w", **profile, **more) as image:
            image.write(np.ones((1, 2, 2), np.float32))
        with pytest.raises(BadInput, match=message):
            read_cog(path)


# --- shares of tiles inside outlines


def perimeters(*shapes, crs=3035) -> Perimeters:
    names = [f"P{index}" for index in range(len(shapes))]
    table = geopandas.GeoDataFrame(
        {
            "code": names,
            "name": names,
            "communes": "Lille",
            "commune_codes": "59350",
            "vintage": 2024,
        },
        geometry=list(shapes),
        crs=crs,
    )
    return Perimeters(table, crs, f"EPSG:{crs}", 2024, (), (), "made up")


def triplets(table: Coverage) -> dict:
    keys = zip(
        (GRID.north - table.northing).tolist(),
        (table.easting - GRID.west).tolist(),
        [table.codes[index] for index in table.perimeter],
        strict=True,
    )
    return dict(zip(keys, table.share.tolist(), strict=True))


def test_shares_by_hand():
    west, south, _, _ = GRID.bounds
    outlines = perimeters(
        # the west half of the cell in the south-west corner
        shapely.box(west, south, west + 100, south + 200),
        # a triangle: half of the cell beside it
        shapely.Polygon([(west + 200, south), (west + 400, south), (west + 400, south + 200)]),
        # one whole cell (row 1, column 1) and 10 m around it, but for a hole of 40 m x 50 m
        shapely.Polygon(
            shapely.box(west + 190, south + 190, west + 410, south + 410).exterior,
            [shapely.box(west + 200, south + 200, west + 240, south + 250).exterior],
        ),
        # far away
        shapely.box(0, 0, 100, 100),
        # shrunk to nothing
        shapely.MultiPolygon(),
    )
    table = coverage(outlines, GRID)
    assert table.codes == ("P0", "P1", "P2")
    side, corner = 0.05, 0.0025
    expected = {
        (2, 0, "P0"): 0.5,
        (2, 1, "P1"): 0.5,
        (1, 1, "P2"): 0.95,
        (0, 1, "P2"): side,
        (2, 1, "P2"): side,
        (1, 0, "P2"): side,
        (1, 2, "P2"): side,
        (0, 0, "P2"): corner,
        (0, 2, "P2"): corner,
        (2, 0, "P2"): corner,
        (2, 2, "P2"): corner,
    }
    assert triplets(table) == pytest.approx(expected, abs=1e-12)
    order = list(zip(-table.northing, table.easting, table.perimeter, strict=True))
    assert order == sorted(order)
    np.testing.assert_allclose(table.areas_km2, [0.02, 0.02, 0.0464], rtol=1e-12)


def test_outlines_beyond_the_grid_are_cut_at_its_edge():
    table = coverage(perimeters(shapely.box(0, 0, 10_000_000, 10_000_000)), GRID)
    assert table.areas_km2.tolist() == [12 * 0.04]
    assert set(table.share.tolist()) == {1.0}


def test_shares_on_tiles():
    west, south, east, north = GRID.bounds
    table = coverage(
        perimeters(
            shapely.box(west, south, east, north), shapely.box(west, north - 100, east, north)
        ),
        GRID,
    )
    tiles = three_tiles()
    shares = table.on(tiles)
    assert shares.tile.tolist() == [0, 0, 1, 2]
    assert shares.perimeter.tolist() == [0, 1, 0, 0]
    assert shares.share.tolist() == [1, 0.5, 1, 1]
    assert table.share_of(tiles).tolist() == [1, 1, 1]  # what lies in two outlines counts once
    # In tiles sorted by urban unit the southern one may come first.
    by_unit = table.on(tiles.located(urban_unit=Codes.encode(["59702", "59501", "00752"])))
    assert by_unit.tile.tolist() == [0, 1, 2, 2]
    assert by_unit.perimeter.tolist() == [0, 0, 0, 1]
    north_only = coverage(perimeters(shapely.box(west, north - 100, east, north)), GRID)
    assert north_only.share_of(tiles).tolist() == [0.5, 0, 0]
    with pytest.raises(BadInput, match="another lattice"):
        table.on(
            Tiles.from_columns(
                np.array([1]), np.array([1]), {"population": np.array([1])}, resolution=1000
            )
        )


def test_tables_of_shares_are_read_back(tmp_path):
    west, south, _, _ = GRID.bounds
    table = coverage(
        perimeters(
            shapely.box(west, south, west + 333, south + 77),
            shapely.box(west - 50, south, west + 1e-6, south + 200),  # a share that rounds to 0
        ),
        GRID,
    )
    lines = [",".join(row) for row in table.rows()]
    assert lines == [
        "CRS3035RES200mN3080000E3830000,P0,0.385",
        "CRS3035RES200mN3080000E3830200,P0,0.256025",
    ]
    path = tmp_path / "coverage.csv"
    path.write_text("\n".join(["id,code,share", *lines]))
    read = read_coverage(path)
    np.testing.assert_allclose(read.share, [0.385, 133 * 77 / 40_000], atol=5e-7)
    np.testing.assert_array_equal(read.easting, [19150, 19151])


@settings(deadline=None, max_examples=40)
@given(
    points=st.lists(st.tuples(st.floats(-300, 1100), st.floats(-300, 900)), min_size=3, max_size=12)
)
def test_shares_add_up_to_the_area_and_agree_with_exactextract(points):
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    west, south, east, north = GRID.bounds
    shape = shapely.convex_hull(shapely.MultiPoint([(west + x, south + y) for x, y in points]))
    if shapely.area(shape) < 1:
        return
    table = coverage(perimeters(shape), GRID)
    inside = shapely.area(shapely.intersection(shape, shapely.box(west, south, east, north)))
    assert table.share.sum() * 40_000 == pytest.approx(inside, rel=1e-9, abs=1e-3)
    shares = np.zeros(GRID.shape)
    row, column = GRID.rows_columns(table.northing, table.easting)
    shares[row, column] = table.share
    raster = NumPyRasterSource(np.zeros(GRID.shape), west, south, east, north)
    frame = geopandas.GeoDataFrame(geometry=[shape], crs=3035)
    theirs = np.zeros(GRID.shape)
    properties = exact_extract(raster, frame, ["cell_id", "coverage"])[0]["properties"]
    theirs.ravel()[np.asarray(properties["cell_id"], int)] = properties["coverage"]
    np.testing.assert_allclose(shares, theirs, atol=2e-7)  # its shares are float32


def test_dataset_of_other_layers():
    dataset = dataset_on(GRID, {"zone": (("y", "x"), np.zeros(GRID.shape, np.int32), {})})
    assert grid_of(dataset) == GRID
