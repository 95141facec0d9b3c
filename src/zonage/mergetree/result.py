"""A merge tree: what it answers at any line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zonage.errors import BadInput
from zonage.mergetree import inverse
from zonage.mergetree.inverse import LineForShare, MinimumForCount
from zonage.mergetree.quarters import Changes, Quarters, changes_between, holders, quarters_of
from zonage.tiles import Tiles
from zonage.variables import FIXED_POINT

if TYPE_CHECKING:
    from zonage.zoning import Zoning


@dataclass(frozen=True, eq=False)
class MergeTree:
    """The zones of every line. Made by :func:`~zonage.mergetree.merge_tree` or :meth:`of`.

    A *line* is one number for all urban units, or an array with one for each of :attr:`units`
    (NaN = no quarter there). Trees that let zones cross urban units take one number only.

    Attributes
    ----------
    tiles : Tiles
        The tiles.
    criterion : float64 array, shape (n,)
        What is held against the line, EUR a year; NaN = never inside.
    min_population : float
        Inhabitants that a quarter has at least.
    connectivity : {4, 8}
        Tiles join by edges, or by edges and corners.
    within_units : bool
        Whether zones stay within their urban unit.
    inclusive : bool
        Whether a tile at the line is below it.
    entry : float64 array, shape (n,)
        The lowest line at which each tile lies in a zone of enough people: it is inside at every
        line above (from that line on if `inclusive`); infinite if it never is.
    """

    tiles: Tiles
    criterion: NDArray[np.float64]
    min_population: float
    connectivity: int
    within_units: bool
    inclusive: bool
    entry: NDArray[np.float64]
    _entered: NDArray[np.int64]
    _entered_count: NDArray[np.int64]

    @classmethod
    def of(cls, zoning: Zoning) -> MergeTree:
        """Make the tree of a zoning: its criterion with the border rule, its law's minimum.

        Lines are EUR a year of disposable income, as :attr:`Zoning.line`. Tiles without a line,
        in units that do not qualify or without inhabitants never enter. Options of the method
        under which zones do not only grow (completion, bridging, holes, the median of the zone)
        are left out.
        """
        from zonage.mergetree.build import tree_of_rule
        from zonage.zoning import Reason

        never = (Reason.NO_LINE, Reason.UNIT_TOO_SMALL, Reason.UNINHABITED)
        criterion = np.where(np.isin(zoning.reason, never), np.nan, zoning.criterion)
        inclusive = zoning.law.comparison == "inclusive"
        return tree_of_rule(
            zoning.tiles, criterion, zoning.method, zoning.law.min_population, inclusive
        )

    @property
    def units(self) -> tuple[str, ...]:
        """Codes of the urban units that have a tree each, "" = unknown; one "" if zones cross."""
        if not self.within_units:
            return ("",)
        index = self.tiles.urban_unit.index[self._start[:-1]]
        labels = self.tiles.urban_unit.labels
        return tuple(labels[i] if i >= 0 else "" for i in index.tolist())

    def inside(self, line: ArrayLike) -> NDArray[np.bool_]:
        """Tell which tiles are in quarters at a line, shape (n,)."""
        lines = self._lines(line)
        if len(lines) == 1:
            return self.entry < lines[0]
        return self.entry < np.repeat(lines, np.diff(self._start))

    def quarter_at(self, line: ArrayLike) -> NDArray[np.int32]:
        """Return the quarter of each tile at a line, as its position in :attr:`quarters`; -1."""
        if len(self.quarters) == 0:
            return np.full(len(self.tiles), -1, np.int32)
        holder = holders(self, line)
        quarter = np.where(self._home >= 0, holder[self._home], np.int32(-1))
        return np.where(self.inside(line), quarter, np.int32(-1))

    def labels(self, line: ArrayLike) -> NDArray[np.int32]:
        """Number the quarters at a line in the order of their first tile; 0 outside; shape (n,).

        The numbers are those of a labelling of the tiles inside
        (:func:`zonage.kernels.components.label`).
        """
        from zonage.kernels.quarters import label_quarters

        labels = np.empty(len(self.tiles), np.int32)
        seen = np.zeros(len(self.quarters), np.int32)
        label_quarters(self.quarter_at(line), labels, seen)
        return labels

    def zones(self, line: ArrayLike) -> int:
        """Count the quarters at a line."""
        return int(self._totals_at(self._lines(line)[np.newaxis])[0, 0])

    def population(self, line: ArrayLike) -> float:
        """Count the inhabitants in quarters at a line."""
        place = 2 + self._names.index("population")
        return int(self._totals_at(self._lines(line)[np.newaxis])[0, place]) / FIXED_POINT

    def response(self, lines: ArrayLike) -> dict[str, NDArray[Any]]:
        """Say what is inside at each of many lines.

        Parameters
        ----------
        lines : float array, shape (m,) or (m, units)
            One line for all units in each scenario, or a line for each; in any order.

        Returns
        -------
        dict of arrays, shape (m,)
            `zones` and `tiles` (int64), and each counted variable of the tiles in its own unit.

        Raises
        ------
        BadInput
            If the shape does not fit.

        Examples
        --------
        >>> from zonage.mergetree import merge_tree
        >>> tiles = Tiles.from_columns(
        ...     np.array([1, 1]), np.array([1, 5]), {"population": np.array([1000.0, 2000.0])}
        ... )
        >>> tree = merge_tree(tiles, np.array([9e3, 1e4]), min_population=1000)
        >>> response = tree.response([9_500, 10_500])
        >>> response["zones"].tolist(), response["population"].tolist()
        ([1, 2], [1000.0, 3000.0])
        """
        totals = self._totals_at(self._scenarios(lines))
        table: dict[str, NDArray[Any]] = {"zones": totals[:, 0], "tiles": totals[:, 1]}
        for place, name in enumerate(self._names):
            table[name] = totals[:, 2 + place] / FIXED_POINT
        return table

    def changes(self, before: ArrayLike, after: ArrayLike) -> Changes:
        """Say what moves when the line moves: tiles, and quarter by quarter."""
        return changes_between(self, before, after)

    @cached_property
    def quarters(self) -> Quarters:
        """Every quarter that exists at some line, unit by unit and by birth."""
        return quarters_of(self)

    def for_minimum(self, populations: ArrayLike, lines: ArrayLike) -> dict[str, NDArray[Any]]:
        """Say what is inside at many lines *and* many minimum populations, in one pass.

        Parameters
        ----------
        populations : float array, shape (p,)
            Minimum populations, inhabitants, in any order.
        lines : float array, shape (m,) or (m, units)
            As for :meth:`response`; one for each unit must ascend in every unit.

        Returns
        -------
        dict of arrays, shape (m, p)
            `zones` and `tiles` (int64) and `population` (inhabitants).

        Raises
        ------
        BadInput
            If the shape does not fit, a number is missing, or lines by unit descend.
        """
        from zonage.kernels.response import sizes_by_line

        minima = np.atleast_1d(np.asarray(populations, np.float64))
        if minima.ndim != 1 or not np.isfinite(minima).all() or (minima < 0).any():
            raise BadInput("not a list of minimum populations", expected="inhabitants, 0 or more")
        scenarios = self._scenarios(lines)
        if np.isnan(scenarios).any():
            raise BadInput("a line is missing", expected="numbers")
        order = np.arange(len(scenarios))
        if scenarios.shape[1] == 1:
            order = np.argsort(scenarios[:, 0], kind="stable")
        elif (np.diff(scenarios, axis=0) < 0).any():
            raise BadInput("the lines of a unit descend from one scenario to the next")
        rank = np.argsort(minima, kind="stable")
        counted = sizes_by_line(
            self._order,
            self._start,
            self.criterion,
            self._neighbours,
            self.connectivity,
            self.tiles.count("population"),
            np.ascontiguousarray(scenarios[order].T),
            np.rint(minima[rank] * FIXED_POINT).astype(np.int64),
        )
        table = np.empty_like(counted)
        table[np.ix_(order, rank)] = counted
        return {
            "zones": table[..., 0],
            "tiles": table[..., 1],
            "population": table[..., 2] / FIXED_POINT,
        }

    def line_for_share(self, share: float) -> LineForShare:
        """Find the lowest line, the same in all units, that puts a share of people in quarters.

        Parameters
        ----------
        share : float
            Share of all inhabitants of the tiles, above 0, at most 1.

        Raises
        ------
        BadInput
            If the share is none, or no line reaches it.
        """
        return inverse.line_for_share(self, share)

    def minimum_for_count(self, line: ArrayLike, quarters: int) -> MinimumForCount:
        """Find the highest minimum population that keeps a number of quarters at a line.

        Raises
        ------
        BadInput
            If the number is below 1, or fewer groups of tiles lie below the line.
        """
        return inverse.minimum_for_count(self, line, quarters)

    def save(self, path: str | Path) -> Path:
        """Write the tree into a file: see :func:`zonage.outputs.save_tree`."""
        from zonage.outputs import save_tree

        return save_tree(self, path)

    @classmethod
    def load(cls, path: str | Path) -> MergeTree:
        """Read a tree from a file: see :func:`zonage.sources.trees.load_tree`."""
        from zonage.sources.trees import load_tree

        return load_tree(path)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that :meth:`from_arrays` needs, as arrays for ``numpy.savez``.

        The file holds the tiles and `entry`; the rest is made anew when it is read.
        """
        from zonage.mergetree.arrays import arrays_of

        return arrays_of(self)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> MergeTree:
        """Make the tree from the arrays of :meth:`to_arrays`.

        Raises
        ------
        BadInput
            If an array is missing or does not fit, or `entry` is not what the tiles give.
        """
        from zonage.mergetree.arrays import tree_of_arrays

        return tree_of_arrays(arrays)

    @cached_property
    def _start(self) -> NDArray[np.int64]:
        return group_start(self.tiles, self.within_units)

    @property
    def _neighbours(self) -> NDArray[np.int32]:
        return self.tiles.adjacency(self.within_units)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.tiles.counts)

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        from zonage.kernels.order import order_by_group

        order = np.empty(len(self.tiles), np.int64)
        order_by_group(self.criterion, self._start, order)
        return order

    @cached_property
    def _traced(self) -> tuple[Any, ...]:
        from zonage.kernels.quarters import trace_by_group

        home, alive = np.empty(len(self.tiles), np.int32), np.empty(len(self.tiles), np.int64)
        nodes, start = trace_by_group(
            self._start,
            self._entered,
            self._entered_count,
            self.entry,
            self._neighbours,
            self.connectivity,
            self.tiles.count("population"),
            home,
            alive,
        )
        first = np.repeat(start[:-1], np.diff(self._start))
        home = np.where(home >= 0, home + first, -1).astype(np.int32)
        return nodes, start, home, alive

    @property
    def _nodes(self) -> dict[str, NDArray[Any]]:
        return self._traced[0]

    @property
    def _quarter_start(self) -> NDArray[np.int64]:
        return self._traced[1]

    @property
    def _home(self) -> NDArray[np.int32]:
        return self._traced[2]

    @cached_property
    def _running(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        from zonage.kernels.response import running_sums

        return running_sums(
            self._start,
            self._entered,
            self._entered_count,
            self.entry,
            self._traced[3],
            np.stack(list(self.tiles.counts.values())),
        )

    def _totals_at(self, lines: NDArray[np.float64]) -> NDArray[np.int64]:
        from zonage.kernels.response import look_up

        return look_up(self._start, self._entered_count, *self._running, lines)

    def _lines(self, line: ArrayLike) -> NDArray[np.float64]:
        """Return one line, or one for each unit; what is below them is inside."""
        lines = np.atleast_1d(np.asarray(line, np.float64))
        self._check_columns(lines, 1)
        return np.nextafter(lines, np.inf) if self.inclusive else lines

    def _scenarios(self, lines: ArrayLike) -> NDArray[np.float64]:
        """Return lines of many scenarios with one column, or one for each unit."""
        scenarios = np.atleast_1d(np.asarray(lines, np.float64))
        if scenarios.ndim == 1:
            scenarios = scenarios[:, np.newaxis]
        self._check_columns(scenarios, 2)
        return np.nextafter(scenarios, np.inf) if self.inclusive else scenarios

    def _check_columns(self, lines: NDArray[np.float64], dimensions: int) -> None:
        units = len(self._start) - 1
        if lines.ndim != dimensions or lines.shape[-1] not in (1, units):
            raise BadInput(
                "lines that do not fit the tree",
                found=f"an array of shape {lines.shape}",
                expected=f"one line, or one for each of its {units} urban units"
                if self.within_units
                else "one line, since its zones cross urban units",
            )


def group_start(tiles: Tiles, within_units: bool) -> NDArray[np.int64]:
    """Return where the tiles of each tree begin, and the end of the last, shape (trees + 1,)."""
    return tiles.unit_start if within_units else np.array([0, len(tiles)], np.int64)
