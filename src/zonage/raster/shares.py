"""Shares of cells and tiles inside outlines, exact in double precision."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.grid import GridSpec
from zonage.tiles import Tiles

if TYPE_CHECKING:
    from zonage.sources.perimeters import Perimeters


class Shares(NamedTuple):
    """Shares of tiles inside outlines, sorted by tile, then by outline.

    Attributes
    ----------
    tile : int64 array
        Position in the table of tiles.
    perimeter : int64 array
        Position in the list of outlines.
    share : float64 array
        Share of the tile's area, above 0, at most 1.
    """

    tile: NDArray[np.int64]
    perimeter: NDArray[np.int64]
    share: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Coverage:
    """Share of each cell's area inside each outline, for the cells that an outline touches.

    Attributes
    ----------
    crs, resolution : int
        The lattice: EPSG code, and side of a cell in metres.
    codes, names, communes : tuple of str
        The outlines; names of communes are joined by ", ".
    vintage : int or None
        Year of the list.
    northing, easting, perimeter : int32 arrays, shape (m,)
        Lattice indices of the cell, and position of the outline in ``codes``.
    share : float64 array, shape (m,)
        Share of the cell's area inside the outline, above 0, at most 1.
    source : str
        Where the outlines come from.
    """

    crs: int
    resolution: int
    codes: tuple[str, ...]
    names: tuple[str, ...]
    communes: tuple[str, ...]
    vintage: int | None
    northing: NDArray[np.int32]
    easting: NDArray[np.int32]
    perimeter: NDArray[np.int32]
    share: NDArray[np.float64]
    source: str = "memory"

    def on(self, tiles: Tiles) -> Shares:
        """Return the shares of the given tiles.

        Raises
        ------
        BadInput
            If the tiles are of another lattice.
        """
        if (tiles.crs, tiles.resolution) != (self.crs, self.resolution):
            raise BadInput(
                "the tiles are of another lattice than the shares of outlines",
                file=tiles.source,
                found=f"EPSG:{tiles.crs}, {tiles.resolution} m",
                expected=f"EPSG:{self.crs}, {self.resolution} m",
            )
        own, cells = _keys(tiles.northing, tiles.easting), _keys(self.northing, self.easting)
        order = np.argsort(own)
        place = np.minimum(np.searchsorted(own[order], cells), len(own) - 1)
        tile = order[place]
        known = np.flatnonzero(own[tile] == cells)
        known = known[np.lexsort((self.perimeter[known], tile[known]))]
        return Shares(tile[known], self.perimeter[known].astype(np.int64), self.share[known])

    def share_of(self, tiles: Tiles) -> NDArray[np.float64]:
        """Return the share of each tile inside any outline, shape (n,).

        Shares in several outlines are added and cut at 1: official outlines of one list do not
        overlap but for slivers, so this is the share inside their union.
        """
        tile, _, share = self.on(tiles)
        return np.minimum(np.bincount(tile, weights=share, minlength=len(tiles)), 1.0)

    @property
    def areas_km2(self) -> NDArray[np.float64]:
        """Area of each outline inside the grid, in square kilometres."""
        cells = np.bincount(self.perimeter, weights=self.share, minlength=len(self.codes))
        return cells * self.resolution**2 / 1e6

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Iterate over id of the tile, code of the outline and share with six decimals.

        Shares that round to 0 are left out: less than 0.02 square metres of a 200 m tile.
        """
        for north, east, index, share in zip(
            (self.northing.astype(np.int64) * self.resolution).tolist(),
            (self.easting.astype(np.int64) * self.resolution).tolist(),
            self.perimeter.tolist(),
            self.share.tolist(),
            strict=True,
        ):
            text = f"{share:.6f}"
            if float(text) > 0:
                tile_id = f"CRS{self.crs}RES{self.resolution}mN{north}E{east}"
                yield tile_id, self.codes[index], text.rstrip("0").rstrip(".")


def _keys(northing: NDArray[np.int32], easting: NDArray[np.int32]) -> NDArray[np.int64]:
    """One whole number for each cell."""
    return (northing.astype(np.int64) << 32) + easting


def coverage(perimeters: Perimeters, grid: GridSpec | Tiles) -> Coverage:
    """Return the exact share of each cell's area inside each outline.

    Parameters
    ----------
    perimeters : Perimeters
        Outlines; projected to the grid's CRS where they are in another.
    grid : GridSpec or Tiles
        The cells; of tiles, all cells of their bounding box, inhabited or not. Outlines that do
        not touch it are left out.

    Returns
    -------
    Coverage
        Cells in raster order.

    Notes
    -----
    Shares are exact to the rounding of double precision; less than a billionth of a cell is none,
    and more than all but a billionth is all. ``exactextract`` gives the same in float32.
    """
    grid = grid.grid() if isinstance(grid, Tiles) else grid
    pieces = list(_shares(perimeters.to_crs(grid.crs).geometry, grid))
    touching = [index for index, (row, _, _) in enumerate(pieces) if len(row)]
    row, column, share = (
        np.concatenate([empty, *(pieces[index][part] for index in touching)])
        for part, empty in enumerate(_NO_CELLS)
    )
    perimeter = np.repeat(
        np.arange(len(touching), dtype=np.int32), [len(pieces[index][0]) for index in touching]
    )
    order = np.lexsort((perimeter, column, row))
    northing, easting = grid.indices(row[order], column[order])

    def kept(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(texts[index] for index in touching)

    return Coverage(
        crs=grid.crs,
        resolution=grid.resolution,
        codes=kept(perimeters.codes),
        names=kept(perimeters.names),
        communes=kept(perimeters.communes),
        vintage=perimeters.vintage,
        northing=northing,
        easting=easting,
        perimeter=perimeter[order],
        share=share[order],
        source=perimeters.source,
    )


_NO_CELLS = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64)


def _shares(
    shapes: NDArray[Any], grid: GridSpec
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Row, column and covered share of the cells that each outline covers in part or whole."""
    import shapely

    from zonage.kernels.coverage import cell_shares

    parts, of_part = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    shape_of = of_part[part_of]
    first_ring = np.searchsorted(shape_of, np.arange(len(shapes) + 1))
    first_point = np.searchsorted(ring_of, np.arange(len(rings) + 1))
    left, _, _, top = grid.bounds
    x, y = (points[:, 0] - left) / grid.resolution, (top - points[:, 1]) / grid.resolution
    for start, end in pairwise(first_ring.tolist()):
        at = slice(first_point[start], first_point[end])
        rows, columns = _stretch(y[at], grid.height), _stretch(x[at], grid.width)
        if not rows or not columns:
            yield _NO_CELLS
            continue
        share = np.empty((len(rows), len(columns) + 1))
        ring_start = first_point[start : end + 1] - first_point[start]
        cell_shares(x[at] - columns[0], y[at] - rows[0], ring_start, share)
        row, column = np.nonzero(share[:, :-1])
        yield row + rows[0], column + columns[0], share[row, column]


def _stretch(corners: NDArray[np.float64], size: int) -> range:
    """Positions of the cells that corners span along one axis of a grid."""
    if len(corners) == 0:
        return range(0)
    return range(max(int(corners.min()), 0), min(math.floor(corners.max()) + 1, size))
