"""This revision against another on the same machine, operation by operation, in turns.

Two processes run the same benchmarks, one with the package of the working tree and one with that
of the other revision. At each race both wait and are told in turns to run their operation once, so
that both meet the same noise. The benchmarks are those of the working tree: an operation that the
other revision does not have, or answers otherwise, is named and left out. What looks slower is
timed anew in new processes, since where a process has its memory counts too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from benchmarks.attempts import ATTEMPTS, HERE, pytest_command
from benchmarks.measures import figure, milliseconds

SLOWER = 1.4
"""Ratio of the times at which the comparison fails: below 1.5, so that noise lets no such pass."""
LOOKS_SLOWER = 1.2
TURNS, ENOUGH_SECONDS = 7, 0.3
"""Turns of what is long, and time enough for what is short."""


@dataclass(frozen=True)
class Operation:
    """Best times of one operation in both revisions, and the test that measures it."""

    name: str
    test: str
    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """How many times as long as the other revision this one takes."""
        return self.ours / self.theirs

    def pooled(self, other: Operation) -> Operation:
        """Return the best times of two attempts."""
        return replace(self, ours=min(self.ours, other.ours), theirs=min(self.theirs, other.theirs))


@dataclass
class Runner:
    """A process that waits at each race."""

    process: subprocess.Popen[bytes]
    commands: int
    answers: IO[str]

    def ready(self) -> tuple[str, str] | None:
        """Return the next operation and its test, None at the end."""
        line = self.answers.readline()
        return tuple(json.loads(line)["ready"]) if line else None

    def seconds(self) -> float:
        """Time the operation once."""
        os.write(self.commands, b"t")
        return float(json.loads(self.answers.readline())["seconds"])

    def go_on(self) -> None:
        """Leave this operation for the next."""
        os.write(self.commands, b"n")


def compare(revision: str, names: list[str]) -> int:
    """Compare with a revision and return the exit code: 1 where an operation is slower."""
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder, "other")
        _git("worktree", "add", "--detach", str(other), revision)
        try:
            packages = HERE.parent / "src", other / "src"
            operations, left_out = _in_lockstep(*packages, names)
            for _ in range(ATTEMPTS - 1):
                tests = {one.test for one in operations if one.ratio >= LOOKS_SLOWER}
                if tests:
                    again, _ = _in_lockstep(*packages, sorted(tests))
                    operations = pooled(operations, again)
        finally:
            _git("worktree", "remove", "--force", str(other))
    for one in operations:
        print(
            f"{'SLOWER' if one.ratio >= SLOWER else 'ok':7} {figure(one.ratio):>6}  {one.name}: "
            f"{milliseconds(one.ours)}, at {revision} {milliseconds(one.theirs)}"
        )
    for name in left_out:
        print(f"new     {name}: not at {revision}, or with another answer there")
    if not operations:
        print("benchmarks: no operation is in both revisions", file=sys.stderr)
        return 1
    return 1 if any(one.ratio >= SLOWER for one in operations) else 0


def pooled(operations: list[Operation], again: list[Operation]) -> list[Operation]:
    """Return operations with the best times of two attempts, where there are two."""
    later = {(one.name, one.test): one for one in again}
    return [one.pooled(later.get((one.name, one.test), one)) for one in operations]


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=HERE.parent, check=True, capture_output=True)


def _in_lockstep(ours: Path, theirs: Path, names: list[str]) -> tuple[list[Operation], list[str]]:
    """Time every operation of both packages in turns; name what the other has not."""
    operations, left_out = [], []
    head, other = _start(ours, names), _start(theirs, names)
    ready, there = head.ready(), other.ready()
    while ready is not None:
        if ready == there:
            operations.append(Operation(*ready, *_times(head, other)))
            head.go_on()
            other.go_on()
            ready, there = head.ready(), other.ready()
        else:
            left_out.append(ready[0])
            head.go_on()
            ready = head.ready()
    other.process.kill()
    if head.process.wait():
        raise SystemExit("benchmarks: an answer of the working tree differs from its peer's")
    return operations, left_out


def _times(head: Runner, other: Runner) -> tuple[float, float]:
    """Best times of both."""
    pairs: list[tuple[float, float]] = []
    while len(pairs) < TURNS or sum(map(sum, pairs)) < ENOUGH_SECONDS:
        pairs.append((head.seconds(), other.seconds()))
    ours, theirs = zip(*pairs, strict=True)
    return min(ours), min(theirs)


def _start(package: Path, names: list[str]) -> Runner:
    read, commands = os.pipe()
    answers, write = os.pipe()
    # An older package may lack a module that some file of benchmarks imports.
    options = ["--lockstep", f"{read},{write}", "--continue-on-collection-errors"]
    process = subprocess.Popen(
        [*pytest_command(names), *options],
        cwd=HERE.parent,
        env=os.environ | {"PYTHONPATH": str(package)},
        pass_fds=(read, write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read)
    os.close(write)
    return Runner(process, commands, os.fdopen(answers, encoding="utf-8"))
