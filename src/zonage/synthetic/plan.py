"""What makes one territory differ from another, and what its parts share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonage.grid import GridSpec


@dataclass(frozen=True)
class Plan:
    """What makes one territory differ from another; lengths in cells."""

    grid: GridSpec
    land: NDArray[np.bool_]
    radii: NDArray[np.float64]
    tiles: int
    households: tuple[tuple[float, ...], tuple[float, ...]]
    household_scale: float
    income_scale: float
    commune_side: int
    national_median: int | None
    source: str


def generator(stream: np.random.SeedSequence) -> np.random.Generator:
    """Return the generator of one stream of random numbers."""
    return np.random.Generator(np.random.PCG64(stream))


def unit_codes(size: int) -> tuple[str, ...]:
    """Codes of five characters, numbered from 1."""
    return tuple(f"{number:05d}" for number in range(1, size + 1))
