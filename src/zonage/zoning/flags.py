"""Which tiles are below the line: by themselves, or by what surrounds them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonage.income import IncomeModel
from zonage.law import Law
from zonage.tiles import Tiles
from zonage.zoning.lines import TileLines
from zonage.zoning.method import Method, Reason


def smoothed_median(tiles: Tiles, model: IncomeModel, method: Method) -> NDArray[np.float64]:
    """Median of each tile from the Gaussian means of people, households and incomes around it."""
    from zonage.kernels.raster import scatter
    from zonage.kernels.smooth import gaussian_weights, window_sums

    weights = gaussian_weights(method.smoothing)
    grid = tiles.grid()
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    names = [
        name
        for name in ("population", "households", "poor_households", "income_sum")
        if name in tiles.counts
    ]
    grids = np.empty((len(names), *grid.shape))
    for index, name in enumerate(names):
        scatter(row, column, tiles.values(name), 0.0, grids[index])
    sums = np.empty((len(names), len(tiles)))
    window_sums(grids, row, column, weights, sums)
    means = dict(zip(names, sums, strict=True))
    estimated = model.estimate(
        means["population"],
        means.get("households"),
        means.get("poor_households"),
        means["income_sum"],
        estimator=method.estimator,
    ).median
    return np.where(tiles.count("population") > 0, estimated, np.nan)


@dataclass(frozen=True, eq=False)
class Flags:
    """Tiles below the line by themselves, and with those that their surroundings take in."""

    own: NDArray[np.bool_]
    drawn: NDArray[np.bool_]
    neighbours: NDArray[np.int32]

    @classmethod
    def of(
        cls,
        tiles: Tiles,
        criterion: NDArray[np.float64],
        lines: TileLines,
        law: Law,
        method: Method,
    ) -> Flags:
        """Flag the tiles of a territory."""
        neighbours = tiles.adjacency(method.within_units)
        eligible = np.where(lines.status == Reason.INSIDE, criterion, np.nan)
        own = drawn = meets(eligible, lines.line, law)
        if method.border_share:
            # Across units, neighbours compare by their share of the line of their own unit.
            scale = 1.0 if method.within_units else lines.line
            by_border = bordered(tiles, eligible / scale, neighbours, method)
            drawn = meets(by_border, lines.line / scale, law)
        if method.fill_holes:
            drawn = _filled(tiles, drawn, lines, method)
        return cls(own, drawn, neighbours)


def meets(
    income: NDArray[np.float64], line: NDArray[np.float64] | float, law: Law
) -> NDArray[np.bool_]:
    """The income test of the law: strictly below, unless a reform makes it inclusive."""
    return income <= line if law.comparison == "inclusive" else income < line


def bordered(
    tiles: Tiles,
    criterion: NDArray[np.float64],
    neighbours: NDArray[np.int32],
    method: Method,
) -> NDArray[np.float64]:
    """Lowest line from which each tile is inside, by itself or by its surroundings.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    criterion : float64 array, shape (n,)
        What is held against the line, in any unit; NaN = never inside.
    neighbours : int32 array, shape (n, 8)
        The table of neighbours.
    method : Method
        Its `border_share` and `border_margin`.

    Returns
    -------
    float64 array, shape (n,)
        In the unit of `criterion`: the tile is inside at a line s where the value is below s.
    """
    from zonage.kernels.border import border_lines

    out = np.empty(len(tiles))
    border_lines(
        criterion,
        neighbours,
        tiles.count("population"),
        method.border_share,
        method.border_margin,
        out,
    )
    return out


def _filled(
    tiles: Tiles, drawn: NDArray[np.bool_], lines: TileLines, method: Method
) -> NDArray[np.bool_]:
    """Take in the inhabited tiles of small holes, in units that have a line."""
    from zonage.kernels.gaps import fill_holes
    from zonage.kernels.raster import gather, scatter

    grid = tiles.grid()
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    inside = np.empty(grid.shape, np.bool_)
    scatter(row, column, drawn, False, inside)
    fill_holes(
        inside,
        method.fill_holes,
        4 if method.connectivity == 8 else 8,
        np.zeros(grid.shape, np.bool_),
        np.empty(inside.size, np.int64),
    )
    filled = np.empty(len(tiles), np.bool_)
    gather(inside, row, column, filled)
    return filled & (lines.status == Reason.INSIDE) & (tiles.count("population") > 0)
