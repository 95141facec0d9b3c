"""The gate: ratios of this run against floors, so that the speed of the machine does not matter.

A floor is the target less :data:`MARGIN`, or a third of the ratio of the reference run where that
is higher: a kernel that was 200 times as fast as its peer and is 60 times now has lost its speed,
though 60 may still be above the target. What falls below its floor is measured anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.attempts import settled
from benchmarks.measures import Measure, Race, Results, figure, plain

MARGIN = 0.15
"""Share of a ratio that noise takes away at most; docs/benchmarks.md says how it was measured."""
FALL = 3.0
"""How far a ratio may fall below that of the reference run, whatever its target."""


def check(
    reference: Results, run: Callable[[list[str]], Results], names: list[str], *, short: bool
) -> int:
    """Run the gate and return its exit code: 0, or 1 with what is below its floor."""
    chosen = "short" if short else "not ungated"
    arguments = ["--quick", "-m", chosen, *names]
    results = settled(run(arguments), run, lambda found: failures(found, reference))
    print(plain(results))
    below = failures(results, reference)
    for text in below.values():
        print(f"below the floor: {text}", file=sys.stderr)
    return 1 if below else 0


def failures(results: Results, reference: Results) -> dict[Race | Measure, str]:
    """Return the races below their floor and the measures above their ceiling, and say how far."""
    known = {race.key: race.ratio for race in reference.races}
    found: dict[Race | Measure, str] = {}
    for race in results.races:
        lowest = floor(race, known.get(race.key))
        if race.ratio < lowest:
            found[race] = f"{race.key}: ratio {figure(race.ratio)}, floor {figure(lowest)}"
    for measure in results.measures:
        highest = ceiling(measure)
        if highest is not None and measure.value > highest:
            value = f"{figure(measure.value)} {measure.unit}".strip()
            found[measure] = f"{measure.key}: {value}, at most {figure(highest)}"
    return found


def floor(race: Race, reference: float | None) -> float:
    """Return the lowest ratio that passes."""
    return max(race.target * (1 - MARGIN), (reference or 0) / FALL)


def ceiling(measure: Measure) -> float | None:
    """Return the highest value that passes: the limit and the margin; None where nothing fails.

    Seconds say as much of the machine as of the code, so the table shows them and nothing fails.
    """
    if measure.at_most is None or measure.unit == "s":
        return None
    return measure.at_most * (1 + MARGIN)
