import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zonage as zn
from zonage.calibration import calibrate
from zonage.comparison import agreement
from zonage.errors import BadInput
from zonage.synthetic import metropolis

LAW = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)


def zoned(seed, method):
    town = metropolis(seed, inhabitants=40_000, size=40, units=2, truth=True)
    return zn.qpv(town.tiles, LAW, town.reference, method=method)


@given(st.integers(0, 30), st.sampled_from(["majority", "area"]), st.booleans())
@settings(max_examples=10)
def test_no_line_agrees_better_than_the_one_found(seed, rule, border):
    method = zn.Method.plain(border_share=0.375 if border else 0.0)
    zoning = zoned(seed, method)
    share = np.random.default_rng(seed).random(len(zoning.tiles))
    found = calibrate(zoning, share, rule)
    best = found.best.f1
    population = zoning.tiles.count("population")
    for line in np.append(np.linspace(10_000, 40_000, 25), found.line):
        at_line = zn.qpv(zoning.tiles, LAW, zoning.reference, method=method, line=line)
        measured = agreement(population, at_line.inside, share, rule)
        assert measured.f1 == pytest.approx(found.at(line).f1)
        assert measured.f1 <= best + 1e-12
    assert found.at(found.line).f1 == best


def test_a_zoning_is_found_again_at_its_own_line():
    zoning = zoned(1, zn.Method.plain())
    again = zn.qpv(zoning.tiles, LAW, zoning.reference, method=zoning.method, line=16_000)
    assert again.zone_count > 0
    found = calibrate(zoning, again.inside.astype(float))
    low, high = found.interval
    assert low < 16_000 <= high
    assert found.best.f1 == 1


def test_the_line_is_a_multiple_of_100_where_the_interval_holds_one():
    zoning = zoned(1, zn.Method.plain())
    again = zn.qpv(zoning.tiles, LAW, zoning.reference, method=zoning.method, line=16_000)
    found = calibrate(zoning, again.inside.astype(float))
    low, high = found.interval
    rounded = 100 * np.ceil(np.nextafter(low, np.inf) / 100)
    assert found.line == (rounded if rounded <= high else high)


def test_options_that_the_pass_leaves_out_are_named():
    zoning = zoned(1, zn.Method(bridge=2))
    share = np.ones(len(zoning.tiles))
    left_out = ("complete_from", "bridge", "zone_median")
    assert calibrate(zoning, share).left_out == left_out
    assert zn.Method.plain().monotone
    assert not zn.Method(bridge=2).monotone


def test_below_all_lines_nothing_is_inside():
    zoning = zoned(1, zn.Method.plain())
    found = calibrate(zoning, np.ones(len(zoning.tiles)))
    assert found.at(1.0).computed == 0
    assert found.at(1.0).f1 == 0


def test_outlines_without_people_are_refused():
    zoning = zoned(1, zn.Method.plain())
    with pytest.raises(BadInput, match="no inhabited tile"):
        calibrate(zoning, np.zeros(len(zoning.tiles)))


def test_a_minimum_that_no_zone_reaches_is_refused():
    law = LAW.reform(min_population=10_000_000)
    zoning = zoned(1, zn.Method.plain())
    alone = zn.qpv(zoning.tiles, law, zoning.reference, method=zoning.method)
    with pytest.raises(BadInput, match="no zone reaches"):
        calibrate(alone, np.ones(len(alone.tiles)))
