"""The line that each tile is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.income import DeclaredDisposable
from zonage.law import Law, Line, Reference
from zonage.tiles import Tiles
from zonage.zoning.method import Reason


@dataclass(frozen=True, slots=True)
class UnitLine:
    """The line of an urban unit (and, overseas, a commune) as the zoning used it.

    Attributes
    ----------
    legal : Line
        The line of the law, with what it was made from, or why there is none.
    line : float or None
        What estimated disposable medians are held against, EUR a year; None without a line.
    basis : {"legal", "calibrated", "shifted"}
        Whether it is the line of the law, brought from declared to disposable income where the law
        speaks of declared income, a line given by the user, or either moved by some EUR.
    """

    legal: Line
    line: float | None
    basis: str


@dataclass(frozen=True, eq=False)
class Circumstances:
    """What a zoning was told besides tiles, law, reference and method.

    Attributes
    ----------
    line : float or None
        A line in EUR a year of disposable income in the place of the legal one.
    shift : float
        EUR a year added to the line of every unit.
    listed : bool array, shape (n,), or None
        Tiles in quarters that were on the list before (the derogation).
    frozen : bool array, shape (n,), or None
        Tiles of quarters that are kept whatever the tests say.
    commune_population : mapping of str to float, or None
        Inhabitants by commune, where the law tests the commune.
    """

    line: float | None = None
    shift: float = 0.0
    listed: NDArray[np.bool_] | None = None
    frozen: NDArray[np.bool_] | None = None
    commune_population: Mapping[str, float] | None = None


@dataclass(frozen=True, eq=False)
class TileLines:
    """The line of each tile, EUR a year of disposable income, and why there is none."""

    line: NDArray[np.float64]
    status: NDArray[np.uint8]
    units: tuple[UnitLine, ...]


def draw_lines(
    tiles: Tiles,
    law: Law,
    reference: Reference,
    conversion: DeclaredDisposable | None,
    told: Circumstances,
) -> TileLines:
    """Draw the line of each unit once and hand it to its tiles."""
    groups, index = _groups(tiles, law, told.listed)
    units = []
    for unit, place, kept in groups:
        code = tiles.urban_unit.labels[unit] if unit >= 0 else None
        people = None
        if law.tests_commune and place >= 0:
            people = (told.commune_population or {}).get(tiles.commune.labels[place])
        legal = reference.line(law, code, commune_population=people, listed_before=kept)
        units.append(_unit_line(legal, conversion, told))
    line = np.array([np.nan if unit.line is None else unit.line for unit in units])
    status = np.array([_line_status(unit) for unit in units], np.uint8)
    if (status == Reason.NO_LINE).all():
        why = "; ".join(sorted({unit.legal.reason for unit in units if unit.legal.reason}))
        raise BadInput(
            "no tile has a line to be held against",
            file=tiles.source,
            found=why,
            expected="tiles in an urban unit whose population and median income are known",
        )
    return TileLines(line[index], status[index], tuple(units))


def _groups(
    tiles: Tiles, law: Law, listed: NDArray[np.bool_] | None
) -> tuple[list[tuple[int, int, bool]], NDArray[np.int64]]:
    """What tiles share: unit, commune (where the law tests it), listing; and each tile's group."""
    communes = len(tiles.commune.labels) + 1 if law.tests_commune else 1
    key = (tiles.urban_unit.index.astype(np.int64) + 1) * communes
    if law.tests_commune:
        key += tiles.commune.index + 1
    key *= 2
    if listed is not None:
        key += listed
    present = np.bincount(key) > 0
    groups = []
    for found in np.flatnonzero(present).tolist():
        unit, place = divmod(found // 2, communes)
        groups.append((unit - 1, place - 1, bool(found % 2)))
    return groups, (np.cumsum(present) - 1)[key]


def _unit_line(legal: Line, conversion: DeclaredDisposable | None, told: Circumstances) -> UnitLine:
    basis = "shifted" if told.shift else "legal" if told.line is None else "calibrated"
    if told.line is not None:
        return UnitLine(legal, float(told.line) + told.shift, basis)
    if legal.threshold is None:
        return UnitLine(legal, None, "legal")
    threshold = float(legal.threshold)
    if legal.concept == "declared" and conversion is not None:
        threshold = float(conversion.to_disposable(threshold))
    return UnitLine(legal, threshold + told.shift, basis)


def _line_status(unit: UnitLine) -> Reason:
    if unit.line is None or unit.legal.qualifies is None:
        return Reason.NO_LINE
    return Reason.INSIDE if unit.legal.qualifies else Reason.UNIT_TOO_SMALL
