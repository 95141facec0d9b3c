"""How the account of a run words things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from zonage.law.parameters import Parameter
from zonage.report.pages import Code, Part, Text, filled
from zonage.texts.language import Language
from zonage.texts.report import REPORT_TEXTS, UNIT_TEXTS, WORD_TEXTS


@dataclass(frozen=True)
class Words:
    """The texts of one language.

    Attributes
    ----------
    language : {"en", "fr"}
    """

    language: Literal["en", "fr"]

    @property
    def says(self) -> Language:
        """How numbers and plurals are written."""
        return Language(self.language)

    def text(self, key: str, **values: Text) -> tuple[Part, ...]:
        """Return a text of :data:`zonage.texts.report.REPORT_TEXTS` with its fields filled in."""
        return filled(self.says.set(REPORT_TEXTS[self.language][key]), **values)

    def word(self, key: str) -> str:
        """Return a text that has no fields."""
        return self.says.set(REPORT_TEXTS[self.language][key])

    def header(self, key: str) -> list[str]:
        """Return the header of a table."""
        return self.word(key).split("|")

    def joined(self, *sentences: Text) -> tuple[Part, ...]:
        """Put sentences one after the other."""
        parts: list[Part] = []
        for sentence in sentences:
            parts += [" "] * bool(parts)
            parts += [sentence] if isinstance(sentence, str) else sentence
        return tuple(parts)

    def listed(self, items: Sequence[Part]) -> tuple[Part, ...]:
        """Put names one after the other, apart by commas."""
        parts: list[Part] = []
        for item in items:
            parts += [", "] * bool(parts)
            parts.append(item)
        return tuple(parts)

    def codes(self, names: Sequence[str]) -> tuple[Part, ...]:
        """Put names of files one after the other."""
        return self.listed([Code(name) for name in names])

    def title(self, parameter: Parameter) -> str:
        """Name a parameter of the law."""
        return parameter.title_fr if self.language == "fr" else parameter.title_en

    def value(self, parameter: Parameter, value: Any) -> str:
        """Write a value of a parameter with its unit."""
        if isinstance(value, bool):
            return self.word("yes" if value else "no")
        if isinstance(value, str):
            return WORD_TEXTS[self.language].get(value, value)
        if parameter.unit == "year":
            return str(value)
        digits = 0 if value == round(value) else len(f"{value:g}".partition(".")[2])
        unit = UNIT_TEXTS[self.language].get(parameter.unit, parameter.unit)
        return f"{self.says.number(value, digits)} {'' if unit == 'ratio' else unit}".strip()

    def share(self, share: float) -> str:
        """Write a share that someone has set, with no more decimals than it has."""
        return self.says.percent(share, 0 if round(100 * share, 6) == round(100 * share) else 1)

    def known(self, word: str) -> str:
        """Return a word of the law file as this language writes it."""
        return WORD_TEXTS[self.language].get(word, word)
