"""The commands of the main job: demo, run, compare, calibrate, info."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zonage.commands._arguments import Tell, add_output, add_project, closing, command
from zonage.texts import main_job as texts

if TYPE_CHECKING:
    from zonage.project import Project
    from zonage.sources.perimeters import Perimeters


def add_commands(commands: Any) -> None:
    """Declare the commands of this module."""
    _add_demo(commands)
    _add_run(commands)
    _add_compare(commands)
    _add_calibrate(commands)
    _add_info(commands)


def _add_demo(commands: Any) -> None:
    parser = command(
        commands,
        "demo",
        demo,
        "run the whole job on the embedded tiles of the Métropole Européenne de Lille",
        "zonage demo --output out/demo",
    )
    add_output(parser, "out/demo")
    parser.add_argument("--language", choices=("en", "fr"), help="of the map; default: en")


def _add_run(commands: Any) -> None:
    parser = command(
        commands,
        "run",
        run_project,
        "compute the quarters that a project file describes",
        "zonage run project.toml",
    )
    add_project(parser)
    parser.add_argument("--output", metavar="FOLDER", help="default: the project's output.folder")
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")


def _add_compare(commands: Any) -> None:
    parser = command(
        commands,
        "compare",
        compare_zonings,
        "hold computed quarters against official outlines, or one list or vintage against another",
        "zonage compare qp2015.zip qp2024.geojson --epci 200093201",
    )
    parser.add_argument("before", metavar="A", help="a project file, or a layer of outlines")
    parser.add_argument(
        "after",
        metavar="B",
        nargs="?",
        help="a layer of outlines (default: the project's own), or a project of another vintage",
    )
    parser.add_argument("--epci", metavar="CODE", help="only outlines in communes of this EPCI")
    parser.add_argument(
        "--communes-table",
        metavar="FILE",
        help="which communes these are; default: those of the Métropole Européenne de Lille",
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        default="out/vintages",
        help="of a comparison of two vintages; default: out/vintages",
    )


def _add_calibrate(commands: Any) -> None:
    parser = command(
        commands,
        "calibrate",
        calibrate_line,
        "find the line that best reproduces official outlines, beside the legal one",
        "zonage calibrate project.toml",
    )
    parser.add_argument("project", metavar="PROJECT.toml", help="a project with official outlines")
    parser.add_argument(
        "--rule", choices=("majority", "area"), default="majority", help="default: majority"
    )


def _add_info(commands: Any) -> None:
    parser = command(
        commands,
        "info",
        describe_tiles,
        "say what a tile file holds and what is wrong with it",
        "zonage info carreaux_200m_met.csv",
    )
    parser.add_argument("tiles", metavar="FILE", help="csv, Parquet, GeoPackage, GeoJSON, archive")
    parser.add_argument("--member", metavar="NAME", help="which file of an archive")
    parser.add_argument("--crs", type=int, metavar="EPSG", help="for files without tile ids")


def demo(options: argparse.Namespace, tell: Tell) -> str:
    """Run the embedded project."""
    from zonage.project import read_project
    from zonage.sources.tables import data_folder

    project = read_project(data_folder("demo") / "project.toml")
    if options.language:
        output = project.output.model_copy(update={"language": options.language})
        project = project.model_copy(update={"output": output})
    return _run_and_write(project, options.output, tell)


def run_project(options: argparse.Namespace, tell: Tell) -> str:
    """Run a project file."""
    from zonage.project import read_project

    project = read_project(options.project)
    return _run_and_write(project, options.output, _quiet if options.quiet else tell)


def _quiet(text: str) -> None:
    """Say nothing."""


def _run_and_write(project: Project, output: str | None, tell: Tell) -> str:
    from zonage.outputs import usable_folder, write
    from zonage.pipeline import run

    folder = usable_folder(output or project.output.folder)
    result = run(project, tell)
    tell("outputs")
    write(result, folder)
    return closing(texts.summary_text(result), folder, "map.png")


def compare_zonings(options: argparse.Namespace, tell: Tell) -> str:
    """Compare a project with outlines or another vintage, or outlines with outlines."""
    if Path(options.before).suffix == ".toml":
        if Path(options.after or "").suffix == ".toml":
            return _compare_vintages(options, tell)
        return _compare_project(options, tell)
    from zonage.errors import BadInput

    if options.after is None:
        raise BadInput("a second layer of outlines is needed", found=options.before)
    from zonage.comparison import compare_perimeters

    changes = compare_perimeters(
        _outlines(options.before, options), _outlines(options.after, options)
    )
    return texts.changes_text(changes)


def _compare_project(options: argparse.Namespace, tell: Tell) -> str:
    from zonage.errors import BadInput
    from zonage.pipeline import run
    from zonage.project import OfficialSection, read_project

    project = read_project(options.before)
    _refuse_choice(options)
    if options.after is not None:
        section = OfficialSection(perimeters=Path(options.after).resolve())
        project = project.model_copy(update={"official": section})
    if project.official is None:
        raise BadInput(
            "nothing to compare with",
            file=options.before,
            hint="give a layer of outlines, or an [official] section in the project",
        )
    result = run(project, tell)
    assert result.comparison is not None
    agreement = texts.agreement_text(result.comparison)
    return f"{agreement}\n\n{texts.quarters_text(result.comparison)}"


def _refuse_choice(options: argparse.Namespace) -> None:
    """Refuse to choose among outlines where a project says what its territory is."""
    from zonage.errors import BadInput

    if options.epci or options.communes_table:
        raise BadInput(
            "--epci and --communes-table choose among outlines; a project has its own territory",
            file=options.before,
            hint="set territory.epci in the project file",
        )


def _compare_vintages(options: argparse.Namespace, tell: Tell) -> str:
    from zonage.outputs import usable_folder
    from zonage.outputs.vintages import write_vintages
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.texts.vintages import vintages_text
    from zonage.vintages import compare_vintages

    _refuse_choice(options)
    folder = usable_folder(options.output)
    before, after = (run(read_project(path), tell) for path in (options.before, options.after))
    tell("comparison of the vintages")
    official = after.official.coverage if after.official is not None else None
    found = compare_vintages(before.zoning, after.zoning, official=official)
    write_vintages(before, after, found, folder)
    return closing(vintages_text(before, after, found), folder, "vintages.png")


def _outlines(path: str, options: argparse.Namespace) -> Perimeters:
    from zonage.sources.perimeters import read_perimeters
    from zonage.sources.tables import data_folder
    from zonage.sources.territories import read_territories

    outlines = read_perimeters(path)
    if options.epci is None:
        return outlines
    table = options.communes_table or data_folder("demo") / "communes.csv"
    territories = read_territories(table)
    members = [territories.communes[code] for code in territories.communes_of(epci=options.epci)]
    words = [word for commune in members for word in (commune.code, commune.name)]
    return outlines.select(communes=words)


def calibrate_line(options: argparse.Namespace, tell: Tell) -> str:
    """Calibrate a line on the outlines of a project, and rerun the project with it."""
    from dataclasses import replace

    from zonage.calibration import calibrate
    from zonage.errors import BadInput
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.zoning import rezone

    project = read_project(options.project)
    if project.official is None:
        raise BadInput("no outlines to calibrate on", file=options.project, column="official")
    legal = run(project, tell)
    assert legal.official is not None
    table = legal.official.coverage
    found = calibrate(legal.zoning, table.share_of(legal.zoning.tiles), options.rule)
    again = rezone(legal.zoning, told=replace(legal.zoning.told, line=found.line))
    return texts.calibration_text(legal, again, again.compare(table), found, options.rule)


def describe_tiles(options: argparse.Namespace, tell: Tell) -> str:
    """Print what a tile file holds."""
    from zonage.sources.download import resolve
    from zonage.sources.insee import describe

    path = resolve(options.tiles)
    return texts.info_text(describe(path, member=options.member, crs=options.crs))
