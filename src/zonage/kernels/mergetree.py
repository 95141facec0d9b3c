"""The zones of every line at once.

As the line rises tiles only join, zones only merge and their people only grow (a merge tree,
Kruskal's algorithm on tiles sorted by their criterion). So one number a tile says it all: `entry`,
the lowest line at which the tile lies in a zone of enough people. The zoning at line s is
``entry < s``.
"""

import sys

import numba
import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel
from zonage.kernels.around import DISTINCT, FIRST_SIDE, SIDES, around, find, local_table
from zonage.kernels.order import covers
from zonage.kernels.order import order_by_group as order_by_group
from zonage.kernels.threads import chunk_size, part_count, thread_id

Indices = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
States = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float64]

BY_EDGES = SIDES[4]
ABSENT, WAITING, ADMITTED = 0, 1, 256  # states of a tile: 256 is one byte above 1
TILES_PER_PART = 50_000  # fewer are not worth a second thread
BUCKETS_PER_LINE = 4
OUTSIDE, UNSORTED = -2, -1  # instead of a number of tiles, what is wrong with a group


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
def _admit(
    state: States,
    ring: Indices,
    root: int,
    line: float,
    first: int,
    out: Floats,
    entered: Counts,
    count: int,
) -> int:
    """Give all tiles of a waiting component their entry; return how many tiles have one now."""
    member = np.int64(root)
    while True:
        out[member] = line
        state[member] = ADMITTED
        entered[count] = member + first
        count += 1
        member = np.int64(ring[member])
        if member == root:
            return count


@kernel
def _enter(
    order: Counts,
    first: int,
    criterion: Floats,
    table: Indices,
    sides: int,
    min_population: int,
    state: States,
    parent: Indices,
    ring: Indices,
    people: Counts,
    out: Floats,
    entered: Counts,
) -> int:
    """Let the tiles of one group in; return how many got an entry.

    A component waits until it has enough people; then all its tiles are admitted at the same line.
    It needs no root any more: whatever touches it is admitted too. `order` and `entered` count
    tiles from 0, all else from the first tile of the group.
    """
    before = -np.inf
    count = 0
    corners = np.int64(sides > BY_EDGES)
    for position in range(order.size):
        tile = order[position] - first
        if tile < 0 or tile >= out.size:
            return UNSORTED
        line = criterion[tile]
        if not line < np.inf:
            continue
        if line < before or state[tile] != ABSENT:
            return UNSORTED
        before = line
        found = around(tile, table, state)
        waiting = DISTINCT[corners, found & sides]
        root = tile
        state[tile] = WAITING
        parent[tile] = tile
        ring[tile] = tile
        while waiting > 0:
            near = np.int64(table[tile, FIRST_SIDE[waiting]])
            root = _merge(parent, ring, people, root, find(parent, near))
            waiting &= waiting - 1
        if (found >> 8) & sides or people[root] >= min_population:
            count = _admit(state, ring, root, line, first, out, entered, count)
    return count


@kernel
def _enter_group(
    order: Counts,
    first: int,
    last: int,
    criterion: Floats,
    neighbours: Indices,
    sides: int,
    population: Counts,
    min_population: int,
    table: Indices,
    state: States,
    parent: Indices,
    ring: Indices,
    people: Counts,
    out: Floats,
    entered: Counts,
) -> int:
    """Prepare the workspace for one group and let its tiles in."""
    if not local_table(neighbours, first, last, table):
        return OUTSIDE
    out[first:last] = np.inf
    people[: last - first] = population[first:last]
    state[: last - first + 1] = ABSENT
    return _enter(
        order,
        first,
        criterion[first:last],
        table,
        sides,
        min_population,
        state,
        parent,
        ring,
        people,
        out[first:last],
        entered,
    )


