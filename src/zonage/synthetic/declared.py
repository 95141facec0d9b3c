"""Declared income: from disposable income, and its median in each urban unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NATIONAL_DECLARED_MEDIAN = 21_645
"""EUR a year per consumption unit, metropolitan France 2019, implied by INSEE's IRIS tables."""

# Classes of income of the units' histograms: their width in EUR a year, and their number.
_HISTOGRAM_BIN, HISTOGRAM_BINS = 50, 1600


def declared_income(disposable: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the declared income that goes with a disposable income, EUR a year per UC.

    The inverse of a convex line in three pieces: two fitted on INSEE's IRIS tables of 2019, which
    give both medians of the same quarters, and one through the medians of metropolitan France and
    of its large urban units.

    Examples
    --------
    >>> declared_income(np.array([15_000.0, 21_930.0])).round(-1).tolist()
    [11710.0, 21640.0]
    """
    lines = ((8_833, 0.516), (7_403, 0.649), (5_047, 0.78))
    declared: NDArray[np.float64] = np.full(np.shape(disposable), np.inf)
    for base, slope in lines:
        np.minimum(declared, (disposable - base) / slope, out=declared)
    np.maximum(declared, 0.0, out=declared)
    return declared


def add_to_histogram(
    histogram: NDArray[np.int64],
    unit: NDArray[np.int32],
    income: NDArray[np.int32],
    halves: NDArray[np.int8],
) -> None:
    """Add half persons by unit and class of income; units stand in ascending order."""
    first, last = int(unit[0]), int(unit[-1]) + 1
    bins = np.minimum(income // _HISTOGRAM_BIN, HISTOGRAM_BINS - 1)
    bins += (unit - first) * HISTOGRAM_BINS
    size = (last - first) * HISTOGRAM_BINS
    added = np.bincount(bins, weights=halves, minlength=size)
    histogram[first:last] += added.reshape(-1, HISTOGRAM_BINS).astype(np.int64)


def declared_medians(histogram: NDArray[np.int64]) -> NDArray[np.float64]:
    """Median of declared income of each row of a histogram of disposable income."""
    total = np.cumsum(histogram, axis=1)
    half = total[:, -1:] / 2
    place = (total < half).sum(1)[:, None]
    here = np.take_along_axis(histogram, place, 1)
    before = np.take_along_axis(total, place, 1) - here
    return declared_income(((place + (half - before) / here) * _HISTOGRAM_BIN)[:, 0])
