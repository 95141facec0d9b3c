"""How the time of each kernel grows with the number of tiles: the exponent over four sizes."""

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.conftest import timed
from benchmarks.growing import KERNELS
from benchmarks.inputs import national
from zonage.kernels.ids import format_ids

SIDES = (625, 1250, 2500, 5000)
"""Cells along a side: 35 000 to 2.25 million inhabited tiles, four times as many at each step."""
AT_MOST = 1.5
"""Linear, with a smallest input that fits the cache and a largest that does not; 2 is quadratic."""
ENOUGH_ROUNDS, ENOUGH_SECONDS = 15, 0.4


def best_time(call):
    """Time a call until it had its rounds or its time, at least twice."""
    call()
    times = [timed(call), timed(call)]
    while len(times) < ENOUGH_ROUNDS and sum(times) < ENOUGH_SECONDS:
        times.append(timed(call))
    return min(times)


@pytest.mark.parametrize("name", KERNELS)
def test_growth(measure, name):
    sizes, seconds = [], []
    for side in SIDES:
        country = national(side)
        sizes.append(len(country.row))
        seconds.append(best_time(KERNELS[name](country)))
    exponent = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    times = " / ".join(f"{one * 1e3:.2f}" for one in seconds)
    detail = f"{times} ms for {sizes[0]:,} to {sizes[-1]:,} tiles".replace(",", " ")
    measure(f"exponent of growth: {name}", exponent, "", AT_MOST, detail)


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_run_at_every_size(name):
    for side in (40, 80):
        KERNELS[name](national(side))()


def test_ids_of_a_country_are_those_that_were_written():
    country = national(80)
    data, offsets = format_ids(3035, 200, country.row, country.column)
    ids = pa.LargeStringArray.from_buffers(
        len(country.row), pa.py_buffer(offsets), pa.py_buffer(data)
    )
    assert ids[0].as_py() == f"CRS3035RES200mN{country.row[0] * 200}E{country.column[0] * 200}"
