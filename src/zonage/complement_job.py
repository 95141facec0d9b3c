"""The complementary perimeters that a project describes: layers gathered, rule, overlays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zonage.complementary import indicators
from zonage.complementary.layers import Layer
from zonage.complementary.perimeters import Complement, complement
from zonage.complementary.rule import Rule
from zonage.complementary.rule_file import load_rule
from zonage.errors import BadInput
from zonage.pipeline import Run
from zonage.project_complement import (
    ComplementSection,
    HousingSection,
    LayerSection,
    SchoolsSection,
)
from zonage.project_section import paths_of
from zonage.raster import Coverage, coverage
from zonage.tiles import Tiles
from zonage.zoning import Zoning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zonage.complementary.schools import Level
    from zonage.sources.layers import ValuedPolygons
    from zonage.sources.schools import Schools

    SchoolsAndSectors = tuple[Schools, dict[str, ValuedPolygons]]

Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class ComplementRun:
    """What a project's complementary perimeters are, with what they were made from.

    Attributes
    ----------
    base : Run
        The run of the State's quarters.
    found : Complement
        The perimeters.
    schools : tuple of Schools
        One list for each level of school, those without a place or an index among them.
    overlays : mapping of str to Coverage
        Other zonings, by the name that the project gives them.
    """

    base: Run
    found: Complement
    schools: tuple[Schools, ...]
    overlays: dict[str, Coverage]

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files that were read, as the project names them."""
        return (*self.base.inputs, *paths_of(self.base.project.complement))


def complement_run(run: Run, tell: Tell = lambda text: None) -> ComplementRun:
    """Gather the indicators that a project names and find its complementary perimeters.

    Parameters
    ----------
    run : Run
        The run of the project.
    tell : callable, optional
        Called with a line of text as each step begins.

    Returns
    -------
    ComplementRun
        A project without a ``[complement]`` section has the packaged rule on what its tiles alone
        can tell; an indicator without data is left out, and the result says so.

    Raises
    ------
    BadInput
        If a file cannot be used, the rule has no such parameter, or the data cannot carry it.
    """
    section = run.project.complement or ComplementSection()
    tiles = run.zoning.tiles
    tell("indicators")
    schools = read_schools_of(tiles, section.schools)
    with _located(run, "complement"):
        layers = list(gather(run, section, schools))
    rule = _rule(run, section, layers)
    layers += _without_data(rule, layers, len(tiles))
    tell("complementary perimeters")
    with _located(run, "complement.rule"):
        found = complement(run.zoning, layers, rule, official=_official(run, section))
    overlays = {}
    for overlay in section.overlays:
        from zonage.sources.perimeters import read_perimeters

        tell(f"overlay {overlay.name}")
        outlines = read_perimeters(overlay.path, code=overlay.code, name=overlay.title)
        overlays[overlay.name] = coverage(outlines, tiles)
    return ComplementRun(run, found, tuple(one for one, _ in schools), overlays)


@contextmanager
def _located(run: Run, key: str) -> Iterator[None]:
    """Say the project file, and the key in it, in errors that name no file."""
    try:
        yield
    except BadInput as error:
        if error.file is not None:
            raise
        raise BadInput(
            error.message,
            file=run.project.file,
            row=error.row,
            column=_key(key, error.column),
            found=error.found,
            expected=error.expected,
            hint=error.hint,
        ) from None


def _key(key: str, column: str | None) -> str:
    """The key of the project file that an error is about, below the one that was being read."""
    below = (column or "").removeprefix("indicator.").removeprefix("complement.")
    return f"{key}.{below}" if below else key


def gather(
    run: Run, section: ComplementSection, schools: Sequence[SchoolsAndSectors]
) -> Iterator[Layer]:
    """Bring every indicator of a project to its tiles.

    Parameters
    ----------
    run : Run
        The run of the project.
    section : ComplementSection
        Where its indicators come from.
    schools : sequence of pairs of Schools and catchments
        From :func:`read_schools_of`.
    """
    zoning = run.zoning
    line = section.very_low_income_line or deep_poverty_line(zoning)
    with _located(run, "complement.very_low_income_line"):
        yield indicators.very_low_income(zoning, line)
    yield indicators.income_median(zoning)
    communes = set(zoning.tiles.commune.labels)
    for listed, sectors in schools:
        yield from indicators.school_mix(zoning.tiles, listed, sectors=sectors, metropolis=communes)
    if section.housing is not None:
        path = section.housing.polygons or section.housing.dwellings
        yield _known_somewhere(_housing(zoning.tiles, section.housing), path)
    elif {"social_dwellings", "households"} <= zoning.tiles.counts.keys():
        yield indicators.social_housing_of_tiles(zoning.tiles)
    official = _official(run, section)
    source = "computed quarters" if official is None else "official quarters"
    yield from indicators.border_effect(
        zoning.tiles, zoning.inside if official is None else official, source=source
    )
    for layer in section.layers:
        with _located(run, "complement.layers"):
            yield _known_somewhere(_user_layer(zoning.tiles, layer), layer.path)


def _known_somewhere(layer: Layer, path: Path | None) -> Layer:
    """Refuse a file that tells nothing of any tile: it is of another place, or misplaced."""
    if not layer.known.any():
        raise BadInput(
            "no tile of the project has a value from this file",
            file=path,
            hint="is it of this territory, and is its projection the one that it states?",
        )
    return layer


