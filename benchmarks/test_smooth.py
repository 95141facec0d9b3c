"""Bisquare smoothing of radius 5 cells on the national grid, at the inhabited tiles."""

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.inputs import national
from zonage.kernels.smooth import bisquare_weights, window_sums


@pytest.fixture(scope="module")
def smoothing():
    """Return the grid, the weights, zonage's smoothing, and what it must give by scipy."""
    country = national()
    weights = bisquare_weights(5)
    grid = country.grid(country.population.astype(np.float64))
    out = np.empty((1, len(country.row)))

    def zonage():
        window_sums(grid[None], country.row, country.column, weights, out)

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
