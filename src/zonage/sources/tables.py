"""Small csv tables of the project's own making, read with every row checked."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zonage.errors import BadInput, ZonageError


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: text by column, and how to read it as numbers.

    Attributes
    ----------
    file : str
        The file, for messages.
    number : int
        Position among the data rows, from 1.
    values : dict of str to str
        Text by column, stripped.
    """

    file: str
    number: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    def error(self, message: str, column: str, **details: object) -> BadInput:
        """Return the error of a column of this row."""
        return BadInput(message, file=self.file, row=self.number, column=column, **details)  # type: ignore[arg-type]

    def text(self, column: str) -> str:
        """Return a text that must not be empty."""
        if not self.values[column]:
            raise self.error("empty", column, expected="a text")
        return self.values[column]

    def whole(self, column: str) -> int | None:
        """Return a whole number that is not negative, None where the field is empty."""
        value = self.values[column]
        if not value:
            return None
        if not (value.isascii() and value.isdigit()):
            raise self.error("not a whole number", column, found=value, expected="digits only")
        return int(value)

    def number_between(self, column: str, low: float, high: float) -> float:
        """Return a finite number within bounds."""
        value = self.values[column]
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise self.error(
                "not a number in range", column, found=value, expected=f"{low:g} to {high:g}"
            )
        return number


def read_rows(path: str | Path, columns: Sequence[str]) -> Iterator[Row]:
    """Read a comma-separated UTF-8 table with a header; lines that start with # are remarks.

    Parameters
    ----------
    path : str or Path
        The file.
    columns : sequence of str
        Columns that it must have; others are read too.

    Raises
    ------
    BadInput
        If the file cannot be read, lacks a column, or a row has not as many fields as the header.
    """
    file = str(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader((line for line in stream if not line.startswith("#")), strict=True)
            header = [name.strip() for name in next(reader, [])]
            for column in columns:
                if column not in header:
                    raise BadInput(
                        "missing column", file=file, column=column, found=", ".join(header)
                    )
            for number, fields in enumerate(reader, start=1):
                if len(fields) != len(header):
                    raise BadInput(
                        "wrong number of fields",
                        file=file,
                        row=number,
                        found=len(fields),
                        expected=len(header),
                    )
                yield Row(file, number, dict(zip(header, map(str.strip, fields), strict=True)))
    except OSError as error:
        raise BadInput("cannot be read", file=file, found=error.strerror) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput("not a csv table in UTF-8", file=file, found=error) from None


def data_folder(name: str) -> Path:
    """Return a folder of the data that come with zonage, of the wheel or of the checkout.

    Parameters
    ----------
    name : str
        ``"reference"`` or ``"demo"``.

    Raises
    ------
    ZonageError
        If the installation lacks it.

    Examples
    --------
    >>> data_folder("reference").name
    'reference'
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "data" / name, package.parents[1] / "data" / name):
        if folder.is_dir():
            return folder
    raise ZonageError(f"the installation lacks its folder data/{name}; install zonage again")
