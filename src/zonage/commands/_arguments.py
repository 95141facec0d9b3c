"""What the parsers of the commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

Tell = Callable[[str], None]
"""Says a line of progress."""

Work = Callable[[argparse.Namespace, Tell], str | tuple[str, int]]
"""What a command does: its text, or its text and an exit code where that is not 0."""


def command(
    commands: Any, name: str, function: Work, summary: str, example: str
) -> argparse.ArgumentParser:
    """Declare a command by its name, its work, a summary and an example."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"Example: {example}",
    )
    parser.set_defaults(command=function)
    return parser


def add_project(parser: argparse.ArgumentParser) -> None:
    """Take a project file."""
    parser.add_argument("project", metavar="PROJECT.toml", help="the project file")


def add_output(parser: argparse.ArgumentParser, folder: str) -> None:
    """Take a folder for the outputs."""
    parser.add_argument("--output", metavar="FOLDER", default=folder, help=f"default: {folder}")


def add_settings(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Take settings of parameters."""
    parser.add_argument(
        "--set",
        metavar="PATH=VALUE",
        dest="settings",
        action="append",
        required=required,
        default=None if required else [],
        help="qpv.PARAMETER=VALUE or method.OPTION=VALUE; may be repeated",
    )


def closing(text: str, folder: Path, picture: str, kind: str = "map") -> str:
    """A text with the places of the outputs below it."""
    return f"{text}\n\n{kind}: {short(folder / picture)}\nall outputs: {short(folder)}"


def short(path: Path) -> str:
    """The path from here where it lies below, else whole."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
