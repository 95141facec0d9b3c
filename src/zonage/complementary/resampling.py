"""Values of polygons, points, tables and rasters brought to tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.tiles import Tiles

if TYPE_CHECKING:
    from zonage.raster import Shares
    from zonage.sources.layers import RasterValues, TileValues, ValuedPolygons

Floats = NDArray[np.float64]
By = Literal["area", "centre"]

LEAST_COVERED = 0.5
"""Share of a tile that polygons of a known value must cover for the tile to have one."""

POINTS_PER_SIDE = 8
"""Points of a raster read along each side of a tile: 25 m apart in a tile of 200 m."""

_POINTS_AT_ONCE = 4_000_000


def check_by(by: str) -> None:
    """Refuse a way of cutting that there is not."""
    if by not in get_args(By):
        raise BadInput("no such way", found=by, expected=" or ".join(get_args(By)))


def centres(tiles: Tiles) -> tuple[Floats, Floats]:
    """Easting and northing of the centre of each tile, in metres, shape (n,) each."""
    side = np.float64(tiles.resolution)
    return (tiles.easting + 0.5) * side, (tiles.northing + 0.5) * side


# --------------------------------------------------------------------------------------------------
# Polygons


def values_of(polygons: ValuedPolygons, column: str) -> Floats:
    """Return a value of polygons, or say that they have none of this name.

    Raises
    ------
    BadInput
        If the column was not read.
    """
    if column not in polygons.values:
        raise BadInput(
            "no such value of the polygons",
            file=polygons.source,
            column=column,
            found=", ".join(polygons.values) or "no value",
        )
    return polygons.values[column]


def shares_of(polygons: ValuedPolygons, tiles: Tiles, by: By) -> Shares:
    """Return the share of each tile in each polygon, sorted by tile, then by polygon.

    Parameters
    ----------
    polygons, tiles : ValuedPolygons, Tiles
        Polygons are projected to the tiles where they are in another CRS.
    by : {"area", "centre"}
        Exact shares of area; or 1 for the polygons that hold the centre of the tile.
    """
    from zonage.sources.layers import polygon_shares

    check_by(by)
    return polygon_shares(polygons, tiles) if by == "area" else _centre_shares(polygons, tiles)


def _centre_shares(polygons: ValuedPolygons, tiles: Tiles) -> Shares:
    import shapely

    from zonage.raster import Shares

    x, y = _projected(*centres(tiles), tiles.crs, polygons.crs)
    tree = shapely.STRtree(polygons.geometry)
    tile, polygon = tree.query(shapely.points(x, y), predicate="intersects")
    order = np.lexsort((polygon, tile))
    tile, polygon = tile[order].astype(np.int64), polygon[order].astype(np.int64)
    return Shares(tile, polygon, np.ones(len(tile)))


def mean_by_tile(shares: Shares, value: Floats, count: int, weight: Floats | None = None) -> Floats:
    """Mean over each tile of the values of polygons.

    Parameters
    ----------
    shares : Shares
        Of `shares_of`.
    value : float64 array, shape (m,)
        Of each polygon, NaN where unknown.
    count : int
        Number n of tiles.
    weight : float64 array, shape (m,), optional
        Inhabitants of each polygon: they are spread evenly over its part that tiles cover, so that
        what counts of a polygon in a tile is people instead of area.

    Returns
    -------
    float64 array, shape (n,)
        NaN where polygons of a known value cover less than `LEAST_COVERED` of the tile.
    """
    known = ~np.isnan(value[shares.perimeter])
    if weight is not None:
        known &= weight[shares.perimeter] > 0
    tile, polygon, share = (column[known] for column in shares)
    covered = np.bincount(tile, share, count)
    pull = share
    if weight is not None:
        area = np.bincount(shares.perimeter, shares.share, len(value))
        pull = share * weight[polygon] / area[polygon]
    total = np.bincount(tile, pull, count)
    sums = np.bincount(tile, pull * value[polygon], count)
    good = (covered >= LEAST_COVERED * (1 - 1e-12)) & (total > 0)
    return np.divide(sums, total, out=np.full(count, np.nan), where=good)


def how_cut(by: By, what: str) -> str:
    """Say in words how polygons were cut by tiles."""
    if by == "area":
        return f"mean of the {what}, weighted by exact shares of the tile's area"
    return f"value of the {what} that holds the tile's centre"


# --------------------------------------------------------------------------------------------------
# Points, tables by tile, rasters


def count_by_tile(
    tiles: Tiles, easting: Floats, northing: Floats, count: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Sum what is counted at points by tile.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    easting, northing : float64 array, shape (m,)
        Places of the points, in the CRS of the tiles; a point on an edge belongs to the tile north
        or east of it.
    count : int64 array, shape (m,)
        What is counted at each.

    Returns
    -------
    sums : int64 array, shape (n,)
        By tile.
    outside : int
        What is counted at points in none of the tiles.
    """
    grid, side = tiles.grid(), tiles.resolution
    row, column = grid.rows_columns(
        np.floor(northing / side).astype(np.int64), np.floor(easting / side).astype(np.int64)
    )
    inside = grid.contains(row, column)
    cell = row[inside].astype(np.int64) * grid.width + column[inside]
    on_grid = np.bincount(cell, count[inside], grid.height * grid.width).reshape(grid.shape)
    sums = on_grid[grid.rows_columns(tiles.northing, tiles.easting)].astype(np.int64)
    return sums, int(count.sum()) - int(sums.sum())


