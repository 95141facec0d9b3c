"""How the time of each kernel grows with the number of tiles: the exponent over four sizes."""

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import inputs
from benchmarks.conftest import timed
from benchmarks.inputs import national
from zonage.income import LogNormal, zone_medians
from zonage.kernels.components import label
from zonage.kernels.ids import format_ids, parse_ids
from zonage.kernels.mergetree import entry_by_group, order_by_group
from zonage.kernels.neighbours import neighbour_table
from zonage.kernels.raster import scatter
from zonage.kernels.smooth import bisquare_weights, window_sums
from zonage.kernels.sums import sum_by_label

SIDES = (625, 1250, 2500, 5000)
"""Cells along a side: 35 000 to 2.25 million inhabited tiles, four times as many at each step."""
AT_MOST = 1.5
"""Linear, with a smallest input that fits the cache and a largest that does not; 2 is quadratic."""
ROUNDS = 15


def parsing(country):
    north, east = country.row + 10_000, country.column + 15_000
    data, offsets = format_ids(3035, 200, north, east)
    out = np.empty_like(north), np.empty_like(east)
    return lambda: parse_ids(data, offsets, *out)


def neighbouring(country):
    start, out = np.array([0, len(country.row)]), np.empty((len(country.row), 8), np.int32)
    return lambda: neighbour_table(country.row, country.column, start, out)


def labelling(country):
    flag, out = country.flag, np.empty(len(country.row), np.int32)
    return lambda: label(flag, country.neighbours, 8, out)


def labelling_all(country):
    flag, out = np.ones(len(country.row), np.bool_), np.empty(len(country.row), np.int32)
    return lambda: label(flag, country.neighbours, 8, out)


def zones_of(country):
    labels = np.empty(len(country.row), np.int32)
    return labels, label(country.flag, country.neighbours, 8, labels)


def summing(country):
    labels, count = zones_of(country)
    out = np.empty(count + 1, np.int64)
    return lambda: sum_by_label(labels, country.population, out)


def medians(country):
    labels, count = zones_of(country)
    income = LogNormal(np.log(country.criterion.clip(1000)), np.full(len(labels), 0.44))
    return lambda: zone_medians(labels, count, country.population, income)


def scattering(country):
    out = np.empty((country.side, country.side))
    return lambda: scatter(country.row, country.column, country.criterion, np.nan, out)


def smoothing(country):
    grid = country.grid(country.population.astype(np.float64))[None]
    weights, out = bisquare_weights(5), np.empty((1, len(country.row)))
    return lambda: window_sums(grid, country.row, country.column, weights, out)


def growing(country):
    country, start = country.by_unit()
    order, out = np.empty(len(country.row), np.int64), np.empty(len(country.row))
    neighbours = np.empty((len(country.row), 8), np.int32)
    neighbour_table(country.row, country.column, start, neighbours)

    def run():
        order_by_group(country.criterion, start, order)
        parts = (order, start, country.criterion, neighbours, 8, country.population)
        entry_by_group(*parts, 1_000_000, out)

    return run


KERNELS = {
    "parse ids": parsing,
    "neighbour table": neighbouring,
    "label flagged tiles": labelling,
    "label all inhabited tiles": labelling_all,
    "sum over zones": summing,
    "medians of zones": medians,
    "records to grid": scattering,
    "bisquare smoothing, radius 5": smoothing,
    "every line, a tree per unit": growing,
}


@pytest.mark.parametrize("name", KERNELS)
def test_growth(measure, name):
    sizes, seconds = [], []
    for side in SIDES:
        country = national(side)
        run = KERNELS[name](country)
        run()
        sizes.append(len(country.row))
        seconds.append(min(timed(run) for _ in range(ROUNDS)))
    exponent = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    times = " / ".join(f"{one * 1e3:.2f}" for one in seconds)
    detail = f"{times} ms for {sizes[0]:,} to {sizes[-1]:,} tiles".replace(",", " ")
    measure(f"exponent of growth: {name}", exponent, "", AT_MOST, detail)


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_run_at_every_size(name):
    for side in (40, 80):
        KERNELS[name](national(side))()
    assert inputs.national(40).side == 40


def test_ids_of_a_country_are_those_that_were_written():
    country = national(80)
    data, offsets = format_ids(3035, 200, country.row, country.column)
    ids = pa.LargeStringArray.from_buffers(
        len(country.row), pa.py_buffer(offsets), pa.py_buffer(data)
    )
    assert ids[0].as_py() == f"CRS3035RES200mN{country.row[0] * 200}E{country.column[0] * 200}"
