"""Official outlines on the tiles of the MEL's core."""

import numpy as np
import pytest
import shapely

from zonage.raster import coverage
from zonage.sources.insee import read_tiles
from zonage.sources.perimeters import read_coverage, read_perimeters
from zonage.sources.tables import data_folder

LISTS = {2015: "QP_METROPOLE_LB93.shp", 2024: "qpv2024_simplified.geojson"}


@pytest.fixture(scope="module")
def tiles(shared):
    return read_tiles(shared / "tiles" / "carreaux_200m_lille_2019.csv")


@pytest.fixture(scope="module", params=sorted(LISTS))
def outlines(request, shared):
    return read_perimeters(shared / "qpv" / LISTS[request.param])


@pytest.fixture(scope="module")
def table(outlines, tiles):
    return coverage(outlines, tiles)


def test_shares_add_up_to_the_area_of_each_outline(outlines, tiles, table):
    block = shapely.box(*tiles.grid().bounds)
    ours = {
        code: shapely.area(shapely.intersection(shape, block)) / 1e6
        for code, shape in zip(outlines.codes, outlines.geometry, strict=True)
        if code in table.codes
    }
    assert len(table.codes) == 25
    np.testing.assert_allclose(table.areas_km2, list(ours.values()), rtol=1e-9)
    others = outlines.select(codes=set(outlines.codes) - set(table.codes))
    assert not shapely.intersects(others.geometry, block).any()


def test_agrees_with_exactextract(outlines, tiles, table):
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    grid = tiles.grid()
    raster = NumPyRasterSource(np.zeros(grid.shape), *grid.bounds)
    kept = outlines.select(codes=table.codes).table
    theirs = np.zeros((len(kept), *grid.shape))
    for layer, feature in zip(
        theirs, exact_extract(raster, kept, ["cell_id", "coverage"]), strict=True
    ):
        cells = np.asarray(feature["properties"]["cell_id"], int)
        layer.ravel()[cells] = feature["properties"]["coverage"]
    ours = np.zeros_like(theirs)
    row, column = grid.rows_columns(table.northing, table.easting)
    ours[table.perimeter, row, column] = table.share
    np.testing.assert_allclose(ours, theirs, atol=1e-6)  # its shares are float32


def test_share_of_is_the_share_inside_the_union(outlines, tiles, table):
    union = shapely.union_all(outlines.select(codes=table.codes).geometry)
    west, south = tiles.easting * 200.0, tiles.northing * 200.0
    cells = shapely.box(west, south, west + 200, south + 200)
    exact = shapely.area(shapely.intersection(cells, union)) / 40_000
    np.testing.assert_allclose(table.share_of(tiles), exact, atol=1e-5)


def test_inhabitants_of_the_quarters(outlines, tiles, table):
    """Near the official figures: 207 627 inhabitants in 2013, 242 231 later, Seclin included."""
    people = (tiles.values("population") * table.share_of(tiles)).sum()
    official = {2015: 207_627, 2024: 242_231}[table.vintage]
    assert 0.75 * official < people < 1.02 * official


def test_the_table_of_the_demo_says_the_same(tiles, table):
    demo = data_folder("demo")
    read = read_coverage(
        demo / f"coverage_{table.vintage}.csv", demo / f"quarters_{table.vintage}.csv"
    )
    assert read.vintage == table.vintage
    assert len(read.codes) == 26
    assert [
        name for code, name in zip(read.codes, read.names, strict=True) if code not in table.codes
    ] == ["La Mouchonnière"]
    np.testing.assert_allclose(read.share_of(tiles), table.share_of(tiles), atol=1e-6)
    areas = dict(zip(read.codes, read.areas_km2, strict=True))
    np.testing.assert_allclose([areas[code] for code in table.codes], table.areas_km2, rtol=1e-4)
