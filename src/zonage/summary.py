"""The figures of a run, computed and official side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonage.calibration import Calibration
from zonage.comparison import MAJORITY, Comparison
from zonage.pipeline import Run
from zonage.variables import FIXED_POINT
from zonage.zoning import REASON_TEXTS, Reason, UnitLine, Zoning

CAVEATS = (
    "The law's quantity, the median declared income per consumption unit, is not published for "
    "tiles: every income figure here is an estimate.",
    "How tiles become quarters is a model; the official outlines follow streets and were "
    "negotiated, so that no computation reproduces them entirely.",
    "Shares of poor households count households; shares of poor persons are estimated.",
)
"""What a reader of the figures must know."""


def summarise(run: Run) -> dict[str, Any]:
    """Return the figures of a run as plain values that JSON can hold.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    dict
        ``territory``, ``law``, ``lines`` (one a unit), ``computed``, and where official outlines
        were given ``official``, ``agreement``, ``quarters`` and ``calibration``.
    """
    zoning = run.zoning
    summary: dict[str, Any] = {
        "title": run.project.title,
        "source": run.project.source,
        "vintage": zoning.tiles.vintage,
        "territory": _people(zoning, np.ones(len(zoning.tiles))),
        "law": _law(zoning),
        "method": zoning.method.to_dict(),
        "lines": _lines(zoning),
        "computed": _computed(zoning),
        "tiles_by_reason": _by_reason(zoning),
        "caveats": list(CAVEATS),
    }
    if run.comparison is not None and run.official is not None:
        share = run.official.coverage.share_of(zoning.tiles)
        summary["official"] = _official(zoning, run.comparison, run.comparison.official)
        summary["official_by_area"] = _official(zoning, run.comparison, share)
        summary["agreement"] = {
            "majority": run.comparison.majority.to_dict(),
            "area": run.comparison.area.to_dict(),
        }
        summary["quarters"] = {
            "statuses": run.comparison.statuses(),
            "zones_without_counterpart": [zone.zone for zone in run.comparison.without_counterpart],
        }
        if run.calibration is not None:
            summary["calibration"] = _calibration(zoning, run.calibration)
    return summary


def main_unit(zoning: Zoning) -> UnitLine:
    """Return the unit with a line in which most inhabitants of the tiles live."""
    units = zoning.tiles.urban_unit
    people = np.bincount(units.index + 1, zoning.tiles.values("population"))

    def inhabitants(unit: UnitLine) -> float:
        code = unit.legal.unit
        return float(people[0 if code is None else units.labels.index(code) + 1])

    return max((unit for unit in zoning.units if unit.line is not None), key=inhabitants)


def _people(zoning: Zoning, weight: NDArray[np.float64]) -> dict[str, Any]:
    """Who lives on the tiles, each counted by a weight from 0 to 1."""
    tiles = zoning.tiles
    figures: dict[str, Any] = {"tiles": float(weight.sum())}
    sums = {
        name: float(tiles.count(name) @ weight) / FIXED_POINT
        for name in (
            "population",
            "households",
            "poor_households",
            "income_sum",
            "social_dwellings",
        )
        if name in tiles.counts
    }
    figures.update(sums)
    people = sums["population"]
    figures["income_mean"] = _ratio(sums.get("income_sum"), people)
    figures["poor_household_share"] = _ratio(sums.get("poor_households"), sums.get("households"))
    if zoning.poor_persons is not None:
        poor = float(np.nansum(tiles.values("population") * zoning.poor_persons * weight))
        figures["poor_person_share_estimated"] = _ratio(poor, people)
    if tiles.imputed is not None:
        imputed = float(tiles.values("population") @ (weight * tiles.imputed))
        figures["imputed_share"] = _ratio(imputed, people)
    touched = weight >= MAJORITY
    figures["communes_touched"] = len(np.unique(tiles.commune.index[touched & _known(zoning)]))
    return figures


def _known(zoning: Zoning) -> NDArray[np.bool_]:
    """Inhabited tiles whose commune is known."""
    return (zoning.tiles.commune.index >= 0) & (zoning.tiles.count("population") > 0)


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _law(zoning: Zoning) -> dict[str, Any]:
    law = zoning.law
    return {
        "name": law.name,
        "on": law.on.isoformat(),
        "territory": law.territory,
        "min_population": law.min_population,
        "reforms": {change.path: change.value for change in law.reforms},
        "line": "calibrated" if zoning.calibrated else "legal",
    }


def _lines(zoning: Zoning) -> list[dict[str, Any]]:
    population = zoning.tiles.count("population")
    rows = []
    for unit in zoning.units:
        legal = unit.legal
        code = legal.unit
        here = zoning.tiles.urban_unit.index == (
            -1 if code is None else zoning.tiles.urban_unit.labels.index(code)
        )
        rows.append(
            {
                "urban_unit": code,
                "name": legal.name,
                "inhabitants_here": int(population[here].sum()) / FIXED_POINT,
                "population": legal.population,
                "concept": legal.concept,
                "year": legal.year,
                "national_median": legal.national_median,
                "unit_median": legal.unit_median,
                "certainty": legal.certainty,
                "legal_threshold": legal.threshold,
                "threshold": unit.line,
                "basis": unit.basis,
                "qualifies": legal.qualifies,
                "reason": legal.reason,
                "departures": list(legal.departures),
            }
        )
    return rows


def _computed(zoning: Zoning) -> dict[str, Any]:
    figures = {"quarters": zoning.zone_count}
    return figures | _inside(zoning, zoning.inside.astype(np.float64))


def _official(zoning: Zoning, comparison: Comparison, share: NDArray[Any]) -> dict[str, Any]:
    """The same figures inside the official outlines, each tile counted by a share."""
    figures: dict[str, Any] = {
        "quarters": len(comparison.quarters),
        "vintage": comparison.vintage,
    }
    figures |= _inside(zoning, share.astype(np.float64))
    named = {name for quarter in comparison.quarters for name in quarter.communes.split(", ")}
    return figures | {"communes_named": len(named - {""})}


def _inside(zoning: Zoning, weight: NDArray[np.float64]) -> dict[str, Any]:
    figures = _people(zoning, weight)
    whole = zoning.tiles.total("population")
    cell = zoning.tiles.grid().cell_area_km2
    return figures | {
        "population_share": _ratio(figures["population"], whole),
        "area_km2": figures["tiles"] * cell,
    }


def _by_reason(zoning: Zoning) -> dict[str, dict[str, Any]]:
    population = zoning.tiles.count("population")
    return {
        reason.name.lower(): {
            "text": REASON_TEXTS[reason][0],
            "tiles": int((zoning.reason == reason).sum()),
            "population": int(population[zoning.reason == reason].sum()) / FIXED_POINT,
        }
        for reason in Reason
        if (zoning.reason == reason).any()
    }


def _calibration(zoning: Zoning, calibration: Calibration) -> dict[str, Any]:
    low, high = calibration.interval
    legal = sorted({unit.line for unit in zoning.units if unit.line is not None})
    return {
        "line": calibration.line,
        "best_above": low,
        "best_up_to": high if np.isfinite(high) else None,
        "agreement": calibration.best.to_dict(),
        "at_the_line_used": {f"{line:.0f}": calibration.at(line).to_dict() for line in legal},
        "options_left_out": list(calibration.left_out),
    }
