import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

import zonage as zn
from tests.zoning.test_rules import LAW, drawn, reference_of
from zonage.errors import BadInput
from zonage.figures import Sheet, probability_map, reliability_figure
from zonage.scenarios.uncertainty import (
    COMPONENTS,
    SOURCES,
    Errors,
    imputation_groups,
    monte_carlo,
    reliability,
)
from zonage.sources.income_tables import declared_disposable, income_model
from zonage.synthetic import metropolis
from zonage.tiles import Codes, Tiles
from zonage.variables import FIXED_POINT

LINE = 12_000.0
MODEL = income_model(2019)


def row_of_tiles(medians, people=100.0, imputed=None, gap=3):
    """Tiles apart from each other, of given estimated medians (EUR a year)."""
    medians = np.asarray(medians, float)
    population = np.broadcast_to(np.asarray(people, float), medians.shape)
    return Tiles.from_columns(
        np.zeros(len(medians), int),
        gap * np.arange(len(medians)),
        {
            "population": population,
            "income_sum": population * medians * np.exp(MODEL.sigma**2 / 2),
        },
        imputed=imputed,
        urban_unit=Codes.encode(["A"] * len(medians)),
        vintage=2019,
    )


def zoned(tiles, minimum=100, reference=None, line=None, **options):
    law = LAW.reform(min_population=minimum)
    method = zn.Method.plain(**options)
    return zn.qpv(tiles, law, reference or reference_of("A"), method=method, line=line)


def near(share, expected, draws):
    return abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / draws)


@pytest.fixture(scope="module")
def town():
    made = metropolis(5, inhabitants=120_000, size=60, units=3, truth=True)
    return zn.qpv(made.tiles, LAW.reform(uu_min_population=0), made.reference)


def bytes_of(found):
    totals = {name: values.tobytes() for name, values in found.totals.items()}
    return (
        found.numbers.tobytes(),
        found.inside_count.tobytes(),
        found.quarter_count.tobytes(),
        totals,
        json.dumps(found.to_dict()),
    )


def test_probability_is_that_of_the_normal_law():
    """Far below the line 1, at it 1/2, far above 0."""
    medians = LINE * np.exp([-1.0, -0.05, 0.0, 0.05, 1.0])
    households = 100.0 / MODEL.link_mean_size
    found = monte_carlo(
        zoned(row_of_tiles(medians), line=LINE), draws=800, errors=Errors().only("tile")
    )
    sd = np.sqrt(330**2 + 5500**2 / households) / medians
    expected = ndtr(np.log(LINE / medians) / sd)
    assert found.probability[0] == 1
    assert found.probability[-1] == 0
    for probability, truth in zip(found.probability[1:-1], expected[1:-1], strict=True):
        assert near(probability, truth, 800)
    assert near(found.probability[2], 0.5, 800)


def test_a_tile_is_as_far_from_a_line_above_as_from_one_below():
    tiles, only = row_of_tiles([LINE]), Errors().only("tile")
    above, below = (
        monte_carlo(zoned(tiles, line=LINE * np.exp(step)), draws=800, errors=only).probability[0]
        for step in (0.05, -0.05)
    )
    assert 0.6 < above < 0.9
    assert near(below, 1 - above, 800)


