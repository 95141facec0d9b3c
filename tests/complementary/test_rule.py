"""The rule: what the packaged model says, what a reform may change, which file is refused."""

import pickle
from datetime import date
from importlib import resources

import numpy as np
import pytest
import yaml

from tests.complementary.pictures import indicator, rule_of
from zonage.complementary.layers import INDICATORS
from zonage.complementary.rule_file import load_rule, parse_rule
from zonage.errors import BadInput

TEXT = (resources.files("zonage.law") / "complement.yaml").read_text("utf-8")


@pytest.fixture(scope="module")
def rule():
    return load_rule()


def test_every_choice_of_the_model_says_its_reason_and_what_it_rests_on(rule):
    for choice in rule.model.choices:
        assert len(choice.reason) > 20
        assert choice.basis
        assert choice.domain.accept(choice.value) is not None
        assert choice.title_fr != choice.title_en
        assert not choice.tested or choice.value in choice.tested, choice.path


def test_indicators_of_the_model_are_those_that_the_engine_declares(rule):
    assert set(rule.indicators) == set(INDICATORS)
    for name in rule.indicators:
        declared = INDICATORS[name]
        assert rule[f"{name}.missing"] == declared.missing
        assert rule.choice(f"{name}.cutoff").unit == declared.unit
    families = {INDICATORS[condition.indicator].family for condition in rule.conditions}
    assert families == {"income", "schools", "housing"}
    assert rule.needed(1) == len(families)


def test_the_model_is_said_to_be_one(rule):
    assert "model" in rule.model.remark
    assert repr(rule).startswith("Model complement")
    assert "law" not in {key for key in rule.to_dict()}


def test_level_1_asks_for_more_than_level_2(rule):
    assert rule.needed(1) > rule.needed(2)


def test_a_reform_changes_one_value_and_leaves_the_model(rule):
    reformed = rule.reform({"complement.social_housing_share.cutoff": 0.3}, min_population=300)
    assert (reformed["social_housing_share.cutoff"], reformed["min_population"]) == (0.3, 300)
    assert reformed.changes == {
        "complement.min_population": 300,
        "complement.social_housing_share.cutoff": 0.3,
    }
    assert rule.changes == {}
    assert "min_population  300 inhabitants (model value 500)" in repr(reformed)
    by_name = {"social_housing_share.cutoff": 0.3, "min_population": 300}
    assert rule.reform(**by_name) == reformed
    assert hash(rule.reform(**by_name)) == hash(reformed)
    assert pickle.loads(pickle.dumps(reformed)) == reformed
    entry = reformed.to_dict()["parameters"]["min_population"]
    assert (entry["value"], entry["model_value"]) == (300, rule["min_population"])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"complement.social_housing_shar.cutoff": 1}, "did you mean social_housing_share.cutoff"),
        ({"qpv.min_population": 800}, "no such parameter"),
        ({"min_population": -1}, "at least 0"),
        ({"min_population": 10.5}, "an integer"),
        ({"connectivity": 6}, "4 or 8"),
        ({"level_2_families": 4}, "level 1 must ask for at least as much"),
        ({"social_housing_share.ties": "maybe"}, "inclusive, strict"),
        ({"social_housing_share.quantile": 0.1}, "scale is absolute"),
        (
            {"social_housing_share.scale": "quantile", "social_housing_share.cutoff": 0.1},
            "scale is quantile",
        ),
        ({"social_housing_share.weight": 2}, "decision is count"),
        ({"decision": "score", "level_1_families": 3}, "decision is score"),
        ({"decision": "score", "social_housing_share.weight": 0.0005}, "three decimals"),
        ({"social_housing_share.used": False, "social_housing_share.cutoff": 0.3}, "used is false"),
        ({"min_population": 1, "complement.min_population": 2}, "changed twice"),
        ({3: 2}, "named by text"),
    ],
)
def test_a_wrong_reform_is_refused_with_what_is_wrong(rule, changes, says):
    with pytest.raises(BadInput, match=says):
        rule.reform(changes)


def test_a_score_needs_a_weight_and_a_rule_an_indicator(rule):
    with pytest.raises(BadInput, match="all weights"):
        rule.reform({"decision": "score"} | {f"{name}.weight": 0 for name in rule.indicators})
    with pytest.raises(BadInput, match="1 to 12 indicators"):
        rule.reform({f"{name}.used": False for name in rule.indicators})


def test_a_variant_leaves_out_changes_that_do_not_count(rule):
    path = "complement.social_housing_share.quantile"
    assert rule.variant({path: 0.1}) == rule
    by_quantile = {"complement.social_housing_share.scale": "quantile", path: 0.1}
    assert rule.variant(by_quantile) == rule.reform(by_quantile)


