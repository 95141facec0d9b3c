"""Sums of two variables over all zones of the national grid."""

import numbagg
import numpy as np
import pytest
from scipy import ndimage

from benchmarks.inputs import national
from zonage.kernels.components import label
from zonage.kernels.sums import sums_by_label


@pytest.mark.short
def test_sums_by_label(race):
    country = national()
    n = len(country.row)
    labels = np.empty(n, np.int32)
    zones = label(np.ones(n, np.bool_), country.neighbours, 8, labels)
    values = np.stack([country.population, country.population * 3])
    label_grid = country.grid(labels)
    value_grids = [country.grid(variable.astype(np.float64)) for variable in values]
    floats = values.astype(np.float64)
    out = np.empty((2, zones + 1), np.int64)
    every = np.arange(zones + 1)

    def zonage():
        sums_by_label(labels, values, out)
        return out

    peers = {
        "ndimage.sum_labels": (
            lambda: [ndimage.sum_labels(grid, label_grid, every) for grid in value_grids],
            20,
        ),
        "numbagg.group_nansum": (
            lambda: numbagg.group_nansum(floats, labels, axis=-1, num_labels=zones + 1),
            2,
        ),
        "np.bincount on tiles": (
            lambda: [np.bincount(labels, variable, zones + 1) for variable in values],
            1.2,
        ),
    }
    zonage()
    for peer, _ in peers.values():
        np.testing.assert_array_equal(out, peer())
    race("sums of two variables", f"{n} tiles, {zones} zones", zonage, peers, rounds=7)
