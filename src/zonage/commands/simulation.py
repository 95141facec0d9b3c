"""The commands of simulation: simulate, sweep, margin, uncertainty, sensitivity."""

from __future__ import annotations

import argparse
import itertools
import math
import time
from typing import TYPE_CHECKING, Any

from zonage.commands._arguments import (
    Tell,
    add_output,
    add_project,
    add_settings,
    closing,
    command,
)
from zonage.texts import simulation as texts

if TYPE_CHECKING:
    from zonage.pipeline import Run


def add_commands(commands: Any) -> None:
    """Declare the commands of this module."""
    _add_simulate(commands)
    _add_sweep(commands)
    _add_margin(commands)
    _add_uncertainty(commands)
    _add_sensitivity(commands)


def _add_simulate(commands: Any) -> None:
    parser = command(
        commands,
        "simulate",
        simulate,
        "say what changes under other parameters, quarter by quarter",
        "zonage simulate project.toml --set qpv.min_population=800 --set qpv.factor=0.65",
    )
    add_project(parser)
    add_settings(parser, required=True)
    parser.add_argument(
        "--freeze",
        choices=("computed", "official"),
        help="keep these quarters whatever the tests say: those of the base, or the official ones",
    )
    add_output(parser, "out/change")


def _add_sweep(commands: Any) -> None:
    parser = command(
        commands,
        "sweep",
        sweep_parameters,
        "say what is inside under every combination of ranges of parameters",
        "zonage sweep project.toml --vary qpv.factor=0.5:0.7:0.01",
    )
    add_project(parser)
    parser.add_argument(
        "--vary",
        metavar="PATH=RANGE",
        action="append",
        required=True,
        help="FIRST:LAST:STEP, both ends in, or A,B,C; may be repeated",
    )
    add_settings(parser, required=False)
    _add_scheduler(parser)
    add_output(parser, "out/sweep")


def _add_scheduler(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a dask scheduler that you trust, to compute on its workers: docs/batch.md",
    )


def _add_margin(commands: Any) -> None:
    parser = command(
        commands,
        "margin",
        say_margins,
        "say how far each quarter is from the line, or which rule gives a wanted result",
        "zonage margin project.toml --share 0.20 --quarters 26",
    )
    add_project(parser)
    parser.add_argument(
        "--share", type=float, metavar="SHARE", help="the line for this share of inhabitants"
    )
    parser.add_argument(
        "--quarters", type=int, metavar="N", help="the minimum population that keeps N quarters"
    )
    add_output(parser, "out/margin")


def _add_uncertainty(commands: Any) -> None:
    parser = command(
        commands,
        "uncertainty",
        draw_uncertainty,
        "say how sure each tile and quarter is, by drawing what is not known",
        "zonage uncertainty project.toml --draws 1000",
    )
    add_project(parser)
    parser.add_argument("--draws", type=int, default=1000, metavar="N", help="default: 1000")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    _add_scheduler(parser)
    add_output(parser, "out/uncertainty")


def _add_sensitivity(commands: Any) -> None:
    parser = command(
        commands,
        "sensitivity",
        rank_parameters,
        "say which parameter drives the totals",
        "zonage sensitivity project.toml --method morris --samples 20",
    )
    add_project(parser)
    parser.add_argument(
        "--method", choices=("sobol", "morris"), default="sobol", help="default: sobol"
    )
    parser.add_argument(
        "--samples", type=int, default=128, metavar="N", help="or trajectories; default: 128"
    )
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    add_output(parser, "out/sensitivity")


def simulate(options: argparse.Namespace, tell: Tell) -> str:
    """Zone a project under other parameters and write what changes."""
    from zonage.errors import BadInput
    from zonage.outputs import usable_folder, write_change
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.scenarios import change, parse_settings, reform

    settings = parse_settings(options.settings)
    folder = usable_folder(options.output)
    base = run(read_project(options.project), tell)
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
    write_change(base, found, settings, folder, freeze=options.freeze)
    return closing(texts.change_text(found, base.territories), folder, "change.png")


def sweep_parameters(options: argparse.Namespace, tell: Tell) -> str:
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
    settings = parse_settings(options.settings)
    base = run(read_project(options.project), tell)
    zoning = reform(base.zoning, settings)
    known = SweepProgress(folder, _question(base, options))
    count = math.prod(len(values) for values in ranges.values())
    begun = time.monotonic()
    done = itertools.count(1)

    def keep(number: int, row: Any) -> None:
        known.add(number, row)
        spent = time.monotonic() - begun
        if (new := next(done)) % 100 == 0:
            tell(f"{new} of {count} scenarios, {spent:.0f} s")

    if options.scheduler is None:
        found = sweep(zoning, ranges, done=known.done, tell=keep)
    else:
        from zonage import cluster

        found = cluster.sweep(
            zoning, ranges, scheduler=options.scheduler, done=known.done, tell=keep
        )
    write_sweep(base, found, folder, settings=settings)
    known.finish()
    return closing(texts.sweep_text(found), folder, "sweep.png", "figure")


def _question(base: Run, options: argparse.Namespace) -> dict[str, Any]:
    """All that the answers of a sweep depend on."""
    from zonage.outputs.writing import digest
    from zonage.provenance import code_digest

    return {
        "code": code_digest(),
        "vary": options.vary,
        "set": options.settings,
        "project": base.project.model_dump_json(),
        "inputs": {str(path): digest(path)["sha256"] for path in base.inputs},
    }


def say_margins(options: argparse.Namespace, tell: Tell) -> str:
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
    base = run(read_project(options.project), tell)
    answers = []
    if options.share is not None:
        answer = shift_for_share(base.zoning, options.share)
        answers.append(texts.share_text(answer, options.share))
    if options.quarters is not None:
        answer = minimum_for_quarters(base.zoning, options.quarters)
        answers.append(texts.minimum_text(answer, options.quarters))
    tell("margins")
    zones = zone_margins(base.zoning)
    official = base.official
    quarters = quarter_margins(base.zoning, official.coverage) if official is not None else ()
    write_margins(base, zones, quarters, folder)
    text = "\n".join([*answers, texts.margins_text(zones, quarters, base.territories)])
    return closing(text, folder, "stability.png", "figure")


def draw_uncertainty(options: argparse.Namespace, tell: Tell) -> str:
    """Draw what is not known about a project's zoning and say how sure it is."""
    from zonage.outputs import usable_folder, write_uncertainty
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.scenarios.uncertainty import monte_carlo, reliability

    folder = usable_folder(options.output)
    base = run(read_project(options.project), tell)
    tell(f"{options.draws} draws")
    asked = {"draws": options.draws, "seed": options.seed}
    if options.scheduler is None:
        found = monte_carlo(base.zoning, **asked)
    else:
        from zonage import cluster

        found = cluster.monte_carlo(base.zoning, scheduler=options.scheduler, **asked)
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
    return closing(texts.uncertainty_text(found, curve), folder, "probability.png")


def rank_parameters(options: argparse.Namespace, tell: Tell) -> str:
    """Rank the parameters of a project by what they move."""
    from zonage.outputs import usable_folder, write_sensitivity
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.scenarios.sensitivity import sensitivity

    folder = usable_folder(options.output)
    base = run(read_project(options.project), tell)
    tell("scenarios")
    found = sensitivity(
        base.zoning, samples=options.samples, seed=options.seed, method=options.method
    )
    write_sensitivity(base, found, folder)
    return closing(texts.sensitivity_text(found), folder, "sensitivity.png", "figure")
