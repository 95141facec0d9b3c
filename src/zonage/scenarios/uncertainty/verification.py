"""Probabilities held against official outlines: reliability and Brier scores."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput


@dataclass(frozen=True)
class ReliabilityBin:
    """Tiles of about one probability: what was said of them, and what is official.

    Attributes
    ----------
    low, high : float
        The bin holds ``low <= probability < high`` (the last one its upper end too).
    predicted, observed : float
        Mean probability, and share inside official outlines, both by inhabitants.
    inhabitants : float
        In the unit that was given.
    """

    low: float
    high: float
    predicted: float
    observed: float
    inhabitants: float


@dataclass(frozen=True)
class Reliability:
    """How probabilities compare with official outlines, by inhabitants.

    Attributes
    ----------
    bins : tuple of ReliabilityBin
        Those with inhabitants, the lowest probabilities first.
    brier : float
        Mean squared difference between probability and outcome: 0 is perfect.
    brier_zoning : float or None
        The same of the plain zoning, which says 0 or 1.
    brier_constant : float
        The same of one probability for all, the official share.
    calibration_error : float
        Mean difference between predicted and observed over the bins.
    """

    bins: tuple[ReliabilityBin, ...]
    brier: float
    brier_zoning: float | None
    brier_constant: float
    calibration_error: float

    def to_dict(self) -> dict[str, Any]:
        """Return the bins and the scores for a report."""
        return asdict(self)


def reliability(
    probability: NDArray[np.float64],
    official: NDArray[np.bool_],
    population: NDArray[Any],
    *,
    zoning: NDArray[np.bool_] | None = None,
    bins: int = 10,
) -> Reliability:
    """Hold probabilities against official outlines: of those given 30 %, are 30 % inside?

    Parameters
    ----------
    probability : float64 array, shape (n,)
        Of each tile to be inside.
    official : bool array, shape (n,)
        Tiles inside official outlines (:attr:`zonage.comparison.Comparison.official`).
    population : array, shape (n,)
        Inhabitants, which are the weights.
    zoning : bool array, shape (n,), optional
        Tiles inside the plain zoning, whose Brier score is given for comparison.
    bins : int
        Bins of equal width.

    Raises
    ------
    BadInput
        If lengths differ, a probability is none, there is no bin, or nobody lives in the tiles.

    Notes
    -----
    Brier (1950), Verification of forecasts expressed in terms of probability.

    Examples
    --------
    >>> found = reliability(np.array([0.9, 0.1]), np.array([True, False]), np.array([10, 30]))
    >>> round(found.brier, 3), found.brier_constant
    (0.01, 0.1875)
    """
    weight = np.asarray(population, np.float64)
    sizes = {len(probability), len(official), len(weight)}
    if len(sizes) > 1 or (zoning is not None and len(zoning) != len(weight)):
        raise BadInput("columns of different lengths")
    if not ((probability >= 0) & (probability <= 1)).all():
        raise BadInput("not a probability", expected="0 to 1")
    if not weight.sum() > 0 or bins < 1:
        raise BadInput("no inhabitants or no bins to compare probabilities in")
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    people = np.bincount(place, weight, minlength=bins)
    predicted = np.bincount(place, weight * probability, minlength=bins)
    observed = np.bincount(place, weight * official, minlength=bins)
    found = tuple(
        ReliabilityBin(
            index / bins,
            (index + 1) / bins,
            float(predicted[index] / people[index]),
            float(observed[index] / people[index]),
            float(people[index]),
        )
        for index in np.flatnonzero(people).tolist()
    )
    share = float(np.average(official, weights=weight))
    return Reliability(
        found,
        _brier(probability, official, weight),
        None if zoning is None else _brier(zoning.astype(np.float64), official, weight),
        share * (1 - share),
        float(np.abs(predicted - observed).sum() / weight.sum()),
    )


def _brier(
    probability: NDArray[np.float64], official: NDArray[np.bool_], weight: NDArray[np.float64]
) -> float:
    return float(np.average((probability - official) ** 2, weights=weight))
