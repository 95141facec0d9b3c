"""The rules of a zoning one by one, on maps drawn for each."""

import numba
import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st

import zonage as zn
from zonage import BadInput, Method, Reason, Tiles
from zonage.law import Reference
from zonage.synthetic import metropolis
from zonage.tiles import Codes
from zonage.variables import FIXED_POINT

LAW = zn.law("qpv", on="2024-01-01")
MEANS = {"P": 10_000.0, "b": 15_000.0, "r": 30_000.0}


def reference_of(*units, median=20_000, population=50_000, national=20_000):
    rows = [
        {
            "code": unit,
            "name": unit,
            "population": population,
            "median": median,
            "certainty": "published",
            "source": "drawn",
        }
        for unit in units
    ]
    return Reference.from_rows(
        rows,
        national_median=national,
        year=2019,
        concept="disposable",
        national_certainty="published",
        national_source="drawn",
    )


def drawn(picture, people=50.0, units=None, communes=None):
    """Tiles from a map of letters; a second map of the same shape names the urban units."""
    cells = [
        (row, column, letter)
        for row, line in enumerate(picture.split("\n")[1:-1])
        for column, letter in enumerate(line.split())
        if letter != "."
    ]
    owner = dict.fromkeys([(row, column) for row, column, _ in cells], "A")
    if units is not None:
        owner = {
            (row, column): letter
            for row, line in enumerate(units.split("\n")[1:-1])
            for column, letter in enumerate(line.split())
        }
    codes = [owner[row, column] for row, column, _ in cells]
    means = np.array([MEANS[letter] for _, _, letter in cells])
    population = np.full(len(cells), people)
    return Tiles.from_columns(
        np.array([100 - row for row, _, _ in cells]),
        np.array([column for _, column, _ in cells]),
        {"population": population, "income_sum": population * means},
        urban_unit=Codes.encode(codes),
        commune=Codes.encode(communes or ["59001"] * len(cells)),
        vintage=2019,
    )


def zones_of(tiles, law=LAW, reference=None, **options):
    reference = reference or reference_of("A", "B")
    law = law.reform(min_population=100) if law is LAW else law
    return zn.qpv(tiles, law, reference, method=Method.plain(**options))


def labels_on_map(zoning):
    row = zoning.tiles.northing.max() - zoning.tiles.northing
    grid = np.zeros((row.max() + 1, zoning.tiles.easting.max() + 1), int)
    grid[row, zoning.tiles.easting] = zoning.label
    return grid.tolist()


def test_tiles_that_touch_by_a_corner_are_one_zone_or_two():
    tiles = drawn("""
P P . .
. . P P
""")
    assert zones_of(tiles, connectivity=8).zone_count == 1
    assert zones_of(tiles, connectivity=4).zone_count == 2


def test_a_zone_with_exactly_the_minimum_is_kept_and_one_below_is_not():
    tiles = drawn("""
P P
""")
    assert zones_of(tiles, LAW.reform(min_population=100)).zone_count == 1
    refused = zones_of(tiles, LAW.reform(min_population=101))
    assert refused.zone_count == 0
    assert (refused.reason == Reason.ZONE_TOO_SMALL).all()


def test_the_test_of_income_is_strict_unless_a_reform_makes_it_inclusive():
    tiles = drawn("""
P P
""")
    law = LAW.reform(min_population=100)
    line = float(zn.qpv(tiles, law, reference_of("A"), method=Method.plain()).criterion[0])
    at_line = {
        comparison: zn.qpv(
            tiles,
            law.reform(comparison=comparison),
            reference_of("A"),
            method=Method.plain(zone_median=True),
            line=line,
        )
        for comparison in ("strict", "inclusive")
    }
    assert at_line["strict"].zone_count == 0
    assert at_line["inclusive"].zone_count == 1
    assert at_line["strict"].calibrated


def test_zones_stay_in_their_urban_unit_unless_told_otherwise():
    picture, units = (
        """
P P P P
""",
        """
A A B B
""",
    )
    tiles = drawn(picture, units=units)
    assert sorted(zones_of(tiles).table["urban_unit"]) == ["A", "B"]
    assert zones_of(tiles, within_units=False).zone_count == 1


def test_a_gap_of_nobody_or_nearly_nobody_is_bridged_up_to_its_length():
    tiles = drawn("""
P P . . P P
""")
    assert zones_of(tiles, bridge=1).zone_count == 2
    assert zones_of(tiles, bridge=2).zone_count == 1
    crowded = drawn("""
P P r P P
""")
    assert zones_of(crowded, bridge=3).zone_count == 2
    assert zones_of(crowded, bridge=3, bridge_population=50).zone_count == 1
    assert zones_of(crowded, bridge=3, bridge_population=49).zone_count == 2


