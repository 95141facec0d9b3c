"""The outputs of complementary perimeters: outlines, tables, layers, maps, the rule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zonage.complement_job import ComplementRun
from zonage.complementary.overlays import by_outline, cross, parts_of
from zonage.complementary.tables import COUNTED
from zonage.outputs.figures import save_figures
from zonage.outputs.folder import MANIFEST, usable_folder, whole
from zonage.outputs.writing import (
    digest,
    netcdf_bytes,
    provenance,
    raise_if_full,
    write_json,
    write_layer,
    write_table,
)

if TYPE_CHECKING:
    import polars as pl

    from zonage.complementary.stability import Stability

LAYERS = ("part", "level", "distance_to_quarters", "share_level_1", "share_level_1_or_2")
"""First bands of the GeoTIFF; the indicators that decide follow."""


def write_complement(
    run: ComplementRun,
    firm: Stability,
    folder: str | Path,
    *,
    tables: Mapping[str, Mapping[str, list[Any]]] | None = None,
    asked: Mapping[str, Any] | None = None,
) -> Path:
    """Write complementary perimeters, all of them or nothing.

    ``perimeters.gpkg``, ``product.gpkg`` (quarters, levels and ring), ``perimeters.csv``,
    ``communes.csv``, ``quarters.csv`` (parts of each official quarter), ``overlays.csv`` (every
    combination of product and overlays), ``schools.csv``, ``stability.csv``, ``tiles.parquet``,
    ``layers.tif`` (COG), ``dataset.nc``, ``map`` and ``stability`` as PNG and SVG,
    ``complement.json`` (figures, indicators, rule with what each choice rests on).

    Parameters
    ----------
    run : ComplementRun
        The perimeters.
    firm : Stability
        How firm they are.
    folder : str or Path
        Replaced as a whole, or not at all.
    tables : mapping of str to table, optional
        Further tables, by the name of their file.
    asked : mapping, optional
        What was asked on the command line, for the manifest.
    """
    from zonage.figures import Sheet
    from zonage.figures.complement import complement_map, stability_map

    target = usable_folder(folder)
    found, sheet = run.found, Sheet.of(run.base)
    with whole(target) as draft:
        write_layer(draft / "perimeters.gpkg", "perimeters", found.perimeters)
        write_layer(draft / "product.gpkg", "product", found.parts)
        for name, table in (_tables(run, firm) | dict(tables or {})).items():
            write_table(draft / f"{name}.csv", _rounded(table))
        frame = _tile_frame(run, firm)
        raise_if_full(lambda: frame.write_parquet(draft / "tiles.parquet"), draft)
        _write_layers(run, firm, draft)
        drawn = {"map": complement_map(sheet, found), "stability": stability_map(sheet, firm)}
        save_figures(drawn, draft, ("png", "svg"))
        content = found.to_dict() | {"stability": firm.to_dict()}
        write_json(draft / "complement.json", content)
        write_json(draft / MANIFEST, _manifest(run, draft, asked or {}))
    return target


def _rounded(table: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """A table with four decimals at most: estimates and sums of shares bear no more."""
    return {
        name: [round(value, 4) if isinstance(value, float) else value for value in column]
        for name, column in table.items()
    }


def _tables(run: ComplementRun, firm: Stability) -> dict[str, Mapping[str, list[Any]]]:
    found = run.found
    tables: dict[str, Mapping[str, list[Any]]] = {
        "perimeters": found.table,
        "communes": found.communes,
        "stability": firm.table,
    }
    if run.base.official is not None:
        tables["quarters"] = by_outline(found, run.base.official.coverage)
    if run.schools:
        tables["schools"] = _school_table(run)
    if run.overlays:
        tables["overlays"] = cross(found.tiles, {"product": parts_of(found), **run.overlays})
    return tables


def _school_table(run: ComplementRun) -> dict[str, list[Any]]:
    """Every school that was read, and what is not known of it."""
    table: dict[str, list[Any]] = {}
    for schools in run.schools:
        columns: dict[str, Any] = {
            name: getattr(schools, name)
            for name in ("uai", "name", "commune", "level", "private", "pupils", "ips", "spread",
                         "longitude", "latitude", "approximate", "placed")
        }  # fmt: skip
        for name, values in columns.items():
            plain = values if isinstance(values, tuple) else values.tolist()
            known = [None if value != value else value for value in plain]  # NaN: an empty cell
            table.setdefault(name, []).extend(known)
    return table


def _tile_frame(run: ComplementRun, firm: Stability) -> pl.DataFrame:
    import polars as pl

    found = run.found
    columns: dict[str, Any] = {
        "id": pl.from_arrow(found.tiles.ids),
        "commune": found.tiles.commune.decode(),
        **{name: found.tiles.values(name) for name in COUNTED if name in found.tiles.counts},
        "part": found.part,
        "level": found.level,
        "perimeter_1": found.label[0],
        "perimeter_2": found.label[1],
        "distance_to_quarters": found.distance_to_quarters,
        "share_level_1": firm.share[0],
        "share_level_1_or_2": firm.share[1],
    }
    for one in found.layers:
        columns[one.name] = one.layer.value
    for place, one in enumerate(found.evidence.ranked):
        columns[f"{one.name}_holds"] = found.evidence.holds[place]
    return pl.DataFrame(columns)


def _write_layers(run: ComplementRun, firm: Stability, draft: Path) -> None:
    from zonage.raster import cog_bytes

    found = run.found
    dataset = found.to_dataset().assign(
        {name: layer for name, layer in firm.to_dataset().items() if str(name).startswith("share_")}
    )
    bands = [*LAYERS, *(one.name for one in found.evidence.ranked)]
    (draft / "layers.tif").write_bytes(cog_bytes(dataset, bands))
    dataset.attrs |= {
        "title": run.base.project.title,
        "institution": run.base.project.source,
        "comment": found.rule.model.remark,
    }
    (draft / "dataset.nc").write_bytes(netcdf_bytes(dataset))


def _manifest(run: ComplementRun, draft: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **provenance(),
        "command": "complement",
        **asked,
        "project": json.loads(run.base.project.model_dump_json()),
        "law": run.base.zoning.law.to_dict(),
        "method": run.base.zoning.method.to_dict(),
        "inputs": {str(path): digest(path) for path in run.inputs},
        "outputs": {path.name: digest(path) for path in sorted(draft.iterdir())},
    }
