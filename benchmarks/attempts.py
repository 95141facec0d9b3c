"""Measure anew what seems to miss its target: noise passes, a slow kernel stays slow.

Something else that runs on the machine for a few seconds slows what happens to be measured then,
and a kernel on two threads most of all.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.measures import Measure, Race, Results

ATTEMPTS = 3
HERE = Path(__file__).resolve().parent


def pytest_command(arguments: list[str]) -> list[str]:
    """Return a command that runs the named tests, or all benchmarks where none is named."""
    named = any("::" in one for one in arguments)
    return [sys.executable, "-m", "pytest", *([] if named else [str(HERE)]), *arguments]


def settled(
    results: Results,
    run: Callable[[list[str]], Results],
    seems: Callable[[Results], Iterable[Race | Measure]],
) -> Results:
    """Run the tests of what `seems` to miss until nothing does, three times at most in all.

    Both sides of a race keep their best time of all attempts, a measure its lowest value.
    """
    for _ in range(ATTEMPTS - 1):
        tests = sorted({one.test for one in seems(results)})
        if not tests:
            break
        results = results.pooled(run(tests))
    return results
