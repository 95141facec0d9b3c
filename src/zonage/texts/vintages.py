"""What the comparison of two vintages says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zonage.texts._format import NAMES, aligned, thousands

if TYPE_CHECKING:
    from zonage.pipeline import Run
    from zonage.vintages import VintageChange


def vintages_text(before: Run, after: Run, found: VintageChange) -> str:
    """Say what changed from one vintage to another, and where it comes from."""
    years = [str(run.zoning.tiles.vintage) for run in (before, after)]
    parts = [
        _tiles(found, years),
        _totals(found, years),
        _contributions(found),
        _drifts(found, years),
    ]
    statuses = ", ".join(f"{count} {name}" for name, count in found.change.statuses().items())
    parts.append(f"computed quarters: {statuses or 'none in either vintage'}")
    if found.union.dropped:
        names = ", ".join(name.replace("_", " ") for name in found.union.dropped)
        parts.append(
            f"only one vintage holds {names}: both sides are estimated without them, "
            "and differ from the runs of each vintage by itself"
        )
    if _chosen(before) != _chosen(after):
        parts.append(
            "the two projects choose different territories: tiles of one alone count as appearing "
            "or vanishing, and their people as living elsewhere"
        )
    return "\n\n".join(part for part in parts if part)


def _chosen(run: Run) -> dict[str, object]:
    """What of the tiles a project chooses."""
    return run.project.territory.model_dump(include={"epci", "urban_units", "communes", "bbox"})


def _tiles(found: VintageChange, years: list[str]) -> str:
    rows = [["tiles", "number", *(f"inhabitants {year}" for year in years)]]
    for kind, count in found.tiles.items():
        people = (count["population_before"], count["population_after"])
        rows.append([kind, thousands(count["tiles"]), *(thousands(one, 1) for one in people)])
    return aligned(rows, right=(1, 2, 3))


def _totals(found: VintageChange, years: list[str]) -> str:
    before, after = found.totals["before"], found.totals["after"]
    rows = [["in quarters", *years]]
    for name, digits in (("quarters", 0), ("tiles", 0), ("population", 1)):
        rows.append([name, thousands(before[name], digits), thousands(after[name], digits)])
    rows.append(
        ["share of inhabitants", *(f"{100 * one['share']:.1f} %" for one in (before, after))]
    )
    return aligned(rows, right=(1, 2))


def _contributions(found: VintageChange) -> str:
    from zonage.vintages.decomposition import FACTORS

    rows = [["where the change comes from", "inhabitants", "tiles", "quarters"]]
    for one in found.decomposition.contributions:
        figures = (f"{one.population:+,.1f}", f"{one.tiles:+.1f}", f"{one.quarters:+.2f}")
        rows.append([FACTORS[one.factor]["en"], *(text.replace(",", " ") for text in figures)])
    before, after = found.totals["before"], found.totals["after"]
    whole = after["population"] - before["population"]
    rows.append(
        [
            "together",
            f"{whole:+,.1f}".replace(",", " "),
            f"{after['tiles'] - before['tiles']:+.1f}",
            f"{after['quarters'] - before['quarters']:+.2f}",
        ]
    )
    return aligned(rows, right=(1, 2, 3))


def _drifts(found: VintageChange, years: list[str]) -> str:
    """Official quarters where they are known, else computed ones, those nearest the line first."""
    drifts = sorted(found.official or found.drifts, key=lambda one: abs(one.gap_after))
    if not drifts:
        return ""
    kind = "official quarter" if found.official else "computed quarter"
    header = [kind, "", *(f"median to line {year}" for year in years), "drifts"]
    rows = [header] + [
        [
            drift.quarter,
            drift.name[:NAMES],
            f"{100 * drift.gap_before:+.1f} %",
            f"{100 * drift.gap_after:+.1f} %",
            drift.direction,
        ]
        for drift in drifts
    ]
    return aligned(rows, right=(2, 3))
