"""Correlated noise on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Noise:
    """Gaussian noise of variance 1 whose correlation at distance d is exp(-(d / 2 sigma)^2).

    It is held every ``step`` cells and interpolated between them.
    """

    field: NDArray[np.float32]
    step: int

    @classmethod
    def draw(cls, rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> Noise:
        """Draw the noise of a grid; sigma in cells."""
        from scipy.ndimage import gaussian_filter

        step = max(1, int(sigma / 1.5))
        coarse = tuple(-(-side // step) + 1 for side in shape)
        field = rng.standard_normal(coarse, dtype=np.float32)
        field = gaussian_filter(field, sigma / step, mode="wrap", truncate=3.0)
        field /= field.std(dtype=np.float64)
        return cls(field, step)

    def on_grid(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Return the noise of every cell."""
        if self.step == 1:
            return self.field[: shape[0], : shape[1]]
        rows = _refine(self.field, shape[0], self.step)
        return _refine(rows.T, shape[1], self.step).T

    def at(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the noise of some cells."""
        if self.step == 1:
            return self.field[row, column]
        (y, row_part), (x, column_part) = np.divmod(row, self.step), np.divmod(column, self.step)
        down = (row_part / self.step).astype(np.float32)
        along = (column_part / self.step).astype(np.float32)
        upper = self.field[y, x] * (1 - along) + self.field[y, x + 1] * along
        lower = self.field[y + 1, x] * (1 - along) + self.field[y + 1, x + 1] * along
        noise: NDArray[np.float32] = upper * (1 - down) + lower * down
        return noise


def _refine(field: NDArray[np.float32], size: int, step: int) -> NDArray[np.float32]:
    """Interpolate along the first axis between rows that lie ``step`` apart."""
    above, part = np.divmod(np.arange(size), step)
    weight = (part / step).astype(np.float32)[:, None]
    refined: NDArray[np.float32] = field[above]
    refined += weight * (field[above + 1] - refined)
    return refined
