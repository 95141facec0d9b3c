"""What a reader of the account of a run must be careful about, from the figures of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from zonage.pipeline import Run
from zonage.report.pages import Block, Heading, Listing, Text
from zonage.report.rule import unit_remark
from zonage.report.words import Words
from zonage.scenarios.margins import Margin
from zonage.variables import FIXED_POINT
from zonage.zoning import Reason, UnitLine, Zoning

IMPUTED = 0.2
"""Share of a quarter's inhabitants in imputed tiles from which it is named: that of France."""

CLOSE, SPARE = 100, 100
"""EUR to the line, and inhabitants above the minimum, below which a quarter is named."""

NAMED = 30
"""Names in one sentence, at most."""


def caution_blocks(run: Run, words: Words, margins: tuple[Margin, ...] | None) -> Iterator[Block]:
    """A sentence on each thing that limits what the figures say."""
    zoning = run.zoning
    items: list[Text] = [words.word("caution_income"), words.word("caution_model")]
    items += _line(zoning, words)
    items += _units(zoning, words)
    items += _quarters(zoning, words, margins)
    if "poor_households" in zoning.tiles.counts:
        items.append(words.word("caution_poor"))
    if any(parameter.certainty != "verified" for parameter in zoning.law.parameters):
        items.append(words.word("caution_certainty"))
    yield Heading(words.word("caution"))
    yield Listing(items)


def _line(zoning: Zoning, words: Words) -> Iterator[Text]:
    if zoning.calibrated:
        yield words.word("caution_calibrated")
        return
    law, reference = zoning.law, zoning.reference
    concept, vintage = str(law.income_concept), str(law.income_vintage)
    if reference.concept != concept:
        used, asked = words.known(reference.concept), words.known(concept)
        yield words.text("caution_concept", used=used, law=asked)
    if vintage.split()[-1] != str(reference.year):
        yield words.text("caution_year", used=str(reference.year), law=vintage)
    if zoning.tiles.vintage not in (None, reference.year):
        tiles, line = str(zoning.tiles.vintage), str(reference.year)
        yield words.text("caution_vintage", tiles=tiles, line=line)


def _units(zoning: Zoning, words: Words) -> Iterator[Text]:
    remarks: dict[str, list[UnitLine]] = {}
    for unit in zoning.units:
        remarks.setdefault(unit_remark(unit), []).append(unit)
    if "from_estimated" in remarks:
        names = _names(remarks["from_estimated"], words)
        yield words.text("caution_medians", units=names)
    lacking = ("unit_unknown", "population_unknown", "no_line", "outside")
    for text, keys in (("caution_no_line", lacking), ("caution_small", ("unit_small",))):
        units = [unit for key in keys for unit in remarks.get(key, ())]
        here = _left_out(zoning, units)
        if here > 0:
            count = words.says.count(here, "inhabitant")
            yield words.text(text, people=count, units=_names(units, words))


def _left_out(zoning: Zoning, units: Sequence[UnitLine]) -> float:
    """Inhabitants of some units who live where no quarter can be."""
    tiles = zoning.tiles
    places = {
        -1 if unit.legal.unit is None else tiles.urban_unit.labels.index(unit.legal.unit)
        for unit in units
    }
    out = np.isin(zoning.reason, (Reason.NO_LINE, Reason.UNIT_TOO_SMALL))
    here = out & np.isin(tiles.urban_unit.index, list(places))
    return int(tiles.count("population")[here].sum()) / FIXED_POINT


def _names(units: Sequence[UnitLine], words: Words) -> Text:
    found = dict.fromkeys(
        unit.legal.name or unit.legal.unit or words.word("outside") for unit in units
    )
    return _first(list(found), words)


def _first(names: Sequence[str], words: Words) -> Text:
    shown = list(names[:NAMED]) + ["..."] * (len(names) > NAMED)
    return words.listed(shown)


def _quarters(zoning: Zoning, words: Words, margins: tuple[Margin, ...] | None) -> Iterator[Text]:
    says, table = words.says, zoning.table
    imputed = [
        str(zone)
        for zone, share in zip(table["zone"], table.get("imputed_share", ()), strict=False)
        if share > IMPUTED
    ]
    if imputed:
        yield words.text(
            "caution_imputed", share=says.percent(IMPUTED, 0), zones=_first(imputed, words)
        )
    close = [one.quarter for one in margins or () if one.eur is not None and -one.eur < CLOSE]
    if close:
        yield words.text("caution_close", shift=says.number(CLOSE), zones=_first(close, words))
    least = zoning.law.min_population + SPARE
    spare = [
        str(zone)
        for zone, people in zip(table["zone"], table["population"], strict=True)
        if people < least
    ]
    if spare:
        count = says.count(SPARE, "inhabitant")
        yield words.text("caution_spare", spare=count, zones=_first(spare, words))
