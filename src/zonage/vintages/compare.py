"""The comparison of two vintages: tiles, quarters, drift, and where the change comes from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.income import zone_medians
from zonage.raster import Coverage
from zonage.scenarios.change import MEASURES, Change, change
from zonage.tiles import Tiles
from zonage.variables import FIXED_POINT
from zonage.vintages.decomposition import Decomposition, decompose
from zonage.vintages.union import Union, union_of_vintages
from zonage.zoning import Zoning

if TYPE_CHECKING:
    import geopandas


@dataclass(frozen=True, slots=True)
class Drift:
    """How a quarter stands to its line in both vintages.

    Attributes
    ----------
    quarter : str
        Number of the group of computed quarters, or code of an official one.
    name : str
        Communes of a computed quarter, name of an official one.
    status : str
        What happens to it (:data:`zonage.scenarios.change.STATUSES`), or ``"official"``.
    population_before, population_after : float
        Inhabitants of all its tiles, whether inside or not.
    median_before, median_after : float
        Estimated median income of these inhabitants, EUR a year of disposable income.
    line_before, line_after : float
        EUR a year of disposable income.
    """

    quarter: str
    name: str
    status: str
    population_before: float
    population_after: float
    median_before: float
    median_after: float
    line_before: float
    line_after: float

    @property
    def gap_before(self) -> float:
        """Median less line as a share of the line; below 0 where the income test is met."""
        return self.median_before / self.line_before - 1

    @property
    def gap_after(self) -> float:
        """The same in the later vintage."""
        return self.median_after / self.line_after - 1

    @property
    def direction(self) -> str:
        """Whether it drifts towards the line, away from it, or crosses it."""
        if not np.isfinite([self.gap_before, self.gap_after]).all():
            return "unknown"
        if (self.gap_before < 0) != (self.gap_after < 0):
            return "crosses"
        return "towards" if abs(self.gap_after) < abs(self.gap_before) else "away"


@dataclass(frozen=True, eq=False)
class VintageChange:
    """What changed from one vintage of tiles to another.

    Attributes
    ----------
    union : Union
        The tiles of both vintages on one table.
    change : Change
        The quarters of both, on that table.
    decomposition : Decomposition
        Where the change of inhabitants in quarters comes from.
    drifts, official : tuples of Drift
        How the computed quarters of either side, and the official ones, stand to the line.
    """

    union: Union
    change: Change
    decomposition: Decomposition
    drifts: tuple[Drift, ...]
    official: tuple[Drift, ...]

    @cached_property
    def tiles(self) -> dict[str, dict[str, float]]:
        """Tiles that appear, vanish, change or stay, with their inhabitants on both sides."""
        return tile_changes(self.union)

    @cached_property
    def totals(self) -> dict[str, dict[str, float]]:
        """Quarters, tiles and inhabitants before and after, each on its own vintage's people."""
        sides = {}
        for name, zoning in (("before", self.change.before), ("after", self.change.after)):
            people = zoning.tiles.count("population")
            inside = int(people[zoning.inside].sum())
            sides[name] = {
                "quarters": zoning.zone_count,
                "tiles": int(zoning.inside.sum()),
                "population": inside / FIXED_POINT,
                "population_of_all_tiles": int(people.sum()) / FIXED_POINT,
                "share": inside / max(int(people.sum()), 1),
            }
        return sides

    @cached_property
    def quarters(self) -> dict[str, list[Any]]:
        """The quarters as columns, one row a group of quarters that share tiles.

        ``*_before`` and ``*_leaving`` count the people of the earlier vintage, ``*_after`` and
        ``*_entering`` those of the later one, so that each column adds up to `totals`.
        """
        return quarter_table(self.change)

    @cached_property
    def outlines(self) -> geopandas.GeoDataFrame:
        """What enters, leaves and stays, one row for each part of each group, with its outline."""
        return _outlines_with_both(self.change)

    def table(self) -> dict[str, list[Any]]:
        """The drifts as columns, computed quarters first."""
        kinds = ["computed"] * len(self.drifts) + ["official"] * len(self.official)
        names = (*Drift.__dataclass_fields__, "gap_before", "gap_after", "direction")
        drifts = (*self.drifts, *self.official)
        return {"kind": kinds} | {
            name: [getattr(drift, name) for drift in drifts] for name in names
        }


