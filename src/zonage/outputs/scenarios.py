"""The outputs of scenarios: a change, a sweep, margins, uncertainty, sensitivity."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zonage.outputs.figures import save_figures
from zonage.outputs.folder import usable_folder, whole
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
from zonage.scenarios.change import Change
from zonage.scenarios.margins import Margin
from zonage.scenarios.sweep import Sweep

if TYPE_CHECKING:
    from zonage.scenarios.sensitivity import Sensitivity
    from zonage.scenarios.uncertainty import Reliability, Uncertainty


def write_change(
    run: Run,
    change: Change,
    settings: Mapping[str, Any],
    folder: str | Path,
    *,
    freeze: str | None = None,
) -> Path:
    """Write a change of rule: ``change.csv``, ``change.gpkg``, ``change.png``, ``change.json``.

    Parameters
    ----------
    run : Run
        The run of the base zoning.
    change : Change
        What changes.
    settings : mapping of str to value
        The changed parameters, by path.
    folder : str or Path
        Replaced as a whole, or not at all.
    freeze : str, optional
        Which quarters were kept: ``"computed"`` or ``"official"``.
    """
    from zonage.figures import change_map

    target = usable_folder(folder)
    with whole(target) as draft:
        write_table(draft / "change.csv", change.table)
        write_layer(draft / "change.gpkg", "change", change.outlines)
        subtitle = ", ".join(f"{path} = {value}" for path, value in settings.items())
        save_figures({"change": change_map(run, change, subtitle)}, draft)
        content = {"totals": change.totals, "statuses": change.statuses()}
        write_json(draft / "change.json", content)
        asked = {"command": "simulate", "settings": dict(settings), "freeze": freeze}
        _write_manifest(run, draft, asked)
    return target


def write_sweep(
    run: Run, found: Sweep, folder: str | Path, *, settings: Mapping[str, Any] | None = None
) -> Path:
    """Write a sweep: ``sweep.csv``, ``sweep.nc``, ``sweep.png``.

    Parameters
    ----------
    run : Run
        The run of the base zoning.
    found : Sweep
        The sweep.
    folder : str or Path
        Replaced as a whole, or not at all.
    settings : mapping of str to value, optional
        Changed parameters of the zoning that was swept, by path.
    """
    from zonage.figures import Sheet, sweep_figure

    target = usable_folder(folder)
    with whole(target) as draft:
        table = found.table()
        write_table(draft / "sweep.csv", table)
        named = found.cube.rename({path: path.replace(".", "_") for path in found.ranges})
        (draft / "sweep.nc").write_bytes(netcdf_bytes(named))
        save_figures({"sweep": sweep_figure(Sheet.of(run), found)}, draft)
        ranges = {path: list(values) for path, values in found.ranges.items()}
        asked = {
            "command": "sweep",
            "settings": dict(settings or {}),
            "ranges": ranges,
            "plan": found.plan,
            "why": found.why,
        }
        _write_manifest(run, draft, asked)
    return target


def write_margins(
    run: Run, zones: Sequence[Margin], quarters: Sequence[Margin], folder: str | Path
) -> Path:
    """Write margins of zones and of official quarters: ``margins.csv`` and ``stability.png``.

    Parameters
    ----------
    run : Run
        The run of the zoning.
    zones, quarters : sequences of Margin
        Of computed zones, and of official quarters.
    folder : str or Path
        Replaced as a whole, or not at all.
    """
    from zonage.figures import persistence_figure

    target = usable_folder(folder)
    with whole(target) as draft:
        rows = [
            [kind, *asdict(margin).values()]
            for kind, margins in (("zone", zones), ("official", quarters))
            for margin in margins
        ]
        header = ["kind", "quarter", "name", "inside", "inhabitants", "eur", "spare_inhabitants"]
        write_csv(draft / "margins.csv", header, rows)
        save_figures({"stability": persistence_figure(run)}, draft)
        _write_manifest(run, draft, {"command": "margin"})
    return target


def write_uncertainty(
    run: Run, found: Uncertainty, curve: Reliability | None, folder: str | Path
) -> Path:
    """Write a Monte Carlo: tables of tiles and quarters, figures and ``uncertainty.json``.

    Parameters
    ----------
    run : Run
        The run of the base zoning.
    found : Uncertainty
        The draws.
    curve : Reliability or None
        The probabilities held against official outlines, where there are some.
    folder : str or Path
        Replaced as a whole, or not at all.
    """
    import polars as pl

    from zonage.figures import Sheet, probability_map, reliability_figure

    target = usable_folder(folder)
    with whole(target) as draft:
        columns = {"id": pl.from_arrow(run.zoning.tiles.ids), "probability": found.probability}
        frame = pl.DataFrame(columns)
        raise_if_full(lambda: frame.write_parquet(draft / "probability.parquet"), draft)
        write_table(draft / "quarters.csv", found.table)
        figures = {"probability": probability_map(Sheet.of(run), found)}
        content = found.to_dict()
        if curve is not None:
            figures["reliability"] = reliability_figure(Sheet.of(run), curve)
            content["reliability"] = curve.to_dict()
        save_figures(figures, draft)
        write_json(draft / "uncertainty.json", content)
        asked = {
            "command": "uncertainty",
            "draws": found.draws,
            "seed": found.seed,
            "errors": found.errors.to_dict(),
        }
        _write_manifest(run, draft, asked)
    return target


def write_sensitivity(run: Run, found: Sensitivity, folder: str | Path) -> Path:
    """Write a sensitivity analysis: ``sensitivity.csv``, its figure and ``sensitivity.json``.

    Parameters
    ----------
    run : Run
        The run of the base zoning.
    found : Sensitivity
        The indices.
    folder : str or Path
        Replaced as a whole, or not at all.
    """
    from zonage.figures import Sheet, sensitivity_figure

    target = usable_folder(folder)
    with whole(target) as draft:
        table = found.table
        write_table(draft / "sensitivity.csv", table)
        save_figures({"sensitivity": sensitivity_figure(Sheet.of(run), found)}, draft)
        write_json(draft / "sensitivity.json", found.to_dict())
        asked = {
            "command": "sensitivity",
            "analysis": found.method,
            "samples": found.samples,
            "seed": found.seed,
        }
        _write_manifest(run, draft, asked)
    return target


def _write_manifest(run: Run, draft: Path, asked: Mapping[str, Any]) -> None:
    write_json(
        draft / "manifest.json",
        {
            **provenance(),
            **asked,
            "project": json.loads(run.project.model_dump_json()),
            "law": run.zoning.law.to_dict(),
            "method": run.zoning.method.to_dict(),
            "inputs": {str(path): digest(path) for path in run.inputs},
            "outputs": {path.name: digest(path) for path in sorted(draft.iterdir())},
        },
    )


class SweepProgress:
    """Scenarios of a sweep that are known already, kept beside the output folder until it is done.

    Parameters
    ----------
    folder : Path
        The output folder.
    question : mapping
        All that the answers depend on; another question starts afresh.
    """

    def __init__(self, folder: Path, question: Mapping[str, Any]) -> None:
        key = json.dumps(question, sort_keys=True, default=str)
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        self.path = folder.with_name(f".{folder.name}.sweep-{name}")
        self.rows: dict[int, dict[str, float]] = {}
        with contextlib.suppress(FileNotFoundError):
            for line in self.path.read_text(encoding="utf-8").splitlines():
                # A run that was killed may have left half a line.
                with contextlib.suppress(json.JSONDecodeError, KeyError, TypeError):
                    entry = json.loads(line)
                    self.rows[entry["number"]] = entry["row"]

    def done(self, number: int) -> Mapping[str, float] | None:
        """Return the measures of a scenario that is known, or None."""
        return self.rows.get(number)

    def add(self, number: int, row: Mapping[str, float]) -> None:
        """Keep the measures of a scenario."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\n" + json.dumps({"number": number, "row": dict(row)}))

    def finish(self) -> None:
        """Forget the progress: the sweep is written."""
        self.path.unlink(missing_ok=True)
