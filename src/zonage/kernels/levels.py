"""Complementary perimeters under many rules at once: count, join, test, add up.

A rule asks each indicator for a lowest code (see `zonage.complementary.levels`); everything that
decides is a whole number. Only the tiles that meet the wider level are joined, so a rule costs what
it flags.
"""

import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel
from zonage.kernels.neighbours import NORTH, NORTH_EAST, NORTH_WEST, WEST
from zonage.kernels.threads import part_count

Indices = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Marks = npt.NDArray[np.uint8]

LEVELS = 2
PERIMETERS, TILES, INHABITANTS = 0, 1, 2  # columns of the totals


@kernel
def _find(parent: Indices, tile: int) -> int:
    """Return a tile's root, halving the path on the way."""
    while parent[tile] != tile:
        parent[tile] = parent[parent[tile]]
        tile = parent[tile]
    return tile


@kernel
def _count_families(
    code: Indices,
    first: Indices,
    counts_unknown: Flags,
    family_bit: Counts,
    one: Marks,
    held: Marks,
    known: Marks,
) -> None:
    """Count the families that hold in each tile, and those that count there.

    One indicator after the other and without a branch, so that many tiles are counted at a time:
    no processor could guess which of them are fragile.
    """
    held[:] = 0
    known[:] = 0
    family = 1
    while family <= family_bit.max():
        one[:] = 0
        for indicator in range(first.size):
            if family_bit[indicator] == family:
                least = first[indicator]
                for tile in range(one.size):
                    one[tile] |= np.uint8(code[indicator, tile] >= least)
        for tile in range(one.size):
            held[tile] += one[tile]
        one[:] = 0
        for indicator in range(first.size):
            if family_bit[indicator] == family:
                least = np.int32(0 if counts_unknown[indicator] else 1)
                for tile in range(one.size):
                    one[tile] |= np.uint8(code[indicator, tile] >= least)
        for tile in range(one.size):
            known[tile] += one[tile]
        family *= 2


@kernel
def _mark_by_count(
    held: Marks,
    known: Marks,
    candidate: Flags,
    families: int,
    need: Counts,
    mark: Marks,
) -> None:
    """Mark the tiles that meet each level by their families: 1 at level 2, 2 at level 1."""
    every, severe, wide = np.int32(families), np.int32(need[0]), np.int32(need[1])
    for tile in range(mark.size):
        holding = np.int32(held[tile]) * every
        counting = np.int32(known[tile])
        met = candidate[tile] & (holding > 0) & (holding >= wide * counting)
        mark[tile] = np.uint8(met) + np.uint8(met & (holding >= severe * counting))


@kernel
def _list_marked(mark: Marks, least_mark: int, listed: Indices) -> int:
    """List the tiles of at least a mark, in order and without a branch; return how many."""
    count = 0
    for tile in range(mark.size):
        listed[count] = tile
        count += mark[tile] >= least_mark
    return count


@kernel
def _mark_by_score(
    code: Indices,
    rank: Counts,
    candidate: Flags,
    counts_unknown: Flags,
    weights: Counts,
    need: Counts,
    mark: Marks,
) -> None:
    """Mark the tiles that meet each level by their score: 1 at level 2, 2 at level 1."""
    for tile in range(mark.size):
        total = 0
        weight = 0
        for indicator in range(weights.size):
            if code[indicator, tile] > 0 or counts_unknown[indicator]:
                total += weights[indicator] * rank[indicator, tile]
                weight += weights[indicator]
        met = candidate[tile] and weight > 0 and total >= need[1] * weight
        mark[tile] = (2 if total >= need[0] * weight else 1) if met else 0


@kernel
def _union(parent: Indices, tile: int, near: int) -> None:
    """Join two tiles under the root that comes first."""
    if parent[near] != parent[tile]:
        one = _find(parent, tile)
        other = _find(parent, near)
        parent[max(one, other)] = min(one, other)


@kernel
def _meets(mark: Marks, near: int, least_mark: int) -> bool:
    """Tell whether there is a neighbour and it has at least a mark."""
    return near >= 0 and mark[near] >= least_mark


