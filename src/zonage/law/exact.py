"""Numbers as exact fractions: 0.6 counts as six tenths, not as the nearest binary number."""

from __future__ import annotations

import math
import numbers
import reprlib
from fractions import Fraction
from functools import lru_cache

from zonage.errors import BadInput


def exact(value: object, name: str, *, positive: bool = False) -> Fraction:
    """Return a number as a fraction, a float as the decimal that it prints as."""
    result: Fraction | None = None
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        result = Fraction(int(value))
    elif isinstance(value, Fraction):
        result = value
    elif isinstance(value, float) and math.isfinite(value):
        result = Fraction(repr(float(value)))
    if result is None or result < 0 or (positive and result == 0):
        least = "above 0" if positive else "of at least 0"
        raise BadInput(
            "not a usable number",
            column=name,
            found=reprlib.repr(value),
            expected=f"a finite number {least}",
        )
    return result


@lru_cache(maxsize=1024)
def decimal(value: object) -> Fraction:
    """Return a parameter's number, already checked, as the decimal that it prints as."""
    return Fraction(repr(value))
