import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from tests import naive
from tests.strategies import arrays, territories
from zonage.kernels.smooth import bisquare_weights, gaussian_weights, window_sums


def smoothed(grids, row, column, weights):
    out = np.empty((len(grids), len(row)))
    window_sums(grids, row, column, weights, out)
    return out


@given(st.data(), territories(max_side=9))
def test_equals_a_padded_window(data, territory):
    grids = data.draw(arrays(np.float64, (2, *territory.shape), st.floats(-1e3, 1e3)))
    side = data.draw(st.sampled_from([1, 3, 5]))
    weights = data.draw(arrays(np.float64, (side, side), st.sampled_from([0.0, 0.0, 1.0, 2.5])))
    np.testing.assert_allclose(
        smoothed(grids, territory.row, territory.column, weights),
        naive.window_sums(grids, territory.row, territory.column, weights),
        rtol=1e-12,
        atol=1e-9,
    )


@pytest.mark.parametrize("sigma", [0.2, 0.6, 1.0, 2.3])
@pytest.mark.parametrize("truncate", [2.0, 4.0])
def test_gaussian_equals_scipy(sigma, truncate):
    grid = np.random.default_rng(3).gamma(0.3, 100, (23, 19))
    row, column = np.indices(grid.shape, np.int32).reshape(2, -1)
    expected = ndimage.gaussian_filter(grid, sigma, mode="constant", truncate=truncate)
    out = smoothed(grid[None], row, column, gaussian_weights(sigma, truncate))
    np.testing.assert_allclose(out[0], expected.ravel(), rtol=1e-12)


@pytest.mark.parametrize("radius", [0.5, 1, 2.5, 5])
def test_bisquare_equals_its_formula_and_scipy(radius):
    weights = bisquare_weights(radius)
    reach = len(weights) // 2
    for (i, j), weight in np.ndenumerate(weights):
        distance = np.hypot(i - reach, j - reach)
        expected = max(0, 1 - (distance / radius) ** 2) ** 2 if distance < radius else 0
        assert weight / weights[reach, reach] == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert weights.sum() == pytest.approx(1)
    grid = np.random.default_rng(4).gamma(0.3, 100, (17, 21))
    row, column = np.indices(grid.shape, np.int32).reshape(2, -1)
    expected = ndimage.convolve(grid, weights, mode="constant")
    out = smoothed(grid[None], row, column, weights)
    np.testing.assert_allclose(out[0], expected.ravel(), rtol=1e-12)


def test_a_lopsided_window_is_a_correlation():
    weights = np.zeros((3, 3))
    weights[1, 2] = 1  # the tile to the east
    grid = np.arange(6.0).reshape(1, 2, 3)
    row, column = np.zeros(3, np.int32), np.arange(3, dtype=np.int32)
    assert smoothed(grid, row, column, weights).tolist() == [[1, 2, 0]]


def test_same_bytes_alone_or_in_company_and_on_any_number_of_threads():
    grid = np.random.default_rng(5).gamma(0.3, 100, (1, 40, 40))
    row, column = np.indices((40, 40), np.int32).reshape(2, -1)
    weights = gaussian_weights(1.0)
    together = smoothed(grid, row, column, weights)
    alone = [smoothed(grid, row[t : t + 1], column[t : t + 1], weights)[0, 0] for t in range(900)]
    assert together[0, :900].tolist() == alone
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        assert smoothed(grid, row, column, weights).tobytes() == together.tobytes()
    finally:
        numba.set_num_threads(threads)


def test_wrong_arguments_are_refused():
    one = np.zeros(1, np.int32)
    grid = np.ones((1, 2, 2))
    for weights in (np.ones((2, 2)), np.ones((3, 1))):
        with pytest.raises(ValueError, match="odd side"):
            smoothed(grid, one, one, weights)
    with pytest.raises(ValueError, match="outside"):
        smoothed(grid, one + 2, one, np.ones((1, 1)))
    with pytest.raises(ValueError, match="length"):
        window_sums(grid, one, one, np.ones((1, 1)), np.empty((1, 2)))
    for size in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="positive"):
            gaussian_weights(size)
        with pytest.raises(ValueError, match="positive"):
            bisquare_weights(size)
