"""The law of one day: the legal tests, its parameters, reforms."""

import copy
import json
import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from zonage.errors import BadInput
from zonage.law import load_law

CASES = Path(__file__).parent / "cases"


def cases(name):
    entries = yaml.safe_load((CASES / name).read_text(encoding="utf-8"))
    return [pytest.param(entry, id=entry["case"]) for entry in entries]


def law_of(case):
    law = load_law("qpv", on=case["law"]["day"], territory=case["law"]["territory"])
    return law.reform(case.get("reform"))


@pytest.fixture
def law():
    return load_law("qpv", on="2024-01-01")


# ----- legal cases


@pytest.mark.parametrize("case", cases("lines.yaml"))
def test_line_worked_by_hand(case):
    assert law_of(case).threshold(**case["input"]) == case["line"]


@pytest.mark.parametrize("case", cases("units.yaml"))
def test_unit_worked_by_hand(case):
    assert law_of(case).unit_qualifies(**case["input"]) is case["qualifies"]


euros = st.integers(1, 200_000)
inhabitants = st.integers(0, 20_000_000)


@given(national=euros, unit=euros, population=inhabitants)
def test_line_equals_integer_arithmetic(national, unit, population):
    a, b = (42, 18) if population < 5_000_000 else (18, 42)
    expected = -(-(a * national + b * unit) // 10_000) * 100
    law = load_law("qpv", on="2015-01-01")
    line = law.threshold(national, unit, population)
    assert isinstance(line, int)
    assert line == expected
    assert law.threshold(float(national), Fraction(unit), population) == expected
    assert law.threshold(np.int64(national), np.float64(unit), np.int32(population)) == expected


@given(
    national=st.integers(1, 20_000_000),
    unit=st.integers(1, 20_000_000),
    factor=st.integers(1, 1000),
    weight=st.integers(0, 100),
)
def test_line_of_decimals_equals_integer_arithmetic(national, unit, factor, weight):
    law = load_law("qpv", on="2024-01-01").reform(
        factor=factor / 1000, national_weight=weight / 100, unit_weight=(100 - weight) / 100
    )
    # medians in cents, factor in thousandths, weights in hundredths: 1e7 of them make one EUR
    tiny = factor * (weight * national + (100 - weight) * unit)
    assert law.threshold(national / 100, unit / 100, 10_000) == -(-tiny // 10**9) * 100


@given(national=euros, unit=euros, more=st.integers(0, 50_000), population=inhabitants)
def test_line_never_falls_when_a_median_rises(national, unit, more, population):
    law = load_law("qpv", on="2024-01-01")
    line = law.threshold(national, unit, population)
    assert law.threshold(national + more, unit, population) >= line
    assert law.threshold(national, unit + more, population) >= line
    assert law.reform(factor=0.65).threshold(national, unit, population) >= line


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, True, "20000", None, 1 + 0j])
def test_median_that_is_none_is_refused(law, value):
    with pytest.raises(BadInput, match="unit_median"):
        law.threshold(21640, value, 10_000)
    with pytest.raises(BadInput, match="national_median"):
        law.threshold(value, 20290, 10_000)


def test_population_is_needed_where_it_chooses_the_weights(law):
    with pytest.raises(BadInput, match="unit_population"):
        law.threshold(21640, 20290)


@pytest.mark.parametrize("value", [-1, math.nan, "9901", None])
def test_population_that_is_none_is_refused(law, value):
    with pytest.raises(BadInput, match="population"):
        law.unit_qualifies(value)


def test_comparison_is_strict_unless_reformed(law):
    assert law.income_qualifies(12799.99, 12800)
    assert not law.income_qualifies(12800, 12800)
    inclusive = law.reform(comparison="inclusive")
    assert inclusive.income_qualifies(12800, 12800)
    assert not inclusive.income_qualifies(12800.01, 12800)


# ----- parameters of other days and misspelt ones


def test_parameter_of_another_day_or_territory_says_so():
    law = load_law("qpv", on="2023-12-31")
    with pytest.raises(BadInput, match="set from 2024-01-01 to 2029-12-31"):
        law.parameter("uu_derogation")
    with pytest.raises(BadInput, match=r"on 2023-12-31.*2029-12-31"):
        law.reform(uu_derogation=True)
    with pytest.raises(BadInput, match="in martinique_reunion"):
        law.parameter("min_density")
    assert law.get("uu_derogation", False) is False
    assert "uu_derogation" not in law


