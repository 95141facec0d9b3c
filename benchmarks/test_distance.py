"""Distance from each inhabited tile to the nearest tile of a quarter."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree

from benchmarks.inputs import metropolis, national
from zonage.kernels.distance import squared_distances

CELL = 200


def metres(country):
    """Distances as zonage computes them, putting the quarters' tiles in order included."""
    at = np.flatnonzero(country.flag)
    row, column = country.row[at], country.column[at]
    order = np.lexsort((row, column))
    out = np.empty(len(country.row), np.int64)
    squared_distances(country.row, country.column, row[order], column[order], out)
    return np.sqrt(out) * CELL


@pytest.mark.parametrize(("draw", "target"), [(metropolis, 1.5), (national, 5)])
def test_distances_against_scipy(race, draw, target):
    country = draw()

    def transform():
        free = country.grid(~country.flag, True)
        return ndimage.distance_transform_edt(free)[country.row, country.column] * CELL

    np.testing.assert_array_equal(metres(country), transform())
    race(
        "distance to quarters",
        country.size,
        lambda: metres(country),
        {"scipy distance_transform_edt": (transform, target)},
    )


@pytest.mark.parametrize(("draw", "target"), [(metropolis, 3), (national, 3)])
def test_distances_against_a_tree(race, draw, target):
    country = draw()
    tiles = np.stack([country.row, country.column], axis=1)

    def tree():
        return cKDTree(tiles[country.flag]).query(tiles)[0] * CELL

    np.testing.assert_allclose(metres(country), tree(), rtol=1e-12)
    race(
        "distance to quarters",
        country.size,
        lambda: metres(country),
        {"scipy cKDTree.query": (tree, target)},
        rounds=3,
    )
