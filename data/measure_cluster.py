"""Print from how many draws a cluster is worth it: `python data/measure_cluster.py [WORKERS]`.

A draw is timed on one core. What a cluster costs besides is timed on a local one of worker
processes of one thread each: a question of a single draw, the first time (workers load the code
and receive the base) and again; the best of three clusters. Between machines the network comes on
top.
"""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import zonage as zn
from zonage import cluster
from zonage.pipeline import run
from zonage.project import read_project
from zonage.scenarios.uncertainty import monte_carlo
from zonage.sources.tables import data_folder
from zonage.synthetic import metropolis
from zonage.zoning import Zoning

DRAWS, CLUSTERS = 100, 3


def bases() -> Iterator[tuple[str, Zoning]]:
    """Zonings of growing size."""
    yield "core of the MEL", run(read_project(data_folder("demo") / "project.toml")).zoning
    town = metropolis(1, inhabitants=6_000_000, size=400, truth=True)
    law = zn.law("qpv", on="2024-01-01")
    yield "synthetic metropolis", zn.qpv(town.tiles, law, town.reference)


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Time one call."""
    begun = clock()
    work()
    return clock() - begun


def first_and_again(base: Zoning, workers: int) -> tuple[float, float]:
    """Seconds of a question of one draw to a fresh cluster, and of the same question again."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        ask = partial(cluster.monte_carlo, base, draws=1, scheduler=local.scheduler_address)
        return seconds(ask), seconds(ask)


def main(workers: int) -> None:
    """Time every base and print a row for each."""
    print(f"{workers} workers")
    print("| base | tiles | sent, MB | ms a draw, one core | first question | again |"
          " worth it from, first | again |")  # fmt: skip
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, base in bases():
        monte_carlo(base, draws=2)
        draw = seconds(partial(monte_carlo, base, draws=DRAWS), time.process_time) / DRAWS
        pairs = [first_and_again(base, workers) for _ in range(CLUSTERS)]
        costs = [max(min(column) - draw, 0) for column in zip(*pairs, strict=True)]
        even = [cost / (draw * (1 - 1 / workers)) for cost in costs]
        print(
            f"| {name} | {len(base.tiles)} | {len(cluster.packed(base)) / 1e6:.1f} "
            f"| {1000 * draw:.0f} | {costs[0]:.1f} s | {costs[1]:.1f} s "
            f"| {even[0]:.0f} draws | {even[1]:.0f} draws |"
        )


if __name__ == "__main__":
    main(max(int(sys.argv[1]), 2) if len(sys.argv) > 1 else 2)
