"""A run: from a project file to a zoning, its comparison and its calibration."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zonage.calibration import Calibration, calibrate
from zonage.comparison import Comparison, compare
from zonage.errors import BadInput
from zonage.law import Law, Reference, load_law
from zonage.project import OfficialSection, Project
from zonage.project_section import paths_of
from zonage.raster import Coverage, coverage
from zonage.sources.insee import read_tiles
from zonage.sources.perimeters import Perimeters, read_coverage, read_perimeters
from zonage.sources.references import read_reference
from zonage.sources.territories import Territories, read_territories
from zonage.tiles import Tiles
from zonage.zoning import Zoning, qpv


@dataclass(frozen=True, eq=False)
class Official:
    """The official outlines of a run: shares of the tiles, and polygons where they were given."""

    coverage: Coverage
    perimeters: Perimeters | None


@dataclass(frozen=True, eq=False)
class Run:
    """What a run found, with what it was made from.

    Attributes
    ----------
    project : Project
        The description of the run.
    zoning : Zoning
        The computed quarters.
    territories : Territories or None
        Names and urban units of the communes.
    official, comparison, calibration
        The official outlines, the comparison with them, and the line that reproduces them best;
        None where the project names no outlines.
    durations : dict of str to float
        Seconds taken by each step.
    """

    project: Project
    zoning: Zoning
    territories: Territories | None
    official: Official | None
    comparison: Comparison | None
    calibration: Calibration | None
    durations: dict[str, float]

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files that the run read, as the project names them."""
        project = self.project
        sections = (project.tiles, project.territory, project.reference, project.official)
        return tuple(path for section in sections for path in paths_of(section))


@dataclass
class _Clock:
    """Times the steps and tells the caller of each as it begins."""

    tell: Callable[[str], None]
    durations: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[None]:
        self.tell(text)
        begun = time.perf_counter()
        yield
        self.durations[name] = time.perf_counter() - begun


def run(project: Project, tell: Callable[[str], None] = lambda text: None) -> Run:
    """Do what a project describes, up to the outputs.

    Parameters
    ----------
    project : Project
        From :func:`zonage.project.read_project`.
    tell : callable, optional
        Called with a line of text as each step begins.

    Raises
    ------
    BadInput
        If an input cannot be used.
    """
    clock = _Clock(tell)
    with clock.step("law", "law and reference incomes"):
        with _key(project, "law"):
            law = load_law(project.law.name, on=project.law.on, territory=project.law.territory)
        with _key(project, "law.reform"):
            law = law.reform(project.law.reform)
        reference = _read_reference(project)
        territories = _read_territories(project)
    with clock.step("tiles", f"tiles of {project.tiles.path.name}"):
        tiles = _read_tiles(project, territories)
    with clock.step("zoning", f"zoning of {len(tiles)} tiles"):
        zoning = _zone(project, tiles, law, reference, territories)
    official = comparison = calibration = None
    if project.official is not None:
        with clock.step("comparison", "comparison with the official outlines"):
            official = read_official(project.official, tiles)
            comparison = compare(zoning, official.coverage)
        with clock.step("calibration", "agreement at every line"):
            calibration = _calibrated(zoning, official.coverage.share_of(tiles))
    return Run(
        project=project,
        zoning=zoning,
        territories=territories,
        official=official,
        comparison=comparison,
        calibration=calibration,
        durations=clock.durations,
    )


@contextmanager
def _key(project: Project, key: str) -> Iterator[None]:
    """Say the project file, and the key in it, in errors that name no file."""
    try:
        yield
    except BadInput as error:
        if error.file is None:
            error = error.located(file=project.file, column=key)
        raise error from None


def _calibrated(zoning: Zoning, share: NDArray[np.float64]) -> Calibration | None:
    """The agreement at every line; None where no line gives any quarter, which is no fault."""
    try:
        return calibrate(zoning, share)
    except BadInput:
        return None


def read_official(section: OfficialSection, tiles: Tiles) -> Official:
    """Read the official outlines of a project, as shares of its tiles."""
    if section.perimeters is not None:
        perimeters = read_perimeters(section.perimeters, vintage=section.vintage)
        return Official(coverage(perimeters, tiles), perimeters)
    if section.coverage is None or section.quarters is None:
        raise BadInput("official outlines need perimeters, or coverage and quarters")
    table = read_coverage(section.coverage, section.quarters, vintage=section.vintage)
    return Official(table, None)


def _read_reference(project: Project) -> Reference:
    section = project.reference
    return read_reference(
        section.concept, section.year, national=section.national, units=section.units
    )


def _read_territories(project: Project) -> Territories | None:
    section = project.territory
    if section.communes_table is None:
        return None
    return read_territories(
        section.communes_table,
        epci=section.epci_table,
        urban_units=section.urban_units_table,
        outlines=section.outlines,
    )


def _read_tiles(project: Project, territories: Territories | None) -> Tiles:
    """Read the tiles of the territory, each with its commune and urban unit."""
    section, chosen = project.tiles, project.territory
    with _key(project, "territory"):
        communes = _chosen_communes(project, territories)
    with _key(project, "tiles.crs" if section.crs else "territory"):
        tiles = read_tiles(
            section.path,
            vintage=section.vintage,
            crs=section.crs,
            member=section.member,
            communes=communes,
            bbox=chosen.bbox,
        )
    return tiles if territories is None else territories.locate(tiles)


def _chosen_communes(project: Project, territories: Territories | None) -> set[str] | None:
    chosen = project.territory
    if territories is not None and chosen.epci is not None:
        return set(territories.communes_of(epci=chosen.epci))
    if territories is not None and chosen.urban_units:
        return {
            code for unit in chosen.urban_units for code in territories.communes_of(urban_unit=unit)
        }
    return set(chosen.communes) or None


def _zone(
    project: Project,
    tiles: Tiles,
    law: Law,
    reference: Reference,
    territories: Territories | None,
) -> Zoning:
    if not tiles.urban_unit.labels:
        raise BadInput(
            "no tile lies in a known urban unit",
            file=project.file,
            column="territory.communes_table",
            found=f"tiles of {project.tiles.path}",
            hint="give a communes_table that says the urban unit of each commune of the tiles",
        )
    populations = None
    if law.tests_commune and territories is not None:
        populations = {
            code: float(commune.population)
            for code, commune in territories.communes.items()
            if commune.population is not None
        }
    return qpv(
        tiles,
        law,
        reference,
        method=project.options(),
        line=project.line,
        commune_population=populations,
    )
