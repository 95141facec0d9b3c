"""The State's criteria applied to tiles: from tiles and law to quarters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.income import DeclaredDisposable, IncomeModel, LogNormal, estimate
from zonage.law import Law, Reference
from zonage.tiles import Tiles
from zonage.zoning.flags import Flags, smoothed_median
from zonage.zoning.joining import Zones
from zonage.zoning.lines import Circumstances, TileLines, draw_lines
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
    frozen: NDArray[np.bool_] | None = None,
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
    frozen : bool array, shape (n,), optional
        Tiles of quarters that are kept whatever the tests say.
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
        If the tiles lack a column, or the line of no unit is known.

    Notes
    -----
    Décret n° 2014-767 of 3 July 2014, articles 2 and 4. The median income of a tile is not
    published: it is estimated, and every figure that rests on it is an estimate.
    """
    from zonage.sources.income_tables import income_model

    table = _as_tiles(tiles)
    model = income_model(table.vintage or reference.year)
    if poverty_line is not None:
        model = replace(model, poverty_line=float(poverty_line))
    told = Circumstances(line, 0.0, listed, frozen, commune_population)
    conversion = _conversion(reference, needed=line is None)
    return _zoned(table, model, law, reference, method or Method(), conversion, told)


def rezone(
    base: Zoning,
    *,
    law: Law | None = None,
    method: Method | None = None,
    reference: Reference | None = None,
    conversion: DeclaredDisposable | None = None,
    told: Circumstances | None = None,
    disturbance: NDArray[np.float64] | None = None,
) -> Zoning:
    """Zone the same tiles anew with some things changed; the base stays as it is.

    Parameters
    ----------
    base : Zoning
        Gives all that is not given here.
    law, method, reference, conversion, told
        What to change.
    disturbance : float64 array, shape (n,), optional
        Added to the logarithm of each tile's income: an error of the estimate.
    """
    return _zoned(
        base.tiles,
        base.model,
        law or base.law,
        reference or base.reference,
        method or base.method,
        conversion or base.conversion,
        told or base.told,
        disturbance,
    )


def _zoned(
    tiles: Tiles,
    model: IncomeModel,
    law: Law,
    reference: Reference,
    method: Method,
    conversion: DeclaredDisposable | None,
    told: Circumstances,
    disturbance: NDArray[np.float64] | None = None,
) -> Zoning:
    """Lines, incomes, flags, zones, reasons: the way of every zoning."""
    lines = draw_lines(tiles, law, reference, conversion, told)
    income = estimate(tiles, model, method.estimator)
    criterion = smoothed_median(tiles, model, method) if method.smoothing else income.median
    if disturbance is not None:
        income = LogNormal(income.mu + disturbance, income.sigma)
        criterion = criterion * np.exp(disturbance)
    flags = Flags.of(tiles, criterion, lines, law, method)
    zones = Zones.of(tiles, income, lines, flags, law, method, told.frozen)
    return Zoning(
        tiles=tiles,
        label=zones.label,
        reason=_reasons(tiles, criterion, lines, flags, zones, told.frozen),
        income=income,
        criterion=criterion,
        line=lines.line,
        units=lines.units,
        zone_population=zones.population,
        zone_median=zones.median,
        model=model,
        law=law,
        reference=reference,
        method=method,
        conversion=conversion,
        told=told,
    )


def _conversion(reference: Reference, *, needed: bool) -> DeclaredDisposable | None:
    """The map from declared to disposable income; None where none is known and none needed."""
    from zonage.sources.income_tables import declared_disposable

    try:
        return declared_disposable(reference.year)
    except BadInput:
        if needed and reference.concept == "declared":
            raise
        return None


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
    frozen: NDArray[np.bool_] | None,
) -> NDArray[np.uint8]:
    """Why each tile is in or out: the first of the law's tests that it fails."""
    conditions = (
        ((zones.label > 0) & flags.own, Reason.INSIDE),
        (np.zeros(len(tiles), np.bool_) if frozen is None else frozen, Reason.KEPT),
        (zones.label > 0, Reason.INSIDE_ENCLOSED),
        (tiles.count("population") == 0, Reason.UNINHABITED),
        (lines.status == Reason.NO_LINE, Reason.NO_LINE),
        (lines.status == Reason.UNIT_TOO_SMALL, Reason.UNIT_TOO_SMALL),
        (np.isnan(criterion), Reason.INCOME_UNKNOWN),
        (flags.own, zones.refused),
    )
    out = np.full(len(tiles), Reason.INCOME_NOT_BELOW, np.uint8)
    for condition, reason in reversed(conditions):  # the first one counts, so it is put last
        np.copyto(out, np.asarray(reason, np.uint8), where=condition)
    return out
