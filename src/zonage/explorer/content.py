"""What the page knows: tiles, zonings at every position of the sliders, official quarters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.explorer.ladder import MINIMA, Ladder, ladder, steps_for
from zonage.explorer.lonlat import fitted
from zonage.explorer.overlays import (
    Overlay,
    commune_borders,
    covered_outlines,
    outlines,
    packed_lines,
)
from zonage.explorer.packing import Pack
from zonage.explorer.wording import words
from zonage.grid import GridSpec
from zonage.pipeline import Official, Run
from zonage.scenarios.change import MEASURES
from zonage.summary import main_unit
from zonage.tiles import Tiles
from zonage.zoning import Zoning

MAX_TILES, MAX_CELLS = 300_000, 4_000_000
"""Beyond these a page would be too slow to move: tiles, and cells of the grid around them."""

DEGREES, METRES = 1e-9, 0.5
"""How exact the page's longitudes (for files) and its metres (for the base map) are."""


@dataclass(frozen=True)
class View:
    """A zoning that the page can show, on one of its tables of tiles."""

    kind: str
    label: tuple[str, str]
    run: Run
    zoning: Zoning


def views_of(run: Run, against: Run | None, scenario: Zoning | None) -> list[View]:
    """Return the zonings of a page: that of the run, a scenario, another run."""
    base = run.zoning
    year = base.tiles.vintage
    named = words(in_force=in_force(base))["base"]
    label = (named["en"], named["fr"])
    if against is not None and year is not None:
        label = (f"{label[0]}, tiles of {year}", f"{label[1]}, carreaux {year}")
    views = [View("base", label, run, base)]
    if scenario is not None:
        text = ", ".join(f"{path} = {value}" for path, value in differences(base, scenario))
        views.append(View("scenario", (text or "scenario", text or "scénario"), run, scenario))
    if against is not None:
        other = against.zoning.tiles.vintage
        title = against.project.title
        label = (title, title) if other is None else (f"tiles of {other}", f"carreaux {other}")
        views.append(View("vintage", label, against, against.zoning))
    return views


def in_force(zoning: Zoning) -> bool:
    """Whether a zoning follows the law as it is, with the lines that the law draws."""
    return not zoning.law.reforms and not zoning.calibrated and not zoning.told.shift


def differences(base: Zoning, scenario: Zoning) -> list[tuple[str, Any]]:
    """List the parameters in which a scenario differs from its base, with the scenario's value."""
    before = {item.name: item.value for item in base.law.parameters}
    law = [
        (f"{scenario.law.name}.{item.name}", item.value)
        for item in scenario.law.parameters
        if before.get(item.name) != item.value
    ]
    old = base.method.to_dict()
    method = [
        (f"method.{name}", value)
        for name, value in scenario.method.to_dict().items()
        if old[name] != value
    ]
    return law + method


def content_of(
    views: Sequence[View],
    pack: Pack,
    *,
    probability: NDArray[np.float64] | None,
    overlays: Sequence[Overlay],
) -> dict[str, Any]:
    """Return all that the page knows as plain values; arrays go into the pack.

    Parameters
    ----------
    views : sequence of View
        The first is the one that all others are held against.
    pack : Pack
        Takes the arrays.
    probability : float64 array, shape (n,), or None
        Of each tile of the first view.
    overlays : sequence of Overlay
        Further layers, on the tiles of the first view.

    Raises
    ------
    BadInput
        If the views are on different lattices, or too large for a page.
    """
    first = views[0]
    tables = list({id(view.zoning.tiles): view.zoning.tiles for view in views}.values())
    places = [id(tiles) for tiles in tables]
    grid = _grid(tables)
    minima = np.unique([*MINIMA, *(float(view.zoning.law.min_population) for view in views)])
    shifts = steps_for(sum(len(view.zoning.tiles) for view in views), len(minima))
    names = _Names.of(views)
    return {
        "title": first.run.project.title,
        "words": words(in_force=in_force(first.zoning)),
        "source": first.run.project.source,
        "grid": {"resolution": grid.resolution, "north": grid.north, "west": grid.west,
                 "height": grid.height, "width": grid.width},
        "shifts": shifts.tolist(),
        "minima": minima.tolist(),
        "communes": names.communes,
        "units": names.units,
        "tables": [
            _table(tiles, grid, names, first, pack, probability if tiles is tables[0] else None)
            for tiles in tables
        ],
        "views": [
            _view(view, places.index(id(view.zoning.tiles)), shifts, minima, pack)
            for view in views
        ],
        "official": _official(first.run.official, tables, pack),
        "communeLines": _communes(first, pack),
        "overlays": [
            {
                "name": one.name,
                "label": {"en": one.label_en, "fr": one.label_fr},
                "colour": one.colour,
                "lines": packed_lines(pack, one.lines(tables[0])),
            }
            for one in overlays
        ],
        "projection": _projection(grid),
    }  # fmt: skip


