"""Names of communes on a map, and where they hide least."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.figures.style import SMALL
from zonage.grid import GridSpec
from zonage.tiles import Tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABELS = 14
"""Communes named on a map: the most populous."""


def name_communes(
    axes: Axes,
    tiles: Tiles,
    communes: Mapping[str, str],
    marked: NDArray[np.bool_],
    width: float,
    room: int = 1,
) -> None:
    """Write the names of the most populous communes near the middle of their people.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        A map in kilometres.
    tiles : Tiles
        The tiles.
    communes : mapping of str to str
        Names by code.
    marked : bool array, shape (n,)
        Tiles that a name should not hide.
    width : float
        Of the map, in inches.
    room : int
        Tiles to stay clear of them.
    """
    from matplotlib.patheffects import withStroke
    from scipy.ndimage import binary_dilation

    grid = tiles.grid(margin=2)
    taken = np.zeros(grid.shape, np.bool_)
    taken[grid.rows_columns(tiles.northing[marked], tiles.easting[marked])] = True
    taken = binary_dilation(taken, np.ones((3, 3)), iterations=room)
    cells_per_point = grid.width / (width * 72)
    for name, row, column in _commune_middles(tiles, communes, grid):
        size = (1.4 * SMALL * cells_per_point, 0.62 * SMALL * len(name) * cells_per_point)
        row, column = free_place(taken, row, column, size)
        axes.text(
            (grid.west + column) * grid.resolution / 1000,
            (grid.north + 1 - row) * grid.resolution / 1000,
            name,
            ha="center",
            va="center",
            fontsize=SMALL,
            zorder=5,
            clip_on=True,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _commune_middles(
    tiles: Tiles, communes: Mapping[str, str], grid: GridSpec
) -> Iterator[tuple[str, float, float]]:
    """Name, and row and column of the middle of its people, of the most populous communes."""
    people = tiles.values("population") * (tiles.commune.index >= 0)
    size = len(tiles.commune.labels)
    index = np.maximum(tiles.commune.index, 0)
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    totals = np.bincount(index, people, minlength=size)
    rows = np.bincount(index, people * (row + 0.5), minlength=size)
    columns = np.bincount(index, people * (column + 0.5), minlength=size)
    for commune in np.argsort(-totals, kind="stable")[:LABELS]:
        name = communes.get(tiles.commune.labels[commune]) if size else None
        if name is not None and totals[commune] > 0:
            yield name, rows[commune] / totals[commune], columns[commune] / totals[commune]


def free_place(
    taken: NDArray[np.bool_], row: float, column: float, size: tuple[float, float]
) -> tuple[float, float]:
    """Middle of the place of a text near a point that hides least; the text then takes the place.

    Parameters
    ----------
    taken : bool array, shape (rows, columns)
        Cells that a text should not hide; changed.
    row, column : float
        The point.
    size : (height, width)
        Of the text, in cells.
    """
    height, width = size
    places = [(row, column)] + [
        (row + down * height / 2, column + right * width / 4)
        for down in (-1, 1, -2, 2, -3, 3, -4, 4)
        for right in (0, -1, 1, -2, 2)
    ]

    def box(place: tuple[float, float]) -> tuple[slice, slice]:
        top, left = place[0] - height / 2, place[1] - width / 2
        return (
            slice(max(int(top), 0), max(math.ceil(top + height), 0)),
            slice(max(int(left), 0), max(math.ceil(left + width), 0)),
        )

    def cost(place: tuple[float, float]) -> float:
        inside = height / 2 <= place[0] <= taken.shape[0] - height / 2
        inside &= width / 2 <= place[1] <= taken.shape[1] - width / 2
        away = abs(place[0] - row) / height + abs(place[1] - column) / width
        return float(taken[box(place)].sum()) + away + (0 if inside else taken.size)

    best = min(places, key=cost)
    taken[box(best)] = True
    return best
