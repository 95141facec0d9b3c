"""Every file that a run writes: whole or not at all, and the same bytes for the same input.

A run writes into a folder of its own beside the target and then takes its place, so that an
interrupted run leaves the last good outputs as they were.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zonage.errors import BadInput, ZonageError
from zonage.pipeline import Run
from zonage.summary import summarise
from zonage.zoning import Reason

if TYPE_CHECKING:
    import polars as pl

FILES = (
    "zones.gpkg",
    "zones.csv",
    "official.csv",
    "tiles.parquet",
    "layers.tif",
    "dataset.nc",
    "map.png",
    "summary.json",
    "manifest.json",
)
"""What a run may write; a folder with anything else in it is not ours to replace."""

LAYERS = ("population", "income_median", "share_below", "threshold", "zone", "reason")
"""Layers of the GeoTIFF, in the order of its bands."""

LIBRARIES = ("numpy", "numba", "scipy", "xarray", "rasterio", "polars", "pyarrow", "shapely",
             "geopandas", "pyogrio", "pyproj", "pydantic", "matplotlib")  # fmt: skip
"""Libraries whose versions the manifest states."""

DIGITS = {"population": 1, "households": 1, "poor_households": 1, "social_dwellings": 1,
          "area_km2": 2, "density": 0, "income_median": 0, "income_median_declared": 0,
          "threshold": 0, "share_below": 4, "poverty_share": 4, "imputed_share": 4}  # fmt: skip
"""Decimals of the table of zones: as many as the figures can bear."""


def write(run: Run, folder: str | Path | None = None) -> Path:
    """Write the outputs of a run into a folder, all of them or none.

    Parameters
    ----------
    run : Run
        A finished run.
    folder : str or Path, optional
        Where to; the folder of the project file if not given. An earlier run's folder is replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BadInput
        If the folder holds files that no run wrote, cannot be written to, or the disk is full.
    """
    target = Path(run.project.output.folder if folder is None else folder).absolute()
    with _whole(target) as draft:
        _write_all(run, draft)
    return target


def _write_all(run: Run, draft: Path) -> None:
    _write_zones(run, draft)
    _write_tiles(run, draft / "tiles.parquet")
    _write_layers(run, draft)
    _write_map(run, draft / "map.png")
    _write_json(draft / "summary.json", summarise(run))
    _write_json(draft / "manifest.json", _manifest(run, draft))


@contextlib.contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Give a draft folder; put it in the target's place at the end, or remove it."""
    previous = target.with_name(f".{target.name}.previous")
    _recover(target, previous)
    _check_ours(target)
    draft: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        yield draft
        draft.chmod(0o755)
        if target.exists():
            target.rename(previous)
        draft.rename(target)
        shutil.rmtree(previous, ignore_errors=True)
    except OSError as error:
        raise _disk_error(error, target) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def _recover(target: Path, previous: Path) -> None:
    """Undo a replacement that was interrupted between its two steps."""
    if previous.is_dir():
        if target.exists():
            shutil.rmtree(previous, ignore_errors=True)
        else:
            previous.rename(target)


def _check_ours(target: Path) -> None:
    """Refuse to replace a folder that holds anything but the outputs of a run."""
    if not target.exists():
        return
    if not target.is_dir():
        raise BadInput("the output folder is a file", file=target)
    others = sorted(item.name for item in target.iterdir() if item.name not in FILES)
    if others:
        raise BadInput(
            "the output folder holds files that no run wrote",
            file=target,
            found=", ".join(others[:5]),
            hint="choose another folder, or empty this one",
        )


def _disk_error(error: OSError, target: Path) -> ZonageError:
    reasons = {
        errno.ENOSPC: ("the disk is full", "free some space and run again"),
        errno.EDQUOT: ("the disk quota is used up", "free some space and run again"),
        errno.EACCES: ("the output folder cannot be written to", "choose another folder"),
        errno.EPERM: ("the output folder cannot be written to", "choose another folder"),
        errno.EROFS: ("the output folder is on a read-only disk", "choose another folder"),
        errno.ENOTDIR: ("part of the output folder's path is a file", "choose another folder"),
    }
    message, hint = reasons.get(error.errno or 0, (f"the outputs cannot be written: {error}", None))
    return BadInput(message, file=target, hint=hint)


def _raise_if_full(call: Callable[[], Any], folder: Path) -> Any:
    """Call a library that reports a full disk as an error of its own, and tell it from others."""
    try:
        return call()
    except OSError:
        raise
    except Exception as error:
        if shutil.disk_usage(folder).free < 1 << 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise


