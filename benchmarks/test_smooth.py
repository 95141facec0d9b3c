"""Bisquare smoothing of radius 5 cells, at the inhabited tiles."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from benchmarks.inputs import metropolis, national
from zonage.kernels.smooth import bisquare_weights, window_sums

CELL = 200
RADIUS = 5


def smoother(country, variables):
    """Return zonage's smoothing of some variables of the tiles, and where its result goes."""
    weights = bisquare_weights(RADIUS)
    grids = np.stack([country.grid(variable.astype(np.float64)) for variable in variables])
    out = np.empty((len(variables), len(country.row)))
    return lambda: window_sums(grids, country.row, country.column, weights, out), out


@pytest.fixture(scope="module")
def smoothing():
    """Return the grid, the weights, zonage's smoothing, and what it must give by scipy."""
    country = national()
    weights = bisquare_weights(RADIUS)
    grid = country.grid(country.population.astype(np.float64))
    zonage, out = smoother(country, [country.population])
    zonage()
    expected = ndimage.convolve(grid, weights, mode="constant")[country.row, country.column]
    np.testing.assert_allclose(out[0], expected, rtol=1e-12)
    return grid, weights, zonage, expected


def test_window_sums_against_scipy(race, smoothing):
    grid, weights, zonage, _ = smoothing

    def scipy():
        return ndimage.convolve(grid, weights, mode="constant")

    peers = {"scipy.ndimage.convolve": (scipy, 8)}
    race("bisquare smoothing, radius 5", national().size, zonage, peers, rounds=3)


def test_window_sums_against_opencv(race, smoothing):
    grid, weights, zonage, expected = smoothing
    cv2 = pytest.importorskip("cv2")

    def opencv():
        return cv2.filter2D(grid, -1, weights, borderType=cv2.BORDER_CONSTANT)

    country = national()
    np.testing.assert_allclose(opencv()[country.row, country.column], expected, rtol=1e-9)
    race("bisquare smoothing, radius 5", country.size, zonage, {"cv2.filter2D": (opencv, 1.2)})


@pytest.mark.ungated
def test_window_sums_against_xarray_spatial(race, smoothing):
    grid, weights, zonage, expected = smoothing
    convolution = pytest.importorskip("xrspatial.convolution")

    def spatial():
        return convolution.convolve_2d(grid, weights)  # in float32

    country = national()
    found = spatial()[country.row, country.column]
    inner = ~np.isnan(found)  # it leaves the border of the grid out
    np.testing.assert_allclose(found[inner], expected[inner], rtol=1e-4)
    peers = {"xrspatial convolve_2d": (spatial, 0)}
    race("bisquare smoothing, radius 5", country.size, zonage, peers, rounds=3)


# ---- INSEE's btb shares each observation out among the centroids that exist ---------------------


def as_btb(country):
    """Return zonage's smoothing as btb does it: each tile shares its people among those there."""
    reached, weight = smoother(country, [np.ones(len(country.row))])
    reached()
    share, out = smoother(country, [country.population / weight[0]])
    return share, out


def btb_table(country):
    x, y = (index * CELL + CELL / 2 for index in (country.column, country.side - country.row))
    return pd.DataFrame({"x": x, "y": y, "people": country.population.astype(np.float64)})


def test_smoothing_against_btb_as_called(race):
    btbpy = pytest.importorskip("btbpy")
    country = metropolis()
    table = btb_table(country)
    centroids = table[["x", "y"]]

    def theirs():
        return btbpy.kernelSmoothing(table, "3035", CELL, RADIUS * CELL, centroids, verbose=False)

    def ours():
        share, out = as_btb(country)
        share()
        return out[0]

    found = theirs().sort_values(["y", "x"], ascending=[False, True])["people"].to_numpy()
    np.testing.assert_allclose(ours(), found, rtol=1e-9)
    race("smoothing as btb", country.size, ours, {"btbpy as called": (theirs, 100)}, rounds=3)


def test_smoothing_against_the_inner_loop_of_btb(race):
    btbpy = pytest.importorskip("btbpy")
    country = metropolis()
    table = btb_table(country)
    row = country.row.max() - country.row
    column = country.column - country.column.min()
    place = np.full((row.max() + 1, column.max() + 1), -1)
    place[row, column] = np.arange(len(row))
    x, y = (table[name].to_numpy().copy() for name in ("x", "y"))  # it wants writable arrays
    people = table[["people"]].to_numpy().copy()
    west, south = int(table["x"].min()), int(table["y"].min())

    def theirs():
        return btbpy.lissage_loop(
            x, y, row.astype(int), column.astype(int),
            CELL, RADIUS * CELL, 0, people, place.shape[1], place.shape[0], west, south,
            place, len(row),
        )  # fmt: skip

    def ours():
        share, out = as_btb(country)
        share()
        return out[0]

    np.testing.assert_allclose(ours(), np.asarray(theirs())[:, 0], rtol=1e-9)
    race("smoothing as btb", country.size, ours, {"btbpy, inner loop": (theirs, 4)})
