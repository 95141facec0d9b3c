"""The income estimate against hand-worked cases, closed forms, scipy and its own promises."""

import math
from dataclasses import replace
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq

from zonage.errors import BadInput
from zonage.income import (
    DeclaredDisposable,
    LogNormal,
    estimate,
    zone_medians,
    zone_shares_below,
)
from zonage.sources.income_tables import declared_disposable, income_model
from zonage.tiles import Tiles

MODEL = income_model(2019)
MAP = declared_disposable(2019)
NORMAL = NormalDist()
SIZE = 2.3  # persons a household at which the link's last term is 0

means = st.floats(8_000, 90_000)
shares = st.floats(0, 0.8)
households = st.floats(1, 5_000)


def estimated(mean, share, count, estimator="blend", size=SIZE, model=MODEL):
    """Median of one tile."""
    one = np.array([float(count)])
    income = model.estimate(size * one, one, share * one, size * one * mean, estimator)
    return float(income.median[0])


def test_a_tile_worked_by_hand():
    # 100 households, 40 poor, 230 inhabitants, mean 15 500; poverty line 13 158.
    log_ratio = math.log(15_500 / 13_158)
    prior = NORMAL.cdf((0.242 - 2.423 * log_ratio - 0.164) / 1.131)
    shrunk = (40 + 5 * prior) / 105
    probit = 0.164 + 1.131 * NORMAL.inv_cdf(shrunk)
    by_mean, by_poor = log_ratio - 0.44**2 / 2, -0.44 * probit
    median = 13_158 * math.exp(0.575 * by_mean + 0.425 * by_poor)
    assert estimated(15_500, 0.40, 100) == pytest.approx(median, rel=1e-12)
    assert median == pytest.approx(13_996, abs=1)


def test_large_households_hold_more_poor_persons():
    # One person more a household adds 0.089 to the probit.
    ratio = estimated(15_500, 0.40, 100, size=3.0) / estimated(15_500, 0.40, 100, size=2.0)
    assert ratio == pytest.approx(math.exp(-0.425 * 0.44 * 0.089), rel=1e-12)


@given(mean=means, share=shares, count=households, size=st.floats(1, 6))
def test_estimates_are_finite_and_between_the_two_figures(mean, share, count, size):
    assert 2_000 < estimated(mean, share, count, size=size) < 100_000


@given(mean=means, share=shares, more=shares, count=households)
def test_more_poor_households_never_raise_the_median(mean, share, more, count):
    low, high = sorted((share, more))
    assert estimated(mean, high, count) <= estimated(mean, low, count)
    if high - low > 0.01 and low > 0.05:
        assert estimated(mean, high, count) < estimated(mean, low, count)


@given(mean=means, more=means, share=shares, count=households)
@pytest.mark.parametrize("estimator", ["blend", "mean"])
def test_a_higher_mean_never_lowers_the_median(estimator, mean, more, share, count):
    low, high = sorted((mean, more))
    below = estimated(low, share, count, estimator)
    assert below <= estimated(high, share, count, estimator) * (1 + 1e-12)


@given(median=st.floats(9_000, 30_000))
def test_the_blend_finds_a_lognormal_of_the_pooled_sigma(median):
    # Many households, the poor share of persons given through the link: both figures agree.
    mean = median * math.exp(0.44**2 / 2)
    probit = math.log(13_158 / median) / 0.44
    share = NORMAL.cdf((probit - MODEL.link_intercept) / MODEL.link_slope)
    assert estimated(mean, share, 1e9) == pytest.approx(median, rel=1e-6)


@given(median=st.floats(9_000, 40_000), sigma=st.floats(0.25, 0.7))
def test_the_log_normal_finds_any_lognormal(median, sigma):
    mean = median * math.exp(sigma**2 / 2)
    share = NORMAL.cdf(math.log(13_158 / median) / sigma)
    # Below the line two log-normals have that mean and share, the wider of which is taken.
    assume(mean > 13_158 and 0.005 <= share <= 0.8)
    assert estimated(mean, share, 100, "log-normal") == pytest.approx(median, rel=1e-6)


