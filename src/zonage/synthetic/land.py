"""Where people live: land, towns, inhabited cells, communes and urban units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonage.synthetic.noise import Noise
from zonage.synthetic.plan import Plan


def hexagon(size: int) -> NDArray[np.bool_]:
    """Return the cells of a hexagon with points north and south: three fifths of its square."""
    offset = np.abs((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1) / 0.98
    half_width = np.minimum(1.0, 1.25 * (1 - offset))
    return offset[None, :] <= half_width[:, None]


def place_towns(rng: np.random.Generator, plan: Plan) -> NDArray[np.int64]:
    """Rows and columns of the towns, largest first; each takes the freest of a few places."""
    height, width = plan.land.shape
    centres = np.empty((len(plan.radii), 2), np.int64)
    centres[0] = height // 2, width // 2
    radii = plan.radii.astype(np.float32)
    for town in range(1, len(centres)):
        radius = plan.radii[town]
        margin = np.minimum(int(radius) + 1, min(height, width) // 4)
        places = rng.integers(margin, (height - margin, width - margin), (24, 2))
        y = (places[:, :1] - centres[:town, 0]).astype(np.float32)
        x = (places[:, 1:] - centres[:town, 1]).astype(np.float32)
        clearance = (np.sqrt(y * y + x * x) - radii[:town]).min(axis=1)
        clearance[~plan.land[places[:, 0], places[:, 1]]] = -np.inf
        centres[town] = places[np.argmax(clearance)]
    return centres


def settle(
    rng: np.random.Generator, plan: Plan, centres: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Rows, columns and densities of the inhabited cells, in raster order."""
    density = _town_density(plan, centres)
    for sigma, weight in ((1.2, 0.6), (4.0, 0.5), (20.0, 0.6)):
        noise = Noise.draw(rng, plan.grid.shape, sigma)
        density += np.float32(weight) * noise.on_grid(plan.grid.shape)
    density += np.float32(0.35) * rng.standard_normal(density.shape, dtype=np.float32)
    density[~plan.land] = -np.inf
    flat = density.ravel()
    lowest = np.partition(flat, flat.size - plan.tiles)[flat.size - plan.tiles]
    cells = np.flatnonzero(flat >= lowest)[: plan.tiles]
    row, column = np.divmod(cells, density.shape[1])
    return row, column, flat[cells]


def _town_density(plan: Plan, centres: NDArray[np.int64]) -> NDArray[np.float32]:
    """Cones around the towns, higher and wider for the larger ones; 0 in the country."""
    density = np.zeros(plan.grid.shape, np.float32)
    for (row, column), radius in zip(centres, plan.radii, strict=True):
        reach = int(1.5 * radius) + 1
        top, left = max(row - reach, 0), max(column - reach, 0)
        window = density[top : row + reach + 1, left : column + reach + 1]
        y = np.arange(window.shape[0])[:, None] + (top - row)
        x = np.arange(window.shape[1])[None, :] + (left - column)
        cone = (3.2 + 0.6 * np.log(radius / 8)) * (1.5 - np.hypot(y, x) / radius)
        np.maximum(window, cone.astype(np.float32), out=window)
    return density


def communes(
    plan: Plan,
    centres: NDArray[np.int64],
    row: NDArray[np.int64],
    column: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Commune and urban unit of each tile, numbered from 0; -1 outside urban units.

    Communes are squares; one belongs to the largest town within whose radius its centre lies, and
    that of a town's centre belongs to the town.
    """
    side = plan.commune_side
    shape = tuple(-(-cells // side) for cells in plan.grid.shape)
    unit = np.full(shape, -1, np.int32)
    middle_y, middle_x = ((np.arange(count) + 0.5) * side for count in shape)
    for town in range(len(centres) - 1, -1, -1):
        (y, x), radius = centres[town], plan.radii[town]
        rows = slice(*np.searchsorted(middle_y, (y - radius, y + radius)))
        columns = slice(*np.searchsorted(middle_x, (x - radius, x + radius)))
        away = np.hypot(middle_y[rows, None] - y, middle_x[None, columns] - x)
        unit[rows, columns][away <= radius] = town
    own = centres[::-1] // side
    unit[own[:, 0], own[:, 1]] = np.arange(len(centres))[::-1]
    square = row // side, column // side
    numbers = np.arange(unit.size, dtype=np.int32).reshape(shape)
    return numbers[square], unit[square]
