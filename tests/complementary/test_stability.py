"""Many rules at once: the kernel against one rule at a time, and what perimeters hang on."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.complementary.pictures import (
    indicator,
    layer,
    layers_of,
    perimeters,
    rule_of,
    tiles_of,
    zoning_of,
)
from tests.complementary.test_perimeters import changes, towns, usable
from zonage.complementary.changes import change, sweep
from zonage.complementary.many_rules import under_many
from zonage.complementary.perimeters import complement
from zonage.complementary.rule_file import load_rule
from zonage.complementary.stability import Removal, default_ranges, stability
from zonage.errors import BadInput
from zonage.kernels.levels import under_rules

scores = st.fixed_dictionaries(
    {
        "decision": st.just("score"),
        "level_1_score": st.sampled_from([0.6, 0.8]),
        "level_2_score": st.sampled_from([0.1, 0.5]),
    },
    optional={
        "poverty.weight": st.sampled_from([0, 1, 2.5]),
        "school.missing": st.sampled_from(["absent", "ignore"]),
        "housing.used": st.booleans(),
    },
)
quantiles = st.fixed_dictionaries(
    {"poverty.scale": st.just("quantile"), "poverty.quantile": st.sampled_from([0.1, 0.5])},
    optional={"level_1_families": st.sampled_from([2, 3])},
)
rule_changes = st.lists(
    st.one_of(changes, scores, quantiles, st.just({"housing.used": False, "level_1_families": 2})),
    min_size=1,
    max_size=6,
)


# ----- the kernel


@given(towns().filter(usable), rule_changes)
@settings(max_examples=60)
def test_many_rules_at_once_are_each_rule_alone(town, many):
    base = perimeters(*town, min_coverage=0)
    rules = [base.rule.variant(one) for one in many]
    outcomes = under_many(base, rules)
    alone = [base.under(rule) for rule in rules]
    inside = np.stack([one.label > 0 for one in alone])
    np.testing.assert_array_equal(outcomes.inside, inside.sum(axis=0))
    population = base.tiles.count("population")
    for number, one in enumerate(alone):
        for row in range(2):
            mask = one.label[row] > 0
            assert outcomes.totals[number, row].tolist() == [
                one.count(row + 1),
                np.count_nonzero(mask),
                population[mask].sum(),
            ]
            kept = [
                population[mask & (base.label[level - 1] == place)].sum()
                for place, level in enumerate(base.perimeter_level, start=1)
            ]
            assert outcomes.kept[number, row].tolist() == kept


def test_no_rule_is_refused():
    with pytest.raises(BadInput, match="no rule to try"):
        under_many(perimeters(WIDE), [])


def test_two_indicators_of_a_family_count_once_in_the_kernel_too():
    layers = [
        *layers_of("aasnv"),
        layer("primary", [70, 70, 70, 120, 70], direction="low", family="school"),
    ]
    rule = rule_of(min_coverage=0).adding(indicator("primary", "low", family="school"), cutoff=75)
    zoning = zoning_of(
        tiles_of("""
