"""Maps of what is in and what is out: of a run, against the official list, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.figures.ground import (
    crowded,
    draw_outlines,
    draw_tiles,
    line_text,
    map_page,
    paint,
    unit_name,
)
from zonage.figures.labels import name_communes
from zonage.figures.style import (
    EXTRA,
    FOUND,
    FRAME,
    INK,
    MISSED,
    PEOPLE,
    ROW,
    Sheet,
    legend,
    styled,
)
from zonage.pipeline import Run
from zonage.scenarios.change import Change
from zonage.summary import main_unit
from zonage.texts.figures import VARIABLE_TEXTS
from zonage.tiles import Tiles
from zonage.zoning import Zoning

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from zonage.vintages import VintageChange

COLUMNS = 3
"""Of a legend."""

NUMBERS = 150
"""Quarters up to which their numbers can be read on a map."""


ROOMY = 30
"""Tiles from which a quarter has room for its number."""


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
    if run.comparison is None:
        return quarters_map(run)
    sheet = Sheet.of(run)
    inside, official = run.zoning.inside, run.comparison.official
    groups = [
        Group(inside & official, FOUND, sheet.text("found")),
        Group(inside & ~official, EXTRA, sheet.text("extra")),
        Group(official & ~inside, MISSED, sheet.text("missed")),
    ]
    year = run.comparison.vintage
    vintage = "" if year is None else sheet.text("comparison_vintage", vintage=str(year))
    lines = [sheet.text("comparison", vintage=vintage), line_text(sheet, run.zoning)]
    return _tile_map(sheet, run.zoning.tiles, groups, run.zoning, lines)


@styled
def quarters_map(run: Run) -> Figure:
    """Draw the computed quarters alone, with their numbers.

    Parameters
    ----------
    run : Run
        A finished run.
    """
    sheet, zoning = Sheet.of(run), run.zoning
    groups = [Group(zoning.inside, FOUND, sheet.text("computed"))]
    numbered = 0 < zoning.zone_count <= NUMBERS
    lines = [sheet.text("numbered" if numbered else "result"), line_text(sheet, zoning)]
    figure = _tile_map(sheet, zoning.tiles, groups, zoning, lines, room=2)
    if numbered:
        _number_zones(figure.axes[0], zoning)
    return figure


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
    return tile_map(run, _moves(Sheet.of(run), change), change.after, subtitle)


def vintages_map(before: Run, after: Run, found: VintageChange) -> Figure:
    """Draw what enters, leaves and stays from one vintage of tiles to another.

    Parameters
    ----------
    before, after : Run
        The runs of both vintages.
    found : VintageChange
        What changed; tiles that only one vintage holds are told from those that move.
    """
    sheets, change = [Sheet.of(run) for run in (before, after)], found.change
    sources = dict.fromkeys(sheet.source for sheet in sheets)
    sheet = replace(sheets[1], source="; ".join(sources))
    both = (found.union.before.count("population") > 0) & (
        found.union.after.count("population") > 0
    )
    groups = [
        Group(group.mask & both, group.colour, group.label) for group in _moves(sheet, change)
    ]
    either = change.before.inside | change.after.inside
    groups.append(Group(either & ~both, FRAME, sheet.text("one_vintage")))
    years = [str(run.zoning.tiles.vintage) for run in (before, after)]
    used = [sheet.says.number(main_unit(zoning).line) for zoning in (change.before, change.after)]
    lines = [
        sheet.text("vintages", before=years[0], after=years[1]),
        sheet.text("vintage_lines", unit=unit_name(sheet, change.after), before=used[0],
                   after=used[1]),
    ]  # fmt: skip
    if found.union.dropped:
        known = VARIABLE_TEXTS[sheet.language]
        names = [known.get(name, name) for name in found.union.dropped]
        lines.append(sheet.text("dropped", names=sheet.says.listed(names)))
    return _tile_map(sheet, change.after.tiles, groups, change.after, lines)


def tile_map(run: Run, groups: Sequence[Group], outlined: Zoning, subtitle: str) -> Figure:
    """Draw groups of tiles over the inhabited ones, with the outlines of a zoning's quarters.

    Parameters
    ----------
    run : Run
        Title, language, communes, source and tiles.
    groups : sequence of Group
        The later ones lie above.
    outlined : Zoning
        Its quarters are outlined.
    subtitle : str
        Below the title.
    """
    return _tile_map(Sheet.of(run), run.zoning.tiles, groups, outlined, [subtitle])


@styled
def _tile_map(
    sheet: Sheet,
    tiles: Tiles,
    groups: Sequence[Group],
    outlined: Zoning,
    lines: Sequence[str],
    room: int = 1,
) -> Figure:
    handles = _handles(sheet, groups)
    page, axes = map_page(sheet, tiles, lines, key=ROW * -(-len(handles) // COLUMNS))
    colours = crowded(tiles)
    for group in groups:
        colours[group.mask] = paint(group.colour)
    draw_tiles(axes, tiles, colours)
    draw_outlines(outlined, axes)
    drawn = np.logical_or.reduce([group.mask for group in groups])
    name_communes(axes, tiles, sheet.communes, drawn, page.body.width, room)
    legend(page, handles, COLUMNS)
    return page.figure


def _moves(sheet: Sheet, change: Change) -> list[Group]:
    stays = change.before.inside & change.after.inside
    return [
        Group(stays, FOUND, sheet.text("stays")),
        Group(change.step > 0, EXTRA, sheet.text("enters")),
        Group(change.step < 0, MISSED, sheet.text("leaves")),
    ]


def _handles(sheet: Sheet, groups: Sequence[Group]) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        *(Patch(color=group.colour, label=group.label) for group in groups),
        Line2D([], [], color=INK, lw=1, label=sheet.text("outline")),
        Patch(color=PEOPLE, label=sheet.text("inhabited")),
    ]


def _number_zones(axes: Axes, zoning: Zoning) -> None:
    """Write the number of each zone inside it, or beside it where it would hide it."""
    from matplotlib.patheffects import withStroke

    zones = zoning.zones
    middles, edges = zones.geometry.representative_point(), zones.geometry.bounds
    for place, zone in enumerate(zoning.table["zone"]):
        inside = zoning.table["tiles"][place] >= ROOMY
        corner = (edges["maxx"].iloc[place], edges["maxy"].iloc[place])
        middle = (middles.iloc[place].x, middles.iloc[place].y)
        x, y = middle if inside else corner
        axes.text(
            x / 1000,
            y / 1000,
            str(zone),
            ha="center" if inside else "left",
            va="center" if inside else "bottom",
            fontsize=7,
            fontweight="bold",
            color="white" if inside else FOUND,
            zorder=6,
            path_effects=[withStroke(linewidth=2, foreground=INK if inside else "white")],
        )
