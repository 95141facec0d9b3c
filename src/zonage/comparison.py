"""Compare zonings: computed against official, and one official list against another.

Agreement is measured by inhabitants, tile by tile: the official outlines follow streets, so that
comparing surfaces would mostly compare car parks. Two rules are reported side by side: *majority*
(a tile is official when at least half of its area is) and *area* (each tile counts for the share
of its area that is official).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.variables import FIXED_POINT
from zonage.zoning import Reason, Zoning

if TYPE_CHECKING:
    from zonage.raster import Coverage
    from zonage.sources.perimeters import Perimeters

MAJORITY = 0.5
"""Share of its area from which a tile counts as official under the majority rule."""

SIGNIFICANT = 0.1
"""Share of inhabitants from which an overlap counts as a link between two quarters; below it, the
overlap is a matter of where an outline crosses a tile."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a computed zoning and an official one name the same inhabitants.

    Attributes
    ----------
    rule : str
        ``"majority"`` or ``"area"``.
    computed, official, both : float
        Inhabitants in the computed quarters, in the official ones, and in both.

    Examples
    --------
    >>> agreement = Agreement("majority", computed=100.0, official=80.0, both=60.0)
    >>> agreement.precision, agreement.recall, round(agreement.f1, 3), agreement.iou
    (0.6, 0.75, 0.667, 0.5)
    """

    rule: str
    computed: float
    official: float
    both: float

    @property
    def precision(self) -> float:
        """Share of the computed quarters' inhabitants that are in official quarters."""
        return self.both / self.computed if self.computed else float("nan")

    @property
    def recall(self) -> float:
        """Share of the official quarters' inhabitants that are in computed quarters."""
        return self.both / self.official if self.official else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall (the Dice coefficient)."""
        total = self.computed + self.official
        return 2 * self.both / total if total else float("nan")

    @property
    def iou(self) -> float:
        """Intersection over union, by inhabitants (the Jaccard index)."""
        union = self.computed + self.official - self.both
        return self.both / union if union else float("nan")

    def to_dict(self) -> dict[str, float | str]:
        """Return the counts and the scores for a report."""
        return {
            "rule": self.rule,
            "computed": self.computed,
            "official": self.official,
            "both": self.both,
            **{name: getattr(self, name) for name in ("precision", "recall", "f1", "iou")},
        }


@dataclass(frozen=True, slots=True)
class OfficialMatch:
    """What became of one official quarter in the computed zoning.

    Attributes
    ----------
    code, name, communes : str
        The quarter.
    status : str
        ``found`` (at least half its inhabitants are in one computed zone of its own), ``split``
        (at least half, over several zones), ``merged`` (at least half, in a zone shared with
        another official quarter), ``partly found`` (less than half) or ``missed`` (nothing of
        significance, i.e. less than 10 %).
    inhabitants : float
        Inhabitants of its tiles, by share of area.
    found_share : float
        Share of them that is in computed zones.
    zones : tuple of int
        Computed zones that hold at least 10 % of it.
    missed_because : mapping of str to float
        Inhabitants outside computed zones, by the reason of their tile.
    """

    code: str
    name: str
    communes: str
    status: str
    inhabitants: float
    found_share: float
    zones: tuple[int, ...]
    missed_because: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ComputedMatch:
    """How far one computed zone lies in official quarters.

    Attributes
    ----------
    zone : int
        Number of the zone.
    inhabitants : float
        Inhabitants of the zone.
    official_share : float
        Share of them in official quarters, by share of area.
    codes : tuple of str
        Official quarters that hold at least 10 % of it; empty for a zone without a counterpart.
    """

    zone: int
    inhabitants: float
    official_share: float
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A computed zoning held against official outlines.

    Attributes
    ----------
    vintage : int or None
        Year of the official list.
    majority, area : Agreement
        Agreement by inhabitants under the two rules.
    quarters : tuple of OfficialMatch
        One for each official quarter with inhabited tiles among those compared.
    zones : tuple of ComputedMatch
        One for each computed zone.
    official : bool array
        Tiles that are official under the majority rule, in the order of the tiles.
    """

    vintage: int | None
    majority: Agreement
    area: Agreement
    quarters: tuple[OfficialMatch, ...]
    zones: tuple[ComputedMatch, ...]
    official: NDArray[np.bool_]

    @property
    def without_counterpart(self) -> tuple[ComputedMatch, ...]:
        """Computed zones that no official quarter overlaps significantly."""
        return tuple(zone for zone in self.zones if not zone.codes)

    def statuses(self) -> dict[str, int]:
        """Count the official quarters by status."""
        found: dict[str, int] = {}
        for quarter in self.quarters:
            found[quarter.status] = found.get(quarter.status, 0) + 1
        return found


