"""Tiles: the table of inhabited tiles that every step of the engine works on.

Tiles are sorted by urban unit, then in raster order (north to south, west to east), so that a unit
is one contiguous slice and neighbours lie close in memory. What is counted is held in int64
fixed point (see :mod:`zonage.variables`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.grid import GridSpec
from zonage.variables import FIXED_POINT, REGISTRY, Kind

if TYPE_CHECKING:
    import pyarrow as pa

MAX_COUNT = 1e12
"""Largest value of a count in one tile; a thousand times the income sum of the richest tile."""


@dataclass(frozen=True)
class Codes:
    """A column of codes held as whole numbers into a list of labels, as Arrow's dictionaries.

    Attributes
    ----------
    index : int32 array, shape (n,)
        Position in ``labels``, or -1 where the code is not known.
    labels : tuple of str
        The distinct codes, sorted.

    Examples
    --------
    >>> codes = Codes.encode(["59350", "59512", "", "59350"])
    >>> codes.index.tolist(), codes.labels
    ([0, 1, -1, 0], ('59350', '59512'))
    """

    index: NDArray[np.int32]
    labels: tuple[str, ...]

    @classmethod
    def encode(cls, values: Any) -> Codes:
        """Encode a sequence of strings; the empty string stands for unknown."""
        labels, inverse = np.unique(np.asarray(values, dtype=str), return_inverse=True)
        index = inverse.astype(np.int32).reshape(-1)
        if len(labels) and labels[0] == "":
            return cls(index - np.int32(1), tuple(labels[1:].tolist()))
        return cls(index, tuple(labels.tolist()))

    def decode(self) -> NDArray[np.str_]:
        """Return the codes as strings, the empty string where unknown."""
        return np.array([*self.labels, ""], dtype=str)[self.index]

    def take(self, order: NDArray[Any] | slice) -> Codes:
        """Return the codes of the given positions (indices, a mask or a slice)."""
        return Codes(self.index[order], self.labels)

    def compact(self) -> Codes:
        """Return the same codes without the labels that none of them has.

        Examples
        --------
        >>> Codes.encode(["59350", "59512"]).take([1]).compact().labels
        ('59512',)
        """
        used = np.bincount(self.index + 1, minlength=len(self.labels) + 1)[1:] > 0
        position = np.append(np.cumsum(used) - 1, -1).astype(np.int32)
        labels = (label for label, one in zip(self.labels, used.tolist(), strict=True) if one)
        return Codes(position[self.index], tuple(labels))

    def translate(self, table: Mapping[str, str]) -> Codes:
        """Map each label through a table; labels that it lacks become unknown.

        Examples
        --------
        >>> Codes.encode(["59350", "80021"]).translate({"59350": "59702"}).decode().tolist()
        ['59702', '']
        """
        if not self.labels:
            return self
        translated = Codes.encode([table.get(label, "") for label in self.labels])
        return Codes(np.append(translated.index, np.int32(-1))[self.index], translated.labels)


@dataclass(frozen=True, eq=False)
class Tiles:
    """Inhabited tiles with what is known of each.

    Attributes
    ----------
    crs : int
        EPSG code of the lattice.
    resolution : int
        Side of a tile in metres.
    northing, easting : int32 arrays, shape (n,)
        Lattice indices of the tiles (south-west corner divided by the resolution).
    counts : mapping of str to int64 array, shape (n,)
        Counted variables of :mod:`zonage.variables`, in thousandths.
    imputed : bool array or None
        Tiles whose values INSEE spread from a group of at least 11 households.
    commune, urban_unit : Codes
        Official codes; unknown codes are allowed.
    vintage : int or None
        Year that the figures describe.
    source : str
        Where the tiles come from, for messages and manifests.

    Notes
    -----
    Build with :meth:`from_columns`, which validates and sorts.
    """

    crs: int
    resolution: int
    northing: NDArray[np.int32]
    easting: NDArray[np.int32]
    counts: Mapping[str, NDArray[np.int64]]
    commune: Codes
    urban_unit: Codes
    imputed: NDArray[np.bool_] | None = None
    vintage: int | None = None
    source: str = "memory"

    @classmethod
    def from_columns(
        cls,
        northing: NDArray[Any],
        easting: NDArray[Any],
        values: Mapping[str, NDArray[Any]],
        *,
        crs: int = 3035,
        resolution: int = 200,
        imputed: NDArray[np.bool_] | None = None,
        commune: Codes | None = None,
        urban_unit: Codes | None = None,
        vintage: int | None = None,
        source: str = "memory",
        rows: NDArray[np.int64] | None = None,
    ) -> Tiles:
        """Validate columns as they come from a file and sort them into tiles.

        Parameters
        ----------
        northing, easting : integer arrays, shape (n,)
            Lattice indices.
        values : mapping of str to float64 array, shape (n,)
            Counted variables by the engine's name, in their own unit.
        crs, resolution, imputed, commune, urban_unit, vintage, source
            As the attributes of the same name, in the order of the file.
        rows : int64 array, shape (n,), optional
            Numbers of the rows in the file, for messages; 1 to n by default.

        Raises
        ------
        BadInput
            With the row and INSEE's column, when the table is empty, a tile comes twice, a count
            is negative, not finite or too large, poor households exceed households, or an income
            sum stands without inhabitants (or inhabitants without income).

        Examples
        --------
        >>> tiles = Tiles.from_columns(
        ...     np.array([7, 8]), np.array([3, 3]), {"population": np.array([2.5, 10.0])}
        ... )
        >>> tiles.northing.tolist(), tiles.counts["population"].tolist()
        ([8, 7], [10000, 2500])
        """
        size = len(northing)
        if size == 0:
            raise BadInput("no tile in the table", file=source, expected="at least one row")
        if min(np.min(northing), np.min(easting)) < -(2**30) or (
            max(np.max(northing), np.max(easting)) >= 2**30
        ):
            raise BadInput("a tile lies outside every map projection", file=source)
        columns = _Columns(vintage, source, rows)
        counts = {name: columns.fixed_point(name, column) for name, column in values.items()}
        columns.check_together(counts)
        unknown = Codes(np.full(size, -1, np.int32), ())
        commune, urban_unit = commune or unknown, urban_unit or unknown
        order = _raster_order(northing, easting)
        columns.check_unique(northing, easting, order)
        order = order[np.argsort(urban_unit.index[order], kind="stable")]
        return cls(
            crs=crs,
            resolution=resolution,
            northing=np.ascontiguousarray(np.asarray(northing, np.int32)[order]),
            easting=np.ascontiguousarray(np.asarray(easting, np.int32)[order]),
            counts=MappingProxyType({name: column[order] for name, column in counts.items()}),
            commune=commune.take(order),
            urban_unit=urban_unit.take(order),
            imputed=None if imputed is None else np.asarray(imputed, np.bool_)[order],
            vintage=vintage,
            source=source,
        )

    def __len__(self) -> int:
        return len(self.northing)

    def count(self, name: str) -> NDArray[np.int64]:
        """Return a counted variable in fixed point, or say that the tiles lack it.

        Raises
        ------
        BadInput
            Where the file did not hold the column.
        """
        if name not in self.counts:
            raise BadInput(
                f"the tiles hold no {name.replace('_', ' ')}",
                file=self.source,
                column=insee_column(name, self.vintage),
                expected="this column in the tile file",
            )
        return self.counts[name]

    def values(self, name: str) -> NDArray[np.float64]:
        """Return a counted variable in its own unit, as float64."""
        return self.count(name) / FIXED_POINT

    def total(self, name: str) -> float:
        """Sum a counted variable over all tiles, exactly, and return it in its own unit."""
        return int(self.count(name).sum()) / FIXED_POINT

    @property
    def income_mean(self) -> NDArray[np.float64]:
        """Mean niveau de vie of each tile's inhabitants, EUR a year; NaN without inhabitants."""
        population = self.count("population")
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(population > 0, self.count("income_sum") / population, np.nan)

    @property
    def poverty_share(self) -> NDArray[np.float64]:
        """Share of each tile's households that are poor; NaN without households."""
        households = self.count("households")
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(households > 0, self.count("poor_households") / households, np.nan)

    @property
    def ids(self) -> pa.LargeStringArray:
        """INSPIRE ids of the tiles, such as ``CRS3035RES200mN3075200E3816200``."""
        import pyarrow as pa

        from zonage.kernels.ids import format_ids

        data, offsets = format_ids(self.crs, self.resolution, self.northing, self.easting)
        return pa.LargeStringArray.from_buffers(
            len(self), pa.py_buffer(offsets), pa.py_buffer(data)
        )

    @property
    def unit_start(self) -> NDArray[np.int64]:
        """Offsets of the urban units in the table, shape (units + 1,); unknown units come first."""
        change = np.flatnonzero(np.diff(self.urban_unit.index)) + 1
        return np.concatenate(([0], change, [len(self)])).astype(np.int64)

    def grid(self, margin: int = 0) -> GridSpec:
        """Return the smallest grid around the tiles, widened by ``margin`` cells."""
        return GridSpec.around(
            self.northing, self.easting, crs=self.crs, resolution=self.resolution, margin=margin
        )

    @cached_property
    def neighbours_within_units(self) -> NDArray[np.int32]:
        """Indices of the eight neighbours inside the tile's urban unit, shape (n, 8), -1 = none.

        The first four share an edge (north, west, east, south), the others a corner.
        """
        return self._neighbour_table(self.unit_start)

    @cached_property
    def neighbours(self) -> NDArray[np.int32]:
        """Indices of the eight neighbours whatever their unit, shape (n, 8), -1 = none."""
        if len(self.unit_start) == 2:
            return self.neighbours_within_units
        order = _raster_order(self.northing, self.easting)
        whole = np.array([0, len(self)], np.int64)
        table = self.take(order)._neighbour_table(whole)
        back = np.append(order, -1).astype(np.int32)
        result = np.empty_like(table)
        result[order] = back[table]
        return result

    def adjacency(self, within_units: bool) -> NDArray[np.int32]:
        """Return the table of neighbours, within the tile's urban unit or whatever their unit."""
        return self.neighbours_within_units if within_units else self.neighbours

    def _neighbour_table(self, start: NDArray[np.int64]) -> NDArray[np.int32]:
        from zonage.kernels.neighbours import neighbour_table

        row, column = self.grid().rows_columns(self.northing, self.easting)
        table = np.empty((len(self), 8), np.int32)
        misplaced = neighbour_table(row, column, start, table)
        if misplaced >= 0:
            raise ValueError(f"tile {misplaced} is not in raster order within its urban unit")
        return table

    def take(self, order: NDArray[Any] | slice) -> Tiles:
        """Return the given tiles (a mask, a slice, or indices that keep the table's order)."""
        return Tiles(
            crs=self.crs,
            resolution=self.resolution,
            northing=self.northing[order],
            easting=self.easting[order],
            counts=MappingProxyType({name: column[order] for name, column in self.counts.items()}),
            commune=self.commune.take(order),
            urban_unit=self.urban_unit.take(order),
            imputed=None if self.imputed is None else self.imputed[order],
            vintage=self.vintage,
            source=self.source,
        )

    def located(self, *, commune: Codes | None = None, urban_unit: Codes | None = None) -> Tiles:
        """Return the tiles with other communes or urban units, sorted anew by unit.

        Examples
        --------
        >>> tiles = Tiles.from_columns(
        ...     np.array([8, 7]), np.array([3, 3]), {"population": np.array([1.0, 2.0])}
        ... )
        >>> moved = tiles.located(urban_unit=Codes.encode(["59702", "00752"]))
        >>> moved.northing.tolist(), moved.urban_unit.decode().tolist()
        ([7, 8], ['00752', '59702'])
        """
        commune = commune or self.commune
        urban_unit = urban_unit or self.urban_unit
        order = _raster_order(self.northing, self.easting)
        order = order[np.argsort(urban_unit.index[order], kind="stable")]
        return replace(self, commune=commune, urban_unit=urban_unit).take(order)