@given(mean=means)
def test_small_tiles_lean_on_the_poverty_that_goes_with_their_mean(mean):
    log_ratio = min(max(math.log(mean / 13_158), -0.45), 1.6)
    bends = 0.143 * max(log_ratio - 0.3, 0) + 1.333 * max(log_ratio - 0.6, 0)
    prior = NORMAL.cdf((0.242 - 2.423 * log_ratio + bends - 0.164) / 1.131)
    counts = (2, 11, 100, 10_000)
    if prior < 0.8:
        as_expected = [estimated(mean, prior, count) for count in counts]
        assert as_expected == pytest.approx([as_expected[0]] * 4, rel=1e-9)
    none_poor = [estimated(mean, 0.0, count) for count in counts]
    # Never falling, but for the last bits where the share stands at its limit.
    assert all(more >= less * (1 - 1e-12) for less, more in pairwise(none_poor))
    assert none_poor[0] < none_poor[1]


def test_the_cap_counts_as_the_cap_and_is_flagged():
    # Above INSEE's cap no share is published: what stands there changes nothing.
    assert estimated(11_000, 0.8, 100) == estimated(11_000, 0.95, 100)
    one = np.array([100.0, 100.0, 24.6, 0.0])
    # 0.8 x 24.6 = 19.68 is published as 19.7.
    flagged = MODEL.censored(one, np.array([80.0, 79.0, 19.7, 0.0]))
    assert flagged.tolist() == [True, False, True, False]


def test_what_is_known_decides_what_is_used():
    people = np.array([0.0, 100, 100, 100])
    count = np.array([0.0, 0, 40, 40])
    poor = np.array([0.0, 0, 10, 10])
    income = np.array([0.0, 1.7e6, 0, 1.7e6])
    income_of = MODEL.estimate(people, count, poor, income)
    # Nobody: nothing. No household: the mean alone. No income: the poor alone. Both: the blend.
    assert np.isnan([income_of.median[0], income_of.sigma[0]]).all()
    by_mean = 17_000 * math.exp(-(0.44**2) / 2)
    assert income_of.median[1] == pytest.approx(by_mean)
    prior = NORMAL.cdf((MODEL.prior_alone - 0.164) / 1.131)
    probit = 0.164 + 1.131 * NORMAL.inv_cdf((10 + 5 * prior) / 45) + 0.089 * (2.5 - 2.3)
    assert income_of.median[2] == pytest.approx(13_158 * math.exp(-0.44 * probit))
    assert income_of.median[3] not in (income_of.median[1], income_of.median[2])
    # A column that the file lacks is like a column of unknown values.
    without_poor = MODEL.estimate(people, None, None, income).median
    assert without_poor[[1, 3]] == pytest.approx([by_mean, by_mean])
    without_income = MODEL.estimate(people, count, poor, None).median
    np.testing.assert_array_equal(without_income[2:], np.full(2, income_of.median[2]))
    alone = MODEL.estimate(people, None, None, income, "log-normal").median
    np.testing.assert_allclose(alone[[1, 3]], [by_mean, by_mean])


def test_a_tile_does_not_depend_on_its_neighbours_in_the_table():
    random = np.random.default_rng(1)
    people, mean = random.uniform(2, 900, 50), random.uniform(9_000, 40_000, 50)
    count = people / 2.2
    poor = count * random.uniform(0, 0.8, 50)
    whole = MODEL.estimate(people, count, poor, people * mean).median
    single = [
        MODEL.estimate(
            people[i : i + 1], count[i : i + 1], poor[i : i + 1], (people * mean)[i:][:1]
        )
        for i in range(50)
    ]
    np.testing.assert_array_equal(whole, [one.median[0] for one in single])