@kernel
def _join(
    inside: Indices,
    neighbours: Indices,
    corners: bool,
    least_mark: int,
    mark: Marks,
    population: Counts,
    parent: Indices,
    people: Counts,
) -> None:
    """Join the tiles of at least a mark, listed in order, and add up their people at each root.

    By corners, north touches the three others before a tile, and west touches north-west: they are
    joined to each other anyway.
    """
    for tile in inside:
        parent[tile] = tile
        people[tile] = 0
    for tile in inside:
        north, west = neighbours[tile, NORTH], neighbours[tile, WEST]
        by_north = _meets(mark, north, least_mark)
        if by_north:
            _union(parent, tile, north)
            if corners:
                continue
        by_west = _meets(mark, west, least_mark)
        if by_west:
            _union(parent, tile, west)
        if corners:
            north_west, north_east = neighbours[tile, NORTH_WEST], neighbours[tile, NORTH_EAST]
            if not by_west and _meets(mark, north_west, least_mark):
                _union(parent, tile, north_west)
            if _meets(mark, north_east, least_mark):
                _union(parent, tile, north_east)
    for tile in inside:
        # A parent comes before its children, so its own parent is its root by now.
        root = parent[parent[tile]]
        parent[tile] = root
        people[root] += population[tile]


@kernel
def _add_up(
    inside: Indices,
    minimum: int,
    parent: Indices,
    people: Counts,
    population: Counts,
    label: Indices,
    rules_inside: Counts,
    totals: Counts,
    kept: Counts,
) -> None:
    """Count what lies in perimeters of enough people, at one level of one rule."""
    for tile in inside:
        root = parent[tile]
        if people[root] < minimum:
            continue
        rules_inside[tile] += 1
        totals[PERIMETERS] += root == tile
        totals[TILES] += 1
        totals[INHABITANTS] += population[tile]
        for base_level in range(LEVELS):
            if label[base_level, tile] > 0:
                kept[label[base_level, tile]] += population[tile]


