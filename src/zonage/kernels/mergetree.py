"""The zones of every line at once.

As the line rises tiles only join, zones only merge and their people only grow (a merge tree,
Kruskal's algorithm on tiles sorted by their criterion). So one number a tile says it all: `entry`,
the lowest line at which the tile lies in a zone of enough people. The zoning at line s is
``entry < s``.
"""

import numba
import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel

Indices = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ABSENT = -1
GROUPS_PER_CHUNK = 16


@kernel
def _find(parent: Indices, tile: int) -> int:
    """Return a tile's root, halving the path on the way."""
    while parent[tile] != tile:
        parent[tile] = parent[parent[tile]]
        tile = parent[tile]
    return tile


@kernel
def _merge(parent: Indices, ring: Indices, people: Counts, one: int, other: int) -> int:
    """Join two waiting components under the root that comes first, and return it."""
    if one == other:
        return one
    root = min(one, other)
    child = max(one, other)
    parent[child] = root
    people[root] += people[child]
    # Exchanging one link of each makes two rings one.
    ring[root], ring[child] = ring[child], ring[root]
    return root


@kernel
def _admit(ring: Indices, tile: int, line: float, out: Floats) -> None:
    """Give all tiles of a waiting component their entry."""
    member = tile
    while True:
        out[member] = line
        member = ring[member]
        if member == tile:
            break


@kernel
def _join(
    tile: int,
    line: float,
    neighbours: Indices,
    connectivity: int,
    min_population: int,
    parent: Indices,
    ring: Indices,
    people: Counts,
    out: Floats,
) -> None:
    """Let one tile in at a line: its component waits, or is large enough and is admitted.

    A component that is admitted needs no root any more: whatever touches it is admitted too.
    """
    root = tile
    admitted = people[tile] >= min_population
    for side in range(connectivity):
        near = neighbours[tile, side]
        if near < 0 or parent[near] == ABSENT:
            continue
        if out[near] < np.inf:
            admitted = True
        else:
            root = _merge(parent, ring, people, root, _find(parent, near))
    if admitted or people[root] >= min_population:
        _admit(ring, root, line, out)


@kernel
def _enter(
    order: Counts,
    criterion: Floats,
    neighbours: Indices,
    connectivity: int,
    population: Counts,
    min_population: int,
    parent: Indices,
    ring: Indices,
    people: Counts,
    out: Floats,
) -> bool:
    """Let the tiles of one sorted list in; return whether it was sorted."""
    before = -np.inf
    for position in range(order.size):
        tile = order[position]
        if tile < 0 or tile >= out.size:
            return False
        line = criterion[tile]
        if np.isnan(line):
            continue
        if line < before or parent[tile] != ABSENT:
            return False
        before = line
        parent[tile] = tile
        ring[tile] = tile
        people[tile] = population[tile]
        _join(tile, line, neighbours, connectivity, min_population, parent, ring, people, out)
    return True


@parallel_kernel
def _enter_groups(
    order: Counts,
    group_start: Counts,
    criterion: Floats,
    neighbours: Indices,
    connectivity: int,
    population: Counts,
    min_population: int,
    parent: Indices,
    ring: Indices,
    people: Counts,
    out: Floats,
) -> bool:
    """Let the tiles of each group in, groups in parallel; return whether all were sorted."""
    unsorted = 0
    for unsigned_group in prange(group_start.size - 1):
        group = np.int64(unsigned_group)
        tiles = order[group_start[group] : group_start[group + 1]]
        if not _enter(
            tiles,
            criterion,
            neighbours,
            connectivity,
            population,
            min_population,
            parent,
            ring,
            people,
            out,
        ):
            unsorted += 1
    return unsorted == 0


@parallel_kernel
def order_by_group(criterion: Floats, group_start: Counts, out: Counts) -> None:
    """Sort the tiles of each group by their criterion, ascending, ties in order of the tiles.

    Parameters
    ----------
    criterion
        Shape (n,). NaN comes last.
    group_start
        Shape (g + 1,): group k holds tiles ``group_start[k]`` to ``group_start[k + 1]``.
    out
        Output, shape (n,): indices of tiles, group by group.

    Raises
    ------
    ValueError
        If lengths do not fit or `group_start` descends.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty(3, np.int64)
    >>> order_by_group(np.array([2.0, 1.0, 0.0]), np.array([0, 2, 3]), out)
    >>> out.tolist()
    [1, 0, 2]
    """
    if out.size != criterion.size or not _covers(group_start, criterion.size):
        raise ValueError("order_by_group: lengths do not fit or group_start descends")
    for unsigned_group in prange(group_start.size - 1):
        first = group_start[np.int64(unsigned_group)]
        last = group_start[np.int64(unsigned_group) + 1]
        out[first:last] = first + np.argsort(criterion[first:last], kind="mergesort")


@kernel
def _covers(group_start: Counts, n: int) -> bool:
    """Tell whether groups go from 0 to n without descending."""
    if group_start.size == 0 or group_start[0] != 0 or group_start[-1] != n:
        return False
    for group in range(group_start.size - 1):
        if group_start[group + 1] < group_start[group]:
            return False
    return True


def _check_lengths(
    criterion: Floats, neighbours: Indices, connectivity: int, population: Counts, out: Floats
) -> None:
    n = criterion.size
    if neighbours.shape != (n, 8) or population.size != n or out.size != n:
        raise ValueError("entry: criterion, neighbours, population and out differ in length")
    if connectivity not in (4, 8):
        raise ValueError("entry: connectivity must be 4 or 8")
    if n and population.min() < 0:
        raise ValueError("entry: a population is below 0")


