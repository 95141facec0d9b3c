"""Births and merges of quarters: the merge tree of the tiles that have an entry.

A quarter is born at the line at which a zone first has enough people. Where zones meet, the most
populous just below that line lives on (of equals the one born first, then the one whose first tile
comes first) and the others end: they merge into it.
"""

import numba
import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel
from zonage.kernels.around import DISTINCT, FIRST_SIDE, SIDES, around, find, local_table
from zonage.kernels.order import covers
from zonage.kernels.threads import chunk_size, thread_id

Indices = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
States = npt.NDArray[np.uint16]

ABSENT, INSIDE = 0, 1
NEW = -1  # of a component: no quarter yet
BY_EDGES = SIDES[4]


@kernel
def _is_elder(one: int, other: int, now: Counts, birth: Floats, seed: Indices) -> bool:
    """Tell which of two quarters lives on where they meet."""
    if now[one] != now[other]:
        return now[one] > now[other]
    if birth[one] != birth[other]:
        return birth[one] < birth[other]
    return seed[one] < seed[other]


@kernel
def _meet(
    tile: int,
    line: float,
    waiting: int,
    table: Indices,
    parent: Indices,
    people: Counts,
    quarter: Indices,
    birth: Floats,
    death: Floats,
    into: Indices,
    seed: Indices,
    now: Counts,
    fallen: Indices,
    dead: int,
) -> int:
    """Join a tile to the components around it; return how many quarters have ended so far."""
    root = tile
    while waiting > 0:
        near = find(parent, np.int64(table[tile, FIRST_SIDE[waiting]]))
        waiting &= waiting - 1
        if near == root:
            continue
        one, other = quarter[root], quarter[near]
        child = max(root, near)
        root = min(root, near)
        parent[child] = root
        people[root] += people[child]
        if one == NEW or other == NEW:
            quarter[root] = max(one, other)
            continue
        if not _is_elder(one, other, now, birth, seed):
            one, other = other, one
        quarter[root] = one
        death[other] = line
        into[other] = one
        fallen[dead] = other
        dead += 1
    return dead


@kernel
def _trace(
    entered: Counts,
    first: int,
    entry: Floats,
    table: Indices,
    sides: int,
    population: Counts,
    state: States,
    parent: Indices,
    people: Counts,
    quarter: Indices,
    birth: Floats,
    death: Floats,
    into: Indices,
    seed: Indices,
    born: Counts,
    now: Counts,
    fallen: Indices,
    home: Indices,
    alive: Counts,
) -> int:
    """Follow the quarters of one group from line to line; return how many there are.

    All tiles of the same entry come in together: nothing is decided before the last of them.
    """
    corners = np.int64(sides > BY_EDGES)
    count = 0
    dead = 0
    start = 0
    while start < entered.size:
        line = entry[entered[start] - first]
        died_before = dead
        stop = start
        while stop < entered.size and entry[entered[stop] - first] == line:
            tile = entered[stop] - first
            if state[tile] != ABSENT:
                return -1
            parent[tile] = tile
            people[tile] = population[tile]
            quarter[tile] = NEW
            waiting = DISTINCT[corners, around(tile, table, state) & sides]
            state[tile] = INSIDE
            dead = _meet(
                tile,
                line,
                waiting,
                table,
                parent,
                people,
                quarter,
                birth,
                death,
                into,
                seed,
                now,
                fallen,
                dead,
            )
            stop += 1
        for i in range(dead - 1, died_before - 1, -1):
            survivor = into[fallen[i]]
            if death[survivor] == line:
                into[fallen[i]] = into[survivor]
        for i in range(start, stop):
            tile = entered[i] - first
            root = find(parent, tile)
            if quarter[root] == NEW:
                quarter[root] = count
                birth[count] = line
                death[count] = np.inf
                into[count] = NEW
                seed[count] = root + first
                born[count] = people[root]
                count += 1
            home[tile] = quarter[root]
            now[quarter[root]] = people[root]
        for i in range(start, stop):
            alive[i] = count - dead
        start = stop
    return count


