"""Tables from outside by their columns: found under any of their known names, read as wanted.

CSV, Parquet and the attributes of vector layers, plain or in an archive, and JSON lists of records
(as the portals of French administrations export them).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput, nearest
from zonage.sources.archives import is_archive
from zonage.sources.tile_columns import as_bytes, as_numbers, is_missing, plain_column
from zonage.sources.tile_formats import FORMATS, Table, open_table, shortened

if TYPE_CHECKING:
    import pyarrow as pa

MAX_JSON = 512 * 2**20
"""Bytes of a JSON list of records, which is held in memory whole."""

_JSON_BATCH = 1 << 16


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of the rows of a table, or of some of them.

    Attributes
    ----------
    source : str
        The file, for messages.
    names : mapping of str to str
        What each column is called in the file, by the key of the reader. A column that the file
        lacks has no entry.
    batch : RecordBatch
        The columns, under their names in the file.
    rows : int64 array, shape (n,)
        Their numbers in the file, from 1.
    comma_list : bool
        Commas separate the columns of the file.
    """

    source: str
    names: Mapping[str, str]
    batch: pa.RecordBatch
    rows: NDArray[np.int64]
    comma_list: bool = False

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def __contains__(self, key: str) -> bool:
        return key in self.names

    def take(self, mask: NDArray[np.bool_]) -> Columns:
        """Return the rows of a mask, shape (n,)."""
        positions = np.flatnonzero(mask)
        return replace(self, batch=self.batch.take(positions), rows=self.rows[positions])

    def error(self, message: str, key: str, position: int, **details: Any) -> BadInput:
        """Return the error of a value, given by its column and its position among these rows."""
        return BadInput(
            message,
            file=self.source,
            row=int(self.rows[position]),
            column=self.names[key],
            **details,
        )

    def texts(self, key: str, digits: int = 0) -> list[str]:
        """Return a column as texts, as `labels` reads them."""
        labels, index = self.labels(key, digits)
        return [labels[position] for position in index.tolist()]

    def labels(self, key: str, digits: int = 0) -> tuple[list[str], NDArray[np.int64]]:
        """Return the distinct texts of a column, and which of them each row holds.

        Parameters
        ----------
        key : str
            The column.
        digits : int
            Length to which whole numbers regain the zeros that a code starts with.

        Returns
        -------
        labels : list of str
            Without blanks around them; the empty text stands for a missing one.
        index : int64 array, shape (n,)
        """
        import pyarrow as pa

        column = plain_column(self.batch, self.names[key])
        width = digits if pa.types.is_integer(column.type) else 0
        unique = as_bytes(column).dictionary_encode()
        texts = [_decoded(value).strip() for value in unique.dictionary.to_pylist()]
        index = unique.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
        return [*(text.rjust(width, "0") for text in texts), ""], index.astype(np.int64)

    def numbers(self, key: str, low: float, high: float) -> NDArray[np.float64]:
        """Return a column as numbers, NaN where the producer publishes none.

        Parameters
        ----------
        key : str
            The column.
        low, high : float
            What a number must lie between, both included.

        Raises
        ------
        BadInput
            If a value is no number, or out of the bounds.
        """
        numbers, unread = self.readable_numbers(key)
        bad = unread | (numbers < low) | (numbers > high)
        if bad.any():
            first = int(np.argmax(bad))
            raise self.error(
                "not a number in range",
                key,
                first,
                found=shortened(self._shown(key, first)),
                expected=f"{low:g} to {high:g}, or nothing",
            )
        return numbers

    def readable_numbers(self, key: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return a column as numbers, NaN where there is none, and where it holds other text."""
        column = plain_column(self.batch, self.names[key])
        found = as_numbers(column, self.comma_list)
        unread = found.is_null().to_numpy(zero_copy_only=False) & ~is_missing(column)
        return found.fill_null(np.nan).to_numpy(zero_copy_only=False).copy(), unread

    def _shown(self, key: str, position: int) -> str:
        column = plain_column(self.batch, self.names[key])
        return _decoded(as_bytes(column.slice(position, 1))[0].as_py())


@dataclass(frozen=True, eq=False)
class ColumnTable:
    """An open table, of which some columns are known.

    Attributes
    ----------
    source : str
        The file, with its name inside an archive.
    header : tuple of str
        All columns of the file.
    names : mapping of str to str
        Columns of the file by the key of the reader.
    """

    source: str
    header: tuple[str, ...]
    names: Mapping[str, str]
    _table: Table

    def batches(self, keys: Collection[str]) -> Iterator[Columns]:
        """Iterate over the rows, some thousands at a time, of those columns that there are."""
        names = {key: self.names[key] for key in keys if key in self.names}
        first = 1
        for batch in self._table.batches(list(dict.fromkeys(names.values()))):
            rows = np.arange(first, first + len(batch))
            yield Columns(self.source, names, batch, rows, self._table.comma_list)
            first += len(batch)

    def read(self, keys: Collection[str]) -> Columns:
        """Read columns whole.

        Raises
        ------
        BadInput
            If there is no row.
        """
        import pyarrow as pa

        parts = list(self.batches(keys))
        if not parts or not any(map(len, parts)):
            raise BadInput("a header without rows", file=self.source, expected="at least one row")
        table = pa.Table.from_batches([part.batch for part in parts]).combine_chunks()
        (whole,) = table.to_batches()
        return replace(parts[0], batch=whole, rows=np.arange(1, len(whole) + 1))

    def require(self, keys: Collection[str], known: Mapping[str, Sequence[str]]) -> None:
        """Check that columns are there; `known` has the names that each may have."""
        for key in keys:
            if key not in self.names:
                near = [name for alias in known[key] for name in nearest(alias, self.header)]
                raise BadInput(
                    "missing column",
                    file=self.source,
                    column=known[key][0],
                    found="columns " + shortened_list(self.header),
                    expected=" or ".join(known[key]),
                    hint=f"did you mean {near[0]}?" if near else None,
                )


@contextmanager
def open_columns(path: str | Path, known: Mapping[str, Sequence[str]]) -> Iterator[ColumnTable]:
    """Open a table and find its columns.

    Parameters
    ----------
    path : str or Path
        The file.
    known : mapping of str to sequence of str
        The names that a column may have, by the reader's key for it; the first that the file has
        is taken. Case, accents and signs between words do not count.

    Raises
    ------
    BadInput
        If the file cannot be read as a table, or a column comes twice.
    """
    path = Path(path)
    _check_file(path)
    if path.suffix.lower() in (".json", ".geojson") and _starts_with(path, b"["):
        table = _records(path)
        yield ColumnTable(table.source, tuple(table.columns), _found(table, known), table)
        return
    with open_table(path, None) as table:
        yield ColumnTable(table.source, tuple(table.columns), _found(table, known), table)


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise BadInput("no such file", file=path)
    if not (path.suffix.lower() in FORMATS or is_archive(path)):
        raise BadInput(
            "not a format of tables",
            file=path,
            found=path.suffix or "no ending",
            expected=", ".join(FORMATS) + ", .zip or .7z",
        )
    if path.stat().st_size == 0:
        raise BadInput("the file is empty", file=path, expected="a table with a header")


def _starts_with(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(start)


def _found(table: Table, known: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Columns of a table by the reader's keys."""
    by_name: dict[str, list[str]] = {}
    for column in table.columns:
        by_name.setdefault(plain_name(column), []).append(column)
    found = {}
    for key, names in known.items():
        columns = next((by_name[name] for name in map(plain_name, names) if name in by_name), [])
        if len(columns) > 1:
            raise BadInput("a column comes twice", file=table.source, column=columns[0])
        if columns:
            found[key] = columns[0]
    return found


def plain_name(name: str) -> str:
    """Return the name of a column without case, accents, and signs between words.

    Examples
    --------
    >>> plain_name("Code établissement"), plain_name("code_etablissement")
    ('code etablissement', 'code etablissement')
    """
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join(
        "".join(
            sign if sign.isalnum() else " " for sign in letters if not unicodedata.combining(sign)
        ).split()
    )


def shortened_list(names: Sequence[str]) -> str:
    """Return names for a message, the first forty of them."""
    return ", ".join(map(shortened, names[:40])) + (", ..." if len(names) > 40 else "")


def _decoded(value: bytes) -> str:
    """Return bytes as text: in UTF-8, or as Windows writes French where they are not."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


# --------------------------------------------------------------------------------------------------
# JSON lists of records


def _records(path: Path) -> Table:
    """Open a JSON list of records as a table of texts."""
    source = str(path)
    if path.stat().st_size > MAX_JSON:
        raise BadInput(
            "too large a JSON file",
            file=source,
            found=f"{path.stat().st_size} bytes",
            expected=f"at most {MAX_JSON} bytes",
            hint="export it as CSV or Parquet",
        )
    try:
        records = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadInput("not a sound JSON file", file=source, found=error) from None
    for row, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            found = shortened(repr(record))
            raise BadInput("not a record", file=source, row=row, found=found, expected="{...}")
    columns = list(dict.fromkeys(name for record in records for name in record))

    def batches(wanted: list[str]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for first in range(0, len(records), _JSON_BATCH):
            part = records[first : first + _JSON_BATCH]
            arrays = [pa.array([_text(r.get(name)) for r in part], pa.string()) for name in wanted]
            yield pa.record_batch(arrays, names=wanted)

    return Table(source, (path.name,), "JSON", columns, batches)


def _text(value: object) -> str | None:
    return None if value is None else str(value).encode("utf-8", "replace").decode()