def test_an_indicator_of_a_user_is_held_to_the_same_rules(rule):
    vacancy = indicator("vacancy", missing="ignore", unit="percent")
    more = rule.adding(vacancy, cutoff=12.5)
    assert more.conditions[-1].indicator == "vacancy"
    assert (more["vacancy.cutoff"], more["vacancy.missing"]) == (12.5, "ignore")
    choice = more.choice("vacancy.cutoff")
    assert (choice.unit, choice.title_fr, choice.title_en) == (
        "percent",
        "vacancy : seuil",
        "vacancy: cut-off",
    )
    assert more.reform({"complement.vacancy.cutoff": 15})["vacancy.cutoff"] == 15
    assert rule.adding(vacancy, quantile=0.1)["vacancy.scale"] == "quantile"
    for wrong, says in (
        ({}, "not both"),
        ({"cutoff": 1.0, "quantile": 0.5}, "not both"),
        ({"cutoff": np.nan}, "not allowed"),
        ({"quantile": 2.0}, "from 0 to 1"),
        ({"cutoff": 1.0, "missing": "guess"}, "absent, ignore, refuse"),
    ):
        with pytest.raises(BadInput, match=says):
            rule.adding(vacancy, **wrong)
    with pytest.raises(BadInput, match="has this indicator already"):
        more.adding(vacancy, cutoff=1.0)


def test_at_most_twelve_indicators():
    rule = rule_of()
    for number in range(9):
        rule = rule.adding(indicator(f"more_{number}"), cutoff=1.0)
    assert len(rule.conditions) == 12
    with pytest.raises(BadInput, match="1 to 12 indicators"):
        rule.adding(indicator("one_too_many"), cutoff=1.0)


# ----- the file


def changed(place, value):
    """The text of the packaged file with one value replaced, or left out where it is None."""
    content = yaml.safe_load(TEXT)
    *way, last = place.replace("[0]", ".0").split(".")
    block = content
    for key in way:
        block = block[0] if key == "0" else block[key]
    if value is None:
        del block[last]
    else:
        block[last] = value
    return yaml.safe_dump(content, allow_unicode=True)


VERSION = {"value": 700, "from": date(2030, 1, 1), "basis": "own", "reason": "A later choice."}


def test_a_value_holds_from_its_day_until_the_next():
    content = yaml.safe_load(TEXT)
    content["parameters"]["min_population"]["values"].append(VERSION)
    file = parse_rule(yaml.safe_dump(content), file="later.yaml")
    first = content["parameters"]["min_population"]["values"][0]
    assert file.at("2029-12-31")["min_population"] == first["value"]
    assert file.at("2030-01-01")["min_population"] == file.at()["min_population"] == 700
    with pytest.raises(BadInput, match="no value on 2001-01-01"):
        file.at("2001-01-01")
    with pytest.raises(BadInput, match="not a day"):
        file.at("soon")


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("parameters.min_population", None, "missing value"),
        ("parameters.min_populatio", {}, "unknown key"),
        ("parameters.buffer.minimum", "none", "wrong type"),
        ("parameters.buffer.values", [], "missing value"),
        ("parameters.buffer.values[0].value", -1, "from 0"),
        ("parameters.buffer.values[0].basis", "no", "known:"),
        ("parameters.buffer.values[0].reason", " ", "empty"),
        ("parameters.buffer.values[0].from", "soon", "date"),
        ("parameters.buffer.unit", None, "missing value"),
        ("of_each_indicator.ties", None, "missing value"),
        ("indicators.social_housing_share.title", None, "missing value"),
        ("indicators.social_housing_share.cutoff", None, "missing value"),
        ("indicators.social_housing_share.cutof", {}, "unknown key"),
        ("indicators.social_housing_share.cutoff.tested", ["x"], "wrong value"),
        ("indicators", {}, "no indicator"),
        ("law", "complement", "unknown key"),
    ],
)
def test_a_wrong_file_is_refused_at_the_key(place, value, says):
    with pytest.raises(BadInput, match=says) as caught:
        parse_rule(changed(place, value), file="bad.yaml")
    assert (caught.value.file, caught.value.column) == ("bad.yaml", place)


def test_days_out_of_order_are_refused():
    content = yaml.safe_load(TEXT)
    content["parameters"]["buffer"]["values"] *= 2
    with pytest.raises(BadInput, match="not after the value before it"):
        parse_rule(yaml.safe_dump(content), file="bad.yaml")


@pytest.mark.parametrize("text", ["", "[]", "model", "a: {b", "a: 1\na: 2"])
def test_what_is_no_rule_file_is_refused(text):
    with pytest.raises(BadInput, match=r"^bad\.yaml"):
        parse_rule(text, file="bad.yaml")


def test_there_is_one_model():
    with pytest.raises(BadInput, match="no model named 'complemen'; did you mean complement"):
        load_rule("complemen")
