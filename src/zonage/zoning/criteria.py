"""The State's criteria applied to tiles: from tiles and law to quarters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.income import IncomeModel, estimate
from zonage.law import Law, Reference
from zonage.tiles import Tiles
from zonage.zoning.flags import Flags, smoothed_median
from zonage.zoning.joining import Zones
from zonage.zoning.lines import TileLines, draw_lines
from zonage.zoning.method import Method, Reason
from zonage.zoning.result import Zoning

if TYPE_CHECKING:
    import xarray as xr


def qpv(
    tiles: Tiles | xr.Dataset,
    law: Law,
    reference: Reference,
    *,
    method: Method | None = None,
    line: float | None = None,
    listed: NDArray[np.bool_] | None = None,
    commune_population: Mapping[str, float] | None = None,
    poverty_line: float | None = None,
) -> Zoning:
    """Apply the State's criteria to tiles: which quarters does the law name?

    Parameters
    ----------
    tiles : Tiles or xarray.Dataset
        Tiles with population and income sum (and, better, households and poor households), each
        with its urban unit; or the Dataset made from them.
    law : Law
        From :func:`zonage.law.load_law`, reformed or not.
    reference : Reference
        Median incomes of the nation and of the urban units, from which lines are drawn.
    method : Method, optional
        The choices that the law leaves open.
    line : float, optional
        A line in EUR a year of disposable income to use instead of the legal one, in every unit
        that qualifies; the result is then marked as calibrated.
    listed : bool array, shape (n,), optional
        Tiles in quarters that were on the list before; the derogation, while it lasts, counts the
        unit criterion as met for them.
    commune_population : mapping of str to float, optional
        Inhabitants by commune, where the law tests the commune (Martinique, La Réunion).
    poverty_line : float, optional
        The line behind the poor households, EUR a year; that of the tiles' vintage if not given.

    Returns
    -------
    Zoning

    Raises
    ------
    BadInput
        If the tiles lack a column, or no tile has a line.

    Notes
    -----
    Décret n° 2014-767 of 3 July 2014, articles 2 and 4. The median income of a tile is not
    published: it is estimated, and every figure that rests on it is an estimate.
    """
    from zonage.sources.income_tables import declared_disposable, income_model

    method = method or Method()
    table = _as_tiles(tiles)
    model = income_model(table.vintage or reference.year)
    if poverty_line is not None:
        model = replace(model, poverty_line=float(poverty_line))
    conversion = declared_disposable(reference.year)
    lines = draw_lines(table, law, reference, conversion, line, listed, commune_population)
    income = estimate(table, model, method.estimator)
    criterion = smoothed_median(table, model, method) if method.smoothing else income.median
    flags = Flags.of(table, criterion, lines, law, method)
    zones = Zones.of(table, income, lines, flags, law, method)
    return Zoning(
        tiles=table,
        label=zones.label,
        reason=_reasons(table, criterion, lines, flags, zones),
        income=income,
        criterion=criterion,
        line=lines.line,
        units=lines.units,
        zone_population=zones.population,
        zone_median=zones.median,
        poor_persons=_poor_persons(table, model),
        law=law,
        reference=reference,
        method=method,
        conversion=conversion,
    )


def _poor_persons(tiles: Tiles, model: IncomeModel) -> NDArray[np.float64] | None:
    if not {"households", "poor_households"} <= tiles.counts.keys():
        return None
    return model.poor_persons(
        tiles.values("population"),
        tiles.values("households"),
        tiles.values("poor_households"),
        tiles.values("income_sum"),
    )


def _as_tiles(tiles: Tiles | xr.Dataset) -> Tiles:
    if isinstance(tiles, Tiles):
        return tiles
    from zonage.raster import to_tiles

    return to_tiles(tiles)


def _reasons(
    tiles: Tiles,
    criterion: NDArray[np.float64],
    lines: TileLines,
    flags: Flags,
    zones: Zones,
) -> NDArray[np.uint8]:
    """Why each tile is in or out: the first of the law's tests that it fails."""
    conditions = (
        ((zones.label > 0) & flags.own, Reason.INSIDE),
        (zones.label > 0, Reason.INSIDE_ENCLOSED),
        (tiles.count("population") == 0, Reason.UNINHABITED),
        (lines.status == Reason.NO_LINE, Reason.NO_LINE),
        (lines.status == Reason.UNIT_TOO_SMALL, Reason.UNIT_TOO_SMALL),
        (np.isnan(criterion), Reason.INCOME_UNKNOWN),
        (flags.own, zones.refused),
    )
    return np.select(
        [condition for condition, _ in conditions],
        [np.uint8(reason) if isinstance(reason, Reason) else reason for _, reason in conditions],
        np.uint8(Reason.INCOME_NOT_BELOW),
    ).astype(np.uint8)