@parallel_kernel
def _trace_groups(
    group_start: Counts,
    entered: Counts,
    entered_count: Counts,
    entry: Floats,
    neighbours: Indices,
    sides: int,
    population: Counts,
    table: Indices,
    state: States,
    parent: Indices,
    people: Counts,
    quarter: Indices,
    birth: Floats,
    death: Floats,
    into: Indices,
    seed: Indices,
    born: Counts,
    now: Counts,
    fallen: Indices,
    home: Indices,
    alive: Counts,
    count: Counts,
) -> None:
    """Follow the quarters of each group, groups in parallel, each thread in its own workspace."""
    for unsigned_group in prange(group_start.size - 1):
        group = np.int64(unsigned_group)
        first, last = group_start[group], group_start[group + 1]
        thread = thread_id()
        if not local_table(neighbours, first, last, table[thread]):
            count[group] = -1
            continue
        state[thread, : last - first + 1] = ABSENT
        home[first:last] = NEW
        count[group] = _trace(
            entered[first : first + entered_count[group]],
            first,
            entry[first:last],
            table[thread],
            sides,
            population[first:last],
            state[thread],
            parent[thread],
            people[thread],
            quarter[thread],
            birth[first:last],
            death[first:last],
            into[first:last],
            seed[first:last],
            born[first:last],
            now[first:last],
            fallen[first:last],
            home[first:last],
            alive[first:last],
        )


def trace_by_group(
    group_start: Counts,
    entered: Counts,
    entered_count: Counts,
    entry: Floats,
    neighbours: Indices,
    connectivity: int,
    population: Counts,
    home: Indices,
    alive: Counts,
) -> tuple[dict[str, npt.NDArray], Counts]:
    """Follow the quarters of each group from line to line, groups in parallel.

    Parameters
    ----------
    group_start, neighbours, connectivity, population
        As for `zonage.kernels.mergetree.entry_by_group`.
    entered, entered_count, entry
        Its outputs.
    home
        Output, shape (n,), int32: the quarter that each tile lies in just above its entry, counted
        from the first of its group; -1 without an entry.
    alive
        Output, shape (n,), int64: at the place of the last of all tiles in `entered` that have the
        same entry, the number of quarters of the group just above it.

    Returns
    -------
    quarters
        For each quarter, group by group and by birth: `birth` and `death`, the lines (a death that
        never comes is infinite); `into`, the quarter it merged into (-1 = none), counted from the
        first of its group; `seed`, the first tile it had at birth; `born` and `last`, its people
        at birth and just below its death (or above all lines). `fallen`: the quarters of each
        group in order of their death, counted likewise, -1 for those that live on.
    quarter_start
        Shape (g + 1,): group k has quarters ``quarter_start[k]`` to ``quarter_start[k + 1]``.

    Raises
    ------
    ValueError
        If lengths do not fit, a neighbour lies in another group or a tile enters twice.

    Examples
    --------
    >>> import numpy as np
    >>> alone = np.full((2, 8), -1, np.int32)
    >>> home, alive = np.empty(2, np.int32), np.empty(2, np.int64)
    >>> entry, people = np.array([9e3, 1e4]), np.array([1000, 2000])
    >>> start, count = np.array([0, 2]), np.array([2])
    >>> quarters, _ = trace_by_group(
    ...     start, np.arange(2), count, entry, alone, 8, people, home, alive
    ... )
    >>> quarters["birth"].tolist(), quarters["born"].tolist(), alive.tolist()
    ([9000.0, 10000.0], [1000, 2000], [1, 2])
    """
    n, groups = entry.size, group_start.size - 1
    lengths = {array.size for array in (entered, population, home, alive)}
    if lengths != {n} or neighbours.shape != (n, 8) or entered_count.size != groups:
        raise ValueError("trace_by_group: the arrays differ in length")
    if not covers(group_start, n) or (entered_count > np.diff(group_start)).any():
        raise ValueError("trace_by_group: group_start or entered_count does not fit")
    threads, longest = numba.get_num_threads(), int(np.diff(group_start).max(initial=0))
    kinds = {"birth": "f8", "death": "f8", "into": "i4", "seed": "i4", "born": "i8", "last": "i8"}
    found = {name: np.empty(n, kind) for name, kind in kinds.items()}
    found["fallen"] = np.full(n, NEW, np.int32)
    count = np.zeros(groups, np.int64)
    with numba.parallel_chunksize(chunk_size(groups)):
        _trace_groups(
            group_start,
            entered,
            entered_count,
            entry,
            neighbours,
            SIDES[connectivity],
            population,
            np.empty((threads, longest, 8), np.int32),
            np.empty((threads, longest + 1), np.uint16),
            np.empty((threads, longest), np.int32),
            np.empty((threads, longest), np.int64),
            np.empty((threads, longest), np.int32),
            *found.values(),
            home,
            alive,
            count,
        )
    if count.min(initial=0) < 0:
        raise ValueError(
            "trace_by_group: a neighbour lies in another group, or a tile enters twice"
        )
    quarter_start = np.concatenate(([0], np.cumsum(count)))
    places = np.arange(quarter_start[-1]) + np.repeat(group_start[:-1] - quarter_start[:-1], count)
    return {name: values[places] for name, values in found.items()}, quarter_start


