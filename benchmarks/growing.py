"""Each kernel on a country of any size: functions that prepare a call without arguments."""

import numpy as np
import shapely

from benchmarks.inputs import Country
from zonage.income import LogNormal, zone_medians, zone_shares_below
from zonage.kernels.assignment import assign, buckets
from zonage.kernels.border import border_lines
from zonage.kernels.completion import complete
from zonage.kernels.components import label, members
from zonage.kernels.coverage import cell_shares
from zonage.kernels.distance import squared_distances
from zonage.kernels.gaps import bridge, fill_holes
from zonage.kernels.ids import format_ids, parse_ids
from zonage.kernels.levels import under_rules
from zonage.kernels.lognormal import parameters, share_below
from zonage.kernels.mergetree import entry_by_group, order_by_group, sums_by_line
from zonage.kernels.neighbours import neighbour_table
from zonage.kernels.quarters import trace_by_group
from zonage.kernels.raster import gather, scatter
from zonage.kernels.relabel import relabel
from zonage.kernels.response import look_up, running_sums, sizes_by_line
from zonage.kernels.smooth import bisquare_weights, window_sums
from zonage.kernels.sums import sum_by_label, sums_by_label

MINIMUM = 1_000_000  # thousandths of an inhabitant
LINES = np.linspace(14_000.0, 20_000.0, 20)


# --------------------------------------------------------------------------------------------------
# From files to the grid


def parsing(country: Country):
    north, east = country.row + 10_000, country.column + 15_000
    data, offsets = format_ids(3035, 200, north, east)
    out = np.empty_like(north), np.empty_like(east)
    return lambda: parse_ids(data, offsets, *out)


def formatting(country):
    return lambda: format_ids(3035, 200, country.row, country.column)


def scattering(country):
    out = np.empty((country.side, country.side))
    return lambda: scatter(country.row, country.column, country.criterion, np.nan, out)


def gathering(country):
    grid, out = country.grid(country.flag), np.empty(len(country.row), np.bool_)
    return lambda: gather(grid, country.row, country.column, out)


def covering(country):
    """One outline around most of the country, with a corner for each cell of a side."""
    turn = np.linspace(0, 2 * np.pi, country.side, endpoint=False)
    far = country.side * np.random.default_rng(5).uniform(0.3, 0.5, country.side)
    centre = country.side / 2
    corners = np.stack([centre + far * np.cos(turn), centre + far * np.sin(turn)], axis=1)
    x, y = shapely.get_coordinates(shapely.polygons(corners)).T.copy()
    out = np.empty((country.side, country.side + 1))
    return lambda: cell_shares(x, y, np.array([0, len(x)]), out)


def smoothing(country):
    grid = country.grid(country.population.astype(np.float64))[None]
    weights, out = bisquare_weights(5), np.empty((1, len(country.row)))
    return lambda: window_sums(grid, country.row, country.column, weights, out)


# --------------------------------------------------------------------------------------------------
# Incomes


def incomes(country):
    n = len(country.row)
    share = np.random.default_rng(5).uniform(0.05, 0.6, n)
    mu, sigma, below = np.empty((3, n))

    def run():
        parameters(country.criterion, share, 13_000.0, 0.44, mu, sigma)
        share_below(mu, sigma, country.line, below)

    return run


def log_normal(country):
    return LogNormal(np.log(country.criterion.clip(1000)), np.full(len(country.row), 0.44))


def medians(country):
    labels, count = zones_of(country)
    income = log_normal(country)
    return lambda: zone_medians(labels, count, country.population, income)


def shares(country):
    labels, count = zones_of(country)
    income, line = log_normal(country), np.full(count, country.line)
    return lambda: zone_shares_below(labels, count, country.population, income, line)


# --------------------------------------------------------------------------------------------------
# From tiles to quarters


def neighbouring(country):
    start, out = np.array([0, len(country.row)]), np.empty((len(country.row), 8), np.int32)
    return lambda: neighbour_table(country.row, country.column, start, out)


