"""What changed from one batch to the next: totals of each work, and its quarters one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from zonage.batch.listing import Entry, Listing
from zonage.batch.plan import Identity
from zonage.comparison import linked_groups
from zonage.scenarios.change import status_of
from zonage.variables import FIXED_POINT

Kind = Literal["first", "unchanged", "changed", "failed", "gone"]
"""What may happen to a work: no result before, the same one, another one, none now, not asked."""

Get = Callable[[str], Any]

COLUMNS = (
    "territory", "vintage", "law", "scenario", "against", "status", "quarters_before",
    "quarters_after", "communes", "names", "population_before", "population_after",
    "population_entering", "population_leaving", "tiles_entering", "tiles_leaving",
)  # fmt: skip
"""Columns of the table of changed quarters."""


@dataclass(frozen=True)
class QuarterMove:
    """A quarter, or quarters that share tiles, in the last result and in this one.

    Attributes
    ----------
    status : str
        One of :data:`zonage.scenarios.change.STATUSES`.
    before, after : tuple of int
        Numbers of the quarters.
    communes, names : str
        Codes, joined by spaces, and names of the communes of what is there now, or was.
    population_before, population_after : float
        Inhabitants as counted then and now.
    population_entering, population_leaving : float
        Inhabitants of the tiles that enter (as counted now) and leave (as counted then).
    tiles_entering, tiles_leaving : int
        Numbers of tiles.
    """

    status: str
    before: tuple[int, ...]
    after: tuple[int, ...]
    communes: str
    names: str
    population_before: float
    population_after: float
    population_entering: float
    population_leaving: float
    tiles_entering: int
    tiles_leaving: int

    @property
    def moves(self) -> bool:
        """Whether outline or inhabitants differ."""
        return self.status != "unchanged" or self.population_before != self.population_after


@dataclass(frozen=True)
class WorkChange:
    """What became of one work since the last batch.

    Attributes
    ----------
    entry : Entry
        The work; the last one of a work that is gone.
    kind : str
        What happened to it.
    against : str
        The vintage of the last batch that it is held against: its own, or the last one of the same
        territory where its own is new; empty without one.
    before : mapping of str to float
        Totals of the last result.
    quarters : tuple of QuarterMove or None
        The quarters that moved; None where the last result is not kept any more.
    """

    entry: Entry
    kind: Kind
    against: str = ""
    before: Mapping[str, int | float] | None = None
    quarters: tuple[QuarterMove, ...] | None = ()

    @property
    def identity(self) -> Identity:
        """Names of the territory, vintage, law and scenario."""
        return self.entry.identity

    def moved(self, *statuses: str) -> tuple[QuarterMove, ...]:
        """The quarters of some statuses."""
        return tuple(move for move in self.quarters or () if move.status in statuses)

    def total(self, side: Literal["entering", "leaving"]) -> float | None:
        """Inhabitants of all tiles that enter or leave; None where that is not known."""
        if self.quarters is None:
            return None
        return float(sum(getattr(move, f"population_{side}") for move in self.quarters))


def batch_changes(last: Listing, now: Listing, get: Get) -> tuple[WorkChange, ...]:
    """Say what became of each work since the last batch.

    Parameters
    ----------
    last, now : Listing
        The works of both batches.
    get : callable
        Returns the result under a key, None where it is not kept.

    Returns
    -------
    tuple of WorkChange
        In the order of `now`, then those that are gone.
    """
    vintages: dict[tuple[str, str, str], Entry] = {}
    for entry in last.works:
        if entry.key is not None:
            vintages[entry.territory, entry.law, entry.scenario] = entry
    changes = [_change(entry, last, vintages, get) for entry in now.works]
    gone = [entry for entry in last.works if entry.identity not in now.by_identity]
    return (*changes, *(WorkChange(entry, "gone", entry.vintage) for entry in gone))


def _change(
    entry: Entry, last: Listing, vintages: Mapping[tuple[str, str, str], Entry], get: Get
) -> WorkChange:
    if entry.status == "failed":
        return WorkChange(entry, "failed")
    before = last.by_identity.get(entry.identity)
    if before is None or before.key is None:
        before = vintages.get((entry.territory, entry.law, entry.scenario))
    if before is None or before.key is None or entry.key is None:
        return WorkChange(entry, "first")
    if before.key == entry.key:
        return WorkChange(entry, "unchanged", before.vintage, before.totals)
    old, new = get(before.key), get(entry.key)
    if old is None or new is None:
        kind: Kind = "unchanged" if before.totals == entry.totals else "changed"
        return WorkChange(entry, kind, before.vintage, before.totals, None)
    moves = tuple(move for move in quarter_moves(old, new) if move.moves)
    same = not moves and before.totals == entry.totals
    return WorkChange(
        entry, "unchanged" if same else "changed", before.vintage, before.totals, moves
    )


def quarter_moves(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[QuarterMove]:
    """Hold the quarters of two results against each other: the same are those that share tiles.

    Those that move come first, the largest first.

    Parameters
    ----------
    before, after : mapping
        Results, as :func:`zonage.batch.work.do_works` makes them.
    """
    same_grid = all(before[name] == after[name] for name in ("crs", "resolution"))
    old, new = _tiles(before), _tiles(after)
    at = {place: quarter for quarter, tiles in new.items() for place in tiles}
    shared = np.zeros((len(old) + 1, len(new) + 1), np.bool_)
    for quarter, tiles in old.items() if same_grid else ():
        for place in tiles.keys() & at.keys():
            shared[quarter, at[place]] = True
    moves = [
        _move(before, after, old, new, (was + 1).tolist(), (now + 1).tolist())
        for was, now in linked_groups(shared[1:, 1:])
    ]
    return sorted(moves, key=_order)


def _order(move: QuarterMove) -> tuple[bool, float, tuple[int, ...], tuple[int, ...]]:
    people = move.population_entering + move.population_leaving
    return move.status == "unchanged", -people, move.before, move.after


_Tiles = dict[int, dict[tuple[int, int], int]]


def _tiles(result: Mapping[str, Any]) -> _Tiles:
    """Inhabitants in thousandths of the tiles of each quarter, by their place."""
    tiles: _Tiles = {row["zone"]: {} for row in result["quarters"]}
    columns = (result["tiles"][name] for name in ("quarter", "northing", "easting", "population"))
    for quarter, north, east, people in zip(*columns, strict=True):
        tiles[quarter][north, east] = people
    return tiles


def _move(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    old: _Tiles,
    new: _Tiles,
    was: list[int],
    now: list[int],
) -> QuarterMove:
    left = {place: people for quarter in was for place, people in old[quarter].items()}
    came = {place: people for quarter in now for place, people in new[quarter].items()}
    leaving = [people for place, people in left.items() if place not in came]
    entering = [people for place, people in came.items() if place not in left]
    result, rows = (after, now) if now else (before, was)
    named = [row for row in result["quarters"] if row["zone"] in rows]
    return QuarterMove(
        status=status_of(len(was), len(now), bool(entering), bool(leaving)),
        before=tuple(was),
        after=tuple(now),
        communes=_joined(" ", [row["communes"].split() for row in named]),
        names=_joined(", ", [row["names"].split(", ") for row in named]),
        population_before=sum(left.values()) / FIXED_POINT,
        population_after=sum(came.values()) / FIXED_POINT,
        population_entering=sum(entering) / FIXED_POINT,
        population_leaving=sum(leaving) / FIXED_POINT,
        tiles_entering=len(entering),
        tiles_leaving=len(leaving),
    )


def _joined(separator: str, lists: list[list[str]]) -> str:
    return separator.join(dict.fromkeys(word for words in lists for word in words if word))


def change_rows(changes: tuple[WorkChange, ...]) -> Iterator[list[Any]]:
    """Rows of the table of changed quarters, one a quarter that moved: see :data:`COLUMNS`."""
    for change in changes:
        for move in change.quarters or ():
            yield [
                *change.identity,
                change.against,
                move.status,
                " ".join(map(str, move.before)),
                " ".join(map(str, move.after)),
                move.communes,
                move.names,
                move.population_before,
                move.population_after,
                move.population_entering,
                move.population_leaving,
                move.tiles_entering,
                move.tiles_leaving,
            ]
