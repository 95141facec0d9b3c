"""Measure anew what seems to miss its target: noise passes, a slow kernel stays slow.

Something else that runs on the machine for a few seconds slows what happens to be measured then,
and a kernel on two threads most of all.
"""

from collections.abc import Callable, Iterable

from benchmarks.measures import Measure, Race, Results

ATTEMPTS = 3


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
