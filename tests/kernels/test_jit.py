"""The cache of compiled kernels: what is loaded with one, and that compiling goes on after it."""

import json
import os
import subprocess
import sys

GATHER = """
import json, sys
import numba, numpy as np
from zonage.kernels.raster import gather

out = np.empty(2)
gather(np.arange(4.0).reshape(2, 2), np.array([1, 0], np.int32), np.array([0, 1], np.int32), out)
light = not {"numba.np.linalg", "scipy.linalg"} & sys.modules.keys()
"""

REPORT = """
print(json.dumps([out.tolist(), sum(gather.stats.cache_hits.values()), light]))
"""

COMPILE = """
@numba.njit
def dot(grid, row, column, out):
    gather(grid, row, column, out)
    return np.dot(grid, grid).sum() + out[0]

out[:] = dot(np.ones((2, 2)), np.zeros(2, np.int32), np.zeros(2, np.int32), np.empty(2))
"""


ZONING = """
import json, sys
import numpy as np
import zonage as zn
from zonage.tiles import Codes

place, people = np.arange(40), np.full(40, 100.0)
columns = {"population": people, "households": people / 2, "poor_households": people / 5,
           "income_sum": people * (10_000 + 200 * place)}
unit = Codes.encode(["59702"] * 40)
tiles = zn.Tiles.from_columns(place * 0, place, columns, urban_unit=unit, vintage=2019)
zoning = zn.qpv(tiles, zn.law("qpv", on="2024-01-01"), zn.read_reference("declared", 2019))
heavy = {"numba.np.linalg", "scipy.special", "pandas", "xarray", "geopandas", "pyarrow", "polars",
         "pyproj", "shapely", "matplotlib"}
print(json.dumps([zoning.zone_count, sorted(heavy & sys.modules.keys())]))
"""

PLAIN = {"NUMBA_DISABLE_JIT": "0", "NUMBA_BOUNDSCHECK": "0"}


def printed(script, **environment):
    """What a process prints, read as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | PLAIN | environment,
    )
    return json.loads(done.stdout)


def test_a_kernel_on_disk_is_loaded_without_what_only_compiling_needs(tmp_path):
    here = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert printed(GATHER + REPORT, **here) == [[2.0, 1.0], 0, False]
    assert printed(GATHER + REPORT, **here) == [[2.0, 1.0], 1, True]
    assert printed(GATHER + COMPILE + REPORT, **here) == [[9.0, 9.0], 1, True]


def test_a_run_with_bounds_checks_keeps_to_itself(tmp_path):
    here = {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_BOUNDSCHECK": "1"}
    assert printed(GATHER + REPORT, **here) == [[2.0, 1.0], 0, False]
    assert not [*tmp_path.rglob("*.nb?")]


def test_the_first_zoning_loads_nothing_heavy_but_the_compiler():
    printed(ZONING)  # compiles what is not on disk yet
    assert printed(ZONING) == [1, []]
