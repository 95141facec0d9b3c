"""Figures as files: those of every run, and all of them in a folder of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zonage.outputs.folder import MANIFEST, usable_folder, whole
from zonage.outputs.writing import digest, version_of, write_json
from zonage.pipeline import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zonage.scenarios.curves import Response
    from zonage.scenarios.uncertainty import Uncertainty
    from zonage.vintages import VintageChange

KINDS: tuple[Literal["png", "svg"], ...] = ("png", "svg")
"""Formats of figures in a folder of their own."""


def run_figures(run: Run, response: Response) -> Iterator[tuple[str, Figure]]:
    """Draw the figures that belong in every run one by one, each with the name of its file.

    ``map`` (against the official quarters where there are outlines), ``quarters`` (numbered; the
    map is that already where there are none), ``entry``, ``response`` and ``persistence``.

    Parameters
    ----------
    run : Run
        A finished run.
    response : Response
        From :func:`zonage.scenarios.curves.respond`.
    """
    from zonage import figures

    yield "map", figures.result_map(run)
    if run.comparison is not None:
        yield "quarters", figures.quarters_map(run)
    yield "entry", figures.entry_map(run)
    yield "response", figures.response_figure(figures.Sheet.of(run), response)
    yield "persistence", figures.persistence_figure(run)


def save_figures(
    drawn: Mapping[str, Figure], draft: Path, kinds: Sequence[Literal["png", "svg"]] = ("png",)
) -> None:
    """Write figures under their names, with the same bytes for the same figures."""
    from zonage.figures import rendered

    for name, figure in drawn.items():
        for kind in kinds:
            (draft / f"{name}.{kind}").write_bytes(rendered(figure, kind))


def write_figures(
    run: Run,
    found: Uncertainty,
    folder: str | Path,
    *,
    against: tuple[Run, VintageChange] | None = None,
) -> Path:
    """Write all figures of a run, each as PNG and SVG.

    Those of :func:`run_figures`, ``probability`` and, where another vintage is given, ``vintages``.

    Parameters
    ----------
    run : Run
        A finished run.
    found : Uncertainty
        From :func:`zonage.scenarios.uncertainty.monte_carlo`.
    folder : str or Path
        Replaced as a whole, or not at all.
    against : pair of Run and VintageChange, optional
        The run of another vintage, and what changes from this one to it.
    """
    from zonage.figures import Sheet, probability_map, vintages_map
    from zonage.scenarios.curves import respond

    target = usable_folder(folder)
    inputs = list(run.inputs)
    content: dict[str, Any] = {
        "zonage": version_of("zonage"),
        "command": "figures",
        "draws": found.draws,
        "seed": found.seed,
        "project": json.loads(run.project.model_dump_json()),
    }
    with whole(target) as draft:
        for name, figure in run_figures(run, respond(run.zoning)):
            save_figures({name: figure}, draft, KINDS)
        save_figures({"probability": probability_map(Sheet.of(run), found)}, draft, KINDS)
        if against is not None:
            other, change = against
            save_figures({"vintages": vintages_map(run, other, change)}, draft, KINDS)
            inputs += other.inputs
            content["against"] = json.loads(other.project.model_dump_json())
        content["inputs"] = {str(path): digest(path) for path in inputs}
        content["outputs"] = {path.name: digest(path) for path in sorted(draft.iterdir())}
        write_json(draft / MANIFEST, content)
    return target
