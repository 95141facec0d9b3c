"""What complementary perimeters say: on maps, and at the end of the command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zonage.texts._format import NAMES, aligned, percent, thousands

if TYPE_CHECKING:
    from zonage.complement_job import ComplementRun
    from zonage.complementary.changes import LevelChange
    from zonage.complementary.layers import Indicator
    from zonage.complementary.perimeters import Complement
    from zonage.complementary.stability import Stability

MAP_TEXTS = {
    "en": {
        "product": "Complementary perimeters: a model, not a zoning of the métropole",
        "computed": "State's quarters: computed",
        "official": "State's quarters: the official list",
        "inhabited": "inhabited tiles",
        "quarter": "State's quarter",
        "stability": "Share of {rules} rules of the model under which a tile is inside a perimeter",
        "model": "A model, not a zoning of the métropole",
        "share": "{first} to {last} of the rules",
    },
    "fr": {
        "product": "Périmètres complémentaires : un modèle, non un zonage de la métropole",
        "computed": "Quartiers prioritaires : calculés",
        "official": "Quartiers prioritaires : liste officielle",
        "inhabited": "carreaux habités",
        "quarter": "quartier prioritaire",
        "stability": "Part des {rules} règles du modèle qui placent un carreau dans un périmètre",
        "model": "Un modèle, non un zonage de la métropole",
        "share": "{first} à {last} des règles",
    },
}
"""Words of the maps."""

SHOWN = 20
"""Rows of a table in the terminal."""


def complement_text(run: ComplementRun, firm: Stability) -> str:
    """Say what was found: indicators, levels, communes, official quarters, firmness."""
    found = run.found
    parts = [
        found.rule.model.remark,
        _indicators(found),
        _product(found),
        _beside(run),
        _communes(run),
        _perimeters(run, firm),
        _verdicts(firm),
    ]
    return "\n\n".join(part for part in parts if part)


def _indicators(found: Complement) -> str:
    rows = [["indicator", "holds from", "known for", "holds for"]]
    population = found.tiles.count("population")
    whole = max(int(population.sum()), 1)
    pairs = zip(found.evidence.ranked, found.evidence.conditions, strict=True)
    for place, (one, condition) in enumerate(pairs):
        holding = int(population[found.evidence.holds[place]].sum()) / whole
        strict = condition.ties == "strict"
        cutoff = _cutoff(one.cutoff(condition), one.layer.indicator, strict)
        rows.append([one.name, cutoff, percent(one.coverage), percent(holding)])
    lines = [aligned(rows, right=(2, 3))]
    lines += [
        f"left out: {one.indicator}, known for {percent(one.coverage)} of inhabitants only "
        f"(at least {percent(one.min_coverage)})"
        for one in found.left_out
    ]
    return "\n".join(lines)


def _cutoff(value: float, indicator: Indicator, strict: bool) -> str:
    """From which value an indicator holds; a quantile of nobody has none."""
    if value != value:
        return "nowhere"
    low, high = ("below", "above") if strict else ("at most", "at least")
    bound = low if indicator.direction == "low" else high
    return f"{bound} {value:.3g} {indicator.unit}".removesuffix(" 1")


def _product(found: Complement) -> str:
    from zonage.complementary.perimeters import PART_TEXTS, Part

    totals = found.to_dict()["parts"]
    counts = {Part.LEVEL_1: found.count(1), Part.LEVEL_2: found.count(2)}
    whole = sum(total["population"] for total in totals.values())
    rows = [["", "perimeters", "tiles", "inhabitants", "share"]]
    for part in Part:
        total = totals[part.name.lower()]
        number = str(counts[part]) if part in counts else ""
        rows.append(
            [
                PART_TEXTS[part][0],
                number,
                thousands(total["tiles"]),
                thousands(total["population"]),
                percent(total["population"] / whole if whole else None),
            ]
        )
    return aligned(rows, right=(1, 2, 3, 4))


def _beside(run: ComplementRun) -> str:
    """Overlays without a tile: of another place, or misplaced."""
    return "\n".join(
        f"overlay {name}: touches no tile of the project"
        for name, outlines in run.overlays.items()
        if not len(outlines.on(run.found.tiles)[0])
    )


def _communes(run: ComplementRun) -> str:
    from zonage.complementary.perimeters import Part

    table = run.found.communes
    if not table["commune"]:
        return ""
    wanted = (Part.QUARTER, Part.LEVEL_1, Part.LEVEL_2, Part.RING)
    rows = [["inhabitants by commune", "State's quarters", "level 1", "level 2", "ring"]]
    for row, code in enumerate(table["commune"][:SHOWN]):
        people = (table[f"population_{part.name.lower()}"][row] for part in wanted)
        rows.append([commune_name(run, code)[:NAMES], *map(thousands, people)])
    more = len(table["commune"]) - SHOWN
    tail = f"\n... and {more} more" if more > 0 else ""
    return aligned(rows, right=(1, 2, 3, 4)) + tail


def _perimeters(run: ComplementRun, firm: Stability) -> str:
    table = run.found.table
    header = ["perimeter", "level", "communes", "inhabitants", "hangs on", "persists"]
    rows = [header]
    for row, number in enumerate(table["perimeter"][:SHOWN]):
        communes = [commune_name(run, code) for code in table["communes"][row].split()]
        rows.append(
            [
                str(number),
                str(table["level"][row]),
                ", ".join(communes)[:NAMES],
                thousands(table["population"][row]),
                table["hangs_on"][row].replace("_", " ").replace(" share", "")[:60] or "none alone",
                percent(firm.table["persistence"][row]),
            ]
        )
    if len(rows) == 1:
        return "no complementary perimeter under this rule"
    more = len(table["perimeter"]) - SHOWN
    tail = f"\n... and {more} more" if more > 0 else ""
    return aligned(rows, right=(1, 3, 5)) + tail


def _verdicts(firm: Stability) -> str:
    counts = Counter(firm.verdict)
    found = ", ".join(f"{number} hang {verdict}" for verdict, number in counts.most_common())
    found = found.replace("hang whatever the rule", "hold whatever the rule")
    tried = f"{thousands(firm.rules)} rules tried ({firm.plan})"
    return f"{tried}: {found}" if found else tried


def commune_name(run: ComplementRun, code: str) -> str:
    """The name of a commune where it is known, else its code."""
    known = {} if run.base.territories is None else run.base.territories.communes
    return known[code].name if code in known else (code or "(no commune)")


def level_change_text(change: LevelChange) -> str:
    """Say what another rule changes, level by level."""
    return table_text(change.table)


def table_text(table: Mapping[str, Sequence[Any]]) -> str:
    """A table as aligned text, figures to a whole number unless they are small."""
    header = [name.replace("_", " ") for name in table]
    rows = [[_cell(value) for value in row] for row in zip(*table.values(), strict=True)]
    return aligned([header, *rows], right=range(1, len(header)))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return thousands(value, 0 if value == round(value) else 1 if abs(value) >= 10 else 3)
    return str(value)
