import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonage.errors import BadInput
from zonage.tiles import Codes, Tiles
from zonage.variables import FIXED_POINT


def tiles_of(cells, population=None, units=None, **more):
    northing, easting = (np.array(part) for part in zip(*cells, strict=True))
    population = np.arange(1.0, len(cells) + 1) if population is None else np.array(population)
    return Tiles.from_columns(
        northing,
        easting,
        {"population": population, **more},
        urban_unit=None if units is None else Codes.encode(units),
    )


cells = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30, unique=True
)


@given(cells=cells, data=st.data())
def test_tiles_are_sorted_by_unit_then_in_raster_order(cells, data):
    units = data.draw(
        st.lists(st.sampled_from(["", "A", "B"]), min_size=len(cells), max_size=len(cells))
    )
    tiles = tiles_of(cells, units=units)
    given = sorted(
        zip(units, cells, strict=True), key=lambda tile: (tile[0], -tile[1][0], tile[1][1])
    )
    assert tiles.urban_unit.decode().tolist() == [unit for unit, _ in given]
    assert list(zip(tiles.northing.tolist(), tiles.easting.tolist(), strict=True)) == [
        cell for _, cell in given
    ]
    start = tiles.unit_start
    assert [tiles.urban_unit.decode()[first] for first in start[:-1]] == sorted(set(units))


@given(cells=cells, data=st.data())
def test_neighbours_are_the_tiles_one_step_away(cells, data):
    units = data.draw(
        st.lists(st.sampled_from(["A", "B"]), min_size=len(cells), max_size=len(cells))
    )
    tiles = tiles_of(cells, units=units)
    step = (
        np.abs(tiles.northing[:, None] - tiles.northing),
        np.abs(tiles.easting[:, None] - tiles.easting),
    )
    touching = np.maximum(*step) == 1
    same_unit = tiles.urban_unit.index[:, None] == tiles.urban_unit.index
    edge = touching & (step[0] + step[1] == 1)
    for table, allowed in ((tiles.neighbours, True), (tiles.neighbours_within_units, same_unit)):
        for tile in range(len(tiles)):
            expected = np.flatnonzero((touching & allowed)[tile])
            assert sorted(table[tile][table[tile] >= 0]) == expected.tolist()
            by_edge = np.flatnonzero((edge & allowed)[tile])
            assert sorted(table[tile, :4][table[tile, :4] >= 0]) == by_edge.tolist()


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=40))
def test_published_tenths_are_held_and_summed_exactly(tenths):
    tiles = tiles_of([(0, east) for east in range(len(tenths))], [value / 10 for value in tenths])
    assert tiles.counts["population"].sum() * 10 == sum(tenths) * FIXED_POINT
    assert tiles.total("population") == sum(tenths) / 10


def test_a_thousand_inhabitants_in_tenths_are_a_thousand():
    # 0.1 added ten thousand times in float64 is 1000.0000000001588.
    tiles = tiles_of([(0, east) for east in range(10_000)], [0.1] * 10_000)
    assert tiles.counts["population"].sum() == 1000 * FIXED_POINT


def test_ids_are_those_of_inspire():
    tiles = tiles_of([(15376, 19081), (15377, 19080)])
    assert tiles.ids.to_pylist() == [
        "CRS3035RES200mN3075400E3816000",
        "CRS3035RES200mN3075200E3816200",
    ]


def test_relocating_sorts_every_column_alike():
    tiles = tiles_of([(3, 0), (2, 0), (1, 0)], [30, 20, 10])
    moved = tiles.located(
        urban_unit=Codes.encode(["B", "", "A"]), commune=Codes.encode(["x", "y", "z"])
    )
    assert moved.northing.tolist() == [2, 1, 3]
    assert moved.values("population").tolist() == [20, 10, 30]
    assert moved.commune.decode().tolist() == ["y", "z", "x"]
    assert moved.urban_unit.decode().tolist() == ["", "A", "B"]


def test_codes_translate_and_forget_what_the_table_lacks():
    codes = Codes.encode(["59512", "59350", "59512", "99999", ""])
    assert codes.translate({"59350": "59702", "59512": "59702"}).decode().tolist() == [
        "59702", "59702", "59702", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "message", "row", "column"),
    [
        ({"population": [1, -3]}, "negative count", 2, "ind"),
        ({"population": [1, np.nan]}, "not a finite number", 2, "ind"),
        ({"population": [np.inf, 1]}, "not a finite number", 1, "ind"),
        ({"population": [1e300, 1]}, "count too large", 1, "ind"),
        ({"households": [3, 3], "poor_households": [3, 3.1]}, "more poor", 2, "men_pauv"),
        ({"population": [0, 1], "income_sum": [5, 9]}, "without inhabitants", 1, "ind_snv"),
        ({"population": [2, 1], "income_sum": [0, 9]}, "without an income", 1, "ind_snv"),
    ],
)
def test_a_bad_value_is_named_with_its_row_and_column(more, message, row, column):
    values = {"population": [1, 1], **more}
    with pytest.raises(BadInput, match=message) as caught:
        Tiles.from_columns(
            np.array([1, 2]),
            np.array([1, 1]),
            {name: np.array(column, float) for name, column in values.items()},
            source="tiles.csv",
        )
    assert (caught.value.file, caught.value.row, caught.value.column) == ("tiles.csv", row, column)


def test_a_tile_that_comes_twice_is_refused_with_both_rows():
    with pytest.raises(BadInput, match="comes twice") as caught:
        tiles_of([(1, 1), (5, 5), (1, 1)], units=["A", "A", "B"])
    assert caught.value.row == 3
    assert "row 1" in str(caught.value)


def test_an_empty_table_is_refused():
    with pytest.raises(BadInput, match="no tile"):
        Tiles.from_columns(np.empty(0), np.empty(0), {})


def test_a_column_that_the_file_lacked_is_asked_for_by_insees_name():
    with pytest.raises(BadInput, match="no social dwellings") as caught:
        tiles_of([(1, 1)]).count("social_dwellings")
    assert caught.value.column == "log_soc"


def test_derived_ratios_are_unknown_where_nobody_lives():
    tiles = tiles_of(
        [(0, 0), (0, 1)],
        [0, 4],
        income_sum=np.array([0, 80_000.0]),
        households=np.array([0, 2.0]),
        poor_households=np.array([0, 1.0]),
    )
    np.testing.assert_array_equal(tiles.income_mean, [np.nan, 20_000])
    np.testing.assert_array_equal(tiles.poverty_share, [np.nan, 0.5])
