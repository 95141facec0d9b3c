"""All lines at once, against a loop that flags, labels, sums and keeps at every line."""

import cc3d
import higra as hg
import numpy as np
import pytest
from scipy import ndimage

from benchmarks.growing import by_unit
from benchmarks.inputs import metropolis, national
from zonage.kernels.components import label
from zonage.kernels.mergetree import entry, entry_by_group, order_by_group, sums_by_line
from zonage.kernels.relabel import relabel
from zonage.kernels.response import sizes_by_line
from zonage.kernels.sums import sum_by_label

MIN_POPULATION = 1_000_000  # thousandths of an inhabitant
LINES = np.linspace(9_000, 31_000, 1000)
EIGHT = np.ones((3, 3))


def inside(entries, population, lines):
    """Return the tiles and the people inside at each line."""
    values = np.stack([np.ones_like(population), population])
    out = np.empty((2, len(lines)), np.int64)
    sums_by_line(entries, values, lines, out)
    return out


def kept_on_grid(criterion, population, line, components):
    """Flag, label, sum and keep on a grid; return the mask of what is kept."""
    labels = components(criterion < line)
    keep = np.bincount(labels.ravel(), population.ravel()) >= MIN_POPULATION
    keep[0] = False
    return keep[labels]


def grid_loop(country, lines, components):
    criterion = country.grid(country.criterion, np.inf)
    population = country.grid(country.population)

    def run():
        kept = (kept_on_grid(criterion, population, line, components) for line in lines)
        return np.array([[np.count_nonzero(mask), population[mask].sum()] for mask in kept]).T

    return run


def scipy_components(flag):
    return ndimage.label(flag, EIGHT)[0]


def cc3d_components(flag):
    return cc3d.connected_components(flag, connectivity=8, binary_image=True)


def one_tree(country, lines):
    out = np.empty(len(country.row))

    def run():
        order = np.argsort(country.criterion)
        entry(
            order,
            country.criterion,
            country.neighbours,
            8,
            country.population,
            MIN_POPULATION,
            out,
        )
        return inside(out, country.population, lines)

    return run


def higra_tree(country, lines):
    """Return the same by higra's tree of components: the lowest ancestor of enough people."""
    criterion = country.grid(country.criterion, np.inf)
    population = country.grid(country.population)
    graph = hg.get_8_adjacency_graph(criterion.shape)

    def run():
        tree, altitude = hg.component_tree_min_tree(graph, criterion)
        people = hg.accumulate_sequential(tree, population.ravel(), hg.Accumulators.sum)
        small = people < MIN_POPULATION
        entries = hg.propagate_sequential(tree, altitude, small)[: tree.num_leaves()]
        entries = entries.reshape(criterion.shape)[country.row, country.column]
        return inside(entries, country.population, lines)

    return run


def relabelling(country, lines):
    neighbours = country.neighbours
    out = np.empty((len(lines), 3), np.int64)

    def run():
        relabel(
            country.criterion,
            neighbours,
            8,
            country.population,
            lines,
            out,
            min_population=MIN_POPULATION,
        )
        return out[:, 1:].T

    return run


@pytest.mark.short
def test_all_lines_of_a_metropolis(race):
    country = metropolis()
    zonage = one_tree(country, LINES)
    peers = {
        "scipy loop": (grid_loop(country, LINES, scipy_components), 80),
        "cc3d loop": (grid_loop(country, LINES, cc3d_components), 50),
        "higra": (higra_tree(country, LINES), 1.3),
    }
    for peer, _ in peers.values():
        np.testing.assert_array_equal(zonage(), peer())
    race("1000 lines by one tree", country.size, zonage, peers, rounds=3)


def test_relabelling_a_metropolis(race):
    country = metropolis()
    zonage = relabelling(country, LINES)
    scipy = grid_loop(country, LINES, scipy_components)
    np.testing.assert_array_equal(zonage(), scipy())
    race("1000 lines by relabelling", country.size, zonage, {"scipy loop": (scipy, 6)}, rounds=3)


def test_minimum_populations_of_a_metropolis(race):
    """Race 1 000 lines and 100 minimum populations against scipy, timed with one minimum."""
    country = metropolis()
    start = np.array([0, len(country.row)])
    minima = np.arange(100, 10_100, 100) * 1000
    order = np.empty(len(country.row), np.int64)

    def zonage():
        order_by_group(country.criterion, start, order)
        return sizes_by_line(
            order,
            start,
            country.criterion,
            country.neighbours,
            8,
            country.population,
            LINES[np.newaxis],
            minima,
        )

    one_minimum = grid_loop(country, LINES, scipy_components)
    place = int(np.searchsorted(minima, MIN_POPULATION))
    np.testing.assert_array_equal(zonage()[:, place, 1:].T, one_minimum())
    race(
        "1000 lines x 100 minimum populations",
        country.size,
        zonage,
        {"scipy loop, from 1 minimum": (one_minimum, 2000)},
        rounds=3,
        peer_scale=len(minima),
    )


@pytest.fixture(scope="module")
def three_lines():
    return LINES[[200, 500, 800]]


def test_all_lines_of_a_country_by_one_tree(race, three_lines):
    country = national()
    scipy = grid_loop(country, three_lines, scipy_components)
    np.testing.assert_array_equal(one_tree(country, three_lines)(), scipy())
    race(
        "1000 lines by one tree, sort included",
        country.size,
        one_tree(country, LINES),
        {"scipy loop, from 3 lines": (scipy, 0)},
        rounds=3,
        peer_scale=len(LINES) / len(three_lines),
    )


def test_all_lines_of_a_country_by_a_tree_per_unit(race, three_lines):
    country, start, neighbours = by_unit(national())
    n = len(country.row)
    order, out, labels = np.empty(n, np.int64), np.empty(n), np.empty(n, np.int32)

    def zonage():
        order_by_group(country.criterion, start, order)
        entry_by_group(
            order,
            start,
            country.criterion,
            neighbours,
            8,
            country.population,
            MIN_POPULATION,
            out,
        )
        return inside(out, country.population, LINES)

    zonage()
    for line in three_lines:
        zones = label(country.criterion < line, neighbours, 8, labels)
        people = np.empty(zones + 1, np.int64)
        sum_by_label(labels, country.population, people)
        people[0] = 0
        np.testing.assert_array_equal(out < line, (people >= MIN_POPULATION)[labels])
    race(
        "1000 lines by a tree per unit, sort included",
        country.size,
        zonage,
        {"scipy loop, from 3 lines": (grid_loop(country, three_lines, scipy_components), 800)},
        rounds=3,
        peer_scale=len(LINES) / len(three_lines),
    )
