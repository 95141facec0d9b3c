"""The commands that make many results, or the same again: batch, rerun."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from zonage.commands._arguments import Tell, closing, command

FAILED = 1
"""Exit code of a batch some of whose works failed, and of a rerun that does not agree."""


def add_commands(commands: Any) -> None:
    """Declare the commands of this module."""
    _add_batch(commands)
    _add_rerun(commands)


def _add_batch(commands: Any) -> None:
    parser = command(
        commands,
        "batch",
        run_many,
        "zone many territories, vintages, laws and scenarios; only what changed is computed again",
        "zonage batch batch.toml --dry-run",
    )
    parser.add_argument("batch", metavar="BATCH.toml", help="the batch file: docs/batch.md")
    parser.add_argument("--dry-run", action="store_true", help="say what is to do, and stop")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes; default: 1")
    parser.add_argument("--output", metavar="FOLDER", help="default: the batch's output.folder")


def _add_rerun(commands: Any) -> None:
    parser = command(
        commands,
        "rerun",
        rerun_manifest,
        "make the outputs of a manifest again and say whether their bytes agree",
        "zonage rerun out/run/manifest.json",
    )
    parser.add_argument("manifest", metavar="manifest.json", help="of a run or a scenario")
    parser.add_argument(
        "--inputs",
        metavar="FOLDER",
        help="where to look for inputs that are not where the manifest says, by their names",
    )
    parser.add_argument(
        "--output", metavar="FOLDER", help="keep the outputs; default: a folder that is removed"
    )


def run_many(options: argparse.Namespace, tell: Tell) -> str | tuple[str, int]:
    """Do a batch, or say what it would do."""
    from zonage.batch import read_batch, run_batch
    from zonage.batch.execution import plan_batch
    from zonage.texts.batch import outcome_text, plan_text

    batch = read_batch(options.batch, options.output)
    if options.dry_run:
        plan = plan_batch(batch)
        return plan_text(plan), FAILED if plan.counts()["impossible"] else 0
    outcome = run_batch(batch, jobs=options.jobs, tell=tell)
    text = closing(outcome_text(outcome), outcome.folder, "report.html", "report")
    return text, FAILED if any(outcome.listing.failed) else 0


def rerun_manifest(options: argparse.Namespace, tell: Tell) -> str | tuple[str, int]:
    """Make the outputs of a manifest again and compare them."""
    from zonage.rerun import rerun
    from zonage.texts.batch import rerun_text

    folder = None if options.inputs is None else Path(options.inputs)
    found = rerun(options.manifest, inputs=folder, output=options.output, tell=tell)
    return rerun_text(found), 0 if found.agrees else FAILED
