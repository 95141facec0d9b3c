"""The agreement with the official list in the account of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from zonage.comparison import OfficialMatch
from zonage.pipeline import Run
from zonage.report.pages import Block, Code, Heading, Paragraph, Table, Text
from zonage.report.quarters import MAX_ROWS
from zonage.report.words import Words
from zonage.texts.figures import OPTION_TEXTS
from zonage.zoning import REASON_TEXTS, Reason

if TYPE_CHECKING:
    from zonage.calibration import Calibration
    from zonage.comparison import Comparison

STATUSES = ("found", "merged", "split", "partly found", "missed")
"""What may become of an official quarter, the best first."""


def agreement_blocks(run: Run, words: Words) -> Iterator[Block]:
    """The scores, the fate of each official quarter, and the line that fits best."""
    found = run.comparison
    if found is None:
        return
    yield Heading(words.word("agreement"))
    yield Paragraph(words.word("agreement_how"))
    yield _scores(found, words)
    yield _statuses(found, words)
    if run.zoning.zone_count:
        alone = [str(zone.zone) for zone in found.without_counterpart]
        zones = words.listed(alone)
        yield Paragraph(words.text("without", zones=zones) if alone else words.text("all_matched"))
    yield _official(found, words)
    if len(found.quarters) > MAX_ROWS:
        more = words.says.number(len(found.quarters) - MAX_ROWS)
        yield Paragraph(words.text("more_quarters", more=more, file=[Code("official.csv")]))
    if run.calibration is not None and np.isfinite(run.calibration.line):
        yield Paragraph(_calibration(run.calibration, words))


def _scores(found: Comparison, words: Words) -> Table:
    says = words.says
    rows = [
        [
            words.word(one.rule),
            *(says.number(people) for people in (one.computed, one.official, one.both)),
            *(says.percent(share) for share in (one.precision, one.recall)),
            *(says.number(score, 3) for score in (one.f1, one.iou)),
        ]
        for one in (found.majority, found.area)
    ]
    return Table(words.header("agreement_table"), rows, frozenset(range(1, 8)))


def _statuses(found: Comparison, words: Words) -> Table:
    counts = found.statuses()
    rows = [
        [words.word(status), words.word(f"{status}_how"), words.says.number(counts[status])]
        for status in STATUSES
        if status in counts
    ]
    return Table(words.header("statuses_table"), rows, frozenset({2}))


def _official(found: Comparison, words: Words) -> Table:
    says = words.says
    rows: list[list[Text]] = [
        [
            quarter.code,
            quarter.name,
            quarter.communes,
            says.number(quarter.inhabitants),
            words.word(quarter.status),
            says.percent(quarter.found_share),
            _main_reason(quarter, words),
        ]
        for quarter in found.quarters[:MAX_ROWS]
    ]
    return Table(words.header("official_table"), rows, frozenset({3, 5}))


def _main_reason(quarter: OfficialMatch, words: Words) -> str:
    """Why most of what is missed of an official quarter is outside."""
    if not quarter.missed_because:
        return "-"
    name = max(quarter.missed_because, key=lambda reason: quarter.missed_because[reason])
    english, french = REASON_TEXTS[Reason[name.upper()]]
    return french if words.language == "fr" else english


def _calibration(found: Calibration, words: Words) -> Text:
    says = words.says
    names = [OPTION_TEXTS[words.language][name] for name in found.left_out]
    options = words.text("calibration_options", options=says.listed(names)) if names else ""
    line = says.number(found.line, 0 if found.line == round(found.line) else 2)
    return words.text("calibration", line=line, f1=says.number(found.best.f1, 3), options=options)
