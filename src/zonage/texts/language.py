"""Numbers and plurals in French and English."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

NARROW, FIXED = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

NOUNS = {
    "en": {
        "tile": ("tile", "tiles"),
        "inhabitant": ("inhabitant", "inhabitants"),
        "household": ("household", "households"),
        "quarter": ("quarter", "quarters"),
        "commune": ("commune", "communes"),
        "unit": ("urban unit", "urban units"),
        "draw": ("draw", "draws"),
    },
    "fr": {
        "tile": ("carreau", "carreaux"),
        "inhabitant": ("habitant", "habitants"),
        "household": ("ménage", "ménages"),
        "quarter": ("quartier", "quartiers"),
        "commune": ("commune", "communes"),
        "unit": ("unité urbaine", "unités urbaines"),
        "draw": ("tirage", "tirages"),
    },
}
"""What is counted: one, several."""

_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
           "octobre", "novembre", "décembre"),
}  # fmt: skip


@dataclass(frozen=True)
class Language:
    """How a language writes numbers, days and plurals.

    Attributes
    ----------
    code : {"en", "fr"}

    Examples
    --------
    >>> french = Language("fr")
    >>> print(french.number(1234.5, 1).replace(NARROW, " "))
    1 234,5
    >>> [one.count(0, "quarter").replace(FIXED, " ") for one in (Language("en"), french)]
    ['0 quarters', '0 quartier']
    """

    code: Literal["en", "fr"]

    def number(self, value: float | None, digits: int = 0) -> str:
        """Write a number with its thousands apart; a dash for none."""
        if value is None or not math.isfinite(value):
            return "-"
        text = f"{value:,.{digits}f}"
        if not text.strip("-0.,"):
            text = text.lstrip("-")
        text = text.replace("-", MINUS).replace(",", NARROW)
        return text.replace(".", ",") if self.code == "fr" else text

    def signed(self, value: float, digits: int = 0) -> str:
        """Write a number with its sign, 0 without one."""
        text = self.number(value, digits)
        return f"+{text}" if value > 0 and text.strip("0.,") else text

    def percent(self, share: float | None, digits: int = 1) -> str:
        """Write a share as a percentage."""
        text = self.number(None if share is None else 100 * share, digits)
        return text if text == "-" else f"{text}{NARROW}%"

    def plural(self, value: float, one: str, many: str) -> str:
        """Choose between the words for one and for several."""
        shown = round(abs(value))
        return one if shown == 1 or (self.code == "fr" and shown < 2) else many

    def count(self, value: float, noun: str) -> str:
        """Write a whole number with its noun, one of :data:`NOUNS`."""
        return f"{self.number(value)}{FIXED}{self.plural(value, *NOUNS[self.code][noun])}"

    def day(self, day: date) -> str:
        """Write a day with the name of its month."""
        first = "1er" if self.code == "fr" and day.day == 1 else str(day.day)
        return f"{first} {_MONTHS[self.code][day.month - 1]} {day.year}"

    def listed(self, names: list[str]) -> str:
        """Join names by commas and a last "and"."""
        if len(names) < 2:
            return "".join(names)
        last = " et " if self.code == "fr" else " and "
        return ", ".join(names[:-1]) + last + names[-1]

    def set(self, text: str) -> str:
        """Keep French punctuation from the start of a line."""
        if self.code == "en":
            return text
        return re.sub(r" (?=[:;?!»])|(?<=«) ", FIXED, text)
