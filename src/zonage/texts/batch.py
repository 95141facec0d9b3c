"""What a batch says: its plan, its end, and the report of what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from zonage.batch.file import BASE, OWN
from zonage.report.pages import Block, Heading, Paragraph, Table
from zonage.texts._format import aligned, thousands

if TYPE_CHECKING:
    from zonage.batch.changes import QuarterMove, WorkChange
    from zonage.batch.execution import Outcome
    from zonage.batch.plan import Plan
    from zonage.rerun import Rerun

MAX_ROWS = 60
"""Rows of a table of the report; the tables of the files have all."""

_WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "first": "First batch: {works} on {territories}. There is nothing yet to compare it with.",
        "summary": "{works} on {territories}.",
        "changed": ("{} changed since the last batch", "{} changed since the last batch"),
        "unchanged": ("{} is as before", "{} are as before"),
        "new": ("{} is new", "{} are new"),
        "failed": ("{} failed", "{} failed"),
        "gone": ("{} is not asked for any more", "{} are not asked for any more"),
        "work": ("{} work", "{} works"),
        "territory": ("{} territory", "{} territories"),
        "quarter": ("{} quarter", "{} quarters"),
        "scenario": ("{} scenario", "{} scenarios"),
        "inhabitant": ("{} inhabitant", "{} inhabitants"),
        "caveat": "Incomes of tiles and quarters are estimates, and how tiles become quarters is a "
        "model: docs/method.md.",
        "vintage": "vintage {}",
        "law": "law {}",
        "colon": ": ",
        "then": "; ",
        "holds": "{quarters} with {people}.",
        "held": "{quarters} with {people}, as before.",
        "holds_now": "{quarters} with {people}; before, {quarters_before} with {people_before}.",
        "against": "This vintage is new, and held against that of {against}.",
        "lost": "The last result is not kept any more, so that only totals can be compared.",
        "failure": "failed ({works}): {problem}.",
        "kept": "The last result is kept.",
        "more": "{more} more quarters are in changes.csv.",
        "more_scenarios": "{more} more scenarios are in works.csv and changes.csv.",
        "same_scenarios": ("{} is as before.", "{} are as before."),
        "gone_works": ("{} of the last batch is not asked for any more.",
                       "{} of the last batch are not asked for any more."),
        "enters": ("{} enters, with {people}", "{} enter, with {people}"),
        "leaves": ("{} leaves, with {people}", "{} leave, with {people}"),
        "outline": ("{} changes its outline, {entering} coming in and {leaving} going out",
                    "{} change their outline, {entering} coming in and {leaving} going out"),
        "moves": ("what", "before", "now", "communes", "inhabitants before", "inhabitants now",
                  "entering", "leaving"),
        "totals": ("vintage", "law", "scenario", "quarters before", "quarters now",
                   "inhabitants before", "inhabitants now", "entering", "leaving"),
        "statuses": {"enters": "enters", "leaves": "leaves", "grows": "grows",
                     "shrinks": "shrinks", "shifts": "shifts", "merges": "merges",
                     "splits": "splits", "regroups": "regroups", "unchanged": "same outline"},
    },
    "fr": {
        "first": "Premier lot : {works} sur {territories}. Il n'y a encore rien à comparer.",
        "summary": "{works} sur {territories}.",
        "changed": ("{} a changé depuis le dernier lot", "{} ont changé depuis le dernier lot"),
        "unchanged": ("{} est inchangé", "{} sont inchangés"),
        "new": ("{} est nouveau", "{} sont nouveaux"),
        "failed": ("{} a échoué", "{} ont échoué"),
        "gone": ("{} n'est plus demandé", "{} ne sont plus demandés"),
        "work": ("{} calcul", "{} calculs"),
        "territory": ("{} territoire", "{} territoires"),
        "quarter": ("{} quartier", "{} quartiers"),
        "scenario": ("{} scénario", "{} scénarios"),
        "inhabitant": ("{} habitant", "{} habitants"),
        "caveat": "Les revenus des carreaux et des quartiers sont des estimations, et le passage "
        "des carreaux aux quartiers est un modèle : docs/method.md.",
        "vintage": "millésime {}",
        "law": "règle {}",
        "colon": " : ",
        "then": " ; ",
        "holds": "{quarters} et {people}.",
        "held": "{quarters} et {people}, comme au lot précédent.",
        "holds_now": "{quarters} et {people}, contre {quarters_before} et {people_before}.",
        "against": "Ce millésime est nouveau ; il est comparé à {against}.",
        "lost": "Le dernier résultat n'est plus conservé : seuls les totaux se comparent.",
        "failure": "échec ({works}) : {problem}.",
        "kept": "Le dernier résultat est conservé.",
        "more": "{more} autres quartiers figurent dans changes.csv.",
        "more_scenarios": "{more} autres scénarios figurent dans works.csv et changes.csv.",
        "same_scenarios": ("{} est inchangé.", "{} sont inchangés."),
        "gone_works": ("{} du dernier lot n'est plus demandé.",
                       "{} du dernier lot ne sont plus demandés."),
        "enters": ("{} entre, avec {people}", "{} entrent, avec {people}"),
        "leaves": ("{} sort, avec {people}", "{} sortent, avec {people}"),
        "outline": ("{} change de contour : {entering} de plus, {leaving} de moins",
                    "{} changent de contour : {entering} de plus, {leaving} de moins"),
        "moves": ("évolution", "avant", "après", "communes", "habitants avant", "habitants après",
                  "entrants", "sortants"),
        "totals": ("millésime", "règle", "scénario", "quartiers avant", "quartiers après",
                   "habitants avant", "habitants après", "entrants", "sortants"),
        "statuses": {"enters": "entre", "leaves": "sort", "grows": "s'étend",
                     "shrinks": "se réduit", "shifts": "se déplace", "merges": "fusionnent",
                     "splits": "se divise", "regroups": "se recomposent",
                     "unchanged": "même contour"},
    },
}  # fmt: skip


# --------------------------------------------------------------------------------------------------
# On the terminal


def plan_text(plan: Plan) -> str:
    """Say what a batch would do: a row a base, then the problems."""
    rows = [["territory", "vintage", "law", "works", "new", "kept", "impossible"]]
    new = {work.identity for group in plan.new for work in group.works}
    for group in plan.groups:
        names = [group.base.territory, group.base.vintage, group.base.law]
        counts = [
            len(group.works),
            sum(work.identity in new for work in group.works),
            sum(work.key in plan.kept for work in group.works),
            sum(bool(work.problem) for work in group.works),
        ]
        rows.append([*names, *map(thousands, counts)])
    problems = {
        work.problem: f"{' / '.join(work.identity)}: {work.problem}"
        for work in reversed(list(plan.works))
        if work.problem
    }
    parts = [aligned(rows, right=(3, 4, 5, 6)), *reversed(problems.values()), _counts(plan)]
    return "\n\n".join(parts)


def _counts(plan: Plan) -> str:
    counts = plan.counts()
    same = f", {counts['same']} the same as another one" if counts["same"] else ""
    return (
        f"{counts['works']} works: {counts['new']} new, {counts['kept']} kept{same}, "
        f"{counts['impossible']} impossible"
    )


def outcome_text(outcome: Outcome) -> str:
    """Say what a batch did and what changed since the last one."""
    kept = outcome.plan.counts()["kept"]
    failed = list(outcome.listing.failed)
    parts = [f"{outcome.done} works done, {kept} kept, {len(failed)} failed"]
    if outcome.repeated:
        parts.append("nothing changed since the last batch; its report stands")
    else:
        first = all(change.kind in ("first", "failed") for change in outcome.changes)
        blocks = report_blocks("changes", outcome.changes, first=first, language="en")
        for block in blocks:
            if isinstance(block, Heading):
                parts.append(f"\n{block.text}")
            elif isinstance(block, Paragraph):
                parts.append(f"{block.text}")
    return "\n".join(parts)


# --------------------------------------------------------------------------------------------------
# The report


def report_blocks(
    title: str, changes: Sequence[WorkChange], *, first: bool, language: str
) -> list[Block]:
    """Word what changed since the last batch, territory by territory.

    Parameters
    ----------
    title : str
        Of the batch.
    changes : sequence of WorkChange
        What became of each work.
    first : bool
        Whether there was no batch before.
    language : {"en", "fr"}
        Of the report.
    """
    words = _Words(language)
    territories = list(dict.fromkeys(change.identity[0] for change in changes))
    blocks: list[Block] = [
        Heading(title, 1),
        Paragraph(words.summary(changes, len(territories), first)),
        Paragraph(words.text["caveat"]),
    ]
    for territory in territories:
        mine = [change for change in changes if change.identity[0] == territory]
        blocks += [Heading(territory), *_of_territory(mine, words)]
    return blocks


def _of_territory(changes: Sequence[WorkChange], words: _Words) -> Iterator[Block]:
    yield from _failures(changes, words)
    living = [change for change in changes if change.kind in ("first", "changed", "unchanged")]
    for change in living:
        if change.identity[3] == BASE:
            yield Paragraph(words.sentence(change))
            moves = [move for move in change.quarters or () if move.status != "unchanged"]
            if moves:
                yield words.moves(moves[:MAX_ROWS])
            if len(moves) > MAX_ROWS:
                yield Paragraph(words.text["more"].format(more=len(moves) - MAX_ROWS))
    scenarios = [change for change in living if change.identity[3] != BASE]
    moved = [change for change in scenarios if change.kind != "unchanged"]
    if moved:
        yield words.totals(moved[:MAX_ROWS])
    if len(moved) > MAX_ROWS:
        yield Paragraph(words.text["more_scenarios"].format(more=len(moved) - MAX_ROWS))
    if len(scenarios) > len(moved):
        yield Paragraph(words.count("same_scenarios", len(scenarios) - len(moved), "scenario"))
    gone = sum(change.kind == "gone" for change in changes)
    if gone:
        yield Paragraph(words.count("gone_works", gone, "work"))


def _failures(changes: Sequence[WorkChange], words: _Words) -> Iterator[Block]:
    """One paragraph a problem and base, however many scenarios met it."""
    met: dict[tuple[str, str, str], list[WorkChange]] = {}
    for change in changes:
        if change.kind == "failed":
            _, vintage, law, _ = change.identity
            met.setdefault((vintage, law, change.entry.problem), []).append(change)
    for (vintage, law, problem), failed in met.items():
        works = words.number("work", len(failed))
        if len(failed) == 1:
            works = failed[0].identity[3]
        said = words.text["failure"].format(problem=problem, works=works)
        kept = f" {words.text['kept']}" if failed[0].entry.key else ""
        yield Paragraph(words.placed(vintage, law, said + kept))


class _Words:
    """Sentences of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.text = _WORDS[language]

    def number(self, name: str, value: float) -> str:
        """A number with its noun."""
        return self._form(name, value).format(thousands(value))

    def count(self, name: str, value: int, noun: str, **rest: str) -> str:
        """A sentence about a number of things, each in the right form."""
        return self._form(name, value).format(self.number(noun, value), **rest)

    def _form(self, name: str, value: float) -> str:
        one, many = self.text[name]
        single = round(value) == 1 or (self.language == "fr" and round(value) == 0)
        return one if single else many

    def summary(self, changes: Sequence[WorkChange], territories: int, first: bool) -> str:
        kinds: list[str] = [change.kind for change in changes]
        facts = {
            "works": self.number("work", len(kinds) - kinds.count("gone")),
            "territories": self.number("territory", territories),
        }
        shown = ["failed"] if first else ["changed", "unchanged", "new", "failed", "gone"]
        counts = {name: kinds.count("first" if name == "new" else name) for name in shown}
        parts = [
            self._form(name, count).format(thousands(count))
            for name, count in counts.items()
            if count or name == "changed"
        ]
        opening = self.text["first" if first else "summary"].format(**facts)
        return f"{opening} {', '.join(parts)}." if parts else opening

    def sentence(self, change: WorkChange) -> str:
        """What became of the base of a vintage under a law."""
        _, vintage, law, _ = change.identity
        after, before = change.entry.totals, change.before
        facts = self._people(after)
        name = {"first": "holds", "unchanged": "held", "changed": "holds_now"}[change.kind]
        if before is not None:
            earlier = self._people(before)
            facts |= {f"{key}_before": value for key, value in earlier.items()}
        parts = [self.text[name].format(**facts)]
        if change.against not in ("", vintage):
            parts.append(self.text["against"].format(against=change.against))
        if change.quarters is None:
            parts.append(self.text["lost"])
        moving = self._moving(change)
        if moving:
            parts.append(f"{self.text['then'].join(moving)}.")
        return self.placed(vintage, law, " ".join(parts))

    def placed(self, vintage: str, law: str, said: str) -> str:
        """A sentence with the vintage and the law that it speaks of, where they have names."""
        names = [
            self.text[kind].format(name)
            for kind, name in (("vintage", vintage), ("law", law))
            if name != OWN
        ]
        text = self.text["colon"].join([", ".join(names), said] if names else [said])
        return text[0].upper() + text[1:]

    def _people(self, totals: Any) -> dict[str, str]:
        return {
            "quarters": self.number("quarter", totals["quarters"]),
            "people": self.number("inhabitant", totals["population"]),
        }

    def _moving(self, change: WorkChange) -> list[str]:
        parts = []
        for status, side in (("enters", "entering"), ("leaves", "leaving")):
            found = change.moved(status)
            if found:
                people = sum(getattr(move, f"population_{side}") for move in found)
                told = self.number("inhabitant", people)
                parts.append(self.count(status, len(found), "quarter", people=told))
        found = change.moved("grows", "shrinks", "shifts", "merges", "splits", "regroups")
        if found:
            entering, leaving = (
                self.number("inhabitant", sum(getattr(move, name) for move in found))
                for name in ("population_entering", "population_leaving")
            )
            parts.append(
                self.count("outline", len(found), "quarter", entering=entering, leaving=leaving)
            )
        return parts

    def moves(self, moves: Sequence[QuarterMove]) -> Table:
        """Quarters that moved."""
        rows = [
            [
                self.text["statuses"][move.status],
                ", ".join(map(str, move.before)),
                ", ".join(map(str, move.after)),
                move.names,
                thousands(move.population_before),
                thousands(move.population_after),
                thousands(move.population_entering),
                thousands(move.population_leaving),
            ]
            for move in moves
        ]
        return Table(self.text["moves"], rows, frozenset({4, 5, 6, 7}))

    def totals(self, changes: Sequence[WorkChange]) -> Table:
        """Totals of scenarios."""
        rows = []
        for change in changes:
            before, after = change.before or {}, change.entry.totals
            rows.append(
                [
                    *change.identity[1:],
                    thousands(before.get("quarters")),
                    thousands(after["quarters"]),
                    thousands(before.get("population")),
                    thousands(after["population"]),
                    thousands(change.total("entering") if before else None),
                    thousands(change.total("leaving") if before else None),
                ]
            )
        return Table(self.text["totals"], rows, frozenset(range(3, 9)))


# --------------------------------------------------------------------------------------------------
# A rerun


def rerun_text(found: Rerun) -> str:
    """Say for each output of a rerun whether its bytes agree, and which versions differ."""
    meanings = {
        "same": "same bytes",
        "differs": "other bytes",
        "missing": "made then, not now",
        "new": "made now, not then",
    }
    parts = [aligned([[name, meanings[state]] for name, state in found.outputs.items()])]
    if found.versions:
        rows = [["version of", "then", "now"]] + [
            [name, *(_version(version) for version in pair)]
            for name, pair in found.versions.items()
        ]
        parts.append(aligned(rows))
    agreeing = sum(state == "same" for state in found.outputs.values())
    count = len(found.outputs)
    parts.append(
        f"all {count} outputs agree"
        if found.agrees
        else f"{agreeing} of {count} outputs agree"
        + ("" if found.versions else ", with the same versions of everything that is known")
    )
    return "\n\n".join(parts)


def _version(version: str | None) -> str:
    return "not known" if version is None else version[:12]
