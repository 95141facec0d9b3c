"""One pass over an open tile file: rows are chosen, checked and converted batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.sources.tile_columns import (
    as_bytes,
    as_numbers,
    as_texts,
    buffers,
    first_commune,
    is_missing,
    plain_column,
    value_at,
)
from zonage.sources.tile_formats import Table, shortened
from zonage.sources.tile_layouts import (
    LATTICES,
    RFL_RESOLUTION,
    SSB_CRS,
    SSB_PLACE,
    SSB_RESOLUTION,
    FoundLayout,
    unknown_lattice,
)
from zonage.tiles import MAX_COUNT, Codes, Tiles, column_problems, insee_column
from zonage.variables import FIXED_POINT

if TYPE_CHECKING:
    import pyarrow as pa

MAX_PROBLEMS = 20
"""Problems that a description lists, and wrong ids of a batch after which its rows are left out."""

Report = Callable[[BadInput, int], None]
"""What is done with a problem and the number of rows that have it: raise it, or list it."""


def _refuse(problem: BadInput, rows: int = 1) -> None:
    raise problem


@dataclass
class Reading:
    """One pass over a table: choose the rows, check and convert them, batch by batch."""

    table: Table
    layout: FoundLayout
    wanted: list[str]
    vintage: int | None
    crs: int | None
    bbox: tuple[float, float, float, float] | None = None
    communes: frozenset[str] | None = None
    report: Report = _refuse
    resolution: int | None = None
    rows_read: int = 0
    extent: list[int] = field(default_factory=list)
    parts: dict[str, list[NDArray[Any]]] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        """Read the whole table."""
        flags = [name for name in ("imputed", "commune") if name in self.layout.found]
        if self.communes is not None and "commune" not in flags:
            raise BadInput(
                "the file names no commune to choose by",
                file=self.table.source,
                found="columns " + ", ".join(self.table.columns[:40]),
                hint="choose by bbox",
            )
        columns = [self.layout.found[name] for name in (*self.wanted, *flags)]
        for before, batch in self._batches([*self.layout.places, *columns]):
            self.rows_read = before
            self._add(batch)
            self.rows_read += len(batch)
        if self.rows_read == 0:
            self.report(
                BadInput(
                    "a header without rows", file=self.table.source, expected="a row for each tile"
                ),
                1,
            )

    def _batches(self, columns: list[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The batches that may have tiles of the box, each with the number of rows before it."""
        if self.bbox is not None and self.table.near is not None:
            yield from self.table.near(columns, self.bbox)
            self.rows_read = self.rows_read or 1  # rows that were passed over are rows too
            return
        for batch in self.table.batches(columns):
            yield self.rows_read, batch

    def _add(self, batch: pa.RecordBatch) -> None:
        """Choose among the rows of a batch, from the cheapest to the dearest look at them."""
        rows = np.arange(self.rows_read + 1, self.rows_read + 1 + len(batch))
        if len(self.layout.places) == 2:
            keep, northing, easting = self._centres(batch, rows)
        else:
            place = self.layout.places[0]
            read = self._grid_numbers if place.upper() == SSB_PLACE else self._ids
            keep, northing, easting = read(plain_column(batch, place), rows)
        if self.bbox is not None and self.resolution is not None:
            inside = _inside(self.bbox, northing, easting, self.resolution)
            keep, northing, easting = keep[inside], northing[inside], easting[inside]
        if len(keep) == 0:
            return
        part: dict[str, NDArray[Any]] = {"northing": northing, "easting": easting}
        batch, rows = _taken(batch, keep), rows[keep]
        if "commune" in self.layout.found:
            part["commune"], chosen = self._communes(batch, rows)
            batch, rows = _taken(batch, chosen), rows[chosen]
            part = {name: column[chosen] for name, column in part.items()}
        good = np.ones(len(rows), np.bool_)
        for name in (*self.wanted, *(["imputed"] if "imputed" in self.layout.found else [])):
            part[name] = self._numbers(batch, self.layout.found[name], rows, good)
        if "imputed" in part:
            part["imputed"] = self._flags(part["imputed"], rows, good)
        part["row"] = rows
        for name, column in part.items():
            self.parts.setdefault(name, []).append(column[good])

    def _problem(
        self, message: str, rows: NDArray[np.int64], column: str, found: object, **more: Any
    ) -> None:
        """Report what is wrong with the given rows, of which the first is shown."""
        shown = shortened(
            found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)
        )
        self.report(
            BadInput(
                message,
                file=self.table.source,
                row=int(rows[0]),
                column=column,
                found=repr(shown) if isinstance(found, str | bytes) else shown,
                **more,
            ),
            len(rows),
        )

    def _ids(
        self, column: pa.Array, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """Parse a batch of ids; return positions of the good ones, and their lattice indices."""
        from zonage.kernels import ids

        name = self.layout.places[0]
        texts = as_bytes(column).fill_null(b"")
        keep = np.arange(len(rows))
        for _ in range(MAX_PROBLEMS):
            northing, easting = np.empty((2, len(keep)), np.int32)
            crs, resolution, bad, code = ids.parse_ids(*buffers(texts), northing, easting)
            if bad < 0:
                if len(keep) and not self._same_lattice(crs, resolution, rows[keep], texts):
                    break
                self._widen(northing, easting)
                return keep, northing, easting
            found = texts[bad].as_py()
            self._problem(
                {
                    ids.OTHER_CRS: "an id in another CRS than the first",
                    ids.OTHER_RESOLUTION: "an id of another resolution than the first",
                    ids.OFF_LATTICE: "an id whose corner is off the lattice of its resolution",
                    ids.OVERFLOW: "an id with a coordinate that is too large",
                }.get(code, "not the id of a tile"),
                rows[keep[bad : bad + 1]],
                name,
                found,
                expected="an id such as CRS3035RES200mN3083400E3816000, all of one lattice",
            )
            keep = np.delete(keep, bad)
            texts = texts.take(np.delete(np.arange(len(texts)), bad))
        else:
            self._problem("rows left out after too many wrong ids", rows[keep], name, found)
        return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)

    def _same_lattice(
        self, crs: int, resolution: int, rows: NDArray[np.int64], texts: pa.Array
    ) -> bool:
        """Whether a batch is on the lattice of those before and of the caller; keep the first."""
        name, found = self.layout.places[0], texts[0].as_py()
        if crs not in LATTICES:
            unknown = unknown_lattice(crs)
            self._problem(unknown.message, rows, name, found, expected=unknown.expected)
        elif self.crs not in (None, crs):
            self._problem("an id in another CRS", rows, name, found, expected=f"EPSG:{self.crs}")
        elif self.resolution not in (None, resolution):
            self._problem(
                "an id of another resolution", rows, name, found, expected=f"{self.resolution} m"
            )
        else:
            self.crs, self.resolution = crs, resolution
            return True
        return False

    def _centres(
        self, batch: pa.RecordBatch, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """Read tile centres; return the positions of the good ones, and their lattice indices."""
        self.resolution = RFL_RESOLUTION
        if self.crs is None and self.rows_read == 0:
            self.report(
                BadInput(
                    "a file of tile centres does not say its CRS",
                    file=self.table.source,
                    hint="give it: crs=2975 for La Réunion",
                ),
                1,
            )
        good = np.ones(len(rows), np.bool_)
        corners = []
        for name in self.layout.places:
            index = self._numbers(batch, name, rows, good) / RFL_RESOLUTION - 0.5
            index = np.where(np.abs(index) < 2**30, index, 0.5)
            off = good & (np.abs(index - np.rint(index)) > 1e-6)
            if off.any():
                first = int(np.argmax(off))
                self._problem(
                    "not the centre of a tile",
                    rows[off],
                    name,
                    value_at(plain_column(batch, name), first),
                )
                good &= ~off
            corners.append(np.rint(index).astype(np.int32))
        keep = np.flatnonzero(good)
        easting, northing = corners[0][keep], corners[1][keep]
        self._widen(northing, easting)
        return keep, northing, easting

    def _grid_numbers(
        self, column: pa.Array, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """Read ids of Statistics Norway; return positions of the good, and their indices."""
        import pyarrow as pa
        import pyarrow.compute as pc

        name = self.layout.places[0]
        if self.crs not in (None, SSB_CRS):
            raise BadInput("ids in another CRS", file=self.table.source, expected=f"EPSG:{SSB_CRS}")
        self.crs, self.resolution = SSB_CRS, SSB_RESOLUTION
        texts = as_bytes(column).fill_null(b"")
        spelled = pc.match_substring_regex(texts, "^[0-9]{14}$")
        numbers = pc.if_else(spelled, texts, pa.scalar(b"0", texts.type))
        metres = numbers.cast(pa.string()).cast(pa.int64()).to_numpy(zero_copy_only=False)
        east, north = metres // 10**7 - 2_000_000, metres % 10**7
        good = spelled.to_numpy(zero_copy_only=False)
        good &= (east % SSB_RESOLUTION == 0) & (north % SSB_RESOLUTION == 0)
        if not good.all():
            self._problem(
                "not the id of a tile",
                rows[~good],
                name,
                value_at(column, np.argmin(good)),
                expected=f"14 digits such as 22650006650250, on the lattice of {SSB_RESOLUTION} m",
            )
        keep = np.flatnonzero(good)
        northing = (north[keep] // SSB_RESOLUTION).astype(np.int32)
        easting = (east[keep] // SSB_RESOLUTION).astype(np.int32)
        self._widen(northing, easting)
        return keep, northing, easting

    def _widen(self, northing: NDArray[np.int32], easting: NDArray[np.int32]) -> None:
        """Widen the extent of all tiles of the file, chosen or not."""
        if len(northing):
            west, south = int(easting.min()), int(northing.min())
            east, north = int(easting.max()) + 1, int(northing.max()) + 1
            w, s, e, n = self.extent or (west, south, east, north)
            self.extent = [min(w, west), min(s, south), max(e, east), max(n, north)]

    def _communes(
        self, batch: pa.RecordBatch, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Read the communes of a batch; return their numbers and the positions of chosen rows."""
        name = self.layout.found["commune"]
        texts = as_texts(plain_column(batch, name)).dictionary_encode()
        codes = [first_commune(text) for text in texts.dictionary.to_pylist()] + [""]
        position = texts.indices.fill_null(len(codes) - 1).to_numpy(zero_copy_only=False)
        bad = np.array([code is None for code in codes])[position]
        if bad.any():
            self._problem(
                "not one or several codes of communes",
                rows[bad],
                name,
                texts[int(np.argmax(bad))].as_py(),
                expected="5 characters for each, as 59350 or 2A004",
                hint="a zero may have been lost at the start: codes are text, not numbers",
            )
        chosen = ~bad
        if self.communes is not None:
            chosen &= np.array([code in self.communes for code in codes])[position]
        used = np.bincount(position[chosen], minlength=len(codes)).tolist()
        numbers = [
            self.labels.setdefault(code, len(self.labels)) if code and rows_of_it else -1
            for code, rows_of_it in zip(codes, used, strict=True)
        ]
        return np.array(numbers, np.int32)[position], np.flatnonzero(chosen)

    def _numbers(
        self, batch: pa.RecordBatch, name: str, rows: NDArray[np.int64], good: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Read a column of numbers; unreadable ones are reported, and marked in ``good``."""
        column = plain_column(batch, name)
        numbers = as_numbers(column, self.table.comma_list)
        if numbers.null_count:
            unread = numbers.is_null().to_numpy(zero_copy_only=False)
            missing = unread & is_missing(column)
            text = unread & ~missing
            for which, message, hint in (
                (missing, "a missing value", "rows without figures must be left out"),
                (text, "text in a column of numbers", "the column is read as numbers in UTF-8"),
            ):
                if which.any():
                    found = value_at(column, np.argmax(which))
                    self._problem(message, rows[which], name, found, expected="a number", hint=hint)
            good &= ~unread
        return numbers.fill_null(np.nan).to_numpy(zero_copy_only=False)

    def _flags(
        self, numbers: NDArray[np.float64], rows: NDArray[np.int64], good: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Check that a column of numbers is one of flags."""
        bad = good & (numbers != 0) & (numbers != 1)
        if bad.any():
            found = float(numbers[np.argmax(bad)])
            name = self.layout.found["imputed"]
            self._problem("not a flag", rows[bad], name, found, expected="0 or 1")
            good &= ~bad
        return numbers == 1

    def _hand_over(self, name: str) -> NDArray[Any]:
        """Join the parts of a column and forget them, so that no column is held twice."""
        return np.concatenate(self.parts.pop(name, [np.empty(0)]))

    def _codes(self) -> Codes | None:
        """Communes of the chosen tiles, with sorted labels."""
        if "commune" not in self.layout.found:
            return None
        labels = sorted(self.labels)
        rank = np.full(len(labels) + 1, -1, np.int32)
        rank[[self.labels[label] for label in labels]] = np.arange(len(labels))
        return Codes(rank[self._hand_over("commune")], tuple(labels))

    def tiles(self) -> Tiles:
        """Build the tiles of what was read; errors name the rows and columns of the file."""
        rows = self._hand_over("row")
        if len(rows) == 0:
            raise BadInput(
                "no tile of the file is in the selection",
                file=self.table.source,
                found=self.bounds and f"tiles within {self.bounds} of EPSG:{self.crs}",
                expected="tiles in "
                + (f"the box {self.bbox}" if self.bbox else "the given communes"),
            )
        try:
            return Tiles.from_columns(
                self._hand_over("northing"),
                self._hand_over("easting"),
                {name: self._hand_over(name) for name in self.wanted},
                crs=self.crs or 0,
                resolution=self.resolution or 0,
                imputed=self._hand_over("imputed") if "imputed" in self.layout.found else None,
                commune=self._codes(),
                vintage=self.vintage,
                source=self.table.source,
                rows=rows,
            )
        except BadInput as error:
            raise self._renamed(error) from None

    @property
    def bounds(self) -> tuple[int, int, int, int] | None:
        """West, south, east and north of all tiles of the file, in metres."""
        if not self.extent or self.resolution is None:
            return None
        west, south, east, north = (edge * self.resolution for edge in self.extent)
        return west, south, east, north

    def description(self) -> dict[str, Any]:
        """Describe what was read so far, and report the problems between its columns."""
        columns = {name: self._hand_over(name) for name in self.wanted}
        if len(rows := self._hand_over("row")):
            place = self._hand_over("northing"), self._hand_over("easting")
            more: dict[str, Any] = {"vintage": self.vintage, "source": self.table.source}
            for problem in column_problems(*place, columns, rows=rows, **more):
                self.report(self._renamed(problem), 1)
        known: dict[str, Any] = {
            "rows": self.rows_read,
            "crs": self.crs,
            "resolution": self.resolution,
            "bounds": self.bounds,
            "totals": {name: _total(column) for name, column in columns.items()},
        }
        imputed = self._hand_over("imputed") if "imputed" in self.layout.found else np.empty(0)
        if len(imputed):
            known["imputed_tile_share"] = float(imputed.mean())
            people = columns.get("population", np.empty(0))
            if _total(people) > 0:
                known["imputed_population_share"] = _total(people[imputed]) / _total(people)
        return known

    def _renamed(self, error: BadInput) -> BadInput:
        """Return an error with the column as the file writes it."""
        real = {insee_column(name, self.vintage): text for name, text in self.layout.found.items()}
        real["id"] = ", ".join(self.layout.places)
        return BadInput(
            error.message,
            file=error.file,
            row=error.row,
            column=real.get(error.column or "", error.column),
            found=error.found,
            expected=error.expected,
            hint=error.hint,
        )


def _inside(
    bbox: tuple[float, float, float, float],
    northing: NDArray[np.int32],
    easting: NDArray[np.int32],
    resolution: int,
) -> NDArray[np.int64]:
    """Positions of the tiles whose south-west corner lies in a box of metres."""
    west, south, east, north = (edge / resolution for edge in bbox)
    return np.flatnonzero(
        (easting >= west) & (easting < east) & (northing >= south) & (northing < north)
    )


def _taken(batch: pa.RecordBatch, keep: NDArray[np.int64]) -> pa.RecordBatch:
    return batch if len(keep) == len(batch) else batch.take(keep)


def _total(column: NDArray[Any]) -> float:
    """Sum counts exactly, in fixed point."""
    finite = np.where(np.abs(column) <= MAX_COUNT, column, 0.0)
    return int(np.rint(finite * FIXED_POINT).astype(np.int64).sum()) / FIXED_POINT
