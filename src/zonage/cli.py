"""The command line: parse, call, print.

Exit codes: 0, done; 1, the run failed; 2, bad input (a wrong option, file, column or value).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zonage.comparison import Comparison
    from zonage.pipeline import Run
    from zonage.project import Project
    from zonage.sources.insee import TileFile
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
    parser.add_argument("--output", metavar="FOLDER", default="out/demo", help="default: out/demo")
    parser.add_argument("--language", choices=("en", "fr"), help="of the map; default: en")


def _add_run(commands: Any) -> None:
    parser = _command(
        commands,
        "run",
        run_project,
        "compute the quarters that a project file describes",
        "zonage run project.toml",
    )
    parser.add_argument("project", metavar="PROJECT.toml", help="the project file")
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
    print(_summary_text(result))
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
    print(_changes_text(changes))


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
    print(_agreement_text(result.comparison))
    print()
    print(_quarters_text(result.comparison))


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
    from zonage.calibration import calibrate
    from zonage.errors import BadInput
    from zonage.pipeline import run
    from zonage.project import read_project

    project = read_project(options.project)
    if project.official is None:
        raise BadInput("no outlines to calibrate on", file=options.project, column="official")
    legal = run(project, _progress)
    assert legal.official is not None
    share = legal.official.coverage.share_of(legal.zoning.tiles)
    found = calibrate(legal.zoning, share, options.rule)
    whole = run(project.model_copy(update={"line": found.line}), _progress)
    print(_calibration_text(legal, whole, found, options.rule))


def describe_tiles(options: argparse.Namespace) -> None:
    """Print what a tile file holds."""
    from zonage.sources.insee import describe

    print(_info_text(describe(options.tiles, member=options.member, crs=options.crs)))


# --------------------------------------------------------------------------------------------------
# Texts


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


def _summary_text(result: Run) -> str:
    from zonage.summary import summarise

    summary = summarise(result)
    parts = [summary["title"], _lines_text(summary), _sides_text(summary)]
    if result.comparison is not None:
        parts += [_agreement_text(result.comparison), _status_text(result.comparison)]
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


def _lines_text(summary: dict[str, Any]) -> str:
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


def _sides_text(summary: dict[str, Any]) -> str:
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


def _agreement_text(comparison: Comparison) -> str:
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


def _status_text(comparison: Comparison) -> str:
    statuses = comparison.statuses()
    found = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
    extra = len(comparison.without_counterpart)
    return (
        f"{len(comparison.quarters)} official quarters: {found}; "
        f"{extra} computed quarters have no official counterpart"
    )


def _quarters_text(comparison: Comparison) -> str:
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


def _changes_text(changes: Any) -> str:
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


def _info_text(found: TileFile) -> str:
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


def _calibration_text(legal: Run, whole: Run, found: Any, rule: str) -> str:
    from zonage.summary import main_unit

    low, high = found.interval
    used = main_unit(legal.zoning)
    assert legal.comparison is not None
    assert whole.comparison is not None
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
            f"{getattr(whole.comparison, rule).f1:.3f}",
            str(whole.zoning.zone_count),
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


if __name__ == "__main__":
    main()
