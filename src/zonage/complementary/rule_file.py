"""The file of the rule of complementary perimeters: read whole and checked before it is used.

Every value has the days on which it holds, a reason, and what the reason rests on.
"""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from zonage.complementary.choices import LEVELS, MODEL, OF_INDICATORS, Choice, Model
from zonage.complementary.rule import Rule
from zonage.errors import BadInput, suggestion
from zonage.law.blocks import Block, as_date, domain_of, load_yaml, titles_of
from zonage.law.parameters import Domain, Value

GENERAL = (
    "decision",
    *(f"level_{level}_{of}" for of in ("families", "score") for level in LEVELS),
    "min_population",
    "connectivity",
    "exclude_quarters",
    "buffer",
    "buffer_around",
    "min_coverage",
    "low_coverage",
)
"""Parameters that belong to no indicator."""

OF_EACH = tuple(part for part in OF_INDICATORS if part != "cutoff")
"""Parameters of every indicator that have a value unless the indicator has its own."""

Bases = dict[str, tuple[str, str]]
"""Title and link of what reasons rest on, by the word for it."""


def load_rule(name: str = MODEL, *, on: str | date | None = None) -> Rule:
    """Return the packaged rule of the complementary perimeters.

    Parameters
    ----------
    name : str
        Name of the model: ``"complement"``.
    on : str or date, optional
        The day whose values are taken; by default those in force last.

    Raises
    ------
    BadInput
        If there is no such model, or it sets nothing on that day.

    Examples
    --------
    >>> load_rule().indicators[:2]
    ('very_low_income_share', 'income_median')
    """
    from importlib import resources

    if name != MODEL:
        raise BadInput(f"no model named {name!r}", hint=suggestion(name, [MODEL]))
    return _packaged((resources.files("zonage.law") / f"{name}.yaml").read_text("utf-8")).at(on)


@cache
def _packaged(text: str) -> RuleFile:
    return parse_rule(text, file=f"{MODEL}.yaml")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file of the rule that has been read and checked.

    Attributes
    ----------
    name, title_fr, title_en, remark : str
        As in `zonage.complementary.choices.Model`.
    dated : tuple of tuples of Choice
        The versions of each choice, the oldest first.
    """

    name: str
    title_fr: str
    title_en: str
    remark: str
    dated: tuple[tuple[Choice, ...], ...]

    def at(self, on: str | date | None = None) -> Rule:
        """Return the rule of a day, by default that of the last values.

        Raises
        ------
        BadInput
            If the day is no date, or a parameter has no value on it yet.
        """
        day = date.max if on is None else as_date(on)
        choices = []
        for versions in self.dated:
            known = [choice for choice in versions if choice.valid_from <= day]
            if not known:
                raise BadInput(
                    f"the model {self.name} has no value on {day}",
                    column=versions[0].path,
                    hint=f"its values hold since {versions[0].valid_from}",
                )
            choices.append(known[-1])
        model = Model(self.name, self.title_fr, self.title_en, self.remark, tuple(choices))
        return Rule(model, tuple(choice.value for choice in choices)).reform()


def parse_rule(text: str, *, file: str) -> RuleFile:
    """Read and check the text of a file in the layout of `complement.yaml`.

    Raises
    ------
    BadInput
        With the file and the key at fault: bad YAML, a key that is unknown, missing or given
        twice, a value of the wrong type or out of range, days out of order, a basis that the file
        does not name.
    """
    root = Block(file, "", load_yaml(text, file))
    name = root.text("model")
    title_fr, title_en = titles_of(root)
    remark = root.text("remark")
    bases = _bases(root.block("bases"))
    parameters = root.block("parameters")
    dated = [_dated(parameters.block(key), key, bases) for key in GENERAL]
    parameters.end()
    defaults = root.block("of_each_indicator")
    of_each = {part: _dated(defaults.block(part), part, bases) for part in OF_EACH}
    defaults.end()
    indicators = root.block("indicators")
    for key in indicators.names():
        dated += _of_indicator(indicators.block(key), key, of_each, bases)
    root.end()
    if len(dated) == len(GENERAL):
        raise indicators.error("the model has no indicator")
    return RuleFile(name, title_fr, title_en, remark, tuple(dated))


def _bases(block: Block) -> Bases:
    bases = {}
    for key in block.names():
        entry = block.block(key)
        bases[key] = (entry.text("title"), entry.optional("link", str, "a text") or "")
        entry.end()
    return bases


def _of_indicator(
    block: Block, name: str, of_each: dict[str, tuple[Choice, ...]], bases: Bases
) -> list[tuple[Choice, ...]]:
    """Read what an indicator says of itself, and take the rest from what holds for each."""
    title_fr, title_en = titles_of(block)
    dated = []
    for part in OF_INDICATORS:
        if part == "cutoff":
            versions = _dated(block.block(part), part, bases)
        elif block.optional(part, dict, "a block of keys") is None:
            versions = of_each[part]
        else:
            versions = _versions(block.block(part), of_each[part][0], bases)
        dated.append(
            tuple(
                replace(
                    one,
                    path=f"{name}.{part}",
                    title_fr=f"{title_fr} : {one.title_fr}",
                    title_en=f"{title_en}: {one.title_en}",
                )
                for one in versions
            )
        )
    block.end()
    return dated


def _dated(block: Block, path: str, bases: Bases) -> tuple[Choice, ...]:
    """Read a choice: what it is, then its dated values."""
    title_fr, title_en = titles_of(block)
    domain = domain_of(block)
    unit = block.text("unit") if domain.counted else ""
    like = Choice(path, "", domain, (), unit, title_fr, title_en, "", "", "", date.min)
    return _versions(block, like, bases)


def _versions(block: Block, like: Choice, bases: Bases) -> tuple[Choice, ...]:
    """Read the dated values of a choice of which the rest is known."""
    tested = block.optional("tested", list, "a list of values")
    if tested is not None:
        values = (_accepted(block, "tested", value, like.domain) for value in tested)
        like = replace(like, tested=tuple(values))
    entries = block.take("values", list, "a list of dated values")
    block.end()
    versions: list[Choice] = []
    for number, data in enumerate(entries):
        entry = Block(block.file, f"{block.place}.values[{number}]", data)
        version = _version(entry, like, bases)
        if versions and version.valid_from <= versions[-1].valid_from:
            raise entry.error(
                "not after the value before it",
                "from",
                found=version.valid_from,
                expected=f"a day after {versions[-1].valid_from}",
            )
        versions.append(version)
    if not versions:
        raise block.error("missing value", "values")
    return tuple(versions)


def _version(entry: Block, like: Choice, bases: Bases) -> Choice:
    value = _accepted(entry, "value", entry.take("value", object, "a value"), like.domain)
    first: date = entry.take("from", date, "a date")
    reason, basis = entry.text("reason"), entry.text("basis")
    entry.end()
    if basis not in bases:
        raise entry.error("unknown basis", "basis", found=basis, hint=suggestion(basis, bases))
    title, link = bases[basis]
    return replace(like, value=value, reason=reason, basis=title, link=link, valid_from=first)


def _accepted(block: Block, key: str, value: Any, domain: Domain) -> Value:
    accepted = domain.accept(value)
    if accepted is None:
        raise block.error("wrong value", key, found=reprlib.repr(value), expected=str(domain))
    return accepted
