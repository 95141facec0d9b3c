"""The life of quarters in a merge tree, and what moves between two lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zonage.variables import FIXED_POINT

if TYPE_CHECKING:
    from zonage.mergetree.result import MergeTree


@dataclass(frozen=True, eq=False)
class Quarters:
    """Every quarter that exists at some line: where it begins, where it ends, in what.

    A quarter is born at the line at which a zone first has the minimum population. Where quarters
    meet, the most populous just below that line lives on (of equals the one born first, then the
    one whose first tile comes first); the others end there. A quarter exists at the lines s with
    ``birth < s <= death``.

    Attributes
    ----------
    unit : int64 array, shape (q,)
        Position of its urban unit in :attr:`MergeTree.units`.
    birth, death : float64 arrays, shape (q,)
        Lines, EUR a year; a death that never comes is infinite.
    into : int32 array, shape (q,)
        The quarter that it merges into at its death, -1 = none.
    seed : int32 array, shape (q,)
        The first of its tiles at birth.
    population_at_birth, population_at_end : float64 arrays, shape (q,)
        Inhabitants just above its birth, and just below its death (above all lines if it has none).
    """

    unit: NDArray[np.int64]
    birth: NDArray[np.float64]
    death: NDArray[np.float64]
    into: NDArray[np.int32]
    seed: NDArray[np.int32]
    population_at_birth: NDArray[np.float64]
    population_at_end: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.birth)

    @property
    def persistence(self) -> NDArray[np.float64]:
        """Length of the interval of lines over which each quarter exists, EUR a year."""
        return self.death - self.birth


@dataclass(frozen=True, eq=False)
class Changes:
    """What moves when the line moves.

    Attributes
    ----------
    enters, leaves : bool arrays, shape (n,)
        Tiles inside after and not before; inside before and not after.
    quarters : dict of arrays
        One row for each quarter that exists before or after: `quarter` (its position in
        :attr:`MergeTree.quarters`), `change`, `population_before`, `population_after` (inhabitants)
        and `other`: the quarter it merges into or splits from, -1 = none. A change is one of
        ``unchanged``, ``grows``, ``shrinks``, ``enters``, ``leaves``, ``merges`` (it lies in
        another quarter after) and ``splits`` (it lay in another quarter before).
    """

    enters: NDArray[np.bool_]
    leaves: NDArray[np.bool_]
    quarters: dict[str, NDArray[Any]]


def quarters_of(tree: MergeTree) -> Quarters:
    """Return every quarter that exists at some line: see :attr:`MergeTree.quarters`."""
    nodes, start = tree._nodes, tree._quarter_start
    unit = np.repeat(np.arange(len(start) - 1), np.diff(start))
    into = np.where(nodes["into"] >= 0, nodes["into"] + start[unit], -1).astype(np.int32)
    return Quarters(
        unit=unit,
        birth=nodes["birth"],
        death=nodes["death"],
        into=into,
        seed=nodes["seed"],
        population_at_birth=nodes["born"] / FIXED_POINT,
        population_at_end=nodes["last"] / FIXED_POINT,
    )


def changes_between(tree: MergeTree, before: ArrayLike, after: ArrayLike) -> Changes:
    """Say what moves between two lines: see :meth:`MergeTree.changes`."""
    inside_before, inside_after = tree.inside(before), tree.inside(after)
    empty = np.empty(0, np.int32)
    holder_before = holders(tree, before) if len(tree.quarters) else empty
    holder_after = holders(tree, after) if len(tree.quarters) else empty
    people_before, people_after = _people_at(tree, before), _people_at(tree, after)
    own = np.arange(len(tree.quarters))
    was, remains = holder_before == own, holder_after == own
    both = was & remains
    sign = np.sign(people_after - people_before)
    change = np.select(
        [
            both & (sign == 0),
            both & (sign > 0),
            both,
            was & (holder_after >= 0),
            was,
            holder_before >= 0,
        ],
        ["unchanged", "grows", "shrinks", "merges", "leaves", "splits"],
        "enters",
    )
    other = np.select([change == "merges", change == "splits"], [holder_after, holder_before], -1)
    shown = was | remains
    quarters = {
        "quarter": own,
        "change": change,
        "population_before": people_before / FIXED_POINT,
        "population_after": people_after / FIXED_POINT,
        "other": other,
    }
    return Changes(
        enters=inside_after & ~inside_before,
        leaves=inside_before & ~inside_after,
        quarters={name: column[shown] for name, column in quarters.items()},
    )


def holders(tree: MergeTree, line: ArrayLike) -> NDArray[np.int32]:
    """For each quarter the one that holds its tiles at a line, -1 before its birth."""
    from zonage.kernels.quarters import at_line

    nodes, start = tree._nodes, tree._quarter_start
    lines = np.ascontiguousarray(np.broadcast_to(tree._lines(line), len(start) - 1))
    out = np.empty(start[-1], np.int32)
    names = ("birth", "death", "into", "fallen")
    at_line(lines, *(nodes[name] for name in names), start, out)
    return out


def _people_at(tree: MergeTree, line: ArrayLike) -> NDArray[np.int64]:
    """Inhabitants of each quarter at a line, in fixed point."""
    from zonage.kernels.sums import sum_by_label

    people = np.empty(len(tree.quarters) + 1, np.int64)
    sum_by_label(tree.quarter_at(line) + np.int32(1), tree.tiles.count("population"), people)
    return people[1:]
