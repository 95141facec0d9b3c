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
    basis : {"legal", "calibrated"}
        Whether it is the line of the law, brought from declared to disposable income where the law
        speaks of declared income, or a line given by the user.
    """

    legal: Line
    line: float | None
    basis: str


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
    conversion: DeclaredDisposable,
    given: float | None,
    listed: NDArray[np.bool_] | None,
    commune_population: Mapping[str, float] | None,
) -> TileLines:
    """Draw the line of each unit once and hand it to its tiles."""
    size = len(tiles)
    commune = tiles.commune.index if law.tests_commune else np.zeros(size, np.int32)
    before = np.zeros(size, np.bool_) if listed is None else listed
    keys = np.stack([tiles.urban_unit.index, commune, before.astype(np.int32)])
    distinct, index = np.unique(keys, axis=1, return_inverse=True)
    units = []
    for unit, place, kept in distinct.T.tolist():
        code = tiles.urban_unit.labels[unit] if unit >= 0 else None
        people = None
        if law.tests_commune and place >= 0:
            people = (commune_population or {}).get(tiles.commune.labels[place])
        legal = reference.line(law, code, commune_population=people, listed_before=bool(kept))
        units.append(_unit_line(legal, conversion, given))
    line = np.array([np.nan if unit.line is None else unit.line for unit in units])
    status = np.array([_line_status(unit) for unit in units], np.uint8)
    index = index.reshape(-1)
    if (status != Reason.INSIDE).all():
        why = "; ".join(sorted({unit.legal.reason for unit in units if unit.legal.reason}))
        raise BadInput(
            "no tile has a line to be held against",
            file=tiles.source,
            found=why,
            expected="tiles in an urban unit whose population and median income are known",
        )
    return TileLines(line[index], status[index], tuple(units))


def _unit_line(legal: Line, conversion: DeclaredDisposable, given: float | None) -> UnitLine:
    if legal.threshold is None and given is None:
        return UnitLine(legal, None, "legal")
    if given is not None:
        return UnitLine(legal, float(given), "calibrated")
    threshold = float(legal.threshold or 0)
    if legal.concept == "declared":
        threshold = float(conversion.to_disposable(threshold))
    return UnitLine(legal, threshold, "legal")


def _line_status(unit: UnitLine) -> Reason:
    if unit.line is None or unit.legal.qualifies is None:
        return Reason.NO_LINE
    return Reason.INSIDE if unit.legal.qualifies else Reason.UNIT_TOO_SMALL
