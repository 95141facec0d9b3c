import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from tests.strategies import arrays
from zonage.kernels.distance import NOTHING_MARKED, squared_distances


def naive(row, column, marked_row, marked_column):
    """Hold every tile against every marked cell."""
    pairs = list(zip(marked_row.tolist(), marked_column.tolist(), strict=True))
    return [
        min(((r - a) ** 2 + (c - b) ** 2 for a, b in pairs), default=NOTHING_MARKED)
        for r, c in zip(row.tolist(), column.tolist(), strict=True)
    ]


def found(row, column, marked_row, marked_column):
    order = np.lexsort((marked_row, marked_column))
    out = np.empty(len(row), np.int64)
    marked = marked_row[order], marked_column[order]
    assert squared_distances(row, column, *marked, out) == -1
    return out.tolist()


def positions(mask):
    return tuple(index.astype(np.int32) for index in np.nonzero(mask))


@given(st.data(), st.integers(1, 9), st.integers(1, 9), st.integers(-20, 20))
def test_equals_every_pair(data, height, width, shift):
    tiles = positions(data.draw(arrays(np.bool_, (height, width), st.booleans())))
    marked = positions(data.draw(arrays(np.bool_, (height, width), st.integers(0, 5).map(bool))))
    shift = np.int32(shift)
    # Marked cells need not be tiles, nor lie among them.
    cells = tiles[0] + shift, tiles[1] - shift, marked[0], marked[1]
    assert found(*cells) == naive(*cells)


@pytest.mark.parametrize("share", [0.0005, 0.02, 0.4])
def test_equals_the_exact_transform_of_scipy(share):
    grid = np.random.default_rng(8).random((130, 97)) < share
    grid[5, 7] = True
    everywhere = positions(np.ones_like(grid))
    expected = ndimage.distance_transform_edt(~grid)
    assert np.sqrt(found(*everywhere, *positions(grid))).tolist() == expected.ravel().tolist()


def test_tiles_of_one_row_may_come_in_any_order():
    row, column = np.zeros(4, np.int32), np.array([9, 0, 5, 4], np.int32)
    marked = np.zeros(2, np.int32), np.array([0, 8], np.int32)
    assert found(row, column, *marked) == [1, 0, 9, 16]


def test_distances_beyond_32_bits_are_exact():
    far = np.array([2**30 - 1], np.int32)
    assert found(far, far, -far, -far) == [2 * (2**31 - 2) ** 2]


def test_nothing_marked():
    row = np.zeros(2, np.int32)
    assert found(row, row, row[:0], row[:0]) == [NOTHING_MARKED] * 2


def test_tiles_out_of_order_are_named():
    row, one = np.array([0, 2, 1], np.int32), np.zeros(1, np.int32)
    assert squared_distances(row, row, one, one, np.empty(3, np.int64)) == 2


def test_wrong_arguments_are_refused():
    row, out = np.zeros(2, np.int32), np.empty(2, np.int64)
    with pytest.raises(ValueError, match="length"):
        squared_distances(row, row, row, row, out[:1])
    with pytest.raises(ValueError, match="ascend"):
        squared_distances(row, row, row, np.array([1, 0], np.int32), out)
    with pytest.raises(ValueError, match="ascend"):
        squared_distances(row, row, np.array([1, 0], np.int32), row, out)
