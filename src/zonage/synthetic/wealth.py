"""How many households stand on each tile, how rich they are, how many dwellings are social."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonage.synthetic.noise import Noise
from zonage.synthetic.plan import Plan
from zonage.synthetic.rules import SECRECY

# Shares of the households, and the mean income (EUR a year, not winsorised) of their tile.
_INCOME_MEAN = (
    (0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0),
    (11_800, 13_330, 14_700, 15_960, 19_000, 23_000, 28_000, 33_300, 36_800, 45_000, 58_000),
)


def _ranks(
    values: NDArray[np.floating], weights: NDArray[np.floating] | NDArray[np.int64]
) -> NDArray[np.float64]:
    """Share of the total weight that lies below each value, half of its own included."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order], dtype=np.float64)
    ranks = np.empty(len(values))
    ranks[order] = (total - weights[order] / 2) / total[-1]
    return ranks


def households_of_tiles(plan: Plan, density: NDArray[np.float32]) -> NDArray[np.int64]:
    """Households of each tile, at least one, by the rank of its density."""
    levels, households = plan.households
    ranks = _ranks(density, np.ones(len(density), np.float32))
    logarithm = np.interp(ranks, levels, np.log(households))
    return np.maximum(np.rint(np.exp(logarithm) * plan.household_scale), 1).astype(np.int64)


def income_means(
    rng: np.random.Generator,
    plan: Plan,
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    households: NDArray[np.int64],
    unit: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Mean income to expect in each tile, EUR a year: poor where it is dense, and in clusters."""
    town = np.append(rng.standard_normal(len(plan.radii)), 0.0)[unit]
    score = 0.3 * town - 0.3 * np.log(households)
    for sigma, weight in ((1.0, 0.4), (3.0, 0.57), (8.0, 0.55), (60.0, 0.2)):
        score += weight * Noise.draw(rng, plan.grid.shape, sigma).at(row, column)
    score += 0.32 * rng.standard_normal(len(row))
    levels, means = _INCOME_MEAN
    return plan.income_scale * np.interp(_ranks(score, households), levels, means)


def social_dwellings(
    rng: np.random.Generator, households: NDArray[np.int64], income_mean: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Social dwellings of each tile: nearly all where the mean is 12 000 EUR, few above 30 000."""
    share = 0.43 - 1.35 * np.log(income_mean / 18_000) + 0.35 * rng.standard_normal(len(households))
    share -= 0.3 * (households < SECRECY)
    return np.rint(np.clip(share, 0, 1) * households).astype(np.int64)
