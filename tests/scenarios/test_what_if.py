from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zonage as zn
from tests.zoning.test_rules import LAW, drawn, reference_of
from zonage.errors import BadInput
from zonage.scenarios import change, parse_settings, reform
from zonage.synthetic import metropolis
from zonage.variables import FIXED_POINT

LOOSE = LAW.reform(uu_min_population=0)


@pytest.fixture(scope="module")
def base():
    town = metropolis(5, inhabitants=120_000, size=60, units=3, truth=True)
    return zn.qpv(town.tiles, LOOSE, town.reference)


changes = st.fixed_dictionaries(
    {},
    optional={
        "qpv.min_population": st.integers(200, 4_000),
        "qpv.factor": st.sampled_from([0.5, 0.55, 0.65, 0.7]),
        "method.bridge": st.integers(0, 3),
        "method.border_share": st.sampled_from([0.0, 0.25, 0.5]),
        "method.connectivity": st.sampled_from([4, 8]),
    },
)


def bytes_of(zoning):
    return zoning.label.tobytes(), zoning.reason.tobytes(), zoning.zone_median.tobytes()


def test_scenarios_in_threads_and_in_any_order_give_what_each_gives_alone(base):
    rules = [
        {"qpv.min_population": 300 + 40 * number, "qpv.factor": 0.5 + number / 500}
        for number in range(100)
    ]
    before = bytes_of(base), base.law, base.method
    alone = [bytes_of(reform(base, rule)) for rule in rules]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda rule: bytes_of(reform(base, rule)), reversed(rules)))
    assert together[::-1] == alone
    assert (bytes_of(base), base.law, base.method) == before


def test_a_zoning_and_its_rule_are_frozen(base):
    for thing, name in ((base, "law"), (base.law, "on"), (base.method, "bridge")):
        with pytest.raises((FrozenInstanceError, AttributeError)):
            setattr(thing, name, None)


@given(changes)
@settings(max_examples=25)
def test_totals_of_a_change_are_those_of_both_zonings(base, rule):
    after = reform(base, rule)
    found = change(base, after)
    population = base.tiles.count("population")
    totals = found.totals
    for side, zoning in (("before", base), ("after", after)):
        assert totals[side]["quarters"] == zoning.zone_count
        inside = int(population[zoning.inside].sum()) / FIXED_POINT
        assert totals[side]["population"] == inside
        assert sum(quarter.total(side) for quarter in found.quarters) == pytest.approx(inside)
    assert totals["after"]["population"] - totals["before"]["population"] == pytest.approx(
        totals["entering"]["population"] - totals["leaving"]["population"]
    )
    old = sorted(zone for quarter in found.quarters for zone in quarter.before)
    new = sorted(zone for quarter in found.quarters for zone in quarter.after)
    assert old == list(range(1, base.zone_count + 1))
    assert new == list(range(1, after.zone_count + 1))


def test_the_way_back_undoes_the_way_there(base):
    after = reform(base, {"qpv.factor": 0.65})
    there, back = change(base, after), change(after, base)
    np.testing.assert_array_equal(there.step, -back.step)
    turned = {"enters": "leaves", "leaves": "enters", "grows": "shrinks", "shrinks": "grows",
              "merges": "splits", "splits": "merges"}  # fmt: skip
    statuses = {turned.get(status, status): n for status, n in there.statuses().items()}
    assert statuses == back.statuses()


def zoned(picture, **options):
    law = LAW.reform(min_population=options.pop("minimum", 100))
    return zn.qpv(drawn(picture), law, reference_of("A"), method=zn.Method.plain(**options))


@pytest.mark.parametrize(
    ("picture", "base", "rule", "statuses"),
    [
        ("\nP P . . P\n", {}, {"qpv.min_population": 50}, {"enters": 1, "unchanged": 1}),
        (
            "\nP P . . P\n",
            {"minimum": 50},
            {"qpv.min_population": 100},
            {"leaves": 1, "unchanged": 1},
        ),
        (
            "\nP P r P P\n",
            {},
            {"method.bridge": 1, "method.bridge_population": 50.0},
            {"merges": 1},
        ),
        ("\nP P .\n. . P\n. . P\n", {}, {"method.connectivity": 4}, {"splits": 1}),
        ("\nP P P\nP r P\nP P P\n", {}, {"method.fill_holes": 1}, {"grows": 1}),
        ("\nP P P\nP r P\nP P P\n", {"fill_holes": 1}, {"method.fill_holes": 0}, {"shrinks": 1}),
        ("\nP P P\n", {}, {"qpv.min_population": 120}, {"unchanged": 1}),
    ],
)  # fmt: skip
def test_what_happens_to_a_quarter_has_a_name(picture, base, rule, statuses):
    before = zoned(picture, **base)
    assert change(before, reform(before, rule)).statuses() == statuses


def test_a_frozen_quarter_does_not_leave(base):
    rule = {"qpv.min_population": 5_000}
    without = reform(base, rule)
    assert without.zone_count < base.zone_count
    kept = reform(base, rule, freeze=base.inside)
    assert kept.inside[base.inside].all()
    assert "leaves" not in change(base, kept).statuses()


def test_the_outlines_of_a_change_cover_both_zonings(base):
    found = change(base, reform(base, {"qpv.factor": 0.65}))
    outlines = found.outlines
    cell = base.tiles.grid().cell_area_km2 * 1e6
    for part, count in (
        ("enters", (found.step > 0).sum()),
        ("leaves", (found.step < 0).sum()),
        ("stays", (found.before.inside & found.after.inside).sum()),
    ):
        assert outlines[outlines.part == part].area.sum() == pytest.approx(count * cell)
    assert outlines.geometry.is_valid.all()
    assert len(found.table["status"]) == len(found.quarters)


@pytest.mark.parametrize(
    ("rule", "message", "hint"),
    [
        ({"qpv.min_popluation": 800}, "no parameter", "min_population"),
        ({"method.brigde": 1}, "unknown option", "bridge"),
        ({"min_population": 800}, "unknown parameter", "qpv.min_population"),
        ({"qpv.min_density": 800}, "no parameter", "martinique_reunion"),
        ({"qpv.factor": "high"}, "not allowed", None),
        ({"method.bridge": 1.5}, "wrong type", None),
        ({"method.bridge": 99}, "out of range", None),
    ],
)
def test_a_wrong_question_gets_a_clear_answer(base, rule, message, hint):
    with pytest.raises(BadInput, match=message) as caught:
        reform(base, rule)
    if hint:
        assert hint in str(caught.value)


def test_a_parameter_that_the_law_does_not_have_on_its_day_says_when_it_has(base):
    town = metropolis(5, inhabitants=30_000, size=30, truth=True)
    early = zn.law("qpv", on="2015-01-01").reform(uu_min_population=0)
    zoning = zn.qpv(town.tiles, early, town.reference)
    with pytest.raises(BadInput, match="uu_derogation") as caught:
        reform(zoning, {"qpv.uu_derogation": True})
    assert "2024" in str(caught.value)


@pytest.mark.parametrize("texts", [["qpv.factor"], ["=3"], ["qpv.factor="], ["a=1", "a=2"]])
def test_a_setting_that_cannot_be_read_is_refused(texts):
    with pytest.raises(BadInput):
        parse_settings(texts)


def test_zonings_of_different_tiles_are_not_compared(base):
    with pytest.raises(BadInput, match="not of the same tiles"):
        change(base, zoned("\nP P\n"))
