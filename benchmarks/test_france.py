"""All of France in one run, and the real national grid of Norway for what needs no income."""

import pickle
import statistics
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import ndimage

import zonage as zn
from benchmarks.test_run import country
from zonage.kernels.components import label
from zonage.kernels.raster import scatter
from zonage.vintages.compare import tile_changes
from zonage.vintages.union import union_of_vintages

SECONDS, MEGABYTES = 2, 1500
COLUMNS = {"population": "ind", "households": "men", "poor_households": "men_pauv",
           "income_sum": "ind_snv", "social_dwellings": "log_soc"}  # fmt: skip

READ_AND_ZONE = """
import pickle, sys, time
begun = time.perf_counter()
import zonage as zn
parquet, rest = sys.argv[1:]
units, reference = pickle.load(open(rest, "rb"))
law = zn.law("qpv", on="2024-01-01")
def whole():
    tiles = zn.read_tiles(parquet, vintage=2019)
    tiles = tiles.located(urban_unit=tiles.commune.translate(units))
    return zn.qpv(tiles, law, reference)
for _ in range(6):
    zoning = whole()
    print(time.perf_counter() - begun)
    count = zoning.zone_count
    del zoning  # or the next run would hold France twice
    begun = time.perf_counter()
print(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
print(count)
"""
"""Seconds of the first run, imports included, and of five warm ones; peak memory; zones.

The peak is that of the process alone: ``ru_maxrss`` would begin with the peak of its parent.
"""


@pytest.fixture
def national_files(tmp_path):
    """The synthetic national file, and the unit of each commune with the reference incomes."""
    town = country()
    tiles = town.tiles
    frame = pl.DataFrame(
        {
            "idcar_200m": pl.from_arrow(tiles.ids),
            "i_est_200": tiles.imputed.astype(np.int8),
            "lcog_geo": tiles.commune.decode(),
            **{column: tiles.values(name) for name, column in COLUMNS.items()},
        }
    )
    frame.write_parquet(tmp_path / "france_2019.parquet")
    units = dict(zip(tiles.commune.decode(), tiles.urban_unit.decode(), strict=True))
    units = {commune: unit for commune, unit in units.items() if unit}
    (tmp_path / "rest").write_bytes(pickle.dumps((units, town.reference)))
    return str(tmp_path / "france_2019.parquet"), str(tmp_path / "rest")


def test_france_from_parquet_to_quarters(measure, national_files):
    command = [sys.executable, "-c", READ_AND_ZONE, *national_files]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, *warm, kibibytes, zones = (float(line) for line in done.stdout.split())
    town = country()
    assert zones == zn.qpv(town.tiles, zn.law("qpv", on="2024-01-01"), town.reference).zone_count
    size = f"{len(town.tiles)} tiles, {len(town.reference.units)} urban units"
    measure(
        "France, warm Parquet to all quarters",
        min(warm),
        "s",
        SECONDS,
        f"{size}; best of {len(warm)}, median {statistics.median(warm):.2f} s, "
        f"{first:.1f} s for the first run of a process",
    )
    measure("France, peak memory of that process", kibibytes * 1.024e-3, "MB", MEGABYTES)


# --------------------------------------------------------------------------------------------------
# Norway


@cache
def norway():
    """Files, tables and tiles of both vintages."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data" / "biggrid"
    if not folder.is_dir():
        pytest.skip("the real data folder (shared/data beside the repository) is absent")
    files = [folder / f"NOR0250M_POP_{year}.csv" for year in (2021, 2022)]
    return files, [by_pandas(file) for file in files], [zn.read_tiles(file) for file in files]


def by_pandas(file):
    table = pd.read_csv(file, sep=";", dtype={"SSBID0250M": str})
    table["east"] = table["SSBID0250M"].str[:7].astype(int) - 2_000_000
    table["north"] = table["SSBID0250M"].str[7:].astype(int)
    return table


def size():
    return f"Norway, {len(norway()[2][1])} tiles"


def test_reading_a_country(race):
    files, _, (_, tiles) = norway()
    assert tiles.total("population") == by_pandas(files[1])["pop_tot"].sum()
    race("read a national file and its ids", size(), lambda: zn.read_tiles(files[1]),
         {"pandas": (lambda: by_pandas(files[1]), 0)})  # fmt: skip


def test_a_country_on_its_grid(race):
    _, _, (_, tiles) = norway()
    grid, people = tiles.grid(), tiles.values("population")
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    ours, theirs = np.empty(grid.shape), np.empty(grid.shape)

    def by_numpy():
        theirs[...] = 0
        theirs[row, column] = people

    scatter(row, column, people, 0.0, ours)
    by_numpy()
    np.testing.assert_array_equal(ours, theirs)
    race("put a country on its grid", size(), lambda: scatter(row, column, people, 0.0, ours),
         {"numpy": (by_numpy, 0)})  # fmt: skip


def test_towns_of_a_country(race):
    """Neighbours included: from tiles to the connected tiles of 300 inhabitants a km2."""
    _, _, (_, tiles) = norway()
    grid, density = tiles.grid(), tiles.values("population") / tiles.grid().cell_area_km2
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    labels = np.empty(len(tiles), np.int32)

    def ours():
        neighbours = tiles.take(slice(None)).neighbours
        return label(density >= 300, neighbours, 8, labels)

    def by_scipy():
        dense = np.zeros(grid.shape, np.bool_)
        dense[row, column] = density >= 300
        return ndimage.label(dense, np.ones((3, 3)))[1]

    assert ours() == by_scipy()
    race("neighbours and dense components", size(), ours, {"scipy on the grid": (by_scipy, 0)})


def test_changes_of_a_country(race):
    _, tables, tiles = norway()

    def ours():
        return tile_changes(union_of_vintages(*tiles))["changing"]["tiles"]

    def theirs():
        both = pd.merge(*tables, on=["north", "east"], how="outer")
        return int(((both["pop_tot_x"] > 0) & (both["pop_tot_y"] > 0)
                    & (both["pop_tot_x"] != both["pop_tot_y"])).sum())  # fmt: skip

    assert ours() == theirs()
    race("changes between two vintages", size(), ours, {"pandas merge": (theirs, 0)})
