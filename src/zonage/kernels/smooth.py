"""Weighted sums over a moving window, at the listed tiles only."""

import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel

Indices = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

TILES_PER_BLOCK = 1 << 12
LANES = 4


def gaussian_weights(sigma: float, truncate: float = 4.0) -> Floats:
    """Make the window of a Gaussian kernel.

    The same weights as ``scipy.ndimage.gaussian_filter(sigma, truncate=truncate)``.

    Parameters
    ----------
    sigma
        Standard deviation in cells, above 0.
    truncate
        The window ends at this many standard deviations, rounded to a cell.

    Returns
    -------
    numpy.ndarray
        Shape (2 r + 1, 2 r + 1), float64, of sum 1.

    Raises
    ------
    ValueError
        If `sigma` or `truncate` is not a positive number.

    Examples
    --------
    >>> gaussian_weights(0.6).shape
    (5, 5)
    """
    if not (0 < sigma < np.inf and 0 < truncate < np.inf):
        raise ValueError(f"gaussian_weights: not positive: sigma {sigma}, truncate {truncate}")
    radius = int(truncate * sigma + 0.5)
    profile = np.exp(-0.5 / (sigma * sigma) * np.arange(-radius, radius + 1) ** 2)
    profile /= profile.sum()
    return np.outer(profile, profile)


def bisquare_weights(radius: float) -> Floats:
    """Make the window of a bisquare kernel, ``(1 - (d / radius)^2)^2`` within the radius.

    Parameters
    ----------
    radius
        Distance in cells, above 0, at which the weight has fallen to 0.

    Returns
    -------
    numpy.ndarray
        Shape (2 r + 1, 2 r + 1), float64, of sum 1; r is the last whole number below `radius`.

    Raises
    ------
    ValueError
        If `radius` is not a positive number.

    Examples
    --------
    >>> bisquare_weights(5).shape
    (9, 9)
    """
    if not 0 < radius < np.inf:
        raise ValueError(f"bisquare_weights: not a positive radius: {radius}")
    reach = int(np.ceil(radius)) - 1
    step = np.arange(-reach, reach + 1)
    squared = (step[:, None] ** 2 + step**2) / radius**2
    weights = np.where(squared < 1, (1 - squared) ** 2, 0.0)
    return weights / weights.sum()


@kernel
def _span(weights: Floats, line: int) -> tuple[int, int]:
    """Return where the weights of one line of the window start and stop being other than 0."""
    first = 0
    last = weights.shape[1]
    while first < last and weights[line, first] == 0.0:
        first += 1
    while last > first and weights[line, last - 1] == 0.0:
        last -= 1
    return first, last


@kernel
def _clipped_sum(grid: Floats, top: int, left: int, weights: Floats, spans: Indices) -> float:
    """Return the weighted sum of a window of which a part may lie outside the grid."""
    height, width = grid.shape
    total = 0.0
    for i in range(max(0, -top), min(weights.shape[0], height - top)):
        for j in range(max(spans[i, 0], -left), min(spans[i, 1], width - left)):
            total += weights[i, j] * grid[top + i, left + j]
    return total


@kernel
def _four_sums(
    grid: Floats,
    top: tuple[int, int, int, int],
    left: tuple[int, int, int, int],
    weights: Floats,
    spans: Indices,
) -> tuple[float, float, float, float]:
    """Return the weighted sums of four windows inside the grid.

    Each has the order of `_clipped_sum`; four at a time hide the latency of addition.
    """
    a = 0.0
    b = 0.0
    c = 0.0
    d = 0.0
    for i in range(weights.shape[0]):
        for j in range(spans[i, 0], spans[i, 1]):
            weight = weights[i, j]
            a += weight * grid[top[0] + i, left[0] + j]
            b += weight * grid[top[1] + i, left[1] + j]
            c += weight * grid[top[2] + i, left[2] + j]
            d += weight * grid[top[3] + i, left[3] + j]
    return a, b, c, d


