import json

import numpy as np
import pytest

import zonage as zn
from tests.zoning.test_rules import LAW
from zonage.errors import BadInput
from zonage.figures import Sheet, sensitivity_figure
from zonage.scenarios.sensitivity import COLUMNS, DEFAULTS, REPORTED, Range, indices, sensitivity
from zonage.synthetic import metropolis

UNIT = {name: Range(0, 1) for name in ("a", "b", "c")}


@pytest.fixture(scope="module")
def base():
    town = metropolis(5, inhabitants=60_000, size=40, truth=True)
    return zn.qpv(town.tiles, LAW.reform(uu_min_population=0), town.reference)


def additive(values):
    return {"sum": 2 * values["a"] + values["b"], "constant": 7.0}


def test_sobol_indices_of_a_sum_are_its_variances():
    """2a + b of even a and b: variances 4/12 and 1/12, so 0.8 and 0.2, and nothing from c."""
    found = indices(UNIT, additive, samples=2048, method="sobol")
    assert found.runs == 2048 * (3 + 2)
    for column in ("first_order", "total"):
        np.testing.assert_allclose(found.indices["sum"][column], [0.8, 0.2, 0.0], atol=0.02)
    assert found.ranked("sum") == ["a", "b", "c"]
    assert found.spread["sum"] == pytest.approx(np.sqrt(5 / 12), rel=0.02)


def test_morris_effects_of_a_sum_are_its_slopes():
    found = indices(UNIT, additive, samples=10, method="morris")
    assert found.runs == 10 * (3 + 1)
    # Drawn numbers are rounded to four decimals.
    for column in ("mu_star", "mu"):
        np.testing.assert_allclose(found.indices["sum"][column], [2.0, 1.0, 0.0], atol=1e-3)
    np.testing.assert_allclose(found.indices["sum"]["sigma"], 0.0, atol=1e-3)


def test_a_product_drives_only_by_interaction():
    ranges = {"a": Range(-1, 1), "b": Range(-1, 1)}
    found = indices(ranges, lambda x: {"product": x["a"] * x["b"]}, samples=2048)
    np.testing.assert_allclose(found.indices["product"]["first_order"], 0.0, atol=0.05)
    np.testing.assert_allclose(found.indices["product"]["total"], 1.0, atol=0.05)


@pytest.mark.parametrize("method", ["sobol", "morris"])
def test_a_measure_that_does_not_move_is_driven_by_nothing(method):
    found = indices(UNIT, additive, samples=4, method=method)
    for column in COLUMNS[method]:
        assert found.indices["constant"][column].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("method", ["sobol", "morris"])
@pytest.mark.parametrize("seed", [0, 5])
def test_a_seed_reproduces_every_figure(method, seed):
    texts = []
    for disturbance in (1, 2):
        np.random.seed(disturbance)  # noqa: NPY002 the global state must not matter
        found = indices(UNIT, additive, samples=8, seed=seed, method=method)
        texts.append(json.dumps(found.to_dict()))
    assert texts[0] == texts[1]
    other = indices(UNIT, additive, samples=8, seed=seed + 1, method=method)
    assert json.dumps(other.to_dict()) != texts[0]


def test_whole_numbers_and_choices_are_equally_likely():
    for given, values in (
        (Range(3, 5, whole=True), (3, 4, 5)),
        (Range(choices=("blend", "mean")), ("blend", "mean")),
        (Range(choices=(False, True)), (False, True)),
    ):
        low, high = given.bounds
        drawn = [given.value(x) for x in np.linspace(low, high, 6001)]
        assert [drawn.count(value) / 6001 for value in values] == pytest.approx(
            [1 / len(values)] * len(values), abs=1e-3
        )
        assert {type(value) for value in drawn} == {type(values[0])}