def test_households_of_the_file_decide_the_error():
    tiles = row_of_tiles([LINE * np.exp(0.05)] * 2)
    households = np.array([12_000, 400_000])
    counts = {**tiles.counts, "households": households, "poor_households": households // 2}
    found = monte_carlo(
        zoned(replace(tiles, counts=counts), line=LINE, estimator="mean"),
        draws=800,
        errors=Errors().only("tile"),
    )
    sd = np.sqrt(330**2 + 5500**2 / np.array([12, 400])) / (LINE * np.exp(0.05))
    for probability, truth in zip(found.probability, ndtr(-0.05 / sd), strict=True):
        assert near(probability, truth, 800)


def test_tiles_of_one_imputation_group_share_their_draw():
    medians = [LINE] * 4
    together = zoned(row_of_tiles(medians, imputed=np.ones(4, bool)), line=LINE)
    apart = zoned(row_of_tiles(medians), line=LINE)
    only = Errors().only("tile")
    assert set(monte_carlo(together, draws=100, errors=only).totals["quarters"]) == {0, 4}
    assert set(monte_carlo(apart, draws=100, errors=only).totals["quarters"]) >= {1, 2, 3}


def test_groups_are_imputed_tiles_of_one_published_mean_that_lie_near():
    mean = 25_983.2338
    people = np.array([3.0, 2.0, 32.5, 23.0, 23.0, 23.0, 10.0])
    income = np.round(people * mean, 1)
    income[4] += 5.0
    east = np.array([0, 1, 2, 3, 4, 500, 5])
    tiles = Tiles.from_columns(
        np.zeros(7, int),
        east,
        {"population": people, "income_sum": income},
        imputed=np.array([True] * 6 + [False]),
    )
    group = imputation_groups(tiles)[np.argsort(np.argsort(east))]
    assert len(set(group[:4])) == 1
    assert len(set(group)) == 4
    assert len(set(imputation_groups(replace(tiles, imputed=None)))) == 7


def test_an_error_common_to_all_tiles_moves_them_together():
    base = zoned(row_of_tiles([LINE] * 3), line=LINE)
    found = monte_carlo(base, draws=200, errors=Errors().only("common"))
    assert set(found.totals["quarters"]) == {0, 3}
    assert near(found.probability[0], 0.5, 200)


def test_the_line_moves_before_it_is_rounded():
    """0.6 x 20 010 = 12 006 is rounded up to 12 100, but to 12 000 after an error below -6 EUR."""
    reference = reference_of("A", median=20_010, national=20_010)
    guessed = replace(reference, national_certainty="estimated")
    only = Errors().only("line")
    tiles = row_of_tiles([12_050.0])
    certain = monte_carlo(zoned(tiles, reference=reference), draws=20, errors=only)
    assert certain.probability.tolist() == [1.0]
    found = monte_carlo(zoned(tiles, reference=guessed), draws=600, errors=only)
    assert near(found.probability[0], ndtr(6 / 25), 600)


def test_the_map_to_disposable_income_moves():
    reference = replace(reference_of("A"), concept="declared")
    line = float(declared_disposable(2019).to_disposable(12_000.0))
    base = zoned(row_of_tiles([line + 25.0]), reference=reference)
    found = monte_carlo(base, draws=600, errors=Errors().only("conversion"))
    assert near(found.probability[0], ndtr(-1.0), 600)


@pytest.mark.parametrize(
    ("picture", "component", "expected"),
    [("\nP .\n. P\n", "connectivity", 1 / 2), ("\nP . P\n", "bridge", 2 / 3)],
)
def test_what_the_law_is_silent_about_is_drawn_evenly(picture, component, expected):
    base = zoned(drawn(picture))
    found = monte_carlo(base, draws=400, errors=Errors().only(component))
    assert near(found.probability[0], expected, 400)
    assert set(found.totals["quarters"]) == {0, 1}


def test_a_quarter_exists_with_half_of_its_inhabitants():
    """One tile is surely inside, its neighbour stands at the line: who lives where decides."""
    for people, expected in (([100.0, 100.0], 1.0), ([100.0, 100.5], None)):
        tiles = row_of_tiles([LINE / 3, LINE * 0.99999], people, gap=1)
        base = zoned(tiles, line=LINE)
        assert base.zone_count == 1
        found = monte_carlo(base, draws=300, errors=Errors().only("tile"))
        assert near(found.probability[1], 0.5, 300)
        assert found.quarter_probability[0] == (
            found.probability[1] if expected is None else expected
        )


def test_without_errors_every_draw_is_the_base(town):
    found = monte_carlo(town, draws=4, errors=Errors().only())
    np.testing.assert_array_equal(found.probability, town.inside)
    np.testing.assert_array_equal(found.quarter_probability, np.ones(town.zone_count))
    for name, row in found.intervals.items():
        assert row["base"] == row["p05"] == row["p50"] == row["p95"] == row["mean"], name
        assert row["standard_error"] == 0


def test_the_same_bytes_whatever_the_threads_the_order_and_the_parts(town):
    whole = monte_carlo(town, draws=60, seed=3)
    expected = bytes_of(whole)
    assert bytes_of(monte_carlo(town, draws=60, seed=3, threads=2)) == expected
    assert bytes_of(monte_carlo(town, draws=list(reversed(range(60))), seed=3)) == expected
    first = monte_carlo(town, draws=range(30), seed=3)
    second = monte_carlo(town, draws=range(30, 60), seed=3, threads=2)
    assert bytes_of(first + second) == bytes_of(second + first) == expected
    assert bytes_of(monte_carlo(town, draws=60, seed=4)) != expected


def test_streams_of_components_are_their_own():
    """What is drawn for the tiles stays the same when another component is switched off."""
    base = zoned(row_of_tiles(LINE * np.exp(np.linspace(-0.1, 0.1, 20))), line=LINE)
    one = monte_carlo(base, draws=50, errors=Errors().only("tile"))
    other = monte_carlo(base, draws=50, errors=Errors().only("tile", "connectivity", "bridge"))
    np.testing.assert_array_equal(one.inside_count, other.inside_count)
    assert not np.array_equal(
        one.inside_count,
        monte_carlo(base, draws=50, errors=Errors().only("tile", "common")).inside_count,
    )


def test_totals_are_those_of_the_zonings(town):
    found = monte_carlo(town, draws=40)
    population = town.tiles.count("population")
    expected = (found.inside_count * population).sum() / FIXED_POINT / 40
    row = found.intervals["population"]
    assert row["mean"] == pytest.approx(expected)
    assert row["base"] == population[town.inside].sum() / FIXED_POINT
    drawn_totals = found.totals["population"] / FIXED_POINT
    assert row["p05"] in drawn_totals
    assert (drawn_totals < row["p05"]).mean() <= 0.05 <= (drawn_totals <= row["p05"]).mean()
    assert row["standard_error"] == pytest.approx(np.std(drawn_totals, ddof=1) / np.sqrt(40))
    assert found.table["probability"] == found.quarter_probability.tolist()
    assert set(SOURCES) == set(COMPONENTS) == set(found.to_dict()["sources"])


def test_progress_is_told(town):
    told = []
    monte_carlo(town, draws=60, tell=lambda done, total: told.append((done, total)))
    assert told == [(25, 60), (50, 60), (60, 60)]


def test_parts_that_do_not_belong_together_are_refused(town):
    one = monte_carlo(town, draws=range(3))
    with pytest.raises(BadInput, match="twice"):
        one + monte_carlo(town, draws=range(2, 4))
    with pytest.raises(BadInput, match="do not add up"):
        one + monte_carlo(town, draws=range(3, 4), seed=1)
    with pytest.raises(BadInput, match="do not add up"):
        one + monte_carlo(town, draws=range(3, 4), errors=Errors().without("line"))


@pytest.mark.parametrize(
    "question",
    [{"draws": 0}, {"draws": [-1]}, {"draws": [1, 1]}, {"seed": -1}, {"threads": 0}],
)
def test_a_wrong_number_is_refused(town, question):
    with pytest.raises(BadInput):
        monte_carlo(town, **question)


@pytest.mark.parametrize(
    "sizes",
    [
        {"common": -1.0},
        {"line": float("nan")},
        {"group_households": 0.0},
        {"connectivity": (4, 6)},
        {"bridge": (-1,)},
    ],
)
def test_an_error_out_of_range_is_refused(sizes):
    with pytest.raises(BadInput):
        Errors(**sizes)


def test_an_unknown_component_names_the_nearest():
    with pytest.raises(BadInput, match="did you mean common"):
        Errors().only("comon")


def test_reliability_by_hand():
    """100 people at 0.9 of whom 60 are official, 300 at 0.1 of whom 30 are."""
    probability = np.array([0.9, 0.9, 0.1, 0.1])
    official = np.array([True, False, True, False])
    people = np.array([60, 40, 30, 270])
    found = reliability(probability, official, people, zoning=probability > 0.5)
    assert [(part.predicted, part.observed, part.inhabitants) for part in found.bins] == [
        (pytest.approx(0.1), pytest.approx(0.1), 300.0),
        (pytest.approx(0.9), pytest.approx(0.6), 100.0),
    ]
    squares = 60 * 0.01 + 40 * 0.81 + 30 * 0.81 + 270 * 0.01
    assert found.brier == pytest.approx(squares / 400)
    assert found.brier_zoning == pytest.approx((40 + 30) / 400)
    assert found.brier_constant == pytest.approx(90 / 400 * 310 / 400)
    assert found.calibration_error == pytest.approx(0.3 * 100 / 400)
    assert json.loads(json.dumps(found.to_dict()))["brier"] == found.brier


def test_certain_and_right_is_a_score_of_0():
    found = reliability(np.array([0.0, 1.0]), np.array([False, True]), np.array([5, 5]))
    assert (found.brier, found.calibration_error, found.brier_zoning) == (0.0, 0.0, None)


@pytest.mark.parametrize(
    ("probability", "official", "people"),
    [
        ([0.5], [True, False], [1, 1]),
        ([1.5, 0.5], [True, False], [1, 1]),
        ([float("nan"), 0.5], [True, False], [1, 1]),
        ([0.5, 0.5], [True, False], [0, 0]),
    ],
)
def test_what_is_no_probability_is_refused(probability, official, people):
    with pytest.raises(BadInput):
        reliability(np.array(probability), np.array(official), np.array(people))


def test_figures_show_what_was_found(town):
    found = monte_carlo(town, draws=10)
    sheet = Sheet("Town", "a model", "fr")
    figure = probability_map(sheet, found)
    picture = figure.axes[0].images[0].get_array()
    tiles = town.tiles
    colours = picture[tiles.grid(margin=2).rows_columns(tiles.northing, tiles.easting)]
    shown = (picture[..., 3] > 0).sum()
    assert shown == len(tiles)
    # One colour for each tenth, another one for never; the same class, the same colour.
    classes = np.where(found.probability == 0, -1, np.minimum(found.probability * 10 // 1, 9))
    pairs = set(zip(classes.tolist(), map(tuple, colours.tolist()), strict=True))
    assert len(pairs) == len(set(classes)) == len({colour for _, colour in pairs}) > 5
    scores = reliability(
        found.probability, town.inside, town.tiles.count("population"), zoning=town.inside
    )
    figure = reliability_figure(sheet, scores)
    curve = figure.axes[0].lines[1]
    np.testing.assert_allclose(curve.get_ydata(), [part.observed for part in scores.bins])
    said = " ".join(text.get_text() for text in figure.texts)
    assert f"{scores.brier:.3f}".replace(".", ",") in said


def test_more_draws_than_a_machine_can_keep_are_refused():
    base = zoned(row_of_tiles([9_000, 15_000]), line=LINE)
    with pytest.raises(BadInput, match="draws") as caught:
        monte_carlo(base, draws=10**9)
    assert "1000000" in str(caught.value)
