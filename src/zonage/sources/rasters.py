"""GeoTIFF layers on a grid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zonage.errors import BadInput
from zonage.grid import GridSpec
from zonage.raster import DIMS, dataset_on

if TYPE_CHECKING:
    import xarray
    from rasterio.io import DatasetReader


def read_cog(path: str | Path) -> xarray.Dataset:
    """Read a GeoTIFF, as `zonage.raster.cog_bytes` makes it, into a dataset.

    Parameters
    ----------
    path : str or Path
        The file: a north-up grid of square cells on the lattice of their size.

    Returns
    -------
    xarray.Dataset
        One layer a band, named by the band's description, NaN where the band has no data.

    Raises
    ------
    BadInput
        If the file cannot be read, its projection has no EPSG code, or its cells are not on the
        lattice.
    """
    import numpy as np
    import rasterio
    from rasterio.errors import RasterioError

    try:
        # No other driver: a virtual raster could name any file of the machine.
        with rasterio.open(path, driver="GTiff") as image:
            grid = _grid(image, str(path))
            values = image.read(masked=True).astype(np.float32).filled(np.nan)
            names = [name or f"band_{band}" for band, name in enumerate(image.descriptions, 1)]
            units = [unit or "1" for unit in image.units]
            titles = [image.tags(band).get("title", "") for band in image.indexes]
    except RasterioError as error:
        raise BadInput("not a raster that can be read", file=path, found=error) from None
    layers = {
        name: (DIMS, layer, {"units": unit, "long_name": title or name})
        for name, layer, unit, title in zip(names, values, units, titles, strict=True)
    }
    return dataset_on(grid, layers, source=str(path))


def _grid(image: DatasetReader, file: str) -> GridSpec:
    """Return the grid of a raster."""
    epsg = image.crs.to_epsg() if image.crs else None
    if epsg is None:
        raise BadInput("the projection of the raster has no EPSG code", file=file, found=image.crs)
    side, shear, west, tilt, down, north = image.transform[:6]
    square = shear == tilt == 0 and down == -side and side >= 1 and side % 1 == 0
    if not square or west % side or north % side:
        raise BadInput(
            "the cells are not on the lattice of their size",
            file=file,
            found=tuple(image.transform[:6]),
            expected="square cells of whole metres, edges on their multiples, north up",
        )
    return GridSpec(
        epsg, int(side), int(north // side) - 1, int(west // side), image.height, image.width
    )
