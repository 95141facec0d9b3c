"""Figures of uncertainty and sensitivity, by matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zonage.figures import EXTRA, FOUND, GROUND, PEOPLE, WIDTH, draw_outlines, draw_scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zonage.scenarios.sensitivity import Sensitivity
    from zonage.scenarios.uncertainty import Reliability, Uncertainty

TEXTS = {
    "en": {
        "probability": "probability to be inside, {draws} draws",
        "outline": "quarter of the zoning without errors",
        "note": "Estimate by zonage: a model, not a legal zoning.",
        "predicted": "probability computed",
        "observed": "share of inhabitants in official quarters",
        "perfect": "perfectly calibrated",
        "curve": "tiles by probability; larger dot: more inhabitants",
        "brier": "Brier score {brier:.3f}",
        "brier_zoning": " (the zoning alone {brier:.3f})",
        "first_order": "alone",
        "total": "with interactions",
        "share": "share of the variance",
        "effect": "mean size of the effect of the whole range",
        "quarters": "quarters",
        "population": "inhabitants",
        "poor_households": "poor households",
    },
    "fr": {
        "probability": "probabilité d'être dans un quartier, {draws} tirages",
        "outline": "quartier du zonage sans erreurs",
        "note": "Estimation zonage : un modèle, non un zonage légal.",
        "predicted": "probabilité calculée",
        "observed": "part des habitants dans des quartiers officiels",
        "perfect": "parfaitement calibré",
        "curve": "carreaux par probabilité ; grand point : plus d'habitants",
        "brier": "score de Brier {brier:.3f}",
        "brier_zoning": " (le zonage seul {brier:.3f})",
        "first_order": "seul",
        "total": "avec interactions",
        "share": "part de la variance",
        "effect": "taille moyenne de l'effet de toute la plage",
        "quarters": "quartiers",
        "population": "habitants",
        "poor_households": "ménages pauvres",
    },
}


def probability_map(uncertainty: Uncertainty, *, language: str = "en") -> Figure:
    """Draw the probability of each tile to be inside, with the outlines of the base zoning.

    Parameters
    ----------
    uncertainty : Uncertainty
        From :func:`zonage.scenarios.uncertainty.monte_carlo`.
    language : {"en", "fr"}

    Returns
    -------
    matplotlib.figure.Figure
        North up, with a scale bar. Tiles of probability 0 show as inhabited ground.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    texts, base = TEXTS[language], uncertainty.base
    grid = base.tiles.grid(margin=2)
    west, south, east, north = (edge / 1000 for edge in grid.bounds)
    height = WIDTH * min(max(grid.height / grid.width, 0.3), 2.0)
    figure = Figure(figsize=(WIDTH, height + 0.8), dpi=120, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor(GROUND)
    row, column = grid.rows_columns(base.tiles.northing, base.tiles.easting)
    picture = np.full(grid.shape, np.nan)
    picture[row, column] = uncertainty.probability
    extent = (west, east, south, north)
    ground = np.where(np.isnan(picture), np.nan, 0.0)
    axes.imshow(ground, extent=extent, cmap=ListedColormap([PEOPLE]), interpolation="nearest")
    image = axes.imshow(
        np.ma.masked_where(~(picture > 0), picture),
        extent=extent,
        cmap="viridis_r",
        vmin=0,
        vmax=1,
        interpolation="nearest",
    )
    draw_outlines(base, axes)
    draw_scale(axes, west, south, east)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(texts["note"], loc="left", fontsize=8, color="#555555")
    label = texts["probability"].format(draws=uncertainty.draws)
    figure.colorbar(image, ax=axes, shrink=0.6, label=label)
    outline = Line2D([], [], color="#202020", lw=1, label=texts["outline"])
    figure.legend(handles=[outline], loc="outside lower left", fontsize=8, frameon=False)
    return figure


def reliability_figure(found: Reliability, *, language: str = "en") -> Figure:
    """Draw what share of the inhabitants is official against the probability that was computed.

    Parameters
    ----------
    found : Reliability
        From :func:`zonage.scenarios.uncertainty.reliability`.
    language : {"en", "fr"}

    Returns
    -------
    matplotlib.figure.Figure
        Dots below the diagonal: more was promised than is official.
    """
    from matplotlib.figure import Figure

    texts = TEXTS[language]
    predicted = [part.predicted for part in found.bins]
    observed = [part.observed for part in found.bins]
    people = np.array([part.inhabitants for part in found.bins])
    figure = Figure(figsize=(6, 6), dpi=120, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#555555", lw=1, ls="--", label=texts["perfect"])
    axes.plot(predicted, observed, color=FOUND, lw=1.2, label=texts["curve"])
    axes.scatter(predicted, observed, s=20 + 400 * people / people.max(), color=FOUND, alpha=0.6)
    axes.set_xlim(-0.05, 1.05)
    axes.set_ylim(-0.05, 1.05)
    axes.set_aspect("equal")
    axes.set_xlabel(texts["predicted"])
    axes.set_ylabel(texts["observed"])
    title = texts["brier"].format(brier=found.brier)
    if found.brier_zoning is not None:
        title += texts["brier_zoning"].format(brier=found.brier_zoning)
    axes.set_title(title, loc="left", fontsize=11)
    axes.legend(loc="upper left", fontsize=8, frameon=False)
    return figure


def sensitivity_figure(found: Sensitivity, *, language: str = "en") -> Figure:
    """Draw what drives each measure, one panel a measure, the strongest parameter on top.

    Parameters
    ----------
    found : Sensitivity
        From :func:`zonage.scenarios.sensitivity.sensitivity`.
    language : {"en", "fr"}

    Returns
    -------
    matplotlib.figure.Figure
        Sobol: the total index with its confidence, and the first-order index on it. Morris: mu*.
    """
    from matplotlib.figure import Figure

    texts = TEXTS[language]
    count = len(found.indices)
    figure = Figure(
        figsize=(4.2 * count, 1.4 + 0.32 * len(found.ranges)),
        dpi=120,
        facecolor="white",
        layout="constrained",
    )
    sobol = found.method == "sobol"
    bar, error = ("total", "total_confidence") if sobol else ("mu_star", "mu_star_confidence")
    paths = list(found.ranges)
    for number, (measure, columns) in enumerate(found.indices.items(), start=1):
        axes = figure.add_subplot(1, count, number)
        order = [paths.index(path) for path in reversed(found.ranked(measure))]
        place = np.arange(len(order))
        axes.barh(
            place,
            columns[bar][order],
            xerr=columns[error][order],
            color=FOUND,
            ecolor="#555555",
            label=texts["total"] if sobol else None,
        )
        if sobol:
            alone = np.maximum(columns["first_order"][order], 0)
            axes.barh(place, alone, height=0.35, color=EXTRA, label=texts["first_order"])
        axes.set_yticks(place, [paths[index] for index in order], fontsize=8)
        axes.set_title(texts.get(measure, measure), loc="left", fontsize=10)
        axes.set_xlabel(texts["share"] if sobol else texts["effect"], fontsize=8)
        axes.tick_params(axis="x", labelsize=8)
        axes.set_xlim(left=0)
        if sobol and number == 1:
            axes.legend(loc="lower right", fontsize=8, frameon=False)
    return figure
