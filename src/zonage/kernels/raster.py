"""From a list of tiles to a grid and back, by index: no polygon is ever made."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel
from zonage.kernels.threads import part_count

Value = TypeVar("Value", bound=np.generic)
Indices = npt.NDArray[np.int32]

CELLS_PER_PART = 250_000  # fewer are not worth a second thread


def scatter(
    row: Indices,
    column: Indices,
    values: npt.NDArray[Value],
    fill: float,
    out: npt.NDArray[Value],
) -> None:
    """Put the tiles' values on a grid and a fill value everywhere else.

    Parameters
    ----------
    row, column
        Shape (n,): positions on the grid, in any order; fastest in order of rows, which is on all
        threads where the grid is large.
    values
        Shape (n,).
    fill
        Value of the cells that no tile names.
    out
        Output, shape (height, width). Where two tiles name one cell the last one counts.

    Raises
    ------
    ValueError
        If lengths differ or a tile lies outside the grid.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty((2, 2))
    >>> scatter(np.array([1], np.int32), np.array([0], np.int32), np.array([3.0]), -1.0, out)
    >>> out.tolist()
    [[-1.0, -1.0], [3.0, -1.0]]
    """
    if column.size != row.size or values.size != row.size:
        raise ValueError("scatter: row, column and values differ in length")
    parts = min(part_count(out.size, CELLS_PER_PART), len(out))
    if parts > 1 and _ascend(row):
        fits = np.empty(parts, np.bool_)
        _scatter_parts(row, column, values, fill, out, fits)
    else:
        fits = np.array([_scatter_rows(row, column, values, fill, 0, out)])
    if not fits.all():
        raise ValueError("scatter: a tile lies outside the grid")


@parallel_kernel
def _scatter_parts(
    row: Indices,
    column: Indices,
    values: npt.NDArray[Value],
    fill: float,
    out: npt.NDArray[Value],
    fits: npt.NDArray[np.bool_],
) -> None:
    """Put the tiles of each part of the rows on it; tiles are in order of rows."""
    parts, height = fits.size, out.shape[0]
    for unsigned_part in prange(parts):
        part = np.int64(unsigned_part)
        first_row, last_row = height * part // parts, height * (part + 1) // parts
        # The first part has what comes before the grid too, the last one what comes after it.
        first = np.searchsorted(row, first_row) if part > 0 else 0
        last = np.searchsorted(row, last_row) if part < parts - 1 else row.size
        fits[part] = _scatter_rows(
            row[first:last],
            column[first:last],
            values[first:last],
            fill,
            first_row,
            out[first_row:last_row],
        )


@kernel
def _scatter_rows(
    row: Indices,
    column: Indices,
    values: npt.NDArray[Value],
    fill: float,
    first_row: int,
    out: npt.NDArray[Value],
) -> bool:
    """Put tiles on the rows from `first_row` on; tell whether they all lie there."""
    height, width = out.shape
    filled = 0  # rows before this one hold the fill value: filled just in time, still in cache
    for tile in range(row.size):
        r = np.uint64(row[tile] - first_row)  # unsigned: what is below 0 is beyond the grid
        c = np.uint64(column[tile])
        if r >= height or c >= width:
            return False
        while filled <= r:
            out[filled] = fill
            filled += 1
        out[r, c] = values[tile]
    out[filled:] = fill
    return True


@kernel
def _ascend(row: Indices) -> bool:
    """Tell whether no row is above the one before it."""
    descents = 0
    for tile in range(1, row.size):
        descents += row[tile] < row[tile - 1]
    return descents == 0


@kernel
def gather(
    grid: npt.NDArray[Value], row: Indices, column: Indices, out: npt.NDArray[Value]
) -> None:
    """Read a grid at the tiles' positions.

    Parameters
    ----------
    grid
        Shape (height, width).
    row, column
        Shape (n,): positions on the grid.
    out
        Output, shape (n,).

    Raises
    ------
    ValueError
        If lengths differ or a tile lies outside the grid.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty(1)
    >>> gather(np.eye(2), np.array([1], np.int32), np.array([1], np.int32), out)
    >>> out.tolist()
    [1.0]
    """
    if column.size != row.size or out.size != row.size:
        raise ValueError("gather: row, column and out differ in length")
    height, width = grid.shape
    for tile in range(row.size):
        r = row[tile]
        c = column[tile]
        if r < 0 or r >= height or c < 0 or c >= width:
            raise ValueError("gather: a tile lies outside the grid")
        out[tile] = grid[r, c]
