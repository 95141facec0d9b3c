"""Figures of uncertainty and sensitivity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zonage.figures.style import (
    EXTRA,
    FOUND,
    QUIET,
    ROW,
    Sheet,
    decimals,
    legend,
    open_frame,
    page,
    styled,
)
from zonage.texts.figures import FIGURE_TEXTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zonage.scenarios.sensitivity import Sensitivity
    from zonage.scenarios.uncertainty import Reliability


@styled
def reliability_figure(sheet: Sheet, found: Reliability) -> Figure:
    """Draw what share of the inhabitants is official against the probability that was computed.

    Parameters
    ----------
    sheet : Sheet
        Title, source and language.
    found : Reliability
        From :func:`zonage.scenarios.uncertainty.reliability`.

    Returns
    -------
    matplotlib.figure.Figure
        Dots below the diagonal: more was promised than is official.
    """
    score = sheet.text("brier", brier=sheet.says.number(found.brier, 3))
    if found.brier_zoning is not None:
        score += sheet.text("brier_zoning", brier=sheet.says.number(found.brier_zoning, 3))
    target = page(sheet, [sheet.text("reliability"), score], 5.4, key=2 * ROW, width=6.6)
    axes = target.body.within(left=0.6, bottom=0.45).axes(target.figure)
    predicted = [part.predicted for part in found.bins]
    observed = [part.observed for part in found.bins]
    people = np.array([part.inhabitants for part in found.bins])
    (even,) = axes.plot([0, 1], [0, 1], color=QUIET, lw=1, ls="--", label=sheet.text("perfect"))
    (curve,) = axes.plot(
        predicted, observed, color=FOUND, lw=1.2, label=sheet.text("reliability_curve")
    )
    axes.scatter(predicted, observed, s=20 + 400 * people / people.max(), color=FOUND, alpha=0.6)
    axes.set_xlim(-0.05, 1.05)
    axes.set_ylim(-0.05, 1.05)
    axes.set_xlabel(sheet.text("predicted"))
    axes.set_ylabel(sheet.text("observed"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: sheet.says.percent(value, 0))
    open_frame(axes)
    legend(target, [even, curve], 1)
    return target.figure


@styled
def sensitivity_figure(sheet: Sheet, found: Sensitivity) -> Figure:
    """Draw what drives each measure, one panel a measure, the strongest parameter on top.

    Parameters
    ----------
    sheet : Sheet
        Title, source and language.
    found : Sensitivity
        From :func:`zonage.scenarios.sensitivity.sensitivity`.

    Returns
    -------
    matplotlib.figure.Figure
        Sobol: the total index with its confidence, and the first-order index on it. Morris: mu*.
    """
    from matplotlib.patches import Patch

    sobol = found.method == "sobol"
    bar, error = ("total", "total_confidence") if sobol else ("mu_star", "mu_star_confidence")
    paths = list(found.ranges)
    target = page(sheet, [sheet.text("sensitivity")], 0.9 + 0.3 * len(paths), key=ROW, width=13.0)
    boxes = target.body.within(bottom=0.4, top=0.25).grid(1, len(found.indices), (0.35, 0))
    for box, (measure, columns) in zip(boxes, found.indices.items(), strict=True):
        axes = box.within(left=min(1.75, 0.55 * box.width)).axes(target.figure)
        order = [paths.index(path) for path in reversed(found.ranked(measure))]
        place = np.arange(len(order))
        axes.barh(place, columns[bar][order], xerr=columns[error][order], color=FOUND, ecolor=QUIET)
        if sobol:
            alone = np.maximum(columns["first_order"][order], 0)
            axes.barh(place, alone, height=0.35, color=EXTRA)
        axes.set_yticks(place, [paths[index] for index in order], fontsize=7)
        known = measure in FIGURE_TEXTS[sheet.language]
        axes.set_title(sheet.text(measure) if known else measure, loc="left", fontsize=9)
        axes.set_xlabel(sheet.text("share") if sobol else sheet.text("effect"))
        axes.set_xlim(left=0)
        axes.locator_params(axis="x", nbins=4)
        axes.xaxis.set_major_formatter(lambda value, _: sheet.says.number(value, decimals(value)))
        open_frame(axes)
        axes.grid(visible=False, axis="y")
    if sobol:
        kinds = ((FOUND, "total"), (EXTRA, "first_order"))
        legend(target, [Patch(color=one, label=sheet.text(key)) for one, key in kinds], 2)
    return target.figure
