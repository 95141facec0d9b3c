"""A dataset on a grid, with coordinates and projection by the CF convention; the grid of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.grid import GridSpec

if TYPE_CHECKING:
    import xarray

DIMS = ("y", "x")
GRID_MAPPING = "spatial_ref"
INHABITED = "inhabited"
CONVENTIONS = "CF-1.11"


def dataset_on(
    grid: GridSpec,
    arrays: Mapping[str, tuple[tuple[str, str], NDArray[Any], dict[str, Any]]],
    *,
    vintage: int | None = None,
    source: str | None = None,
) -> xarray.Dataset:
    """Return layers of a grid as a dataset with CF coordinates and projection.

    Parameters
    ----------
    grid : GridSpec
        The grid.
    arrays : mapping of str to (dims, array, attributes)
        Layers of the grid's shape, as xarray takes them.
    vintage, source : optional
        Put into the attributes of the dataset.
    """
    import xarray
    from pyproj import CRS

    crs = CRS.from_epsg(grid.crs)
    west, _, _, north = grid.bounds
    mapping = crs.to_cf() | {
        "spatial_ref": crs.to_wkt(),
        "GeoTransform": f"{west} {grid.resolution} 0 {north} 0 {-grid.resolution}",
    }
    dataset = xarray.Dataset(
        arrays,
        coords={
            "y": ("y", grid.y, _axis("y")),
            "x": ("x", grid.x, _axis("x")),
            GRID_MAPPING: ((), np.int32(0), mapping),
        },
        attrs={"Conventions": CONVENTIONS, "title": "Tiles on a grid"},
    )
    for name in arrays:
        dataset[name].encoding["grid_mapping"] = GRID_MAPPING
    if vintage is not None:
        dataset.attrs["vintage"] = vintage
    if source is not None:
        dataset.attrs["source"] = source
    return dataset


def _axis(name: str) -> dict[str, str]:
    return {
        "axis": name.upper(),
        "units": "m",
        "standard_name": f"projection_{name}_coordinate",
        "long_name": f"{'Easting' if name == 'x' else 'Northing'} of the cell centre",
    }


def grid_of(dataset: xarray.Dataset) -> GridSpec:
    """Return the grid of a dataset from its projection and coordinates.

    A dataset that was cropped has the grid of what is left.

    Parameters
    ----------
    dataset : xarray.Dataset
        As `rasterize` returns it, or read back from a file.

    Raises
    ------
    BadInput
        If it has no projection of a known EPSG code, or coordinates that are not those of a
        north-up grid of square cells on the lattice of their size.
    """
    if GRID_MAPPING not in dataset.coords and GRID_MAPPING not in dataset:
        raise BadInput("the dataset has no projection", expected=f"a variable {GRID_MAPPING}")
    for name in DIMS:
        if name not in dataset.coords or dataset.sizes.get(name, 0) == 0:
            raise BadInput("the dataset has no coordinate", expected=name)
    crs, resolution = _crs_and_resolution(dataset[GRID_MAPPING].attrs)
    x, y = dataset["x"].values, dataset["y"].values
    west, north = x[0] / resolution - 0.5, y[0] / resolution - 0.5
    if not (np.isfinite(west) and np.isfinite(north)):
        raise BadInput("a coordinate of the dataset is not a number")
    grid = GridSpec(crs, resolution, round(north), round(west), len(y), len(x))
    if not (np.array_equal(grid.x, x) and np.array_equal(grid.y, y)):
        raise BadInput(
            "the coordinates are not those of a grid on its lattice",
            found=f"x from {x[0]} to {x[-1]}, y from {y[0]} to {y[-1]}",
            expected=f"centres of cells of {resolution} m on their multiples, y from north to "
            "south",
        )
    return grid


def _crs_and_resolution(mapping: dict[str, Any]) -> tuple[int, int]:
    """EPSG code and cell size of a grid mapping."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        epsg = CRS.from_wkt(str(mapping.get("crs_wkt", mapping.get("spatial_ref", "")))).to_epsg()
        transform = [float(part) for part in str(mapping.get("GeoTransform", "")).split()]
    except (CRSError, ValueError) as error:
        raise BadInput("the grid mapping cannot be read", found=error) from None
    if epsg is None:
        raise BadInput("the projection has no EPSG code", column=GRID_MAPPING)
    if len(transform) != 6 or transform[1] != -transform[5] or transform[1] % 1 or transform[1] < 1:
        raise BadInput(
            "not a north-up grid of square cells of whole metres",
            column="GeoTransform",
            found=mapping.get("GeoTransform"),
        )
    return epsg, int(transform[1])


def layer_of(dataset: xarray.Dataset, name: str, grid: GridSpec) -> NDArray[Any]:
    """Return a layer as an array of the grid's shape; refuse one that has another."""
    layer = dataset[name].transpose(..., *DIMS).values
    if layer.shape != grid.shape:
        raise BadInput("not a layer of the grid", column=name, found=dataset[name].dims)
    return layer
