"""The account of a run: its parts in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from zonage.pipeline import Run
from zonage.report.agreement import agreement_blocks
from zonage.report.caution import caution_blocks
from zonage.report.pages import Block, Code, Heading, Paragraph, Picture, Table, Text
from zonage.report.quarters import quarters_blocks, response_blocks
from zonage.report.rule import law_blocks, method_blocks
from zonage.report.words import Words
from zonage.scenarios.curves import Response
from zonage.scenarios.margins import Margin
from zonage.summary import summarise


@dataclass(frozen=True, eq=False)
class Account:
    """All that the account of a run is made of.

    Attributes
    ----------
    run : Run
        A finished run.
    response : Response
        What its rule gives at other lines and other minimum populations.
    margins : tuple of Margin, or None
        One for each computed quarter; None where they were not looked for.
    pictures : mapping of str to bytes
        PNG files beside the account, by name: those it shows.
    files : tuple of str
        Names of the other files beside it.
    inputs : mapping of str to dict
        ``sha256`` and ``bytes`` of each input, by its path.
    version : str
        Of zonage.
    """

    run: Run
    response: Response
    margins: tuple[Margin, ...] | None
    pictures: Mapping[str, bytes]
    files: tuple[str, ...]
    inputs: Mapping[str, Mapping[str, Any]]
    version: str

    @property
    def words(self) -> Words:
        """The texts of the project's language."""
        return Words(self.run.project.output.language)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The figures of the run."""
        return summarise(self.run)


def report_blocks(account: Account) -> list[Block]:
    """Return the account of a run as headings, sentences, tables and pictures.

    Parameters
    ----------
    account : Account
        The run and what was found beside it.
    """
    run, words = account.run, account.words
    return [
        Heading(run.project.title, level=1),
        *_lead(account),
        *_data(account),
        *law_blocks(run, words),
        *method_blocks(run, words),
        *quarters_blocks(run, words, account.margins, account.pictures),
        *response_blocks(run, words, account.response, account.pictures),
        *agreement_blocks(run, words),
        *caution_blocks(run, words, account.margins),
        *_again(account),
    ]


def _lead(account: Account) -> Iterator[Block]:
    run, words, says = account.run, account.words, account.words.says
    computed = account.summary["computed"]
    day = says.day(run.zoning.law.on)
    if computed["quarters"]:
        lead = words.text(
            "lead",
            quarters=says.count(computed["quarters"], "quarter"),
            people=says.count(computed["population"], "inhabitant"),
            share=says.percent(computed["population_share"]),
            side=str(run.zoning.tiles.resolution),
            day=day,
        )
    else:
        lead = words.text("lead_none", day=day)
    sentences = [lead]
    against = ""
    if run.comparison is not None:
        against = words.word("map_against")
        year = run.comparison.vintage
        if computed["quarters"]:
            found = run.comparison.majority
            vintage = "" if year is None else words.text("vintage", year=str(year))
            sentences.append(
                words.text(
                    "lead_agreement",
                    vintage=vintage,
                    recall=says.percent(found.recall),
                    precision=says.percent(found.precision),
                )
            )
    yield Paragraph(words.joined(*sentences))
    yield Paragraph(words.text("lead_model"))
    if "map.png" in account.pictures:
        caption = "".join(map(str, words.text("map", against=against)))
        yield Picture("map.png", account.pictures["map.png"], caption)


def _data(account: Account) -> Iterator[Block]:
    run, words, says = account.run, account.words, account.words.says
    tiles, territory = run.zoning.tiles, account.summary["territory"]
    sentences = [
        words.text(
            "territory",
            tiles=says.count(len(tiles), "tile"),
            side=str(tiles.resolution),
            people=says.count(territory["population"], "inhabitant"),
            communes=says.count(territory["communes_touched"], "commune"),
            units=says.count(len(tiles.urban_unit.labels), "unit"),
        )
    ]
    source = run.project.source
    if tiles.vintage is None:
        sentences.append(words.text("incomes_undated", source=source))
    else:
        sentences.append(words.text("incomes", year=str(tiles.vintage), source=source))
    if territory["poor_household_share"] is None:
        sentences.append(words.text("mean_only"))
    else:
        sentences.append(words.text("poor", share=says.percent(territory["poor_household_share"])))
    if "imputed_share" in territory:
        sentences.append(words.text("imputed", share=says.percent(territory["imputed_share"])))
    else:
        sentences.append(words.text("imputed_unknown"))
    yield Heading(words.word("data"))
    yield Paragraph(words.joined(*sentences))


def _again(account: Account) -> Iterator[Block]:
    run, words, says = account.run, account.words, account.words.says
    file = run.project.file
    done = "zonage.run(...)" if file is None else f"zonage run {Path(file).name}"
    yield Heading(words.word("again"))
    yield Paragraph(
        words.text(
            "from_python" if file is None else "command",
            version=account.version,
            command=[Code(done)],
            rerun=[Code("zonage rerun manifest.json")],
            manifest=[Code("manifest.json")],
        )
    )
    rows: list[list[Text]] = [
        [Path(path).name, says.number(found["bytes"]), [Code(str(found["sha256"]))]]
        for path, found in account.inputs.items()
    ]
    yield Table(words.header("inputs_table"), rows, frozenset({1}))
    yield Paragraph(words.text("files", files=words.codes(account.files)))
