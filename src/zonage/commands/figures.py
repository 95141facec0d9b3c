"""The command that draws the figures of a project: figures."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from zonage.commands._arguments import Tell, add_output, add_project, closing, command

if TYPE_CHECKING:
    from zonage.pipeline import Run


def add_commands(commands: Any) -> None:
    """Declare the command of this module."""
    parser = command(
        commands,
        "figures",
        draw_figures,
        "draw the maps and curves of a project, each as PNG and SVG",
        "zonage figures project.toml --against project_2021.toml --language fr",
    )
    add_project(parser)
    parser.add_argument(
        "--against", metavar="OTHER.toml", help="a project of another vintage, for their change"
    )
    parser.add_argument(
        "--language", choices=("en", "fr"), help="of the figures; default: the project's"
    )
    parser.add_argument(
        "--draws", type=int, default=200, metavar="N", help="of the probability; default: 200"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draws; default: 0")
    add_output(parser, "out/figures")


def draw_figures(options: argparse.Namespace, tell: Tell) -> str:
    """Run a project and draw what it found; with another vintage, also what changes to it."""
    from zonage.outputs import usable_folder
    from zonage.outputs.figures import write_figures
    from zonage.scenarios.uncertainty import monte_carlo
    from zonage.texts.figures import written_text

    folder = usable_folder(options.output)
    run = _run(options.project, options.language, tell)
    against = None
    if options.against is not None:
        from zonage.vintages import compare_vintages

        other = _run(options.against, options.language, tell)
        tell("comparison of the vintages")
        against = (other, compare_vintages(run.zoning, other.zoning))
    tell(f"{options.draws} draws")
    found = monte_carlo(run.zoning, draws=options.draws, seed=options.seed)
    tell("figures")
    write_figures(run, found, folder, against=against)
    names = sorted(path.stem for path in folder.glob("*.png"))
    return closing(written_text(names), folder, "map.png")


def _run(path: str, language: str | None, tell: Tell) -> Run:
    from zonage.pipeline import run
    from zonage.project import read_project

    project = read_project(path)
    if language is not None:
        output = project.output.model_copy(update={"language": language})
        project = project.model_copy(update={"output": output})
    return run(project, tell)
