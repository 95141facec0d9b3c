"""Races: an operation and its peer, in turns, in one run and on one input; a table at the end."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Race:
    """One line of the table. `ratio` is the peer's time divided by zonage's."""

    operation: str
    size: str
    zonage: float
    peer: str
    peer_seconds: float
    ratio: float
    target: float
    met: bool


RACES = pytest.StashKey[list[Race]]()
NOTES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RACES] = []
    config.stash[NOTES] = []


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


@pytest.fixture
def race(benchmark: Any, request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that times zonage against peers and fails below a target.

    ``race(operation, size, zonage, {name: (peer, target)}, rounds=5, peer_scale=1)``: `peer_scale`
    multiplies a peer's time where it does a fraction of the work only. A target of 0 is none.
    """

    def run(
        operation: str,
        size: str,
        zonage: Callable[[], object],
        peers: dict[str, tuple[Callable[[], object], float]],
        rounds: int = 5,
        peer_scale: float = 1,
    ) -> None:
        calls = [zonage, *(peer for peer, _ in peers.values())]
        for call in calls:
            call()
        turns = [[timed(call) for call in calls] for _ in range(rounds)]
        ours, *theirs = (statistics.median(times) for times in zip(*turns, strict=True))
        races = []
        for (name, (_, target)), seconds in zip(peers.items(), theirs, strict=True):
            ratio = seconds * peer_scale / ours
            races.append(
                Race(
                    operation,
                    size,
                    ours,
                    name,
                    seconds * peer_scale,
                    ratio,
                    target,
                    ratio >= target,
                )
            )
        request.config.stash[RACES].extend(races)
        benchmark.extra_info["races"] = [asdict(line) for line in races]
        benchmark.pedantic(zonage, rounds=rounds)
        missed = [f"{r.peer}: {r.ratio:.2f} of {r.target:.3g}" for r in races if not r.met]
        assert not missed, f"{operation}: below target against {', '.join(missed)}"

    return run


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return a function that adds a line of measures without a peer below the table."""
    return request.config.stash[NOTES].append


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for text in config.stash[NOTES]:
        terminalreporter.write_line(text)
    races = config.stash[RACES]
    if not races:
        return
    terminalreporter.section("zonage against its peers (medians, ms; ratio = peer / zonage)")
    line = "{:<44} {:<26} {:>9} {:<28} {:>11} {:>9} {:>8}  {}"
    terminalreporter.write_line(
        line.format("operation", "size", "zonage", "peer", "", "ratio", "target", "met")
    )
    for r in races:
        terminalreporter.write_line(
            line.format(
                r.operation,
                r.size,
                f"{r.zonage * 1e3:.2f}",
                r.peer,
                f"{r.peer_seconds * 1e3:.2f}",
                f"{r.ratio:.2f}",
                f"{r.target:.3g}",
                "yes" if r.met else "NO",
            )
        )
