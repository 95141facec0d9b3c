"""The zonings of the sliders, against a zoning by the engine at each position."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zonage as zn
from zonage.explorer.ladder import ladder, steps_for
from zonage.scenarios import reform
from zonage.scenarios.margins import shifted
from zonage.synthetic import metropolis

SHIFTS = np.array([-2500.0, -1000.0, -300.0, 0.0, 300.0, 1000.0, 2500.0])
MINIMA = np.array([0.0, 400.0, 1000.0, 2500.0])

METHODS = {
    "the default": {},
    "bridges": {"bridge": 2, "bridge_population": 30.0},
    "holes, four neighbours": {"connectivity": 4, "fill_holes": 6},
    "across units": {"within_units": False, "smoothing": 0.8},
    "plain": {"border_share": 0.0, "complete_from": 1.0, "zone_median": False},
    "a tree with a border": {"complete_from": 1.0, "zone_median": False},
}


@pytest.fixture(scope="module")
def town():
    made = metropolis(4, inhabitants=120_000, size=60, units=3, truth=True)
    law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    return zn.qpv(made.tiles, law, made.reference)


def assert_ladder(base):
    steps = ladder(base, SHIFTS, MINIMA)
    for place, minimum in enumerate(MINIMA):
        for step, shift in enumerate(SHIFTS):
            changes = {"qpv.min_population": int(minimum)}
            expected = reform(shifted(base, float(shift)), changes)
            assert np.array_equal(steps.reasons(place, step), expected.reason)
            assert steps.zones[place, step] == expected.zone_count
    return steps


@pytest.mark.parametrize("name", METHODS)
def test_every_position_has_the_reasons_of_the_engine(town, name):
    base = reform(town, {f"method.{key}": value for key, value in METHODS[name].items()})
    steps = assert_ladder(base)
    assert steps.by_tree == ("tree" in name or name == "plain")


def test_kept_quarters_and_an_inclusive_test_are_held_too(town):
    frozen = town.label == 2
    base = reform(town, {"qpv.comparison": "inclusive"}, freeze=frozen)
    assert_ladder(base)


@settings(max_examples=8)
@given(seed=st.integers(0, 1000), plain=st.booleans())
def test_any_town_has_the_reasons_of_the_engine(seed, plain):
    made = metropolis(seed, inhabitants=30_000, size=30, units=2, truth=True)
    law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    method = zn.Method.plain() if plain else zn.Method()
    assert_ladder(zn.qpv(made.tiles, law, made.reference, method=method))


@pytest.mark.parametrize("tiles", [10, 8_356, 100_000, 300_000])
def test_the_ladder_has_the_line_of_the_law_and_fits_a_byte(tiles):
    shifts = steps_for(tiles, 17)
    assert 0.0 in shifts
    assert len(shifts) < 255
    assert shifts[0] == -shifts[-1] == -3000
