"""The lattice of INSEE's tiles: an immutable grid in whole numbers.

A tile is known by two integers, its *lattice indices*: ``northing = N / resolution`` and
``easting = E / resolution``, where N and E are the coordinates in metres of its south-west corner,
as in the INSPIRE id ``CRS3035RES200mN<N>E<E>``. Rows of a grid run from north to south.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput

if TYPE_CHECKING:
    from affine import Affine

MAX_CELLS = 400_000_000
"""Cells a grid may have at most: eight times all of metropolitan France at 200 m."""


@dataclass(frozen=True, slots=True)
class GridSpec:
    """A north-up grid of square cells, aligned on the lattice of its resolution.

    Parameters
    ----------
    crs : int
        EPSG code (3035 for metropolitan France, 2975 for La Réunion, 5490 for Martinique).
    resolution : int
        Side of a cell, in metres.
    north : int
        Lattice northing of the first row.
    west : int
        Lattice easting of the first column.
    height, width : int
        Number of rows and columns.

    Examples
    --------
    >>> grid = GridSpec(crs=3035, resolution=200, north=15419, west=19080, height=2, width=3)
    >>> grid.bounds
    (3816000, 3083600, 3816600, 3084000)
    >>> grid.rows_columns(np.array([15418]), np.array([19081]))
    (array([1], dtype=int32), array([1], dtype=int32))
    """

    crs: int
    resolution: int
    north: int
    west: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.resolution <= 0:
            raise BadInput("resolution must be positive", found=self.resolution)
        if self.height <= 0 or self.width <= 0:
            raise BadInput("a grid needs rows and columns", found=(self.height, self.width))
        if self.height * self.width > MAX_CELLS:
            raise BadInput(
                "the tiles span too large a grid",
                found=f"{self.height} x {self.width} cells",
                expected=f"at most {MAX_CELLS} cells",
                hint="a tile far from the others is probably misread; check the ids",
            )

    @classmethod
    def around(
        cls,
        northing: NDArray[np.int32],
        easting: NDArray[np.int32],
        *,
        crs: int,
        resolution: int,
        margin: int = 0,
    ) -> GridSpec:
        """Return the smallest grid that holds the given tiles, widened by ``margin`` cells.

        Examples
        --------
        >>> GridSpec.around(np.array([5, 7]), np.array([2, 2]), crs=3035, resolution=200).shape
        (3, 1)
        """
        if len(northing) == 0:
            raise BadInput("no tile to build a grid around")
        south, north = int(northing.min()) - margin, int(northing.max()) + margin
        west, east = int(easting.min()) - margin, int(easting.max()) + margin
        return cls(crs, resolution, north, west, north - south + 1, east - west + 1)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """West, south, east and north edges, in metres of the grid's CRS."""
        side = self.resolution
        west, north = self.west * side, (self.north + 1) * side
        return west, north - self.height * side, west + self.width * side, north

    @property
    def cell_area_km2(self) -> float:
        """Area of a cell in square kilometres (EPSG:3035 is equal-area)."""
        return self.resolution**2 / 1e6

    @property
    def x(self) -> NDArray[np.float64]:
        """Eastings of the cell centres, in metres, west to east."""
        return (self.west + np.arange(self.width, dtype=np.float64) + 0.5) * self.resolution

    @property
    def y(self) -> NDArray[np.float64]:
        """Northings of the cell centres, in metres, north to south."""
        return (self.north - np.arange(self.height, dtype=np.float64) + 0.5) * self.resolution

    @property
    def affine(self) -> Affine:
        """Transform from column and row to metres, as rasterio wants it."""
        from affine import Affine

        west, _, _, north = self.bounds
        side = self.resolution
        return Affine(side, 0, west, 0, -side, north)

    def rows_columns(
        self, northing: NDArray[np.int32], easting: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows and columns of tiles given by lattice indices; they may lie outside the grid."""
        row = (self.north - np.asarray(northing, np.int64)).astype(np.int32)
        column = (np.asarray(easting, np.int64) - self.west).astype(np.int32)
        return row, column

    def contains(self, row: NDArray[np.int32], column: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Whether each row and column lies inside the grid."""
        return (row >= 0) & (row < self.height) & (column >= 0) & (column < self.width)

    def indices(
        self, row: NDArray[np.int32], column: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Lattice indices (northing, easting) of rows and columns: the way back.

        Examples
        --------
        >>> grid = GridSpec(3035, 200, north=10, west=4, height=3, width=3)
        >>> grid.indices(np.array([0, 2]), np.array([1, 0]))
        (array([10,  8], dtype=int32), array([5, 4], dtype=int32))
        """
        northing = (self.north - np.asarray(row, np.int64)).astype(np.int32)
        easting = (self.west + np.asarray(column, np.int64)).astype(np.int32)
        return northing, easting

    def window(self, row: int, column: int, height: int, width: int) -> GridSpec:
        """Return the part of the grid that starts at a row and column.

        Examples
        --------
        >>> GridSpec(3035, 200, 10, 4, 3, 3).window(1, 1, 2, 2).north
        9
        """
        return replace(
            self, north=self.north - row, west=self.west + column, height=height, width=width
        )
