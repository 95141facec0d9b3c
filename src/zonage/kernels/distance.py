"""Exact distances on the lattice from each tile to the nearest of some marked cells."""

import numpy as np
import numpy.typing as npt

from zonage.kernels._jit import kernel

Indices = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

NOTHING_MARKED = -1


@kernel
def squared_distances(
    row: Indices,
    column: Indices,
    marked_row: Indices,
    marked_column: Indices,
    out: Longs,
) -> int:
    """Find the squared distance from each tile to the nearest marked cell, in cells, exactly.

    The exact Euclidean distance transform in two passes (down columns, then along rows as the lower
    envelope of parabolas: Meijster, Roerdink and Hesselink 2000; Felzenszwalb and Huttenlocher
    2012), in whole numbers, at the listed tiles only. No grid is made: a column without a marked
    cell, and a row without a tile, cost nothing.

    Parameters
    ----------
    row, column
        Shape (n,): positions of the tiles, ascending by row; fastest where also by column.
    marked_row, marked_column
        Shape (m,): positions of the marked cells, ascending by column, then by row. Positions are
        whole numbers of less than 2^30, of either sign.
    out
        Output, shape (n,), int64; `NOTHING_MARKED` everywhere where m is 0.

    Returns
    -------
    int
        -1, or the first tile that lies in a row before that of the one before it; `out` is then
        undefined.

    Raises
    ------
    ValueError
        If lengths differ, or the marked cells are not in order.

    Examples
    --------
    >>> import numpy as np
    >>> row, column = np.array([0, 0, 2], np.int32), np.array([0, 3, 1], np.int32)
    >>> out = np.empty(3, np.int64)
    >>> squared_distances(row, column, row[:1], column[:1], out), out.tolist()
    (-1, [0, 9, 5])
    """
    n = row.size
    m = marked_row.size
    if column.size != n or out.size != n or marked_column.size != m:
        raise ValueError("squared_distances: lengths differ")
    if m == 0:
        out[:] = NOTHING_MARKED
        return -1
    columns = 1
    for cell in range(1, m):
        step = np.int64(marked_column[cell]) - marked_column[cell - 1]
        if step < 0 or (step == 0 and marked_row[cell] < marked_row[cell - 1]):
            raise ValueError("squared_distances: marked cells must ascend by column, then by row")
        columns += step != 0
    start = np.empty(columns + 1, np.int64)
    _column_starts(marked_column, start)
    place = start[:-1].copy()  # of each column, the first marked cell not above the current row
    centre = np.empty(columns, np.int64)
    height = np.empty(columns, np.int64)
    begin = np.empty(columns, np.int64)
    tile = 0
    while tile < n:
        r = np.int64(row[tile])
        stop = tile + 1
        west = east = np.int64(column[tile])
        while stop < n and row[stop] == r:
            c = np.int64(column[stop])
            west = min(west, c)
            east = max(east, c)
            stop += 1
        if stop < n and row[stop] < r:
            return stop
        count = _envelope(
            r, west, east, marked_row, marked_column, start, place, centre, height, begin
        )
        _read(column, tile, stop, count, centre, height, begin, out)
        tile = stop
    return -1


@kernel
def _column_starts(marked_column: Indices, start: Longs) -> None:
    """Find where each column with a marked cell starts, and where the last one ends."""
    start[0] = 0
    columns = 1
    for cell in range(1, marked_column.size):
        if marked_column[cell] != marked_column[cell - 1]:
            start[columns] = cell
            columns += 1
    start[columns] = marked_column.size


@kernel
def _envelope(
    r: int,
    west: int,
    east: int,
    marked_row: Indices,
    marked_column: Indices,
    start: Longs,
    place: Longs,
    centre: Longs,
    height: Longs,
    begin: Longs,
) -> int:
    """Build the lower envelope of one row between two columns; return its number of parabolas.

    The parabola of a column is the squared distance to its marked cell nearest to the row:
    ``(x - centre)^2 + height``. From column ``begin[k]`` on, number k is the lowest.
    """
    count = 0
    for k in range(place.size):
        first = start[k]
        last = start[k + 1]
        cell = place[k]
        while cell < last and marked_row[cell] < r:
            cell += 1
        place[k] = cell
        down = np.int64(1 << 31)
        if cell < last:
            down = marked_row[cell] - r
        if cell > first:
            down = min(down, r - marked_row[cell - 1])
        c = np.int64(marked_column[first])
        g = down * down
        # Where the new parabola is below the last one from its beginning on, that one goes.
        while count > 0 and _height(begin[count - 1], c, g) < _height(
            begin[count - 1], centre[count - 1], height[count - 1]
        ):
            count -= 1
        x = west
        if count > 0:
            last_centre = centre[count - 1]
            rise = c * c - last_centre * last_centre + g - height[count - 1]
            x = rise // (2 * (c - last_centre)) + 1
        if x <= east:
            centre[count] = c
            height[count] = g
            begin[count] = x
            count += 1
    return count


@kernel
def _read(
    column: Indices,
    tile: int,
    stop: int,
    count: int,
    centre: Longs,
    height: Longs,
    begin: Longs,
    out: Longs,
) -> None:
    """Read the envelope of a row at its tiles."""
    k = 0
    for t in range(tile, stop):
        x = np.int64(column[t])
        while k > 0 and begin[k] > x:
            k -= 1
        while k + 1 < count and begin[k + 1] <= x:
            k += 1
        out[t] = _height(x, centre[k], height[k])


@kernel
def _height(x: int, centre: int, height: int) -> int:
    """Return the height of a parabola at a column."""
    return (x - centre) * (x - centre) + height
