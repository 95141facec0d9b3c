"""Dated parameters of a law: their values, the values they may take, and their legal source."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from zonage.errors import BadInput
from zonage.law.exact import decimal

Value = int | float | bool | str
Kind = Literal["integer", "number", "flag", "choice", "text"]


@dataclass(frozen=True, slots=True)
class Domain:
    """The values that a parameter may take.

    Parameters
    ----------
    kind : {"integer", "number", "flag", "choice", "text"}
        Type of the value.
    minimum, maximum : float, optional
        Inclusive bounds of an integer or a number.
    choices : tuple of str
        Allowed words of a choice.

    Examples
    --------
    >>> str(Domain("number", 0, 1))
    'a number from 0 to 1'
    """

    kind: Kind
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def counted(self) -> bool:
        """Whether the values are numbers, which have a unit."""
        return self.kind in ("integer", "number")

    def __str__(self) -> str:
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind in ("flag", "text"):
            return {"flag": "true or false", "text": "a text"}[self.kind]
        noun = "an integer" if self.kind == "integer" else "a number"
        if self.minimum is not None and self.maximum is not None:
            return f"{noun} from {self.minimum:g} to {self.maximum:g}"
        if self.minimum is not None:
            return f"{noun} of at least {self.minimum:g}"
        return noun if self.maximum is None else f"{noun} of at most {self.maximum:g}"

    def accept(self, value: object) -> Value | None:
        """Return `value` as the plain type of this domain, or None where it does not belong.

        Examples
        --------
        >>> Domain("integer", 0).accept(800), Domain("integer", 0).accept(0.5)
        (800, None)
        """
        if self.kind == "flag":
            return value if isinstance(value, bool) else None
        if self.kind == "choice":
            return value if isinstance(value, str) and value in self.choices else None
        if self.kind == "text":
            return value if isinstance(value, str) and value.strip() else None
        number: int | float
        if isinstance(value, bool):
            return None
        if isinstance(value, numbers.Integral):
            number = int(value)
        elif self.kind == "number" and isinstance(value, float) and math.isfinite(value):
            number = float(value)
        else:
            return None
        if self.minimum is not None and number < self.minimum:
            return None
        return None if self.maximum is not None and number > self.maximum else number


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the law on one day.

    Attributes
    ----------
    name : str
        Name in the law file.
    value : int, float, bool or str
        Value in `unit`; that of the reform where there is one.
    legal_value : int, float, bool or str
        Value that the law sets.
    unit : str
        Unit of a number; empty for words and flags.
    valid_from, valid_to : date
        First and last day of the legal value; `valid_to` is None while it is in force.
    text, article, link : str
        Title, article and address of the text that sets the value.
    certainty : {"verified", "derived", "recalled"}
        How well the legal value is known.
    note : str
        What a reader should know about it; may be empty.
    title_fr, title_en : str
        The parameter in words.
    domain : Domain
        Values that it may take.
    """

    name: str
    value: Value
    legal_value: Value
    unit: str
    valid_from: date
    valid_to: date | None
    text: str
    article: str
    link: str
    certainty: str
    note: str
    title_fr: str
    title_en: str
    domain: Domain

    @property
    def reformed(self) -> bool:
        """Whether the value differs from the legal one."""
        return self.value != self.legal_value

    @property
    def period(self) -> str:
        """The days on which the legal value holds, in words."""
        if self.valid_to is None:
            return f"since {self.valid_from}"
        return f"from {self.valid_from} to {self.valid_to}"

    def holds(self, on: date) -> bool:
        """Return whether the legal value holds on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def to_dict(self) -> dict[str, Any]:
        """Return the parameter as plain values that JSON can hold."""
        return {
            "value": self.value,
            "legal_value": self.legal_value,
            "unit": self.unit,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": None if self.valid_to is None else self.valid_to.isoformat(),
            "text": self.text,
            "article": self.article,
            "link": self.link,
            "certainty": self.certainty,
            "note": self.note,
            "title_fr": self.title_fr,
            "title_en": self.title_en,
        }


@dataclass(frozen=True, slots=True)
class Reform:
    """One changed parameter: its path in the law, its new value and the legal one."""

    path: str
    value: Value
    legal_value: Value


def check_sums(
    pairs: Iterable[tuple[str, str]],
    parameters: Iterable[Parameter],
    *,
    place: str,
    file: str | None = None,
) -> None:
    """Refuse weights of a pair whose sum is not 1; a pair of which nothing is in force passes."""
    values = {item.name: item.value for item in parameters}
    for pair in pairs:
        present = [name for name in pair if name in values]
        if present and sum(decimal(values[name]) for name in present) != 1:
            raise BadInput(
                "weights must sum to 1",
                file=file,
                column=f"{place}.{pair[0]}",
                found=" + ".join(f"{name} {values[name]}" for name in present),
                hint=f"set {pair[0]} and {pair[1]} together",
            )
