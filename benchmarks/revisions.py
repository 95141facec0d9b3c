"""This revision against another on the same machine, operation by operation, in turns.

Two processes run the same benchmarks, one with the package of the working tree and one with that
of the other revision. At each race both wait and are told in turns to run their operation once, so
that both meet the same noise. The benchmarks are those of the working tree: an operation that the
other revision does not have, or answers otherwise, is named and left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.measures import figure, milliseconds

HERE = Path(__file__).resolve().parent
SLOWER = 1.5
"""Ratio of the times at which the comparison fails."""
TURNS, ENOUGH_SECONDS = 7, 0.3
"""Turns of what is long, and time enough for what is short."""
MORE = 3
"""How many times as often an operation that looks slower is timed before it is said to be."""


@dataclass
class Runner:
    """A process that waits at each race."""

    process: subprocess.Popen[bytes]
    commands: int
    answers: IO[str]

    def ready(self) -> str | None:
        """Return the next operation, None at the end."""
        line = self.answers.readline()
        return json.loads(line)["ready"] if line else None

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
            rows, left_out = _in_lockstep(HERE.parent / "src", other / "src", names)
        finally:
            _git("worktree", "remove", "--force", str(other))
    for name, ours, theirs, ratio in rows:
        print(
            f"{'SLOWER' if ratio >= SLOWER else 'ok':7} {figure(ratio):>6}  {name}: "
            f"{milliseconds(ours)}, at {revision} {milliseconds(theirs)}"
        )
    for name in left_out:
        print(f"new     {name}: not at {revision}, or with another answer there")
    if not rows:
        print("benchmarks: no operation is in both revisions", file=sys.stderr)
        return 1
    return 1 if any(ratio >= SLOWER for *_, ratio in rows) else 0


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=HERE.parent, check=True, capture_output=True)


def _in_lockstep(
    ours: Path, theirs: Path, names: list[str]
) -> tuple[list[tuple[str, float, float, float]], list[str]]:
    """Time every operation of both packages in turns."""
    rows, left_out = [], []
    head, other = _start(ours, names), _start(theirs, names)
    name, place = head.ready(), other.ready()
    while name is not None:
        if name == place:
            rows.append((name, *_times(head, other)))
            head.go_on()
            other.go_on()
            name, place = head.ready(), other.ready()
        else:
            left_out.append(name)
            head.go_on()
            name = head.ready()
    other.process.kill()
    if head.process.wait():
        raise SystemExit("benchmarks: an answer of the working tree differs from its peer's")
    return rows, left_out


def _times(head: Runner, other: Runner) -> tuple[float, float, float]:
    """Best times of both, and their ratio; more turns where it looks slower."""
    pairs: list[tuple[float, float]] = []
    for often in (1, MORE):
        enough = len(pairs) + often * TURNS, _total(pairs) + often * ENOUGH_SECONDS
        while len(pairs) < enough[0] or _total(pairs) < enough[1]:
            pairs.append((head.seconds(), other.seconds()))
        ours, theirs = (min(side) for side in zip(*pairs, strict=True))
        if ours < SLOWER * theirs:
            break
    return ours, theirs, ours / theirs


def _total(pairs: list[tuple[float, float]]) -> float:
    return sum(map(sum, pairs))


def _start(package: Path, names: list[str]) -> Runner:
    read, commands = os.pipe()
    answers, write = os.pipe()
    command = [sys.executable, "-m", "pytest", str(HERE), "--lockstep", f"{read},{write}"]
    process = subprocess.Popen(
        # An older package may lack a module that some file of benchmarks imports.
        [*command, "--continue-on-collection-errors", *names],
        cwd=HERE.parent,
        env=os.environ | {"PYTHONPATH": str(package)},
        pass_fds=(read, write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read)
    os.close(write)
    return Runner(process, commands, os.fdopen(answers, encoding="utf-8"))
