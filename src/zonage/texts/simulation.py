"""What the commands of simulation say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zonage.texts._format import NAMES, aligned, percent, thousands

if TYPE_CHECKING:
    from zonage.scenarios.change import Change
    from zonage.scenarios.margins import Answer, Margin
    from zonage.scenarios.sensitivity import Sensitivity
    from zonage.scenarios.sweep import Sweep
    from zonage.scenarios.uncertainty import Reliability, Uncertainty
    from zonage.sources.territories import Territories


def change_text(change: Change, territories: Territories | None = None) -> str:
    """Say what changes from one rule to another: totals, then quarter by quarter."""
    totals = change.totals
    sides = ("before", "after", "entering", "leaving")
    rows = [["", *sides]] + [
        [name.replace("_", " "), *(thousands(totals[side].get(name)) for side in sides)]
        for name in (
            "quarters", "communes", "population", "households", "poor_households",
            "social_dwellings",
        )
        if any(name in totals[side] for side in sides)
    ]  # fmt: skip
    parts = [aligned(rows, right=(1, 2, 3, 4))]
    moving = [quarter for quarter in change.quarters if quarter.status != "unchanged"]
    if moving:
        lines = [["what", "before", "after", "communes", "inhabitants", "", "entering", "leaving"]]
        lines += [
            [
                quarter.status,
                " ".join(map(str, quarter.before)),
                " ".join(map(str, quarter.after)),
                _named(quarter.communes, territories),
                thousands(quarter.total("before")),
                thousands(quarter.total("after")),
                thousands(quarter.entering["population"]),
                thousands(quarter.leaving["population"]),
            ]
            for quarter in moving
        ]
        parts.append(aligned(lines, right=(4, 5, 6, 7)))
    found = ", ".join(f"{number} {status}" for status, number in change.statuses().items())
    return "\n\n".join([*parts, f"quarters: {found}" if found else "no quarter on either side"])


def sweep_text(found: Sweep) -> str:
    """Say what a sweep found: every row of a short one, the ends and the middle of a long one."""
    table = found.table()
    count = len(next(iter(table.values())))
    shown = range(count) if count <= 40 else [0, 1, 2, count // 2, count - 3, count - 2, count - 1]
    rows = [[name.replace("_", " ") for name in table]]
    rows += [[_cell(name, column[row]) for name, column in table.items()] for row in shown]
    more = "" if count <= 40 else f"; {len(shown)} of {count} scenarios shown"
    return f"{aligned(rows, right=range(len(table)))}\n\nplan: {found.plan} ({found.why}){more}"


def _cell(name: str, value: Any) -> str:
    if name == "population_share":
        return percent(value)
    if "." in name:
        return str(value)
    return thousands(value)


def _named(codes: Sequence[str], territories: Territories | None) -> str:
    """The names of some communes, cut to the width of a column."""
    known = {} if territories is None else territories.communes
    names = ", ".join(known[code].name if code in known else code for code in codes)
    return names if len(names) <= NAMES else names[: NAMES - 4] + " ..."


def margins_text(
    zones: Sequence[Margin], quarters: Sequence[Margin], territories: Territories | None = None
) -> str:
    """Say how far each quarter is from the line."""
    header = ["inhabitants", "EUR to the line", "spare inhabitants"]
    rows = [["zone", "communes", *header]]
    for one in zones:
        number, _, *rest = _margin(one)
        rows.append([number, _named(one.name.split(), territories), *rest])
    parts = [aligned(rows, right=(2, 3, 4))]
    if quarters:
        rows = [["official quarter", "", *header[:2], "now"]]
        rows += [[*_margin(one)[:4], "in" if one.inside else "out"] for one in quarters]
        parts.append(aligned(rows, right=(2, 3)))
    return "\n\n".join(parts)


def _margin(margin: Margin) -> list[str]:
    spare = margin.spare_inhabitants
    return [
        margin.quarter,
        margin.name[:40],
        thousands(margin.inhabitants),
        "beyond reach" if margin.eur is None else f"{margin.eur:+,.0f}".replace(",", " "),
        thousands(spare),
    ]


def share_text(answer: Answer, share: float) -> str:
    """Say which line puts a share of the inhabitants in quarters."""
    from zonage.summary import main_unit

    unit = main_unit(answer.zoning)
    inside = answer.zoning.inside
    population = answer.zoning.tiles.count("population")
    reached = int(population[inside].sum()) / int(population.sum())
    line = thousands(unit.line, 1)
    return (
        f"{percent(share)} of inhabitants in quarters: move the line by {answer.value:+.1f} EUR, "
        f"to {line} EUR disposable in {unit.legal.name}; then {100 * reached:.2f} % are in "
        f"{answer.zoning.zone_count} quarters\n"
    )


def minimum_text(answer: Answer, quarters: int) -> str:
    """Say which minimum population keeps a number of quarters."""
    return (
        f"{quarters} quarters: a minimum of at most {thousands(answer.value)} inhabitants keeps "
        f"{answer.zoning.zone_count}\n"
    )


def uncertainty_text(found: Uncertainty, curve: Reliability | None) -> str:
    """Say the intervals of the totals, the probability of each quarter, and how good they are."""
    columns = list(next(iter(found.intervals.values())))
    rows = [["", *columns]] + [
        [name.replace("_", " "), *(thousands(values[column]) for column in columns)]
        for name, values in found.intervals.items()
    ]
    parts = [aligned(rows, right=range(1, len(columns) + 1))]
    table = found.table
    lines = [[name.replace("_", " ") for name in table]]
    lines += [[_shown(cell) for cell in row] for row in zip(*table.values(), strict=True)]
    parts.append(aligned(lines, right=range(len(table))))
    parts.append(f"{found.draws} draws, seed {found.seed}")
    if curve is not None:
        parts.append(
            f"against the official outlines: Brier score {curve.brier:.3f} (0 is perfect), "
            f"{curve.brier_zoning:.3f} for the zoning alone"
        )
    return "\n\n".join(parts)


def sensitivity_text(found: Sensitivity) -> str:
    """Say for each measure which parameters drive it, the strongest first."""
    table = found.table
    rows = [[name.replace("_", " ") for name in table]]
    rows += [[_shown(cell) for cell in row] for row in zip(*table.values(), strict=True)]
    return f"{aligned(rows, right=range(2, len(table)))}\n\n{found.method}, {found.runs} scenarios"


def _shown(cell: Any) -> str:
    return f"{cell:.3f}" if isinstance(cell, float) and abs(cell) < 10 else (
        thousands(cell) if isinstance(cell, float) else str(cell)
    )  # fmt: skip
