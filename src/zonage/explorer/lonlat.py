"""Longitude and latitude in the page: a change of coordinates as a polynomial.

Within a territory a change of projection is so smooth that a product of Chebyshev polynomials holds
it to a fraction of a millimetre, whatever the projection; a page evaluates it in a few lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from zonage.errors import ZonageError

Floats = NDArray[np.float64]
Change = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""Takes two coordinates and returns two others."""

DEGREES = range(4, 25, 2)
"""Degrees tried, the lowest that is precise enough is taken."""


@dataclass(frozen=True, eq=False)
class Polynomial:
    """Two coordinates as polynomials of two others, within a box.

    Attributes
    ----------
    box : tuple of float
        Least first, least second, greatest first, greatest second coordinate.
    coefficients : float64 array, shape (2, degree + 1, degree + 1)
        Of Chebyshev polynomials of the coordinates scaled to -1 ... 1, for each result.
    error : float
        Largest deviation found between the nodes, in the unit of the results.
    """

    box: tuple[float, float, float, float]
    coefficients: Floats
    error: float

    def __call__(self, first: Floats, second: Floats) -> tuple[Floats, Floats]:
        """Evaluate both polynomials."""
        scaled = _scaled(self.box, first, second)
        one, other = (chebyshev.chebval2d(*scaled, matrix) for matrix in self.coefficients)
        return one, other

    def to_dict(self) -> dict[str, Any]:
        """Return box and coefficients as plain values."""
        return {"box": list(self.box), "coefficients": self.coefficients.tolist()}


def fitted(change: Change, box: Sequence[float], tolerance: float) -> Polynomial:
    """Fit a polynomial to a change of coordinates within a box.

    Parameters
    ----------
    change : callable
        The change.
    box : sequence of four floats
        As :attr:`Polynomial.box`.
    tolerance : float
        Greatest deviation, in the unit of the results.

    Raises
    ------
    ZonageError
        If no degree is precise enough: the box is too large for the projection.

    Examples
    --------
    >>> polynomial = fitted(lambda x, y: (x * y, x - y), (0, 0, 2, 4), 1e-9)
    >>> [float(value.round(9)) for value in polynomial(np.array(1.5), np.array(3.0))]
    [4.5, -1.5]
    """
    west, south, east, north = (float(edge) for edge in box)
    limits = (west, south, max(east, west + 1e-9), max(north, south + 1e-9))
    grid = np.linspace(-1, 1, 60)
    known = _on(change, limits, grid)
    for degree in DEGREES:
        nodes = chebyshev.chebpts1(degree + 1)
        inverse = np.linalg.inv(chebyshev.chebvander(nodes, degree))
        values = _on(change, limits, nodes)
        coefficients = np.stack([inverse @ value @ inverse.T for value in values])
        found = [chebyshev.chebgrid2d(grid, grid, matrix) for matrix in coefficients]
        error = max(float(np.abs(a - b).max()) for a, b in zip(found, known, strict=True))
        if error <= tolerance:
            return Polynomial(limits, coefficients, error)
    raise ZonageError("the territory is too large for the page to know its longitudes")


def _on(change: Change, box: Sequence[float], places: Floats) -> tuple[Floats, Floats]:
    """The results on the product of some places between -1 and 1, each of shape (k, k)."""
    west, south, east, north = box
    first = west + (places + 1) / 2 * (east - west)
    second = south + (places + 1) / 2 * (north - south)
    one, other = change(*np.meshgrid(first, second, indexing="ij"))
    return np.asarray(one), np.asarray(other)


def _scaled(box: Sequence[float], first: Floats, second: Floats) -> tuple[Floats, Floats]:
    west, south, east, north = box
    return 2 * (first - west) / (east - west) - 1, 2 * (second - south) / (north - south) - 1
