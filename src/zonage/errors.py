"""The two ways in which a job of the engine ends without a result, and hints for their messages."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from pathlib import Path


class ZonageError(Exception):
    """A run that failed although its inputs were good (exit code 1)."""


class BadInput(ZonageError):
    """An input that cannot be used: what, where, what was expected and what to do (exit code 2).

    Parameters
    ----------
    message : str
        What is wrong, in one sentence.
    file : str or Path, optional
        The file that holds it.
    row : int, optional
        The data row, counted from 1 and without header lines.
    column : str, optional
        The column, key or attribute.
    found, expected : object, optional
        What stands there, and what should.
    hint : str, optional
        What the user can do about it.

    Examples
    --------
    >>> print(BadInput("negative count", file="tiles.csv", row=7, column="ind", found=-3))
    tiles.csv, row 7, column ind: negative count; found -3
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        row: int | None = None,
        column: str | None = None,
        found: object = None,
        expected: object = None,
        hint: str | None = None,
    ) -> None:
        self.message = message
        self.file = None if file is None else str(file)
        self.row = row
        self.column = column
        self.found = found
        self.expected = expected
        self.hint = hint
        super().__init__(message)

    def located(
        self,
        *,
        file: str | Path | None = None,
        row: int | None = None,
        column: str | None = None,
    ) -> BadInput:
        """Return the same error with the place filled in where it was not known.

        Examples
        --------
        >>> BadInput("empty").located(file="tiles.csv").file
        'tiles.csv'
        """
        return BadInput(
            self.message,
            file=self.file if self.file is not None else file,
            row=self.row if self.row is not None else row,
            column=self.column if self.column is not None else column,
            found=self.found,
            expected=self.expected,
            hint=self.hint,
        )

    @property
    def _column_word(self) -> str:
        """What a column is called in the file: a project or a law has keys."""
        return "key" if (self.file or "").endswith((".toml", ".yaml", ".yml")) else "column"

    def __str__(self) -> str:
        place = [
            text
            for text, known in (
                (self.file, self.file is not None),
                (f"row {self.row}", self.row is not None),
                (f"{self._column_word} {self.column}", self.column is not None),
            )
            if known and text is not None
        ]
        parts = [(", ".join(place) + ": " if place else "") + self.message]
        if self.found is not None:
            parts.append(f"found {self.found}")
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.hint is not None:
            parts.append(self.hint)
        return "; ".join(parts)


def nearest(word: object, known: Iterable[str]) -> list[str]:
    """Return the known names that a word resembles, at most three, the nearest first.

    Examples
    --------
    >>> nearest("min_populaton", ["factor", "min_population"])
    ['min_population']
    """
    return difflib.get_close_matches(str(word), sorted(set(known)), n=3)


def suggestion(word: object, known: Collection[str]) -> str:
    """Return a hint for a word that is none of a few names: the nearest, or all if none is near.

    Examples
    --------
    >>> suggestion("metropol", ["metropole", "martinique"]), suggestion("x", ["qpv", "zus"])
    ('did you mean metropole?', 'known: qpv, zus')
    """
    near = nearest(word, known)
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
