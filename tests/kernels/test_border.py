import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from tests.strategies import arrays, territories
from zonage.kernels.border import border_lines

criteria = st.one_of(st.integers(10, 30).map(float), st.just(np.nan))


def lines_of(territory, criterion, population, share, margin):
    neighbours = naive.neighbour_table(territory.row, territory.column, territory.group)
    out = np.empty(len(territory))
    border_lines(criterion, neighbours, population, share, margin, out)
    return neighbours, out


@given(
    st.data(),
    territories(),
    st.sampled_from([0.125, 0.25, 0.375, 0.5, 0.9]),
    st.sampled_from([0.0, 0.25, 1.0]),
)
def test_the_zoning_at_every_line_is_that_of_the_rule(data, territory, share, margin):
    criterion = data.draw(arrays(np.float64, len(territory), criteria))
    population = data.draw(arrays(np.int64, len(territory), st.integers(0, 5)))
    neighbours, out = lines_of(territory, criterion, population, share, margin)
    for line in np.arange(9, 32, 0.5):
        expected = naive.border_inside(criterion, neighbours, population, share, margin, line)
        np.testing.assert_array_equal(out < line, expected)


def test_a_straight_border_takes_in_one_row_and_no_more():
    # Five full columns: the western two are poor, the others a little above the line.
    side = 5
    row, column = (index.ravel().astype(np.int32) for index in np.indices((side, side)))
    criterion = np.where(column < 2, 90.0, 105.0)
    neighbours = naive.neighbour_table(row, column, np.zeros(side * side))
    out = np.empty(side * side)
    border_lines(criterion, neighbours, np.full(side * side, 7), 0.375, 0.15, out)
    inside = (out < 100).reshape(side, side)
    assert inside[1:4].tolist() == [[True, True, True, False, False]] * 3


def test_a_tile_far_above_the_line_stays_out_whatever_surrounds_it():
    row, column = (index.ravel().astype(np.int32) for index in np.indices((3, 3)))
    criterion = np.full(9, 90.0)
    criterion[4] = 116.0
    neighbours = naive.neighbour_table(row, column, np.zeros(9))
    out = np.empty(9)
    border_lines(criterion, neighbours, np.ones(9, np.int64), 0.375, 0.15, out)
    assert not out[4] < 100
    assert out[4] < 101


def test_wrong_lengths_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        border_lines(
            np.ones(2), np.zeros((2, 8), np.int32), np.ones(3, np.int64), 0.5, 0.1, np.ones(2)
        )
    with pytest.raises(ValueError, match="neighbours"):
        border_lines(
            np.ones(2), np.zeros((2, 4), np.int32), np.ones(2, np.int64), 0.5, 0.1, np.ones(2)
        )