def bordering(country):
    out = np.empty(len(country.row))
    tiles = country.criterion, country.neighbours, country.population
    return lambda: border_lines(*tiles, 3 / 8, 0.15, out)


def zones_of(country):
    labels = np.empty(len(country.row), np.int32)
    return labels, label(country.flag, country.neighbours, 8, labels)


def labelling(country):
    flag, out = country.flag, np.empty(len(country.row), np.int32)
    return lambda: label(flag, country.neighbours, 8, out)


def labelling_all(country):
    flag, out = np.ones(len(country.row), np.bool_), np.empty(len(country.row), np.int32)
    return lambda: label(flag, country.neighbours, 8, out)


def summing(country):
    labels, count = zones_of(country)
    out = np.empty(count + 1, np.int64)
    return lambda: sum_by_label(labels, country.population, out)


def summing_two(country):
    labels, count = zones_of(country)
    values, out = np.stack([country.population, country.unit]), np.empty((2, count + 1), np.int64)
    return lambda: sums_by_label(labels, values, out)


def listed(country):
    """Return the arguments of `members`, filled in."""
    labels, count = zones_of(country)
    start, order = np.empty(count + 1, np.int64), np.empty(np.count_nonzero(labels), np.int64)
    members(labels, start, order)
    return labels, start, order


def listing(country):
    zones = listed(country)
    return lambda: members(*zones)


