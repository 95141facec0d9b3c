"""Law files: each parameter of each territory, with the periods in which each value holds.

Every value names the text that sets it. A file is checked whole before a law is taken from it;
`load_law` takes the values of one day as a `Law`.
"""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from zonage.errors import BadInput, suggestion
from zonage.law.blocks import Block, as_date, domain_of, load_yaml, titles_of
from zonage.law.model import Law
from zonage.law.parameters import Domain, Parameter, check_sums

CERTAINTIES = ("verified", "derived", "recalled")
MODELS = ("complement",)
"""Files beside the laws that are models of ours, no law."""


@dataclass(frozen=True, slots=True)
class _Territory:
    parameters: dict[str, tuple[Parameter, ...]]
    sums_to_one: tuple[tuple[str, str], ...]

    def on(self, day: date) -> tuple[Parameter, ...]:
        return tuple(
            item for dated in self.parameters.values() for item in dated if item.holds(day)
        )

    @property
    def period(self) -> str:
        values = [item for dated in self.parameters.values() for item in dated]
        first = min(item.valid_from for item in values)
        ends = [item.valid_to for item in values if item.valid_to is not None]
        return f"since {first}" if len(ends) < len(values) else f"from {first} to {max(ends)}"


@dataclass(frozen=True, slots=True)
class LawFile:
    """A law file that has been read and checked: its name and its territories."""

    name: str
    file: str
    _territories: dict[str, _Territory] = field(repr=False)

    @property
    def territories(self) -> tuple[str, ...]:
        """Keys of the territories."""
        return tuple(self._territories)

    def at(self, on: str | date, territory: str) -> Law:
        """Return the law of a day in a territory.

        Raises
        ------
        BadInput
            If the territory is unknown, the day is no date, or nothing is in force on it.

        Examples
        --------
        >>> _packaged_law("qpv").at("2015-01-01", "martinique_reunion").min_density
        2000
        """
        day = as_date(on)
        if territory not in self._territories:
            raise BadInput(
                f"law {self.name} has no territory {territory!r}",
                hint=suggestion(territory, self._territories),
            )
        rules = self._territories[territory]
        parameters = rules.on(day)
        if not parameters:
            raise BadInput(
                f"law {self.name} sets nothing in {territory} on {day}",
                hint=f"its values hold {rules.period}",
            )
        names = {item.name for item in parameters}
        return Law(
            self.name, day, territory, parameters, rules.sums_to_one, self._absent(names, territory)
        )

    def _absent(self, present: set[str], territory: str) -> tuple[tuple[str, str], ...]:
        periods: dict[str, list[str]] = {}
        for key, rules in self._territories.items():
            for name, dated in rules.parameters.items():
                if name not in present:
                    where = "" if key == territory else f"in {key} "
                    periods.setdefault(name, []).extend(where + item.period for item in dated)
        return tuple((name, " and ".join(when)) for name, when in periods.items())


def load_law(name: str, *, on: str | date, territory: str = "metropole") -> Law:
    """Return the law in force on a day in a territory.

    Parameters
    ----------
    name : str
        Name of the law: `"qpv"`.
    on : str or date
        The day, as `"2024-01-01"`.
    territory : str
        `"metropole"` or `"martinique_reunion"`.

    Raises
    ------
    BadInput
        If there is no such law or territory, or nothing is in force on that day.

    Examples
    --------
    >>> from zonage.law import load_law
    >>> load_law("qpv", on="2024-01-01").factor
    0.6
    """
    return _packaged_law(name).at(on, territory)


@lru_cache(maxsize=8)
def _packaged_law(name: str) -> LawFile:
    from importlib import resources

    folder = resources.files("zonage.law")
    files = (item.name for item in folder.iterdir() if item.name.endswith(".yaml"))
    names = sorted({file.removesuffix(".yaml") for file in files} - set(MODELS))
    if name not in names:
        raise BadInput(f"no law named {name!r}", hint=suggestion(name, names))
    file = f"{name}.yaml"
    return parse_law((folder / file).read_text(encoding="utf-8"), file=file)


