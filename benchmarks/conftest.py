"""Races: an operation and its peers, in turns, in one run and on one input.

Without ``--timed`` every benchmark runs once on small input and only its answers are checked, so
that the plain test suite keeps them alive. With ``--lockstep`` the operations alone are timed, each
when another process says so (see :mod:`benchmarks.revisions`).
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import inputs
from benchmarks.measures import Measure, Race, Results, plain, this_machine

MOST_ROUNDS, ENOUGH_SECONDS = 100, 0.8
"""Of what is short."""
SHORT_SECONDS = 0.05
"""Of a turn between two processes, so short that what goes before it matters."""
QUICK_ROUNDS, QUICK_SECONDS = 2, 0.25
"""Of what is long, and enough of what is short, where noise is met by measuring anew."""

RACES = pytest.StashKey[list[Race]]()
MEASURES = pytest.StashKey[list[Measure]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("zonage")
    group.addoption("--timed", action="store_true", help="full sizes, timed against the peers")
    group.addoption("--quick", action="store_true", help="few turns of each race")
    group.addoption("--results", metavar="FILE", help="write what was found as JSON")
    group.addoption("--lockstep", metavar="READ,WRITE", help="file descriptors to take turns by")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RACES] = []
    config.stash[MEASURES] = []
    inputs.SMALL = not (config.getoption("--timed") or config.getoption("--lockstep"))
    config.addinivalue_line("markers", "short: part of the short gate")
    config.addinivalue_line(
        "markers", "ungated: without a limit, or the same kernel is raced elsewhere"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Time nothing but races when two revisions take turns, and measure nothing on small input."""
    wanted = "race" if config.getoption("--lockstep") else None
    for item in items:
        if item.path.parent != Path(__file__).parent:
            continue
        names = getattr(item, "fixturenames", ())
        if wanted and wanted not in names:
            item.add_marker(pytest.mark.skip(reason="not a race"))
        if inputs.SMALL and "measure" in names:
            item.add_marker(pytest.mark.skip(reason="a measure without a peer; run with --timed"))


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


@pytest.fixture
def race(benchmark: Any, request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that times zonage against peers.

    ``race(operation, size, zonage, {name: (peer, target)}, rounds=5, peer_scale=1)``: `peer_scale`
    multiplies a peer's time where it does a fraction of the work only. A target of 0 is none.
    """
    config = request.config

    def run(
        operation: str,
        size: str,
        zonage: Callable[[], object],
        peers: dict[str, tuple[Callable[[], object], float]],
        rounds: int = 5,
        peer_scale: float = 1,
    ) -> None:
        if lockstep := config.getoption("--lockstep"):
            take_turns(f"{operation} / {size}", request.node.nodeid, zonage, lockstep)
        elif config.getoption("--timed"):
            quick = config.getoption("--quick")
            pace = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (rounds, ENOUGH_SECONDS)
            calls = {name: peer for name, (peer, _) in peers.items()}
            ours, theirs = race_in_turns(zonage, calls, *pace)
            for name, times in theirs.items():
                # Noise only adds: the best of many turns is nearest to the time of the code.
                own, other = min(ours), min(times) * peer_scale
                target = peers[name][1]
                found = Race(
                    operation, size, own, name, other, other / own, target, request.node.nodeid
                )
                config.stash[RACES].append(found)
        benchmark.pedantic(zonage, rounds=1)

    return run


def race_in_turns(
    zonage: Callable[[], object],
    peers: dict[str, Callable[[], object]],
    rounds: int,
    enough_seconds: float,
) -> tuple[list[float], dict[str, list[float]]]:
    """Time an operation and its peers in turns, after one turn that warms everything.

    What is short goes on taking turns, so that each has its time; in turns, since an allocator
    that serves one call after the other of the same size gives it memory that is still warm.
    """
    calls = [zonage, *peers.values()]
    for call in calls:
        call()
    times: list[list[float]] = [[] for _ in calls]
    while waiting := [
        (call, found)
        for call, found in zip(calls, times, strict=True)
        if len(found) < rounds or (len(found) < MOST_ROUNDS and sum(found) < enough_seconds)
    ]:
        for call, found in waiting:
            found.append(timed(call))
    return times[0], dict(zip(peers, times[1:], strict=True))


def take_turns(name: str, test: str, call: Callable[[], object], lockstep: str) -> None:
    """Say that an operation is ready, then time it as often as is asked.

    What is short is called once more before it is timed: the threads of the other process go on
    spinning for a moment when their turn is over, and ours have to wake up.
    """
    read, write = (int(part) for part in lockstep.split(","))
    call()
    seconds = timed(call)
    os.write(write, (json.dumps({"ready": [name, test]}) + "\n").encode())
    while os.read(read, 1) == b"t":
        if seconds < SHORT_SECONDS:
            call()
        seconds = timed(call)
        os.write(write, (json.dumps({"seconds": seconds}) + "\n").encode())


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that keeps a figure without a peer, as :class:`Measure` takes it."""

    def keep(*figure: Any, **more: Any) -> None:
        more["test"] = request.node.nodeid
        request.config.stash[MEASURES].append(Measure(*figure, **more))

    return keep


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    results = Results(this_machine(), tuple(config.stash[RACES]), tuple(config.stash[MEASURES]))
    if not (results.races or results.measures):
        return
    if path := config.getoption("--results"):
        results.write(Path(path))
    else:
        terminalreporter.section("zonage against its peers (ratio = peer / zonage)")
        terminalreporter.write_line(plain(results))
