"""From 2.25 million records to a grid, against the floor: filling the same array."""

import numpy as np

from benchmarks.inputs import national
from zonage.kernels.raster import scatter


def test_scatter(race):
    country = national()
    values = country.criterion
    shape = (country.side, country.side)

    def zonage():
        out = np.empty(shape)
        scatter(country.row, country.column, values, np.nan, out)
        return out

    np.testing.assert_array_equal(zonage(), country.grid(values, np.nan))
    race(
        "records to grid (at most 1.5 x np.full)",
        country.size,
        zonage,
        {"np.full": (lambda: np.full(shape, np.nan), 1 / 1.5)},
        rounds=9,
    )
