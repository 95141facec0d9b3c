"""Maps of a number a tile: the line at which it enters, the probability of being inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.figures.ground import draw_outlines, draw_tiles, line_text, map_page, paint
from zonage.figures.labels import name_communes
from zonage.figures.style import INK, PEOPLE, ROW, Page, Sheet, legend, styled
from zonage.mergetree import MergeTree
from zonage.pipeline import Run
from zonage.texts.figures import OPTION_TEXTS
from zonage.zoning import Zoning

if TYPE_CHECKING:
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.figure import Figure

    from zonage.scenarios.uncertainty import Uncertainty

REACH, STEP = 3_000, 500
"""EUR a year on either side of the line in force, and the width of a class."""

KEY = 0.62
"""Height of a bar of colours with its figures and its words, in inches."""


@styled
def entry_map(run: Run) -> Figure:
    """Draw the lowest line at which each tile lies in a quarter of the minimum population.

    As a distance to the line of its urban unit in force: tiles below 0 are inside now.

    Parameters
    ----------
    run : Run
        A finished run; options under which zones can shrink are left out, and the figure says so.
    """
    from matplotlib.colors import BoundaryNorm, ListedColormap

    sheet, zoning = Sheet.of(run), run.zoning
    shift = MergeTree.of(zoning).entry - zoning.line
    minimum = sheet.says.count(zoning.law.min_population, "inhabitant")
    lines = [
        sheet.text("entry", minimum=minimum),
        rule_text(sheet, zoning),
        line_text(sheet, zoning),
    ]
    edges = np.arange(-REACH, REACH + STEP, STEP, dtype=np.float64)
    norm = BoundaryNorm(edges, len(edges) - 1)
    # Inside, the darker the farther from the line; outside, the paler the farther.
    colours = ListedColormap([*_sampled("Blues_r", 0.0, 0.6), *_sampled("Oranges_r", 0.25, 0.85)])
    # A tile that enters at the very line is not below it; one below the range is as dark as it can.
    shown = np.where(np.isfinite(shift) & (shift < REACH), np.maximum(shift, -REACH), np.nan)
    words = (sheet.text("entry_key"), sheet.text("entry_outline"), sheet.text("beyond"))
    ticks = edges[::2]
    labels = [sheet.says.signed(tick) for tick in ticks]
    centre = list(ticks).index(0)
    labels[centre] = f"{sheet.says.number(0)} ({sheet.text('in_force')})"
    page = _field(sheet, zoning, lines, shown, (colours, norm), words)
    _bar(page, (colours, norm), ticks, labels, words[0])
    return page.figure


def rule_text(sheet: Sheet, zoning: Zoning) -> str:
    """Say which rule a merge tree stands for."""
    left_out = [OPTION_TEXTS[sheet.language][name] for name in zoning.method.beyond_tree]
    if not left_out:
        return sheet.text("whole_rule")
    return sheet.text("tree_rule", options=sheet.says.listed(left_out))


@styled
def probability_map(sheet: Sheet, found: Uncertainty) -> Figure:
    """Draw the probability of each tile to be inside, with the outlines of the base zoning.

    Parameters
    ----------
    sheet : Sheet
        Title, source and language.
    found : Uncertainty
        From :func:`zonage.scenarios.uncertainty.monte_carlo`.

    Returns
    -------
    matplotlib.figure.Figure
        North up, with a scale bar. Tiles of probability 0 show as inhabited ground.
    """
    from matplotlib.colors import BoundaryNorm, ListedColormap

    draws = sheet.says.count(found.draws, "draw")
    lines = [
        sheet.text("probability", draws=draws, seed=str(found.seed)),
        line_text(sheet, found.base),
    ]
    edges = np.arange(11) / 10
    norm = BoundaryNorm(edges, 10)
    colours = ListedColormap(_sampled("viridis_r", 0.0, 1.0, 10))
    shown = np.where(found.probability > 0, found.probability, np.nan)
    words = (
        sheet.text("probability_key"),
        sheet.text("probability_outline"),
        sheet.text("never_drawn"),
    )
    page = _field(sheet, found.base, lines, shown, (colours, norm), words)
    _bar(page, (colours, norm), edges[::2], [sheet.says.percent(one, 0) for one in edges[::2]],
         words[0])  # fmt: skip
    return page.figure


def _sampled(name: str, first: float, last: float, count: int = REACH // STEP) -> list[tuple]:
    """Some colours of a map of matplotlib, from one place in it to another."""
    from matplotlib import colormaps

    return [tuple(colour) for colour in colormaps[name](np.linspace(first, last, count))]


def _field(
    sheet: Sheet,
    zoning: Zoning,
    lines: list[str],
    values: NDArray[np.float64],
    scale: tuple[ListedColormap, BoundaryNorm],
    words: tuple[str, str, str],
) -> Page:
    """A map of values, those that are not numbers as inhabited ground."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    tiles = zoning.tiles
    page, axes = map_page(sheet, tiles, lines, key=ROW + 0.05 + KEY)
    colours = paint(PEOPLE, len(tiles))
    known = np.isfinite(values)
    colours[known] = scale[0](scale[1](values[known]))
    draw_tiles(axes, tiles, colours)
    draw_outlines(zoning, axes)
    name_communes(axes, tiles, sheet.communes, zoning.inside, page.body.width)
    handles = [
        Line2D([], [], color=INK, lw=1, label=words[1]),
        Patch(color=PEOPLE, label=words[2]),
    ]
    legend(page, handles, 2)
    return page


def _bar(
    page: Page,
    scale: tuple[ListedColormap, BoundaryNorm],
    ticks: NDArray[np.float64],
    labels: list[str],
    words: str,
) -> None:
    """Draw the bar of colours at the foot of the key."""
    from matplotlib.cm import ScalarMappable

    box = page.key.within(bottom=KEY - 0.18, left=0.25, right=page.key.width - 6.2, top=ROW + 0.05)
    bar = page.figure.colorbar(
        ScalarMappable(norm=scale[1], cmap=scale[0]),
        cax=box.axes(page.figure),
        orientation="horizontal",
        ticks=ticks,
    )
    bar.ax.set_xticklabels(labels)
    bar.ax.tick_params(length=2, pad=2)
    bar.ax.set_xlabel(words, loc="left")
    bar.outline.set_visible(False)
