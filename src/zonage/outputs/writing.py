"""How files are written: tables, JSON, netCDF, and the facts of a manifest."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import math
import os
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zonage.provenance import code_digest
from zonage.provenance import version_of as version_of

if TYPE_CHECKING:
    import geopandas
    import xarray as xr

LIBRARIES = ("numpy", "numba", "scipy", "xarray", "rasterio", "polars", "pyarrow", "shapely",
             "geopandas", "pyogrio", "pyproj", "pydantic", "matplotlib", "bokeh")  # fmt: skip
"""Libraries whose versions the manifest states."""


def raise_if_full(call: Callable[[], Any], folder: Path) -> Any:
    """Call a library that reports a full disk as an error of its own, and tell it from others."""
    try:
        return call()
    except Exception as error:
        if getattr(error, "errno", None) is not None:
            raise
        said = any(words in str(error).lower() for words in _FULL)
        if said or shutil.disk_usage(folder).free < 1 << 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise


_FULL = ("no space left", "disk is full", "quota exceeded")
"""How libraries word it."""


def write_csv(path: Path, header: Sequence[str], rows: Any) -> None:
    """Write rows below a header, with commas and one line feed a row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_table(path: Path, table: Mapping[str, Sequence[Any]]) -> None:
    """Write columns of equal length under their names."""
    write_csv(path, list(table), zip(*table.values(), strict=True))


def write_layer(path: Path, layer: str, frame: geopandas.GeoDataFrame) -> None:
    """Write a GeoPackage of one layer, with the same bytes for the same frame."""
    from pyogrio import set_gdal_config_options

    # GeoPackage stamps the time of writing; a fixed one keeps the bytes of equal runs equal.
    set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    raise_if_full(lambda: frame.to_file(path, layer=layer, driver="GPKG"), path.parent)


def netcdf_bytes(dataset: xr.Dataset) -> bytes:
    """Return a dataset as the bytes of a netCDF-4 file.

    By way of memory: on a disk that fills up, the HDF5 library takes the whole process down.
    """
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    for layer in dataset.data_vars.values():
        if layer.ndim:
            layer.encoding |= {"zlib": True, "complevel": 1, "shuffle": True}
    memory = io.BytesIO()
    with h5netcdf.File(memory, "w") as file:
        dataset.dump_to_store(H5NetCDFStore(file))
    return memory.getvalue()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain values as JSON; what is not a number becomes null."""
    text = json.dumps(_plain(content), ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    """Return a value with what JSON has no word for as null (not a number, infinite) or text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def digest(path: Path) -> dict[str, Any]:
    """Return the sha256 and the size of a file."""
    with path.open("rb") as file:
        return {
            "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
            "bytes": path.stat().st_size,
        }


def provenance() -> dict[str, Any]:
    """Return what every manifest says of code and libraries: what a rerun compares."""
    return {
        "zonage": version_of("zonage"),
        "code": code_digest(),
        "libraries": {name: version_of(name) for name in LIBRARIES},
        "python": platform.python_version(),
    }
