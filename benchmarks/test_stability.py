"""Complementary perimeters under many rules, against a loop of numpy and scipy.ndimage.label."""

import numpy as np
import pytest
from scipy import ndimage

import zonage as zn
from benchmarks.inputs import field
from benchmarks.test_run import LAW, lille
from zonage.complementary.layers import Indicator, Layer
from zonage.complementary.many_rules import under_many
from zonage.complementary.perimeters import complement
from zonage.complementary.rule_file import load_rule
from zonage.complementary.stability import stability

RULES = 1000
EIGHT = np.ones((3, 3))
DIRECTIONS = {"poverty": "high", "school": "low", "housing": "high"}
RANGES = {
    "level_1_families": (2, 3),
    "level_2_families": (1, 2),
    "min_population": (200, 300, 500, 700, 1000),
    "poverty.cutoff": tuple(np.round(np.linspace(0.1, 0.3, 21), 3).tolist()),
    "school.cutoff": tuple(range(80, 101)),
    "housing.cutoff": tuple(np.round(np.linspace(0.2, 0.6, 21), 3).tolist()),
}


def indicator(name):
    return Indicator(
        name=name,
        label={"en": name, "fr": name},
        unit="1",
        direction=DIRECTIONS[name],
        missing="absent",
        family=name,
    )


@pytest.fixture(scope="module")
def base():
    """The core of the MEL with its poverty and social dwellings, and schools drawn by chance."""
    tiles = lille()
    zoning = zn.qpv(tiles, LAW, zn.read_reference("declared", 2019))
    grid = tiles.grid()
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    school = 98 + 12 * field(np.random.default_rng(0), max(grid.shape), 8)[row, column]
    with np.errstate(invalid="ignore", divide="ignore"):
        social = tiles.values("social_dwellings") / tiles.values("households")
    values = {"poverty": tiles.poverty_share, "school": school, "housing": social}
    rule = load_rule()
    packaged = rule.indicators
    for name, cutoff in (("poverty", 0.2), ("school", 90), ("housing", 0.4)):
        rule = rule.adding(indicator(name), cutoff=cutoff)
    rule = rule.reform({f"{name}.used": False for name in packaged})
    layers = [
        Layer(indicator(name), np.asarray(given, np.float64), source="drawn", how="", notes=())
        for name, given in values.items()
    ]
    return complement(zoning, layers, rule)


def scipy_loop(base, rules):
    """Flag, label, sum and keep on the grid, both levels of every rule."""
    tiles = base.tiles
    grid = tiles.grid()
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    people = np.zeros(grid.shape, np.int64)
    people[row, column] = tiles.count("population")
    free = (people[row, column] > 0) & ~base.quarters
    sign = np.array([1.0 if direction == "high" else -1.0 for direction in DIRECTIONS.values()])
    values = sign[:, np.newaxis] * np.stack([one.layer.value for one in base.layers])
    cutoffs = [[rule[f"{name}.cutoff"] for name in DIRECTIONS] for rule in rules]

    def run():
        inside = np.zeros((2, *grid.shape), np.int64)
        totals = np.zeros((len(rules), 2, 3), np.int64)
        flag = np.zeros(grid.shape, np.bool_)
        for number, (rule, cutoff) in enumerate(zip(rules, cutoffs, strict=True)):
            holds = (values >= (sign * cutoff)[:, np.newaxis]).sum(axis=0)
            for level in (0, 1):
                flag[row, column] = (holds >= rule.needed(level + 1)) & free
                labels, count = ndimage.label(flag, EIGHT)
                size = np.bincount(labels.ravel(), people.ravel(), minlength=count + 1)
                keep = size >= 1000 * rule["min_population"]
                keep[0] = False
                mask = keep[labels]
                inside[level] += mask
                totals[number, level] = keep.sum(), mask.sum(), people[mask].sum()
        return inside[:, row, column], totals

    return run


def test_a_thousand_rules_on_the_mel(race, base):
    rules = stability(base, RANGES, plan="sample", draws=RULES, seed=1).outcomes.rules
    peer = scipy_loop(base, rules)
    found = under_many(base, rules)
    inside, totals = peer()
    np.testing.assert_array_equal(found.inside, inside)
    np.testing.assert_array_equal(found.totals, totals)
    race(
        "perimeters of 2 levels under 1 000 rules",
        f"MEL, {len(base.tiles)} tiles",
        lambda: under_many(base, rules),
        {"numpy + scipy.ndimage loop": (peer, 6)},
    )


def test_a_stability_run_as_asked_for(base, measure):
    import time

    stability(base, RANGES, plan="sample", draws=10)
    begun = time.perf_counter()
    found = stability(base, RANGES, plan="sample", draws=5000)
    taken = time.perf_counter() - begun
    assert found.rules == 5000
    measure("stability, MEL, 5 000 rules drawn, with what removes each perimeter", taken, "s")
