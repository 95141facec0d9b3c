"""The eight neighbours of each tile in a sorted list, by index."""

import numpy as np
import numpy.typing as npt

from zonage.kernels._jit import kernel

Indices = npt.NDArray[np.int32]

# Columns of a neighbour table. Rows are counted from the north, so north is the row before.
NORTH, WEST, EAST, SOUTH = 0, 1, 2, 3
NORTH_WEST, NORTH_EAST, SOUTH_WEST, SOUTH_EAST = 4, 5, 6, 7


@kernel
def neighbour_table(
    row: Indices, column: Indices, group_start: npt.NDArray[np.int64], out: Indices
) -> int:
    """Find each tile's neighbours within its group by one merge scan.

    Parameters
    ----------
    row, column
        Shape (n,): lattice positions, strictly ascending by row then column within each group.
    group_start
        Shape (g + 1,): group k holds tiles ``group_start[k]`` to ``group_start[k + 1]``; from 0
        to n, never descending.
    out
        Output, shape (n, 8), int32: indices of the neighbours by edge (row before, column before,
        column after, row after), then by corner (before-before, before-after, after-before,
        after-after); -1 where there is none.

    Returns
    -------
    int
        -1, or the first tile that does not come after the one before it; `out` is then undefined.

    Raises
    ------
    ValueError
        If the lengths do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> row, column = np.array([0, 0, 1], np.int32), np.array([0, 1, 0], np.int32)
    >>> out = np.empty((3, 8), np.int32)
    >>> neighbour_table(row, column, np.array([0, 3]), out)
    -1
    >>> out.tolist()[0]
    [-1, -1, 1, 2, -1, -1, -1, -1]
    """
    n = row.size
    groups = group_start.size - 1
    if column.size != n or out.shape[0] != n or out.shape[1] != 8:
        raise ValueError("neighbour_table: row, column and out differ in length")
    if groups < 0 or group_start[0] != 0 or group_start[groups] != n:
        raise ValueError("neighbour_table: group_start must go from 0 to the number of tiles")
    for group in range(groups):
        start = group_start[group]
        stop = group_start[group + 1]
        if stop < start or stop > n:
            raise ValueError("neighbour_table: group_start must never descend")
        unsorted = _link_group(row, column, start, stop, out)
        if unsorted >= 0:
            return unsorted
    return -1


@kernel
def _link_group(row: Indices, column: Indices, start: int, stop: int, out: Indices) -> int:
    """Link the tiles of one group both ways; return the first tile out of order, or -1."""
    above = start  # first tile of the row before that may still touch the current tile
    for tile in range(start, stop):
        for side in range(8):
            out[tile, side] = -1
        r = np.int64(row[tile])
        c = np.int64(column[tile])
        if tile > start:
            before = tile - 1
            if row[before] > r or (row[before] == r and column[before] >= c):
                return tile
            if row[before] == r and column[before] == c - 1:
                out[tile, WEST] = before
                out[before, EAST] = tile
        while row[above] < r - 1 or (row[above] == r - 1 and column[above] < c - 1):
            above += 1
        candidate = above
        while row[candidate] == r - 1 and column[candidate] <= c + 1:
            _link_above(out, tile, candidate, column[candidate] - c)
            candidate += 1
    return -1


@kernel
def _link_above(out: Indices, tile: int, above: int, step: int) -> None:
    """Link a tile and one of the row before, `step` columns away."""
    if step == 0:
        out[tile, NORTH] = above
        out[above, SOUTH] = tile
    elif step < 0:
        out[tile, NORTH_WEST] = above
        out[above, SOUTH_EAST] = tile
    else:
        out[tile, NORTH_EAST] = above
        out[above, SOUTH_WEST] = tile
