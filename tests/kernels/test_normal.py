import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from zonage.kernels import normal

PIECES_OF_CDF = [size * step for size in (1, 8) for step in (math.sqrt(2), -math.sqrt(2))]
PIECES_OF_QUANTILE = [math.exp(-2), 1 - math.exp(-2), math.exp(-32), 5e-324, 1 - 2**-53]


def of_each(function, *values):
    out = np.empty(len(values))
    function(np.array(values, float), out)
    return out


def around(values):
    return [near for x in values for near in (np.nextafter(x, -9), x, np.nextafter(x, 9))]


@given(st.lists(st.floats(-1e150, 1e150) | st.sampled_from([math.inf, math.nan]), min_size=1))
def test_cdf_is_scipys_to_the_last_bit(values):
    np.testing.assert_array_equal(of_each(normal.cdf, *values), special.ndtr(values))


@given(st.lists(st.floats(0, 1) | st.floats(), min_size=1))
def test_quantile_is_scipys_to_the_last_bit(values):
    np.testing.assert_array_equal(of_each(normal.quantile, *values), special.ndtri(values))


def test_both_are_scipys_on_many_numbers():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 4, 100_000)
    p = np.concatenate([rng.uniform(size=50_000), 10 ** rng.uniform(-300, 0, 50_000)])
    np.testing.assert_array_equal(of_each(normal.cdf, *x), special.ndtr(x))
    np.testing.assert_array_equal(of_each(normal.quantile, *p), special.ndtri(p))


def test_both_are_scipys_where_their_pieces_meet():
    x, p = around([*PIECES_OF_CDF, 0, 38]), around(PIECES_OF_QUANTILE)
    np.testing.assert_array_equal(of_each(normal.cdf, *x), special.ndtr(x))
    np.testing.assert_array_equal(of_each(normal.quantile, *p), special.ndtri(p))


def test_ends():
    assert of_each(normal.cdf, -math.inf, 0, math.inf).tolist() == [0, 0.5, 1]
    assert of_each(normal.quantile, 0, 0.5, 1).tolist() == [-math.inf, 0, math.inf]
    assert np.isnan(of_each(normal.quantile, -0.1, 1.1, math.nan)).all()


def test_an_array_may_be_its_own_output():
    x = np.array([0.3, 0.9])
    normal.quantile(x, x)
    normal.cdf(x, x)
    assert x.tolist() == pytest.approx([0.3, 0.9])


@pytest.mark.parametrize("function", [normal.cdf, normal.quantile])
def test_lengths_must_fit(function):
    with pytest.raises(ValueError, match="differ in length"):
        function(np.zeros(2), np.zeros(3))
