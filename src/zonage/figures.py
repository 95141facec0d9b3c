"""Figures of a run, by matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.grid import GridSpec
from zonage.pipeline import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that a colour-blind reader tells apart (after Okabe and Ito), on a light ground.
GROUND, PEOPLE = "#f7f6f2", "#c9c6bd"
FOUND, EXTRA, MISSED = "#0072b2", "#e69f00", "#cc3d6b"

TEXTS = {
    "en": {
        "found": "computed and official",
        "computed": "computed quarter",
        "extra": "computed only",
        "missed": "official only",
        "outline": "outline of a computed quarter",
        "source": "Source: {source}. Estimate by zonage: a model, not a legal zoning.",
        "line": "line {line:,.0f} EUR a year disposable{declared}",
        "declared": " (legal line {threshold:,} EUR declared)",
        "calibrated": " (calibrated line, not the legal one)",
        "inhabited": "inhabited tiles",
    },
    "fr": {
        "found": "calculé et officiel",
        "computed": "quartier calculé",
        "extra": "calculé seulement",
        "missed": "officiel seulement",
        "outline": "contour d'un quartier calculé",
        "source": "Source : {source}. Estimation zonage : un modèle, non un zonage légal.",
        "line": "seuil de {line:,.0f} euros par an de revenu disponible{declared}",
        "declared": " (seuil légal de {threshold:,} euros déclarés)",
        "calibrated": " (seuil calé, non le seuil légal)",
        "inhabited": "carreaux habités",
    },
}

LABELS = 14
"""Communes named on the map: the most populous."""


def result_map(run: Run) -> Figure:
    """Draw the computed quarters and, where outlines were given, how they meet the official ones.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    matplotlib.figure.Figure
        North up, with a scale bar, the line that was used and the source.
    """
    from matplotlib.figure import Figure

    texts = TEXTS[run.project.output.language]
    grid = run.zoning.tiles.grid(margin=2)
    ratio = grid.height / grid.width
    figure = Figure(
        figsize=(10, 10 * ratio + 1.3), dpi=120, facecolor="white", layout="constrained"
    )
    axes = figure.add_subplot()
    axes.set_facecolor(GROUND)
    west, south, east, north = (edge / 1000 for edge in grid.bounds)
    axes.imshow(
        _picture(run, grid), extent=(west, east, south, north), interpolation="nearest", zorder=1
    )
    _draw_outlines(run, axes)
    _name_communes(run, axes)
    _draw_scale(axes, west, south, east)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"{run.project.title}\n{_line_text(run, texts)}", loc="left", fontsize=12)
    _draw_legend(run, axes, texts)
    figure.text(
        0.01, 0.005, texts["source"].format(source=run.project.source), fontsize=8, color="#555555"
    )
    return figure


def _picture(run: Run, grid: GridSpec) -> NDArray[np.float64]:
    """Colour of each cell of the grid, shape (rows, columns, 4)."""
    from matplotlib.colors import to_rgba

    tiles, inside = run.zoning.tiles, run.zoning.inside
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    colours = np.tile(np.array(to_rgba(PEOPLE)), (len(tiles), 1))
    people = tiles.values("population")
    # The more people, the darker the ground, so that the town shows through.
    colours[:, 3] = 0.25 + 0.75 * np.clip(people / np.quantile(people, 0.98), 0, 1)
    official = np.zeros(len(tiles), np.bool_) if run.comparison is None else run.comparison.official
    colours[inside] = to_rgba(FOUND if run.comparison is None else EXTRA)
    colours[official] = to_rgba(MISSED)
    colours[inside & official] = to_rgba(FOUND)
    picture = np.zeros((*grid.shape, 4))
    picture[row, column] = colours
    return picture


def _draw_outlines(run: Run, axes: Axes) -> None:
    from matplotlib.collections import LineCollection
    from shapely import get_coordinates, get_parts, get_rings

    rings = get_rings(get_parts(run.zoning.zones.geometry.to_numpy()))
    lines = [get_coordinates(ring) / 1000 for ring in rings]
    axes.add_collection(LineCollection(lines, colors="#202020", linewidths=0.9, zorder=3))


def _name_communes(run: Run, axes: Axes) -> None:
    """Write the names of the most populous communes at the middle of their people."""
    from matplotlib.patheffects import withStroke

    if run.territories is None:
        return
    tiles = run.zoning.tiles
    people = tiles.values("population") * (tiles.commune.index >= 0)
    size = len(tiles.commune.labels)
    index = np.maximum(tiles.commune.index, 0)
    totals = np.bincount(index, people, minlength=size)
    with np.errstate(invalid="ignore"):
        x = np.bincount(index, people * (tiles.easting + 0.5), minlength=size) / totals
        y = np.bincount(index, people * (tiles.northing + 0.5), minlength=size) / totals
    for commune in np.argsort(-totals, kind="stable")[:LABELS]:
        known = run.territories.communes.get(tiles.commune.labels[commune])
        if known is None or not totals[commune]:
            continue
        axes.annotate(
            known.name,
            (x[commune] * tiles.resolution / 1000, y[commune] * tiles.resolution / 1000),
            ha="center",
            va="center",
            fontsize=8,
            zorder=5,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _draw_scale(axes: Axes, west: float, south: float, east: float) -> None:
    """Draw a bar of a round number of kilometres, about a sixth of the width."""
    wanted = (east - west) / 6
    power = 10 ** np.floor(np.log10(wanted))
    length = float(max(step * power for step in (1, 2, 5) if step * power <= wanted))
    left, bottom = west + 0.03 * (east - west), south + 0.03 * (east - west)
    axes.plot([left, left + length], [bottom, bottom], color="black", lw=3, zorder=4)
    axes.text(left + length / 2, bottom + 0.006 * (east - west), f"{length:g} km", ha="center",
              va="bottom", fontsize=9, zorder=4)  # fmt: skip


def _draw_legend(run: Run, axes: Axes, texts: dict[str, str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    if run.comparison is None:
        handles.append(Patch(color=FOUND, label=texts["computed"]))
    else:
        handles += [
            Patch(color=FOUND, label=texts["found"]),
            Patch(color=EXTRA, label=texts["extra"]),
            Patch(color=MISSED, label=texts["missed"]),
        ]
    handles.append(Line2D([], [], color="#202020", lw=1, label=texts["outline"]))
    handles.append(Patch(color=PEOPLE, label=texts["inhabited"]))
    axes.legend(handles=handles, loc="lower right", fontsize=8, framealpha=0.95)


def _line_text(run: Run, texts: dict[str, str]) -> str:
    """The line of the unit with most inhabitants among the tiles, in words."""
    zoning = run.zoning
    people = np.bincount(zoning.tiles.urban_unit.index + 1, zoning.tiles.values("population"))
    with_line = [unit for unit in zoning.units if unit.line is not None]
    labels = zoning.tiles.urban_unit.labels
    unit = max(
        with_line,
        key=lambda unit: people[labels.index(unit.legal.unit) + 1] if unit.legal.unit else 0,
    )
    note = ""
    if unit.basis == "calibrated":
        note = texts["calibrated"]
    elif unit.legal.concept == "declared" and unit.legal.threshold is not None:
        note = texts["declared"].format(threshold=unit.legal.threshold)
    text = texts["line"].format(line=unit.line, declared=note)
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}")
