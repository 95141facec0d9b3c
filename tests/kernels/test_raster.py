from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from tests.strategies import arrays, territories
from zonage.kernels import raster
from zonage.kernels.raster import gather, scatter


@given(st.data(), territories(), st.sampled_from([np.float64, np.float32, np.int64]))
def test_scatter_and_gather_in_any_order(data, territory, dtype):
    values = data.draw(arrays(dtype, len(territory), st.integers(0, 1000)))
    order = np.array(data.draw(st.permutations(range(len(territory)))), np.int64)
    row, column, values = territory.row[order], territory.column[order], values[order]
    grid = np.full(territory.shape, 77, dtype)
    scatter(row, column, values, -1, grid)
    np.testing.assert_array_equal(grid, naive.scatter(row, column, values, -1, grid.shape))
    back = np.empty_like(values)
    gather(grid, row, column, back)
    np.testing.assert_array_equal(back, values)


@given(st.data(), territories(max_groups=1), st.sampled_from([2, 3, 7]))
def test_scatter_on_many_threads(data, territory, parts):
    row, column = territory.row, territory.column
    assert (np.diff(row) >= 0).all()  # in order of rows, else one thread does all
    values = data.draw(arrays(np.int64, len(territory), st.integers(0, 1000)))
    twice = (np.repeat(array, 2) for array in (row, column))
    both = np.stack([values + 1, values], axis=1).ravel()  # the last one counts
    grid = np.full(territory.shape, 77)
    with mock.patch.object(raster, "part_count", return_value=parts):
        scatter(*twice, both, -1, grid)
    np.testing.assert_array_equal(grid, naive.scatter(row, column, values, -1, grid.shape))


@pytest.mark.parametrize(("row", "column"), [(-1, 0), (4, 0), (0, -1), (1, 3), (3, 2**31 - 1)])
def test_tiles_outside_a_part_of_the_grid_are_refused(row, column):
    rows = np.sort(np.array([0, 1, 2, 3, row], np.int32))
    columns = np.where(rows == row, column, 0).astype(np.int32)
    with (
        mock.patch.object(raster, "part_count", return_value=2),
        pytest.raises(ValueError, match="outside"),
    ):
        scatter(rows, columns, np.ones(5), 0.0, np.empty((4, 3)))


def test_no_tiles_leave_the_fill_value():
    grid = np.zeros((2, 3))
    scatter(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), np.nan, grid)
    assert np.isnan(grid).all()


@pytest.mark.parametrize(("row", "column"), [(-1, 0), (2, 0), (0, -1), (0, 3)])
def test_tiles_outside_the_grid_are_refused(row, column):
    at = np.array([row], np.int32), np.array([column], np.int32)
    with pytest.raises(ValueError, match="outside"):
        scatter(*at, np.ones(1), 0.0, np.empty((2, 3)))
    with pytest.raises(ValueError, match="outside"):
        gather(np.ones((2, 3)), *at, np.empty(1))


def test_wrong_lengths_are_refused():
    at = np.zeros(2, np.int32), np.zeros(2, np.int32)
    with pytest.raises(ValueError, match="length"):
        scatter(*at, np.ones(1), 0.0, np.empty((2, 3)))
    with pytest.raises(ValueError, match="length"):
        gather(np.ones((2, 3)), *at, np.empty(1))
