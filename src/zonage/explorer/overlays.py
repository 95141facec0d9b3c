"""Outlines that the page draws: layers of the caller, official quarters, communes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.explorer.packing import Pack
from zonage.tiles import Tiles

REACH = 5
"""Uninhabited cells up to which the outlines of communes are drawn beyond the tiles."""

_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_NAME = re.compile(r"[\w-]+")


@dataclass(frozen=True, eq=False)
class Overlay:
    """A further layer of the page, such as complementary perimeters.

    Attributes
    ----------
    name : str
        A word that names the layer in the page's address.
    label_en, label_fr : str
        What the reader sees.
    colour : str
        Such as ``#009e73``.
    geometry : sequence of shapely polygons, or None
        In the CRS of the tiles.
    mask : bool array, shape (n,), or None
        Tiles of the run whose union is the layer, in the place of a geometry.

    Raises
    ------
    BadInput
        If the name is no word, the colour none, or not exactly one of `geometry` and `mask` given.
    """

    name: str
    label_en: str
    label_fr: str
    colour: str
    geometry: Sequence[Any] | None = None
    mask: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadInput("not the name of a layer", found=self.name, expected="one word")
        if not _COLOUR.fullmatch(self.colour):
            raise BadInput("not a colour", column=self.name, found=self.colour, expected="#rrggbb")
        if (self.geometry is None) == (self.mask is None):
            raise BadInput("a layer is a geometry or a mask of tiles", column=self.name)

    def lines(self, tiles: Tiles) -> list[NDArray[np.float64]]:
        """Return the outlines as lines, in metres of the tiles' CRS.

        Raises
        ------
        BadInput
            If the mask is not one flag for each tile.
        """
        from zonage.zoning.table import union_of_tiles

        if self.geometry is not None:
            return list(outlines(self.geometry))
        if self.mask is None or self.mask.shape != (len(tiles),):
            raise BadInput("not one flag for each tile", column=self.name)
        if not self.mask.any():
            return []
        return list(outlines([union_of_tiles(tiles, self.mask)]))


def outlines(geometry: Sequence[Any] | NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    """Iterate over the rings of polygons, each of shape (k, 2)."""
    import shapely

    for ring in shapely.get_rings(shapely.get_parts(np.asarray(geometry, object))):
        yield shapely.get_coordinates(ring)


def packed_lines(pack: Pack, lines: Sequence[NDArray[np.float64]]) -> dict[str, Any]:
    """Pack lines: how many points each has, and their coordinates in decimetres from an origin."""
    points = np.concatenate(lines) if lines else np.zeros((0, 2))
    origin = np.floor(points.min(axis=0)) if len(points) else np.zeros(2)
    return {
        "origin": origin.tolist(),
        "sizes": pack.add(np.array([len(line) for line in lines], np.int64)),
        "points": pack.add(np.rint((points - origin) * 10).astype(np.int64)),
    }


def covered_outlines(
    northing: NDArray[Any], easting: NDArray[Any], side: int
) -> list[NDArray[np.float64]]:
    """Return the outlines of some cells of the lattice, in metres."""
    import shapely

    if not len(northing):
        return []
    west, south = easting * float(side), northing * float(side)
    return list(outlines([shapely.union_all(shapely.box(west, south, west + side, south + side))]))


def commune_borders(tiles: Tiles) -> list[NDArray[np.float64]]:
    """Return the lines between tiles of different communes, in metres of the tiles' CRS.

    Where nobody lives, the nearest inhabited tile within :data:`REACH` cells says the commune, so
    that the lines go on; they are an impression of the borders, not the borders.
    """
    import shapely
    from scipy.ndimage import distance_transform_edt

    grid = tiles.grid(margin=1)
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    commune = np.full(grid.shape, -1, np.int32)
    commune[row, column] = tiles.commune.index
    distance, nearest = distance_transform_edt(commune < 0, return_indices=True)
    commune = np.where(distance <= REACH, commune[tuple(nearest)], -1)
    segments = [*_steps(commune, flipped=False), *_steps(commune.T, flipped=True)]
    if not segments:
        return []
    west, north = grid.west, grid.north + 1
    merged = shapely.line_merge(shapely.multilinestrings(segments))
    parts = shapely.get_parts(shapely.simplify(merged, 0))
    places = [shapely.get_coordinates(line) for line in parts]
    corner, down = np.array([west, north]), np.array([1, -1])
    return [(corner + place * down) * tiles.resolution for place in places]


def _steps(commune: NDArray[np.int32], *, flipped: bool) -> list[NDArray[np.float64]]:
    """Unit segments between a row and the next where two known communes meet, as (column, row)."""
    above, below = commune[:-1], commune[1:]
    row, column = np.nonzero((above != below) & (above >= 0) & (below >= 0))
    first = np.stack([column, row + 1], axis=1).astype(np.float64)
    last = first + np.array([1.0, 0.0])
    pairs = np.stack([first, last], axis=1)
    return list(pairs[..., ::-1] if flipped else pairs)