@kernel
def _all_inside(
    row: Indices, column: Indices, tile: int, radius: int, height: int, width: int
) -> bool:
    """Tell whether the windows of four tiles from `tile` on lie inside the grid."""
    for lane in range(tile, tile + LANES):
        r = row[lane]
        c = column[lane]
        if r < radius or r >= height - radius or c < radius or c >= width - radius:
            return False
    return True


@kernel
def _sum_block(
    grid: Floats,
    row: Indices,
    column: Indices,
    start: int,
    stop: int,
    weights: Floats,
    spans: Indices,
    out: Floats,
) -> None:
    """Sum the windows of tiles `start` to `stop` on one grid."""
    height, width = grid.shape
    radius = weights.shape[0] // 2
    tile = start
    while tile < stop:
        if tile + LANES <= stop and _all_inside(row, column, tile, radius, height, width):
            top = (
                np.int64(row[tile]) - radius,
                np.int64(row[tile + 1]) - radius,
                np.int64(row[tile + 2]) - radius,
                np.int64(row[tile + 3]) - radius,
            )
            left = (
                np.int64(column[tile]) - radius,
                np.int64(column[tile + 1]) - radius,
                np.int64(column[tile + 2]) - radius,
                np.int64(column[tile + 3]) - radius,
            )
            out[tile], out[tile + 1], out[tile + 2], out[tile + 3] = _four_sums(
                grid, top, left, weights, spans
            )
            tile += LANES
        else:
            top_edge = np.int64(row[tile]) - radius
            left_edge = np.int64(column[tile]) - radius
            out[tile] = _clipped_sum(grid, top_edge, left_edge, weights, spans)
            tile += 1


@parallel_kernel
def window_sums(grids: Floats, row: Indices, column: Indices, weights: Floats, out: Floats) -> None:
    """Sum grids over a weighted window centred on each listed tile.

    ``out[v, t]`` is the sum of ``weights[i, j] * grids[v, row[t] + i - r, column[t] + j - r]``, in
    this order of i and j: a correlation, with zero outside the grid. Every tile has its own sum, so
    the result has the same bytes on any number of threads.

    Parameters
    ----------
    grids
        Shape (v, height, width), float64. Where a grid is NaN, so is every sum it takes part in.
    row, column
        Shape (n,): positions on the grid; fastest in order of rows.
    weights
        Shape (2 r + 1, 2 r + 1), float64. A line's weights of 0 before its first and after its last
        other weight are left out of the sum.
    out
        Output, shape (v, n), float64.

    Raises
    ------
    ValueError
        If lengths differ, the window is not square and odd, or a tile lies outside the grid.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty((1, 1))
    >>> centre = np.array([1], np.int32)
    >>> window_sums(np.ones((1, 3, 3)), centre, centre, np.ones((3, 3)), out)
    >>> out.tolist()
    [[9.0]]
    """
    n = row.size
    variables, height, width = grids.shape
    size = weights.shape[0]
    if column.size != n or out.shape[0] != variables or out.shape[1] != n:
        raise ValueError("window_sums: row, column and out differ in length")
    if weights.shape[1] != size or size % 2 == 0:
        raise ValueError("window_sums: weights must be square with an odd side")
    for tile in range(n):
        if row[tile] < 0 or row[tile] >= height or column[tile] < 0 or column[tile] >= width:
            raise ValueError("window_sums: a tile lies outside the grid")
    spans = np.empty((size, 2), np.int32)
    for line in range(size):
        spans[line] = _span(weights, line)
    blocks = (n + TILES_PER_BLOCK - 1) // TILES_PER_BLOCK
    for unsigned_block in prange(blocks):
        start = np.int64(unsigned_block) * TILES_PER_BLOCK
        stop = min(start + TILES_PER_BLOCK, n)
        for variable in range(variables):
            _sum_block(grids[variable], row, column, start, stop, weights, spans, out[variable])
