"""A cluster gives the bytes of one machine, also when a worker is killed on the way."""

import os
import signal

import numpy as np
import pytest

import zonage as zn
from tests.projects import command, contents, write_project
from zonage import cluster
from zonage.errors import BadInput
from zonage.scenarios.sweep import sweep
from zonage.scenarios.uncertainty import Errors, monte_carlo
from zonage.synthetic import metropolis

distributed = pytest.importorskip("distributed", reason="the extra zonage[cluster] is missing")

RANGES = {"qpv.factor": [0.55 + 0.01 * step for step in range(10)], "method.bridge": [0, 1, 2]}


@pytest.fixture(scope="module")
def base():
    town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    return zn.qpv(town.tiles, law, town.reference)


@pytest.fixture(scope="module")
def workers():
    """Three worker processes on this machine, and the address of their scheduler."""
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        yield local


def kill(workers, number):
    for worker in list(workers.workers.values())[:number]:
        os.kill(worker.pid, signal.SIGKILL)


def same(one, other):
    assert one.numbers.tolist() == other.numbers.tolist()
    assert one.inside_count.tobytes() == other.inside_count.tobytes()
    assert one.quarter_count.tobytes() == other.quarter_count.tobytes()
    assert one.totals.keys() == other.totals.keys()
    assert all(one.totals[name].tobytes() == other.totals[name].tobytes() for name in one.totals)
    assert one.to_dict() == other.to_dict()


def test_draws_are_those_of_one_machine_though_a_worker_is_killed(base, workers):
    told = []

    def tell(done, total):
        told.append(done)
        if len(told) == 6:
            kill(workers, 1)

    found = cluster.monte_carlo(
        base, draws=310, seed=4, scheduler=workers.scheduler_address, tell=tell
    )
    assert told[-1] == 310
    assert len(told) == 13
    same(found, monte_carlo(base, draws=310, seed=4))


def test_errors_and_numbers_of_draws_are_taken(base, workers):
    asked = {"draws": range(90, 10, -1), "seed": 1, "errors": Errors().only("line", "tile")}
    found = cluster.monte_carlo(base, scheduler=workers.scheduler_address, **asked)
    same(found, monte_carlo(base, **asked))


def test_a_sweep_is_that_of_one_machine_though_all_workers_are_killed(base, workers, monkeypatch):
    monkeypatch.setattr(cluster, "SCENARIOS", 2)
    told = {}

    def tell(number, row):
        told[number] = row
        if len(told) == 8:
            kill(workers, 3)

    def done(number):
        return known[number] if number < 4 else None

    alone = sweep(base, RANGES)
    known = [
        {name: float(alone.cube[name].to_numpy().ravel()[number]) for name in alone.cube.data_vars}
        for number in range(4)
    ]
    found = cluster.sweep(base, RANGES, scheduler=workers.scheduler_address, done=done, tell=tell)
    assert sorted(told) == list(range(4, 30))
    assert found.plan == alone.plan == "relabelling"
    assert found.cube.identical(alone.cube)
    assert all(
        found.cube[name].to_numpy().tobytes() == alone.cube[name].to_numpy().tobytes()
        for name in alone.cube.data_vars
    )


@pytest.mark.parametrize(
    "asked", [("uncertainty", "--draws", "30"), ("sweep", "--vary", "qpv.factor=0.58,0.6,0.62")]
)
def test_the_command_writes_the_same_bytes(workers, tmp_path, asked):
    name, *options = asked
    arguments = (name, write_project(tmp_path), *options, "--output")
    assert command(*arguments, tmp_path / "alone").code == 0
    address = ("--scheduler", workers.scheduler_address)
    assert command(*arguments, tmp_path / "cluster", *address).code == 0
    assert contents(tmp_path / "cluster") == contents(tmp_path / "alone")


def test_what_the_merge_tree_answers_is_not_sent(base):
    plain = zn.scenarios.reform(base, {"method.zone_median": False, "method.complete_from": 1.0})
    ranges = {"qpv.factor": [0.5, 0.6, 0.7]}
    found = cluster.sweep(plain, ranges, scheduler="tcp://nowhere.invalid:1")
    assert found.plan == "tree"
    assert found.cube.identical(sweep(plain, ranges).cube)


def test_a_base_is_the_same_when_it_arrives(base):
    arrived = cluster._unpacked(cluster.packed(base))
    np.testing.assert_array_equal(arrived.label, base.label)
    assert arrived.law == base.law
    assert dict(arrived.tiles.counts).keys() == dict(base.tiles.counts).keys()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"draws": 0}, "not a number of draws"),
        ({"seed": -1, "draws": 3}, "not a seed"),
        ({"draws": [1, 1]}, "a draw comes twice"),
    ],
)
def test_a_wrong_question_is_the_error_of_one_machine(base, workers, asked, words):
    with pytest.raises(BadInput, match=words):
        cluster.monte_carlo(base, scheduler=workers.scheduler_address, **asked)


def test_other_code_on_a_worker_is_refused(base, workers, monkeypatch):
    monkeypatch.setattr(cluster, "code_digest", lambda: "f" * 64)
    with pytest.raises(BadInput, match="another zonage"):
        cluster.monte_carlo(base, draws=3, scheduler=workers.scheduler_address)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "", "tcp://"])
def test_a_scheduler_that_is_none_is_said(base, monkeypatch, address):
    monkeypatch.setattr(cluster, "ANSWER_S", 1)
    with pytest.raises(BadInput, match="no scheduler answers"):
        cluster.monte_carlo(base, draws=3, scheduler=address)


def test_a_missing_library_is_said(base, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(BadInput, match=r"zonage\[cluster\]"):
        cluster.monte_carlo(base, draws=3, scheduler="tcp://127.0.0.1:9")