def test_misspelt_parameter_is_never_silent(law):
    with pytest.raises(BadInput, match="did you mean min_population"):
        law.parameter("min_populaton")
    with pytest.raises(BadInput, match="did you mean min_population"):
        law.get("min_populaton", 0)
    with pytest.raises(AttributeError, match="did you mean min_population"):
        _ = law.min_populaton
    assert not hasattr(law, "min_populaton")


# ----- reforms


def test_reform_changes_a_copy_and_remembers(law):
    reformed = law.reform({"qpv.min_population": 800}, factor=0.65)
    assert (reformed.min_population, reformed.factor) == (800, 0.65)
    assert (law.min_population, law.factor) == (1000, 0.6)
    assert [(item.path, item.value, item.legal_value) for item in reformed.reforms] == [
        ("qpv.min_population", 800, 1000),
        ("qpv.factor", 0.65, 0.6),
    ]
    assert reformed.base == law
    assert law.reforms == ()


def test_reform_of_a_reform_remembers_the_law(law):
    twice = law.reform(min_population=800).reform(min_population=700)
    assert twice == law.reform(min_population=700)
    assert twice.reforms[0].legal_value == 1000
    assert twice.reform(min_population=1000) == law


def test_laws_are_frozen_and_hashable(law):
    with pytest.raises(FrozenInstanceError):
        law.name = "other"
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        law.min_population = 800
    with pytest.raises(FrozenInstanceError):
        law.parameter("min_population").value = 800
    again = load_law("qpv", on="2024-01-01")
    assert {law, again, law.reform(factor=0.6)} == {law}
    assert hash(law) != hash(law.reform(factor=0.65))


@pytest.mark.parametrize(
    "law_copy", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_law_survives_copies_and_processes(law, law_copy):
    reformed = law.reform(min_population=800)
    assert law_copy(reformed) == reformed
    assert law_copy(reformed).min_population == 800


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"min_population": 800.5}, "expected an integer of at least 0"),
        ({"min_population": -1}, "expected an integer of at least 0"),
        ({"min_population": "800"}, "found '800'"),
        ({"min_population": True}, "found True"),
        ({"min_population": None}, "found None"),
        ({"factor": 60}, "expected a number from 0 to 1"),
        ({"factor": math.nan}, "expected a number from 0 to 1"),
        ({"comparison": "lax"}, "one of strict, inclusive"),
        ({"uu_derogation": 1}, "true or false"),
        ({"threshold_rounding": 0}, "at least 1"),
        ({"national_weight": 0.8}, "weights must sum to 1"),
        ({"big_uu_unit_weight": 0.8}, "set big_uu_national_weight and big_uu_unit_weight together"),
        ({"min_populaton": 800}, "did you mean min_population"),
        ({"complement.min_population": 800}, "another law"),
        ({"qpv.metropole.min_population": 800}, "another law"),
        ({1: 800}, "by text"),
    ],
)
def test_reform_that_is_refused(law, changes, says):
    with pytest.raises(BadInput, match=says):
        law.reform(changes)


def test_parameter_reformed_twice_is_refused(law):
    with pytest.raises(BadInput, match="twice"):
        law.reform({"qpv.min_population": 800}, min_population=900)


def test_numpy_values_become_plain_ones(law):
    reformed = law.reform(min_population=np.int64(800), factor=np.float64(0.65))
    assert json.loads(json.dumps(reformed.to_dict()))["reforms"] == {
        "qpv.min_population": {"value": 800, "legal_value": 1000},
        "qpv.factor": {"value": 0.65, "legal_value": 0.6},
    }


def test_reforms_in_threads_leave_the_law_alone(law):
    before = (hash(law), law.to_dict())

    def simulate(step):
        reformed = law.reform(min_population=step, factor=step / 1000)
        return reformed.min_population, reformed.factor, reformed.base == law

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(simulate, range(100)))
    assert results == [(step, step / 1000, True) for step in range(100)]
    assert (hash(law), law.to_dict()) == before


# ----- what a reader sees


def test_manifest_names_the_source_of_every_value(law):
    manifest = json.loads(json.dumps(law.to_dict()))
    assert (manifest["law"], manifest["on"], manifest["territory"]) == (
        "qpv",
        "2024-01-01",
        "metropole",
    )
    derogation = manifest["parameters"]["uu_derogation"]
    assert (derogation["valid_from"], derogation["valid_to"]) == ("2024-01-01", "2029-12-31")
    assert all(item["link"] and item["article"] for item in manifest["parameters"].values())


def test_text_shows_values_and_reforms(law):
    text = repr(law.reform(min_population=800))
    assert text.startswith("Law qpv, metropole, on 2024-01-01\n")
    assert "800 inhabitants (legal value 1000)" in text
    assert "min_population" in dir(law)
