"""A batch that is killed again and again ends with the same bytes as one that nobody disturbed."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.batch.territories import NAMES, write_batch_file, write_tiles
from tests.projects import contents

KILLS = 10

ZYGOTE = """
import importlib, os, pkgutil, sys
import numba, polars, pyarrow, scipy.special, scipy.sparse.csgraph
import zonage.batch.work, zonage.kernels, zonage.outputs.batch
from zonage import cli
for module in pkgutil.iter_modules(zonage.kernels.__path__):
    importlib.import_module(f"zonage.kernels.{module.name}")
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(null, stream)
        cli.main(line.rstrip("\\n").split("\\t"))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Forks a process for each batch: what a start costs is paid once. It computes nothing itself."""


@pytest.fixture(scope="module")
def start():
    """Start a batch in a process of its own; give its number, and a way to wait for its end."""
    zygote = subprocess.Popen(
        [sys.executable, "-c", ZYGOTE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def begin(*arguments):
        zygote.stdin.write("\t".join(map(str, arguments)) + "\n")
        zygote.stdin.flush()
        return int(zygote.stdout.readline()), lambda: int(zygote.stdout.readline())

    yield begin
    zygote.stdin.close()
    zygote.wait(30)
    zygote.stdout.close()


def count(results):
    return len(list(results.glob("*.result")))


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def kill_ten_times(start, arguments, results, total, chance):
    """Kill a batch after a number of new results, somewhere within the next moments."""
    known = []
    for number in range(KILLS):
        child, end = start(*arguments)
        # The last ones are killed among the last results or while the report is written.
        goal = total if number >= KILLS - 2 else min(count(results) + chance.randint(0, 80), total)
        ended = False

        def reached(goal=goal):
            return count(results) >= goal

        wait_for(reached)
        time.sleep(chance.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        ended = end()
        assert ended in (-signal.SIGKILL, 0)
        known.append(count(results))
    return known


def test_ten_kills_at_random_moments_change_no_byte(start, tmp_path):
    file = write_batch_file(tmp_path)
    batch = ("batch", file, "--output")
    assert start(*batch, tmp_path / "calm")[1]() == 0
    total = count(tmp_path / "calm.results")
    assert total == 6 * 2 * 49  # fifty scenarios, of which one is the base's own rule

    chance = random.Random(6)
    known = kill_ten_times(
        start, (*batch, tmp_path / "killed"), tmp_path / "killed.results", total, chance
    )
    assert known == sorted(known)  # no result was lost
    assert len({number for number in known if 0 < number < total}) >= 5
    assert start(*batch, tmp_path / "killed")[1]() == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "calm")
    assert (
        contents(tmp_path / "killed.results").keys() == contents(tmp_path / "calm.results").keys()
    )

    # One vintage is replaced; the second batch is killed too, and tells the same changes.
    write_tiles(tmp_path / f"{NAMES[2]}_2021.csv", 55)
    assert start(*batch, tmp_path / "calm")[1]() == 0
    assert count(tmp_path / "calm.results") == total + 49  # those of the last batch are kept too
    for _ in range(3):
        child, end = start(*batch, tmp_path / "killed")
        time.sleep(chance.uniform(0, 0.4))
        os.kill(child, signal.SIGKILL)
        assert end() in (-signal.SIGKILL, 0)
    assert start(*batch, tmp_path / "killed")[1]() == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "calm")
    left = {path.name for path in tmp_path.glob(".*")}
    assert not left
