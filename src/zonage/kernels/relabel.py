"""Flag, label, sum and keep at many lines, for rules under which zones do not only grow.

The plan of last resort: whatever a merge tree holds it answers a hundred times faster. A largest
population or a density is such a rule, since a zone that meets it at one line may fail at the next.
"""

import numba
import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel
from zonage.kernels.around import find
from zonage.kernels.neighbours import NORTH, NORTH_EAST, NORTH_WEST, WEST
from zonage.kernels.threads import thread_id

Indices = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NOT_FLAGGED = 2**31 - 1  # as a parent: after every tile
BEFORE = [NORTH, WEST, NORTH_WEST, NORTH_EAST]  # the sides that come before a tile
LINES_PER_CHUNK = 8
ANY_POPULATION = 2**62


@kernel
def _flag(criterion: Floats, line: float, parent: Indices, flagged: Indices) -> int:
    """List the tiles below a line and return their number; forget all parents."""
    count = 0
    for tile in range(criterion.size):
        flagged[count] = tile
        count += criterion[tile] < line
        parent[tile] = NOT_FLAGGED
    parent[criterion.size] = NOT_FLAGGED
    return count


@kernel
def _join_two(parent: Indices, one: int, other: int) -> int:
    """Join two components and return their root."""
    one, other = find(parent, one), find(parent, other)
    root = min(one, other)
    parent[max(one, other)] = root
    return root


@kernel
def _join_by_corners(flagged: Indices, before: Indices, parent: Indices) -> None:
    """Join flagged tiles by edges and corners.

    North touches the three others and north-west touches west: only north-east can be a stranger.
    """
    for i in range(flagged.size):
        tile = np.uint64(flagged[i])
        north = parent[np.uint64(before[tile, 0])]
        west = min(parent[np.uint64(before[tile, 1])], parent[np.uint64(before[tile, 2])])
        east = parent[np.uint64(before[tile, 3])]
        strangers = (north == NOT_FLAGGED) & (west != east)
        if strangers & (west != NOT_FLAGGED) & (east != NOT_FLAGGED):
            parent[tile] = _join_two(parent, west, east)
        else:
            nearest = north if north != NOT_FLAGGED else min(west, east)
            parent[tile] = min(nearest, flagged[i])


@kernel
def _join_by_edges(flagged: Indices, before: Indices, parent: Indices) -> None:
    """Join flagged tiles by edges."""
    for i in range(flagged.size):
        tile = np.uint64(flagged[i])
        north = parent[np.uint64(before[tile, 0])]
        west = parent[np.uint64(before[tile, 1])]
        if (north != west) & (north != NOT_FLAGGED) & (west != NOT_FLAGGED):
            parent[tile] = _join_two(parent, north, west)
        else:
            parent[tile] = min(min(north, west), flagged[i])


@kernel
def _sum(
    flagged: Indices, population: Counts, parent: Indices, people: Counts, size: Indices
) -> int:
    """Sum each component at its root; list the roots in place and return their number.

    A parent comes before its child, so that its own root is known by then.
    """
    roots = 0
    for i in range(flagged.size):
        tile = np.int64(flagged[i])
        root = np.int64(parent[np.uint64(parent[np.uint64(tile)])])
        parent[np.uint64(tile)] = root
        people[np.uint64(tile)] = 0
        size[np.uint64(tile)] = 0
        people[np.uint64(root)] += population[np.uint64(tile)]
        size[np.uint64(root)] += 1
        flagged[roots] = tile
        roots += root == tile
    return roots


@kernel
def _keep(
    roots: Indices,
    people: Counts,
    size: Indices,
    min_population: int,
    max_population: int,
    min_per_tile: int,
    out: Counts,
) -> None:
    """Add up the components that meet the tests."""
    out[:] = 0
    for i in range(roots.size):
        root = np.uint64(roots[i])
        kept = (people[root] >= min_population) & (people[root] <= max_population)
        kept &= people[root] >= min_per_tile * size[root]
        out[0] += kept
        out[1] += kept * size[root]
        out[2] += kept * people[root]


