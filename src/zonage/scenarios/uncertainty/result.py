"""What draws gave: how often each tile and each quarter is in, and the totals of each draw."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.scenarios.uncertainty.error_sizes import SOURCES, Errors
from zonage.variables import FIXED_POINT
from zonage.zoning import Zoning

TOTALS = ("population", "households", "poor_households", "social_dwellings")
"""Counts inside zones whose distribution is reported where the tiles hold them."""

LEVELS = (0.05, 0.5, 0.95)
"""Quantiles reported of each total."""

Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """What a number of draws gave. Two of different draws add up.

    Attributes
    ----------
    base : Zoning
        The zoning without errors.
    errors : Errors
    seed : int
    numbers : int64 array, shape (m,)
        Numbers of the draws, increasing.
    inside_count : int64 array, shape (n,)
        In how many draws each tile lies in a zone.
    quarter_count : int64 array, shape (k,)
        In how many draws at least half of the inhabitants of each base zone lie in zones.
    totals : mapping of str to int64 array, shape (m,)
        For each draw the number of zones (`quarters`) and, in fixed point, what lies in them.
    """

    base: Zoning
    errors: Errors
    seed: int
    numbers: Whole
    inside_count: Whole
    quarter_count: Whole
    totals: dict[str, Whole]

    def __add__(self, other: Uncertainty) -> Uncertainty:
        same = (self.base is other.base, self.errors == other.errors, self.seed == other.seed)
        if not all(same):
            raise BadInput("draws of different bases, errors or seeds do not add up")
        both = np.intersect1d(self.numbers, other.numbers)
        if both.size:
            raise BadInput("a draw would count twice", found=f"draw {both[0]}")
        numbers = np.concatenate((self.numbers, other.numbers))
        order = np.argsort(numbers)
        return replace(
            self,
            numbers=numbers[order],
            inside_count=self.inside_count + other.inside_count,
            quarter_count=self.quarter_count + other.quarter_count,
            totals={
                name: np.concatenate((values, other.totals[name]))[order]
                for name, values in self.totals.items()
            },
        )

    @property
    def draws(self) -> int:
        """Number of draws."""
        return len(self.numbers)

    @property
    def probability(self) -> NDArray[np.float64]:
        """Share of the draws in which each tile lies in a zone, shape (n,)."""
        return self.inside_count / self.draws

    @property
    def quarter_probability(self) -> NDArray[np.float64]:
        """Share of the draws in which each base zone exists, shape (k,).

        It exists where at least half of its inhabitants lie in zones, of whatever outline.
        """
        return self.quarter_count / self.draws

    def standard_error(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Monte-Carlo standard error of probabilities: what more draws would narrow."""
        return np.sqrt(probability * (1 - probability) / self.draws)

    @cached_property
    def intervals(self) -> dict[str, dict[str, float]]:
        """Base value, quantiles (values that occurred), mean and its standard error by total."""
        found = {}
        base = totals_of(self.base)
        for name, values in self.totals.items():
            scale = 1 if name == "quarters" else FIXED_POINT
            drawn = values / scale
            spread = float(drawn.std(ddof=1)) if self.draws > 1 else math.nan
            quantiles = np.quantile(drawn, LEVELS, method="inverted_cdf").tolist()
            found[name] = {
                "base": base[name] / scale,
                **dict(zip(("p05", "p50", "p95"), quantiles, strict=True)),
                "mean": float(drawn.mean()),
                "standard_deviation": spread,
                "standard_error": spread / math.sqrt(self.draws),
            }
        return found

    @cached_property
    def table(self) -> dict[str, list[Any]]:
        """The base zones as columns, one row a zone, with the probability that each exists."""
        probability = self.quarter_probability
        zones = self.base.table
        return {
            **{name: zones[name] for name in ("zone", "urban_unit", "communes", "population")},
            "probability": probability.tolist(),
            "standard_error": self.standard_error(probability).tolist(),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return draws, errors with their sources, intervals and quarters for a report."""
        return {
            "draws": self.draws,
            "seed": self.seed,
            "errors": self.errors.to_dict(),
            "sources": dict(SOURCES),
            "intervals": self.intervals,
            "largest_standard_error_of_a_probability": float(
                self.standard_error(self.probability).max()
            ),
            "quarters": self.table,
        }


def totals_of(zoning: Zoning) -> dict[str, int]:
    """Zones, and in fixed point what lies in them."""
    counts = zoning.tiles.counts
    inside = zoning.inside
    sums = {name: int(counts[name][inside].sum()) for name in TOTALS if name in counts}
    return {"quarters": zoning.zone_count, **sums}