def compare_vintages(
    before: Zoning, after: Zoning, *, official: Coverage | None = None
) -> VintageChange:
    """Hold two vintages of tiles against each other, each under its own law and medians.

    Parameters
    ----------
    before, after : Zoning
        The zonings of two vintages of the same territory. For the same law on both, give both the
        same law; for the same line, the same reference too.
    official : Coverage, optional
        Official outlines, to follow each official quarter from one vintage to the other.

    Returns
    -------
    VintageChange
        On the columns that both vintages hold: where one lacks the poor households, both are
        estimated without them, so that no change is one of the estimator. `union.dropped` says
        which columns were left out.

    Raises
    ------
    BadInput
        If the vintages lie on different lattices, share no tile, or are held against different
        kinds of income, or a zoning was told of single tiles (listed or frozen quarters).

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> zoning = zn.qpv(town.tiles, law, town.reference)
    >>> found = compare_vintages(zoning, zoning)
    >>> found.totals["before"] == found.totals["after"]
    True
    """
    _check(before, after)
    union = union_of_vintages(before.tiles, after.tiles)
    decomposition = decompose(union, before, after)
    found = change(decomposition.before, decomposition.after)
    return VintageChange(
        union, found, decomposition, _computed_drifts(found), _official_drifts(found, official)
    )


def tile_changes(union: Union) -> dict[str, dict[str, float]]:
    """Count tiles that appear, vanish, change or stay as they are, with their inhabitants.

    Parameters
    ----------
    union : Union
        From :func:`zonage.vintages.union.union_of_vintages`.

    Returns
    -------
    dict
        By kind: number of tiles, inhabitants before and after (exact sums).
    """
    was, now = union.before.count("population"), union.after.count("population")
    same = np.ones(len(union), np.bool_)
    for name in union.before.counts:
        same &= union.before.count(name) == union.after.count(name)
    kinds = {
        "appearing": (was == 0) & (now > 0),
        "vanishing": (was > 0) & (now == 0),
        "changing": (was > 0) & (now > 0) & ~same,
        "unchanged": (was > 0) & (now > 0) & same,
    }
    return {
        kind: {
            "tiles": int(mask.sum()),
            "population_before": int(was[mask].sum()) / FIXED_POINT,
            "population_after": int(now[mask].sum()) / FIXED_POINT,
        }
        for kind, mask in kinds.items()
    }


def quarter_table(found: Change) -> dict[str, list[Any]]:
    """Say what happens to each group of quarters, each side on the people of its own vintage.

    Parameters
    ----------
    found : Change
        Between zonings of two vintages on one table.

    Returns
    -------
    dict of str to list
        One row a group; for each count that both vintages hold ``*_before``, ``*_after``,
        ``*_entering`` and ``*_leaving``. What stays is ``*_before`` less ``*_leaving`` in the
        earlier vintage, ``*_after`` less ``*_entering`` in the later one.
    """
    quarters, group = found.quarters, _group_of_tiles(found)
    old, new = found.before.tiles, found.after.tiles
    table: dict[str, list[Any]] = {
        "status": [quarter.status for quarter in quarters],
        "before": [" ".join(map(str, quarter.before)) for quarter in quarters],
        "after": [" ".join(map(str, quarter.after)) for quarter in quarters],
        "communes": [" ".join(quarter.communes) for quarter in quarters],
        "tiles_entering": [quarter.tiles_entering for quarter in quarters],
        "tiles_leaving": [quarter.tiles_leaving for quarter in quarters],
    }
    for measure in MEASURES:
        if measure not in old.counts:
            continue
        for side, tiles, mask in (
            ("before", old, found.before.inside),
            ("after", new, found.after.inside),
            ("entering", new, found.step > 0),
            ("leaving", old, found.step < 0),
        ):
            sums = _sums(np.where(mask, group, 0), tiles.count(measure), len(quarters))
            table[f"{measure}_{side}"] = (sums[1:] / FIXED_POINT).tolist()
    return table