n n n n n
""")
    )
    base = complement(zoning, layers, rule)
    ignoring = rule.reform({"school.missing": "ignore", "primary.missing": "ignore"})
    for one in (rule, ignoring, rule.reform({"school.used": False})):
        outcomes = under_many(base, [one])
        np.testing.assert_array_equal(outcomes.inside, base.under(one).label > 0)


def test_the_number_of_threads_changes_nothing():
    base = perimeters(WIDE)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = stability(base, RANGES, plan="sample", draws=97, seed=3)
        numba.set_num_threads(before)
        many = stability(base, RANGES, plan="sample", draws=97, seed=3)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(one.outcomes.inside, many.outcomes.inside)
    np.testing.assert_array_equal(one.outcomes.kept, many.outcomes.kept)
    assert one.table == many.table


def kernel_arguments():
    rules, tiles, indicators = 2, 3, 1
    return {
        "code": np.ones((indicators, tiles), np.int32),
        "rank": np.zeros((indicators, tiles), np.int64),
        "population": np.ones(tiles, np.int64),
        "candidate": np.ones((2, tiles), np.bool_),
        "neighbours": np.full((tiles, 8), -1, np.int32),
        "label": np.zeros((2, tiles), np.int32),
        "first": np.ones((rules, indicators), np.int32),
        "counts_unknown": np.ones((rules, indicators), np.bool_),
        "family_bit": np.ones((rules, indicators), np.int64),
        "families": np.ones(rules, np.int64),
        "by_score": np.zeros(rules, np.bool_),
        "need": np.ones((rules, 2), np.int64),
        "weights": np.ones((rules, indicators), np.int64),
        "minimum": np.ones(rules, np.int64),
        "corners": np.ones(rules, np.bool_),
        "exclude": np.zeros(rules, np.bool_),
        "inside": np.empty((2, tiles), np.int64),
        "totals": np.empty((rules, 2, 3), np.int64),
        "kept": np.empty((rules, 2, 1), np.int64),
    }


@pytest.mark.parametrize("name", kernel_arguments())
def test_the_kernel_refuses_arrays_that_do_not_fit(name):
    arguments = kernel_arguments()
    under_rules(*arguments.values())
    assert arguments["inside"].tolist() == [[2, 2, 2], [2, 2, 2]]
    array = arguments[name]
    arguments[name] = np.zeros((*array.shape[:-1], array.shape[-1] + 1), array.dtype)
    if name == "kept":
        arguments["label"] = np.full((2, 3), 5, np.int32)
    with pytest.raises(ValueError, match="under_rules"):
        under_rules(*arguments.values())


# ----- stability


WIDE = """
f f n a a a
n n n n n n
f b n s s n
"""

RANGES = {
    "complement.level_1_families": (2, 3),
    "complement.min_population": (100, 150),
    "complement.poverty.cutoff": (0.4, 0.6),
}


def test_what_perimeters_hang_on_by_hand():
    # Under the base (3 of 3, 2 of 3, 100 people, poverty from 0.4): f f is level 1 and level 2,
    # a a a and f b are level 2. Of the eight rules four have poverty from 0.6, which nobody meets:
    # then only the f are left at level 2 (school and housing), and nothing at level 1 with 3 of 3.
    base = perimeters(WIDE)
    assert base.level.tolist() == [1, 1, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0]
    found = stability(base, RANGES)
    assert (found.plan, found.rules, found.refused) == ("grid", 8, 0)
    # f f: at level 1 with 3 of 3, 100 people, 0.4; with 2 of 3, 100 people, either cut-off.
    # a a a: at level 1 with 2 of 3 and 0.4, at level 2 with 0.4. f b: two tiles, so 100 people.
    share = found.share
    assert share[0, [0, 3, 12, 13]].tolist() == [3 / 8, 2 / 8, 1 / 8, 1 / 8]
    assert share[1, [0, 3, 12, 13]].tolist() == [4 / 8, 4 / 8, 2 / 8, 2 / 8]
    table = found.table
    assert table["level"] == [1, 2, 2, 2]
    assert table["population"] == [100.0, 150.0, 100.0, 100.0]
    assert table["persistence"] == [3 / 8, 4 / 8, 4 / 8, 2 / 8]
    assert table["persistence_at_any_level"] == [4 / 8, 4 / 8, 4 / 8, 2 / 8]
    size = Removal("complement.min_population", (150,))
    line = Removal("complement.poverty.cutoff", (0.6,))
    assert found.removed_by == ((size, line), (line,), (size,), (size, line))
    assert found.verdict == (
        "on several choices",
        "on one choice",
        "on one choice",
        "on several choices",
    )
    assert table["removed_by"][2] == "complement.min_population=150"


def test_a_perimeter_that_every_rule_keeps_holds_whatever_the_rule():
    base = perimeters("""
f f n a a
""")
    found = stability(base, {"min_population": (50, 100), "housing.cutoff": (0.2, 0.5)})
    assert found.verdict == ("whatever the rule",) * 3
    assert found.share.max() == 1.0


def test_without_a_perimeter_there_is_nothing_to_hang():
    found = stability(perimeters("""
n n
"""), RANGES)  # fmt: skip
    assert found.table["perimeter"] == []
    assert found.share.tolist() == [[0, 0], [0, 0]]


def test_a_perimeter_may_hang_on_a_combination():
    # Poverty or housing may go, not both: either leaves two of three.
    base = perimeters("""
