"""What is inside at every line: running sums by entry, and by minimum population as well."""

import numba
import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel
from zonage.kernels.around import DISTINCT, FIRST_SIDE, SIDES, around, find, local_table
from zonage.kernels.order import covers
from zonage.kernels.threads import chunk_size, part_count, thread_id

Indices = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
States = npt.NDArray[np.uint16]

BY_EDGES = SIDES[4]


@parallel_kernel
def _running_sums(
    group_start: Counts,
    entered: Counts,
    entered_count: Counts,
    entry: Floats,
    alive: Counts,
    values: Counts,
    steps: Floats,
    totals: Counts,
) -> None:
    """Sort entries and add values up in the order of `entered`, groups in parallel."""
    variables = values.shape[0]
    for unsigned_group in prange(group_start.size - 1):
        group = np.int64(unsigned_group)
        first, count = group_start[group], entered_count[group]
        row = first + group
        totals[row] = 0
        for i in range(count):
            tile = entered[first + i]
            steps[first + i] = entry[tile]
            totals[row + i + 1, 0] = alive[first + i]
            totals[row + i + 1, 1] = i + 1
            for variable in range(variables):
                totals[row + i + 1, variable + 2] = (
                    totals[row + i, variable + 2] + values[variable, tile]
                )


def running_sums(
    group_start: Counts,
    entered: Counts,
    entered_count: Counts,
    entry: Floats,
    alive: Counts,
    values: Counts,
) -> tuple[Floats, Counts]:
    """Add values up in the order in which the tiles of each group enter.

    Parameters
    ----------
    group_start, entered, entered_count, entry, alive
        From `zonage.kernels.quarters.trace_by_group` and what it was made from.
    values
        Shape (v, n), int64.

    Returns
    -------
    steps
        Shape (n,): the entries of each group, ascending, from ``group_start[k]`` on.
    totals
        Shape (n + g, v + 2): row ``group_start[k] + k + i`` holds what is inside once the first i
        tiles of group k are in: quarters, tiles and each variable.

    Raises
    ------
    ValueError
        If lengths do not fit.
    """
    n, groups = entry.size, group_start.size - 1
    if entered.size != n or alive.size != n or values.shape[1] != n:
        raise ValueError("running_sums: the arrays differ in length")
    if entered_count.size != groups:
        raise ValueError("running_sums: entered_count does not fit")
    steps = np.empty(n)
    totals = np.empty((n + groups, len(values) + 2), np.int64)
    with numba.parallel_chunksize(chunk_size(groups)):
        _running_sums(group_start, entered, entered_count, entry, alive, values, steps, totals)
    return steps, totals


@kernel
def _below(steps: Floats, first: int, count: int, line: float) -> int:
    """Return how many of `count` ascending steps from `first` on are below a line."""
    place = first
    length = count
    while length > 1:
        half = length // 2
        place += half * (steps[np.uint64(place + half - 1)] < line)  # no branch to guess
        length -= half
    return place - first + (length > 0 and steps[np.uint64(place)] < line)