def completing(country):
    labels, start, order = listed(country)
    n = len(labels)
    excess = np.where(country.flag, 1.0, -1.0) * country.population
    tiles = country.criterion, excess, country.population, country.neighbours
    grown = np.empty(n, np.int64)

    def run():
        space = labels > 0, np.zeros(n, np.bool_), np.zeros(n, np.int32), grown
        return complete(start, order, *tiles, 8, MINIMUM, MINIMUM // 2, *space)

    return run


def filling(country):
    inside, queue = country.grid(country.flag), np.empty(country.side**2, np.int64)
    return lambda: fill_holes(inside.copy(), 4, 4, np.zeros_like(inside), queue)


def bridging(country):
    labels, count = zones_of(country)
    nearest = country.grid(labels)
    free, group = nearest == 0, np.zeros(count + 1, np.int32)
    queue, parent = np.empty(country.side**2, np.int64), np.empty(count + 1, np.int32)
    return lambda: bridge(
        free, 1, 8, group, nearest.copy(), np.zeros_like(nearest), queue, parent
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------
# All lines at once


def by_unit(country):
    """Return the tiles sorted by unit, where the units start, and the neighbours within them."""
    country, start = country.by_unit()
    neighbours = np.empty((len(country.row), 8), np.int32)
    neighbour_table(country.row, country.column, start, neighbours)
    return country, start, neighbours


def ordered(country):
    """Return the tiles by unit as `entry_by_group` takes them."""
    country, start, neighbours = by_unit(country)
    order = np.empty(len(country.row), np.int64)
    order_by_group(country.criterion, start, order)
    return order, start, country.criterion, neighbours, 8, country.population


def growing(country):
    order, start, criterion, *rest = ordered(country)
    out = np.empty(len(order))

    def run():
        order_by_group(criterion, start, order)
        entry_by_group(order, start, criterion, *rest, MINIMUM, out)

    return run


def entering(country):
    """Return start, entered, count and entry of the tiles that lie in a quarter at some line."""
    tiles = ordered(country)
    entry, entered = np.empty(len(tiles[0])), np.empty(len(tiles[0]), np.int64)
    count = np.empty(len(tiles[1]) - 1, np.int64)
    entry_by_group(*tiles, MINIMUM, entry, entered, count)
    return tiles, (tiles[1], entered, count, entry)


def tracing(country):
    (*_, neighbours, corners, people), entered = entering(country)
    home, alive = np.empty(len(people), np.int32), np.empty(len(people), np.int64)
    return lambda: trace_by_group(*entered, neighbours, corners, people, home, alive)


def answering(country):
    """Running sums, and 20 scenarios looked up in them."""
    (*_, people), (start, entered, count, entry) = entering(country)
    alive = np.zeros(len(people), np.int64)
    lines = np.linspace(0.8, 1.2, 20)[:, None] * np.full(len(count), country.line)

    def run():
        sums = running_sums(start, entered, count, entry, alive, people[None])
        return look_up(start, count, *sums, lines)

    return run


def adding_at_lines(country):
    _, (*_, entry) = entering(country)
    out = np.empty((1, len(LINES)), np.int64)
    return lambda: sums_by_line(entry, country.population[None], LINES, out)


def sizing(country):
    tiles = ordered(country)
    return lambda: sizes_by_line(*tiles, LINES[None], np.array([MINIMUM // 2, MINIMUM]))


def relabelling(country):
    tiles = country.criterion, country.neighbours, 8, country.population
    out = np.empty((len(LINES), 3), np.int64)
    return lambda: relabel(*tiles, LINES, out, min_population=MINIMUM)


# --------------------------------------------------------------------------------------------------
# Complementary indicators


def measuring(country):
    """Distances to the flagged tiles."""
    marked = np.lexsort((country.row[country.flag], country.column[country.flag]))
    at = country.row[country.flag][marked], country.column[country.flag][marked]
    out = np.empty(len(country.row), np.int64)
    return lambda: squared_distances(country.row, country.column, *at, out)


def assigning(country):
    """The five nearest of one school to 70 tiles."""
    x, y = 200.0 * country.column, -200.0 * country.row
    order, start, mesh = buckets(x[::70].copy(), y[::70].copy(), 1500.0)
    pupils, index = np.ones(len(order)), np.linspace(60.0, 140.0, len(order))
    sites = x[::70][order], y[::70][order], pupils, index, order
    mean, contrast, count = np.empty(len(x)), np.empty(len(x)), np.empty(len(x), np.int32)
    return lambda: assign(x, y, sites, start, mesh, 1500.0, 5, 350.0, mean, contrast, count)


def ruling(country):
    """Two levels of perimeters under ten rules on two indicators."""
    n, rules = len(country.row), 10
    indices = np.random.default_rng(5).integers(1, 1000, (2, n)).astype(np.int32)
    candidate, label_of = np.ones((2, n), np.bool_), np.zeros((2, n), np.int32)
    cutoff = np.linspace(600, 900, rules).astype(np.int32)
    one, yes = np.ones(rules, np.int64), np.ones(rules, np.bool_)
    rule = (
        np.stack([cutoff, cutoff], axis=1), np.ones((rules, 2), np.bool_),
        np.array([[1, 2]] * rules), 2 * one, ~yes, np.array([[2, 1]] * rules),
        np.ones((rules, 2), np.int64), MINIMUM * one, yes, ~yes,
    )  # fmt: skip
    out = (
        np.empty((2, n), np.int64),
        np.empty((rules, 2, 3), np.int64),
        np.empty((rules, 2, 1), np.int64),
    )
    tiles = indices, indices.astype(np.int64), country.population, candidate, country.neighbours
    return lambda: under_rules(*tiles, label_of, *rule, *out)


KERNELS = {
    "parse ids": parsing,
    "format ids": formatting,
    "records to grid": scattering,
    "grid to records": gathering,
    "shares of cells inside an outline": covering,
    "bisquare smoothing, radius 5": smoothing,
    "log-normal incomes and shares below a line": incomes,
    "medians of zones": medians,
    "shares of zones below their line": shares,
    "neighbour table": neighbouring,
    "border rule": bordering,
    "label flagged tiles": labelling,
    "label all inhabited tiles": labelling_all,
    "sum over zones": summing,
    "sum two variables over zones": summing_two,
    "list the tiles of zones": listing,
    "complete small zones": completing,
    "fill holes": filling,
    "bridge zones": bridging,
    "every line, a tree per unit": growing,
    "quarters from line to line": tracing,
    "running sums and 20 scenarios": answering,
    "sums at 20 lines": adding_at_lines,
    "20 lines x 2 minimum populations": sizing,
    "20 lines by relabelling": relabelling,
    "distance to flagged tiles": measuring,
    "5 nearest schools": assigning,
    "10 rules for perimeters": ruling,
}