@dataclass(frozen=True)
class _Names:
    """Communes and urban units of all tables, each once, as code and name."""

    communes: list[list[str]]
    units: list[list[str]]

    @classmethod
    def of(cls, views: Sequence[View]) -> _Names:
        communes: dict[str, str] = {}
        units: dict[str, str] = {}
        for view in views:
            known = view.run.territories
            for code in view.zoning.tiles.commune.labels:
                named = known.communes.get(code) if known is not None else None
                communes.setdefault(code, code if named is None else named.name)
            for unit in view.zoning.units:
                if unit.legal.unit is not None:
                    units.setdefault(unit.legal.unit, unit.legal.name or unit.legal.unit)
            for code in view.zoning.tiles.urban_unit.labels:
                units.setdefault(code, code)
        return cls(
            [list(pair) for pair in communes.items()], [list(pair) for pair in units.items()]
        )


def _grid(tables: Sequence[Tiles]) -> GridSpec:
    """The grid around all tiles, within what a page can hold."""
    first = tables[0]
    for tiles in tables:
        if (tiles.crs, tiles.resolution) != (first.crs, first.resolution):
            raise BadInput(
                "the two projects are of different lattices",
                file=tiles.source,
                found=f"EPSG:{tiles.crs}, {tiles.resolution} m",
                expected=f"EPSG:{first.crs}, {first.resolution} m",
            )
        if len(tiles) > MAX_TILES:
            raise BadInput(
                "too many tiles for one page",
                file=tiles.source,
                found=len(tiles),
                expected=f"at most {MAX_TILES}",
                hint="choose a territory, such as an EPCI or some urban units",
            )
    grid = GridSpec.around(
        np.concatenate([tiles.northing for tiles in tables]),
        np.concatenate([tiles.easting for tiles in tables]),
        crs=first.crs,
        resolution=first.resolution,
        margin=1,
    )
    if grid.height * grid.width > MAX_CELLS:
        raise BadInput(
            "the tiles lie too far apart for one page",
            file=first.source,
            found=f"{grid.height} x {grid.width} cells",
            expected=f"at most {MAX_CELLS} cells",
            hint="choose a smaller territory",
        )
    return grid


def _table(
    tiles: Tiles,
    grid: GridSpec,
    names: _Names,
    first: View,
    pack: Pack,
    probability: NDArray[np.float64] | None,
) -> dict[str, Any]:
    """The tiles of one table: where they are, who lives there."""
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    table: dict[str, Any] = {
        "vintage": tiles.vintage,
        "row": pack.add(row),
        "column": pack.add(column),
        "commune": pack.add(_renumbered(tiles.commune, names.communes)),
        "unit": pack.add(_renumbered(tiles.urban_unit, names.units)),
        "counts": {name: pack.add(tiles.count(name)) for name in MEASURES if name in tiles.counts},
        "imputed": None if tiles.imputed is None else pack.add(tiles.imputed),
        "probability": None if probability is None else pack.add(probability.astype(np.float32)),
        "official": None,
    }
    if first.run.official is not None:
        coverage = first.run.official.coverage
        tile, quarter, share = coverage.on(tiles)
        table["official"] = {
            "tile": pack.add(tile),
            "quarter": pack.add(quarter),
            "share": pack.add(share),
            "whole": pack.add(coverage.share_of(tiles)),
        }
    return table


def _renumbered(codes: Any, names: list[list[str]]) -> NDArray[np.int64]:
    """Positions in the common list of names; -1 = unknown."""
    place = {code: index for index, (code, _) in enumerate(names)}
    mapped = np.array([*(place[label] for label in codes.labels), -1], np.int64)
    return mapped[codes.index]


def _view(
    view: View, table: int, shifts: NDArray[np.float64], minima: NDArray[np.float64], pack: Pack
) -> dict[str, Any]:
    """One zoning: its rule, its lines, its incomes and what is inside at every position."""
    zoning = view.zoning
    steps = ladder(zoning, shifts, minima)
    values, line = np.unique(zoning.line, return_inverse=True)
    smoothed = not np.array_equal(zoning.criterion, zoning.income.median, equal_nan=True)
    return {
        "kind": view.kind,
        "label": {"en": view.label[0], "fr": view.label[1]},
        "table": table,
        "minimum": int(np.searchsorted(minima, float(zoning.law.min_population))),
        "inclusive": zoning.law.comparison == "inclusive",
        "connectivity": zoning.method.connectivity,
        "withinUnits": zoning.method.within_units,
        "rule": _rule(zoning),
        "main": _main_line(zoning, shifts),
        "units": _unit_lines(zoning),
        "lines": [_plain(value) for value in values.tolist()],
        "line": pack.add(line.reshape(-1)),
        "mu": pack.add(zoning.income.mu.astype(np.float32)),
        "sigma": pack.add(zoning.income.sigma.astype(np.float32)),
        "criterion": pack.add(zoning.criterion.astype(np.float32)) if smoothed else None,
        "ladder": _packed(steps, pack),
    }