def insee_column(name: str, vintage: int | None) -> str:
    """INSEE's column of a variable in a vintage, the latest layout where none is known.

    Examples
    --------
    >>> insee_column("population", 2015)
    'Ind'
    """
    return REGISTRY[name].column(vintage or 2021) or name


def _raster_order(northing: NDArray[Any], easting: NDArray[Any]) -> NDArray[np.int64]:
    """Order of the tiles from north to south, then west to east."""
    key = (-np.asarray(northing, np.int64) << 32) + np.asarray(easting, np.int64)
    return np.argsort(key, kind="stable")


def column_problems(
    northing: NDArray[Any],
    easting: NDArray[Any],
    values: Mapping[str, NDArray[Any]],
    *,
    vintage: int | None = None,
    source: str = "memory",
    rows: NDArray[np.int64] | None = None,
) -> list[BadInput]:
    """List all kinds of problem for which :meth:`Tiles.from_columns` would refuse these columns.

    Parameters
    ----------
    northing, easting, values, vintage, source, rows
        As for :meth:`Tiles.from_columns`.

    Examples
    --------
    >>> problems = column_problems(
    ...     np.array([7, 7]), np.array([3, 3]), {"population": np.array([-1.0, np.nan])}
    ... )
    >>> [problem.message for problem in problems]
    ['not a finite number', 'negative count', 'the same tile comes twice']
    """
    problems: list[BadInput] = []
    columns = _Columns(vintage, source, rows, problems.append)
    columns.check_together({name: columns.fixed_point(name, values[name]) for name in values})
    columns.check_unique(northing, easting, _raster_order(northing, easting))
    return problems


