"""Very low income: from the incomes that the engine estimates for each tile."""

from __future__ import annotations

import math

from zonage.complementary.layers import INDICATORS, Layer
from zonage.errors import BadInput
from zonage.income import LogNormal
from zonage.tiles import Tiles
from zonage.zoning import Zoning


def very_low_income(of: Zoning | tuple[Tiles, LogNormal], line_eur: float) -> Layer:
    """Estimate the share of each tile's inhabitants below a line lower than the State's.

    Parameters
    ----------
    of : Zoning, or (Tiles, LogNormal)
        Tiles with their estimated incomes.
    line_eur : float
        EUR a year of disposable income per consumption unit.

    Returns
    -------
    Layer
        Indicator ``very_low_income_share``, 0 to 1.

    Raises
    ------
    BadInput
        If the line is not a positive amount.

    Notes
    -----
    The lower a line, the more it rests on the assumed shape of incomes.

    Examples
    --------
    >>> import numpy as np
    >>> tiles = Tiles.from_columns(np.array([7]), np.array([3]), {"population": np.array([100.0])})
    >>> income = LogNormal(np.log([12000.0]), np.array([0.44]))
    >>> very_low_income((tiles, income), 9000.0).value.round(3).tolist()
    [0.257]
    """
    tiles, income = (of.tiles, of.income) if isinstance(of, Zoning) else of
    if not (math.isfinite(line_eur) and line_eur > 0):
        raise BadInput("not a line of income", found=line_eur, expected="EUR a year, above 0")
    return Layer(
        INDICATORS["very_low_income_share"],
        income.share_below(line_eur),
        source=tiles.source,
        how=f"estimated share of inhabitants below {line_eur:g} EUR a year of disposable income, "
        "by the log-normal estimated for the tile",
        notes=_imputed(tiles),
    )


def income_median(of: Zoning) -> Layer:
    """Estimated median income of each tile: the criterion of the zoning.

    Parameters
    ----------
    of : Zoning
        The State's zoning; with smoothing, its criterion is the smoothed median.

    Returns
    -------
    Layer
        Indicator ``income_median``, EUR a year of disposable income.
    """
    smoothing = of.method.smoothing
    around = f", over a Gaussian of {smoothing:g} tiles around it" if smoothing else ""
    return Layer(
        INDICATORS["income_median"],
        of.criterion,
        source=of.tiles.source,
        how=f"estimated median of the tile{around}",
        notes=_imputed(of.tiles),
    )


def _imputed(tiles: Tiles) -> tuple[str, ...]:
    if tiles.imputed is None or "population" not in tiles.counts:
        return ()
    population = tiles.count("population")
    share = int(population[tiles.imputed].sum()) / max(int(population.sum()), 1)
    return (f"{100 * share:.0f} % of inhabitants live in tiles whose incomes INSEE imputed",)
