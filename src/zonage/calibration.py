"""Which line best reproduces given outlines? One exact pass over all lines.

As the line rises, tiles only join and zones only merge (see :mod:`zonage.kernels.mergetree`), so
each tile has one *entry*: the lowest line at which it lies in a zone of enough people. Sorted by
entry, the inhabitants inside at every line are a running sum, and so is the agreement with the
outlines: the best of all lines is found without trying any.

A calibrated line is not the law. It is reported beside the legal one and never in its place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonage.comparison import MAJORITY, Agreement
from zonage.errors import BadInput
from zonage.mergetree import tree
from zonage.variables import FIXED_POINT
from zonage.zoning import Zoning

STEPS = (100, 10, 1, 0.1, 0.01)
"""EUR: the calibrated line is a multiple of the first of these that the best lines hold."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Agreement with given outlines at every line.

    Attributes
    ----------
    lines : float64 array, shape (m,)
        Lines in EUR a year of disposable income, ascending: agreement k holds for every line above
        ``lines[k]`` up to and including ``lines[k + 1]``.
    computed, both : float64 arrays, shape (m,)
        Inhabitants in the computed zones, and in these and the official outlines.
    official : float
        Inhabitants in the official outlines.
    rule : {"majority", "area"}
        How a partly official tile counts.
    entry : float64 array, shape (n,)
        The lowest line at which each tile is inside (it is inside at every line above).
    left_out : tuple of str
        Options of the method that this pass leaves out, since zones do not only grow under them.
    """

    lines: NDArray[np.float64]
    computed: NDArray[np.float64]
    both: NDArray[np.float64]
    official: float
    rule: str
    entry: NDArray[np.float64]
    left_out: tuple[str, ...]

    @property
    def f1(self) -> NDArray[np.float64]:
        """F1 by inhabitants, one for each line."""
        return 2 * self.both / (self.computed + self.official)

    @property
    def interval(self) -> tuple[float, float]:
        """The best lines: above the first number, up to and including the second."""
        best = int(np.argmax(self.f1))
        above = self.lines[best + 1] if best + 1 < len(self.lines) else math.inf
        return float(self.lines[best]), float(above)

    @property
    def line(self) -> float:
        """The roundest of the best lines, so that it can be printed and used again."""
        low, high = self.interval
        for step in STEPS:
            rounded = round((math.floor(low / step) + 1) * step, 2)
            if low < rounded <= high:
                return float(rounded)
        return high

    @property
    def best(self) -> Agreement:
        """Agreement at the best lines."""
        return self._agreement(int(np.argmax(self.f1)))

    def at(self, line: float) -> Agreement:
        """Agreement at a line, EUR a year of disposable income."""
        index = int(np.searchsorted(self.lines, line, side="left")) - 1
        if index < 0:
            return Agreement(self.rule, 0.0, self.official, 0.0)
        return self._agreement(index)

    def _agreement(self, index: int) -> Agreement:
        computed, both = float(self.computed[index]), float(self.both[index])
        return Agreement(self.rule, computed, self.official, both)


def calibrate(zoning: Zoning, share: NDArray[np.float64], rule: str = "majority") -> Calibration:
    """Measure agreement with given outlines at every line.

    Parameters
    ----------
    zoning : Zoning
        A zoning of the tiles; its units, criterion, minimum population and border rule are used,
        its line is not.
    share : float64 array, shape (n,)
        Share of each tile's area inside the outlines.
    rule : {"majority", "area"}
        How a partly official tile counts.

    Returns
    -------
    Calibration

    Raises
    ------
    BadInput
        If no inhabited tile lies inside the outlines, or no tile ever lies in a zone.
    """
    population = zoning.tiles.count("population")
    weight = (share >= MAJORITY).astype(np.float64) if rule == "majority" else share
    people = population / FIXED_POINT
    official = float(people @ weight)
    if official == 0:
        raise BadInput("no inhabited tile lies inside the official outlines")
    entry = tree(zoning).entry
    order = np.argsort(entry, kind="stable")
    order = order[np.isfinite(entry[order])]
    if len(order) == 0:
        raise BadInput(
            "no zone reaches the minimum population at any line",
            expected=f"{zoning.law.min_population} inhabitants in adjacent tiles",
        )
    lines, first = np.unique(entry[order], return_index=True)
    last = np.append(first[1:], len(order)) - 1
    return Calibration(
        lines=lines,
        computed=np.cumsum(population[order])[last] / FIXED_POINT,
        both=np.cumsum(people[order] * weight[order])[last],
        official=official,
        rule=rule,
        entry=entry,
        left_out=zoning.method.beyond_tree,
    )
