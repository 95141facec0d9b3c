"""Income, border, housing and layers of a user, on tiles that can be counted by hand."""

import math

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

import zonage as zn
from tests.complementary.test_layers import tiles_at
from tests.strategies import arrays
from tests.zoning.test_rules import LAW, reference_of
from zonage.complementary.indicators import (
    border_effect,
    distances,
    income_median,
    polygon_layer,
    raster_layer,
    social_housing_of_counts,
    social_housing_of_dwellings,
    social_housing_of_polygons,
    social_housing_of_tiles,
    table_layer,
    user_indicator,
    very_low_income,
)
from zonage.errors import BadInput
from zonage.income import LogNormal
from zonage.sources.housing import Dwellings, HousingCounts
from zonage.sources.layers import RasterValues, TileValues, ValuedPolygons
from zonage.tiles import Codes, Tiles

NOISE = user_indicator("noise", {"en": "Noise", "fr": "Bruit"}, "dB", "high")


def polygons_of(*outlines, repaired=(), **values):
    """Polygons in cells of the lattice: 1 is 200 metres."""
    codes = tuple(f"iris{number}" for number in range(len(outlines)))
    geometry = np.array([shapely.box(*(200.0 * np.array(box))) for box in outlines], object)
    columns = {name: np.asarray(column, np.float64) for name, column in values.items()}
    return ValuedPolygons(codes, codes, geometry, 3035, columns, repaired, "iris.geojson")


# ---- Income -------------------------------------------------------------------------------------


def test_share_below_a_line_is_that_of_the_log_normal():
    tiles = tiles_at((9, 3), (8, 3), (7, 3), population=[10, 10, 10])
    income = LogNormal(np.log([10_000.0, 20_000.0, np.nan]), np.array([0.4, 0.5, np.nan]))
    layer = very_low_income((tiles, income), 10_000.0)
    # Half are below the median; ln 2 / 0.5 = 1.386 standard deviations: 8.28 %.
    assert layer.value[0] == pytest.approx(0.5)
    assert layer.value[1] == pytest.approx(0.0828, abs=1e-4)
    assert layer.known.tolist() == [True, True, False]
    assert "10000 EUR a year" in layer.how
    for line in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(BadInput, match="not a line of income"):
            very_low_income((tiles, income), line)


def test_a_zoning_gives_its_incomes_and_its_criterion():
    tiles = Tiles.from_columns(
        np.array([9, 8]),
        np.array([3, 3]),
        {"population": np.array([100.0, 100.0]), "income_sum": np.array([1e6, 3e6])},
        urban_unit=Codes.encode(["A", "A"]),
        imputed=np.array([True, False]),
        vintage=2019,
    )
    zoning = zn.qpv(tiles, LAW, reference_of("A"), method=zn.Method.plain())
    layer = very_low_income(zoning, 9_000.0)
    assert layer.value.tolist() == zoning.income.share_below(9_000.0).tolist()
    assert layer.notes == ("50 % of inhabitants live in tiles whose incomes INSEE imputed",)
    median = income_median(zoning)
    assert median.value.tolist() == zoning.criterion.tolist()
    assert median.indicator.direction == "low"
    smoothed = zn.qpv(tiles, LAW, reference_of("A"), method=zn.Method.plain(smoothing=0.6))
    assert "Gaussian of 0.6 tiles" in income_median(smoothed).how


# ---- Border -------------------------------------------------------------------------------------


def test_border_of_one_quarter_by_hand():
    #     column   3      4      5      6
    # row 9        Q      .      .
    # row 8               .             .
    tiles = tiles_at((9, 3), (9, 4), (9, 5), (8, 4), (8, 6))
    quarters = np.array([True, False, False, False, False])
    distance, adjacency, gradient = border_effect(tiles, quarters, reach_m=500.0)
    assert distance.value.tolist() == pytest.approx(
        [0, 200, 400, 200 * math.sqrt(2), 200 * math.sqrt(10)]
    )
    assert adjacency.value.tolist() == [1, 1, 0, 1, 0]
    assert gradient.value.tolist() == pytest.approx([1, 0.6, 0.2, 1 - 2**0.5 * 0.4, 0])
    _, _, gradient = border_effect(tiles, quarters, reach_m=400.0, shape="exponential")
    assert gradient.value[2] == pytest.approx(math.exp(-1))


@given(st.data())
def test_distances_equal_the_transform_of_scipy_whatever_the_units(data):
    shape = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 8))
    inside = data.draw(arrays(np.bool_, shape, st.booleans()))
    quarter = data.draw(arrays(np.bool_, shape, st.integers(0, 3).map(bool))) & inside
    unit = data.draw(arrays(np.int64, shape, st.integers(0, 2)))
    if not quarter.any():
        return
    row, column = np.nonzero(inside)
    tiles = Tiles.from_columns(
        100 - row, column, {}, urban_unit=Codes.encode(unit[row, column].astype(str))
    )
    expected = 200 * ndimage.distance_transform_edt(~quarter)
    at = 100 - tiles.northing, tiles.easting
    assert distances(tiles, quarter[at]).tolist() == expected[at].tolist()


