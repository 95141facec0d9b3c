"""The rule in the account of a run: law, lines, method."""

from __future__ import annotations

from collections.abc import Iterator

from zonage.pipeline import Run
from zonage.report.pages import Block, Heading, Link, Listing, Paragraph, Part, Table, Text
from zonage.report.words import Words
from zonage.summary import main_unit
from zonage.variables import FIXED_POINT
from zonage.zoning import UnitLine, Zoning

MAX_UNITS = 100
"""Urban units in the table of lines: the most populous here."""


def law_blocks(run: Run, words: Words) -> Iterator[Block]:
    """The law as it was taken, the line of each urban unit, and the text behind each parameter."""
    zoning = run.zoning
    yield Heading(words.word("law"))
    yield Paragraph(words.joined(*_rule(zoning, words)))
    yield Paragraph(words.joined(*_line(zoning, words)))
    yield _lines_table(zoning, words)
    yield Paragraph(words.word("parameters"))
    texts = list(dict.fromkeys(Link(one.text, one.link) for one in zoning.law.parameters))
    yield _parameters_table(zoning, words, texts)
    yield Listing([[f"({number}) ", text] for number, text in enumerate(texts, start=1)])


def _rule(zoning: Zoning, words: Words) -> Iterator[Text]:
    law, says = zoning.law, words.says
    yield words.text(
        "rule_commune" if law.tests_commune else "rule",
        day=says.day(law.on),
        territory=words.known(law.territory),
        minimum=says.count(law.min_population, "inhabitant"),
        unit_minimum=says.count(float(law.unit_minimum.value), "inhabitant"),
    )
    yield words.text(
        "line_rule", factor=words.share(law.factor), step=says.number(law.threshold_rounding)
    )
    if law.reforms:
        changes: list[Part] = []
        for reform in law.reforms:
            parameter = law.parameter(reform.path.rpartition(".")[2])
            changes += [", "] * bool(changes)
            changes += words.text(
                "change",
                name=words.title(parameter),
                value=words.value(parameter, reform.value),
                legal=words.value(parameter, reform.legal_value),
            )
        yield words.text("reformed", changes=changes)


def _line(zoning: Zoning, words: Words) -> Iterator[Text]:
    unit, says = main_unit(zoning), words.says
    name = unit.legal.name or unit.legal.unit or ""
    line = says.number(unit.line)
    if unit.basis != "legal":
        yield words.text("calibrated", line=line)
    elif unit.legal.concept == "declared":
        threshold = says.number(unit.legal.threshold)
        yield words.text("declared", unit=name, threshold=threshold, line=line)
    else:
        yield words.text("disposable", unit=name, line=line)


def _lines_table(zoning: Zoning, words: Words) -> Table:
    says, tiles = words.says, zoning.tiles
    people = tiles.count("population")
    rows: dict[tuple[object, ...], tuple[int, list[Text]]] = {}
    for unit in zoning.units:
        code = unit.legal.unit
        place = -1 if code is None else tiles.urban_unit.labels.index(code)
        here = int(people[tiles.urban_unit.index == place].sum())
        rows[(code, unit.line, unit.legal.qualifies)] = (
            here,
            [
                unit.legal.name or code or words.word("outside"),
                says.number(here / FIXED_POINT),
                says.number(unit.legal.unit_median),
                says.number(unit.legal.threshold),
                says.number(unit.line),
                words.word(unit_remark(unit)),
            ],
        )
    ranked = sorted(rows.values(), key=lambda row: -row[0])[:MAX_UNITS]
    return Table(words.header("lines_table"), [row for _, row in ranked], frozenset({1, 2, 3, 4}))


def unit_remark(unit: UnitLine) -> str:
    """Say by a key of the texts what the line of a unit rests on, or why it has none."""
    legal = unit.legal
    if legal.unit is None:
        return "outside"
    if legal.qualifies is False:
        return "unit_small"
    if unit.line is not None and unit.basis != "legal":
        return "chosen"
    if unit.line is not None:
        return f"from_{legal.certainty}"
    if legal.unit_median is None:
        return "unit_unknown"
    return "population_unknown" if legal.population is None else "no_line"


def _parameters_table(zoning: Zoning, words: Words, texts: list[Link]) -> Table:
    rows: list[list[Text]] = []
    for parameter in zoning.law.parameters:
        value: Text = words.value(parameter, parameter.value)
        if parameter.reformed:
            legal = words.value(parameter, parameter.legal_value)
            value = words.text("reform_value", value=value, legal=legal)
        rows.append(
            [
                words.title(parameter),
                value,
                parameter.article,
                f"({texts.index(Link(parameter.text, parameter.link)) + 1})",
                words.word(parameter.certainty),
            ]
        )
    return Table(words.header("parameters_table"), rows)


def method_blocks(run: Run, words: Words) -> Iterator[Block]:
    """The method in one paragraph, each option that is in use in a sentence."""
    yield Heading(words.word("method"))
    yield Paragraph(words.joined(*_method(run.zoning, words)))


def _method(zoning: Zoning, words: Words) -> Iterator[Text]:
    method, says = zoning.method, words.says
    poor = {"households", "poor_households"} <= zoning.tiles.counts.keys()
    yield words.text(method.estimator if poor else "mean")
    if method.smoothing:
        yield words.text("smoothing", width=says.number(method.smoothing, 1))
    yield words.text("flag")
    if method.border_share:
        margin, share = words.share(method.border_margin), words.share(method.border_share)
        yield words.text("border", margin=margin, share=share)
    joined = "join_corners" if method.connectivity == 8 else "join_edges"
    yield (*words.text(joined), *words.text("within" if method.within_units else "across"))
    if method.bridge:
        yield words.text("bridge", gap=says.count(method.bridge + 1, "tile"))
    if method.fill_holes:
        yield words.text("holes", size=says.count(method.fill_holes, "tile"))
    if method.complete_from < 1:
        yield words.text("complete", share=words.share(method.complete_from))
    density: Text = ""
    if "min_density" in zoning.law:
        parameter = zoning.law.parameter("min_density")
        density = words.text("keep_density", density=words.value(parameter, parameter.value))
    median = words.word("keep_median") if method.zone_median else ""
    yield words.text("keep", density=density, median=median)
    yield words.text("model")