def positions(
    tiles: Tiles, northing: NDArray[np.int64], easting: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Position of the tile of each pair of lattice indices, shape (m,); -1 where there is none."""
    own = _keys(tiles.northing, tiles.easting)
    wanted = _keys(northing, easting)
    order = np.argsort(own)
    place = np.minimum(np.searchsorted(own[order], wanted), len(own) - 1)
    tile = order[place].astype(np.int64)
    return np.where(own[tile] == wanted, tile, -1)


def _keys(northing: NDArray[np.integer], easting: NDArray[np.integer]) -> NDArray[np.int64]:
    return (northing.astype(np.int64) << 32) + easting


def value_of_tiles(tiles: Tiles, values: TileValues) -> Floats:
    """Value of each tile in a table by tile, shape (n,); NaN where the table has none.

    Raises
    ------
    BadInput
        If the table is of another lattice.
    """
    if (values.crs, values.resolution) != (tiles.crs, tiles.resolution):
        raise BadInput(
            "a table by tile of another lattice",
            file=values.source,
            found=f"EPSG:{values.crs}, {values.resolution} m",
            expected=f"EPSG:{tiles.crs}, {tiles.resolution} m",
        )
    found = np.full(len(tiles), np.nan)
    tile = positions(tiles, values.northing, values.easting)
    found[tile[tile >= 0]] = values.value[tile >= 0]
    return found


def raster_at_centres(tiles: Tiles, raster: RasterValues) -> Floats:
    """Value of the raster's cell at the centre of each tile, shape (n,); NaN without one."""
    return _cells(raster, *centres(tiles), tiles.crs)


def raster_means(tiles: Tiles, raster: RasterValues) -> Floats:
    """Mean of a raster at `POINTS_PER_SIDE` squared points of each tile, shape (n,).

    NaN where less than `LEAST_COVERED` of the points have a value. Exact where the raster is in
    the CRS of the tiles and its cells are a whole number of point spacings, on their lattice.
    """
    side = tiles.resolution
    step = (np.arange(POINTS_PER_SIDE) + 0.5) * side / POINTS_PER_SIDE
    right, up = (part.ravel() for part in np.meshgrid(step, step))
    found = np.empty(len(tiles))
    at_once = max(1, _POINTS_AT_ONCE // len(right))
    for first in range(0, len(tiles), at_once):
        part = slice(first, first + at_once)
        x = tiles.easting[part, np.newaxis] * np.float64(side) + right
        y = tiles.northing[part, np.newaxis] * np.float64(side) + up
        cells = _cells(raster, x.ravel(), y.ravel(), tiles.crs).reshape(x.shape)
        known = ~np.isnan(cells)
        number = known.sum(axis=1)
        sums = np.where(known, cells, 0.0).sum(axis=1)
        good = number >= LEAST_COVERED * len(right)
        found[part] = np.divide(sums, number, out=np.full(len(sums), np.nan), where=good)
    return found


def _cells(raster: RasterValues, x: Floats, y: Floats, crs: int) -> Floats:
    """Value of the cell at each place, NaN outside the raster."""
    x, y = _projected(x, y, crs, raster.crs)
    wide, _, west, _, high, north = raster.transform[:6]
    height, width = raster.array.shape
    column, row = np.floor((x - west) / wide), np.floor((y - north) / high)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    found = np.full(len(x), np.nan)
    cell = row[inside].astype(np.int64), column[inside].astype(np.int64)
    found[inside] = raster.array[cell]
    return found


def _projected(x: Floats, y: Floats, crs: int, to: int) -> tuple[Floats, Floats]:
    if crs == to:
        return x, y
    from pyproj import Transformer

    east, north = Transformer.from_crs(crs, to, always_xy=True).transform(x, y)
    return np.asarray(east, np.float64), np.asarray(north, np.float64)
