"""Every threshold at once: the merge tree of a territory.

As the line rises tiles only join and zones only merge. One pass over the tiles sorted by their
criterion, urban unit by urban unit, therefore holds the zones of *every* line: each tile has one
number, its *entry*, the lowest line at which it lies in a zone of enough people. The zoning at line
s is ``entry < s``, and whatever adds up over tiles is, at any line, one search in a running sum.

The tree holds rules that only gain as the line rises: an income test tile by tile (with the border
rule or without), joining, a minimum population. Rules that complete, bridge or cut zones, and tests
on the median of a whole zone, are not in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zonage.errors import BadInput
from zonage.tiles import Codes, Tiles
from zonage.variables import FIXED_POINT

if TYPE_CHECKING:
    from zonage.zoning import Method, Zoning

FORMAT = 1
"""Version of the arrays made by :meth:`MergeTree.to_arrays`."""


@dataclass(frozen=True, eq=False)
class Quarters:
    """Every quarter that exists at some line: where it begins, where it ends, in what.

    A quarter is born at the line at which a zone first has the minimum population. Where quarters
    meet, the most populous just below that line lives on (of equals the one born first, then the
    one whose first tile comes first); the others end there. A quarter exists at the lines s with
    ``birth < s <= death``.

    Attributes
    ----------
    unit : int64 array, shape (q,)
        Position of its urban unit in :attr:`MergeTree.units`.
    birth, death : float64 arrays, shape (q,)
        Lines, EUR a year; a death that never comes is infinite.
    into : int32 array, shape (q,)
        The quarter that it merges into at its death, -1 = none.
    seed : int32 array, shape (q,)
        The first of its tiles at birth.
    population_at_birth, population_at_end : float64 arrays, shape (q,)
        Inhabitants just above its birth, and just below its death (above all lines if it has none).
    """

    unit: NDArray[np.int64]
    birth: NDArray[np.float64]
    death: NDArray[np.float64]
    into: NDArray[np.int32]
    seed: NDArray[np.int32]
    population_at_birth: NDArray[np.float64]
    population_at_end: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.birth)

    @property
    def persistence(self) -> NDArray[np.float64]:
        """Length of the interval of lines over which each quarter exists, EUR a year."""
        return self.death - self.birth


@dataclass(frozen=True, eq=False)
class Changes:
    """What moves when the line moves.

    Attributes
    ----------
    enters, leaves : bool arrays, shape (n,)
        Tiles inside after and not before; inside before and not after.
    quarters : dict of arrays
        One row for each quarter that exists before or after: `quarter` (its position in
        :attr:`MergeTree.quarters`), `change`, `population_before`, `population_after` (inhabitants)
        and `other`: the quarter it merges into or splits from, -1 = none. A change is one of
        ``unchanged``, ``grows``, ``shrinks``, ``enters``, ``leaves``, ``merges`` (it lies in
        another quarter after) and ``splits`` (it lay in another quarter before).
    """

    enters: NDArray[np.bool_]
    leaves: NDArray[np.bool_]
    quarters: dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class LineForShare:
    """The lowest line for which a share of the inhabitants is in quarters.

    Attributes
    ----------
    line : float
        The lowest such line, EUR a year.
    up_to : float
        The highest line with the same zoning; any line between the two will do.
    share : float
        The share of the inhabitants in quarters at these lines: at least the one asked for.
    population : float
        Inhabitants in quarters at these lines.
    """

    line: float
    up_to: float
    share: float
    population: float


@dataclass(frozen=True, slots=True)
class MinimumForCount:
    """The highest minimum population that keeps a number of quarters.

    Attributes
    ----------
    minimum : float
        The highest such minimum, inhabitants.
    above : float
        Any minimum above this one, up to `minimum`, keeps the same quarters; 0 if there is none.
    quarters : int
        Quarters kept: more than asked for only where several have the same population.
    """

    minimum: float
    above: float
    quarters: int


@dataclass(frozen=True, eq=False)
class MergeTree:
    """The zones of every line. Made by :func:`merge_tree` or :meth:`of`.

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
        holder = self._holders(line)
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
        inside_before, inside_after = self.inside(before), self.inside(after)
        empty = np.empty(0, np.int32)
        holder_before = self._holders(before) if len(self.quarters) else empty
        holder_after = self._holders(after) if len(self.quarters) else empty
        people_before, people_after = self._people_at(before), self._people_at(after)
        own = np.arange(len(self.quarters))
        was, remains = holder_before == own, holder_after == own
        both = was & remains
        sign = np.sign(people_after - people_before)
        change = np.select(
            [
                both & (sign == 0),
                both & (sign > 0),
                both,
                was & (holder_after >= 0),
                was,
                holder_before >= 0,
            ],
            ["unchanged", "grows", "shrinks", "merges", "leaves", "splits"],
            "enters",
        )
        other = np.select(
            [change == "merges", change == "splits"], [holder_after, holder_before], -1
        )
        shown = was | remains
        quarters = {
            "quarter": own,
            "change": change,
            "population_before": people_before / FIXED_POINT,
            "population_after": people_after / FIXED_POINT,
            "other": other,
        }
        return Changes(
            enters=inside_after & ~inside_before,
            leaves=inside_before & ~inside_after,
            quarters={name: column[shown] for name, column in quarters.items()},
        )

    @cached_property
    def quarters(self) -> Quarters:
        """Every quarter that exists at some line, unit by unit and by birth."""
        nodes, start = self._nodes, self._quarter_start
        unit = np.repeat(np.arange(len(start) - 1), np.diff(start))
        into = np.where(nodes["into"] >= 0, nodes["into"] + start[unit], -1).astype(np.int32)
        return Quarters(
            unit=unit,
            birth=nodes["birth"],
            death=nodes["death"],
            into=into,
            seed=nodes["seed"],
            population_at_birth=nodes["born"] / FIXED_POINT,
            population_at_end=nodes["last"] / FIXED_POINT,
        )

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
        if not 0 < share <= 1:
            raise BadInput("not a share of the inhabitants", found=share, expected="above 0, to 1")
        population = self.tiles.count("population")
        entered = np.flatnonzero(self.entry < np.inf)
        entered = entered[np.argsort(self.entry[entered], kind="stable")]
        steps, last = np.unique(self.entry[entered][::-1], return_index=True)
        people = np.cumsum(population[entered])[len(entered) - 1 - last]
        total = int(population.sum())
        place = int(np.searchsorted(people / total, share)) if total else 0
        if total == 0 or place == len(people):
            reached = int(people[-1]) / total if total and len(people) else 0.0
            raise BadInput(
                "no line puts that share of the inhabitants in quarters",
                found=share,
                expected=f"at most {reached:.4f}",
            )
        above = float(steps[place])
        following = float(steps[place + 1]) if place + 1 < len(steps) else math.inf
        return LineForShare(
            line=above if self.inclusive else math.nextafter(above, math.inf),
            up_to=math.nextafter(following, -math.inf) if self.inclusive else following,
            share=int(people[place]) / total,
            population=int(people[place]) / FIXED_POINT,
        )

    def minimum_for_count(self, line: ArrayLike, quarters: int) -> MinimumForCount:
        """Find the highest minimum population that keeps a number of quarters at a line.

        Raises
        ------
        BadInput
            If the number is below 1, or fewer groups of tiles lie below the line.
        """
        people = np.sort(self._components(line))[::-1]
        people = people[people > 0]
        if not 1 <= quarters <= len(people):
            raise BadInput(
                "no minimum population keeps that many quarters",
                found=quarters,
                expected=f"1 to {len(people)}" if len(people) else "a line that flags a tile",
            )
        minimum = people[quarters - 1]
        smaller = people[people < minimum]
        return MinimumForCount(
            minimum=int(minimum) / FIXED_POINT,
            above=int(smaller[0]) / FIXED_POINT if len(smaller) else 0.0,
            quarters=int((people >= minimum).sum()),
        )

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
        tiles = self.tiles
        arrays: dict[str, NDArray[Any]] = {
            "format": np.array(FORMAT),
            "crs": np.array(tiles.crs),
            "resolution": np.array(tiles.resolution),
            "vintage": np.array(-1 if tiles.vintage is None else tiles.vintage),
            "source": np.array(tiles.source),
            "northing": tiles.northing,
            "easting": tiles.easting,
            "commune": tiles.commune.decode(),
            "urban_unit": tiles.urban_unit.decode(),
            "criterion": self.criterion,
            "entry": self.entry,
            "min_population": np.array(self.min_population),
            "connectivity": np.array(self.connectivity),
            "within_units": np.array(self.within_units),
            "inclusive": np.array(self.inclusive),
        }
        if tiles.imputed is not None:
            arrays["imputed"] = tiles.imputed
        return arrays | {f"count_{name}": column for name, column in tiles.counts.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> MergeTree:
        """Make the tree from the arrays of :meth:`to_arrays`.

        Raises
        ------
        BadInput
            If an array is missing or does not fit, or `entry` is not what the tiles give.
        """
        tree = _tree_of_arrays(arrays)
        entry = np.asarray(arrays["entry"])
        if entry.shape != tree.entry.shape or not np.array_equal(entry, tree.entry):
            raise BadInput("the entries are not those of the tiles", column="entry")
        return tree

    @cached_property
    def _start(self) -> NDArray[np.int64]:
        return _group_start(self.tiles, self.within_units)

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

    def _holders(self, line: ArrayLike) -> NDArray[np.int32]:
        """For each quarter the one that holds its tiles at a line, -1 before its birth."""
        from zonage.kernels.quarters import at_line

        nodes, start = self._nodes, self._quarter_start
        lines = np.ascontiguousarray(np.broadcast_to(self._lines(line), len(start) - 1))
        out = np.empty(start[-1], np.int32)
        names = ("birth", "death", "into", "fallen")
        at_line(lines, *(nodes[name] for name in names), start, out)
        return out

    def _people_at(self, line: ArrayLike) -> NDArray[np.int64]:
        """Inhabitants of each quarter at a line, in fixed point."""
        from zonage.kernels.sums import sum_by_label

        people = np.empty(len(self.quarters) + 1, np.int64)
        sum_by_label(self.quarter_at(line) + np.int32(1), self.tiles.count("population"), people)
        return people[1:]

    def _components(self, line: ArrayLike) -> NDArray[np.int64]:
        """Inhabitants of each component of the tiles below a line, large or small."""
        from zonage.kernels.components import label
        from zonage.kernels.sums import sum_by_label

        lines = self._lines(line)
        line_of_tile = lines if len(lines) == 1 else np.repeat(lines, np.diff(self._start))
        labels = np.empty(len(self.tiles), np.int32)
        count = label(self.criterion < line_of_tile, self._neighbours, self.connectivity, labels)
        people = np.empty(count + 1, np.int64)
        sum_by_label(labels, self.tiles.count("population"), people)
        return people[1:]

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


def tree(zoning: Zoning) -> MergeTree:
    """Return the merge tree of a zoning: its zones at every line, not only at its own.

    Parameters
    ----------
    zoning : Zoning
        Any zoning; see :meth:`MergeTree.of` for what of its rule the tree holds.

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> base = zn.qpv(town.tiles, law, town.reference, method=zn.Method.plain(), line=16_000)
    >>> bool((tree(base).inside(16_000) == base.inside).all())
    True
    """
    return MergeTree.of(zoning)


def tree_of_rule(
    tiles: Tiles,
    criterion: NDArray[np.float64],
    method: Method,
    min_population: float,
    inclusive: bool = False,
) -> MergeTree:
    """Return the merge tree of tiles under a method: its border rule, adjacency and units.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    criterion : float64 array, shape (n,)
        What is held against the line, EUR a year; NaN = never inside.
    method : Method
        The options that :attr:`zonage.zoning.Method.beyond_tree` names are left out.
    min_population : float
        Inhabitants that a quarter has at least.
    inclusive : bool
        Whether a tile at the line is below it.
    """
    from zonage.zoning import bordered

    if method.border_share:
        criterion = bordered(tiles, criterion, tiles.adjacency(method.within_units), method)
    return merge_tree(
        tiles,
        criterion,
        min_population=min_population,
        connectivity=method.connectivity,
        within_units=method.within_units,
        inclusive=inclusive,
    )


def merge_tree(
    tiles: Tiles,
    criterion: NDArray[np.float64],
    *,
    min_population: float,
    connectivity: int = 8,
    within_units: bool = True,
    inclusive: bool = False,
) -> MergeTree:
    """Find the zones of every line at once.

    Parameters
    ----------
    tiles : Tiles
        Tiles with their population.
    criterion : float64 array, shape (n,)
        What is held against the line, in its unit (EUR a year); NaN = never inside.
    min_population : float
        Inhabitants that a zone must have.
    connectivity : {4, 8}
        Tiles join by edges, or by edges and corners.
    within_units : bool
        Zones stay within their urban unit: a tree each, in parallel.
    inclusive : bool
        Tiles at the line are below it.

    Returns
    -------
    MergeTree

    Raises
    ------
    BadInput
        If the criterion does not fit the tiles or an option is out of range.

    Notes
    -----
    Kruskal's algorithm on tiles sorted by their criterion, known as component tree or merge tree.
    Populations are summed as whole numbers: the result is exact and does not depend on the number
    of threads.

    Examples
    --------
    Two tiles of 600 inhabitants side by side are a quarter as soon as both are below the line.

    >>> tiles = Tiles.from_columns(
    ...     np.array([1, 1]), np.array([1, 2]), {"population": np.array([600.0, 600.0])}
    ... )
    >>> tree = merge_tree(tiles, np.array([9e3, 1e4]), min_population=1000)
    >>> tree.entry.tolist(), tree.inside(10_000).tolist(), tree.population(10_001)
    ([10000.0, 10000.0], [False, False], 1200.0)
    """
    from zonage.kernels.mergetree import entry_by_group
    from zonage.kernels.order import order_by_group

    n = len(tiles)
    criterion = np.ascontiguousarray(criterion, np.float64)
    if criterion.shape != (n,):
        raise BadInput(
            "a criterion that does not fit the tiles", found=criterion.shape, expected=(n,)
        )
    if connectivity not in (4, 8):
        raise BadInput("tiles join by 4 or 8 neighbours", found=connectivity, expected="4 or 8")
    if not 0 <= min_population < 1e12:
        raise BadInput("not a minimum population", found=min_population, expected="0 or more")
    start = _group_start(tiles, within_units)
    order, entry, entered = np.empty(n, np.int64), np.empty(n), np.empty(n, np.int64)
    entered_count = np.empty(len(start) - 1, np.int64)
    order_by_group(criterion, start, order)
    entry_by_group(
        order,
        start,
        criterion,
        tiles.adjacency(within_units),
        connectivity,
        tiles.count("population"),
        round(min_population * FIXED_POINT),
        entry,
        entered,
        entered_count,
    )
    return MergeTree(
        tiles=tiles,
        criterion=criterion,
        min_population=float(min_population),
        connectivity=connectivity,
        within_units=within_units,
        inclusive=inclusive,
        entry=entry,
        _entered=entered,
        _entered_count=entered_count,
    )


def _group_start(tiles: Tiles, within_units: bool) -> NDArray[np.int64]:
    return tiles.unit_start if within_units else np.array([0, len(tiles)], np.int64)


_KINDS = {
    "format": "iu",
    "crs": "iu",
    "resolution": "iu",
    "vintage": "iu",
    "source": "U",
    "northing": "i",
    "easting": "i",
    "commune": "U",
    "urban_unit": "U",
    "criterion": "f",
    "entry": "f",
    "min_population": "f",
    "connectivity": "iu",
    "within_units": "b",
    "inclusive": "b",
}
_OF_TILES = ("northing", "easting", "commune", "urban_unit", "criterion", "entry")


def _tree_of_arrays(arrays: Mapping[str, NDArray[Any]]) -> MergeTree:
    """Check arrays from outside and make their tree."""
    counts = {name: arrays[name] for name in arrays if name.startswith("count_")}
    imputed = arrays["imputed"] if "imputed" in arrays else None  # noqa: SIM401
    for name, kinds in _KINDS.items():
        if name not in arrays:
            raise BadInput("an array of the tree is missing", column=name)
        _check_array(name, arrays[name], kinds, arrays["northing"] if name in _OF_TILES else None)
    for name, column in counts.items():
        _check_array(name, column, "i", arrays["northing"])
    if imputed is not None:
        _check_array("imputed", imputed, "b", arrays["northing"])
    if arrays["format"] != FORMAT:
        raise BadInput(
            "a tree of another version", column="format", found=arrays["format"], expected=FORMAT
        )
    northing, easting = arrays["northing"], arrays["easting"]
    vintage = int(arrays["vintage"])
    tiles = Tiles.from_columns(
        northing,
        easting,
        {name.removeprefix("count_"): column / FIXED_POINT for name, column in counts.items()},
        crs=int(arrays["crs"]),
        resolution=int(arrays["resolution"]),
        imputed=imputed,
        commune=Codes.encode(arrays["commune"]),
        urban_unit=Codes.encode(arrays["urban_unit"]),
        vintage=None if vintage < 0 else vintage,
        source=str(arrays["source"]),
    )
    if not (np.array_equal(tiles.northing, northing) and np.array_equal(tiles.easting, easting)):
        raise BadInput("the tiles are not in their order", column="northing")
    return merge_tree(
        tiles,
        arrays["criterion"],
        min_population=float(arrays["min_population"]),
        connectivity=int(arrays["connectivity"]),
        within_units=bool(arrays["within_units"]),
        inclusive=bool(arrays["inclusive"]),
    )


def _check_array(name: str, array: NDArray[Any], kinds: str, like: NDArray[Any] | None) -> None:
    shape = () if like is None else (np.size(like),)
    array = np.asarray(array)
    if array.dtype.kind not in kinds or array.shape != shape:
        raise BadInput(
            "an array of the tree does not fit",
            column=name,
            found=f"{array.dtype} of shape {array.shape}",
            expected=f"kind {' or '.join(kinds)} of shape {shape}",
        )
