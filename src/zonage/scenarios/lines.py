"""The lines of all urban units under many laws at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonage.law import Law, Reference
from zonage.law.exact import decimal
from zonage.variables import FIXED_POINT
from zonage.zoning import Zoning

SAFE = 2**62
"""Largest whole number of the arithmetic: below it int64 does not overflow."""

TENTHS = 10
"""INSEE publishes medians in whole EUR or tenths; others take the scalar way."""


def thresholds(
    law: Law,
    national_median: float,
    unit_medians: NDArray[np.float64],
    unit_populations: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the thresholds of many urban units: :meth:`zonage.law.Law.threshold` for arrays.

    Parameters
    ----------
    law : Law
        The law, reformed or not.
    national_median : float
        EUR a year.
    unit_medians, unit_populations : float64 arrays, shape (u,)
        EUR a year, and inhabitants.

    Returns
    -------
    int64 array, shape (u,)
        EUR a year. As exact as the scalar form: whole numbers and fractions only.

    Examples
    --------
    >>> from zonage.law import load_law
    >>> law = load_law("qpv", on="2024-01-01")
    >>> thresholds(law, 21640, np.array([20290.0, 24270.0]), np.array([1e6, 1.1e7])).tolist()
    [12800, 14100]
    """
    out = np.empty(len(unit_medians), np.int64)
    big = np.zeros(len(unit_medians), np.bool_)
    if "big_uu_population" in law:
        big = unit_populations >= float(law.big_uu_population)
    for size, prefix in ((False, ""), (True, "big_uu_")):
        here = np.flatnonzero(big == size)
        if len(here):
            out[here] = _weighted(law, prefix, national_median, unit_medians[here])
    return out


def _weighted(
    law: Law, prefix: str, national_median: float, medians: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Weigh, multiply and round up, by one whole-number numerator over one denominator."""
    step = decimal(law.threshold_rounding)
    factor = decimal(law.factor) / step
    start = factor * decimal(getattr(law, f"{prefix}national_weight")) * decimal(national_median)
    slope = factor * decimal(getattr(law, f"{prefix}unit_weight")) / TENTHS
    tenths = np.rint(medians * TENTHS).astype(np.int64)
    shared = math.lcm(slope.denominator, start.denominator)
    gain, offset = int(slope * shared), int(start * shared)
    exact = bool((tenths / TENTHS == medians).all()) and step.denominator == 1
    if not exact or gain * int(tenths.max(initial=0)) + offset >= SAFE:
        population = float(law.get("big_uu_population", 0)) if prefix else 0.0
        scalar = [law.threshold(national_median, float(one), population) for one in medians]
        return np.array(scalar, np.int64)
    return -(-(gain * tenths + offset) // shared) * int(step)


@dataclass(frozen=True, eq=False)
class UnitFigures:
    """What is known of some urban units, as arrays.

    Attributes
    ----------
    size : int
        Number of units asked for.
    places : int64 array, shape (k,)
        Positions, among these, of the units whose median and population are known.
    medians, populations : float64 arrays, shape (k,)
        EUR a year, and inhabitants.
    """

    size: int
    places: NDArray[np.int64]
    medians: NDArray[np.float64]
    populations: NDArray[np.float64]

    @classmethod
    def of(cls, reference: Reference, codes: Sequence[str]) -> UnitFigures:
        """Collect the figures of some units from a reference."""
        known = [
            (place, unit.median, unit.population)
            for place, code in enumerate(codes)
            if code in reference
            for unit in (reference[code],)
            if unit.median is not None and unit.population is not None
        ]
        places = np.array([place for place, _, _ in known], np.int64)
        medians = np.array([float(median) for _, median, _ in known])
        populations = np.array([float(population) for _, _, population in known])
        return cls(len(codes), places, medians, populations)


def unit_lines(base: Zoning, law: Law, units: UnitFigures) -> NDArray[np.float64]:
    """Return the line of each urban unit under a law, EUR a year of disposable income.

    Parameters
    ----------
    base : Zoning
        Its reference and its map from declared to disposable income are used.
    law : Law
        The law, reformed or not; it must test urban units, not communes.
    units : UnitFigures
        The units.

    Returns
    -------
    float64 array, shape (u,)
        NaN for a unit that is too small, or without a line.
    """
    lines = np.full(units.size, np.nan)
    if not len(units.places):
        return lines
    qualifies = _qualify(law, units.populations)
    if base.told.line is not None:
        found = np.full(len(units.places), float(base.told.line))
    else:
        national = base.reference.national_median
        found = thresholds(law, national, units.medians, units.populations).astype(np.float64)
        if base.reference.concept == "declared" and base.conversion is not None:
            found = base.conversion.to_disposable(found)
    lines[units.places[qualifies]] = found[qualifies] + base.told.shift
    return lines


def _qualify(law: Law, populations: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which units are populous enough: :meth:`zonage.law.Law.unit_qualifies` for arrays."""
    step = law.get("uu_population_rounding", 1)
    thousandths = np.rint(populations * FIXED_POINT).astype(np.int64)
    if not isinstance(step, int) or not bool((thousandths / FIXED_POINT == populations).all()):
        return np.array([law.unit_qualifies(float(one)) for one in populations], np.bool_)
    rounded = -(-thousandths // (int(step) * FIXED_POINT)) * int(step)
    return rounded >= float(law.unit_minimum.value)