@parallel_kernel
def _enter_groups(
    order: Counts,
    group_start: Counts,
    criterion: Floats,
    neighbours: Indices,
    sides: int,
    population: Counts,
    min_population: int,
    table: Indices,
    state: States,
    parent: Indices,
    ring: Indices,
    people: Counts,
    out: Floats,
    entered: Counts,
    entered_count: Counts,
) -> None:
    """Let the tiles of each group in, groups in parallel, each thread in its own workspace."""
    for unsigned_group in prange(group_start.size - 1):
        group = np.int64(unsigned_group)
        first, last = group_start[group], group_start[group + 1]
        thread = thread_id()
        entered_count[group] = _enter_group(
            order[first:last],
            first,
            last,
            criterion,
            neighbours,
            sides,
            population,
            min_population,
            table[thread],
            state[thread],
            parent[thread],
            ring[thread],
            people[thread],
            out,
            entered[first:last],
        )


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
    count = _enter_group(
        order,
        0,
        out.size,
        criterion,
        neighbours,
        SIDES[connectivity],
        population,
        min_population,
        *(array[0] for array in _workspace(1, out.size)),
        out,
        np.empty(out.size, np.int64),
    )
    if count == OUTSIDE:
        raise ValueError("entry: a neighbour is not in the table")
    if count == UNSORTED:
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
    entered: Counts | None = None,
    entered_count: Counts | None = None,
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
    entered
        Output, shape (n,), if given: the tiles of each group that have an entry, sorted by it, from
        ``group_start[k]`` on; the rest of each group is undefined.
    entered_count
        Output, shape (g,), if given: how many tiles of each group have an entry.

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
    if order.size != out.size or not covers(group_start, out.size):
        raise ValueError("entry_by_group: group_start or order does not fit the tiles")
    groups = group_start.size - 1
    entered = np.empty(out.size, np.int64) if entered is None else entered
    entered_count = np.empty(groups, np.int64) if entered_count is None else entered_count
    if entered.size != out.size or entered_count.size != groups:
        raise ValueError("entry_by_group: entered or entered_count does not fit")
    with numba.parallel_chunksize(chunk_size(groups)):
        _enter_groups(
            order,
            group_start,
            criterion,
            neighbours,
            SIDES[connectivity],
            population,
            min_population,
            *_workspace(numba.get_num_threads(), int(np.diff(group_start).max(initial=0))),
            out,
            entered,
            entered_count,
        )
    if entered_count.min(initial=0) == OUTSIDE:
        raise ValueError("entry_by_group: a neighbour lies in another group")
    if entered_count.min(initial=0) == UNSORTED:
        raise ValueError("entry_by_group: order must sort the tiles of each group by criterion")


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
    if entries.size != n or out.shape != (variables, lines.size):
        raise ValueError("sums_by_line: entries, values, lines and out do not fit")
    if np.isnan(lines).any() or (lines[1:] < lines[:-1]).any():
        raise ValueError("sums_by_line: the lines must ascend")
    sums = np.zeros((part_count(n, TILES_PER_PART), lines.size + 1, variables), np.int64)
    _add_at_lines(entries, values, lines, *_buckets(lines), sums)
    np.cumsum(sums.sum(axis=0)[:-1].T, axis=1, out=out)


def _buckets(lines: Floats) -> tuple[float, float, Counts]:
    """Cut the range of the lines into buckets: the lowest line, buckets a unit, lines before each.

    Whatever the rounding, a higher value never gets a lower bucket: so the lines before a bucket
    are never above a value in it, and those after it never below.
    """
    finite = lines[np.isfinite(lines)]
    low = float(finite[0]) if finite.size else 0.0
    width = float(finite[-1]) - low if finite.size else 0.0
    count = BUCKETS_PER_LINE * finite.size
    scale = count / width if width > count / sys.float_info.max else 0.0
    if scale == 0:  # too narrow or too wide to cut
        return 0.0, 0.0, np.array([0, lines.size])
    bucket = np.clip((finite - low) * scale, -1, count).astype(np.int64) + 1
    below = np.count_nonzero(lines == -np.inf)
    before = np.zeros(count + 3, np.int64)
    before[1:] = below + np.searchsorted(bucket, np.arange(1, count + 3))
    before[-1] = lines.size
    return low, scale, before


@parallel_kernel
def _add_at_lines(
    entries: Floats,
    values: Counts,
    lines: Floats,
    low: float,
    scale: float,
    before: Counts,
    out: Counts,
) -> None:
    """Add each tile to the first line at which it is inside, parts of the tiles in parallel."""
    parts = out.shape[0]
    highest = float(before.size - 3)
    for unsigned_part in prange(parts):
        part = np.int64(unsigned_part)
        for tile in range(entries.size * part // parts, entries.size * (part + 1) // parts):
            value = entries[tile]
            place = lines.size
            if value < np.inf:
                bucket = min(max((value - low) * scale, -1.0), highest) if scale > 0 else -1.0
                place = before[np.int64(bucket) + 1]
                end = before[np.int64(bucket) + 2]
                while place < end:
                    middle = (place + end) // 2
                    if lines[middle] <= value:
                        place = middle + 1
                    else:
                        end = middle
            for variable in range(values.shape[0]):
                out[part, place, variable] += values[variable, tile]


def _workspace(threads: int, size: int) -> tuple[Indices, States, Indices, Indices, Counts]:
    """Make room for a group, for each thread: table, states, parents, rings and people."""
    return (
        np.empty((threads, size, 8), np.int32),
        np.empty((threads, size + 1), np.uint16),
        np.empty((threads, size), np.int32),
        np.empty((threads, size), np.int32),
        np.empty((threads, size), np.int64),
    )