def test_without_quarters_the_border_is_unknown():
    tiles = tiles_at((9, 3), (9, 4))
    for layer in border_effect(tiles, np.zeros(2, np.bool_)):
        assert not layer.known.any()
        assert "no tile is in a quarter" in layer.notes
    assert distances(tiles, np.zeros(2, np.bool_)).tolist() == [math.inf, math.inf]


def test_a_border_that_cannot_be_is_refused():
    tiles = tiles_at((9, 3), (9, 4))
    quarters = np.array([True, False])
    with pytest.raises(BadInput, match="no such gradient"):
        border_effect(tiles, quarters, shape="cone")
    for reach in (0.0, math.nan, math.inf):
        with pytest.raises(BadInput, match="reach"):
            border_effect(tiles, quarters, reach_m=reach)
    with pytest.raises(BadInput, match="not one mark a tile"):
        border_effect(tiles, quarters[:1])


# ---- Housing ------------------------------------------------------------------------------------


def test_social_dwellings_over_households():
    tiles = tiles_at(
        (9, 3), (8, 3), (7, 3), social_dwellings=[5, 3, 0], households=[20, 2, 0],
    )  # fmt: skip
    layer = social_housing_of_tiles(tiles)
    assert layer.value[:2].tolist() == [0.25, 1.0]
    assert layer.known.tolist() == [True, True, False]
    assert layer.notes == ("above 1 in 1 of 3 tiles, where it counts as 1",)
    with pytest.raises(BadInput, match="log_soc"):
        social_housing_of_tiles(tiles_at((9, 3), households=[3]))


def test_dwellings_by_point_come_to_the_tile_that_holds_them():
    tiles = tiles_at((9, 3), (8, 5), households=[10, 40])
    dwellings = Dwellings(
        # The corner of the first tile, its middle, the corner of no tile, the second tile.
        easting=np.array([600.0, 700.0, 800.0, 1199.9]),
        northing=np.array([1800.0, 1900.0, 1800.0, 1600.0]),
        crs=3035,
        count=np.array([1, 2, 4, 8]),
        commune=("59350",) * 4,
        iris=("",) * 4,
        unplaced=16,
        year=2024,
        source="rpls.csv",
        notes=("16 dwellings without coordinates",),
    )
    layer = social_housing_of_dwellings(tiles, dwellings)
    assert layer.value.tolist() == [0.3, 0.2]
    assert layer.notes == (
        "4 of 31 dwellings outside all inhabited tiles", "16 dwellings without coordinates",
    )  # fmt: skip
    assert "2024" in layer.how


def test_counts_by_commune_are_shared_by_all_its_tiles():
    tiles = Tiles.from_columns(
        np.array([9, 8, 7, 6]),
        np.array([3, 3, 3, 3]),
        {"households": np.array([30.0, 10.0, 50.0, 5.0])},
        commune=Codes.encode(["59350", "59350", "59512", ""]),
    )
    counts = HousingCounts(("59350", "59009"), np.array([10.0, 7.0]), "commune", 2024, "rpls.csv")
    layer = social_housing_of_counts(tiles, counts)
    assert layer.value[:2].tolist() == [0.25, 0.25]
    assert not layer.known[2:].any()
    elsewhere = HousingCounts(("13055",), np.array([10.0]), "commune", 2024, "rpls.csv")
    with pytest.raises(BadInput, match="no commune of the counts"):
        social_housing_of_counts(tiles, elsewhere)


def test_counts_by_iris_are_over_the_households_of_its_part_of_tiles():
    tiles = tiles_at((9, 3), (9, 4), households=[20, 40])
    # The first IRIS holds the first tile and half of the second: 20 + 20 households.
    iris = polygons_of((3, 9, 4.5, 10), (4.5, 9, 5, 10))
    counts = HousingCounts(("iris0", "iris1"), np.array([10.0, 15.0]), "iris", None, "rpls.csv")
    layer = social_housing_of_counts(tiles, counts, iris)
    assert layer.value.tolist() == pytest.approx([0.25, (0.25 + 0.75) / 2])
    with pytest.raises(BadInput, match="outlines of the IRIS"):
        social_housing_of_counts(tiles, counts)


def test_rates_of_polygons_by_area_by_people_and_at_the_centre():
    tiles = tiles_at((9, 3), (9, 4), (9, 5), households=[1, 1, 1])
    # The second tile: one quarter in the first polygon, three in the second.
    iris = polygons_of((3, 9, 4.25, 10), (4.25, 9, 5, 10), rate=[20, 60], people=[500, 100])
    by_area = social_housing_of_polygons(tiles, iris, "rate")
    assert by_area.value[:2].tolist() == pytest.approx([0.2, 0.25 * 0.2 + 0.75 * 0.6])
    assert not by_area.known[2]
    # 500 people on 1.25 tiles, 100 on 0.75: 100 people of the first in the tile, 100 of the second.
    by_people = social_housing_of_polygons(tiles, iris, "rate", weight="people")
    assert by_people.value[:2].tolist() == pytest.approx([0.2, 0.4])
    at_centre = social_housing_of_polygons(tiles, iris, "rate", by="centre")
    assert at_centre.value[:2].tolist() == [0.2, 0.6]
    assert not at_centre.known[2]
    with pytest.raises(BadInput, match=r"no such value.*found rate, people"):
        social_housing_of_polygons(tiles, iris, "rates")
    with pytest.raises(BadInput, match=r"not a rate; found iris0: 20; expected 0 to 1$"):
        social_housing_of_polygons(tiles, iris, "rate", percent=False)