def test_a_bridge_does_not_leave_the_urban_unit():
    tiles = drawn(
        """
P P . P P
""",
        units="""
A A . B B
""",
    )
    assert zones_of(tiles, bridge=2).zone_count == 2


def test_a_hole_is_filled_up_to_its_size():
    tiles = drawn("""
P P P P
P r r P
P P P P
""")
    assert zones_of(tiles).table["tiles"] == [10]
    assert zones_of(tiles, fill_holes=1).table["tiles"] == [10]
    filled = zones_of(tiles, fill_holes=2)
    assert filled.table["tiles"] == [12]
    assert (filled.reason == Reason.INSIDE_ENCLOSED).sum() == 2


def test_a_zone_whose_median_fails_gives_up_what_was_not_poor_by_itself():
    # Eight P around a hole of one rich tile with so many people that the zone's median is theirs.
    tiles = drawn("""
P P P
P r P
P P P
""")
    crowd = dict(tiles.counts)
    rich = tiles.income_mean > 20_000
    crowd = {
        name: np.where(rich, column * 40, column) / FIXED_POINT for name, column in crowd.items()
    }
    tiles = Tiles.from_columns(
        tiles.northing, tiles.easting, crowd, urban_unit=tiles.urban_unit, vintage=2019
    )
    kept = zones_of(tiles, fill_holes=1)
    assert kept.table["tiles"] == [9]
    tested = zones_of(tiles, fill_holes=1, zone_median=True)
    assert tested.table["tiles"] == [8]
    assert (tested.zone_median < tested.line[0]).all()
    assert tested.reason[rich].tolist() == [Reason.INCOME_NOT_BELOW]


def test_the_derogation_keeps_listed_quarters_of_units_too_small():
    tiles = drawn("""
P P P P
""")
    small = reference_of("A", population=9_900)
    large = reference_of("A", population=9_901)
    law = LAW.reform(min_population=100)
    listed = np.array([True, True, False, False])
    refused = zn.qpv(tiles, law, small)
    assert refused.zone_count == 0
    assert (refused.reason == Reason.UNIT_TOO_SMALL).all()
    assert zn.qpv(tiles, law, large).table["tiles"] == [4]
    kept = zn.qpv(tiles, law, small, listed=listed, method=Method.plain())
    assert kept.inside.tolist() == listed.tolist()
    assert (kept.reason[~listed] == Reason.UNIT_TOO_SMALL).all()
    after = zn.law("qpv", on="2030-01-01").reform(min_population=100)
    assert zn.qpv(tiles, after, small, listed=listed).zone_count == 0


def test_a_territory_without_a_known_line_is_refused():
    tiles = drawn("""
P P P P
""")
    with pytest.raises(BadInput, match="no tile has a line"):
        zn.qpv(tiles, LAW, reference_of("Z"))


def test_overseas_the_commune_and_the_density_are_tested():
    law = zn.law("qpv", on="2024-01-01", territory="martinique_reunion").reform(min_population=100)
    communes = ["97411"] * 4 + ["97412"] * 2
    tiles = drawn(
        """
P P P P
. . . .
P P . .
""",
        people=80.0,  # 80 inhabitants on 0.04 km2 are 2 000 a square kilometre
        communes=communes,
    )
    people = {"97411": 15_000.0, "97412": 14_999.0}
    reference = reference_of("A")
    zoning = zn.qpv(tiles, law, reference, method=Method.plain(), commune_population=people)
    assert zoning.table["tiles"] == [4]
    assert set(zoning.reason.tolist()) == {Reason.INSIDE, Reason.UNIT_TOO_SMALL}
    sparse = zn.qpv(
        tiles,
        law.reform(min_density=2_001),
        reference,
        method=Method.plain(),
        commune_population=people,
    )
    assert sparse.zone_count == 0
    assert Reason.ZONE_TOO_SPARSE in sparse.reason