@given(mu=st.floats(8, 12), sigma=st.floats(0.1, 1), line=st.floats(1_000, 100_000))
def test_share_below_is_scipys(mu, sigma, line):
    income = LogNormal(np.array([mu]), np.array([sigma]))
    expected = stats.lognorm.cdf(line, sigma, scale=math.exp(mu))
    assert income.share_below(line)[0] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert income.share_below(np.array([line]))[0] == income.share_below(line)[0]


def test_share_below_a_line_that_is_not_known():
    income = LogNormal(np.log([12_000.0, 15_000.0]), np.full(2, 0.44))
    share = income.share_below(np.array([np.nan, 15_000.0]))
    assert np.isnan(share[0])
    assert share[1] == 0.5
    assert income.share_below(0.0).tolist() == [0, 0]


@given(share=shares, mean=means, count=households)
def test_poor_persons_follow_the_link(share, mean, count):
    one = np.array([count])
    persons = MODEL.poor_persons(SIZE * one, one, share * one, SIZE * one * mean)[0]
    median = estimated(mean, share, count)
    # ln(median / z) = w (L - s^2 / 2) - (1 - w) s q, solved for q.
    log_ratio = min(max(math.log(mean / 13_158), -0.45), 1.6)
    probit = (0.575 * (log_ratio - 0.0968) - math.log(median / 13_158)) / (0.425 * 0.44)
    assert persons == pytest.approx(NORMAL.cdf(probit), abs=1e-9)


@st.composite
def labelled_tiles(draw):
    size = draw(st.integers(1, 30))
    count = draw(st.integers(1, 4))
    labels = draw(st.lists(st.integers(0, count), min_size=size, max_size=size))
    people = draw(st.lists(st.integers(0, 900_000), min_size=size, max_size=size))
    mu = draw(st.lists(st.floats(9, 11), min_size=size, max_size=size))
    sigma = draw(st.lists(st.floats(0.2, 0.8), min_size=size, max_size=size))
    income = LogNormal(np.array(mu), np.array(sigma))
    return np.array(labels, np.int32), count, np.array(people, np.int64), income


@given(zones=labelled_tiles())
def test_zones_are_mixtures_of_their_tiles(zones):
    labels, count, people, income = zones
    medians = zone_medians(labels, count, people, income)
    shares = zone_shares_below(labels, count, people, income, 14_000.0)
    for zone in range(1, count + 1):
        rows = (labels == zone) & (people > 0)
        if not rows.any():
            assert np.isnan([medians[zone - 1], shares[zone - 1]]).all()
            continue
        weight = people[rows] / people[rows].sum()
        parts = stats.lognorm(income.sigma[rows], scale=np.exp(income.mu[rows]))

        def below(line, parts=parts, weight=weight):
            return float((weight * parts.cdf(line)).sum())

        median = brentq(lambda line, below=below: below(line) - 0.5, 1e3, 1e6, xtol=1e-9)
        assert medians[zone - 1] == pytest.approx(median, rel=1e-8)
        assert shares[zone - 1] == pytest.approx(below(14_000), abs=1e-12)


def test_tiles_of_unknown_income_do_not_count_in_their_zone():
    income = LogNormal(np.array([math.log(12_000), np.nan]), np.array([0.44, np.nan]))
    labels, people = np.array([1, 1], np.int32), np.array([500, 9_000])
    assert zone_medians(labels, 1, people, income) == pytest.approx([12_000])
    assert zone_shares_below(labels, 1, people, income, np.array([12_000.0])) == pytest.approx(0.5)


