"""Synthetic inputs: a national grid of 2.25 million inhabited tiles, and a metropolis."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy import ndimage

from zonage.kernels.neighbours import neighbour_table

SMALL = False
"""Whether inputs are small, to check answers without timing them; set before any is made."""


@dataclass(frozen=True)
class Country:
    """A square grid, its inhabited tiles in raster order, and their urban units."""

    side: int
    row: np.ndarray
    column: np.ndarray
    unit: np.ndarray
    criterion: np.ndarray
    population: np.ndarray
    line: float

    @property
    def size(self) -> str:
        return f"{self.side} x {self.side}, {len(self.row)} tiles"

    @cached_property
    def neighbours(self) -> np.ndarray:
        out = np.empty((len(self.row), 8), np.int32)
        neighbour_table(self.row, self.column, np.array([0, len(self.row)]), out)
        return out

    @property
    def flag(self) -> np.ndarray:
        return self.criterion < self.line

    def grid(self, values: np.ndarray, fill: float = 0) -> np.ndarray:
        out = np.full((self.side, self.side), fill, values.dtype)
        out[self.row, self.column] = values
        return out

    def by_unit(self) -> tuple["Country", np.ndarray]:
        """Return the same tiles sorted by unit, with the offsets of the units."""
        order = np.argsort(self.unit, kind="stable")
        unit = self.unit[order]
        start = np.concatenate(([0], np.flatnonzero(np.diff(unit)) + 1, [len(unit)]))
        parts = (self.row, self.column, self.unit, self.criterion, self.population)
        return Country(self.side, *(part[order] for part in parts), self.line), start


def field(generator: np.random.Generator, side: int, grain: int) -> np.ndarray:
    """Return smooth noise of unit variance with hills of about `grain` cells."""
    coarse = ndimage.gaussian_filter(generator.standard_normal((side // grain + 2,) * 2), 1)
    zoomed = ndimage.zoom(coarse.astype(np.float32), grain, order=1)[:side, :side]
    return (zoomed - zoomed.mean()) / zoomed.std()


def make_country(side: int, inhabited: float, poor: float, units: int, seed: int) -> Country:
    """Draw a country: share of its cells inhabited, share of these poor, units in a square mesh."""
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal((side, side), dtype=np.float32)
    wealth = field(generator, side, 8)
    density = field(generator, side, 40) + 0.7 * wealth + 0.42 * noise
    count = round(side * side * inhabited)
    lowest = np.partition(density.ravel(), -count)[-count]
    row, column = (index.astype(np.int32) for index in np.nonzero(density >= lowest))
    n = len(row)
    criterion = np.round(20000 + 3000 * wealth[row, column] + 1000 * generator.standard_normal(n))
    population = np.round(1000 * generator.lognormal(2.5, 1.2, n)).astype(np.int64)
    mesh = round(units**0.5)
    unit = (row * mesh // side) * mesh + column * mesh // side
    line = np.quantile(criterion, poor)
    return Country(side, row, column, unit, criterion.astype(np.float64), population, float(line))


@cache
def national(side: int = 5000) -> Country:
    """Draw a country of which 9 % is inhabited, with one urban unit to 10 000 cells."""
    if SMALL:
        side = min(side, 300)
    units = max(1, side * side // 10_000)
    return make_country(side, inhabited=0.09, poor=63_353 / 2_250_000, units=units, seed=1)


@cache
def metropolis() -> Country:
    side = 60 if SMALL else 200
    return make_country(side, inhabited=0.45, poor=0.2, units=1, seed=2)


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two labellings of the same tiles have the same components (0 = none)."""
    if not np.array_equal(one == 0, other == 0):
        return False
    pairs = np.unique(np.stack([one[one > 0], other[one > 0]]), axis=1)
    return len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]
