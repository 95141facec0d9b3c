import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special

from tests import naive
from tests.strategies import arrays, incomes, shares
from zonage.kernels import lognormal

LINE = 13_158.0
FALLBACK = 0.45


def fitted(mean, share):
    mean, share = np.atleast_1d(mean).astype(float), np.atleast_1d(share).astype(float)
    mu, sigma = np.empty_like(mean), np.empty_like(mean)
    return lognormal.parameters(mean, share, LINE, FALLBACK, mu, sigma), mu, sigma


@given(st.floats(-37, 37))
def test_cdf_equals_scipy(x):
    assert lognormal.normal_cdf(x) == pytest.approx(special.ndtr(x), rel=1e-12)


@given(st.floats(1e-300, 1 - 1e-16))
def test_quantile_equals_scipy(p):
    expected = special.ndtri(p)
    assert lognormal.normal_quantile(p) == pytest.approx(expected, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("p", [0.0749, 0.0751, 0.9249, 0.9251, 1e-11, 1.5e-11, 1e-100, 0.2, 0.77])
def test_quantile_equals_scipy_where_its_pieces_meet(p):
    assert lognormal.normal_quantile(p) == pytest.approx(special.ndtri(p), rel=1e-14)


def test_quantile_at_and_beyond_the_ends():
    assert lognormal.normal_quantile(0.0) == -math.inf
    assert lognormal.normal_quantile(1.0) == math.inf
    for p in (-0.1, 1.1, math.nan):
        assert math.isnan(lognormal.normal_quantile(p))


@given(incomes, shares | st.sampled_from([0.0, 1.0, math.nan]))
def test_parameters_equal_their_formula(mean, share):
    fallbacks, mu, sigma = fitted(mean, share)
    expected_mu, expected_sigma = naive.lognormal_parameters(mean, share, LINE, FALLBACK)
    assume(expected_sigma > 1e-6)  # below, the formula itself loses its digits
    assert sigma[0] == pytest.approx(expected_sigma, rel=1e-8)
    assert mu[0] == pytest.approx(expected_mu, rel=1e-9)
    assert fallbacks == (expected_sigma == FALLBACK)


@given(st.floats(LINE * 1.01, 200_000), shares)
def test_the_distribution_found_has_the_mean_and_the_share(mean, share):
    _, mu, sigma = fitted(mean, share)
    assert math.exp(mu[0] + sigma[0] ** 2 / 2) == pytest.approx(mean, rel=1e-12)
    out = np.empty(1)
    lognormal.share_below(mu, sigma, LINE, out)
    assert out[0] == pytest.approx(share, rel=1e-9)
    lognormal.median(mu, out)
    lognormal.share_below(mu, sigma, out[0], out)
    assert out[0] == pytest.approx(0.5, abs=1e-9)


def test_a_mean_below_the_line_takes_the_larger_root():
    sigma = fitted(12_000, 0.8)[2]
    q, d = special.ndtri(0.8), 2 * math.log(12_000 / LINE)
    assert sigma[0] == pytest.approx(q + math.sqrt(q * q + d))
    assert fitted(6_000, 0.6)[2][0] == FALLBACK


@pytest.mark.parametrize("mean", [0.0, -5.0, math.nan, math.inf])
def test_an_unknown_mean_gives_unknown_parameters(mean):
    fallbacks, mu, sigma = fitted(mean, 0.3)
    assert fallbacks == 0
    assert np.isnan([mu[0], sigma[0]]).all()


def test_wrong_lengths_and_lines_are_refused():
    one, two = np.ones(1), np.ones(2)
    with pytest.raises(ValueError, match="length"):
        lognormal.parameters(one, two, LINE, FALLBACK, one.copy(), one.copy())
    for line, fallback in ((0.0, 0.4), (math.nan, 0.4), (LINE, -1.0), (LINE, math.inf)):
        with pytest.raises(ValueError, match="positive"):
            lognormal.parameters(one, one, line, fallback, one.copy(), one.copy())
    with pytest.raises(ValueError, match="length"):
        lognormal.median(one, two)
    with pytest.raises(ValueError, match="length"):
        lognormal.share_below(one, two, LINE, one)
    with pytest.raises(ValueError, match="positive"):
        lognormal.share_below(one, one, 0.0, one)


@st.composite
def zones(draw):
    """Draw (start, order, weights, mu, sigma) of three zones, each with someone in it."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=3, max_size=3))
    n = sum(sizes)
    start = np.concatenate(([0], np.cumsum(sizes)))
    order = np.array(draw(st.permutations(range(n))), np.int64)
    weights = draw(arrays(np.int64, n, st.integers(0, 10**6)))
    weights[order[start[:-1]]] += 1
    mu = draw(arrays(np.float64, n, st.floats(8, 12)))
    sigma = draw(arrays(np.float64, n, st.floats(0.05, 2)))
    return start, order, weights, mu, sigma


@given(zones())
def test_the_median_of_a_zone_equals_bisection(zone):
    start, order, weights, mu, sigma = zone
    out, share = np.empty(3), np.empty(3)
    lognormal.mixture_median(*zone, out)
    lognormal.mixture_share_below(*zone, out, share)
    for k in range(3):
        tiles = order[start[k] : start[k + 1]]
        tiles = tiles[weights[tiles] > 0]
        parts = weights[tiles], mu[tiles], sigma[tiles]
        assert share[k] == pytest.approx(0.5, abs=1e-9)
        assert share[k] == pytest.approx(naive.mixture_share_below(*parts, out[k]), abs=1e-12)
        assert naive.mixture_share_below(*parts, out[k] * (1 - 1e-9)) <= 0.5 + 1e-13
        assert naive.mixture_share_below(*parts, out[k] * (1 + 1e-9)) >= 0.5 - 1e-13


def test_the_median_of_a_zone_has_twelve_digits():
    weights, sigma = np.array([700, 250, 50]), np.array([0.4, 0.5, 0.9])
    mu = np.log([14_000.0, 22_000.0, 60_000.0])
    out = np.empty(1)
    lognormal.mixture_median(np.array([0, 3]), np.arange(3), weights, mu, sigma, out)
    assert out[0] == pytest.approx(naive.mixture_median(weights, mu, sigma), rel=1e-12)


def test_one_tile_is_its_own_median_however_narrow():
    out = np.empty(1)
    one = np.array([0, 1]), np.array([0]), np.array([5])
    lognormal.mixture_median(*one, np.log([15_000.0]), np.array([1e-9]), out)
    assert out[0] == pytest.approx(15_000, rel=1e-14)


def test_two_narrow_tiles_far_apart():
    out = np.empty(1)
    two = np.array([0, 2]), np.arange(2), np.array([60, 40])
    lognormal.mixture_median(*two, np.log([10_000.0, 90_000.0]), np.full(2, 1e-3), out)
    exact = 10_000 * math.exp(1e-3 * special.ndtri(50 / 60))
    assert out[0] == pytest.approx(exact, rel=1e-12)


def test_nobody_or_an_unknown_tile_gives_no_median():
    start, order = np.array([0, 1, 2, 3, 3]), np.arange(3)
    weights, mu, sigma = np.array([0, 4, 4]), np.array([9.0, np.nan, 9.0]), np.array([1, 1, 0.0])
    out = np.zeros(4)
    lognormal.mixture_median(start, order, weights, mu, sigma, out)
    assert np.isnan(out).all()
    lognormal.mixture_share_below(start, order, weights, mu, sigma, np.ones(4), out)
    assert np.isnan(out).all()


@pytest.mark.parametrize(
    ("start", "order"), [([0, 3], [0, 1]), ([1, 0], [0, 1]), ([0], [0, 1]), ([0, 2], [0, 2])]
)
def test_zones_that_do_not_fit_are_refused(start, order):
    arguments = np.array(start), np.array(order), np.ones(2, np.int64), np.ones(2), np.ones(2)
    with pytest.raises(ValueError, match="do not fit"):
        lognormal.mixture_median(*arguments, np.empty(1))
    with pytest.raises(ValueError, match="do not fit"):
        lognormal.mixture_share_below(*arguments, np.ones(1), np.empty(1))