def _packed(steps: Ladder, pack: Pack) -> dict[str, Any]:
    return {
        "own": pack.add(steps.own),
        # Minima side by side for each tile: mostly equal, so they deflate well.
        "entry": pack.add(steps.entry.T),
        "still": pack.add(steps.still),
        "exceptions": [pack.add(column) for column in steps.exceptions.T],
        "links": [pack.add(column) for column in steps.links.T],
        "zones": pack.add(steps.zones),
        "byTree": steps.by_tree,
    }


def _rule(zoning: Zoning) -> dict[str, Any]:
    """The rule in words of the field, for the reader who wants to know."""
    law = zoning.law
    return {
        "law": law.name,
        "on": law.on.isoformat(),
        "minimum": law.min_population,
        "calibrated": zoning.calibrated,
        "reforms": [[change.path, str(change.value)] for change in law.reforms],
        "method": [[name, str(value)] for name, value in zoning.method.to_dict().items()],
    }


def _main_line(zoning: Zoning, shifts: NDArray[np.float64]) -> dict[str, Any]:
    """The line of the unit with most inhabitants, at every shift, disposable and declared."""
    unit = main_unit(zoning)
    lines = [float(unit.line or 0) + shift for shift in shifts.tolist()]
    declared = [_declared(zoning, line) for line in lines]
    legal = unit.legal
    if unit.basis == "legal" and legal.concept == "declared" and legal.threshold is not None:
        declared[shifts.tolist().index(0.0)] = float(legal.threshold)
    return {"name": legal.name or legal.unit or "", "disposable": lines, "declared": declared}


def _declared(zoning: Zoning, line: float) -> float | None:
    """The declared income of a line; None where no map reaches it."""
    if zoning.conversion is None:
        return None
    try:
        return _plain(float(zoning.conversion.to_declared(line)))
    except BadInput:
        return None


def _unit_lines(zoning: Zoning) -> list[dict[str, Any]]:
    return [
        {
            "code": unit.legal.unit or "",
            "name": unit.legal.name or "",
            "line": None if unit.line is None else _plain(unit.line),
            "threshold": unit.legal.threshold,
            "qualifies": unit.legal.qualifies,
        }
        for unit in zoning.units
    ]


def _official(
    official: Official | None, tables: Sequence[Tiles], pack: Pack
) -> dict[str, Any] | None:
    """The official quarters, with their outlines, or those of the tiles mostly inside."""
    if official is None:
        return None
    coverage, perimeters = official.coverage, official.perimeters
    touched = {int(quarter) for tiles in tables for quarter in coverage.on(tiles).perimeter}
    quarters = []
    shapes = {}
    if perimeters is not None:
        drawn = perimeters.to_crs(tables[0].crs)
        shapes = dict(zip(drawn.codes, drawn.geometry, strict=True))
    for index, (code, name, communes) in enumerate(
        zip(coverage.codes, coverage.names, coverage.communes, strict=True)
    ):
        lines: list[NDArray[np.float64]] = []
        if index in touched and code in shapes:
            lines = list(outlines([shapes[code]]))
        elif index in touched:
            here = (coverage.perimeter == index) & (coverage.share >= 0.5)
            lines = covered_outlines(
                coverage.northing[here], coverage.easting[here], coverage.resolution
            )
        packed = packed_lines(pack, lines) if index in touched else None
        quarters.append({"code": code, "name": name, "communes": communes, "lines": packed})
    return {"vintage": coverage.vintage, "byTiles": perimeters is None, "quarters": quarters}


def _communes(first: View, pack: Pack) -> dict[str, Any]:
    """The outlines of the communes of the tiles, or the borders that the tiles suggest."""
    tiles, territories = first.zoning.tiles, first.run.territories
    if territories is None or territories.outlines is None:
        return {"byTiles": True, "lines": packed_lines(pack, commune_borders(tiles))}
    drawn = territories.outlines.to_crs(tiles.crs)
    known = set(tiles.commune.labels)
    shapes = [
        shape for code, shape in zip(drawn.codes, drawn.geometry, strict=True) if code in known
    ]
    return {"byTiles": False, "lines": packed_lines(pack, list(outlines(shapes)))}


def _projection(grid: GridSpec) -> dict[str, Any]:
    """Polynomials from metres of the tiles' CRS to longitude and latitude, and back."""
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(grid.crs, 4326, always_xy=True)
    west, south, east, north = grid.bounds
    edge = grid.resolution * 20
    box = (west - edge, south - edge, east + edge, north + edge)
    degrees = fitted(to_degrees.transform, box, DEGREES)
    x, y = np.meshgrid([box[0], (box[0] + box[2]) / 2, box[2]], [box[1], box[3]])
    longitude, latitude = to_degrees.transform(x, y)
    around = (longitude.min(), latitude.min(), longitude.max(), latitude.max())
    back = Transformer.from_crs(4326, grid.crs, always_xy=True)
    return {
        "crs": grid.crs,
        "degrees": degrees.to_dict(),
        "metres": fitted(back.transform, around, METRES).to_dict(),
    }


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
