"""What each tile sees of the sites near it: schools weighted by pupils and by distance."""

import math

import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel
from zonage.kernels.threads import part_count

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Sites = tuple[Floats, Floats, Floats, Floats, Longs]
Mesh = tuple[float, float, float]

MAX_BUCKETS = 1 << 24
TILES_PER_PART = 5_000  # fewer are not worth a second thread


def buckets(east: Floats, north: Floats, radius: float) -> tuple[Longs, Longs, Mesh]:
    """Sort sites into the square cells of a mesh whose side is the radius (or a multiple of it).

    Parameters
    ----------
    east, north
        Shape (m,), finite: places of the sites.
    radius
        Above 0, in their unit: how far a site is seen.

    Returns
    -------
    order : int64 array, shape (m,)
        The sites by cell, row by row; those of one cell in their own order.
    start : int64 array, shape (height, width + 1)
        Where the sites of a cell start in `order`; the last column is where the row ends.
    mesh : (west, south, side)
        Corner of the mesh, and side of a cell.

    Raises
    ------
    ValueError
        If there is no site, a place is not finite, or the radius is not a positive number.

    Examples
    --------
    >>> import numpy as np
    >>> order, start, _ = buckets(np.array([250.0, 10.0]), np.array([0.0, 0.0]), 100.0)
    >>> order.tolist(), start.tolist()
    ([1, 0], [[0, 1, 1, 2]])
    """
    if not 0 < radius < np.inf:
        raise ValueError(f"buckets: not a positive radius: {radius}")
    if east.size == 0 or east.size != north.size or not np.isfinite([east, north]).all():
        raise ValueError("buckets: one finite place a site, at least one site")
    west, south = float(east.min()), float(north.min())
    wide, high = float(east.max()) - west, float(north.max()) - south
    side = float(radius)
    while (wide // side + 1) * (high // side + 1) > MAX_BUCKETS:
        side *= 2
    x = ((east - west) // side).astype(np.int64)
    y = ((north - south) // side).astype(np.int64)
    width, height = int(x.max()) + 1, int(y.max()) + 1
    cell = y * width + x
    ends = np.cumsum(np.bincount(cell, minlength=width * height)).reshape(height, width)
    start = np.empty((height, width + 1), np.int64)
    start[:, 1:] = ends
    start[0, 0] = 0
    start[1:, 0] = ends[:-1, -1]
    return np.argsort(cell, kind="stable"), start, (west, south, side)


def assign(
    x: Floats,
    y: Floats,
    sites: Sites,
    start: Longs,
    mesh: Mesh,
    radius: float,
    nearest: int,
    bandwidth: float,
    mean: Floats,
    contrast: Floats,
    count: npt.NDArray[np.int32],
) -> None:
    """Give each tile the weighted mean of the sites near it, and how far they differ.

    A tile sees at most so many of the nearest sites within a radius. The weight of a site is its
    own times ``exp(-(d / bandwidth)^2 / 2)``, d being its distance. Sums run from the nearest site
    to the farthest, so that they do not depend on the order of the sites.

    Parameters
    ----------
    x, y
        Shape (n,): places of the tiles; fastest where neighbours follow each other.
    sites
        East, north, weight (above 0), value and number of each site, shape (m,) each, in the order
        of `buckets`. Of two sites at one distance that of the lower number is nearer.
    start, mesh
        From `buckets`, for this radius.
    radius, nearest, bandwidth
        How far sites are seen (a site at the radius still is), how many at most, and the distance
        at which a weight has fallen to 0.61 (infinite: it does not fall).
    mean, contrast
        Output, shape (n,): weighted mean, and weighted standard deviation around it; NaN where no
        site is seen.
    count
        Output, shape (n,), int32: sites seen.

    Raises
    ------
    ValueError
        If lengths differ, or `nearest` is below 1, or radius or bandwidth is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> east, north = np.array([0.0, 300.0]), np.zeros(2)
    >>> order, start, mesh = buckets(east, north, 500.0)
    >>> sites = east, north, np.array([100.0, 300.0]), np.array([80.0, 120.0]), order
    >>> out = mean, contrast, count = np.empty(1), np.empty(1), np.empty(1, np.int32)
    >>> assign(np.zeros(1), np.zeros(1), sites, start, mesh, 500.0, 5, np.inf, *out)
    >>> mean.tolist(), contrast.round(2).tolist(), count.tolist()
    ([110.0], [17.32], [2])
    """
    m = sites[0].size
    if {y.size, mean.size, contrast.size, count.size} != {x.size}:
        raise ValueError("assign: tiles and outputs differ in length")
    if {column.size for column in sites} != {m}:
        raise ValueError("assign: columns of the sites differ in length")
    if start.size == 0 or start[-1, -1] != m:
        raise ValueError("assign: start is not that of these sites")
    if nearest < 1 or not (radius > 0 and bandwidth > 0 and mesh[2] >= radius):
        raise ValueError("assign: nearest, radius and bandwidth must be above 0")
    parts = part_count(x.size, TILES_PER_PART)
    seen = np.empty((parts, min(nearest, m)), np.int64)
    squared = np.empty(seen.shape)
    around = sites, start, mesh, radius, bandwidth
    if parts == 1:
        _assign_part(x, y, *around, seen[0], squared[0], mean, contrast, count)
    else:
        _assign_parts(x, y, *around, seen, squared, mean, contrast, count)


@parallel_kernel
def _assign_parts(
    x: Floats,
    y: Floats,
    sites: Sites,
    start: Longs,
    mesh: Mesh,
    radius: float,
    bandwidth: float,
    seen: Longs,
    squared: Floats,
    mean: Floats,
    contrast: Floats,
    count: npt.NDArray[np.int32],
) -> None:
    """Look at each part of the tiles in a workspace of its own."""
    parts = len(seen)
    for unsigned_part in prange(parts):
        part = np.int64(unsigned_part)
        first, last = x.size * part // parts, x.size * (part + 1) // parts
        _assign_part(
            x[first:last],
            y[first:last],
            sites,
            start,
            mesh,
            radius,
            bandwidth,
            seen[part],
            squared[part],
            mean[first:last],
            contrast[first:last],
            count[first:last],
        )


@kernel
def _assign_part(
    x: Floats,
    y: Floats,
    sites: Sites,
    start: Longs,
    mesh: Mesh,
    radius: float,
    bandwidth: float,
    seen: Longs,
    squared: Floats,
    mean: Floats,
    contrast: Floats,
    count: npt.NDArray[np.int32],
) -> None:
    """Look at one tile after the other; `seen`, `squared`: workspace for the sites of one."""
    for tile in range(x.size):
        found = _see(x[tile], y[tile], sites, start, mesh, radius * radius, seen, squared)
        count[tile] = found
        mean[tile], contrast[tile] = _weighted(sites[2], sites[3], seen, squared, found, bandwidth)


@kernel
def _see(
    x: float,
    y: float,
    sites: Sites,
    start: Longs,
    mesh: Mesh,
    limit: float,
    seen: Longs,
    squared: Floats,
) -> int:
    """Find the nearest sites within a squared distance, nearest first; return how many."""
    east, north, _, _, number = sites
    width = start.shape[1] - 1
    left = math.floor((x - mesh[0]) / mesh[2]) - 1
    bottom = math.floor((y - mesh[1]) / mesh[2]) - 1
    first = max(left, 0)
    last = min(left + 3, width)
    count = 0
    if first >= last:
        return 0
    for line in range(max(bottom, 0), min(bottom + 3, start.shape[0])):
        for site in range(start[line, first], start[line, last]):
            far = (east[site] - x) * (east[site] - x) + (north[site] - y) * (north[site] - y)
            if far > limit:
                continue
            place = count
            while place > 0 and (
                far < squared[place - 1]
                or (far == squared[place - 1] and number[site] < number[seen[place - 1]])
            ):
                place -= 1
            if place == seen.size:
                continue
            count = min(count + 1, seen.size)
            for later in range(count - 1, place, -1):
                squared[later] = squared[later - 1]
                seen[later] = seen[later - 1]
            squared[place] = far
            seen[place] = site
            if count == seen.size:
                limit = squared[count - 1]
    return count


@kernel
def _weighted(
    weight: Floats, value: Floats, seen: Longs, squared: Floats, count: int, bandwidth: float
) -> tuple[float, float]:
    """Return the weighted mean of the sites seen and their standard deviation; NaN for none.

    Weights take the place of the squared distances.
    """
    if count == 0:
        return np.nan, np.nan
    nearest = squared[0]
    total = 0.0
    mean = 0.0
    for k in range(count):
        # Against the nearest one: far from everything, weights would all round to 0.
        farther = (squared[k] - nearest) / bandwidth / bandwidth
        squared[k] = weight[seen[k]] * math.exp(-0.5 * farther)
        total += squared[k]
        mean += squared[k] * value[seen[k]]
    mean /= total
    variance = 0.0
    for k in range(count):
        variance += squared[k] * (value[seen[k]] - mean) ** 2
    return mean, math.sqrt(variance / total)
