"""Curves: what the rule gives at other values, and over which lines each quarter exists."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.figures.fields import rule_text
from zonage.figures.ground import line_text, unit_name
from zonage.figures.style import (
    EXTRA,
    FOUND,
    FRAME,
    MISSED,
    ROW,
    Page,
    Sheet,
    decimals,
    legend,
    open_frame,
    page,
    styled,
)
from zonage.mergetree import MergeTree
from zonage.pipeline import Run
from zonage.scenarios.curves import Response, tree_lines
from zonage.scenarios.sweep import Sweep
from zonage.scenarios.what_if import METHOD, Value
from zonage.summary import main_unit
from zonage.zoning import Zoning

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEASURES = ("quarters", "population_share", "poor_households")
"""What the figure of a sweep shows, where it was counted."""

REACH = 3_000
"""EUR a year on either side of the line in force that the figure of persistence shows."""

LONGEST = 45
"""Quarters that the figure of persistence shows: the longest lived."""


# --------------------------------------------------------------------------------------------------
# Responses


@styled
def response_figure(sheet: Sheet, found: Response) -> Figure:
    """Draw quarters and their inhabitants against the line and against the minimum population.

    Parameters
    ----------
    sheet : Sheet
        Title, source and language.
    found : Response
        From :func:`zonage.scenarios.curves.respond`.
    """
    zoning = found.base
    lines = [sheet.text("response"), line_text(sheet, zoning)]
    if not found.whole:
        lines.append(rule_text(sheet, zoning))
    target = page(sheet, lines, 5.6, key=ROW)
    boxes = target.body.within(left=0.55, bottom=0.55, right=0.15, top=0.2).grid(2, 2, (0.75, 0.75))
    panels = [box.axes(target.figure) for box in boxes]
    used = main_unit(zoning).line
    assert used is not None
    sides = (
        (found.line, found.line.values + used, used, _by_line(sheet, zoning)),
        (
            found.minimum,
            found.minimum.values,
            zoning.law.min_population,
            sheet.text("by_minimum"),
        ),
    )
    for column, (curve, values, in_force, words) in enumerate(sides):
        rows = ((curve.quarters, "quarters"), (curve.population / 1000, "thousands_of_people"))
        for row, (totals, name) in enumerate(rows):
            axes = panels[2 * row + column]
            _steps(axes, values, totals)
            axes.axvline(in_force, color=MISSED, lw=1.1, ls="--")
            axes.set_title(sheet.text(name), loc="left", fontsize=9)
            _write_numbers(sheet, axes.xaxis, axes.yaxis)
            if row:
                axes.set_xlabel(words)
    legend(target, [_mark(sheet)], 1)
    return target.figure


def _by_line(sheet: Sheet, zoning: Zoning) -> str:
    words = sheet.text("by_line", unit=unit_name(sheet, zoning))
    return textwrap.fill(words, 60)


def _steps(axes: Axes, values: NDArray[Any], totals: NDArray[Any]) -> None:
    axes.plot(values, totals, color=FOUND, drawstyle="steps-mid", lw=1.6)
    spare = 0.0 if len(values) > 4 else 0.5 * float(np.ptp(values) / max(len(values) - 1, 1) or 1)
    axes.set_xlim(values.min() - spare, values.max() + spare)
    axes.set_ylim(0, 1.05 * np.nanmax(totals, initial=0) or 1)
    open_frame(axes)


def _write_numbers(sheet: Sheet, *axes: Any) -> None:
    """Write the figures along some axes as the language does."""
    for axis in axes:
        axis.set_major_formatter(lambda value, _: sheet.says.number(value, decimals(value)))


def _mark(sheet: Sheet) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=MISSED, lw=1.1, ls="--", label=sheet.text("in_force"))


# --------------------------------------------------------------------------------------------------
# Sweeps


@styled
def sweep_figure(sheet: Sheet, found: Sweep) -> Figure:
    """Draw how the totals respond to one or two swept parameters, the value in force marked.

    Parameters
    ----------
    sheet : Sheet
        Title, source and language.
    found : Sweep
        One or two parameters; of more, the first two, the others at their first value.
    """
    paths = list(found.ranges)[:2]
    cube = found.cube.isel({path: 0 for path in list(found.ranges)[2:]})
    shown = [name for name in MEASURES if name in cube]
    target = page(sheet, [sheet.text("sweep")], 3.3, key=ROW)
    body = target.body.within(left=0.55, bottom=0.4, right=0.15, top=0.2)
    for place, box in enumerate(body.grid(1, len(shown), (0.7, 0))):
        axes, values = box.axes(target.figure), cube[shown[place]].to_numpy()
        if len(paths) == 1:
            _curve(sheet, axes, found, paths[0], values)
        else:
            _surface(target, sheet, axes, found, paths, values)
            if place:
                axes.set_ylabel("")
                axes.set_yticklabels([])
        axes.set_title(sheet.text(shown[place]), loc="left", fontsize=9)
    mark = _mark(sheet)
    if len(paths) == 2:
        mark.set(ls="", marker="x", mew=2, ms=8)
    legend(target, [mark], 1)
    return target.figure


def _curve(sheet: Sheet, axes: Axes, found: Sweep, path: str, values: Any) -> None:
    _steps(axes, _places(found, path), values)
    mark = _in_force(found, path)
    if mark is not None:
        axes.axvline(mark, color=MISSED, lw=1.1, ls="--")
    _write_numbers(sheet, axes.xaxis, axes.yaxis)
    _name_axis(axes.xaxis, found, path)


def _surface(
    target: Page, sheet: Sheet, axes: Axes, found: Sweep, paths: list[str], values: Any
) -> None:
    across, up = _places(found, paths[1]), _places(found, paths[0])
    shade = axes.pcolormesh(across, up, values, cmap="cividis", shading="nearest")
    bar = target.figure.colorbar(shade, ax=axes, fraction=0.08, pad=0.03)
    bar.outline.set_visible(False)
    _write_numbers(sheet, axes.xaxis, axes.yaxis, bar.ax.yaxis)
    _name_axis(axes.xaxis, found, paths[1])
    _name_axis(axes.yaxis, found, paths[0])
    x, y = _in_force(found, paths[1]), _in_force(found, paths[0])
    if x is not None and y is not None:
        axes.plot([x], [y], marker="x", color=MISSED, ms=8, mew=2, ls="")


def _places(found: Sweep, path: str) -> Any:
    """Positions on the axis: the values themselves, or their order where they are words."""
    values = found.ranges[path]
    return np.array(values, float) if _numeric(values) else np.arange(len(values))


def _numeric(values: tuple[Value, ...]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _name_axis(axis: Any, found: Sweep, path: str) -> None:
    axis.set_label_text(path)
    if not _numeric(found.ranges[path]):
        axis.set_ticks(range(len(found.ranges[path])), labels=map(str, found.ranges[path]))


def _in_force(found: Sweep, path: str) -> float | None:
    """Where the value in force lies on the axis; None outside it."""
    section, _, name = path.partition(".")
    base = found.base
    value: Any = getattr(base.method, name) if section == METHOD else getattr(base.law, name)
    values = found.ranges[path]
    if _numeric(values):
        numbers = [float(given) for given in values]
        return float(value) if min(numbers) <= value <= max(numbers) else None
    return float(values.index(value)) if value in values else None


# --------------------------------------------------------------------------------------------------
# Persistence


@styled
def persistence_figure(run: Run) -> Figure:
    """Draw the interval of lines over which each quarter exists, from its birth to its merge.

    Parameters
    ----------
    run : Run
        The merge tree of its zoning is drawn; options under which zones can shrink are left out,
        and the figure says so.
    """
    sheet, zoning = Sheet.of(run), run.zoning
    tree = MergeTree.of(zoning)
    quarters = tree.quarters
    lines = tree_lines(zoning, tree)
    line = lines[quarters.unit if tree.within_units else np.zeros(len(quarters), np.int64)]
    born, ends = quarters.birth - line, quarters.death - line
    seen = np.flatnonzero((born < REACH) & (ends > -REACH))
    low, high = np.maximum(born, -REACH), np.minimum(ends, REACH)
    seen = seen[np.argsort(-(high - low)[seen], kind="stable")][:LONGEST]
    seen = seen[np.argsort(-born[seen], kind="stable")]
    heading = [sheet.text("persistence"), rule_text(sheet, zoning), line_text(sheet, zoning)]
    target = page(sheet, heading, 0.75 + 0.17 * max(len(seen), 3), key=ROW)
    axes = target.body.within(left=2.5, bottom=0.4).axes(target.figure)
    alive = (born < 0) & (ends >= 0)
    colours = np.select([alive, born >= 0], [FOUND, EXTRA], FRAME)
    places = np.arange(len(seen))
    axes.barh(places, (high - low)[seen], 0.62, low[seen], color=colours[seen])
    axes.axvline(0, color=MISSED, lw=1.1, ls="--")
    names = _quarter_names(sheet, tree, zoning, tree.quarter_at(lines))
    axes.set_yticks(places, [names[quarter] for quarter in seen], fontsize=7)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(-REACH, REACH)
    axes.set_ylim(-0.7, max(len(seen), 3) - 0.3)
    axes.set_xlabel(sheet.text("persistence_axis"))
    open_frame(axes)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(lambda value, _: sheet.says.signed(value))
    legend(target, _persistence_key(sheet), 4)
    return target.figure


def _persistence_key(sheet: Sheet) -> list[Any]:
    from matplotlib.patches import Patch

    kinds = ((FOUND, "alive"), (EXTRA, "born_above"), (FRAME, "merged_below"))
    return [*(Patch(color=colour, label=sheet.text(key)) for colour, key in kinds), _mark(sheet)]


def _quarter_names(
    sheet: Sheet, tree: MergeTree, zoning: Zoning, now: NDArray[np.int32]
) -> list[str]:
    """Name each quarter of a tree by the commune of its first tile, and by its zone if it has one.

    `now` has the quarter of each tile at the line in force.
    """
    commune = tree.tiles.commune
    people = np.bincount(now + 1, tree.tiles.values("population"), len(tree.quarters) + 1)[1:]
    names = []
    for quarter, seed in enumerate(tree.quarters.seed):
        place = commune.index[seed]
        code = commune.labels[place] if place >= 0 else ""
        name = sheet.communes.get(code, code)
        name = name if len(name) <= 22 else f"{name[:20]}..."
        if people[quarter] > 0:
            zones = np.bincount(zoning.label[now == quarter])
            zones[0] = 0
            number = str(int(zones.argmax())) if zones.any() else ""
            inhabitants = sheet.says.number(people[quarter])
            name = sheet.text("alive_label", zone=number, commune=name, people=inhabitants).strip()
        names.append(name)
    return names
