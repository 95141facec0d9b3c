"""Sweeps as an analyst asks for them: laws drawn, trees made and read, a cube at the end."""

import time

import numpy as np

import zonage as zn
from benchmarks.test_run import country, lille
from zonage.scenarios.sweep import sweep

MONOTONE = zn.Method(complete_from=1.0, zone_median=False)
LAW = zn.law("qpv", on="2024-01-01")


def seconds(base, ranges):
    sweep(base, {path: values[:2] for path, values in ranges.items()})
    begun = time.perf_counter()
    found = sweep(base, ranges)
    assert found.plan == "tree"
    return time.perf_counter() - begun


def test_ten_thousand_scenarios_on_the_mel(measure):
    base = zn.qpv(lille(), LAW, zn.read_reference("declared", 2019), method=MONOTONE)
    factors = np.round(np.linspace(0.5, 0.7, 100), 4).tolist()
    taken = seconds(base, {"qpv.factor": factors, "qpv.min_population": range(500, 2500, 20)})
    measure("sweep, MEL, 100 factors x 100 minimum populations", taken, "s")


def test_a_thousand_national_scenarios(measure):
    town = country()
    base = zn.qpv(town.tiles, LAW, town.reference, method=MONOTONE)
    taken = seconds(base, {"qpv.factor": np.round(np.linspace(0.5, 0.7, 1000), 5).tolist()})
    measure("sweep, France, 1 000 factors, a line for each of 2 500 units", taken, "s")
