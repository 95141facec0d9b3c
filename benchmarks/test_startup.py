"""What starting costs: the help against a bare Python, a first result against importing numba."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

MAX_RATIO_OF_HELP = 10
MAX_RATIO_OF_A_RESULT = 2

FIRST_RESULT = """
import numpy as np
import zonage as zn
from zonage.tiles import Codes
side = 40
northing, easting = (axis.ravel() for axis in np.mgrid[15_000:15_000 + side, 19_000:19_000 + side])
people = np.full(side**2, 100.0)
counts = {"population": people, "income_sum": people * (10_000 + 10 * easting % 9_000)}
unit = Codes.encode(["59702"] * side**2)
tiles = zn.Tiles.from_columns(northing, easting, counts, urban_unit=unit, vintage=2019)
zoning = zn.qpv(tiles, zn.law("qpv", on="2024-01-01"), zn.read_reference("declared", 2019))
assert len(zoning.label) == side**2
"""
"""From a bare process to a zoning of 1 600 tiles, every kernel of the job included."""


def seconds(*arguments: str, **environment: str) -> float:
    """Time one process."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    return time.perf_counter() - begun


def in_turns(*commands: tuple[str, ...], rounds: int = 7) -> list[float]:
    """Best times of commands that take turns, after one turn to warm the files."""
    turns = [[seconds(*command) for command in commands] for _ in range(rounds + 1)][1:]
    return [min(times) for times in zip(*turns, strict=True)]


def test_help_against_a_bare_python(measure):
    ours, bare = in_turns(("-m", "zonage.cli", "--help"), ("-c", "pass"))
    measure(
        "zonage --help against a bare Python",
        ours / bare,
        "times",
        MAX_RATIO_OF_HELP,
        f"{ours * 1e3:.0f} ms; python -c pass: {bare * 1e3:.0f} ms",
    )


def test_the_first_result_against_importing_numba(measure):
    ours, numba, numpy = in_turns(
        ("-c", FIRST_RESULT), ("-c", "import numba"), ("-c", "import numpy")
    )
    measure(
        "first zoning on a warm cache against importing numba",
        ours / numba,
        "times",
        MAX_RATIO_OF_A_RESULT,
        f"{ours * 1e3:.0f} ms; import numba: {numba * 1e3:.0f} ms, numpy: {numpy * 1e3:.0f} ms",
    )


@pytest.mark.ungated
@pytest.mark.parametrize("command", ["result", "demo"])
def test_the_first_result_on_a_cold_cache(measure, command):
    with tempfile.TemporaryDirectory() as cache:
        arguments = {
            "result": ("-c", FIRST_RESULT),
            "demo": ("-m", "zonage.cli", "demo", "--output", str(Path(cache, "out"))),
        }[command]
        cold = seconds(*arguments, NUMBA_CACHE_DIR=cache)
        warm = seconds(*arguments, NUMBA_CACHE_DIR=cache)
    measure(f"{command} on a cold cache", cold, "s", detail=f"{warm:.1f} s on a warm one")
    assert warm < cold
