"""The zonings at every position of the page's sliders, held as a few numbers for each tile.

The *ladder* is a list of shifts of the line, the same in every urban unit, and a list of minimum
populations. For each minimum population a tile has one number, its *entry*: the first step of the
ladder at which it is inside. Rules under which zones do not only grow as the line rises take a tile
out again here and there; these and every other exception are listed, so that the page has for each
position the very reasons that the engine gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zonage.zoning import Circumstances, Reason, Zoning
from zonage.zoning.flags import Flags, meets
from zonage.zoning.joining import Zones
from zonage.zoning.lines import TileLines, draw_lines

REACH = 3_000
"""EUR a year by which the line can be moved either way."""

STEPS = (50, 100, 250, 500)
"""Widths of a step, EUR a year; the narrowest within :data:`BUDGET` is taken."""

BUDGET = 48_000_000
"""Positions times tiles that are computed: some seconds."""

MINIMA = tuple(range(500, 2001, 100))
"""Minimum populations offered besides those in force, inhabitants."""


@dataclass(frozen=True, eq=False)
class Ladder:
    """What is inside at every position of the sliders, and why.

    Attributes
    ----------
    shifts : float64 array, shape (s,)
        EUR a year added to the line of every unit, ascending; one of them is 0.
    minima : float64 array, shape (m,)
        Minimum populations, inhabitants, ascending.
    own : uint8 array, shape (n,)
        First step at which the tile's own income meets the test; s = never.
    entry : uint8 array, shape (m, n)
        First step at which the tile is inside; s = never.
    still : uint8 array, shape (n,)
        The :class:`~zonage.zoning.Reason` of a tile whose own income does not meet the test.
    exceptions : int64 array, shape (k, 5)
        Position of the minimum, tile, first and last step, and the reason that holds there and that
        :func:`expected` does not give.
    links : int64 array, shape (j, 4)
        Position of the minimum, step, and two tiles of one zone that no chain of neighbours joins.
    zones : int64 array, shape (m, s)
        Number of zones.
    by_tree : bool
        Whether a merge tree gave the entries, or a zoning at each position.
    """

    shifts: NDArray[np.float64]
    minima: NDArray[np.float64]
    own: NDArray[np.uint8]
    entry: NDArray[np.uint8]
    still: NDArray[np.uint8]
    exceptions: NDArray[np.int64]
    links: NDArray[np.int64]
    zones: NDArray[np.int64]
    by_tree: bool

    def reasons(self, minimum: int, step: int) -> NDArray[np.uint8]:
        """Return the reason of each tile at a position, shape (n,)."""
        inside, below = self.entry[minimum] <= step, self.own <= step
        reason = expected(inside, below, self.still)
        number, tile, first, last, other = self.exceptions.T
        here = (number == minimum) & (first <= step) & (step <= last)
        reason[tile[here]] = other[here]
        return reason


def expected(
    inside: NDArray[np.bool_], below: NDArray[np.bool_], still: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return the usual reason of a tile that is inside or not, its own income below or not."""
    within = np.where(below, np.uint8(Reason.INSIDE), np.uint8(Reason.INSIDE_ENCLOSED))
    return np.where(inside, within, np.where(below, np.uint8(Reason.ZONE_TOO_SMALL), still))


