"""Join flagged tiles into zones, complete those too small, test them by the law."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zonage.income import LogNormal
from zonage.law import Law
from zonage.tiles import Tiles
from zonage.variables import FIXED_POINT
from zonage.zoning.flags import Flags, meets
from zonage.zoning.lines import TileLines
from zonage.zoning.method import Method, Reason


@dataclass(frozen=True, eq=False)
class Zones:
    """Zones that meet the law's tests, and why the other drawn tiles lie in none."""

    label: NDArray[np.int32]
    refused: NDArray[np.uint8]
    population: NDArray[np.int64]
    median: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        tiles: Tiles,
        income: LogNormal,
        lines: TileLines,
        flags: Flags,
        law: Law,
        method: Method,
        frozen: NDArray[np.bool_] | None = None,
    ) -> Zones:
        """Join, complete and test the zones of a territory; frozen tiles stay inside."""
        kept = np.zeros(len(tiles), np.bool_) if frozen is None else frozen
        return _Builder(tiles, income, lines, flags, law, method, kept).build()


@dataclass(eq=False)
class _Builder:
    """Join tiles into zones, complete those too small, test them, until all zones pass."""

    tiles: Tiles
    income: LogNormal
    lines: TileLines
    flags: Flags
    law: Law
    method: Method
    frozen: NDArray[np.bool_]
    inside: NDArray[np.bool_] = field(init=False)
    refused: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self.inside = self.flags.drawn | self.frozen
        self.refused = np.zeros(len(self.tiles), np.uint8)
        self.population = self.tiles.count("population")
        self.minimum = round(self.law.min_population * FIXED_POINT)

    def build(self) -> Zones:
        label, count = self._join()
        if self.method.complete_from < 1 and count:
            self._complete(label, count)
            label, count = self._join()
        while True:
            people = self._sums(label, count)
            median = self._medians(label, count)
            verdict = self._verdict(label, count, people, median)
            if not verdict.any():
                break
            self._refuse(label, verdict)
            label, count = self._join()
        order = np.argsort(-people, kind="stable")
        rank = np.zeros(count + 1, np.int32)
        rank[order + 1] = np.arange(1, count + 1, dtype=np.int32)
        return Zones(rank[label], self.refused, people[order], median[order])

    def _join(self) -> tuple[NDArray[np.int32], int]:
        from zonage.kernels.components import label as label_components

        label = np.empty(len(self.tiles), np.int32)
        count = label_components(
            self.inside, self.flags.neighbours, self.method.connectivity, label
        )
        if self.method.bridge and count > 1:
            return self._bridged(label, count)
        return label, count

    def _bridged(self, label: NDArray[np.int32], count: int) -> tuple[NDArray[np.int32], int]:
        from zonage.kernels.gaps import bridge
        from zonage.kernels.raster import scatter

        grid = self.tiles.grid()
        row, column = grid.rows_columns(self.tiles.northing, self.tiles.easting)
        nearest = np.empty(grid.shape, np.int32)
        scatter(row, column, label, 0, nearest)
        crowded = np.empty(grid.shape, np.bool_)
        limit = round(self.method.bridge_population * FIXED_POINT)
        scatter(row, column, self.population > limit, False, crowded)
        group = np.zeros(count + 1, np.int32)
        if self.method.within_units:
            group[label] = self.tiles.urban_unit.index
        parent = np.empty(count + 1, np.int32)
        bridge(
            ~crowded & (nearest == 0),
            self.method.bridge,
            self.method.connectivity,
            group,
            nearest,
            np.zeros(grid.shape, np.int32),
            np.empty(nearest.size, np.int64),
            parent,
        )
        roots, joined = np.unique(parent, return_inverse=True)
        return joined.astype(np.int32)[label], len(roots) - 1

    def _complete(self, label: NDArray[np.int32], count: int) -> None:
        from zonage.kernels.completion import complete
        from zonage.kernels.components import members

        size = len(self.tiles)
        start = np.empty(count + 1, np.int64)
        order = np.empty(int(np.count_nonzero(label)), np.int64)
        members(label, start, order)
        eligible = (self.lines.status == Reason.INSIDE) & (self.population > 0)
        share = self.income.share_below(self.lines.line)
        complete(
            start,
            order,
            np.where(eligible, self.income.median, np.nan),
            np.where(eligible, self.population * (share - 0.5), 0.0),
            self.population,
            self.flags.neighbours,
            self.method.connectivity,
            self.minimum,
            round(self.minimum * self.method.complete_from),
            self.inside,
            np.zeros(size, np.bool_),
            np.zeros(size, np.int32),
            np.empty(size, np.int64),
        )

    def _sums(self, label: NDArray[np.int32], count: int) -> NDArray[np.int64]:
        from zonage.kernels.sums import sum_by_label

        out = np.empty(count + 1, np.int64)
        sum_by_label(label, self.population, out)
        return out[1:]

    def _medians(self, label: NDArray[np.int32], count: int) -> NDArray[np.float64]:
        from zonage.income import zone_medians

        return zone_medians(label, count, self.population, self.income)

    def _verdict(
        self,
        label: NDArray[np.int32],
        count: int,
        people: NDArray[np.int64],
        median: NDArray[np.float64],
    ) -> NDArray[np.uint8]:
        """Why each zone fails, 0 where it passes; shape (count + 1,)."""
        verdict = np.zeros(count + 1, np.uint8)
        if self.method.zone_median:
            # All tiles of a zone have the same line within a unit; across units the lowest counts.
            joined = np.flatnonzero(label)
            own = self.lines.line[joined]
            line = np.full(count + 1, np.inf)
            np.minimum.at(line, label[joined], np.where(own > 0, own, np.inf))
            verdict[1:][~meets(median, line[1:], self.law)] = Reason.ZONE_MEDIAN_NOT_BELOW
        density = self.law.get("min_density", 0)
        if density:
            area = np.bincount(label, minlength=count + 1)[1:] * self.tiles.grid().cell_area_km2
            verdict[1:][people / FIXED_POINT < float(density) * area] = Reason.ZONE_TOO_SPARSE
        verdict[1:][people < self.minimum] = Reason.ZONE_TOO_SMALL
        others = np.bincount(label[~self.frozen], minlength=count + 1)
        verdict[others == 0] = 0
        verdict[0] = 0
        return verdict

    def _refuse(self, label: NDArray[np.int32], verdict: NDArray[np.uint8]) -> None:
        """Dissolve zones that fail; one whose median fails first gives up its border."""
        failed = verdict[label]
        by_median = failed == Reason.ZONE_MEDIAN_NOT_BELOW
        border = by_median & ~self.flags.own & ~self.frozen
        retreats = np.zeros(len(verdict), np.bool_)
        retreats[label[border]] = True
        leaving = np.where(retreats[label], border, (failed > 0) & ~self.frozen)
        np.copyto(self.refused, failed, where=leaving)
        self.inside &= ~leaving
