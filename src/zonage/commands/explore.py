"""The command of the explorer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zonage.commands._arguments import Tell, add_project, add_settings, command, short
from zonage.texts import explore as texts

if TYPE_CHECKING:
    from zonage.explorer import Overlay
    from zonage.pipeline import Run


def add_commands(commands: Any) -> None:
    """Declare the command of this module."""
    parser = command(
        commands,
        "explore",
        explore,
        "make a page in which a reader moves the line and sees quarters come and go",
        "zonage explore project.toml --output lille.html --set qpv.min_population=800",
    )
    add_project(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        default="out/explorer",
        help="an .html file, or a folder for explorer.html; default: out/explorer",
    )
    parser.add_argument(
        "--against",
        metavar="OTHER.toml",
        help="a project of another vintage, to lay beside in the page",
    )
    add_settings(parser, required=False)
    parser.add_argument(
        "--draws",
        type=int,
        default=200,
        metavar="N",
        help="draws behind the probability of each tile, 0 for none; default: 200",
    )
    parser.add_argument(
        "--language", choices=("en", "fr"), help="in which it opens; default: the project's"
    )


def _complementary(base: Run, tell: Tell) -> list[Overlay]:
    """Layers of the project's complementary perimeters, where it describes some."""
    if base.project.complement is None:
        return []
    from zonage.complement_job import complement_run
    from zonage.complementary.perimeters import PART_TEXTS, Part
    from zonage.explorer import Overlay
    from zonage.figures.complement import LEVEL_1, LEVEL_2

    found = complement_run(base, tell).found
    layers = []
    for part, colour in ((Part.LEVEL_1, LEVEL_1), (Part.LEVEL_2, LEVEL_2)):
        mask = found.part == part
        if mask.any():
            english, french = PART_TEXTS[part]
            layers.append(
                Overlay(
                    part.name.lower(),
                    f"Complementary perimeters, {english} (model)",
                    f"Périmètres complémentaires, {french} (modèle)",
                    colour,
                    mask=mask,
                )
            )
    return layers


def explore(options: argparse.Namespace, tell: Tell) -> str:
    """Make the page of a project."""
    from zonage.explorer import explorer_page
    from zonage.outputs.explorer import page_file, write_page
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.scenarios import parse_settings, reform
    from zonage.scenarios.uncertainty import monte_carlo
    from zonage.vintages.union import union_of_vintages

    settings = parse_settings(options.settings)
    target = Path.cwd() / page_file(options.output)
    project = read_project(options.project)
    other = None if options.against is None else read_project(options.against)
    base = run(project, tell)
    against = None if other is None else run(other, tell)
    if against is not None:
        union_of_vintages(base.zoning.tiles, against.zoning.tiles)  # refuses another place
    probability = None
    if options.draws:
        tell(f"{options.draws} draws")
        probability = monte_carlo(base.zoning, draws=options.draws, seed=0).probability
    tell("zonings of the sliders")
    page = explorer_page(
        base,
        against=against,
        scenario=reform(base.zoning, settings) if settings else None,
        probability=probability,
        overlays=_complementary(base, tell),
        language=options.language or project.output.language,
    )
    write_page(page, target)
    return texts.page_text(base.zoning, len(page.encode()), short(target))