def steps_for(tiles: int, minima: int) -> NDArray[np.float64]:
    """Return the shifts of a ladder: the finest within reach of a few seconds.

    Examples
    --------
    >>> np.diff(steps_for(8_000, 16))[0], np.diff(steps_for(100_000, 16))[0]
    (np.float64(50.0), np.float64(250.0))
    """
    width = next(
        (width for width in STEPS if (2 * REACH // width + 1) * minima * tiles <= BUDGET), STEPS[-1]
    )
    return np.arange(-REACH, REACH + width, width, dtype=np.float64)


def ladder(base: Zoning, shifts: NDArray[np.float64], minima: NDArray[np.float64]) -> Ladder:
    """Zone the tiles of a zoning at every shift of the line and every minimum population.

    Parameters
    ----------
    base : Zoning
        The zoning that is moved; its rule may be any.
    shifts : float64 array, shape (s,)
        EUR a year, ascending; at most 254.
    minima : float64 array, shape (m,)
        Inhabitants, ascending.
    """
    told = [replace(base.told, shift=base.told.shift + float(shift)) for shift in shifts]
    lines = [draw_lines(base.tiles, base.law, base.reference, base.conversion, one) for one in told]
    if _tree_holds(base):
        return _by_tree(base, shifts, minima, lines)
    return _by_zoning(base, shifts, minima, lines)


def _still(base: Zoning, lines: TileLines) -> NDArray[np.uint8]:
    """The reason of each tile whose own income does not meet the test."""
    conditions = (
        base.tiles.count("population") == 0,
        lines.status != Reason.INSIDE,
        np.isnan(base.criterion),
    )
    reasons = (np.uint8(Reason.UNINHABITED), lines.status, np.uint8(Reason.INCOME_UNKNOWN))
    chosen = np.select(conditions, reasons, np.uint8(Reason.INCOME_NOT_BELOW))
    return chosen.astype(np.uint8)


def _own(base: Zoning, lines: list[TileLines]) -> NDArray[np.uint8]:
    """First step at which the tile's own income meets the test."""
    eligible = np.where(lines[0].status == Reason.INSIDE, base.criterion, np.nan)
    below = np.stack([meets(eligible, one.line, base.law) for one in lines])
    return _first(below)


def _first(met: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Position of the first row in which each column is true; the number of rows if none is."""
    return np.where(met.any(axis=0), met.argmax(axis=0), len(met)).astype(np.uint8)


def _tree_holds(base: Zoning) -> bool:
    """Whether a merge tree gives the zones of every position, and the reasons too."""
    return (
        base.method.monotone
        and base.method.within_units
        and base.told.frozen is None
        and base.told.listed is None
        and not base.law.tests_commune
        and not base.law.get("min_density", 0)
    )


def _by_tree(
    base: Zoning,
    shifts: NDArray[np.float64],
    minima: NDArray[np.float64],
    lines: list[TileLines],
) -> Ladder:
    """Read the entries from one merge tree for each minimum population."""
    from zonage.mergetree import tree_of_rule

    criterion = np.where(lines[0].status == Reason.INSIDE, base.criterion, np.nan)
    inclusive = base.law.comparison == "inclusive"
    entry = []
    for minimum in minima:
        tree = tree_of_rule(base.tiles, criterion, base.method, float(minimum), inclusive)
        entry.append(_first(np.stack([tree.entry < one.line for one in lines])))
    first = base.tiles.unit_start[:-1]
    by_unit = np.nan_to_num(np.stack([one.line[first] for one in lines]))
    counted = tree.for_minimum(minima, by_unit)
    return Ladder(
        shifts=shifts,
        minima=minima,
        own=_own(base, lines),
        entry=np.stack(entry),
        still=_still(base, lines[0]),
        exceptions=np.zeros((0, 5), np.int64),
        links=np.zeros((0, 4), np.int64),
        zones=counted["zones"].T,
        by_tree=True,
    )


def _by_zoning(
    base: Zoning,
    shifts: NDArray[np.float64],
    minima: NDArray[np.float64],
    lines: list[TileLines],
) -> Ladder:
    """Join and test the zones at each position; lines and flags are drawn once a shift."""
    own, still = _own(base, lines), _still(base, lines[0])
    flags = [Flags.of(base.tiles, base.criterion, one, base.law, base.method) for one in lines]
    steps = np.arange(len(shifts))[:, np.newaxis]
    entry = np.empty((len(minima), len(base.tiles)), np.uint8)
    zones = np.empty((len(minima), len(shifts)), np.int64)
    exceptions, links = [], []
    for number, minimum in enumerate(minima):
        law = base.law.reform(min_population=_whole(minimum))
        reason = np.empty((len(shifts), len(base.tiles)), np.uint8)
        for step, (line, flag) in enumerate(zip(lines, flags, strict=True)):
            found = Zones.of(
                base.tiles, base.income, line, flag, law, base.method, base.told.frozen
            )
            reason[step] = _reasons(found, flag, still, base.told)
            zones[number, step] = len(found.population)
            for one, other in _links(base, found, flag):
                links.append((number, step, one, other))
        inside = np.isin(reason, [one for one in Reason if one.inside])
        entry[number] = _first(inside)
        usual = expected(entry[number] <= steps, own <= steps, still)
        exceptions += [(number, *run) for run in _runs(reason, usual)]
    return Ladder(
        shifts=shifts,
        minima=minima,
        own=own,
        entry=entry,
        still=still,
        exceptions=np.array(exceptions, np.int64).reshape(-1, 5),
        links=np.array(links, np.int64).reshape(-1, 4),
        zones=zones,
        by_tree=False,
    )


def _whole(minimum: float) -> int | float:
    return int(minimum) if float(minimum).is_integer() else float(minimum)


def _reasons(
    zones: Zones, flags: Flags, still: NDArray[np.uint8], told: Circumstances
) -> NDArray[np.uint8]:
    """Why each tile is in or out, as :func:`zonage.zoning.qpv` says it."""
    inside = zones.label > 0
    reason = expected(inside, flags.own, still)
    out = flags.own & ~inside
    reason[out] = zones.refused[out]
    if told.frozen is not None:
        reason[told.frozen & ~(inside & flags.own)] = Reason.KEPT
    return reason


def _links(base: Zoning, zones: Zones, flags: Flags) -> Iterator[tuple[int, int]]:
    """Pairs of tiles that make one zone of parts which no chain of neighbours joins."""
    from zonage.kernels.components import label

    if not base.method.bridge:
        return
    part = np.empty(len(base.tiles), np.int32)
    label(zones.label > 0, flags.neighbours, base.method.connectivity, part)
    seen: dict[int, int] = {}
    _, first = np.unique(part[part > 0], return_index=True)
    for tile in np.flatnonzero(part > 0)[first].tolist():
        zone = int(zones.label[tile])
        if zone in seen:
            yield seen[zone], tile
        seen.setdefault(zone, tile)


def _runs(
    reason: NDArray[np.uint8], usual: NDArray[np.uint8]
) -> Iterator[tuple[int, int, int, int]]:
    """Tile, first and last step, and reason, wherever the reason is not the usual one."""
    differs = (reason != usual).any(axis=0)
    tiles = np.flatnonzero(differs)
    table = np.where(reason[:, tiles] != usual[:, tiles], reason[:, tiles].astype(np.int16), -1).T
    edge = np.full((len(tiles), 1), -1, np.int16)
    padded = np.concatenate([edge, table, edge], axis=1)
    row, column = np.nonzero(padded[:, 1:] != padded[:, :-1])
    # A change of reason ends one run and begins the next in the same column.
    begins = padded[row, column + 1] >= 0
    ends = padded[row, column] >= 0
    for place, first, last in zip(
        row[begins].tolist(), column[begins].tolist(), column[ends].tolist(), strict=True
    ):
        yield int(tiles[place]), first, last - 1, int(table[place, first])
