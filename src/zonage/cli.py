"""The command line: parse, call, print.

Exit codes: 0, done; 1, the run failed; 2, bad input (a wrong option, file, column or value).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zonage import texts

if TYPE_CHECKING:
    from zonage.pipeline import Run
    from zonage.project import Project
    from zonage.sources.perimeters import Perimeters

FAILED, BAD_INPUT = 1, 2

DESCRIPTION = "Priority zoning from 200 m tiles: compute the quarters the law names, and how well."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Examples
    --------
    >>> main(["--version"])
    Traceback (most recent call last):
    SystemExit: 0
    """
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    from zonage.errors import BadInput, ZonageError

    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe that knows few characters gets them escaped rather than an error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    try:
        options.command(options)
        sys.stdout.flush()
    except BadInput as error:
        return _fail(error, BAD_INPUT)
    except ZonageError as error:
        return _fail(error, FAILED)
    except MemoryError:
        return _fail("not enough memory for this run", FAILED)
    except BrokenPipeError:
        _drop_output()
        return FAILED
    except OSError as error:
        _drop_output()
        place = f"{error.filename}: " if error.filename else ""
        return _fail(f"{place}{error.strerror or error}", BAD_INPUT)
    except KeyboardInterrupt:
        return _fail("interrupted; earlier outputs are as they were", FAILED)
    return 0


def _fail(problem: object, code: int) -> int:
    """Say a problem on one line, whatever the file that it quotes holds."""
    line = " ".join(str(problem).split())
    shown = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)
    print(f"zonage: {shown}", file=sys.stderr)
    return code


def _drop_output() -> None:
    """Drop what is still buffered when nobody can take it: the reader went away, the disk is full.

    Else the interpreter tries once more at its end, and complains.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        with contextlib.suppress(io.UnsupportedOperation):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zonage",
        description=DESCRIPTION,
        epilog="Each command has its own --help, with an example.",
    )
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_run(commands)
    _add_compare(commands)
    _add_calibrate(commands)
    _add_info(commands)
    _add_simulate(commands)
    _add_sweep(commands)
    _add_margin(commands)
    _add_uncertainty(commands)
    _add_sensitivity(commands)
    return parser


class _Version(argparse.Action):
    """Look the version up only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(version("zonage"))
        except PackageNotFoundError:
            print("unknown: run from a folder of sources that is not installed")
        parser.exit()


def _command(commands: Any, name: str, function: Any, summary: str, example: str) -> Any:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"Example: {example}",
    )
    parser.set_defaults(command=function)
    return parser


def _add_demo(commands: Any) -> None:
    parser = _command(
        commands,
        "demo",
        demo,
        "run the whole job on the embedded tiles of the Métropole Européenne de Lille",
        "zonage demo --output out/demo",
    )
    _add_output(parser, "out/demo")
    parser.add_argument("--language", choices=("en", "fr"), help="of the map; default: en")


def _add_run(commands: Any) -> None:
    parser = _command(
        commands,
        "run",
        run_project,
        "compute the quarters that a project file describes",
        "zonage run project.toml",
    )
    _add_project(parser)
    parser.add_argument("--output", metavar="FOLDER", help="default: the project's output.folder")
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")


def _add_compare(commands: Any) -> None:
    parser = _command(
        commands,
        "compare",
        compare_zonings,
        "hold computed quarters against official outlines, or one official list against another",
        "zonage compare qp2015.zip qp2024.geojson --epci 200093201",
    )
    parser.add_argument("before", metavar="A", help="a project file, or a layer of outlines")
    parser.add_argument(
        "after", metavar="B", nargs="?", help="a layer of outlines; default: the project's own"
    )
    parser.add_argument("--epci", metavar="CODE", help="only outlines in communes of this EPCI")
    parser.add_argument(
        "--communes-table",
        metavar="FILE",
        help="which communes these are; default: those of the Métropole Européenne de Lille",
    )


