"""Figures of a run, by matplotlib."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.grid import GridSpec
from zonage.pipeline import Run
from zonage.scenarios.change import Change
from zonage.summary import main_unit
from zonage.tiles import Tiles
from zonage.zoning import Zoning

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that a colour-blind reader tells apart: two of Okabe and Ito's and a dark red, chosen by
# their distances in CIELAB as protanopes, deuteranopes and tritanopes see them.
GROUND, PEOPLE = "#f7f6f2", "#c9c6bd"
FOUND, EXTRA, MISSED = "#0072b2", "#e69f00", "#8c1d40"

TEXTS = {
    "en": {
        "found": "computed and official",
        "computed": "computed quarter",
        "extra": "computed only",
        "missed": "official only",
        "stays": "stays in",
        "enters": "enters",
        "leaves": "leaves",
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
        "stays": "reste",
        "enters": "entre",
        "leaves": "sort",
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

WIDTH, FONT = 10.0, 8.0
"""Width of the map in inches, and size of the names in points."""


@dataclass(frozen=True, eq=False)
class Group:
    """Tiles of one colour, with their entry in the legend."""

    mask: NDArray[np.bool_]
    colour: str
    label: str


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
    texts = TEXTS[run.project.output.language]
    inside = run.zoning.inside
    if run.comparison is None:
        groups = [Group(inside, FOUND, texts["computed"])]
    else:
        official = run.comparison.official
        groups = [
            Group(inside & official, FOUND, texts["found"]),
            Group(inside & ~official, EXTRA, texts["extra"]),
            Group(official & ~inside, MISSED, texts["missed"]),
        ]
    return tile_map(run, groups, run.zoning, _line_text(run, texts))


def change_map(run: Run, change: Change, subtitle: str) -> Figure:
    """Draw what enters, leaves and stays from one rule to another.

    Parameters
    ----------
    run : Run
        The run of the base zoning: its title, language, communes and source.
    change : Change
        The change; the quarters of its second zoning are outlined.
    subtitle : str
        What was changed, below the title.
    """
    texts = TEXTS[run.project.output.language]
    stays = change.before.inside & change.after.inside
    groups = [
        Group(stays, FOUND, texts["stays"]),
        Group(change.step > 0, EXTRA, texts["enters"]),
        Group(change.step < 0, MISSED, texts["leaves"]),
    ]
    return tile_map(run, groups, change.after, subtitle)


def tile_map(run: Run, groups: Sequence[Group], outlined: Zoning, subtitle: str) -> Figure:
    """Draw groups of tiles over the inhabited ones, with the outlines of a zoning's quarters."""
    from matplotlib.figure import Figure

    texts = TEXTS[run.project.output.language]
    grid = run.zoning.tiles.grid(margin=2)
    west, south, east, north = (edge / 1000 for edge in grid.bounds)
    # A territory may be a strip, or scattered over a country; the picture keeps a shape to look at.
    height = WIDTH * min(max(grid.height / grid.width, 0.3), 2.0)
    figure = Figure(figsize=(WIDTH, height + 0.8), dpi=120, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor(GROUND)
    picture = _picture(run.zoning.tiles, groups, grid)
    axes.imshow(picture, extent=(west, east, south, north), interpolation="nearest", zorder=1)
    draw_outlines(outlined, axes)
    _name_communes(run, groups, axes, grid)
    draw_scale(axes, west, south, east)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_xticks([])
    axes.set_yticks([])
    title = textwrap.shorten(run.project.title, 90, placeholder=" ...")
    axes.set_title(f"{title}\n{subtitle}", loc="left", fontsize=12, parse_math=False)
    source = textwrap.fill(texts["source"].format(source=run.project.source), 150)
    axes.set_xlabel(source, loc="left", fontsize=8, color="#555555", parse_math=False)
    _draw_legend(figure, groups, texts)
    return figure


def _picture(tiles: Tiles, groups: Sequence[Group], grid: GridSpec) -> NDArray[np.uint8]:
    """Colour of each cell of the grid, red, green, blue and opacity, shape (rows, columns, 4)."""
    from matplotlib.colors import to_rgba

    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    colours = np.tile(np.array(to_rgba(PEOPLE)), (len(tiles), 1))
    people = tiles.values("population")
    crowd = float(np.quantile(people, 0.98)) or 1.0
    # The more people, the darker the ground, so that the town shows through.
    colours[:, 3] = 0.25 + 0.75 * np.clip(people / crowd, 0, 1)
    for group in groups:
        colours[group.mask] = to_rgba(group.colour)
    picture = np.zeros((*grid.shape, 4), np.uint8)
    picture[row, column] = np.rint(255 * colours).astype(np.uint8)
    return picture


def draw_outlines(zoning: Zoning, axes: Axes) -> None:
    """Draw the outlines of a zoning's quarters, in kilometres."""
    from matplotlib.collections import LineCollection
    from shapely import get_coordinates, get_parts, get_rings

    rings = get_rings(get_parts(zoning.zones.geometry.to_numpy()))
    lines = [get_coordinates(ring) / 1000 for ring in rings]
    axes.add_collection(LineCollection(lines, colors="#202020", linewidths=0.9, zorder=3))


def _name_communes(run: Run, groups: Sequence[Group], axes: Axes, grid: GridSpec) -> None:
    """Write the names of the most populous communes near the middle of their people."""
    from matplotlib.patheffects import withStroke

    if run.territories is None:
        return
    tiles = run.zoning.tiles
    marked = np.logical_or.reduce([group.mask for group in groups])
    taken = np.zeros(grid.shape, np.bool_)
    taken[grid.rows_columns(tiles.northing[marked], tiles.easting[marked])] = True
    cells_per_point = max(grid.width, grid.height / 2) / (WIDTH * 72)
    for name, row, column in _commune_middles(run, grid):
        size = (1.4 * FONT * cells_per_point, 0.62 * FONT * len(name) * cells_per_point)
        row, column = _free_place(taken, row, column, size)
        x = (grid.west + column) * grid.resolution / 1000
        y = (grid.north + 1 - row) * grid.resolution / 1000
        axes.text(
            x,
            y,
            name,
            ha="center",
            va="center",
            fontsize=FONT,
            zorder=5,
            parse_math=False,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _commune_middles(run: Run, grid: GridSpec) -> Iterator[tuple[str, float, float]]:
    """Name, and row and column of the middle of its people, of the most populous communes."""
    assert run.territories is not None
    tiles = run.zoning.tiles
    people = tiles.values("population") * (tiles.commune.index >= 0)
    size = len(tiles.commune.labels)
    index = np.maximum(tiles.commune.index, 0)
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    totals = np.bincount(index, people, minlength=size)
    rows = np.bincount(index, people * (row + 0.5), minlength=size)
    columns = np.bincount(index, people * (column + 0.5), minlength=size)
    for commune in np.argsort(-totals, kind="stable")[:LABELS]:
        known = run.territories.communes.get(tiles.commune.labels[commune])
        if known is not None and totals[commune] > 0:
            yield known.name, rows[commune] / totals[commune], columns[commune] / totals[commune]


def _free_place(
    taken: NDArray[np.bool_], row: float, column: float, size: tuple[float, float]
) -> tuple[float, float]:
    """Middle of the place of a text near a point that hides least; the text then takes the place.

    Parameters
    ----------
    taken : bool array, shape (rows, columns)
        Cells that a text should not hide; changed.
    row, column : float
        The point.
    size : (height, width)
        Of the text, in cells.
    """
    height, width = size
    places = [(row, column)] + [
        (row + down * height / 2, column + right * width / 4)
        for down in (-1, 1, -2, 2, -3, 3, -4, 4)
        for right in (0, -1, 1, -2, 2)
    ]

    def box(place: tuple[float, float]) -> tuple[slice, slice]:
        top, left = place[0] - height / 2, place[1] - width / 2
        return (
            slice(max(int(top), 0), max(math.ceil(top + height), 0)),
            slice(max(int(left), 0), max(math.ceil(left + width), 0)),
        )

    def cost(place: tuple[float, float]) -> float:
        inside = height / 2 <= place[0] <= taken.shape[0] - height / 2
        inside &= width / 2 <= place[1] <= taken.shape[1] - width / 2
        away = abs(place[0] - row) / height + abs(place[1] - column) / width
        return float(taken[box(place)].sum()) + away + (0 if inside else taken.size)

    best = min(places, key=cost)
    taken[box(best)] = True
    return best


def draw_scale(axes: Axes, west: float, south: float, east: float) -> None:
    """Draw a bar of a round number of kilometres, about a sixth of the width."""
    wanted = (east - west) / 6
    power = 10 ** np.floor(np.log10(wanted))
    length = float(max(step * power for step in (1, 2, 5) if step * power <= wanted))
    left, bottom = west + 0.03 * (east - west), south + 0.03 * (east - west)
    axes.plot([left, left + length], [bottom, bottom], color="black", lw=3, zorder=4)
    axes.text(left + length / 2, bottom + 0.006 * (east - west), f"{length:g} km", ha="center",
              va="bottom", fontsize=9, zorder=4)  # fmt: skip


def _draw_legend(figure: Figure, groups: Sequence[Group], texts: dict[str, str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(color=group.colour, label=group.label) for group in groups]
    handles.append(Line2D([], [], color="#202020", lw=1, label=texts["outline"]))
    handles.append(Patch(color=PEOPLE, label=texts["inhabited"]))
    figure.legend(
        handles=handles, loc="outside lower left", ncols=len(handles), fontsize=8, frameon=False
    )


def _line_text(run: Run, texts: dict[str, str]) -> str:
    """The line of the unit with most inhabitants among the tiles, in words."""
    unit = main_unit(run.zoning)
    note = ""
    if unit.basis == "calibrated":
        note = texts["calibrated"]
    elif unit.legal.concept == "declared" and unit.legal.threshold is not None:
        note = texts["declared"].format(threshold=unit.legal.threshold)
    text = texts["line"].format(line=unit.line, declared=note)
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}")