def test_parameters_are_taken_for_what_they_are(base):
    parameters = {
        "qpv.factor": (0.5, 0.7),
        "qpv.min_population": (500, 1500),
        "qpv.comparison": ("strict", "inclusive"),
        "method.connectivity": (4, 8),
        "method.zone_median": [True, False],
        "method.bridge": (0, 1),
        "method.border_share": (0, 1),
    }
    found = sensitivity(base, parameters, samples=2)
    assert found.runs == 2 * (7 + 2)
    assert list(found.indices) == list(REPORTED)
    kinds = {path: (bool(it.choices), it.whole) for path, it in found.ranges.items()}
    assert kinds == {
        "qpv.factor": (False, False),
        "qpv.min_population": (False, True),
        "qpv.comparison": (True, False),
        "method.connectivity": (True, False),
        "method.zone_median": (True, False),
        "method.bridge": (False, True),
        "method.border_share": (False, False),
    }


def test_the_line_drives_inhabitants_and_what_does_nothing_does_nothing(base):
    """Without a bridge, how populous a bridged tile may be changes nothing."""
    parameters = {"qpv.factor": (0.5, 0.7), "method.bridge_population": (0, 50)}
    for method in ("sobol", "morris"):
        found = sensitivity(base, parameters, samples=16, method=method)
        strongest = {"sobol": "total", "morris": "mu_star"}[method]
        effect = found.indices["population"][strongest]
        assert effect[0] > 0
        assert effect[1] == pytest.approx(0, abs=1e-9)
        assert found.table["parameter"][:2] == list(parameters)


def test_a_weight_takes_its_partner_along(base):
    found = sensitivity(
        base, {"qpv.national_weight": (0.1, 0.9), "method.bridge": (0, 1)}, samples=4
    )
    assert found.runs == 16


def test_defaults_have_reasons_and_hold_the_rule_in_force(base):
    found = sensitivity(base, samples=2, method="morris")
    assert list(found.ranges) == list(DEFAULTS)
    assert all(given.reason for given in found.ranges.values())
    for path, given in DEFAULTS.items():
        section, _, name = path.partition(".")
        value = getattr(base.law if section == "qpv" else base.method, name)
        assert value in given.choices or given.low <= value <= given.high


@pytest.mark.parametrize(
    ("parameters", "message", "hint"),
    [
        ({"qpv.min_popluation": (800, 900)}, "no parameter", "min_population"),
        ({"method.brigde": (0, 1)}, "unknown option", "bridge"),
        ({"factor": (0.5, 0.6)}, "unknown parameter", "qpv.factor"),
        ({"qpv.factor": (0.6, 0.5)}, "reversed", None),
        ({"qpv.factor": (0.6, 0.6)}, "empty", None),
        ({"qpv.factor": (0.6,)}, "not a range", None),
        ({"qpv.factor": (0.6, float("nan"))}, "not a range", None),
        ({"qpv.min_population": (800, 900.5)}, "not whole", None),
        ({"method.connectivity": (4, 6)}, "out of range", None),
        ({"method.estimator": "blend"}, "not choices", None),
        ({"method.estimator": ("blend", "blend")}, "not choices", None),
        ({"qpv.factor": (-0.5, 0.6)}, "not allowed", None),
    ],
)
def test_a_wrong_question_gets_a_clear_answer(base, parameters, message, hint):
    with pytest.raises(BadInput, match=message) as caught:
        sensitivity(base, {**parameters, "method.border_share": (0, 1)}, samples=2)
    if hint:
        assert hint in str(caught.value)


@pytest.mark.parametrize(
    "design",
    [{"samples": 100}, {"samples": 1}, {"seed": -1}, {"method": "fast"}],
)
def test_a_design_that_does_not_exist_is_refused(design):
    with pytest.raises(BadInput):
        indices(UNIT, additive, **design)


def test_one_parameter_alone_drives_all():
    with pytest.raises(BadInput, match="not enough parameters"):
        indices({"a": Range(0, 1)}, additive, samples=4)


@pytest.mark.parametrize(("method", "bars"), [("sobol", 6), ("morris", 3)])
def test_the_figure_shows_the_strongest_on_top(method, bars):
    found = indices(UNIT, additive, samples=64, method=method)
    axes = sensitivity_figure(Sheet("Town", "a model"), found).axes
    assert len(axes) == 2
    assert len(axes[0].patches) == bars
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["c", "b", "a"]
    strongest = {"sobol": "total", "morris": "mu_star"}[method]
    assert axes[0].patches[2].get_width() == found.indices["sum"][strongest][0]
