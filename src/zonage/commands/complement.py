"""The command of complementary perimeters."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from zonage.commands._arguments import Tell, add_output, add_project, closing, command

if TYPE_CHECKING:
    from zonage.complement_job import ComplementRun


def add_commands(commands: Any) -> None:
    """Declare the commands of this module."""
    parser = command(
        commands,
        "complement",
        complement_project,
        "find the complementary perimeters of a métropole by a model of income, school and housing",
        "zonage complement project.toml --set complement.min_population=300",
    )
    add_project(parser)
    parser.add_argument(
        "--set",
        metavar="PATH=VALUE",
        dest="settings",
        action="append",
        default=[],
        help="complement.PARAMETER=VALUE; may be repeated; what it changes is said",
    )
    parser.add_argument(
        "--vary",
        metavar="PATH=RANGE",
        action="append",
        default=[],
        help="what is inside under each value; FIRST:LAST:STEP or A,B,C; may be repeated",
    )
    parser.add_argument(
        "--draws", type=int, default=2000, metavar="N", help="rules that are tried; default: 2000"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the rules tried; default: 0")
    add_output(parser, "out/complement")


def complement_project(options: argparse.Namespace, tell: Tell) -> str:
    """Find complementary perimeters, say how firm they are, and write them."""
    from dataclasses import replace

    from zonage.complement_job import complement_run
    from zonage.complementary.changes import change
    from zonage.complementary.stability import stability
    from zonage.outputs import usable_folder
    from zonage.outputs.complement import write_complement
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.scenarios import parse_settings
    from zonage.texts.complement import complement_text, level_change_text

    settings = parse_settings(options.settings)
    folder = usable_folder(options.output)
    found = complement_run(run(read_project(options.project), tell), tell)
    parts, tables = [], {}
    if settings:
        base = found.found
        found = replace(found, found=base.reform(settings))
        parts.append(f"changed by the settings:\n{level_change_text(change(base, found.found))}")
    if options.vary:
        text, tables["sweep"] = _swept(found, options.vary)
        parts.append(text)
    tell("rules around this one")
    firm = stability(found.found, draws=options.draws, seed=options.seed)
    parts.insert(0, complement_text(found, firm))
    asked = {"settings": settings, "vary": options.vary, "draws": options.draws,
             "seed": options.seed}  # fmt: skip
    write_complement(found, firm, folder, tables=tables, asked=asked)
    return closing("\n\n".join(parts), folder, "map.png")


def _swept(found: ComplementRun, texts: list[str]) -> tuple[str, dict[str, list[Any]]]:
    from zonage.complementary.changes import sweep
    from zonage.errors import BadInput
    from zonage.scenarios.sweep import parse_range
    from zonage.texts.complement import table_text

    ranges = dict(parse_range(text) for text in texts)
    if len(ranges) < len(texts):
        raise BadInput("the same parameter is varied twice", found=", ".join(texts))
    table = sweep(found.found, ranges)
    return f"under each value:\n{table_text(table)}", table
