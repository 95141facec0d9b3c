"""Run the benchmarks: ``python -m benchmarks``, with one table at the end."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import gate, revisions
from benchmarks.attempts import HERE, pytest_command, settled
from benchmarks.measures import Results, headline, markdown, missed, plain

REFERENCE = HERE / "reference.json"
"""The results that docs/benchmarks.md shows and that the gate compares with."""
DOCS = HERE.parent / "docs" / "benchmarks.md"
README = HERE.parent / "README.md"
BEGIN, END = "<!-- begin: the last run -->", "<!-- end: the last run -->"


def main() -> int:
    """Run what is asked and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--gate", action="store_true", help="fail where a ratio is below its floor")
    what.add_argument("--short", action="store_true", help="the gate on a few races, in a minute")
    what.add_argument("--against", metavar="REVISION", help="fail where it is 1.5 times slower")
    what.add_argument("--docs", action="store_true", help="keep the results in docs/benchmarks.md")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("-k", metavar="NAMES", help="only benchmarks of these names, as in pytest")
    options = parser.parse_args()
    names = ["-k", options.k] if options.k else []
    if options.against:
        return revisions.compare(options.against, names)
    if options.gate or options.short:
        return gate.check(Results.read(REFERENCE), run, names, short=options.short)
    results = settled(run(names), run, missed)
    print(json.dumps(results.to_dict(), indent=1) if options.json else plain(results))
    if options.docs:
        results.write(REFERENCE)
        put(DOCS, f"{about(results)}\n\n{markdown(results)}")
        put(README, headline(results))
    return 0


def run(arguments: list[str]) -> Results:
    """Run benchmarks in a process of their own and return what they found.

    Arguments are those of pytest; without the name of a test, all are run.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "results.json")
        command = pytest_command(arguments)
        command += ["--timed", "--benchmark-enable", "--results", str(path)]
        done = subprocess.run(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True)
        if done.returncode or not path.exists():
            sys.stderr.write(done.stdout)
            raise SystemExit("benchmarks: an answer differs, or nothing was run")
        return Results.read(path)


def about(results: Results) -> str:
    """Say the machine and the versions of a run."""
    machine = results.machine
    libraries = ", ".join(f"{name} {number}" for name, number in machine["libraries"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}; "
        f"{libraries}."
    )


def put(page: Path, text: str) -> None:
    """Put a text between the marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