def _raise(problem: BadInput) -> None:
    raise problem


@dataclass(frozen=True)
class _Columns:
    """The checks on the columns of one file, with what its messages need."""

    vintage: int | None
    source: str
    rows: NDArray[np.int64] | None = None
    report: Callable[[BadInput], None] = _raise

    def file_row(self, position: int) -> int:
        """Return the number of a row in the file."""
        return position + 1 if self.rows is None else int(self.rows[position])

    def refuse(self, name: str, rows: NDArray[np.bool_], message: str, **more: Any) -> None:
        """Report the first of the marked rows, if there is one."""
        if not rows.any():
            return
        row = int(np.argmax(rows))
        others = int(rows.sum()) - 1
        shown = {
            key: value[row] if isinstance(value, np.ndarray) else value
            for key, value in more.items()
        }
        self.report(
            BadInput(
                message + (f" (and {others} more rows)" if others else ""),
                file=self.source,
                row=self.file_row(row),
                column=insee_column(name, self.vintage),
                **shown,
            )
        )

    def fixed_point(self, name: str, column: NDArray[Any]) -> NDArray[np.int64]:
        """Check one counted column and bring it to fixed point."""
        if REGISTRY[name].kind is not Kind.COUNT:
            raise ValueError(f"{name} is not a counted variable")
        column = np.asarray(column, np.float64)
        good = (column >= 0) & (column <= MAX_COUNT)
        if not good.all():
            self.refuse(name, ~np.isfinite(column), "not a finite number", found=column)
            self.refuse(name, column < 0, "negative count", found=column, expected="0 or more")
            self.refuse(name, column > MAX_COUNT, "count too large", found=column)
            # A value that was reported but did not stop us is set apart from later checks.
            column = np.where(good, column, -1)
        scaled = column * FIXED_POINT
        return np.rint(scaled, out=scaled).astype(np.int64)

    def check_together(self, counts: Mapping[str, NDArray[np.int64]]) -> None:
        """Check what must hold between the columns of a row."""
        if {"poor_households", "households"} <= counts.keys():
            poor, households = counts["poor_households"], counts["households"]
            self.refuse(
                "poor_households",
                (poor > households) & (households >= 0),
                "more poor households than households",
                found=poor / FIXED_POINT,
                expected="at most the households of the tile",
            )
        if {"income_sum", "population"} <= counts.keys():
            income, population = counts["income_sum"], counts["population"]
            self.refuse(
                "income_sum",
                (income > 0) & (population == 0),
                "an income sum without inhabitants",
                found=income / FIXED_POINT,
                expected=0,
            )
            self.refuse(
                "income_sum",
                (income == 0) & (population > 0),
                "inhabitants without an income sum",
                found=0,
                expected="a sum of incomes above 0",
            )

    def check_unique(
        self, northing: NDArray[Any], easting: NDArray[Any], order: NDArray[np.int64]
    ) -> None:
        """Refuse a tile that comes twice."""
        same = (np.diff(northing[order]) == 0) & (np.diff(easting[order]) == 0)
        if not same.any():
            return
        first = int(np.argmax(same))
        before, after = int(order[first]), int(order[first + 1])
        self.report(
            BadInput(
                "the same tile comes twice",
                file=self.source,
                row=self.file_row(after),
                column="id",
                found=f"the tile of row {self.file_row(before)} (northing {northing[before]}, "
                f"easting {easting[before]} on the lattice)",
                expected="each tile once",
            )
        )
