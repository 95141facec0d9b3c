"""Groups of imputed tiles, which carry the values of one group and share its error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonage.tiles import Tiles

GROUP_SQUARE_M = 4000
"""Side of the squares in which imputed tiles of one mean are taken as one group; nearly all of
INSEE's groups on the core of the MEL lie within such a square, and two of one mean to the cent by
chance are not to be expected."""


def imputation_groups(tiles: Tiles) -> NDArray[np.int64]:
    """Number the groups whose values INSEE spread over their tiles; others are alone.

    The files do not name the groups. Imputed tiles carry the mean income of their group up to the
    rounding of the sum of incomes to 0.1 EUR: those of one mean within a square of 4 km are one.

    Returns
    -------
    int64 array, shape (n,)
        Group of each tile, from 0.

    Examples
    --------
    >>> tiles = Tiles.from_columns(
    ...     np.array([9, 8, 7]), np.array([3, 3, 3]),
    ...     {"population": np.array([2.0, 3.0, 2.0]),
    ...      "income_sum": np.array([51966.5, 77949.7, 51966.5])},
    ...     imputed=np.array([True, True, False]),
    ... )
    >>> imputation_groups(tiles).tolist()
    [0, 0, 1]
    """
    group = np.arange(len(tiles), dtype=np.int64)
    if tiles.imputed is None or "income_sum" not in tiles.counts:
        return group
    which = np.flatnonzero(tiles.imputed & (tiles.count("population") > 0))
    if not which.size:
        return group
    mean = tiles.income_mean[which]
    tolerance = 0.05 / tiles.values("population")[which] + 1e-9
    side = max(GROUP_SQUARE_M // tiles.resolution, 1)
    north, east = tiles.northing[which] // side, tiles.easting[which] // side
    order = np.lexsort((mean, east, north))
    new = (np.diff(north[order]) != 0) | (np.diff(east[order]) != 0)
    new |= np.diff(mean[order]) > tolerance[order][1:] + tolerance[order][:-1]
    start = np.concatenate(([True], new))
    group[which[order]] = which[order][start][np.cumsum(start) - 1]
    return np.unique(group, return_inverse=True)[1].reshape(-1).astype(np.int64)
