"""Figures of sweeps and of stability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zonage.mergetree import MergeTree
from zonage.scenarios.sweep import Sweep
from zonage.scenarios.what_if import METHOD, Value
from zonage.zoning import Zoning

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MARK = "#0072b2", "#8c1d40"

MEASURES = (
    ("quarters", "quarters"),
    ("population_share", "share of inhabitants in quarters"),
    ("poor_households", "poor households in quarters"),
)
"""What the figure of a sweep shows, where it was counted."""

LONGEST = 60
"""Quarters that the figure of stability shows: the longest lived."""


def response_figure(found: Sweep, title: str) -> Figure:
    """Draw how the totals respond to one or two swept parameters, the value in force marked.

    Parameters
    ----------
    found : Sweep
        One or two parameters; of more, the first two, the others at their first value.
    title : str
        Of the territory.
    """
    from matplotlib.figure import Figure

    paths = list(found.ranges)[:2]
    cube = found.cube.isel({path: 0 for path in list(found.ranges)[2:]})
    shown = [(name, text) for name, text in MEASURES if name in cube]
    figure = Figure(
        figsize=(4.6 * len(shown), 4.0), dpi=120, facecolor="white", layout="constrained"
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, parse_math=False)
    for axes, (name, text) in zip(
        figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True
    ):
        if len(paths) == 1:
            _curve(axes, found, paths[0], cube[name].to_numpy())
        else:
            _surface(figure, axes, found, paths, cube[name].to_numpy())
        axes.set_title(text, loc="left", fontsize=10)
    return figure


def _curve(axes: Axes, found: Sweep, path: str, values: Any) -> None:
    axes.plot(_places(found, path), values, color=INK, drawstyle="steps-mid", lw=1.6)
    _name_axis(axes.xaxis, found, path)
    mark = _in_force(found, path)
    if mark is not None:
        axes.axvline(mark, color=MARK, lw=1.2, ls="--", label="in force")
        axes.legend(fontsize=8, frameon=False)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)


def _surface(figure: Figure, axes: Axes, found: Sweep, paths: list[str], values: Any) -> None:
    across, up = _places(found, paths[1]), _places(found, paths[0])
    shade = axes.pcolormesh(across, up, values, cmap="cividis", shading="nearest")
    figure.colorbar(shade, ax=axes)
    _name_axis(axes.xaxis, found, paths[1])
    _name_axis(axes.yaxis, found, paths[0])
    x, y = _in_force(found, paths[1]), _in_force(found, paths[0])
    if x is not None and y is not None:
        axes.plot([x], [y], marker="x", color=MARK, ms=9, mew=2, ls="", label="in force")
        axes.legend(fontsize=8, loc="upper right")


def _places(found: Sweep, path: str) -> Any:
    """Positions on the axis: the values themselves, or their order where they are words."""
    values = found.ranges[path]
    return np.array(values, float) if _numeric(values) else np.arange(len(values))


def _numeric(values: tuple[Value, ...]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _name_axis(axis: Any, found: Sweep, path: str) -> None:
    axis.set_label_text(path, parse_math=False)
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


def stability_figure(zoning: Zoning, title: str) -> Figure:
    """Draw the interval of lines over which each quarter exists, from its birth to its merge.

    Parameters
    ----------
    zoning : Zoning
        Its merge tree is drawn; options under which zones can shrink are left out of it.
    title : str
        Of the territory.
    """
    from matplotlib.figure import Figure

    quarters = MergeTree.of(zoning).quarters
    known = [unit.line for unit in zoning.units if unit.line is not None]
    low, high = min(known) - 4_000, max(known) + 4_000
    seen = np.flatnonzero((quarters.birth < high) & (quarters.death > low))
    span = np.minimum(quarters.death, high) - np.maximum(quarters.birth, low)
    seen = seen[np.argsort(-span[seen], kind="stable")][:LONGEST]
    seen = seen[np.argsort(quarters.birth[seen], kind="stable")]
    figure = Figure(figsize=(9, 1.6 + 0.14 * len(seen)), dpi=120, facecolor="white",
                    layout="constrained")  # fmt: skip
    axes = figure.add_subplot()
    widths = 1 + 3 * np.sqrt(
        quarters.population_at_end[seen] / max(1.0, quarters.population_at_end[seen].max(initial=1))
    )
    for height, (quarter, width) in enumerate(zip(seen, widths, strict=True)):
        born, ends = max(quarters.birth[quarter], low), min(quarters.death[quarter], high)
        axes.plot([born, ends], [height, height], color=INK, lw=width, solid_capstyle="butt")
    in_force = {float(zoning.line[tile]) for tile in np.flatnonzero(zoning.inside)}
    for line in sorted(in_force):
        axes.axvline(line, color=MARK, lw=0.8, ls="--")
    axes.set_xlim(low, high)
    axes.set_yticks([])
    axes.set_xlabel(
        "line, EUR a year of disposable income (dashed: in force where there are quarters)"
    )
    axes.set_title(
        f"{title}\nquarters from birth to merge; the thicker, the more populous",
        loc="left", fontsize=11, parse_math=False,
    )  # fmt: skip
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure
