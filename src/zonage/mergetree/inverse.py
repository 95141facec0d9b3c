"""Inverse questions to a merge tree: the line for a share, the minimum for a number of quarters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zonage.errors import BadInput
from zonage.variables import FIXED_POINT

if TYPE_CHECKING:
    from zonage.mergetree.result import MergeTree


@dataclass(frozen=True, slots=True)
class LineForShare:
    """The lowest line for which a share of the inhabitants is in quarters.

    Attributes
    ----------
    line : float
        The lowest such line, EUR a year.
    up_to : float
        The highest line with the same zoning; any line between the two will do.
    share : float
        The share of the inhabitants in quarters at these lines: at least the one asked for.
    population : float
        Inhabitants in quarters at these lines.
    """

    line: float
    up_to: float
    share: float
    population: float


@dataclass(frozen=True, slots=True)
class MinimumForCount:
    """The highest minimum population that keeps a number of quarters.

    Attributes
    ----------
    minimum : float
        The highest such minimum, inhabitants.
    above : float
        Any minimum above this one, up to `minimum`, keeps the same quarters; 0 if there is none.
    quarters : int
        Quarters kept: more than asked for only where several have the same population.
    """

    minimum: float
    above: float
    quarters: int


def line_for_share(tree: MergeTree, share: float) -> LineForShare:
    """Find the lowest line for a share of people: see :meth:`MergeTree.line_for_share`."""
    if not 0 < share <= 1:
        raise BadInput("not a share of the inhabitants", found=share, expected="above 0, to 1")
    population = tree.tiles.count("population")
    entered = np.flatnonzero(tree.entry < np.inf)
    entered = entered[np.argsort(tree.entry[entered], kind="stable")]
    steps, last = np.unique(tree.entry[entered][::-1], return_index=True)
    people = np.cumsum(population[entered])[len(entered) - 1 - last]
    total = int(population.sum())
    place = int(np.searchsorted(people / total, share)) if total else 0
    if total == 0 or place == len(people):
        reached = int(people[-1]) / total if total and len(people) else 0.0
        raise BadInput(
            "no line puts that share of the inhabitants in quarters",
            found=share,
            expected=f"at most {reached:.4f}",
        )
    above = float(steps[place])
    following = float(steps[place + 1]) if place + 1 < len(steps) else math.inf
    return LineForShare(
        line=above if tree.inclusive else math.nextafter(above, math.inf),
        up_to=math.nextafter(following, -math.inf) if tree.inclusive else following,
        share=int(people[place]) / total,
        population=int(people[place]) / FIXED_POINT,
    )


def minimum_for_count(tree: MergeTree, line: ArrayLike, quarters: int) -> MinimumForCount:
    """Find the highest minimum that keeps a number: see :meth:`MergeTree.minimum_for_count`."""
    people = np.sort(_components(tree, line))[::-1]
    people = people[people > 0]
    if not 1 <= quarters <= len(people):
        raise BadInput(
            "no minimum population keeps that many quarters",
            found=quarters,
            expected=f"1 to {len(people)}" if len(people) else "a line that flags a tile",
        )
    minimum = people[quarters - 1]
    smaller = people[people < minimum]
    return MinimumForCount(
        minimum=int(minimum) / FIXED_POINT,
        above=int(smaller[0]) / FIXED_POINT if len(smaller) else 0.0,
        quarters=int((people >= minimum).sum()),
    )


def _components(tree: MergeTree, line: ArrayLike) -> NDArray[np.int64]:
    """Inhabitants of each component of the tiles below a line, large or small."""
    from zonage.kernels.components import label
    from zonage.kernels.sums import sum_by_label

    lines = tree._lines(line)
    line_of_tile = lines if len(lines) == 1 else np.repeat(lines, np.diff(tree._start))
    labels = np.empty(len(tree.tiles), np.int32)
    count = label(tree.criterion < line_of_tile, tree._neighbours, tree.connectivity, labels)
    people = np.empty(count + 1, np.int64)
    sum_by_label(labels, tree.tiles.count("population"), people)
    return people[1:]