def _write_zones(run: Run, draft: Path) -> None:
    import geopandas
    from pyogrio import set_gdal_config_options

    table = _rounded(_with_names(run))
    _write_csv(draft / "zones.csv", list(table), zip(*table.values(), strict=True))
    # GeoPackage stamps the time of writing; a fixed one keeps the bytes of equal runs equal.
    set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    frame = geopandas.GeoDataFrame(table, geometry=run.zoning.zones.geometry)
    path = draft / "zones.gpkg"
    _raise_if_full(lambda: frame.to_file(path, layer="zones", driver="GPKG"), draft)
    if run.comparison is not None:
        _write_official(run, draft / "official.csv")


def _with_names(run: Run) -> dict[str, list[Any]]:
    """The table of zones with the names of its communes and its official counterparts."""
    table = dict(run.zoning.table)
    if run.territories is not None:
        known = run.territories.communes
        table["commune_names"] = [
            ", ".join(known[code].name if code in known else code for code in codes.split())
            for codes in table["communes"]
        ]
    if run.comparison is not None:
        table["official"] = [" ".join(zone.codes) for zone in run.comparison.zones]
        table["official_share"] = [round(zone.official_share, 4) for zone in run.comparison.zones]
    return table


def _rounded(table: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {
        name: [round(value, DIGITS[name]) for value in column] if name in DIGITS else column
        for name, column in table.items()
    }


def _write_official(run: Run, path: Path) -> None:
    assert run.comparison is not None
    reasons = [reason.name.lower() for reason in Reason if reason > Reason.INSIDE_ENCLOSED]
    header = ["code", "name", "communes", "status", "inhabitants", "found_share", "zones"]
    rows = [
        [
            quarter.code,
            quarter.name,
            quarter.communes,
            quarter.status,
            round(quarter.inhabitants, 1),
            round(quarter.found_share, 4),
            " ".join(map(str, quarter.zones)),
            *(round(quarter.missed_because.get(reason, 0.0), 1) for reason in reasons),
        ]
        for quarter in run.comparison.quarters
    ]
    _write_csv(path, header + [f"outside_{reason}" for reason in reasons], rows)


def _write_csv(path: Path, header: Sequence[str], rows: Any) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_tiles(run: Run, path: Path) -> None:
    frame = tile_frame(run)
    _raise_if_full(lambda: frame.write_parquet(path), path.parent)


def tile_frame(run: Run) -> pl.DataFrame:
    """The tiles of a run with what was found for each, as a table.

    Parameters
    ----------
    run : Run
        A finished run.
    """
    import polars as pl

    zoning = run.zoning
    tiles = zoning.tiles
    names = np.array([reason.name.lower() for reason in Reason])
    columns: dict[str, Any] = {
        "id": pl.from_arrow(tiles.ids),
        "commune": tiles.commune.decode(),
        "urban_unit": tiles.urban_unit.decode(),
        **{name: tiles.values(name) for name in tiles.counts},
        "income_mean": tiles.income_mean,
        "income_median": zoning.criterion,
        "share_below": zoning.income.share_below(zoning.line),
        "threshold": zoning.line,
        "zone": zoning.label,
        "reason": names[zoning.reason],
    }
    if tiles.imputed is not None:
        columns["imputed"] = tiles.imputed
    if run.official is not None:
        columns["official_share"] = run.official.coverage.share_of(tiles)
    return pl.DataFrame(columns)


def _write_layers(run: Run, draft: Path) -> None:
    from zonage.raster import cog_bytes

    dataset = run.zoning.to_dataset()
    (draft / "layers.tif").write_bytes(cog_bytes(dataset, LAYERS))
    dataset.attrs |= {"title": run.project.title, "institution": run.project.source}
    path = draft / "dataset.nc"
    _raise_if_full(lambda: dataset.to_netcdf(path, engine="h5netcdf"), draft)


def _write_map(run: Run, path: Path) -> None:
    from zonage.figures import result_map

    result_map(run).savefig(path, metadata={"Software": None})


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, default=str)
    path.write_text(text + "\n", encoding="utf-8")


def _manifest(run: Run, draft: Path) -> dict[str, Any]:
    """What the run was made from and with: enough to check it and to make it again."""
    reference = run.zoning.reference
    return {
        "zonage": _version("zonage"),
        "project": json.loads(run.project.model_dump_json()),
        "inputs": {str(path): _digest(path) for path in run.inputs},
        "law": run.zoning.law.to_dict(),
        "reference": {
            "concept": reference.concept,
            "year": reference.year,
            "national_median": reference.national_median,
            "national_source": reference.national_source,
            "units": [
                {
                    item.name: getattr(reference[unit.legal.unit], item.name)
                    for item in fields(reference[unit.legal.unit])
                }
                for unit in run.zoning.units
                if unit.legal.unit is not None and unit.legal.unit in reference
            ],
        },
        "method": run.zoning.method.to_dict(),
        "seed": None,
        "outputs": {path.name: _digest(path) for path in sorted(draft.iterdir()) if path.is_file()},
        "libraries": {name: _version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "durations_s": {name: round(value, 3) for name, value in run.durations.items()},
    }


def _digest(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {
            "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
            "bytes": path.stat().st_size,
        }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