@given(st.integers(0, 50), st.sampled_from([4, 8]), st.floats(12_000, 22_000))
@settings(max_examples=15)
def test_the_plain_method_equals_scipy_on_a_synthetic_metropolis(seed, connectivity, line):
    tiles = metropolis(seed, inhabitants=30_000, size=40, units=3)
    units = tiles.urban_unit.labels
    law = LAW.reform(uu_min_population=0)
    zoning = zn.qpv(
        tiles,
        law,
        reference_of(*units),
        method=Method.plain(connectivity=connectivity),
        line=line,
    )
    grid = tiles.grid()
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    expected = np.zeros(len(tiles), bool)
    structure = scipy.ndimage.generate_binary_structure(2, connectivity // 4)
    for unit in range(len(units)):
        here = tiles.urban_unit.index == unit
        flagged = np.zeros(grid.shape, bool)
        flagged[row[here], column[here]] = (zoning.criterion < line)[here]
        labels, count = scipy.ndimage.label(flagged, structure)
        people = np.bincount(labels[row[here], column[here]], tiles.values("population")[here])
        people = np.pad(people, (0, count + 1 - len(people)))
        people[0] = 0
        expected[here] = (people >= 1000)[labels[row[here], column[here]]]
    np.testing.assert_array_equal(zoning.inside, expected)


@pytest.fixture(scope="module")
def town():
    tiles = metropolis(3, inhabitants=60_000, size=50, units=2)
    reference = reference_of(*tiles.urban_unit.labels, median=22_000, national=22_000)
    return tiles, LAW.reform(uu_min_population=0), reference


def arrays_of(zoning):
    return [
        zoning.label, zoning.reason, zoning.criterion, zoning.zone_population, zoning.zone_median,
    ]  # fmt: skip


def test_a_dataset_gives_what_its_tiles_give(town):
    tiles, law, reference = town
    method = Method(smoothing=0.6)
    by_tiles = zn.qpv(tiles, law, reference, method=method)
    by_grid = zn.qpv(zn.rasterize(tiles), law, reference, method=method)
    assert by_tiles.zone_count > 0
    for left, right in zip(arrays_of(by_tiles), arrays_of(by_grid), strict=True):
        np.testing.assert_array_equal(left, right)


def test_the_number_of_threads_changes_no_byte(town):
    tiles, law, reference = town
    method = Method(smoothing=0.6, bridge=2, fill_holes=4)
    threads = numba.get_num_threads()
    found = []
    try:
        for number in (1, threads):
            numba.set_num_threads(number)
            zoning = zn.qpv(tiles, law, reference, method=method)
            found.append([array.tobytes() for array in arrays_of(zoning)])
    finally:
        numba.set_num_threads(threads)
    assert found[0] == found[1]


def test_every_tile_inside_has_a_zone_and_every_zone_passes_the_law(town):
    tiles, law, reference = town
    zoning = zn.qpv(tiles, law, reference, method=Method(smoothing=0.5))
    inside = np.isin(zoning.reason, (Reason.INSIDE, Reason.INSIDE_ENCLOSED))
    np.testing.assert_array_equal(inside, zoning.label > 0)
    assert (zoning.zone_population >= law.min_population * FIXED_POINT).all()
    assert (zoning.zone_median < np.array(zoning.table["threshold"])).all()
    assert int(zoning.zone_population.sum()) == int(tiles.count("population")[inside].sum())


def test_a_layer_of_reasons_does_not_take_an_empty_cell_for_a_tile_inside(town):
    tiles, law, reference = town
    dataset = zn.qpv(tiles, law, reference).to_dataset()
    empty = ~dataset["inhabited"].values
    assert (dataset["zone"].values[empty] == 0).all()
    assert (dataset["reason"].values[empty] != Reason.INSIDE).all()
    assert np.isnan(dataset["income_median"].values[empty]).all()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("estimator", "guess"),
        ("smoothing", -1.0),
        ("border_share", 1.5),
        ("complete_from", 0.0),
        ("connectivity", 6),
        ("bridge", -1),
        ("fill_holes", -3),
    ],
)
def test_an_option_out_of_range_is_refused_by_name(option, value):
    with pytest.raises(BadInput, match="out of range") as caught:
        Method(**{option: value})
    assert caught.value.column == f"method.{option}"


def test_without_an_income_column_the_error_names_it():
    tiles = Tiles.from_columns(
        np.array([1]), np.array([1]), {"population": np.array([5.0])},
        urban_unit=Codes.encode(["A"]), vintage=2019,
    )  # fmt: skip
    with pytest.raises(BadInput, match="income") as caught:
        zn.qpv(tiles, LAW, reference_of("A"))
    assert caught.value.column == "ind_snv"


def test_a_frozen_quarter_stays_and_does_not_carry_others_in():
    tiles = drawn("""
r r . P P . P
""")
    frozen = tiles.income_mean > 20_000
    law = LAW.reform(min_population=100)
    kept = zn.qpv(
        tiles, law, reference_of("A"), frozen=frozen, method=Method.plain(zone_median=True)
    )
    assert [Reason(code).name for code in kept.reason] == [
        "KEPT", "KEPT", "INSIDE", "INSIDE", "ZONE_TOO_SMALL",
    ]  # fmt: skip
    assert kept.zone_count == 2
    beside = drawn("""
r r b P
""")
    frozen = beside.income_mean > 20_000
    kept = zn.qpv(beside, law, reference_of("A"), frozen=frozen)
    assert kept.reason[frozen].tolist() == [Reason.KEPT] * 2
    assert (kept.label > 0).tolist() == [Reason(code).inside for code in kept.reason]
