import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import zonage as zn
from tests.zoning.test_rules import LAW, drawn, reference_of
from zonage.comparison import agreement, compare_perimeters
from zonage.errors import BadInput
from zonage.sources.perimeters import Perimeters


def perimeters_of(boxes, vintage=2024, crs=3035):
    """Outlines from boxes of (west, south, east, north), in cells of 200 m, by code."""
    shapes = [
        shapely.union_all([shapely.box(*(200 * np.array(box, float))) for box in several])
        for several in boxes.values()
    ]
    codes = list(boxes)
    table = geopandas.GeoDataFrame(
        {
            "code": codes,
            "name": [f"Name of {code}" for code in codes],
            "communes": ["Lille"] * len(codes),
            "commune_codes": ["59350"] * len(codes),
            "vintage": vintage,
        },
        geometry=shapes,
        crs=f"EPSG:{crs}",
    )
    return Perimeters(table, crs, f"EPSG:{crs}", vintage, (), (), "drawn")


@given(st.data())
def test_agreement_is_that_of_the_four_counts(data):
    size = data.draw(st.integers(1, 30))
    population = data.draw(hnp.arrays(np.int64, size, elements=st.integers(0, 10**7)))
    inside = data.draw(hnp.arrays(np.bool_, size))
    share = data.draw(hnp.arrays(np.float64, size, elements=st.sampled_from([0, 0.3, 0.5, 1])))
    found = agreement(population, inside, share)
    official = share >= 0.5
    hit, extra, missed = (
        int(population[which].sum()) / 1000
        for which in (inside & official, inside & ~official, ~inside & official)
    )
    assert found.both == pytest.approx(hit)
    if hit:
        assert found.precision == pytest.approx(hit / (hit + extra))
        assert found.recall == pytest.approx(hit / (hit + missed))
        assert found.f1 == pytest.approx(2 * hit / (2 * hit + extra + missed))
        assert found.iou == pytest.approx(hit / (hit + extra + missed))


def test_nothing_computed_and_nothing_official_is_no_number():
    found = agreement(np.array([1000]), np.array([False]), np.array([0.0]))
    assert np.isnan(found.f1)
    assert np.isnan(found.precision)


def zoned():
    """Zone 1 in the west, 3 x 2 tiles; zone 2 in the east, 2 x 2; a rich tile far away."""
    tiles = drawn("""
P P P . P P . r
P P P . P P . r
""")
    method = zn.Method.plain()
    return zn.qpv(tiles, LAW.reform(min_population=100), reference_of("A"), method=method)


# The drawing's rows lie at northings 100 and 99, so a box from 99 to 101 holds both.
@pytest.mark.parametrize(
    ("boxes", "statuses"),
    [
        ({"Q1": [(0, 99, 3, 101)], "Q2": [(4, 99, 6, 101)]}, {"Q1": "found", "Q2": "found"}),
        ({"Q1": [(0, 99, 6, 101)]}, {"Q1": "split"}),
        ({"Q1": [(0, 99, 1, 101)], "Q2": [(1, 99, 3, 101)]}, {"Q1": "merged", "Q2": "merged"}),
        ({"Q1": [(2, 99, 3, 101), (7, 99, 8, 101), (7, 99, 8, 101)]}, {"Q1": "found"}),
        ({"Q1": [(2, 100, 3, 101), (7, 99, 8, 101)]}, {"Q1": "partly found"}),
        ({"Q1": [(7, 99, 8, 101)]}, {"Q1": "missed"}),
    ],
)
def test_each_official_quarter_has_a_status(boxes, statuses):
    comparison = zoned().compare(perimeters_of(boxes))
    assert {quarter.code: quarter.status for quarter in comparison.quarters} == statuses
    assert comparison.statuses() == {
        status: list(statuses.values()).count(status) for status in statuses.values()
    }


def test_missed_inhabitants_are_counted_by_the_reason_of_their_tile():
    comparison = zoned().compare(perimeters_of({"Q1": [(7, 99, 8, 101)]}))
    (quarter,) = comparison.quarters
    assert quarter.missed_because == {"income_not_below": 100.0}
    assert quarter.found_share == 0
    assert [zone.zone for zone in comparison.without_counterpart] == [1, 2]


def test_a_computed_zone_names_its_official_counterparts():
    comparison = zoned().compare(
        perimeters_of({"Q1": [(0, 99, 1.5, 101)], "Q2": [(2, 99, 3, 101)]})
    )
    west, east = comparison.zones
    assert (west.codes, east.codes) == (("Q1", "Q2"), ())
    assert west.official_share == pytest.approx(2.5 / 3)
    assert west.inhabitants == 300


def test_outlines_elsewhere_are_refused():
    with pytest.raises(BadInput, match="no tile lies inside"):
        zoned().compare(perimeters_of({"Q1": [(500, 500, 510, 510)]}))


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ([(0, 0, 10, 10)], [(0, 0, 10, 10.4)], "kept"),
        ([(0, 0, 10, 10)], [(0, 0, 10, 12)], "extended"),
        ([(0, 0, 10, 10)], [(0, 0, 10, 8)], "reduced"),
        ([(0, 0, 10, 10)], [(3, 0, 13, 10)], "redrawn"),
    ],
)
def test_one_quarter_that_became_one(before, after, status):
    (change,) = compare_perimeters(
        perimeters_of({"Q1": before}, 2015), perimeters_of({"Q2": after})
    )
    assert (change.status, change.before, change.after) == (status, ("Q1",), ("Q2",))
    assert change.area_before == pytest.approx(4)


def test_merged_split_new_and_gone():
    before = perimeters_of(
        {"A": [(0, 0, 5, 5)], "B": [(5, 0, 10, 5)], "C": [(20, 0, 30, 5)], "D": [(50, 0, 55, 5)]},
        2015,
    )
    after = perimeters_of(
        {"E": [(0, 0, 10, 5)], "F": [(20, 0, 24, 5)], "G": [(26, 0, 30, 5)], "H": [(80, 0, 85, 5)]}
    )
    changes = compare_perimeters(before, after)
    assert [(change.status, change.before, change.after) for change in changes] == [
        ("merged", ("A", "B"), ("E",)),
        ("split", ("C",), ("F", "G")),
        ("new", (), ("H",)),
        ("gone", ("D",), ()),
    ]


def test_outlines_that_only_touch_are_not_the_same_quarter():
    changes = compare_perimeters(
        perimeters_of({"A": [(0, 0, 5, 5)]}, 2015), perimeters_of({"B": [(5, 0, 10, 5)]})
    )
    assert [change.status for change in changes] == ["new", "gone"]


def test_lists_in_different_projections_are_refused():
    one = perimeters_of({"A": [(0, 0, 5, 5)]})
    with pytest.raises(BadInput, match="different projections"):
        compare_perimeters(one, one.to_crs(2154))