@kernel
def at_line(
    line: Floats,
    birth: Floats,
    death: Floats,
    into: Indices,
    fallen: Indices,
    quarter_start: Counts,
    out: Indices,
) -> None:
    """Find the quarter that holds the tiles of each quarter at a line.

    Parameters
    ----------
    line
        Shape (g,): the line of each group.
    birth, death, into, fallen, quarter_start
        From `trace_by_group`.
    out
        Output, shape (q,), int32: the quarter, counted over all groups; -1 if not born yet.

    Raises
    ------
    ValueError
        If lengths do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> birth, death = np.array([9e3, 1e4]), np.array([np.inf, 1.1e4])
    >>> into, fallen = np.array([-1, 0], np.int32), np.array([1, -1], np.int32)
    >>> out = np.empty(2, np.int32)
    >>> at_line(np.array([1.2e4]), birth, death, into, fallen, np.array([0, 2]), out)
    >>> out.tolist()
    [0, 0]
    """
    quarters = birth.size
    if death.size != quarters or into.size != quarters or fallen.size != quarters:
        raise ValueError("at_line: birth, death, into and fallen differ in length")
    if out.size != quarters or line.size != quarter_start.size - 1:
        raise ValueError("at_line: out or line does not fit")
    for group in range(line.size):
        first, last = quarter_start[group], quarter_start[group + 1]
        for quarter in range(first, last):
            out[quarter] = quarter if birth[quarter] < line[group] else -1
        # The last to fall comes first: where it ended up is known when others merged into it.
        for i in range(last - 1, first - 1, -1):
            quarter = first + fallen[i]
            if quarter >= first and death[quarter] < line[group]:
                out[quarter] = out[first + into[quarter]]


@kernel
def label_quarters(inside: npt.NDArray[np.int32], labels: Indices, seen: Indices) -> int:
    """Number quarters in the order of their first tile, as `components.label` does.

    Parameters
    ----------
    inside
        Shape (n,): the quarter of each tile, -1 = none.
    labels
        Output, shape (n,), int32: 1, 2, ...; 0 outside.
    seen
        Workspace, shape (q,), int32, zero.

    Returns
    -------
    int
        Number of quarters found.

    Raises
    ------
    ValueError
        If lengths do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.empty(3, np.int32)
    >>> label_quarters(np.array([4, -1, 2], np.int32), labels, np.zeros(5, np.int32))
    2
    >>> labels.tolist()
    [1, 0, 2]
    """
    if inside.size != labels.size:
        raise ValueError("label_quarters: inside and labels differ in length")
    count = 0
    for tile in range(inside.size):
        quarter = inside[tile]
        if quarter < 0:
            labels[tile] = 0
            continue
        if quarter >= seen.size:
            raise ValueError("label_quarters: seen is too short")
        if seen[quarter] == 0:
            count += 1
            seen[quarter] = count
        labels[tile] = seen[quarter]
    return count
