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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

from zonage.commands import TOPICS

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
        said = options.command(options, _progress)
        text, code = said if isinstance(said, tuple) else (said, 0)
        print(text)
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
    return code


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
    for topic in TOPICS:
        topic.add_commands(commands)
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


def _progress(text: str) -> None:
    print(f"zonage: {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