@parallel_kernel
def _look_up(
    group_start: Counts,
    entered_count: Counts,
    steps: Floats,
    totals: Counts,
    lines: Floats,
    out: Counts,
) -> None:
    """Add up what is inside in each group, parts of the groups in parallel."""
    groups = group_start.size - 1
    parts = out.shape[0]
    common = lines.shape[1] == 1
    for unsigned_part in prange(parts):
        part = np.int64(unsigned_part)
        for group in range(groups * part // parts, groups * (part + 1) // parts):
            first, count = group_start[group], entered_count[group]
            if count == 0:
                continue
            for scenario in range(lines.shape[0]):
                line = lines[scenario, np.int64(0) if common else group]
                row = np.uint64(first + group + _below(steps, first, count, line))
                for variable in range(totals.shape[1]):
                    out[part, scenario, variable] += totals[row, variable]


def look_up(
    group_start: Counts, entered_count: Counts, steps: Floats, totals: Counts, lines: Floats
) -> Counts:
    """Say what is inside at each of many lines, by binary search in the running sums.

    Parameters
    ----------
    group_start, entered_count, steps, totals
        From `running_sums` and what it was made from.
    lines
        Shape (m, g): the line of each group in each scenario, in any order, NaN = nothing inside;
        or (m, 1): one line for all groups.

    Returns
    -------
    int64 array, shape (m, v + 2)
        Quarters, tiles and each variable, all groups together.

    Raises
    ------
    ValueError
        If lengths do not fit.
    """
    groups = group_start.size - 1
    if lines.ndim != 2 or lines.shape[1] not in (1, groups):
        raise ValueError("look_up: lines must have one column, or one for each group")
    if entered_count.size != groups or len(totals) != steps.size + groups:
        raise ValueError("look_up: the arrays differ in length")
    out = np.zeros((part_count(groups), len(lines), totals.shape[1]), np.int64)
    _look_up(group_start, entered_count, steps, totals, lines, out)
    return out.sum(axis=0)


@kernel
def _reached(minima: Counts, people: int) -> int:
    """Return how many of the minima, ascending, a component has the people for."""
    low = 0
    high = minima.size
    while low < high:
        middle = (low + high) // 2
        if minima[middle] <= people:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _add(out: Counts, at: int, reached: int, quarters: int, tiles: int, people: int) -> None:
    """Put a component into the histogram, or take it out."""
    out[at, reached, 0] += quarters
    out[at, reached, 1] += tiles
    out[at, reached, 2] += people


@kernel
def _count_sizes(
    order: Counts,
    first: int,
    criterion: Floats,
    table: Indices,
    sides: int,
    population: Counts,
    lines: Floats,
    minima: Counts,
    state: States,
    parent: Indices,
    people: Counts,
    size: Indices,
    reached: Indices,
    out: Counts,
) -> None:
    """Keep the histogram of the components of one group by people, from line to line.

    What a component was is taken out and what it becomes put in: between two lines only the
    difference remains, so that ties need no care.
    """
    corners = np.int64(sides > BY_EDGES)
    at = 0
    for position in range(order.size):
        tile = order[position] - first
        if tile < 0 or tile >= criterion.size:
            break
        line = criterion[tile]
        while at < lines.size and not line < lines[at]:
            at += 1
        if at == lines.size:
            break
        waiting = DISTINCT[corners, around(tile, table, state) & sides]
        state[tile] = 1
        parent[tile] = tile
        people[tile] = population[tile]
        size[tile] = 1
        root = tile
        while waiting > 0:
            near = find(parent, np.int64(table[tile, FIRST_SIDE[waiting]]))
            waiting &= waiting - 1
            if near == root:
                continue
            _add(out, at, reached[near], -1, -size[near], -people[near])
            child = max(root, near)
            root = min(root, near)
            parent[child] = root
            people[root] += people[child]
            size[root] += size[child]
        reached[root] = _reached(minima, people[root])
        _add(out, at, reached[root], 1, size[root], people[root])


@parallel_kernel
def _count_groups(
    order: Counts,
    group_start: Counts,
    criterion: Floats,
    neighbours: Indices,
    sides: int,
    population: Counts,
    lines: Floats,
    minima: Counts,
    table: Indices,
    state: States,
    parent: Indices,
    people: Counts,
    size: Indices,
    reached: Indices,
    out: Counts,
    outside: npt.NDArray[np.bool_],
) -> None:
    """Count the sizes of all groups, groups in parallel, each thread in its own histogram."""
    for unsigned_group in prange(group_start.size - 1):
        group = np.int64(unsigned_group)
        first, last = group_start[group], group_start[group + 1]
        thread = thread_id()
        outside[group] = not local_table(neighbours, first, last, table[thread])
        if outside[group]:
            continue
        state[thread, : last - first + 1] = 0
        _count_sizes(
            order[first:last],
            first,
            criterion[first:last],
            table[thread],
            sides,
            population[first:last],
            lines[0 if lines.shape[0] == 1 else group],
            minima,
            state[thread],
            parent[thread],
            people[thread],
            size[thread],
            reached[thread],
            out[thread],
        )


def sizes_by_line(
    order: Counts,
    group_start: Counts,
    criterion: Floats,
    neighbours: Indices,
    connectivity: int,
    population: Counts,
    lines: Floats,
    minima: Counts,
) -> Counts:
    """Say what is inside at many lines and many minimum populations, in one pass.

    Parameters
    ----------
    order, group_start, criterion, neighbours, connectivity, population
        As for `zonage.kernels.mergetree.entry_by_group`.
    lines
        Shape (1, m): lines for all groups, ascending; or (g, m): ascending for each group.
    minima
        Shape (p,), ascending, in the unit of `population`.

    Returns
    -------
    int64 array, shape (m, p, 3)
        Quarters, tiles and people.

    Raises
    ------
    ValueError
        If lengths do not fit, lines or minima descend, or a neighbour lies in another group.
    """
    n, groups = criterion.size, group_start.size - 1
    if {order.size, population.size} != {n} or neighbours.shape != (n, 8):
        raise ValueError("sizes_by_line: the arrays differ in length")
    if not covers(group_start, n) or order.min(initial=0) < 0 or order.max(initial=0) >= max(n, 1):
        raise ValueError("sizes_by_line: group_start or order does not fit")
    if lines.ndim != 2 or lines.shape[0] not in (1, groups):
        raise ValueError("sizes_by_line: lines must have one row, or one for each group")
    if np.isnan(lines).any() or (lines[:, 1:] < lines[:, :-1]).any() or (np.diff(minima) < 0).any():
        raise ValueError("sizes_by_line: lines and minima must ascend")
    threads, longest = numba.get_num_threads(), int(np.diff(group_start).max(initial=0))
    out = np.zeros((threads, lines.shape[1], minima.size + 1, 3), np.int64)
    outside = np.zeros(groups, np.bool_)
    with numba.parallel_chunksize(chunk_size(groups)):
        _count_groups(
            order,
            group_start,
            criterion,
            neighbours,
            SIDES[connectivity],
            population,
            lines,
            minima,
            np.empty((threads, longest, 8), np.int32),
            np.empty((threads, longest + 1), np.uint16),
            np.empty((threads, longest), np.int32),
            np.empty((threads, longest), np.int64),
            np.empty((threads, longest), np.int32),
            np.empty((threads, longest), np.int32),
            out,
            outside,
        )
    if outside.any():
        raise ValueError("sizes_by_line: a neighbour lies in another group")
    total = np.cumsum(out.sum(axis=0), axis=0)
    return np.cumsum(total[:, :0:-1], axis=1)[:, ::-1]
