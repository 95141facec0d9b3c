"""How much of each cell lies inside an outline, from its edges alone."""

import numpy as np
import numpy.typing as npt

from zonage.kernels._jit import kernel

Floats = npt.NDArray[np.float64]

LEAST = 1e-9  # a smaller share is the rounding of coordinates: 0.4 square centimetres of 200 m


@kernel
def cell_shares(x: Floats, y: Floats, ring_start: npt.NDArray[np.int64], out: Floats) -> None:
    """Find the share of each cell's area inside an outline.

    Parameters
    ----------
    x, y
        Shape (p,): corners of the rings, in cells from the north-west corner of the window, y to
        the south; they may lie outside. A ring ends where it began. On the map exterior rings turn
        to the left and holes to the right, and no two rings cross.
    ring_start
        Shape (r + 1,): ring k has the corners ``ring_start[k]`` to before ``ring_start[k + 1]``.
    out
        Output, shape (height, width + 1): shares from 0 to 1; the last column is workspace.

    Raises
    ------
    ValueError
        If lengths do not fit.

    Notes
    -----
    Each edge adds to every row the height that it spans there: all of it to the cells east of the
    edge, and to the cells that it crosses the part east of it. Going down counts as positive and
    going up as negative, so that sums along a row leave what lies between two sides.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.array([[0.5, 0.5, 2.0, 2.0, 0.5], [0.0, 1.0, 1.0, 0.0, 0.0]])
    >>> out = np.empty((1, 4))
    >>> cell_shares(x, y, np.array([0, 5]), out)
    >>> out[0, :3].tolist()
    [0.5, 1.0, 0.0]
    """
    if x.size != y.size or ring_start.size == 0 or ring_start[-1] != x.size or out.shape[1] == 0:
        raise ValueError("cell_shares: x, y, ring_start and out do not fit")
    out[:] = 0
    for ring in range(ring_start.size - 1):
        for corner in range(ring_start[ring], ring_start[ring + 1] - 1):
            _add_edge(x[corner], y[corner], x[corner + 1], y[corner + 1], out)
    for row in range(out.shape[0]):
        total = 0.0
        for column in range(out.shape[1]):
            total += out[row, column]
            share = min(max(total, 0.0), 1.0)
            share = 0.0 if share < LEAST else share
            out[row, column] = 1.0 if share > 1 - LEAST else share


@kernel
def _add_edge(x0: float, y0: float, x1: float, y1: float, out: Floats) -> None:
    """Add what an edge spans in each row, from north to south."""
    sign = 1.0
    if y0 > y1:
        x0, y0, x1, y1 = x1, y1, x0, y0
        sign = -1.0
    north = max(y0, 0.0)
    south = min(y1, float(out.shape[0]))
    if north >= south:
        return
    slope = (x1 - x0) / (y1 - y0)
    at_north = x0 if north == y0 else x0 + slope * (north - y0)
    row = int(north)
    while north < south:
        end = min(float(row + 1), south)
        at_end = x1 if end == y1 else x0 + slope * (end - y0)
        _add_piece(min(at_north, at_end), max(at_north, at_end), sign * (end - north), out[row])
        north, at_north = end, at_end
        row += 1


@kernel
def _add_piece(west: float, east: float, height: float, out: Floats) -> None:
    """Add the height of a piece of an edge within a row, cell by cell from west to east."""
    width = out.size - 1
    if west >= width:
        return
    if east <= 0:
        out[0] += height
        return
    wide = east - west
    at = max(west, 0.0)
    if west < 0:
        out[0] += height * (-west / wide)
    column = int(at)
    while True:
        end = min(float(column + 1), east)
        part = height * ((end - at) / wide) if wide > 0 else height
        outside = (at + end) / 2 - column  # of the cell, what lies west of the piece
        out[column] += part * (1 - outside)
        out[column + 1] += part * outside
        at = end
        column += 1
        if at >= east or column == width:
            return
