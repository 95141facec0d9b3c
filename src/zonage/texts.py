"""What the command line says, as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zonage.calibration import Calibration
    from zonage.comparison import Comparison, PerimeterChange
    from zonage.pipeline import Run
    from zonage.scenarios.change import Change
    from zonage.scenarios.margins import Answer, Margin
    from zonage.scenarios.sensitivity import Sensitivity
    from zonage.scenarios.sweep import Sweep
    from zonage.scenarios.uncertainty import Reliability, Uncertainty
    from zonage.sources.insee import TileFile
    from zonage.sources.territories import Territories
    from zonage.zoning import Zoning

NAMES = 36
"""Width of a column of names."""


def _table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Rows as columns of equal width; the numbers of `right` name columns to align right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _thousands(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}".replace(",", " ")


def _exactly(line: float) -> str:
    """A line with as many digits as it takes to use it again."""
    return _thousands(line, 0 if line == round(line) else 2)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def summary_text(result: Run) -> str:
    """Say what a run found, computed and official side by side."""
    from zonage.summary import summarise

    summary = summarise(result)
    parts = [summary["title"], lines_text(summary), sides_text(summary)]
    if result.comparison is not None:
        parts += [agreement_text(result.comparison), status_text(result.comparison)]
        best = summary["calibration"]
        parts.append(
            f"calibrated beside it (not the law): the line of {_exactly(best['line'])} EUR "
            f"disposable would give F1 {best['agreement']['f1']:.3f}"
            + (
                f", without {', '.join(best['options_left_out'])}"
                if best["options_left_out"]
                else ""
            )
        )
    parts.append("All incomes of tiles and quarters are estimates; see summary.json.")
    return "\n\n".join(parts)


def lines_text(summary: dict[str, Any]) -> str:
    """Say the line of each urban unit, the most populous first."""
    rows = [("urban unit", "inhabitants here", "legal line, declared", "line used, disposable", "")]
    units = sorted(summary["lines"], key=lambda unit: -unit["inhabitants_here"])
    for unit in units:
        if unit["inhabitants_here"] == 0:
            continue
        note = unit["reason"] or f"{unit['basis']}, from {unit['certainty']} medians"
        rows.append(
            (
                unit["name"] or unit["urban_unit"] or "outside any unit",
                _thousands(unit["inhabitants_here"]),
                _thousands(unit["legal_threshold"]),
                _thousands(unit["threshold"]),
                note,
            )
        )
    return _table(rows, right=(1, 2, 3))


def sides_text(summary: dict[str, Any]) -> str:
    """Put the figures of the territory, of computed and of official quarters side by side."""
    sides = [summary["territory"], summary["computed"]]
    header = ["", "territory", "computed"]
    if "official" in summary:
        sides.append(summary["official"])
        header.append("official (majority)")
    figures = (
        ("quarters", "quarters", _thousands),
        ("communes touched", "communes_touched", _thousands),
        ("inhabitants", "population", _thousands),
        ("share of inhabitants", "population_share", _percent),
        ("poor households", "poor_households", _thousands),
        ("poor among households", "poor_household_share", _percent),
        ("poor among persons (estimated)", "poor_person_share_estimated", _percent),
        ("social dwellings", "social_dwellings", _thousands),
        ("inhabitants in imputed tiles", "imputed_share", _percent),
        ("square kilometres", "area_km2", lambda value: _thousands(value, 1)),
    )
    rows = [header] + [
        [text, *(show(side.get(key)) for side in sides)]
        for text, key, show in figures
        if any(key in side for side in sides)
    ]
    return _table(rows, right=(1, 2, 3))


def agreement_text(comparison: Comparison) -> str:
    """Say precision, recall, F1 and IoU under both rules."""
    rows = [["agreement by inhabitants", "precision", "recall", "F1", "IoU"]]
    for rule, text in (
        ("majority", "tiles official by majority of area"),
        ("area", "tiles by share of area"),
    ):
        found = getattr(comparison, rule)
        rows.append(
            [
                text,
                *(f"{getattr(found, name):.3f}" for name in ("precision", "recall", "f1", "iou")),
            ]
        )
    return _table(rows, right=(1, 2, 3, 4))


def status_text(comparison: Comparison) -> str:
    """Count the official quarters by what became of them."""
    statuses = comparison.statuses()
    found = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
    extra = len(comparison.without_counterpart)
    return (
        f"{len(comparison.quarters)} official quarters: {found}; "
        f"{extra} computed quarters have no official counterpart"
    )


def quarters_text(comparison: Comparison) -> str:
    """Say what became of each official quarter, and why its missed part is missed."""
    rows = [["code", "quarter", "communes", "status", "inhabitants", "found", "outside because"]]
    for quarter in comparison.quarters:
        missed = sorted(quarter.missed_because.items(), key=lambda item: -item[1])
        rows.append(
            [
                quarter.code,
                quarter.name[:40],
                quarter.communes[:30],
                quarter.status,
                _thousands(quarter.inhabitants),
                _percent(quarter.found_share),
                ", ".join(
                    f"{name.replace('_', ' ')} {_thousands(people)}" for name, people in missed[:2]
                ),
            ]
        )
    text = _table(rows, right=(4, 5))
    extra = comparison.without_counterpart
    if extra:
        zones = ", ".join(f"{zone.zone} ({_thousands(zone.inhabitants)})" for zone in extra)
        text += f"\n\ncomputed quarters without an official counterpart (inhabitants): {zones}"
    return text


def changes_text(changes: Sequence[PerimeterChange]) -> str:
    """Say what became of each official quarter from one list to the next."""
    rows = [["status", "before", "after", "quarter", "communes", "km2 before", "km2 after"]]
    for change in changes:
        rows.append(
            [
                change.status,
                " ".join(change.before),
                " ".join(change.after),
                change.name[:48],
                change.communes[:36],
                f"{change.area_before:.2f}",
                f"{change.area_after:.2f}",
            ]
        )
    counts: dict[str, int] = {}
    for change in changes:
        counts[change.status] = counts.get(change.status, 0) + 1
    before = sum(len(change.before) for change in changes)
    after = sum(len(change.after) for change in changes)
    total = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    return f"{_table(rows, right=(5, 6))}\n\n{before} quarters before, {after} after: {total}"


def info_text(found: TileFile) -> str:
    """Say what a tile file holds."""
    vintage = found.vintage or "unknown"
    rows = [
        ("file", found.source),
        ("format", found.format),
        ("layout", found.layout or "not recognised"),
        ("vintage", f"{vintage} ({found.vintage_reason})"),
        ("rows", _thousands(found.rows)),
        ("lattice", f"EPSG:{found.crs}, {found.resolution} m" if found.crs else "unknown"),
    ]
    if found.bounds:
        west, south, east, north = found.bounds
        rows.append(("bounding box", f"E {west} to {east}, N {south} to {north}"))
    rows += [(name.replace("_", " "), _thousands(total, 1)) for name, total in found.totals.items()]
    if found.imputed_tile_share is not None:
        people = found.imputed_population_share
        note = f"{_percent(found.imputed_tile_share)} of tiles, {_percent(people)} of inhabitants"
        rows.append(("imputed", note))
    rows += [
        (title, ", ".join(columns))
        for title, columns in (
            ("columns known", found.recognised),
            ("columns missing", found.missing),
            ("columns unknown", found.unknown),
        )
        if columns
    ]
    problems = [f"problem: {problem}" for problem in found.problems] or ["no problem found"]
    return "\n".join([_table(rows), "", *problems])


def calibration_text(
    legal: Run, again: Zoning, comparison: Comparison, found: Calibration, rule: str
) -> str:
    """Put the line of the law and the one that reproduces the outlines best side by side."""
    from zonage.summary import main_unit

    low, high = found.interval
    used = main_unit(legal.zoning)
    assert legal.comparison is not None
    rows = [
        ["line, EUR a year disposable", "method", "F1", "zones"],
        [
            f"{_thousands(used.line)} (the project's, in {used.legal.name or used.legal.unit})",
            "whole",
            f"{getattr(legal.comparison, rule).f1:.3f}",
            str(legal.zoning.zone_count),
        ],
        [
            f"{_exactly(found.line)} (best)",
            "one pass over all lines",
            f"{found.best.f1:.3f}",
            "",
        ],
        [
            f"{_exactly(found.line)} (best)",
            "whole",
            f"{getattr(comparison, rule).f1:.3f}",
            str(again.zone_count),
        ],
    ]
    note = ""
    if found.left_out:
        note = f"\nthe pass leaves out {', '.join(found.left_out)}, under which zones can shrink"
    return (
        f"{_table(rows, right=(2, 3))}\n\n"
        f"the best lines lie above {_thousands(low, 1)} and up to {_thousands(high, 1)}{note}\n"
        "a calibrated line is fitted on the outlines it is judged on; it is not the law"
    )


def change_text(change: Change, territories: Territories | None = None) -> str:
    """Say what changes from one rule to another: totals, then quarter by quarter."""
    totals = change.totals
    sides = ("before", "after", "entering", "leaving")
    rows = [["", *sides]] + [
        [name.replace("_", " "), *(_thousands(totals[side].get(name)) for side in sides)]
        for name in (
            "quarters", "communes", "population", "households", "poor_households",
            "social_dwellings",
        )
        if any(name in totals[side] for side in sides)
    ]  # fmt: skip
    parts = [_table(rows, right=(1, 2, 3, 4))]
    moving = [quarter for quarter in change.quarters if quarter.status != "unchanged"]
    if moving:
        lines = [["what", "before", "after", "communes", "inhabitants", "", "entering", "leaving"]]
        lines += [
            [
                quarter.status,
                " ".join(map(str, quarter.before)),
                " ".join(map(str, quarter.after)),
                _named(quarter.communes, territories),
                _thousands(quarter.total("before")),
                _thousands(quarter.total("after")),
                _thousands(quarter.entering["population"]),
                _thousands(quarter.leaving["population"]),
            ]
            for quarter in moving
        ]
        parts.append(_table(lines, right=(4, 5, 6, 7)))
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
    return f"{_table(rows, right=range(len(table)))}\n\nplan: {found.plan} ({found.why}){more}"


def _cell(name: str, value: Any) -> str:
    if name == "population_share":
        return _percent(value)
    if "." in name:
        return str(value)
    return _thousands(value)


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
    parts = [_table(rows, right=(2, 3, 4))]
    if quarters:
        rows = [["official quarter", "", *header[:2], "now"]]
        rows += [[*_margin(one)[:4], "in" if one.inside else "out"] for one in quarters]
        parts.append(_table(rows, right=(2, 3)))
    return "\n\n".join(parts)


def _margin(margin: Margin) -> list[str]:
    spare = margin.spare_inhabitants
    return [
        margin.quarter,
        margin.name[:40],
        _thousands(margin.inhabitants),
        "beyond reach" if margin.eur is None else f"{margin.eur:+,.0f}".replace(",", " "),
        _thousands(spare),
    ]


def share_text(answer: Answer, share: float) -> str:
    """Say which line puts a share of the inhabitants in quarters."""
    from zonage.summary import main_unit

    unit = main_unit(answer.zoning)
    inside = answer.zoning.inside
    population = answer.zoning.tiles.count("population")
    reached = int(population[inside].sum()) / int(population.sum())
    line = _thousands(unit.line, 1)
    return (
        f"{_percent(share)} of inhabitants in quarters: move the line by {answer.value:+.1f} EUR, "
        f"to {line} EUR disposable in {unit.legal.name}; then {100 * reached:.2f} % are in "
        f"{answer.zoning.zone_count} quarters\n"
    )


def minimum_text(answer: Answer, quarters: int) -> str:
    """Say which minimum population keeps a number of quarters."""
    return (
        f"{quarters} quarters: a minimum of at most {_thousands(answer.value)} inhabitants keeps "
        f"{answer.zoning.zone_count}\n"
    )


def uncertainty_text(found: Uncertainty, curve: Reliability | None) -> str:
    """Say the intervals of the totals, the probability of each quarter, and how good they are."""
    columns = list(next(iter(found.intervals.values())))
    rows = [["", *columns]] + [
        [name.replace("_", " "), *(_thousands(values[column]) for column in columns)]
        for name, values in found.intervals.items()
    ]
    parts = [_table(rows, right=range(1, len(columns) + 1))]
    table = found.table
    lines = [[name.replace("_", " ") for name in table]]
    lines += [[_shown(cell) for cell in row] for row in zip(*table.values(), strict=True)]
    parts.append(_table(lines, right=range(len(table))))
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
    return f"{_table(rows, right=range(2, len(table)))}\n\n{found.method}, {found.runs} scenarios"


def _shown(cell: Any) -> str:
    return f"{cell:.3f}" if isinstance(cell, float) and abs(cell) < 10 else (
        _thousands(cell) if isinstance(cell, float) else str(cell)
    )  # fmt: skip
