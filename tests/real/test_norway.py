"""A whole real country in two vintages: the 250 m grid of Statistics Norway, inhabitants only."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from zonage.kernels.components import label
from zonage.kernels.sums import sum_by_label
from zonage.raster import rasterize
from zonage.sources.insee import read_tiles
from zonage.vintages.compare import tile_changes
from zonage.vintages.union import union_of_vintages

YEARS = {2021: 222_793, 2022: 223_347}
"""Rows by vintage, as the README of the files counts them."""
DENSE = 300
"""Inhabitants per square kilometre."""
SIDES = ((-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
"""Row and column steps of a table of neighbours, rows counted from the north."""


@pytest.fixture(scope="module")
def files(shared):
    return {year: shared / f"biggrid/NOR0250M_POP_{year}.csv" for year in YEARS}


@pytest.fixture(scope="module")
def tables(files):
    """The files as pandas reads them, by corner of the tile in metres."""
    return {year: read_by_pandas(path) for year, path in files.items()}


def read_by_pandas(path):
    table = pd.read_csv(path, sep=";", dtype={"SSBID0250M": str})
    table["east"] = table["SSBID0250M"].str[:7].astype(int) - 2_000_000
    table["north"] = table["SSBID0250M"].str[7:].astype(int)
    return table.set_index(["north", "east"])["pop_tot"]


@pytest.fixture(scope="module")
def countries(files):
    return {year: read_tiles(path) for year, path in files.items()}


@pytest.fixture(scope="module")
def norway(countries):
    return countries[2022]


@pytest.fixture(scope="module")
def dataset(norway):
    return rasterize(norway)


@pytest.mark.parametrize("year", YEARS)
def test_tiles_and_inhabitants_are_those_that_pandas_reads(countries, tables, year):
    tiles, table = countries[year], tables[year]
    assert (len(tiles), tiles.vintage, tiles.crs) == (YEARS[year], year, 25833)
    assert tiles.total("population") == table.sum()
    corners = pd.MultiIndex.from_arrays([tiles.northing * 250, tiles.easting * 250])
    np.testing.assert_array_equal(tiles.values("population"), table.loc[corners])


def test_the_grid_holds_every_inhabitant_in_his_place(norway, tables, dataset):
    assert float(dataset["population"].sum()) == tables[2022].sum()
    assert int(dataset["inhabited"].sum()) == len(norway)
    busiest = tables[2022].idxmax()
    cell = dataset.sel(y=busiest[0] + 125, x=busiest[1] + 125)
    assert float(cell["population"]) == tables[2022].max()
    assert float(cell["density"]) == tables[2022].max() * 16


def test_neighbours_are_those_that_pandas_finds(norway):
    corners = pd.MultiIndex.from_arrays([norway.northing, norway.easting])
    for side, (down, right) in enumerate(SIDES):
        beside = pd.MultiIndex.from_arrays([norway.northing - down, norway.easting + right])
        np.testing.assert_array_equal(norway.neighbours[:, side], corners.get_indexer(beside))


@pytest.mark.parametrize("connectivity", [4, 8])
def test_towns_are_those_of_scipy(norway, dataset, connectivity):
    """Dense tiles that touch, as in the urban clusters of the degree of urbanisation."""
    dense = norway.values("population") * 16 >= DENSE
    labels = np.empty(len(norway), np.int32)
    count = label(dense, norway.neighbours, connectivity, labels)
    people = np.empty(count + 1, np.int64)
    sum_by_label(labels, norway.count("population"), people)

    grid = dataset["density"].values >= DENSE
    theirs, their_count = ndimage.label(grid, np.ones((3, 3)) if connectivity == 8 else None)
    row, column = norway.grid().rows_columns(norway.northing, norway.easting)
    pairs = pd.DataFrame({"ours": labels, "theirs": theirs[row, column]})
    pairs["people"] = norway.values("population")
    inside = pairs[pairs.theirs > 0]
    assert count == their_count == len(inside.drop_duplicates(["ours", "theirs"]))
    sums = inside.groupby("ours")["people"].sum()
    np.testing.assert_array_equal(people[1:] / 1000, sums)
    # The largest is Oslo, whose urban settlement has about a million inhabitants.
    assert 900_000 < sums.max() < 1_200_000


def test_changes_between_the_vintages_are_those_that_pandas_counts(countries, tables):
    found = tile_changes(union_of_vintages(countries[2021], countries[2022]))
    both = pd.concat(tables, axis=1).fillna(0)
    was, now = both[2021], both[2022]
    kinds = {
        "appearing": (was == 0) & (now > 0),
        "vanishing": (was > 0) & (now == 0),
        "changing": (was > 0) & (now > 0) & (was != now),
        "unchanged": (was > 0) & (was == now),
    }
    for kind, rows in kinds.items():
        assert found[kind] == {
            "tiles": rows.sum(),
            "population_before": was[rows].sum(),
            "population_after": now[rows].sum(),
        }
    assert sum(kind["tiles"] for kind in found.values()) == len(both)
    assert found["appearing"]["tiles"] - found["vanishing"]["tiles"] == YEARS[2022] - YEARS[2021]
