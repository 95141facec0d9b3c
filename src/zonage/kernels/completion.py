"""Completion: a core of poor tiles too small by itself takes in its poorest neighbours."""

import numpy as np
import numpy.typing as npt

from zonage.kernels._jit import kernel

Labels = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@kernel
def _poorest_neighbour(
    grown: Counts,
    size: int,
    criterion: Floats,
    neighbours: Labels,
    connectivity: int,
    closed: npt.NDArray[np.bool_],
    mark: Labels,
    zone: int,
) -> int:
    """Return the tile of lowest criterion around a zone, the first of equals, or -1."""
    best = -1
    for position in range(size):
        for side in range(connectivity):
            near = neighbours[grown[position], side]
            if near < 0 or closed[near] or mark[near] == zone or np.isnan(criterion[near]):
                continue
            if best < 0 or criterion[near] < criterion[best]:
                best = near
            elif criterion[near] == criterion[best] and near < best:
                best = near
    return best


@kernel
def complete(
    start: Counts,
    order: Counts,
    criterion: Floats,
    excess: Floats,
    population: Counts,
    neighbours: Labels,
    connectivity: int,
    min_population: int,
    core_population: int,
    inside: npt.NDArray[np.bool_],
    closed: npt.NDArray[np.bool_],
    mark: Labels,
    grown: Counts,
) -> int:
    """Let zones that are too small grow to the minimum while their own median stays below the line.

    A zone of at least `core_population` and fewer than `min_population` inhabitants takes in the
    tile of lowest criterion around it, again and again, until it has enough people. It is kept if
    more than half of its people are then below the line; if not, it stays as it was.

    Parameters
    ----------
    start, order
        Tiles by zone, as made by `zonage.kernels.components.members`.
    criterion
        Shape (n,): which neighbour comes first; NaN = never.
    excess
        Shape (n,): inhabitants below the line less half of the inhabitants, of each tile.
    population
        Shape (n,), int64.
    neighbours
        Shape (n, 8).
    connectivity
        4 or 8.
    min_population, core_population
        In the unit of `population`.
    inside
        Shape (n,), in and out: tiles inside zones; tiles of zones that are large enough are not
        taken, tiles taken by a completed zone are added.
    closed, mark, grown
        Shape (n,): working space; `closed` and `mark` must hold zeros.

    Returns
    -------
    int
        Number of zones completed.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> neighbours = np.full((2, 8), -1, np.int32)
    >>> neighbours[0, 2], neighbours[1, 1] = 1, 0
    >>> inside = np.array([True, False])
    >>> complete(
    ...     np.array([0, 1]), np.array([0]), np.array([9.0, 12.0]), np.array([300.0, -100.0]),
    ...     np.array([700, 400]), neighbours, 8, 1000, 500, inside,
    ...     np.zeros(2, np.bool_), np.zeros(2, np.int32), np.empty(2, np.int64),
    ... ), inside.tolist()
    (1, [True, True])
    """
    n = criterion.size
    if excess.size != n or population.size != n or neighbours.shape[0] != n or inside.size != n:
        raise ValueError("complete: the columns differ in length")
    if closed.size != n or mark.size != n or grown.size < n:
        raise ValueError("complete: the working space is too short")
    zones = start.size - 1
    for zone in range(zones):
        people = 0
        for position in range(start[zone], start[zone + 1]):
            people += population[order[position]]
        if people >= min_population:
            for position in range(start[zone], start[zone + 1]):
                closed[order[position]] = True
    completed = 0
    for zone in range(zones):
        people = 0
        below = 0.0
        size = 0
        for position in range(start[zone], start[zone + 1]):
            tile = order[position]
            grown[size] = tile
            size += 1
            mark[tile] = zone + 1
            people += population[tile]
            below += excess[tile]
        if people < core_population or people >= min_population:
            continue
        while people < min_population and below > 0.0:
            tile = _poorest_neighbour(
                grown, size, criterion, neighbours, connectivity, closed, mark, zone + 1
            )
            if tile < 0:
                break
            grown[size] = tile
            size += 1
            mark[tile] = zone + 1
            people += population[tile]
            below += excess[tile]
        if people >= min_population and below > 0.0:
            completed += 1
            for position in range(size):
                inside[grown[position]] = True
                closed[grown[position]] = True
    return completed
