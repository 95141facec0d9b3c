"""From a list of tiles to a grid and back, by index: no polygon is ever made."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from zonage.kernels._jit import kernel

Value = TypeVar("Value", bound=np.generic)
Indices = npt.NDArray[np.int32]


@kernel
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
        Shape (n,): positions on the grid, in any order; fastest in order of rows.
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
    height, width = out.shape
    filled = 0  # rows before this one hold the fill value: filled just in time, still in cache
    for tile in range(row.size):
        r = np.uint32(row[tile])  # unsigned: what is below 0 is beyond the grid
        c = np.uint32(column[tile])
        if r >= height or c >= width:
            raise ValueError("scatter: a tile lies outside the grid")
        while filled <= r:
            out[filled] = fill
            filled += 1
        out[r, c] = values[tile]
    out[filled:] = fill


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