def _add_calibrate(commands: Any) -> None:
    parser = _command(
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
    parser = _command(
        commands,
        "info",
        describe_tiles,
        "say what a tile file holds and what is wrong with it",
        "zonage info carreaux_200m_met.csv",
    )
    parser.add_argument("tiles", metavar="FILE", help="csv, Parquet, GeoPackage, GeoJSON, archive")
    parser.add_argument("--member", metavar="NAME", help="which file of an archive")
    parser.add_argument("--crs", type=int, metavar="EPSG", help="for files without tile ids")


def _add_simulate(commands: Any) -> None:
    parser = _command(
        commands,
        "simulate",
        simulate,
        "say what changes under other parameters, quarter by quarter",
        "zonage simulate project.toml --set qpv.min_population=800 --set qpv.factor=0.65",
    )
    _add_project(parser)
    _add_settings(parser, required=True)
    parser.add_argument(
        "--freeze",
        choices=("computed", "official"),
        help="keep these quarters whatever the tests say: those of the base, or the official ones",
    )
    _add_output(parser, "out/change")


def _add_sweep(commands: Any) -> None:
    parser = _command(
        commands,
        "sweep",
        sweep_parameters,
        "say what is inside under every combination of ranges of parameters",
        "zonage sweep project.toml --vary qpv.factor=0.5:0.7:0.01",
    )
    _add_project(parser)
    parser.add_argument(
        "--vary",
        metavar="PATH=RANGE",
        action="append",
        required=True,
        help="FIRST:LAST:STEP, both ends in, or A,B,C; may be repeated",
    )
    _add_settings(parser, required=False)
    _add_output(parser, "out/sweep")


def _add_margin(commands: Any) -> None:
    parser = _command(
        commands,
        "margin",
        say_margins,
        "say how far each quarter is from the line, or which rule gives a wanted result",
        "zonage margin project.toml --share 0.20 --quarters 26",
    )
    _add_project(parser)
    parser.add_argument(
        "--share", type=float, metavar="SHARE", help="the line for this share of inhabitants"
    )
    parser.add_argument(
        "--quarters", type=int, metavar="N", help="the minimum population that keeps N quarters"
    )
    _add_output(parser, "out/margin")


def _add_uncertainty(commands: Any) -> None:
    parser = _command(
        commands,
        "uncertainty",
        draw_uncertainty,
        "say how sure each tile and quarter is, by drawing what is not known",
        "zonage uncertainty project.toml --draws 1000",
    )
    _add_project(parser)
    parser.add_argument("--draws", type=int, default=1000, metavar="N", help="default: 1000")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    _add_output(parser, "out/uncertainty")


def _add_sensitivity(commands: Any) -> None:
    parser = _command(
        commands,
        "sensitivity",
        rank_parameters,
        "say which parameter drives the totals",
        "zonage sensitivity project.toml --method morris --samples 20",
    )
    _add_project(parser)
    parser.add_argument(
        "--method", choices=("sobol", "morris"), default="sobol", help="default: sobol"
    )
    parser.add_argument(
        "--samples", type=int, default=128, metavar="N", help="or trajectories; default: 128"
    )
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    _add_output(parser, "out/sensitivity")


def _add_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", metavar="PROJECT.toml", help="the project file")


def _add_output(parser: argparse.ArgumentParser, folder: str) -> None:
    parser.add_argument("--output", metavar="FOLDER", default=folder, help=f"default: {folder}")


def _add_settings(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--set",
        metavar="PATH=VALUE",
        dest="settings",
        action="append",
        required=required,
        default=None if required else [],
        help="qpv.PARAMETER=VALUE or method.OPTION=VALUE; may be repeated",
    )


# --------------------------------------------------------------------------------------------------
# Commands


def demo(options: argparse.Namespace) -> None:
    """Run the embedded project."""
    from zonage.project import read_project
    from zonage.sources.tables import data_folder

    project = read_project(data_folder("demo") / "project.toml")
    if options.language:
        output = project.output.model_copy(update={"language": options.language})
        project = project.model_copy(update={"output": output})
    _run_and_write(project, options.output, quiet=False)


def run_project(options: argparse.Namespace) -> None:
    """Run a project file."""
    from zonage.project import read_project

    _run_and_write(read_project(options.project), options.output, quiet=options.quiet)


def _run_and_write(project: Project, output: str | None, *, quiet: bool) -> None:
    from zonage.outputs import usable_folder, write
    from zonage.pipeline import run

    tell = _quiet if quiet else _progress
    folder = usable_folder(output or project.output.folder)
    result = run(project, tell)
    tell("outputs")
    write(result, folder)
    print(texts.summary_text(result))
    print(f"\nmap: {_short(folder / 'map.png')}\nall outputs: {_short(folder)}")


def compare_zonings(options: argparse.Namespace) -> None:
    """Compare a project with outlines, or outlines with outlines."""
    if Path(options.before).suffix == ".toml":
        _compare_project(options)
        return
    from zonage.errors import BadInput

    if options.after is None:
        raise BadInput("a second layer of outlines is needed", found=options.before)
    from zonage.comparison import compare_perimeters

    changes = compare_perimeters(
        _outlines(options.before, options), _outlines(options.after, options)
    )
    print(texts.changes_text(changes))


def _compare_project(options: argparse.Namespace) -> None:
    from zonage.errors import BadInput
    from zonage.pipeline import run
    from zonage.project import OfficialSection, read_project

    project = read_project(options.before)
    if options.epci or options.communes_table:
        raise BadInput(
            "--epci and --communes-table choose among outlines; a project has its own territory",
            file=options.before,
            hint="set territory.epci in the project file",
        )
    if options.after is not None:
        section = OfficialSection(perimeters=Path(options.after).resolve())
        project = project.model_copy(update={"official": section})
    if project.official is None:
        raise BadInput(
            "nothing to compare with",
            file=options.before,
            hint="give a layer of outlines, or an [official] section in the project",
        )
    result = run(project, _progress)
    assert result.comparison is not None
    print(texts.agreement_text(result.comparison))
    print()
    print(texts.quarters_text(result.comparison))


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


def calibrate_line(options: argparse.Namespace) -> None:
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
    legal = run(project, _progress)
    assert legal.official is not None
    table = legal.official.coverage
    found = calibrate(legal.zoning, table.share_of(legal.zoning.tiles), options.rule)
    again = rezone(legal.zoning, told=replace(legal.zoning.told, line=found.line))
    print(texts.calibration_text(legal, again, again.compare(table), found, options.rule))


def describe_tiles(options: argparse.Namespace) -> None:
    """Print what a tile file holds."""
    from zonage.sources.insee import describe

    print(texts.info_text(describe(options.tiles, member=options.member, crs=options.crs)))


def simulate(options: argparse.Namespace) -> None:
    """Zone a project under other parameters and write what changes."""
    from zonage.errors import BadInput
    from zonage.outputs import usable_folder, write_change
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.scenarios import change, parse_settings, reform

    settings = parse_settings(options.settings)
    folder = usable_folder(options.output)
    base = run(read_project(options.project), _progress)
    frozen = None
    if options.freeze == "computed":
        frozen = base.zoning.inside
    elif options.freeze == "official":
        if base.comparison is None:
            raise BadInput(
                "no official outlines to freeze", file=options.project, column="official"
            )
        frozen = base.comparison.official
    found = change(base.zoning, reform(base.zoning, settings, freeze=frozen))
    write_change(base, found, settings, folder)
    print(texts.change_text(found, base.territories))
    print(f"\nmap: {_short(folder / 'change.png')}\nall outputs: {_short(folder)}")


def sweep_parameters(options: argparse.Namespace) -> None:
    """Sweep parameters of a project; a sweep that was interrupted goes on where it was."""
    from zonage.errors import BadInput
    from zonage.outputs import SweepProgress, usable_folder, write_sweep
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.scenarios import parse_settings, reform
    from zonage.scenarios.sweep import parse_range, sweep

    ranges = dict(parse_range(text) for text in options.vary)
    if len(ranges) < len(options.vary):
        raise BadInput("the same parameter is varied twice", found=", ".join(options.vary))
    folder = usable_folder(options.output)
    base = run(read_project(options.project), _progress)
    zoning = reform(base.zoning, parse_settings(options.settings))
    known = SweepProgress(folder, _question(base, options))
    count = math.prod(len(values) for values in ranges.values())
    begun = time.monotonic()

    def tell(number: int, row: Any) -> None:
        known.add(number, row)
        spent = time.monotonic() - begun
        if number % 100 == 99:
            _progress(f"scenario {number + 1} of {count}, {spent:.0f} s")

    found = sweep(zoning, ranges, done=known.done, tell=tell)
    write_sweep(base, found, folder)
    known.finish()
    print(texts.sweep_text(found))
    print(f"\nfigure: {_short(folder / 'sweep.png')}\nall outputs: {_short(folder)}")


def _question(base: Run, options: argparse.Namespace) -> dict[str, Any]:
    """All that the answers of a sweep depend on."""
    from zonage.outputs.writing import digest, version_of

    return {
        "zonage": version_of("zonage"),
        "vary": options.vary,
        "set": options.settings,
        "project": base.project.model_dump_json(),
        "inputs": {str(path): digest(path)["sha256"] for path in base.inputs},
    }


def say_margins(options: argparse.Namespace) -> None:
    """Say how far each quarter of a project is from the line, and answer inverse questions."""
    from zonage.outputs import usable_folder, write_margins
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.scenarios.margins import (
        minimum_for_quarters,
        quarter_margins,
        shift_for_share,
        zone_margins,
    )

    folder = usable_folder(options.output)
    base = run(read_project(options.project), _progress)
    if options.share is not None:
        answer = shift_for_share(base.zoning, options.share)
        print(texts.share_text(answer, options.share))
    if options.quarters is not None:
        answer = minimum_for_quarters(base.zoning, options.quarters)
        print(texts.minimum_text(answer, options.quarters))
    _progress("margins")
    zones = zone_margins(base.zoning)
    official = base.official
    quarters = quarter_margins(base.zoning, official.coverage) if official is not None else ()
    write_margins(base, zones, quarters, folder)
    print(texts.margins_text(zones, quarters, base.territories))
    print(f"\nfigure: {_short(folder / 'stability.png')}\nall outputs: {_short(folder)}")


def draw_uncertainty(options: argparse.Namespace) -> None:
    """Draw what is not known about a project's zoning and say how sure it is."""
    from zonage.outputs import usable_folder, write_uncertainty
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.scenarios.uncertainty import monte_carlo, reliability

    folder = usable_folder(options.output)
    base = run(read_project(options.project), _progress)
    _progress(f"{options.draws} draws")
    found = monte_carlo(base.zoning, draws=options.draws, seed=options.seed)
    curve = None
    if base.comparison is not None:
        population = base.zoning.tiles.values("population")
        curve = reliability(
            found.probability,
            base.comparison.official,
            population,
            zoning=base.zoning.inside,
        )
    write_uncertainty(base, found, curve, folder)
    print(texts.uncertainty_text(found, curve))
    print(f"\nmap: {_short(folder / 'probability.png')}\nall outputs: {_short(folder)}")


def rank_parameters(options: argparse.Namespace) -> None:
    """Rank the parameters of a project by what they move."""
    from zonage.outputs import usable_folder, write_sensitivity
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.scenarios.sensitivity import sensitivity

    folder = usable_folder(options.output)
    base = run(read_project(options.project), _progress)
    _progress("scenarios")
    found = sensitivity(
        base.zoning, samples=options.samples, seed=options.seed, method=options.method
    )
    write_sensitivity(base, found, folder)
    print(texts.sensitivity_text(found))
    print(f"\nfigure: {_short(folder / 'sensitivity.png')}\nall outputs: {_short(folder)}")


# --------------------------------------------------------------------------------------------------
# Progress and paths


def _quiet(text: str) -> None:
    """Say nothing."""


def _progress(text: str) -> None:
    print(f"zonage: {text}", file=sys.stderr)


def _short(path: Path) -> str:
    """The path from here where it lies below, else whole."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    main()