def _outlines_with_both(found: Change) -> geopandas.GeoDataFrame:
    """The outlines of a change, with the inhabitants of both vintages instead of the first's."""
    group, count = _group_of_tiles(found), len(found.quarters)
    parts = {
        "enters": found.step > 0,
        "leaves": found.step < 0,
        "stays": found.before.inside & found.after.inside,
    }
    frame = found.outlines
    rows = list(zip(frame["part"], frame["group"], strict=True))
    columns = {}
    for side, tiles in (("before", found.before.tiles), ("after", found.after.tiles)):
        people = tiles.count("population")
        sums = {
            part: _sums(np.where(mask, group, 0), people, count) for part, mask in parts.items()
        }
        columns[f"population_{side}"] = [int(sums[part][row]) / FIXED_POINT for part, row in rows]
    order = ["group", "status", "part", *columns, "geometry"]
    return frame.drop(columns="population").assign(**columns)[order]


def _group_of_tiles(found: Change) -> NDArray[np.int32]:
    """Number from 1 of the group of quarters that each tile lies in on either side, else 0."""
    label = np.zeros(len(found.before.tiles), np.int32)
    for number, quarter in enumerate(found.quarters, start=1):
        label[np.isin(found.before.label, quarter.before)] = number
        label[np.isin(found.after.label, quarter.after)] = number
    return label


def _sums(label: NDArray[np.int32], count: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Exact sum of a count over the tiles of each label, shape (size + 1,), the first of none."""
    sums = np.zeros(size + 1, np.int64)
    np.add.at(sums, label, count)
    return sums


def _check(before: Zoning, after: Zoning) -> None:
    if before.reference.concept != after.reference.concept:
        raise BadInput(
            "the two vintages are held against different kinds of income",
            found=f"{before.reference.concept} and {after.reference.concept}",
            expected="the same reference.concept",
        )
    for zoning in (before, after):
        if zoning.told.listed is not None or zoning.told.frozen is not None:
            raise BadInput("listed or frozen quarters cannot be carried to another vintage")


def _computed_drifts(found: Change) -> tuple[Drift, ...]:
    """One for each group of quarters that share tiles, over all tiles of either side."""
    names = [
        (str(number), " ".join(quarter.communes), quarter.status)
        for number, quarter in enumerate(found.quarters, start=1)
    ]
    return _drifts(found, _group_of_tiles(found), names)


def _official_drifts(found: Change, official: Coverage | None) -> tuple[Drift, ...]:
    if official is None:
        return ()
    tile, perimeter, share = official.on(found.before.tiles)
    label = np.zeros(len(found.before.tiles), np.int32)
    mostly = share > 0.5
    label[tile[mostly]] = perimeter[mostly] + 1
    names = zip(official.codes, official.names, strict=True)
    return _drifts(found, label, [(code, name, "official") for code, name in names])


def _drifts(
    found: Change, label: NDArray[np.int32], names: list[tuple[str, str, str]]
) -> tuple[Drift, ...]:
    sides = [_standing(zoning, label, len(names)) for zoning in (found.before, found.after)]
    return tuple(
        Drift(
            *name,
            float(sides[0][0][place]), float(sides[1][0][place]),
            float(sides[0][1][place]), float(sides[1][1][place]),
            float(sides[0][2][place]), float(sides[1][2][place]),
        )
        for place, name in enumerate(names)
        if (label == place + 1).any()
    )  # fmt: skip


def _standing(
    zoning: Zoning, label: NDArray[np.int32], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Inhabitants, median and line of each labelled set of tiles."""
    tiles: Tiles = zoning.tiles
    people = tiles.count("population")
    sums = _sums(label, people, count)
    first = np.full(count + 1, -1)
    first[label[::-1]] = np.arange(len(label))[::-1]
    line = np.where(first >= 0, zoning.line[first], np.nan)
    median = zone_medians(label, count, people, zoning.income)
    return sums[1:] / FIXED_POINT, median, line[1:]