# ---- Layers of a user ---------------------------------------------------------------------------


def test_polygons_of_a_user_weigh_by_area_and_need_half_of_the_tile():
    tiles = tiles_at((9, 3), (9, 4), (9, 5), (9, 6))
    zones = polygons_of(
        (3, 9, 4.5, 10), (4.5, 9, 5, 10), (6, 9, 6.4, 10), noise=[50, 70, 90], repaired=("mended",)
    )
    layer = polygon_layer(tiles, NOISE, zones, "noise")
    assert layer.value[:2].tolist() == pytest.approx([50.0, 60.0])
    assert not layer.known[2:].any()
    assert layer.notes == ("mended",)
    unknown = polygons_of((3, 9, 4.5, 10), (4.5, 9, 5, 10), noise=[np.nan, 70])
    layer = polygon_layer(tiles, NOISE, unknown, "noise")
    assert layer.known.tolist() == [False, True, False, False]
    assert layer.value[1] == 70.0
    with pytest.raises(BadInput, match="area or centre"):
        polygon_layer(tiles, NOISE, zones, "noise", by="tile")


def test_polygons_in_another_projection():
    tiles = tiles_at((15419, 19080), (15419, 19081))
    from pyproj import Transformer

    east, north = Transformer.from_crs(3035, 4326, always_xy=True).transform(3816100, 3083900)
    around = shapely.Point(east, north).buffer(0.002)
    zones = ValuedPolygons(
        ("a",), ("a",), np.array([around]), 4326, {"noise": np.array([61.0])}, (), "zones.geojson"
    )
    layer = polygon_layer(tiles, NOISE, zones, "noise", by="centre")
    assert layer.value[0] == 61.0


def test_a_table_by_tile_is_joined_by_id():
    tiles = tiles_at((9, 3), (9, 4), (9, 5))
    table = TileValues(
        3035, 200, np.array([4, 3, 9]), np.array([9, 9, 9]), np.array([2.0, np.nan, 5.0]), "a.csv"
    )
    layer = table_layer(tiles, NOISE, table)
    assert layer.known.tolist() == [False, True, False]
    assert layer.value[1] == 2.0
    assert layer.notes == ("2 rows without a value or of no tile here",)
    other = TileValues(3035, 1000, table.easting, table.northing, table.value, "a.csv")
    with pytest.raises(BadInput, match=r"a.csv: .*another lattice; found EPSG:3035, 1000 m"):
        table_layer(tiles, NOISE, other)


def test_a_raster_at_the_centre_and_over_the_tile():
    tiles = tiles_at((9, 3), (9, 4), (9, 6), (9, 7))
    # Cells of 100 m from west 600, north 2000: two by two of each tile.
    cells = [[1.0, 2.0, 5.0, np.nan, 0, 0, 9, np.nan], [3.0, 4.0, np.nan, np.nan, 0, 0, 9, 9]]
    raster = RasterValues(np.array(cells), Affine(100, 0, 600, 0, -100, 2000), 3035, "noise.tif")
    mean = raster_layer(tiles, NOISE, raster)
    # Half of a tile is enough, a quarter is not; outside the raster nothing is known.
    assert mean.value[[0, 2]].tolist() == [2.5, 9.0]
    assert mean.known.tolist() == [True, False, True, False]
    # The centre of a tile is the corner of four cells: the one south and east of it.
    centre = raster_layer(tiles, NOISE, raster, by="centre")
    assert centre.value[[0, 2]].tolist() == [4.0, 9.0]
    assert centre.known.tolist() == [True, False, True, False]
    assert "8 x 8 points" in mean.how
    with pytest.raises(BadInput, match="area or centre"):
        raster_layer(tiles, NOISE, raster, by="mean")


def test_a_raster_in_another_projection():
    from pyproj import Transformer

    tiles = tiles_at((15419, 19080), (15300, 19200))
    east, north = Transformer.from_crs(3035, 4326, always_xy=True).transform(3816100, 3083900)
    raster = RasterValues(
        np.array([[7.0]]), Affine(0.01, 0, east - 0.005, 0, -0.01, north + 0.005), 4326, "a.tif"
    )
    layer = raster_layer(tiles, NOISE, raster)
    assert layer.value[0] == 7.0
    assert not layer.known[1]


def test_an_indicator_of_a_user_may_not_take_a_built_in_name():
    assert user_indicator("noise", "Noise", "dB", "high").label == {"en": "Noise", "fr": "Noise"}
    with pytest.raises(BadInput, match="built in"):
        user_indicator("income_median", "Median", "EUR", "low")