@parallel_kernel
def _relabel(
    criterion: Floats,
    before: Indices,
    corners: bool,
    population: Counts,
    lines: Floats,
    min_population: int,
    max_population: int,
    min_per_tile: int,
    flagged: Indices,
    parent: Indices,
    people: Counts,
    size: Indices,
    out: Counts,
) -> None:
    """Flag, label, sum and keep, lines in parallel, each thread in its own workspace."""
    for unsigned_line in prange(lines.size):
        i = np.int64(unsigned_line)
        thread = thread_id()
        below = _flag(criterion, lines[i], parent[thread], flagged[thread])
        tiles = flagged[thread, :below]
        if corners:
            _join_by_corners(tiles, before, parent[thread])
        else:
            _join_by_edges(tiles, before, parent[thread])
        roots = _sum(tiles, population, parent[thread], people[thread], size[thread])
        _keep(
            tiles[:roots],
            people[thread],
            size[thread],
            min_population,
            max_population,
            min_per_tile,
            out[i],
        )


def relabel(
    criterion: Floats,
    neighbours: Indices,
    connectivity: int,
    population: Counts,
    lines: Floats,
    out: Counts,
    min_population: int = 0,
    max_population: int = ANY_POPULATION,
    min_per_tile: int = 0,
) -> None:
    """Flag, label, sum and keep at each of many lines, lines in parallel.

    Parameters
    ----------
    criterion
        Shape (n,): tiles with ``criterion < line`` are flagged; NaN never is.
    neighbours
        Shape (n, 8): table made by `zonage.kernels.neighbours.neighbour_table`, whose tiles have
        not been renumbered since.
    connectivity
        4: tiles join by edges; 8: by edges and corners.
    population
        Shape (n,).
    lines
        Shape (m,), in any order.
    out
        Output, shape (m, 3), int64: zones, tiles and people kept.
    min_population, max_population, min_per_tile
        A zone is kept with at least and at most so many people, and at least so many per tile; in
        the unit of `population`.

    Raises
    ------
    ValueError
        If lengths or values do not fit, or a neighbour north or west comes after its tile.

    Examples
    --------
    >>> import numpy as np
    >>> neighbours = np.full((2, 8), -1, np.int32)
    >>> neighbours[0, 2], neighbours[1, 1] = 1, 0
    >>> out, people = np.empty((2, 3), np.int64), np.array([600, 500])
    >>> lines = np.array([1e4, 1.1e4])
    >>> relabel(np.array([9e3, 1e4]), neighbours, 8, people, lines, out, max_population=1000)
    >>> out.tolist()
    [[1, 1, 600], [0, 0, 0]]
    """
    n = criterion.size
    if neighbours.shape != (n, 8) or population.size != n or out.shape != (lines.size, 3):
        raise ValueError("relabel: criterion, neighbours, population, lines and out do not fit")
    if connectivity not in (4, 8):
        raise ValueError("relabel: connectivity must be 4 or 8")
    before = neighbours[:, BEFORE]
    if (before >= np.arange(n)[:, np.newaxis]).any():
        raise ValueError("relabel: a neighbour north or west comes after its tile")
    # Tiles above the highest line take no part; the place after the last stands for no tile.
    taking_part = np.flatnonzero(criterion < lines.max(initial=-np.inf))
    size = len(taking_part)
    place = np.full(n + 1, size, np.int32)
    place[taking_part] = np.arange(size)
    threads = numba.get_num_threads()
    with numba.parallel_chunksize(LINES_PER_CHUNK):
        _relabel(
            criterion[taking_part],
            place[before[taking_part]],
            connectivity == 8,
            population[taking_part],
            lines,
            min_population,
            max_population,
            min_per_tile,
            np.empty((threads, size + 1), np.int32),
            np.empty((threads, size + 1), np.int32),
            np.empty((threads, size), np.int64),
            np.empty((threads, size), np.int32),
            out,
        )
