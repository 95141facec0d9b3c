"""How totals respond to the line and to the minimum population, for curves.

The rule of the run is applied anew at each of the values. On large territories, where that takes
long, the merge tree answers instead: the same rule without the options under which zones can
shrink.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zonage.mergetree import MergeTree
from zonage.variables import FIXED_POINT
from zonage.zoning import Zoning, rezone

REACH, STEP = 3_000, 100
"""EUR a year that the line is moved either way, and by how much at a time."""

MINIMA = tuple(range(0, 3_001, 100))
"""Minimum populations, inhabitants."""

WHOLE = 25_000
"""Tiles up to which the whole rule is applied anew: some milliseconds each time."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Totals under each of some values of one parameter.

    Attributes
    ----------
    values : float64 array, shape (m,)
        The values.
    quarters : int64 array, shape (m,)
        Number of quarters.
    population : float64 array, shape (m,)
        Inhabitants in quarters.
    """

    values: NDArray[np.float64]
    quarters: NDArray[np.int64]
    population: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Response:
    """What the rule gives at other lines and other minimum populations.

    Attributes
    ----------
    base : Zoning
        The zoning in force.
    line : Curve
        By shift of the line of every urban unit, EUR a year of disposable income.
    minimum : Curve
        By minimum population, inhabitants.
    whole : bool
        Whether the curves hold the whole rule; else without :attr:`Method.beyond_tree`.
    """

    base: Zoning
    line: Curve
    minimum: Curve
    whole: bool


def respond(base: Zoning, *, whole: bool | None = None) -> Response:
    """Say what the rule gives at other lines and other minimum populations.

    Parameters
    ----------
    base : Zoning
        The zoning in force.
    whole : bool, optional
        Apply the whole rule anew at each value; by default up to :data:`WHOLE` tiles. A rule that
        the merge tree holds whole is read from it in any case.

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> base = zn.qpv(town.tiles, law, town.reference)
    >>> curve = respond(base).line
    >>> int(curve.quarters[curve.values == 0][0]) == base.zone_count
    True
    """
    shifts = np.arange(-REACH, REACH + STEP, STEP, dtype=np.float64)
    least = base.law.min_population
    minima = np.unique(np.array([*MINIMA, least], np.float64))
    if whole is None:
        whole = len(base.tiles) <= WHOLE
    if base.method.monotone or not whole:
        return _by_tree(base, shifts, minima)
    by_line = (rezone(base, told=replace(base.told, shift=base.told.shift + one)) for one in shifts)
    by_minimum = (rezone(base, law=base.law.reform(min_population=int(one))) for one in minima)
    return Response(base, _counted(shifts, by_line), _counted(minima, by_minimum), True)


def _counted(values: NDArray[np.float64], zonings: Iterable[Zoning]) -> Curve:
    rows = np.array(list(_totals(zonings)), np.int64)
    return Curve(values, rows[:, 0], rows[:, 1] / FIXED_POINT)


def _totals(zonings: Iterable[Zoning]) -> Iterator[tuple[int, int]]:
    for zoning in zonings:
        yield zoning.zone_count, int(zoning.zone_population.sum())


def _by_tree(base: Zoning, shifts: NDArray[np.float64], minima: NDArray[np.float64]) -> Response:
    tree = MergeTree.of(base)
    lines = tree_lines(base, tree)
    found = tree.response(shifts[:, np.newaxis] + lines)
    by_line = Curve(shifts, found["zones"], found["population"])
    found = tree.for_minimum(minima, lines[np.newaxis])
    by_minimum = Curve(minima, found["zones"][0], found["population"][0])
    return Response(base, by_line, by_minimum, base.method.monotone)


def tree_lines(base: Zoning, tree: MergeTree) -> NDArray[np.float64]:
    """Return the line in force of each unit of a tree, 0 where there is none, shape (units,).

    Parameters
    ----------
    base : Zoning
        The zoning.
    tree : MergeTree
        Its tree.
    """
    if not tree.within_units:
        known = base.line[np.isfinite(base.line)]
        return np.array([known[0] if len(known) else 0.0])
    highest = np.fmax.reduceat(base.line, tree.tiles.unit_start[:-1])
    return np.where(np.isfinite(highest), highest, 0.0)