def test_a_table_of_tiles_gives_what_its_columns_give():
    columns = {
        "population": np.array([230.0, 100.5]),
        "households": np.array([100.0, 41.5]),
        "poor_households": np.array([40.0, 3.1]),
        "income_sum": np.array([230 * 15_500.0, 100.5 * 25_000.0]),
    }
    place = np.array([8, 7]), np.array([3, 3])
    tiles = Tiles.from_columns(*place, columns)
    by_columns = MODEL.estimate(*columns.values())
    np.testing.assert_array_equal(estimate(tiles, MODEL).mu, by_columns.mu)
    del columns["households"]
    tiles = Tiles.from_columns(*place, columns)
    np.testing.assert_array_equal(
        estimate(tiles, MODEL).mu,
        MODEL.estimate(columns["population"], None, None, columns["income_sum"]).mu,
    )
    del columns["income_sum"]
    tiles = Tiles.from_columns(*place, columns, vintage=2019)
    with pytest.raises(BadInput, match="no income sum") as caught:
        estimate(tiles, MODEL)
    assert caught.value.column == "ind_snv"


@pytest.mark.parametrize("estimator", ["blend", "log-normal", "mean"])
def test_a_large_table_is_estimated_in_pieces_and_gives_the_same(estimator, monkeypatch):
    place = np.arange(100)
    people = 3.0 + place % 7
    columns = {
        "population": people,
        "households": people / 2,
        "poor_households": people / (3 + place % 5),
        "income_sum": people * (12_000 + 170 * place),
    }
    tiles = Tiles.from_columns(place, place, columns)
    whole = estimate(tiles, MODEL, estimator)
    monkeypatch.setattr("zonage.income.TILES_AT_A_TIME", 9)
    pieces = estimate(tiles, MODEL, estimator)
    np.testing.assert_array_equal(pieces.mu, whole.mu)
    np.testing.assert_array_equal(pieces.sigma, whole.sigma)
    assert np.isfinite(whole.mu).all()


def test_arguments_that_cannot_be():
    two, three = np.ones(2), np.ones(3)
    with pytest.raises(BadInput, match="different lengths"):
        MODEL.estimate(two, None, None, three)
    with pytest.raises(BadInput, match="no income sum"):
        MODEL.estimate(two, None, None, None)
    with pytest.raises(BadInput, match="no income sum"):
        MODEL.estimate(two, two, two, None, "mean")
    with pytest.raises(BadInput, match="unknown estimator") as caught:
        MODEL.estimate(two, two, two, two, "median")
    assert caught.value.expected == "blend or log-normal or mean"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("poverty_line", 0.0),
        ("sigma", math.nan),
        ("mean_weight", 1.0),
        ("prior_bend", 2.5),
        ("share_cap", 1.0),
        ("pseudo_households", 0.0),
    ],
)
def test_constants_that_cannot_be(name, value):
    with pytest.raises(BadInput, match="constant of the income model"):
        replace(MODEL, **{name: value})


def test_the_model_of_a_vintage():
    assert (MODEL.sigma, MODEL.mean_weight, MODEL.poverty_line) == (0.44, 0.575, 13_158)
    later = income_model(2021)
    assert (later.sigma, later.mean_weight, later.poverty_line) == (0.44, 0.575, 13_848)
    assert (later.vintage, later.fitted, later.poverty_line_certainty) == (2021, 2019, "estimated")
    assert len({MODEL, income_model(2019), later}) == 2
    with pytest.raises(BadInput, match="no poverty line"):
        income_model(2020)


def test_the_legal_line_of_lille():
    # 12 800 EUR declared, the line of the 2024 list for the unit of Lille.
    assert float(MAP.to_disposable(12_800)) == pytest.approx(15_550, abs=15)
    assert float(MAP.error(12_800)) == pytest.approx(300, abs=15)


@given(income=st.floats(MAP.declared[0], MAP.declared[-1]))
def test_the_map_leads_back(income):
    assert MAP.to_declared(MAP.to_disposable(income)) == pytest.approx(income, rel=1e-13)


@given(one=st.floats(5_000, 30_000), other=st.floats(5_000, 30_000))
@pytest.mark.parametrize("year", [2019, 2021])
def test_the_map_keeps_the_order(year, one, other):
    conversion = declared_disposable(year)
    low, high = sorted((one, other))
    if high - low > 0.01:
        assert conversion.to_disposable(low) < conversion.to_disposable(high)


