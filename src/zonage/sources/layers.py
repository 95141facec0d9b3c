"""Layers that a user brings: polygons with values, tables by tile, and rasters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.grid import MAX_CELLS
from zonage.sources.column_tables import Columns, open_columns
from zonage.sources.tile_columns import as_bytes, buffers, plain_column
from zonage.sources.tile_formats import shortened
from zonage.sources.tile_layouts import LATTICES, unknown_lattice
from zonage.sources.valued_polygons import ValuedPolygons, polygon_shares, read_polygons
from zonage.sources.vector_layers import checked_crs

if TYPE_CHECKING:
    from affine import Affine
    from rasterio.io import DatasetReader

__all__ = [
    "RasterValues",
    "TileValues",
    "ValuedPolygons",
    "polygon_shares",
    "read_polygons",
    "read_raster",
    "read_tile_values",
]

TILE_ID_NAMES = (
    "idcar_200m",
    "idinspire",
    "id_inspire",
    "idcar",
    "id_carreau",
    "tile_id",
    "tile",
    "id",
)
"""What the id of a tile is called, where the user does not say."""


# --------------------------------------------------------------------------------------------------
# Tables by tile


@dataclass(frozen=True, eq=False)
class TileValues:
    """One value a tile.

    Attributes
    ----------
    crs, resolution : int
        The lattice: EPSG code, and side of a tile in metres.
    easting, northing : int64 array, shape (n,)
        Lattice indices of the tiles, each once.
    value : float64 array, shape (n,)
        NaN where the table has none.
    source : str
        The file.
    """

    crs: int
    resolution: int
    easting: NDArray[np.int64]
    northing: NDArray[np.int64]
    value: NDArray[np.float64]
    source: str

    def __len__(self) -> int:
        return len(self.value)


def read_tile_values(
    path: str | Path, column: str, *, id_column: str | None = None, crs: int | None = None
) -> TileValues:
    """Read a column of a table by tile.

    Parameters
    ----------
    path : str or Path
        CSV or Parquet, plain or in an archive, with one row a tile.
    column : str
        The column of values, with a decimal point or comma.
    id_column : str, optional
        The column of tile ids, such as ``CRS3035RES200mN3083400E3816000``; by default the first of
        `TILE_ID_NAMES` that the table has.
    crs : int, optional
        EPSG code in which the ids must be.

    Raises
    ------
    BadInput
        With the row, where an id is none, is off its lattice, of another lattice than the first,
        or comes twice, or a value is no number; or if there is no value at all.
    """
    names = {"id": TILE_ID_NAMES if id_column is None else (id_column,), "value": (column,)}
    with open_columns(path, names) as table:
        table.require(["id", "value"], names)
        columns = table.read(["id", "value"])
    found_crs, resolution, northing, easting = _lattice_indices(columns)
    if crs is not None and found_crs != crs:
        raise columns.error("ids in another CRS", "id", 0, found=found_crs, expected=crs)
    _check_once(columns, northing, easting)
    largest = float(np.finfo(np.float64).max)
    value = columns.numbers("value", -largest, largest)
    if np.isnan(value).all():
        raise BadInput(
            "no value at all in the column", file=columns.source, column=columns.names["value"]
        )
    return TileValues(found_crs, resolution, easting, northing, value, columns.source)


def _lattice_indices(columns: Columns) -> tuple[int, int, NDArray[np.int64], NDArray[np.int64]]:
    """EPSG code, resolution and lattice indices (northing, easting) of a column of tile ids."""
    from zonage.kernels import ids

    texts = as_bytes(plain_column(columns.batch, columns.names["id"])).fill_null(b"")
    northing, easting = np.empty((2, len(columns)), np.int32)
    crs, resolution, bad, why = ids.parse_ids(*buffers(texts), northing, easting)
    if bad >= 0:
        raise columns.error(
            {
                ids.OTHER_CRS: "an id in another CRS than the first",
                ids.OTHER_RESOLUTION: "an id of another resolution than the first",
                ids.OFF_LATTICE: "an id whose corner is off the lattice of its resolution",
            }.get(why, "not the id of a tile"),
            "id",
            bad,
            found=shortened(texts[bad].as_py().decode("utf-8", "replace")) or "nothing",
            expected="an id such as CRS3035RES200mN3083400E3816000, all of one lattice",
        )
    if crs not in LATTICES:
        raise unknown_lattice(crs).located(file=columns.source, column=columns.names["id"])
    return crs, resolution, northing.astype(np.int64), easting.astype(np.int64)


def _check_once(columns: Columns, northing: NDArray[np.int64], easting: NDArray[np.int64]) -> None:
    """Check that no tile comes twice."""
    order = np.lexsort((easting, northing))
    same = (np.diff(northing[order]) == 0) & (np.diff(easting[order]) == 0)
    if same.any():
        second = int(order[1:][same].min())
        first = int(
            np.flatnonzero((northing == northing[second]) & (easting == easting[second]))[0]
        )
        raise columns.error(
            "a tile comes twice", "id", second, found=f"also in row {columns.rows[first]}"
        )


# --------------------------------------------------------------------------------------------------
# Rasters


@dataclass(frozen=True, eq=False)
class RasterValues:
    """A band of a raster.

    Attributes
    ----------
    array : float64 array, shape (rows, columns)
        Values from north to south, NaN where the raster has none.
    transform : Affine
        From column and row to metres (or degrees) of ``crs``; north up, without rotation.
    crs : int
        EPSG code.
    source : str
        The file.
    """

    array: NDArray[np.float64]
    transform: Affine
    crs: int
    source: str


def read_raster(path: str | Path, band: int = 1) -> RasterValues:
    """Read a band of a GeoTIFF.

    Parameters
    ----------
    path : str or Path
        The file.
    band : int
        Which band, from 1.

    Raises
    ------
    BadInput
        If it is no GeoTIFF that can be read, has no such band, too many cells, no projection with
        an EPSG code or one that its place contradicts, cells that are turned or south up, a value
        that is infinite or no real number, or no value at all.
    """
    import rasterio
    from rasterio.errors import RasterioError

    file = str(path)
    if not Path(path).is_file():
        raise BadInput("no such file", file=file)
    try:
        # This driver only: others follow paths that a file names, on the disk or the network.
        with rasterio.open(path, driver="GTiff") as image:
            crs = _raster_crs(image, band, file)
            found = image.read(band, masked=True).astype(np.float64)
            array = found.filled(np.nan) * image.scales[band - 1] + image.offsets[band - 1]
            transform = image.transform
    except RasterioError as error:
        raise BadInput("not a GeoTIFF that can be read", file=file, found=error) from None
    if np.isinf(array).any():
        row, column = np.argwhere(np.isinf(array))[0].tolist()
        raise BadInput(
            "an infinite value",
            file=file,
            found=f"row {row + 1}, column {column + 1} of band {band}",
            hint="mark cells without data by the no-data value of the raster",
        )
    if np.isnan(array).all():
        raise BadInput("no value at all in the band", file=file, found=f"band {band}")
    return RasterValues(array, transform, crs, file)


def _raster_crs(image: DatasetReader, band: int, file: str) -> int:
    """Check what a raster says of itself before its cells are read; return its EPSG code."""
    if not 1 <= band <= image.count:
        raise BadInput(
            "no such band in the raster", file=file, found=band, expected=f"1 to {image.count}"
        )
    if image.height * image.width > MAX_CELLS:
        raise BadInput(
            "too large a raster",
            file=file,
            found=f"{image.height} x {image.width} cells",
            expected=f"at most {MAX_CELLS} cells",
            hint="cut it to the territory first (gdal_translate -projwin)",
        )
    if np.dtype(image.dtypes[band - 1]).kind == "c":
        raise BadInput("values that are no real numbers", file=file, found=image.dtypes[band - 1])
    if image.crs is None:
        raise BadInput("the raster states no projection", file=file, hint="gdal_edit -a_srs")
    epsg = image.crs.to_epsg()
    if epsg is None:
        raise BadInput("the projection of the raster has no EPSG code", file=file, found=image.crs)
    wide, turned, _, tilted, high, _ = image.transform[:6]
    if turned or tilted or wide <= 0 or high >= 0:
        raise BadInput(
            "the cells are turned or south up",
            file=file,
            found=tuple(image.transform[:6]),
            expected="rows from north to south, columns from west to east",
            hint="gdalwarp makes such a raster",
        )
    checked_crs(epsg, image.bounds, file)
    return int(epsg)
