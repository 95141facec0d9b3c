"""Layers of a dataset as a cloud-optimized GeoTIFF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from zonage.errors import BadInput
from zonage.raster.dataset import DIMS, grid_of, layer_of
from zonage.variables import REGISTRY, Kind

if TYPE_CHECKING:
    import xarray


def cog_bytes(dataset: xarray.Dataset, variables: Sequence[str] | None = None) -> bytes:
    """Return layers as the bytes of a cloud-optimized GeoTIFF, one float32 band each.

    Parameters
    ----------
    dataset : xarray.Dataset
        Layers on a grid.
    variables : sequence of str, optional
        Layers, in the order of the bands; by default all but codes.

    Returns
    -------
    bytes
        The file: bands named by their variable, with unit and title, no-data NaN, the grid's EPSG
        code. float32 holds whole numbers up to 2^24 exactly and seven digits of others.

    Raises
    ------
    BadInput
        If a layer is not in the dataset.
    """
    from rasterio.io import MemoryFile

    grid = grid_of(dataset)
    names = _bands(dataset, variables)
    with MemoryFile() as memory:
        with memory.open(
            driver="COG",
            count=len(names),
            height=grid.height,
            width=grid.width,
            dtype="float32",
            crs=f"EPSG:{grid.crs}",
            transform=grid.affine,
            nodata=np.nan,
            compress="DEFLATE",
            predictor="YES",
        ) as image:
            for band, name in enumerate(names, start=1):
                layer = layer_of(dataset, name, grid)
                known = layer != dataset[name].encoding.get("_FillValue", np.nan)
                image.write(np.where(known, layer, np.nan).astype(np.float32), band)
                image.set_band_description(band, name)
                image.set_band_unit(band, str(dataset[name].attrs.get("units", "")))
                image.update_tags(band, title=str(dataset[name].attrs.get("long_name", name)))
        return bytes(memory.read())


def _bands(dataset: xarray.Dataset, variables: Sequence[str] | None) -> list[str]:
    if variables is None:
        coded = {name for name, variable in REGISTRY.items() if variable.kind is Kind.CODE}
        return [
            str(name)
            for name, layer in dataset.data_vars.items()
            if layer.dims == DIMS and name not in coded
        ]
    for name in variables:
        if name not in dataset:
            raise BadInput(
                "no such layer", found=name, expected=", ".join(map(str, dataset.data_vars))
            )
    return list(variables)