def test_outside_its_knots_the_map_refuses_lines_and_knows_no_declared_income():
    with pytest.raises(BadInput, match="outside the map") as caught:
        MAP.to_disposable([12_800, 4_000])
    assert (caught.value.found, caught.value.expected) == ("4000 EUR a year", "5000 to 30000")
    with pytest.raises(BadInput, match="outside the map"):
        MAP.to_disposable(30_001)
    assert np.isnan(MAP.to_disposable(np.nan))
    back = MAP.to_declared([9_000, MAP.disposable[0], 60_000])
    assert np.isnan(back[[0, 2]]).all()
    assert back[1] == MAP.declared[0]


def test_a_year_without_a_map():
    later = declared_disposable(2020)
    assert (later.year, later.requested_year) == (2019, 2020)
    assert MAP.requested_year is None
    assert replace(later, requested_year=None) == MAP
    with pytest.raises(BadInput, match="no map") as caught:
        declared_disposable(2018)
    assert caught.value.expected == "2019 or later"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"declared": (1.0,), "disposable": (2.0,), "sd": (1.0,)}, "fewer than two knots"),
        ({"declared": (1.0, 2.0), "disposable": (2.0,), "sd": (1.0, 1.0)}, "differ in length"),
        ({"declared": (2.0, 2.0), "disposable": (1.0, 2.0), "sd": (1.0, 1.0)}, "not increase"),
        ({"declared": (1.0, 2.0), "disposable": (3.0, 2.0), "sd": (1.0, 1.0)}, "not increase"),
        ({"declared": (1.0, 2.0), "disposable": (1.0, 2.0), "sd": (1.0, 0.0)}, "not above 0"),
    ],
)
def test_knots_that_cannot_be(columns, message):
    with pytest.raises(BadInput, match=message):
        DeclaredDisposable(2019, **columns)


HEADER = "name,value,source\n"
KNOTS = "year,declared,disposable,sd,source\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + "sigma,0.44,x\n", "missing constants"),
        (HEADER + "sgima,0.44,x\n", "row 1, column name: unknown constant; found sgima"),
        (HEADER + "sigma,0.44,x\nsigma,0.44,x\n", "row 2, column name: a constant given twice"),
        ("name,value\nsigma,0.44\n", "missing column"),
    ],
)
def test_tables_of_constants_that_cannot_be(tmp_path, content, message):
    path = tmp_path / "model.csv"
    path.write_text(content)
    with pytest.raises(BadInput) as caught:
        income_model(2019, path=path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(("value", "row"), [("nan", 2), ("-0.44", None), ("", 2)])
def test_a_constant_out_of_range_names_the_file(tmp_path, value, row):
    from zonage.sources.tables import data_folder

    packaged = (data_folder("reference") / "income_model.csv").read_text()
    path = tmp_path / "model.csv"
    path.write_text(packaged.replace("sigma,0.44,", f"sigma,{value},"))
    with pytest.raises(BadInput) as caught:
        income_model(2019, path=path)
    assert (caught.value.file, caught.value.row) == (str(path), row)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (KNOTS, "at least one year"),
        (KNOTS + "2019,12000,15000,300,x\n", "fewer than two knots"),
        (KNOTS + "2019,12000,15000,300,x\n2019,13000,14000,300,x\n", "column disposable"),
        (KNOTS + "2019,12000,,300,x\n", "row 1, column disposable: not a number in range"),
        (KNOTS + "2019,12 000,15000,300,x\n", "row 1, column declared: not a number in range"),
    ],
)
def test_maps_that_cannot_be(tmp_path, content, message):
    path = tmp_path / "map.csv"
    path.write_text(content)
    with pytest.raises(BadInput) as caught:
        declared_disposable(2019, path=path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