def entry(
    order: Counts,
    criterion: Floats,
    neighbours: Indices,
    connectivity: int,
    population: Counts,
    min_population: int,
    out: Floats,
) -> None:
    """Find the lowest line at which each tile lies in a zone of enough people.

    At line s the tiles with ``criterion < s`` are flagged and connected ones form zones; the tiles
    in zones of at least `min_population` are exactly those with ``entry < s``.

    Parameters
    ----------
    order
        Tiles sorted by criterion, ascending. Tiles left out never enter, so a list cut at the
        highest line of interest saves the rest of the work.
    criterion
        Shape (n,), in the unit of the line. A tile of NaN never enters.
    neighbours
        Shape (n, 8): table made by `zonage.kernels.neighbours.neighbour_table`.
    connectivity
        4: tiles join by edges; 8: by edges and corners.
    population
        Shape (n,), none below 0.
    min_population
        In the unit of `population`.
    out
        Output, shape (n,): a tile's entry, infinite if it never enters.

    Raises
    ------
    ValueError
        If lengths or values do not fit, or `order` is not sorted or names a tile twice.

    Examples
    --------
    >>> import numpy as np
    >>> neighbours = np.full((2, 8), -1, np.int32)
    >>> neighbours[0, 2], neighbours[1, 1] = 1, 0
    >>> out = np.empty(2)
    >>> people = np.array([600, 600])
    >>> entry(np.array([0, 1]), np.array([9e3, 1e4]), neighbours, 8, people, 1000, out)
    >>> out.tolist()
    [10000.0, 10000.0]
    """
    _check_lengths(criterion, neighbours, connectivity, population, out)
    if not _enter(
        order,
        criterion,
        neighbours,
        connectivity,
        population,
        min_population,
        *_workspace(out),
        out,
    ):
        raise ValueError("entry: order must name tiles once each, by ascending criterion")


def entry_by_group(
    order: Counts,
    group_start: Counts,
    criterion: Floats,
    neighbours: Indices,
    connectivity: int,
    population: Counts,
    min_population: int,
    out: Floats,
) -> None:
    """Find every tile's entry as `entry` does, group by group and groups in parallel.

    Parameters
    ----------
    order
        Shape (n,): tiles group by group, sorted by criterion within each (see `order_by_group`).
    group_start
        Shape (g + 1,): group k holds tiles ``group_start[k]`` to ``group_start[k + 1]``, and so
        does `order`.
    criterion, neighbours, connectivity, population, min_population, out
        As for `entry`. No neighbour may lie in another group.

    Raises
    ------
    ValueError
        As for `entry`, or if `group_start` does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> alone = np.full((2, 8), -1, np.int32)
    >>> out = np.empty(2)
    >>> people = np.array([600, 1000])
    >>> groups = np.array([0, 1, 2])
    >>> entry_by_group(np.arange(2), groups, np.array([9e3, 1e4]), alone, 8, people, 1000, out)
    >>> out.tolist()
    [inf, 10000.0]
    """
    _check_lengths(criterion, neighbours, connectivity, population, out)
    if order.size != out.size or not _covers(group_start, out.size):
        raise ValueError("entry_by_group: group_start or order does not fit the tiles")
    with numba.parallel_chunksize(GROUPS_PER_CHUNK):
        is_sorted = _enter_groups(
            order,
            group_start,
            criterion,
            neighbours,
            connectivity,
            population,
            min_population,
            *_workspace(out),
            out,
        )
    if not is_sorted:
        raise ValueError("entry_by_group: order must sort the tiles of each group by criterion")


@kernel
def _lines_up_to(lines: Floats, value: float) -> int:
    """Return how many of the lines, in ascending order, are not above a value."""
    if lines.size == 0:
        return 0
    first = 0
    length = lines.size
    while length > 1:
        half = length // 2
        first += half * (lines[first + half - 1] <= value)  # no branch: nobody could guess it
        length -= half
    return first + (lines[first] <= value)


@kernel
def sums_by_line(entries: Floats, values: Counts, lines: Floats, out: Counts) -> None:
    """Sum variables over the tiles inside at each line: those with ``entry < line``.

    Parameters
    ----------
    entries
        Shape (n,), as from `entry`.
    values
        Shape (v, n), int64.
    lines
        Shape (m,), ascending.
    out
        Output, shape (v, m), int64.

    Raises
    ------
    ValueError
        If lengths do not fit or the lines descend.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty((1, 2), np.int64)
    >>> sums_by_line(np.array([9e3, 1e4]), np.array([[600, 500]]), np.array([1e4, 1.1e4]), out)
    >>> out.tolist()
    [[600, 1100]]
    """
    variables, n = values.shape
    if entries.size != n or out.shape[0] != variables or out.shape[1] != lines.size:
        raise ValueError("sums_by_line: entries, values, lines and out do not fit")
    for i in range(1, lines.size):
        if not lines[i - 1] <= lines[i]:
            raise ValueError("sums_by_line: the lines must ascend")
    out[:] = 0
    for tile in range(n):
        first = _lines_up_to(lines, entries[tile])
        if first < lines.size:
            for variable in range(variables):
                out[variable, first] += values[variable, tile]
    for variable in range(variables):
        for i in range(1, lines.size):
            out[variable, i] += out[variable, i - 1]


def _workspace(out: Floats) -> tuple[Indices, Indices, Counts]:
    """Prepare `out` and make room for parents, rings and people of waiting components."""
    out.fill(np.inf)
    parent = np.full(out.size, ABSENT, np.int32)
    return parent, np.empty(out.size, np.int32), np.empty(out.size, np.int64)
