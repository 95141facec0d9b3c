"""Do works: zone a base once, and each of its scenarios from it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from zonage.batch.plan import Group, Work
from zonage.comparison import compare
from zonage.errors import BadInput, ZonageError
from zonage.pipeline import Run, read_official, run
from zonage.project import Project
from zonage.raster import Coverage
from zonage.scenarios import reform
from zonage.scenarios.sweep import measures
from zonage.sources.territories import Territories
from zonage.summary import main_unit
from zonage.zoning import Zoning

Done = tuple[Work, dict[str, Any] | None, str]
"""A work with its result, or with the problem that it met."""


def do_works(group: Group) -> Iterator[Done]:
    """Do the works of a group one by one; a problem of one is none of the others.

    Parameters
    ----------
    group : Group
        The base and the works to do.

    Yields
    ------
    Work, dict or None, str
        The work, its result as plain values, and its problem where there is no result.
    """
    try:
        base, coverage = _base(group)
    except Exception as error:
        for work in group.works:
            yield work, None, _said(error)
        return
    for work in group.works:
        try:
            zoning = reform(base.zoning, work.settings) if work.settings else base.zoning
            yield work, _result(zoning, base.territories, coverage), ""
        except Exception as error:
            yield work, None, _said(error)


def _said(error: Exception) -> str:
    """A problem on one line, that of a fault of ours with its kind."""
    kind = "" if isinstance(error, ZonageError) else f"{type(error).__name__}: "
    return " ".join(f"{kind}{error}".split())


def _base(group: Group) -> tuple[Run, Coverage | None]:
    """Zone the base, and check that what was read is what the keys speak of."""
    project = group.base.project
    if not isinstance(project, Project):
        raise project
    base = run(project.model_copy(update={"official": None}))
    coverage = None
    if project.official is not None:
        coverage = read_official(project.official, base.zoning.tiles).coverage
    for content in group.inputs.values():
        try:
            content.check()
        except OSError as error:
            raise BadInput("went away while it was in use", file=content.path) from error
    return base, coverage


def _result(
    zoning: Zoning, territories: Territories | None, coverage: Coverage | None
) -> dict[str, Any]:
    """What is kept of a zoning: totals, quarters, and the tiles inside."""
    tiles = zoning.tiles
    inside = np.flatnonzero(zoning.inside)
    inside = inside[np.argsort(zoning.label[inside], kind="stable")]
    return {
        "crs": tiles.crs,
        "resolution": tiles.resolution,
        "vintage": tiles.vintage,
        "totals": _totals(zoning, coverage),
        "quarters": _quarters(zoning, territories),
        "tiles": {
            "northing": tiles.northing[inside].tolist(),
            "easting": tiles.easting[inside].tolist(),
            "quarter": zoning.label[inside].tolist(),
            "population": tiles.count("population")[inside].tolist(),
        },
    }


def _totals(zoning: Zoning, coverage: Coverage | None) -> dict[str, float]:
    """What lies in quarters, the line of the most populous unit, and the agreement if known."""
    totals = measures(zoning)
    totals["population_share"] = totals["population"] / zoning.tiles.total("population")
    totals["line"] = main_unit(zoning).line or 0.0
    f1 = math.nan if coverage is None else compare(zoning, coverage).majority.f1
    return totals | ({"f1": f1} if math.isfinite(f1) else {})


def _quarters(zoning: Zoning, territories: Territories | None) -> list[dict[str, Any]]:
    known = {} if territories is None else territories.communes
    table = zoning.table
    columns = ("zone", "communes", "population", "income_median", "threshold")
    return [
        {
            **dict(zip(columns, map(_known, row), strict=True)),
            "names": ", ".join(
                known[code].name if code in known else code for code in row[1].split()
            ),
        }
        for row in zip(*(table[name] for name in columns), strict=True)
    ]


def _known(value: Any) -> Any:
    """The value, None where it is a number that is not known."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
