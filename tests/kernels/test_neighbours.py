import numpy as np
import pytest
from hypothesis import given

from tests import naive
from tests.strategies import territories
from zonage.kernels.neighbours import neighbour_table


@given(territories())
def test_equals_a_dictionary_look_up(territory):
    out = np.full((len(territory), 8), 99, np.int32)
    assert neighbour_table(territory.row, territory.column, territory.start, out) == -1
    expected = naive.neighbour_table(territory.row, territory.column, territory.group)
    np.testing.assert_array_equal(out, expected)


def test_the_centre_of_nine_tiles():
    row, column = np.indices((3, 3), np.int32).reshape(2, 9)
    out = np.empty((9, 8), np.int32)
    neighbour_table(row, column, np.array([0, 9]), out)
    assert out[4].tolist() == [1, 3, 5, 7, 0, 2, 6, 8]


@pytest.mark.parametrize(
    ("row", "column", "first"),
    [([0, 0], [1, 1], 1), ([0, 0, 0], [0, 2, 1], 2), ([1, 0], [0, 0], 1)],
)
def test_tiles_out_of_order_are_reported(row, column, first):
    n = len(row)
    out = np.empty((n, 8), np.int32)
    order = np.array(row, np.int32), np.array(column, np.int32)
    assert neighbour_table(*order, np.array([0, n]), out) == first


@pytest.mark.parametrize("start", [[0, 1], [1, 2], [0, 3, 2], []])
def test_wrong_groups_are_refused(start):
    row = np.arange(2, dtype=np.int32)
    with pytest.raises(ValueError, match="group_start"):
        neighbour_table(row, row, np.array(start, np.int64), np.empty((2, 8), np.int32))


@pytest.mark.parametrize("shape", [(1, 8), (2, 4)])
def test_a_wrong_output_is_refused(shape):
    row = np.arange(2, dtype=np.int32)
    with pytest.raises(ValueError, match="length"):
        neighbour_table(row, row, np.array([0, 2]), np.empty(shape, np.int32))
