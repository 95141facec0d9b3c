"""The computed quarters in the account of a run, and what other lines would give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zonage.pipeline import Run
from zonage.report.pages import Block, Code, Heading, Paragraph, Picture, Table, Text
from zonage.report.words import Words
from zonage.scenarios.curves import Curve, Response
from zonage.scenarios.margins import REACH, Margin
from zonage.texts.figures import OPTION_TEXTS

MAX_ROWS = 200
"""Rows of a table of quarters: the most populous; zones.csv has all."""

SHIFT, LESS = 500, 0.8
"""EUR that the line is moved by, and share of the minimum population, in the sentences on them."""


def quarters_blocks(
    run: Run,
    words: Words,
    margins: tuple[Margin, ...] | None,
    pictures: Mapping[str, bytes],
) -> Iterator[Block]:
    """The table of the computed quarters."""
    zoning = run.zoning
    if not zoning.zone_count:
        return
    yield Heading(words.word("results"))
    if "quarters.png" in pictures:
        yield Picture("quarters.png", pictures["quarters.png"], words.word("quarters_map"))
    if margins is None:
        yield Paragraph(words.text("no_margins", command=[Code("zonage margin")]))
    else:
        yield Paragraph(words.word("margins"))
    yield _table(run, words, margins)
    if zoning.zone_count > MAX_ROWS:
        more = words.says.number(zoning.zone_count - MAX_ROWS)
        yield Paragraph(words.text("more_quarters", more=more, file=[Code("zones.csv")]))


def _table(run: Run, words: Words, margins: tuple[Margin, ...] | None) -> Table:
    table, says = run.zoning.table, words.says
    columns: list[list[Text]] = [
        [str(zone) for zone in table["zone"]],
        [commune_names(run, codes) for codes in table["communes"]],
        [says.number(people) for people in table["population"]],
        [says.number(median) for median in table["income_median"]],
        [says.number(line) for line in table["threshold"]],
    ]
    shown = [True] * len(columns) + [margins is not None]
    columns.append([_margin(one, words) for one in margins or ()])
    for name in ("poverty_share", "imputed_share"):
        columns.append([says.percent(share) for share in table.get(name, ())])
        shown.append(name in table)
    matches = () if run.comparison is None else run.comparison.zones
    columns.append([", ".join(match.codes) or "-" for match in matches])
    shown.append(run.comparison is not None)
    kept = [place for place, show in enumerate(shown) if show]
    header = words.header("quarters_table")
    order = sorted(range(run.zoning.zone_count), key=lambda zone: -table["population"][zone])
    rows = [[columns[place][zone] for place in kept] for zone in sorted(order[:MAX_ROWS])]
    right = frozenset(kept.index(place) for place in (2, 3, 4, 5, 6, 7) if place in kept)
    return Table([header[place] for place in kept], rows, right)


def _margin(margin: Margin, words: Words) -> Text:
    if margin.eur is None:
        return words.text("beyond", reach=words.says.number(REACH))
    return words.says.number(-margin.eur)


def commune_names(run: Run, codes: str) -> str:
    """The names of communes by their codes, joined by spaces; a code without one as it is."""
    known = {} if run.territories is None else run.territories.communes
    return ", ".join(known[code].name if code in known else code for code in codes.split())


def response_blocks(
    run: Run, words: Words, found: Response, pictures: Mapping[str, bytes]
) -> Iterator[Block]:
    """What other lines and another minimum population would give."""
    says = words.says
    sentences: list[Text] = []
    higher, lower = _at(found.line, SHIFT), _at(found.line, -SHIFT)
    if higher is not None and lower is not None:
        sentences.append(
            words.text(
                "response_up",
                shift=says.number(SHIFT),
                quarters=says.count(higher[0], "quarter"),
                people=says.count(higher[1], "inhabitant"),
                quarters_low=says.count(lower[0], "quarter"),
                people_low=says.count(lower[1], "inhabitant"),
            )
        )
    legal = run.zoning.law.min_population
    minimum = int(LESS * legal) // 100 * 100
    fewer = _at(found.minimum, minimum)
    if fewer is not None and minimum < legal:
        sentences.append(
            words.text(
                "response_minimum",
                minimum=says.count(minimum, "inhabitant"),
                legal=says.number(legal),
                quarters=says.count(fewer[0], "quarter"),
                people=says.count(fewer[1], "inhabitant"),
            )
        )
    if not found.whole:
        names = [OPTION_TEXTS[words.language][name] for name in run.zoning.method.beyond_tree]
        sentences.append(words.text("response_tree", options=says.listed(names)))
    yield Heading(words.word("response"))
    if sentences:
        yield Paragraph(words.joined(*sentences))
    for name, key in (("response.png", "response_figure"), ("entry.png", "entry_figure")):
        if name in pictures:
            yield Picture(name, pictures[name], words.word(key))


def _at(curve: Curve, value: float) -> tuple[int, float] | None:
    """Quarters and inhabitants at one value of a curve; None where it was not tried."""
    for place, tried in enumerate(curve.values):
        if tried == value:
            return int(curve.quarters[place]), float(curve.population[place])
    return None
