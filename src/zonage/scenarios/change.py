"""What changes between two zonings of the same tiles, quarter by quarter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.comparison import linked_groups
from zonage.errors import BadInput
from zonage.variables import FIXED_POINT
from zonage.zoning import Zoning

if TYPE_CHECKING:
    import geopandas

STATUSES = (
    "enters", "leaves", "grows", "shrinks", "shifts", "merges", "splits", "regroups", "unchanged",
)  # fmt: skip
"""What may happen to a quarter: it is new or gone, gains tiles, loses some, does both, several
become one, one becomes several, several become several, or nothing."""

MEASURES = ("population", "households", "poor_households", "social_dwellings")
"""What is counted on both sides, where the tiles hold it."""


@dataclass(frozen=True, slots=True)
class QuarterChange:
    """One quarter, or a group of quarters that share tiles, before and after.

    Attributes
    ----------
    status : str
        One of :data:`STATUSES`.
    before, after : tuple of int
        Numbers of the zones in the two zonings.
    communes : tuple of str
        Codes of the communes touched, sorted.
    entering, leaving, staying : mapping of str to float
        Inhabitants, households, poor households and social dwellings of the tiles that enter,
        leave and stay.
    tiles_entering, tiles_leaving : int
        Numbers of tiles.
    """

    status: str
    before: tuple[int, ...]
    after: tuple[int, ...]
    communes: tuple[str, ...]
    entering: Mapping[str, float]
    leaving: Mapping[str, float]
    staying: Mapping[str, float]
    tiles_entering: int
    tiles_leaving: int

    def total(self, side: str, measure: str = "population") -> float:
        """Count one measure on one side, ``"before"`` or ``"after"``."""
        moving = self.leaving if side == "before" else self.entering
        return self.staying[measure] + moving[measure]


@dataclass(frozen=True, eq=False)
class Change:
    """The difference between two zonings of the same tiles.

    Attributes
    ----------
    before, after : Zoning
        The two zonings.
    quarters : tuple of QuarterChange
        One for each group of quarters that share tiles: those that change first, the largest
        change first.
    """

    before: Zoning
    after: Zoning
    quarters: tuple[QuarterChange, ...]

    @property
    def step(self) -> NDArray[np.int8]:
        """1 for a tile that enters, -1 for one that leaves, 0 for the others, shape (n,)."""
        return self.after.inside.astype(np.int8) - self.before.inside.astype(np.int8)

    def statuses(self) -> dict[str, int]:
        """Count the groups of quarters by status, in the order of :data:`STATUSES`."""
        found = [quarter.status for quarter in self.quarters]
        return {status: found.count(status) for status in STATUSES if status in found}

    @cached_property
    def totals(self) -> dict[str, dict[str, float]]:
        """Quarters and counted measures before, after, entering and leaving."""
        tiles = self.before.tiles
        sides = {
            "before": self.before.inside,
            "after": self.after.inside,
            "entering": self.step > 0,
            "leaving": self.step < 0,
        }
        totals = {side: _counted(self.before, mask) for side, mask in sides.items()}
        totals["before"]["quarters"] = self.before.zone_count
        totals["after"]["quarters"] = self.after.zone_count
        for side, mask in sides.items():
            totals[side]["communes"] = len(
                set(np.unique(tiles.commune.index[mask]).tolist()) - {-1}
            )
        return totals

    @cached_property
    def table(self) -> dict[str, list[Any]]:
        """The quarters as columns, one row a group."""
        rows: list[dict[str, Any]] = []
        for quarter in self.quarters:
            row: dict[str, Any] = {
                "status": quarter.status,
                "before": " ".join(map(str, quarter.before)),
                "after": " ".join(map(str, quarter.after)),
                "communes": " ".join(quarter.communes),
                "tiles_entering": quarter.tiles_entering,
                "tiles_leaving": quarter.tiles_leaving,
            }
            for measure in quarter.staying:
                row[f"{measure}_before"] = quarter.total("before", measure)
                row[f"{measure}_after"] = quarter.total("after", measure)
                row[f"{measure}_entering"] = quarter.entering[measure]
                row[f"{measure}_leaving"] = quarter.leaving[measure]
            rows.append(row)
        names = rows[0] if rows else {}
        return {name: [row[name] for row in rows] for name in names}

    @cached_property
    def outlines(self) -> geopandas.GeoDataFrame:
        """What enters, leaves and stays, one row for each part of each group, with its outline."""
        import geopandas

        from zonage.zoning.table import union_of_tiles

        tiles = self.before.tiles
        rows: list[dict[str, Any]] = []
        for number, quarter in enumerate(self.quarters, start=1):
            here = np.isin(self.before.label, quarter.before) | np.isin(
                self.after.label, quarter.after
            )
            for part, mask in (
                ("enters", here & (self.step > 0)),
                ("leaves", here & (self.step < 0)),
                ("stays", here & self.before.inside & self.after.inside),
            ):
                if mask.any():
                    rows.append(
                        {
                            "group": number,
                            "status": quarter.status,
                            "part": part,
                            "population": int(tiles.count("population")[mask].sum()) / FIXED_POINT,
                            "geometry": union_of_tiles(tiles, mask),
                        }
                    )
        columns = ["group", "status", "part", "population", "geometry"]
        return geopandas.GeoDataFrame(
            rows, columns=columns, geometry="geometry", crs=f"EPSG:{tiles.crs}"
        )


def change(before: Zoning, after: Zoning) -> Change:
    """Say what changes from one zoning to another of the same tiles, quarter by quarter.

    Quarters are the same where they share tiles: no threshold of overlap is needed.

    Parameters
    ----------
    before, after : Zoning
        Two zonings of the same tiles, such as one under the law and one under a reform.

    Raises
    ------
    BadInput
        If the tiles are not the same.

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> base = zn.qpv(town.tiles, law, town.reference)
    >>> change(base, base).statuses() == {"unchanged": base.zone_count}
    True
    """
    one, other = before.tiles, after.tiles
    same = one is other or (
        len(one) == len(other)
        and np.array_equal(one.northing, other.northing)
        and np.array_equal(one.easting, other.easting)
    )
    if not same:
        raise BadInput(
            "the two zonings are not of the same tiles",
            found=f"{len(one)} and {len(other)} tiles",
            hint="compare vintages of tiles with the comparison of vintages instead",
        )
    shared = np.zeros((before.zone_count + 1, after.zone_count + 1), np.bool_)
    shared[before.label, after.label] = True
    quarters = [
        _quarter(before, after, old + 1, new + 1) for old, new in linked_groups(shared[1:, 1:])
    ]
    quarters.sort(key=_order)
    return Change(before, after, tuple(quarters))


def _order(quarter: QuarterChange) -> tuple[bool, float, tuple[int, ...], tuple[int, ...]]:
    moving = quarter.entering["population"] + quarter.leaving["population"]
    return quarter.status == "unchanged", -moving, quarter.before, quarter.after


def _quarter(
    before: Zoning, after: Zoning, old: NDArray[np.intp], new: NDArray[np.intp]
) -> QuarterChange:
    was, now = np.isin(before.label, old), np.isin(after.label, new)
    tiles = before.tiles
    communes = np.unique(tiles.commune.index[was | now])
    return QuarterChange(
        status=status_of(len(old), len(new), bool((now & ~was).any()), bool((was & ~now).any())),
        before=tuple(old.tolist()),
        after=tuple(new.tolist()),
        communes=tuple(tiles.commune.labels[code] for code in communes if code >= 0),
        entering=_counted(before, now & ~was),
        leaving=_counted(before, was & ~now),
        staying=_counted(before, was & now),
        tiles_entering=int(np.count_nonzero(now & ~was)),
        tiles_leaving=int(np.count_nonzero(was & ~now)),
    )


def status_of(old: int, new: int, gains: bool, loses: bool) -> str:
    """Say what happens to a group: zones before and after, and whether it gains or loses tiles."""
    if old == 0:
        return "enters"
    if new == 0:
        return "leaves"
    if old > 1 and new > 1:
        return "regroups"
    if old > 1:
        return "merges"
    if new > 1:
        return "splits"
    if gains and loses:
        return "shifts"
    if gains:
        return "grows"
    return "shrinks" if loses else "unchanged"


def _counted(zoning: Zoning, mask: NDArray[np.bool_]) -> dict[str, float]:
    """Sum the counted measures over the marked tiles."""
    tiles = zoning.tiles
    return {
        name: int(tiles.count(name)[mask].sum()) / FIXED_POINT
        for name in MEASURES
        if name in tiles.counts
    }