def agreement(
    population: NDArray[np.int64],
    inside: NDArray[np.bool_],
    share: NDArray[np.float64],
    rule: str = "majority",
) -> Agreement:
    """Measure agreement by inhabitants between tiles inside and official shares of area.

    Parameters
    ----------
    population : int64 array, shape (n,)
        Inhabitants in fixed point.
    inside : bool array, shape (n,)
        Tiles of the computed zoning.
    share : float64 array, shape (n,)
        Share of each tile's area inside official outlines.
    rule : {"majority", "area"}
        How a partly official tile counts.

    Examples
    --------
    >>> population = np.array([10_000, 20_000, 30_000])
    >>> agreement(population, np.array([True, True, False]), np.array([1.0, 0.4, 0.5])).both
    10.0
    """
    weight = (share >= MAJORITY).astype(np.float64) if rule == "majority" else share
    people = population / FIXED_POINT
    return Agreement(
        rule,
        computed=int(population[inside].sum()) / FIXED_POINT,
        official=float(people @ weight),
        both=float(people[inside] @ weight[inside]),
    )


def compare(zoning: Zoning, official: Perimeters | Coverage) -> Comparison:
    """Hold a computed zoning against official outlines.

    Parameters
    ----------
    zoning : Zoning
        The computed quarters.
    official : Perimeters or Coverage
        The outlines, or the shares of the tiles inside them.

    Returns
    -------
    Comparison
        Agreement by inhabitants, and the fate of each official and each computed quarter.

    Raises
    ------
    BadInput
        If no tile lies in any of the outlines.
    """
    from zonage.raster import Coverage, coverage

    tiles = zoning.tiles
    table = official if isinstance(official, Coverage) else coverage(official, tiles)
    overlap = _Overlap.of(zoning, table)
    share = table.share_of(tiles)
    population = tiles.count("population")
    inside = zoning.label > 0
    return Comparison(
        vintage=table.vintage,
        majority=agreement(population, inside, share, "majority"),
        area=agreement(population, inside, share, "area"),
        quarters=overlap.quarters(zoning, table),
        zones=overlap.zones(zoning, table),
        official=share >= MAJORITY,
    )


@dataclass(frozen=True, slots=True)
class _Overlap:
    """Inhabitants of each tile and outline that overlap, and their sums by quarter and zone."""

    tile: NDArray[np.int64]
    perimeter: NDArray[np.int64]
    people: NDArray[np.float64]
    joint: NDArray[np.float64]

    @classmethod
    def of(cls, zoning: Zoning, table: Coverage) -> _Overlap:
        tile, perimeter, share = table.on(zoning.tiles)
        if len(tile) == 0:
            raise BadInput(
                "no tile lies inside the official outlines",
                found=f"{len(table.codes)} outlines",
                hint="check that the outlines and the tiles cover the same territory",
            )
        people = share * zoning.tiles.values("population")[tile]
        joint = np.zeros((len(table.codes), zoning.zone_count + 1))
        np.add.at(joint, (perimeter, zoning.label[tile]), people)
        return cls(tile, perimeter, people, joint)

    def quarters(self, zoning: Zoning, table: Coverage) -> tuple[OfficialMatch, ...]:
        inhabitants = self.joint.sum(axis=1)
        return tuple(
            self._quarter(zoning, table, int(index)) for index in np.flatnonzero(inhabitants > 0)
        )

    def _quarter(self, zoning: Zoning, table: Coverage, index: int) -> OfficialMatch:
        by_zone = self.joint[index]
        inhabitants = float(by_zone.sum())
        found = float(by_zone[1:].sum()) / inhabitants
        zones = np.flatnonzero(by_zone[1:] >= SIGNIFICANT * inhabitants) + 1
        return OfficialMatch(
            code=table.codes[index],
            name=table.names[index],
            communes=table.communes[index],
            status=self._status(index, found, zones),
            inhabitants=inhabitants,
            found_share=found,
            zones=tuple(int(zone) for zone in zones),
            missed_because=self._missed(zoning, index),
        )

    def _status(self, index: int, found: float, zones: NDArray[np.intp]) -> str:
        if found < SIGNIFICANT:
            return "missed"
        if found < MAJORITY:
            return "partly found"
        if len(zones) > 1:
            return "split"
        others = np.delete(self.joint, index, axis=0)
        size = others.sum(axis=1)
        shared = others[:, zones].sum(axis=1) >= SIGNIFICANT * np.where(size > 0, size, np.inf)
        return "merged" if shared.any() else "found"

    def _missed(self, zoning: Zoning, index: int) -> dict[str, float]:
        here = (self.perimeter == index) & (zoning.label[self.tile] == 0)
        reasons = zoning.reason[self.tile[here]]
        people = np.bincount(reasons, self.people[here], minlength=len(Reason))
        return {reason.name.lower(): float(people[reason]) for reason in Reason if people[reason]}

    def zones(self, zoning: Zoning, table: Coverage) -> tuple[ComputedMatch, ...]:
        inhabitants = np.asarray(zoning.zone_population) / FIXED_POINT
        rows = []
        for zone in range(1, zoning.zone_count + 1):
            total = float(inhabitants[zone - 1])
            column = self.joint[:, zone]
            codes = np.flatnonzero(column >= SIGNIFICANT * total)
            rows.append(
                ComputedMatch(
                    zone=zone,
                    inhabitants=total,
                    official_share=min(1.0, float(column.sum()) / total),
                    codes=tuple(table.codes[code] for code in codes),
                )
            )
        return tuple(rows)


