"""The border effect: how near each tile is to the State's quarters."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from zonage.complementary.layers import INDICATORS, Layer
from zonage.errors import BadInput
from zonage.tiles import Tiles

Shape = Literal["ramp", "exponential"]

_NEIGHBOUR = 2
"""Largest squared distance, in cells, of the eight neighbours."""


def squared_cells_to(tiles: Tiles, marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Squared distance from each tile to the nearest marked tile, in cells, exactly.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    marked : bool array, shape (n,)
        Some of them.

    Returns
    -------
    int64 array, shape (n,)
        0 for the marked tiles; -1 everywhere where none is marked.

    Examples
    --------
    >>> tiles = Tiles.from_columns(np.array([8, 8, 7]), np.array([3, 5, 4]), {})
    >>> squared_cells_to(tiles, np.array([True, False, False])).tolist()
    [0, 4, 2]
    """
    from zonage.kernels.distance import squared_distances

    if marked.shape != (len(tiles),):
        raise BadInput(
            "not one mark a tile", found=f"{marked.size} marks", expected=f"{len(tiles)}"
        )
    row, column = tiles.grid().rows_columns(tiles.northing, tiles.easting)
    order = np.arange(len(tiles))
    if len(tiles.unit_start) > 2:
        order = np.lexsort((column, row))
    at = np.flatnonzero(marked)
    at = at[np.lexsort((row[at], column[at]))]
    found = np.empty(len(tiles), np.int64)
    unsorted = squared_distances(row[order], column[order], row[at], column[at], found)
    if unsorted >= 0:
        raise ValueError(f"tile {unsorted} is not in raster order within its urban unit")
    result = np.empty_like(found)
    result[order] = found
    return result


def distances(tiles: Tiles, marked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Metres from each tile's centre to the nearest centre of a marked tile, shape (n,).

    0 for the marked tiles; infinite where none is marked.
    """
    squared = squared_cells_to(tiles, marked)
    metres = np.sqrt(np.maximum(squared, 0).astype(np.float64)) * tiles.resolution
    return np.where(squared < 0, np.inf, metres)


def border_effect(
    tiles: Tiles,
    quarters: NDArray[np.bool_],
    *,
    reach_m: float = 600.0,
    shape: Shape = "ramp",
    source: str = "the State's quarters",
) -> tuple[Layer, Layer, Layer]:
    """Distance to the State's quarters, adjacency, and a gradient around them.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    quarters : bool array, shape (n,)
        Tiles of State quarters: computed (``zoning.inside``) or official.
    reach_m : float
        Where a ramp has fallen to 0, or an exponential to 1/e, in metres.
    shape : {"ramp", "exponential"}
        ``max(0, 1 - d / reach)``, or ``exp(-d / reach)``.
    source : str
        Where the quarters come from.

    Returns
    -------
    tuple of Layer
        Indicators ``quarter_distance`` (metres), ``quarter_adjacency`` (0 or 1) and
        ``quarter_gradient`` (0 to 1); unknown everywhere where no tile is in a quarter.

    Raises
    ------
    BadInput
        If the marks are not of these tiles, or reach or shape cannot be.

    Examples
    --------
    >>> tiles = Tiles.from_columns(np.array([8, 8, 8]), np.array([3, 4, 6]), {})
    >>> layers = border_effect(tiles, np.array([True, False, False]), reach_m=400.0)
    >>> [layer.value.tolist() for layer in layers]
    [[0.0, 200.0, 600.0], [1.0, 1.0, 0.0], [1.0, 0.5, 0.0]]
    """
    if shape not in get_args(Shape):
        raise BadInput("no such gradient", found=shape, expected=" or ".join(get_args(Shape)))
    if not (math.isfinite(reach_m) and reach_m > 0):
        raise BadInput("not the reach of a gradient", found=reach_m, expected="metres, above 0")
    squared = squared_cells_to(tiles, quarters)
    known = squared >= 0
    metres = np.where(known, np.sqrt(np.maximum(squared, 0).astype(np.float64)), np.nan)
    metres *= tiles.resolution
    nearness = (
        np.maximum(0.0, 1 - metres / reach_m) if shape == "ramp" else np.exp(-metres / reach_m)
    )
    adjacent = np.where(known, (squared <= _NEIGHBOUR).astype(np.float64), np.nan)
    notes = ["a quarter outside these tiles is not seen"]
    if not known.all():
        notes.append("no tile is in a quarter")

    def layer(name: str, value: NDArray[np.float64], how: str) -> Layer:
        return Layer(INDICATORS[name], value, source, how, tuple(notes))

    return (
        layer("quarter_distance", metres, "exact, between centres of tiles"),
        layer("quarter_adjacency", adjacent, "tiles of quarters and the eight around each"),
        layer("quarter_gradient", nearness, f"{shape} over {reach_m:g} m of that distance"),
    )
