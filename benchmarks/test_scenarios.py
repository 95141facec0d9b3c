"""National scenarios: a line for each urban unit, against a loop over scenarios on the grid."""

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.inputs import national
from zonage.kernels.components import label
from zonage.mergetree import merge_tree
from zonage.tiles import Codes, Tiles

MIN_POPULATION = 1000
SCENARIOS = 1000
TIMED = 2  # scenarios of the peer that are timed
EIGHT = np.ones((3, 3))


@pytest.fixture(scope="module")
def country():
    return national().by_unit()[0]


@pytest.fixture(scope="module")
def tiles(country):
    names = tuple(f"{code:05}" for code in range(country.unit.max() + 1))
    return Tiles(
        crs=3035,
        resolution=200,
        northing=-country.row,
        easting=country.column,
        counts={"population": country.population},
        commune=Codes(np.full(len(country.row), -1, np.int32), ()),
        urban_unit=Codes(country.unit.astype(np.int32), names),
    )


@pytest.fixture(scope="module")
def lines(tiles):
    """Draw a line for each unit in each scenario."""
    units = len(tiles.unit_start) - 1
    generator = np.random.default_rng(4)
    factors = np.linspace(0.8, 1.2, SCENARIOS)[:, np.newaxis]
    return factors * generator.uniform(14_000, 20_000, units)


def scipy_scenarios(country, tiles, lines):
    criterion = country.grid(country.criterion, np.inf)
    population = country.grid(country.population)
    sizes = np.diff(tiles.unit_start)

    def run():
        result = []
        for scenario in lines:
            labels = ndimage.label(criterion < country.grid(np.repeat(scenario, sizes)), EIGHT)[0]
            people = np.bincount(labels.ravel(), population.ravel())
            people[0] = 0
            keep = people >= MIN_POPULATION * 1000
            result.append((keep.sum(), people[keep].sum()))
        return result

    return run


def expected(tiles, criterion, scenario):
    """Count zones and inhabitants by labelling anew, zones within their unit."""
    labels = np.empty(len(tiles), np.int32)
    line = np.repeat(scenario, np.diff(tiles.unit_start))
    count = label(criterion < line, tiles.neighbours_within_units, 8, labels)
    people = np.bincount(labels, tiles.values("population"), count + 1)[1:]
    kept = people[people >= MIN_POPULATION - 1e-6]
    return len(kept), kept.sum()


def test_national_scenarios(race, country, tiles, lines):
    tree = merge_tree(tiles, country.criterion, min_population=MIN_POPULATION)
    response = tree.response(lines)
    for i in (0, 500, 999):
        zones, people = expected(tiles, country.criterion, lines[i])
        assert response["zones"][i] == zones
        assert response["population"][i] == pytest.approx(people, rel=1e-12)
    race(
        "1000 scenarios, a line for each unit",
        country.size,
        lambda: tree.response(lines),
        {
            f"scipy loop, from {TIMED} scenarios": (
                scipy_scenarios(country, tiles, lines[:: SCENARIOS // TIMED]),
                3000,
            )
        },
        rounds=3,
        peer_scale=SCENARIOS / TIMED,
    )


def test_the_tree_of_a_country_with_its_quarters(race, country, tiles, lines):
    """Race a tree, its quarters and 1 000 scenarios, all made anew, against scipy's scenarios."""

    def zonage():
        tree = merge_tree(tiles, country.criterion, min_population=MIN_POPULATION)
        return len(tree.quarters), tree.response(lines)

    race(
        "tree, quarters and 1000 scenarios",
        country.size,
        zonage,
        {
            f"scipy loop, from {TIMED} scenarios": (
                scipy_scenarios(country, tiles, lines[:: SCENARIOS // TIMED]),
                800,
            )
        },
        rounds=3,
        peer_scale=SCENARIOS / TIMED,
    )