def deep_poverty_line(zoning: Zoning) -> float:
    """Forty per cent of the national median: two thirds of the poverty line of the tiles' vintage.

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> deep_poverty_line(zn.qpv(town.tiles, law, town.reference))
    8772.0
    """
    return zoning.model.poverty_line * 2 / 3


def _official(run: Run, section: ComplementSection) -> NDArray[np.bool_] | None:
    """The official quarters, None where the computed ones are taken."""
    if section.quarters == "computed":
        return None
    if run.comparison is None:
        if section.quarters == "official":
            raise BadInput(
                "no official outlines to take as the State's quarters",
                file=run.project.file,
                column="complement.quarters",
                hint="give an [official] section, or quarters = 'computed'",
            )
        return None
    return run.comparison.official


def read_schools_of(tiles: Tiles, section: SchoolsSection | None) -> list[SchoolsAndSectors]:
    """Read the schools of a project, one list a level, with the catchments of each.

    Parameters
    ----------
    tiles : Tiles
        The territory: schools of its communes are kept, and those that a catchment leads to.
    section : SchoolsSection or None
        The files; None where the project names none.
    """
    from zonage.sources.schools import merge, read_schools

    if section is None:
        return []
    lists = [
        read_schools(path, positions=section.positions, year=section.year) for path in section.lists
    ]
    merge(*lists)  # refuses a school that comes twice, and years that are of two series
    found = []
    levels: tuple[Level, ...] = ("college", "ecole")
    for level in levels:
        of_level = [schools for schools in lists if level in schools.level]
        if of_level:
            sectors = _sectors(tiles, section, level)
            named = {code for polygons in sectors.values() for code in polygons.code}
            every = merge(*of_level)
            wanted = set(tiles.commune.labels)
            here = [
                commune in wanted or uai in named
                for commune, uai in zip(every.commune, every.uai, strict=True)
            ]
            found.append((every.select(np.array(here, np.bool_)), sectors))
    return found


def _sectors(tiles: Tiles, section: SchoolsSection, level: Level) -> dict[str, ValuedPolygons]:
    from zonage.sources.layers import read_polygons

    path = getattr(section, f"{level}_sectors")
    if path is None:
        return {}
    code = getattr(section, f"{level}_code")
    return {level: read_polygons(path, [], code=code, crs=tiles.crs)}


def _housing(tiles: Tiles, section: HousingSection) -> Layer:
    from zonage.sources.housing import Dwellings, read_rpls
    from zonage.sources.layers import read_polygons

    polygons = None
    if section.polygons is not None:
        columns = [] if section.rate is None else [section.rate]
        polygons = read_polygons(
            section.polygons, columns, code=section.code, weight=section.weight, crs=tiles.crs
        )
    if section.dwellings is None:
        assert polygons is not None
        assert section.rate is not None
        return indicators.social_housing_of_polygons(
            tiles, polygons, section.rate, percent=section.percent
        )
    counted = read_rpls(section.dwellings, communes=set(tiles.commune.labels), crs=tiles.crs)
    if isinstance(counted, Dwellings):
        return indicators.social_housing_of_dwellings(tiles, counted)
    return indicators.social_housing_of_counts(tiles, counted, polygons)


def _user_layer(tiles: Tiles, section: LayerSection) -> Layer:
    from zonage.sources.layers import read_polygons, read_raster, read_tile_values

    indicator = indicators.user_indicator(
        section.name,
        section.label,
        section.unit,
        section.direction,
        missing=section.missing,
        family=section.family,
    )
    if section.kind == "raster":
        return indicators.raster_layer(tiles, indicator, read_raster(section.path))
    column = str(section.column)
    if section.kind == "tiles":
        return indicators.table_layer(tiles, indicator, read_tile_values(section.path, column))
    columns = [column] if section.weight is None else [column, section.weight]
    polygons = read_polygons(section.path, columns, crs=tiles.crs)
    return indicators.polygon_layer(tiles, indicator, polygons, column, weight=section.weight)


def _rule(run: Run, section: ComplementSection, layers: list[Layer]) -> Rule:
    """The packaged rule with the user's indicators, then with what the project changes in it."""
    rule = load_rule()
    given = {layer.indicator.name: layer.indicator for layer in layers}
    with _located(run, "complement.layers"):
        for layer in section.layers:
            indicator = given[layer.name]
            rule = rule.adding(indicator, cutoff=layer.cutoff, quantile=layer.quantile)
    with _located(run, "complement.rule"):
        return rule.reform(_flat(section.rule)) if section.rule else rule


def _flat(changes: dict[str, Any]) -> dict[str, Any]:
    """Changes by path, whether an indicator is a table of its own or part of the key."""
    flat: dict[str, Any] = {}
    for key, value in changes.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{name}": item for name, item in value.items()}
        else:
            flat[key] = value
    return flat


def _without_data(rule: Rule, layers: list[Layer], count: int) -> Iterator[Layer]:
    """Empty layers for what the rule uses and no file tells: known for nobody, so left out."""
    given = {layer.indicator.name for layer in layers}
    for name in rule.indicators:
        if rule[f"{name}.used"] and name not in given:
            unknown = np.full(count, np.nan)
            yield Layer(indicators.INDICATORS[name], unknown, "no file", "no data were given")
