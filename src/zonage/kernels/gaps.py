"""Gaps of a zoning on the grid: bridges over empty cells, and holes."""

import numpy as np
import numpy.typing as npt

from zonage.kernels._jit import kernel

Labels = npt.NDArray[np.int32]
Cells = npt.NDArray[np.int64]

# Steps to the neighbours of a cell: the first four share an edge, the others a corner.
ROW_STEP = np.array([-1, 0, 0, 1, -1, -1, 1, 1], np.int64)
COLUMN_STEP = np.array([0, -1, 1, 0, -1, 1, -1, 1], np.int64)


@kernel
def _root(parent: Labels, zone: int) -> int:
    """Return the first zone of those joined with this one."""
    while parent[zone] != zone:
        zone = parent[zone]
    return zone


@kernel
def _spread(
    passable: npt.NDArray[np.bool_],
    reach: int,
    connectivity: int,
    nearest: Labels,
    steps: Labels,
    queue: Cells,
) -> None:
    """Breadth first from the zones: give passable cells within reach their zone and distance."""
    height, width = nearest.shape
    filled = 0
    for row in range(height):
        for column in range(width):
            if nearest[row, column] > 0:
                queue[filled] = row * width + column
                filled += 1
    taken = 0
    while taken < filled:
        row, column = queue[taken] // width, queue[taken] % width
        taken += 1
        if steps[row, column] == reach:
            continue
        for side in range(connectivity):
            i, j = row + ROW_STEP[side], column + COLUMN_STEP[side]
            if 0 <= i < height and 0 <= j < width and nearest[i, j] == 0 and passable[i, j]:
                nearest[i, j] = nearest[row, column]
                steps[i, j] = steps[row, column] + 1
                queue[filled] = i * width + j
                filled += 1


@kernel
def bridge(
    passable: npt.NDArray[np.bool_],
    reach: int,
    connectivity: int,
    group: Labels,
    nearest: Labels,
    steps: Labels,
    queue: Cells,
    parent: Labels,
) -> None:
    """Join zones of the same group that a path of at most `reach` passable cells connects.

    Parameters
    ----------
    passable
        Shape (h, w): cells that a bridge may cross, outside all zones.
    reach
        Longest bridge, in cells.
    connectivity
        4: bridges go by edges; 8: by edges and corners.
    group
        Shape (k + 1,): group of each zone; zones of different groups are never joined.
    nearest
        Shape (h, w), in: zone of each cell, 0 outside; overwritten.
    steps
        Shape (h, w): working space of zeros; overwritten.
    queue
        Shape (h w,): working space.
    parent
        Output, shape (k + 1,): first zone of those that each zone is joined with.

    Raises
    ------
    ValueError
        If shapes differ.

    Notes
    -----
    Two zones are joined where their waves meet within reach. It is enough to look at pairs of
    adjacent cells of different waves (the argument of Borůvka for minimum spanning trees).

    Examples
    --------
    >>> import numpy as np
    >>> nearest = np.array([[1, 0, 2]], np.int32)
    >>> parent = np.empty(3, np.int32)
    >>> bridge(
    ...     np.array([[False, True, False]]), 1, 8, np.zeros(3, np.int32),
    ...     nearest, np.zeros((1, 3), np.int32), np.empty(3, np.int64), parent,
    ... )
    >>> parent.tolist()
    [0, 1, 1]
    """
    height, width = nearest.shape
    if passable.shape != nearest.shape or steps.shape != nearest.shape:
        raise ValueError("bridge: the grids differ in shape")
    if queue.size < height * width or group.size != parent.size:
        raise ValueError("bridge: queue, group and parent do not fit the grids")
    for zone in range(parent.size):
        parent[zone] = zone
    _spread(passable, reach, connectivity, nearest, steps, queue)
    for row in range(height):
        for column in range(width):
            for side in range(connectivity):
                i, j = row + ROW_STEP[side], column + COLUMN_STEP[side]
                if not (0 <= i < height and 0 <= j < width):
                    continue
                one, other = nearest[row, column], nearest[i, j]
                if one == 0 or other == 0 or steps[row, column] + steps[i, j] > reach:
                    continue
                one, other = _root(parent, one), _root(parent, other)
                if group[one] == group[other]:
                    parent[max(one, other)] = min(one, other)
    for zone in range(parent.size):
        parent[zone] = _root(parent, zone)


@kernel
def fill_holes(
    inside: npt.NDArray[np.bool_],
    max_cells: int,
    connectivity: int,
    seen: npt.NDArray[np.bool_],
    queue: Cells,
) -> int:
    """Put the holes of at most `max_cells` cells inside, in place.

    Parameters
    ----------
    inside
        Shape (h, w): cells inside zones; overwritten.
    max_cells
        Largest hole that is filled.
    connectivity
        Of the holes: 4 where zones join by corners, 8 where they join by edges only.
    seen
        Shape (h, w): working space of falses; overwritten.
    queue
        Shape (h w,): working space.

    Returns
    -------
    int
        Number of cells put inside.

    Raises
    ------
    ValueError
        If shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> ring = np.ones((3, 3), np.bool_)
    >>> ring[1, 1] = False
    >>> fill_holes(ring, 1, 4, np.zeros((3, 3), np.bool_), np.empty(9, np.int64)), ring.all()
    (1, np.True_)
    """
    height, width = inside.shape
    if seen.shape != inside.shape or queue.size < height * width:
        raise ValueError("fill_holes: the grids differ in shape")
    total = 0
    for row in range(height):
        for column in range(width):
            if inside[row, column] or seen[row, column]:
                continue
            cells, enclosed = _flood(inside, connectivity, row, column, seen, queue)
            if enclosed and cells <= max_cells:
                for position in range(cells):
                    inside[queue[position] // width, queue[position] % width] = True
                total += cells
    return total


@kernel
def _flood(
    inside: npt.NDArray[np.bool_],
    connectivity: int,
    row: int,
    column: int,
    seen: npt.NDArray[np.bool_],
    queue: Cells,
) -> tuple[int, bool]:
    """Collect the outside cells around one; return their number and whether zones enclose them."""
    height, width = inside.shape
    seen[row, column] = True
    queue[0] = row * width + column
    filled = 1
    taken = 0
    enclosed = True
    while taken < filled:
        row, column = queue[taken] // width, queue[taken] % width
        taken += 1
        for side in range(connectivity):
            i, j = row + ROW_STEP[side], column + COLUMN_STEP[side]
            if not (0 <= i < height and 0 <= j < width):
                enclosed = False
            elif not inside[i, j] and not seen[i, j]:
                seen[i, j] = True
                queue[filled] = i * width + j
                filled += 1
    return filled, enclosed