f f
""").reform({"level_1_families": 2})
    ranges = {"poverty.cutoff": (0.4, 0.6), "housing.cutoff": (0.5, 0.7)}
    found = stability(base, ranges)
    assert found.removed_by == ((), ())
    assert found.persistence.tolist() == [[3 / 4, 3 / 4], [3 / 4, 3 / 4]]
    assert found.verdict == ("on combinations of choices",) * 2


def test_combinations_that_do_not_fit_together_are_left_out_and_counted():
    base = perimeters(WIDE)
    ranges = {"level_1_families": (1, 2, 3), "level_2_families": (1, 2, 3)}
    found = stability(base, ranges)
    assert (found.rules, found.refused) == (6, 3)
    alone = stability(base, {"level_1_families": (1, 3)})
    assert (alone.rules, alone.refused) == (1, 1)
    with pytest.raises(BadInput, match="level 1 must ask"):
        stability(base, {"level_1_families": (1,)})


def test_a_sample_is_that_of_its_seed():
    base = perimeters(WIDE)
    one, same, other = (
        stability(base, RANGES, plan="sample", draws=50, seed=seed) for seed in (1, 1, 2)
    )
    assert one.outcomes.rules == same.outcomes.rules != other.outcomes.rules
    assert (one.plan, one.rules) == ("sample", 50)
    assert one.to_dict()["seed"] == 1
    many = stability(base, RANGES, plan="sample", draws=4000)
    grid = stability(base, RANGES)
    np.testing.assert_allclose(many.share, grid.share, atol=0.04)


def test_the_default_ranges_are_those_of_the_model_that_count():
    rule = rule_of()
    assert set(default_ranges(rule)) == {
        f"complement.{path}"
        for path in ("level_1_families", "level_2_families", "min_population", "connectivity")
    }
    found = stability(perimeters(WIDE))
    assert found.rules == len(found.outcomes.rules) > 1
    packaged = default_ranges(load_rule())
    assert "complement.social_housing_share.cutoff" in packaged
    assert not any(path.endswith((".weight", "_score")) for path in packaged)
    by_score = default_ranges(load_rule().reform(decision="score"))
    assert "complement.social_housing_share.weight" in by_score
    assert not any(path.endswith((".cutoff", "_families")) for path in by_score)


def test_shares_go_to_the_grid():
    found = stability(perimeters(WIDE), RANGES)
    assert found.to_dataset()["share_level_1_or_2"].values[0, :2].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("ranges", "says"),
    [
        ({}, "nothing to vary"),
        ({"min_populatio": (1, 2)}, "did you mean min_population"),
        ({"min_population": ()}, "an empty range"),
        ({"min_population": (1, 1)}, "comes twice"),
        ({"min_population": (1, -2)}, "at least 0"),
        ({"min_population": (1,), "complement.min_population": (2,)}, "varied twice"),
        ({"min_population": tuple(range(1001)), "buffer": tuple(range(1001))}, "too many"),
    ],
)
def test_wrong_ranges_are_refused(ranges, says):
    base = perimeters(WIDE)
    with pytest.raises(BadInput, match=says):
        stability(base, ranges, plan="grid")
    with pytest.raises(BadInput, match=says):
        sweep(base, ranges)


# ----- two rules, and sweeps


def test_what_enters_and_leaves_by_hand():
    before = perimeters(WIDE)
    found = change(before, before.reform({"level_1_families": 2, "min_population": 150}))
    assert found.table == {
        "level": ["1", "1 or 2"],
        "perimeters_before": [1, 3],
        "perimeters_after": [1, 1],
        "tiles_before": [2, 7],
        "tiles_after": [3, 3],
        "tiles_entering": [3, 0],
        "tiles_leaving": [2, 4],
        "population_before": [100.0, 350.0],
        "population_after": [150.0, 150.0],
        "population_entering": [150.0, 0.0],
        "population_leaving": [100.0, 200.0],
    }
    assert found.step[:, [0, 3]].tolist() == [[-1, 1], [-1, 0]]
    with pytest.raises(BadInput, match="not of the same tiles"):
        change(before, perimeters("""
f f
"""))  # fmt: skip


@given(towns().filter(usable))
@settings(max_examples=15)
def test_a_sweep_is_each_rule_alone(town):
    base = perimeters(*town, min_coverage=0)
    ranges = {"level_2_families": (1, 2), "poverty.cutoff": (0.1, 0.5)}
    table = sweep(base, ranges)
    assert list(table)[:2] == ["complement.level_2_families", "complement.poverty.cutoff"]
    for row in range(4):
        one = base.reform({path: table[path][row] for path in list(table)[:2]})
        for level in (1, 2):
            inside = one.label[level - 1] > 0
            assert table[f"perimeters_{level}"][row] == one.count(level)
            assert table[f"tiles_{level}"][row] == np.count_nonzero(inside)
            assert table[f"population_{level}"][row] == (
                one.tiles.count("population")[inside].sum() / 1000
            )