def parse_law(text: str, *, file: str) -> LawFile:
    """Read and check the text of a law file.

    Parameters
    ----------
    text : str
        YAML in the layout of `qpv.yaml`.
    file : str
        Its name, for errors.

    Raises
    ------
    BadInput
        With the file and the key at fault: bad YAML, a key that is unknown, missing or given twice,
        a value of the wrong type or out of range, dates that overlap or are out of order, weights
        that do not sum to 1.
    """
    root = Block(file, "", load_yaml(text, file))
    name = root.text("law")
    titles_of(root)
    texts = _texts(root.block("texts"))
    blocks = root.block("territories")
    territories = {key: _territory(blocks.block(key), texts) for key in blocks.names()}
    root.end()
    if not territories:
        raise blocks.error("the law has no territory")
    return LawFile(name, file, territories)


def _texts(block: Block) -> dict[str, tuple[str, str]]:
    texts = {}
    for key in block.names():
        entry = block.block(key)
        texts[key] = (entry.text("title"), entry.text("link"))
        entry.optional("in_force", date, "a date")
        entry.end()
    return texts


def _territory(block: Block, texts: dict[str, tuple[str, str]]) -> _Territory:
    titles_of(block)
    entries = block.block("parameters")
    parameters = {key: _dated(entries.block(key), key, texts) for key in entries.names()}
    pairs = block.optional("sums_to_one", list, "a list of pairs of parameters") or []
    block.end()
    if not parameters:
        raise entries.error("the territory has no parameter")
    for pair in pairs:
        known = isinstance(pair, list) and all(str(name) in parameters for name in pair)
        if not known or len(pair) != 2:
            raise block.error("not two of the parameters", "sums_to_one", found=reprlib.repr(pair))
        for name in pair:
            if not parameters[name][0].domain.counted:
                raise block.error("not a number", "sums_to_one", found=name)
    territory = _Territory(parameters, tuple((first, second) for first, second in pairs))
    for day in _days_of_change(parameters):
        check_sums(territory.sums_to_one, territory.on(day), place=entries.place, file=block.file)
    return territory


def _days_of_change(parameters: dict[str, tuple[Parameter, ...]]) -> list[date]:
    values = [item for dated in parameters.values() for item in dated]
    after = [item.valid_to + timedelta(days=1) for item in values if item.valid_to is not None]
    return sorted({*(item.valid_from for item in values), *after})


def _dated(block: Block, name: str, texts: dict[str, tuple[str, str]]) -> tuple[Parameter, ...]:
    if hasattr(Law, name):
        raise block.error("a law has an attribute of this name")
    title_fr, title_en = titles_of(block)
    domain = domain_of(block)
    unit = block.text("unit") if domain.counted else ""
    entries = block.take("values", list, "a list of dated values")
    block.end()
    if not entries:
        raise block.error("missing value", "values")
    dated: list[Parameter] = []
    for index, data in enumerate(entries):
        entry = Block(block.file, f"{block.place}.values[{index}]", data)
        item = _parameter(entry, name, unit, domain, title_fr, title_en, texts)
        if dated and (dated[-1].valid_to is None or item.valid_from <= dated[-1].valid_to):
            raise entry.error(
                "dates overlap or are out of order",
                "from",
                found=item.valid_from,
                expected=f"a day after the previous value, which holds {dated[-1].period}",
            )
        dated.append(item)
    return tuple(dated)


def _parameter(
    entry: Block,
    name: str,
    unit: str,
    domain: Domain,
    title_fr: str,
    title_en: str,
    texts: dict[str, tuple[str, str]],
) -> Parameter:
    value = domain.accept(entry.take("value", object, str(domain)))
    if value is None:
        raise entry.error(
            "wrong value", "value", found=reprlib.repr(entry.data["value"]), expected=str(domain)
        )
    valid_from: date = entry.take("from", date, "a date")
    valid_to: date | None = entry.optional("to", date, "a date")
    if valid_to is not None and valid_to < valid_from:
        raise entry.error("ends before it begins", "to", found=valid_to)
    text = entry.text("text")
    if text not in texts:
        raise entry.error("unknown text", "text", found=text, hint=suggestion(text, texts))
    certainty = entry.text("certainty")
    if certainty not in CERTAINTIES:
        raise entry.error(
            "unknown certainty", "certainty", found=certainty, expected=" or ".join(CERTAINTIES)
        )
    article = entry.text("article")
    note = entry.optional("note", str, "a text") or ""
    entry.end()
    title, link = texts[text]
    return Parameter(
        name=name,
        value=value,
        legal_value=value,
        unit=unit,
        valid_from=valid_from,
        valid_to=valid_to,
        text=title,
        article=article,
        link=link,
        certainty=certainty,
        note=note,
        title_fr=title_fr,
        title_en=title_en,
        domain=domain,
    )
