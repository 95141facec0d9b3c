"""The outputs of a run: zones, tiles, layers, figures, summary, account, manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zonage.outputs.figures import run_figures, save_figures
from zonage.outputs.folder import usable_folder, whole
from zonage.outputs.report import write_report
from zonage.outputs.writing import (
    digest,
    netcdf_bytes,
    provenance,
    raise_if_full,
    write_csv,
    write_json,
    write_layer,
    write_table,
)
from zonage.pipeline import Run
from zonage.summary import summarise
from zonage.zoning import Reason

if TYPE_CHECKING:
    import polars as pl

    from zonage.scenarios.curves import Response

LAYERS = ("population", "income_median", "share_below", "threshold", "zone", "reason")
"""Layers of the GeoTIFF, in the order of its bands."""


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
    target = usable_folder(run.project.output.folder if folder is None else folder)
    with whole(target) as draft:
        _write_all(run, draft)
    return target


def _write_all(run: Run, draft: Path) -> None:
    from zonage.scenarios.curves import respond

    response = respond(run.zoning)
    inputs = {str(path): digest(path) for path in run.inputs}
    _write_zones(run, draft)
    _write_tiles(run, draft / "tiles.parquet")
    _write_layers(run, draft)
    _write_figures(run, response, draft)
    write_json(draft / "summary.json", summarise(run))
    write_report(run, response, inputs, draft)
    write_json(draft / "manifest.json", _manifest(run, inputs, draft))


def _write_zones(run: Run, draft: Path) -> None:
    import geopandas

    table = _rounded(_with_names(run))
    write_table(draft / "zones.csv", table)
    frame = geopandas.GeoDataFrame(table, geometry=run.zoning.zones.geometry)
    write_layer(draft / "zones.gpkg", "zones", frame)
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
    reasons = [reason.name.lower() for reason in Reason if not reason.inside]
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
    write_csv(path, header + [f"outside_{reason}" for reason in reasons], rows)


def _write_tiles(run: Run, path: Path) -> None:
    frame = tile_frame(run)
    raise_if_full(lambda: frame.write_parquet(path), path.parent)


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
    dataset.attrs |= {
        "title": run.project.title,
        "institution": run.project.source,
        "source": Path(run.zoning.tiles.source).name,
    }
    (draft / "dataset.nc").write_bytes(netcdf_bytes(dataset))


def _write_figures(run: Run, response: Response, draft: Path) -> None:
    # One at a time: on the grid of a country each takes hundreds of megabytes.
    for name, figure in run_figures(run, response):
        save_figures({name: figure}, draft)


def _manifest(run: Run, inputs: Mapping[str, Any], draft: Path) -> dict[str, Any]:
    """What the run was made from and with: enough to check it and to make it again."""
    reference = run.zoning.reference
    return {
        **provenance(),
        "project_file": Path(run.project.file or "project.toml").name,
        "project": json.loads(run.project.model_dump_json()),
        "inputs": dict(inputs),
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
        "outputs": {path.name: digest(path) for path in sorted(draft.iterdir()) if path.is_file()},
        "durations_s": {name: round(value, 3) for name, value in run.durations.items()},
    }
