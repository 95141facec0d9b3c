"""What the commands of the main job say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zonage.texts._format import aligned, exactly, percent, thousands

if TYPE_CHECKING:
    from zonage.calibration import Calibration
    from zonage.comparison import Comparison, PerimeterChange
    from zonage.pipeline import Run
    from zonage.sources.insee import TileFile
    from zonage.zoning import Zoning


def summary_text(result: Run) -> str:
    """Say what a run found, computed and official side by side."""
    from zonage.summary import summarise

    summary = summarise(result)
    parts = [summary["title"], lines_text(summary), sides_text(summary)]
    if result.comparison is not None:
        parts += [agreement_text(result.comparison), status_text(result.comparison)]
        if "calibration" in summary:
            parts.append(_calibrated_beside(summary["calibration"]))
    parts.append("All incomes of tiles and quarters are estimates; see summary.json.")
    return "\n\n".join(parts)


def _calibrated_beside(best: dict[str, Any]) -> str:
    left_out = ", ".join(best["options_left_out"])
    return (
        f"calibrated beside it (not the law): the line of {exactly(best['line'])} EUR "
        f"disposable would give F1 {best['agreement']['f1']:.3f}"
    ) + (f", without {left_out}" if left_out else "")


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
                thousands(unit["inhabitants_here"]),
                thousands(unit["legal_threshold"]),
                thousands(unit["threshold"]),
                note,
            )
        )
    return aligned(rows, right=(1, 2, 3))


def sides_text(summary: dict[str, Any]) -> str:
    """Put the figures of the territory, of computed and of official quarters side by side."""
    sides = [summary["territory"], summary["computed"]]
    header = ["", "territory", "computed"]
    if "official" in summary:
        sides.append(summary["official"])
        header.append("official (majority)")
    figures = (
        ("quarters", "quarters", thousands),
        ("communes touched", "communes_touched", thousands),
        ("inhabitants", "population", thousands),
        ("share of inhabitants", "population_share", percent),
        ("poor households", "poor_households", thousands),
        ("poor among households", "poor_household_share", percent),
        ("poor among persons (estimated)", "poor_person_share_estimated", percent),
        ("social dwellings", "social_dwellings", thousands),
        ("inhabitants in imputed tiles", "imputed_share", percent),
        ("square kilometres", "area_km2", lambda value: thousands(value, 1)),
    )
    rows = [header] + [
        [text, *(show(side.get(key)) for side in sides)]
        for text, key, show in figures
        if any(key in side for side in sides)
    ]
    return aligned(rows, right=(1, 2, 3))


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
    return aligned(rows, right=(1, 2, 3, 4))


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
                thousands(quarter.inhabitants),
                percent(quarter.found_share),
                ", ".join(
                    f"{name.replace('_', ' ')} {thousands(people)}" for name, people in missed[:2]
                ),
            ]
        )
    text = aligned(rows, right=(4, 5))
    extra = comparison.without_counterpart
    if extra:
        zones = ", ".join(f"{zone.zone} ({thousands(zone.inhabitants)})" for zone in extra)
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
    return f"{aligned(rows, right=(5, 6))}\n\n{before} quarters before, {after} after: {total}"


def info_text(found: TileFile) -> str:
    """Say what a tile file holds."""
    vintage = found.vintage or "unknown"
    rows = [
        ("file", found.source),
        ("format", found.format),
        ("layout", found.layout or "not recognised"),
        ("vintage", f"{vintage} ({found.vintage_reason})"),
        ("rows", thousands(found.rows)),
        ("lattice", f"EPSG:{found.crs}, {found.resolution} m" if found.crs else "unknown"),
    ]
    if found.bounds:
        west, south, east, north = found.bounds
        rows.append(("bounding box", f"E {west} to {east}, N {south} to {north}"))
    rows += [(name.replace("_", " "), thousands(total, 1)) for name, total in found.totals.items()]
    if found.imputed_tile_share is not None:
        people = found.imputed_population_share
        note = f"{percent(found.imputed_tile_share)} of tiles, {percent(people)} of inhabitants"
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
    return "\n".join([aligned(rows), "", *problems])


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
            f"{thousands(used.line)} (the project's, in {used.legal.name or used.legal.unit})",
            "whole",
            f"{getattr(legal.comparison, rule).f1:.3f}",
            str(legal.zoning.zone_count),
        ],
        [
            f"{exactly(found.line)} (best)",
            "one pass over all lines",
            f"{found.best.f1:.3f}",
            "",
        ],
        [
            f"{exactly(found.line)} (best)",
            "whole",
            f"{getattr(comparison, rule).f1:.3f}",
            str(again.zone_count),
        ],
    ]
    note = ""
    if found.left_out:
        note = f"\nthe pass leaves out {', '.join(found.left_out)}, under which zones can shrink"
    return (
        f"{aligned(rows, right=(2, 3))}\n\n"
        f"the best lines lie above {thousands(low, 1)} and up to {thousands(high, 1)}{note}\n"
        "a calibrated line is fitted on the outlines it is judged on; it is not the law"
    )