@dataclass(frozen=True, slots=True)
class PerimeterChange:
    """What became of an official quarter from one list to the next.

    Attributes
    ----------
    status : str
        ``kept`` (outline unchanged but for drawing), ``extended``, ``reduced``, ``redrawn``,
        ``merged`` (several old quarters in one new), ``split``, ``new`` or ``gone``.
    before, after : tuple of str
        Codes in the two lists.
    name, communes : str
        Of the new quarter, or of the old one where it is gone.
    area_before, area_after, area_both : float
        Square kilometres in EPSG:3035.
    """

    status: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    name: str
    communes: str
    area_before: float
    area_after: float
    area_both: float


def compare_perimeters(before: Perimeters, after: Perimeters) -> tuple[PerimeterChange, ...]:
    """Say what became of each official quarter from one list to the next.

    Quarters are linked where the overlap is at least 10 % of the smaller of the two. An outline
    counts as kept when at most 5 % of its area was added and at most 5 % taken away: the two lists
    were digitised from different maps.

    Parameters
    ----------
    before, after : Perimeters
        The two lists, in the same CRS.

    Returns
    -------
    tuple of PerimeterChange
        One for each group of linked quarters, in the order of the new list, then those gone.
    """
    if before.crs != after.crs:
        raise BadInput(
            "the two lists are in different projections", found=before.crs, expected=after.crs
        )
    overlap = _overlap_areas(before, after)
    smaller = np.minimum.outer(before.areas_km2, after.areas_km2)
    linked = overlap >= SIGNIFICANT * smaller
    groups = linked_groups(linked)
    return tuple(_change(before, after, overlap, old, new) for old, new in groups)


DRAWING_TOLERANCE = 0.05
"""Share of an outline's area that may differ between two lists without a change of the quarter."""


def _overlap_areas(before: Perimeters, after: Perimeters) -> NDArray[np.float64]:
    """Areas in square kilometres that pairs of outlines share, shape (before, after)."""
    import shapely

    old, new = before.geometry, after.geometry
    pairs = shapely.STRtree(new).query(old, predicate="intersects")
    areas = np.zeros((len(old), len(new)))
    areas[pairs[0], pairs[1]] = (
        shapely.area(shapely.intersection(old[pairs[0]], new[pairs[1]])) / 1e6
    )
    return areas


def linked_groups(linked: NDArray[np.bool_]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Connected groups of old and new quarters, in the order of the new list, then the gone."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    old_count, new_count = linked.shape
    size = old_count + new_count
    old, new = np.nonzero(linked)
    graph = csr_array((np.ones(len(old), bool), (old, new + old_count)), shape=(size, size))
    group = connected_components(graph, directed=False)[1]
    order = dict.fromkeys(np.concatenate((group[old_count:], group[:old_count])).tolist())
    return [
        (np.flatnonzero(group[:old_count] == key), np.flatnonzero(group[old_count:] == key))
        for key in order
    ]


def _change(
    before: Perimeters,
    after: Perimeters,
    overlap: NDArray[np.float64],
    old: NDArray[np.intp],
    new: NDArray[np.intp],
) -> PerimeterChange:
    area_before = float(before.areas_km2[old].sum())
    area_after = float(after.areas_km2[new].sum())
    both = float(overlap[np.ix_(old, new)].sum())
    named, rows = (after, new) if len(new) else (before, old)
    return PerimeterChange(
        status=_change_status(len(old), len(new), area_before, area_after, both),
        before=tuple(before.codes[index] for index in old),
        after=tuple(after.codes[index] for index in new),
        name=" / ".join(named.names[index] for index in rows),
        communes=" / ".join(dict.fromkeys(named.communes[index] for index in rows)),
        area_before=area_before,
        area_after=area_after,
        area_both=both,
    )


def _change_status(old: int, new: int, before: float, after: float, both: float) -> str:
    if old == 0:
        return "new"
    if new == 0:
        return "gone"
    if old > 1 and new == 1:
        return "merged"
    if new > 1 and old == 1:
        return "split"
    added = (after - both) > DRAWING_TOLERANCE * before
    taken = (before - both) > DRAWING_TOLERANCE * before
    if added and taken:
        return "redrawn"
    if added:
        return "extended"
    return "reduced" if taken else "kept"
