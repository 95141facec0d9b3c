import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zonage as zn
from tests.zoning.test_rules import LAW
from zonage.errors import BadInput
from zonage.scenarios import reform
from zonage.scenarios.lines import UnitFigures, thresholds, unit_lines
from zonage.scenarios.sweep import measures, parse_range, sweep
from zonage.synthetic import metropolis

LOOSE = LAW.reform(uu_min_population=0)


@pytest.fixture(scope="module")
def town():
    return metropolis(5, inhabitants=120_000, size=60, units=3, truth=True)


@pytest.fixture(scope="module")
def monotone(town):
    method = zn.Method(complete_from=1.0, zone_median=False)
    return zn.qpv(town.tiles, LOOSE, town.reference, method=method)


@given(
    st.lists(st.integers(12_000, 40_000), min_size=1, max_size=5),
    st.sampled_from([1, 10]),
    st.integers(15_000, 30_000),
    st.sampled_from([0.6, 0.55, 0.65, 0.617]),
    st.sampled_from([100, 50, 1]),
    st.booleans(),
)
def test_thresholds_of_many_units_are_those_of_each(medians, scale, national, factor, step, big):
    law = LAW.reform(factor=factor, threshold_rounding=step)
    unit_medians = np.array(medians) / scale * 10
    population = 6_000_000.0 if big else 50_000.0
    many = thresholds(law, national, unit_medians, np.full(len(medians), population))
    alone = [law.threshold(national, float(median), population) for median in unit_medians]
    assert many.tolist() == alone


def test_a_multiple_of_the_step_is_not_rounded_up():
    # 0.55 x 22 000 is 12 100 exactly and 12 100.000000000002 in float64.
    law = LAW.reform(factor=0.55)
    assert thresholds(law, 22_000, np.array([22_000.0]), np.array([5e4])).tolist() == [12_100]


@pytest.mark.parametrize("rule", [{}, {"uu_min_population": 60_000}, {"factor": 0.7}])
def test_lines_of_units_are_those_that_a_zoning_draws(monotone, rule):
    law = monotone.law.reform(rule) if rule else monotone.law
    units = monotone.tiles.urban_unit.labels
    drawn = reform(monotone, {f"qpv.{name}": value for name, value in rule.items()})
    expected = [
        next(
            (unit.line if unit.legal.qualifies else np.nan)
            for unit in drawn.units
            if unit.legal.unit == code
        )
        for code in units
    ]
    np.testing.assert_allclose(
        unit_lines(monotone, law, UnitFigures.of(monotone.reference, units)), expected, rtol=1e-15
    )


@given(
    st.lists(st.sampled_from([0.5, 0.55, 0.6, 0.63, 0.7]), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from([300, 800, 1000, 2500]), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from([0.0, 0.25, 0.375]), min_size=1, max_size=2, unique=True),
)
@settings(max_examples=8)
def test_both_plans_give_what_each_scenario_gives_alone(monotone, factors, minima, shares):
    ranges = {
        "qpv.factor": factors,
        "qpv.min_population": minima,
        "method.border_share": shares,
    }
    by_tree = sweep(monotone, ranges)
    by_labels = sweep(monotone, ranges, plan="relabelling")
    assert (by_tree.plan, by_labels.plan) == ("tree", "relabelling")
    assert by_tree.cube.equals(by_labels.cube)
    last = {path: values[-1] for path, values in ranges.items()}
    alone = measures(reform(monotone, last))
    for name, value in alone.items():
        assert by_tree.cube[name].values[-1, -1, -1] == value


def test_a_unit_that_the_base_leaves_out_may_enter(town):
    law = LOOSE.reform(uu_min_population=60_000)
    base = zn.qpv(
        town.tiles, law, town.reference, method=zn.Method(complete_from=1.0, zone_median=False)
    )
    ranges = {"qpv.uu_min_population": [0, 60_000, 10**9]}
    found = sweep(base, ranges)
    assert found.plan == "tree"
    assert found.cube.equals(sweep(base, ranges, plan="relabelling").cube)
    assert found.cube["quarters"].values[0] >= found.cube["quarters"].values[1]
    assert found.cube["quarters"].values[2] == 0


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"zone_median": True}, "zone_median"),
        ({"complete_from": 0.5}, "complete_from"),
        ({"bridge": 1}, "bridge"),
        ({"fill_holes": 2}, "fill_holes"),
        ({"within_units": False}, "within_units"),
    ],
)
def test_the_plan_says_why_it_relabels(town, options, word):
    method = zn.Method.plain(**options)
    base = zn.qpv(town.tiles, LOOSE, town.reference, method=method)
    found = sweep(base, {"qpv.min_population": [900, 1000]})
    assert found.plan == "relabelling"
    assert word in found.why
    with pytest.raises(BadInput, match="does not give"):
        sweep(base, {"qpv.min_population": [900, 1000]}, plan="tree")


def test_a_scenario_that_is_known_is_not_zoned_again(town):
    base = zn.qpv(town.tiles, LOOSE, town.reference)
    ranges = {"qpv.factor": [0.5, 0.6, 0.7]}
    rows = {}
    whole = sweep(base, ranges, tell=lambda number, row: rows.update({number: dict(row)}))
    assert sorted(rows) == [0, 1, 2]
    rest = {number: rows[number] for number in (0, 2)}
    told = []
    again = sweep(base, ranges, done=rest.get, tell=lambda number, row: told.append(number))
    assert told == [1]
    assert again.cube.equals(whole.cube)


def test_the_table_has_one_row_a_scenario(monotone):
    found = sweep(monotone, {"qpv.factor": [0.55, 0.6], "qpv.min_population": [500, 1000, 1500]})
    table = found.table()
    assert table["qpv.factor"] == [0.55] * 3 + [0.6] * 3
    assert table["qpv.min_population"] == [500, 1000, 1500] * 2
    assert table["quarters"] == found.cube["quarters"].values.ravel().tolist()


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({}, "nothing to sweep"),
        ({"qpv.factor": []}, "empty range"),
        ({"qpv.factor": [0.6, 0.6]}, "comes twice"),
        ({"qpv.factr": [0.6]}, "no parameter"),
        ({"qpv.factor": [-1.0]}, "not allowed"),
        ({"qpv.min_population": range(3_000), "qpv.uu_min_population": range(3_000)}, "too many"),
    ],
)
def test_a_wrong_question_gets_a_clear_answer(monotone, ranges, message):
    with pytest.raises(BadInput, match=message):
        sweep(monotone, ranges)


@pytest.mark.parametrize(
    "text", ["qpv.factor", "a=1:2", "a=2:1:1", "a=1:2:0", "a=1:x:1", "a=0:1:1e-9"]
)
def test_a_range_that_cannot_be_read_is_refused(text):
    with pytest.raises(BadInput):
        parse_range(text)


def test_a_range_of_decimals_holds_the_decimals():
    assert parse_range("qpv.factor=0.5:0.7:0.1") == ("qpv.factor", (0.5, 0.6, 0.7))