@parallel_kernel
def _run_parts(
    code: Indices,
    rank: Counts,
    population: Counts,
    candidate: Flags,
    neighbours: Indices,
    label: Indices,
    first: Indices,
    counts_unknown: Flags,
    family_bit: Counts,
    families: Counts,
    by_score: Flags,
    need: Counts,
    weights: Counts,
    minimum: Counts,
    corners: Flags,
    exclude: Flags,
    one: Marks,
    held: Marks,
    known: Marks,
    mark: Marks,
    listed: Indices,
    parent: Indices,
    people: Counts,
    inside: Counts,
    totals: Counts,
    kept: Counts,
) -> None:
    """Take the rules in as many parts as there are workspaces, each part on its own thread."""
    parts, rules = mark.shape[0], first.shape[0]
    for unsigned_part in prange(parts):
        part = np.int64(unsigned_part)
        inside[part] = 0
        for rule in range(rules * part // parts, rules * (part + 1) // parts):
            allowed = candidate[np.int64(exclude[rule])]
            if by_score[rule]:
                _mark_by_score(
                    code,
                    rank,
                    allowed,
                    counts_unknown[rule],
                    weights[rule],
                    need[rule],
                    mark[part],
                )
            else:
                _count_families(
                    code,
                    first[rule],
                    counts_unknown[rule],
                    family_bit[rule],
                    one[part],
                    held[part],
                    known[part],
                )
                _mark_by_count(
                    held[part], known[part], allowed, families[rule], need[rule], mark[part]
                )
            totals[rule] = 0
            kept[rule] = 0
            for level in range(LEVELS):
                least_mark = LEVELS - level
                count = _list_marked(mark[part], least_mark, listed[part])
                _join(
                    listed[part, :count],
                    neighbours,
                    corners[rule],
                    least_mark,
                    mark[part],
                    population,
                    parent[part],
                    people[part],
                )
                _add_up(
                    listed[part, :count],
                    minimum[rule],
                    parent[part],
                    people[part],
                    population,
                    label,
                    inside[part, level],
                    totals[rule, level],
                    kept[rule, level],
                )


def under_rules(
    code: Indices,
    rank: Counts,
    population: Counts,
    candidate: Flags,
    neighbours: Indices,
    label: Indices,
    first: Indices,
    counts_unknown: Flags,
    family_bit: Counts,
    families: Counts,
    by_score: Flags,
    need: Counts,
    weights: Counts,
    minimum: Counts,
    corners: Flags,
    exclude: Flags,
    inside: Counts,
    totals: Counts,
    kept: Counts,
) -> None:
    """Find the perimeters of both levels under each of many rules, rules on all threads.

    Parameters
    ----------
    code
        Shape (m, n), int32: place of each tile's value by rising fragility, from 1; 0 = unknown.
    rank
        Shape (m, n), int64: inhabitants less fragile, in millionths; 0 where unknown.
    population
        Shape (n,), int64.
    candidate
        Shape (2, n), bool: tiles that a perimeter may hold, where quarters are not excluded and
        where they are.
    neighbours
        Shape (n, 8): table made by `zonage.kernels.neighbours.neighbour_table`.
    label
        Shape (2, n), int32, from 0 to k: perimeters at each level whose inhabitants are followed.
    first
        Shape (r, m), int32: lowest code that meets each rule's condition.
    counts_unknown
        Shape (r, m), bool: whether an unknown value counts as one that does not meet it.
    family_bit
        Shape (r, m), int64: a power of 2 for the indicator's family; 0 = not used.
    families
        Shape (r,): number of families of each rule.
    by_score
        Shape (r,), bool: by score instead of by number of families.
    need
        Shape (r, 2), int64: families needed at level 1 and 2; by score, the score in millionths.
    weights
        Shape (r, m), int64.
    minimum
        Shape (r,), int64: least inhabitants of a perimeter.
    corners
        Shape (r,), bool: join by corners too.
    exclude
        Shape (r,), bool: which row of `candidate` holds.
    inside
        Output, shape (2, n), int64: rules under which each tile is inside at level 1, and at level
        1 or 2.
    totals
        Output, shape (r, 2, 3), int64: perimeters, tiles and inhabitants at level 1, and at level
        1 or 2.
    kept
        Output, shape (r, 2, k + 1), int64: inhabitants of each followed perimeter that are inside
        at level 1, and at level 1 or 2; place 0 is of none and holds 0.

    Raises
    ------
    ValueError
        If shapes do not fit or a label is outside 0..k.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((1, 1), np.int64)
    >>> alone, flag = np.full((2, 8), -1, np.int32), np.array([[True]])
    >>> inside, totals = np.empty((2, 2), np.int64), np.empty((1, 2, 3), np.int64)
    >>> kept = np.empty((1, 2, 1), np.int64)
    >>> under_rules(
    ...     np.array([[1, 2]], np.int32), np.zeros((1, 2), np.int64), np.array([500, 700]),
    ...     np.ones((2, 2), np.bool_), alone, np.zeros((2, 2), np.int32),
    ...     np.array([[2]], np.int32), flag, one, one[0], ~flag[0], np.array([[1, 1]]), one,
    ...     np.array([600]), flag[0], flag[0], inside, totals, kept,
    ... )
    >>> inside.tolist(), totals[0].tolist()
    ([[0, 1], [0, 1]], [[1, 1, 700], [1, 1, 700]])
    """
    m, n = code.shape
    rules, followed = first.shape[0], kept.shape[2]
    sizes = {population.size, neighbours.shape[0], candidate.shape[1]}
    if (
        rank.shape != (m, n)
        or sizes != {n}
        or neighbours.shape[1] != 8
        or candidate.shape[0] != LEVELS
    ):
        raise ValueError("under_rules: arrays of the tiles do not fit")
    if {one.shape for one in (first, counts_unknown, family_bit, weights)} != {(rules, m)}:
        raise ValueError("under_rules: arrays of the rules and indicators do not fit")
    if {one.size for one in (families, by_score, minimum, corners, exclude)} != {rules}:
        raise ValueError("under_rules: arrays of the rules do not fit")
    if label.shape != (LEVELS, n) or label.min(initial=0) < 0 or label.max(initial=0) >= followed:
        raise ValueError("under_rules: label does not fit")
    if inside.shape != (LEVELS, n) or need.shape != (rules, LEVELS):
        raise ValueError("under_rules: inside or need does not fit")
    if totals.shape != (rules, LEVELS, 3) or kept.shape != (rules, LEVELS, followed):
        raise ValueError("under_rules: totals or kept does not fit")
    parts = part_count(rules)
    inside_by_part = np.empty((parts, LEVELS, n), np.int64)
    _run_parts(
        code,
        rank,
        population,
        candidate,
        neighbours,
        label,
        first,
        counts_unknown,
        family_bit,
        families,
        by_score,
        need,
        weights,
        minimum,
        corners,
        exclude,
        *(np.empty((parts, n), np.uint8) for _ in range(4)),
        *(np.empty((parts, n), np.int32) for _ in range(2)),
        np.empty((parts, n), np.int64),
        inside_by_part,
        totals,
        kept,
    )
    inside_by_part.sum(axis=0, out=inside)
