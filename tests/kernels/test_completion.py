import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from tests.strategies import arrays, connectivities, territories
from zonage.kernels.completion import complete
from zonage.kernels.components import members

criteria = st.one_of(st.integers(1, 6).map(float), st.just(np.nan))


def completed(labels, criterion, excess, population, neighbours, connectivity, minimum, core):
    count, size = int(labels.max(initial=0)), len(labels)
    start, order = np.empty(count + 1, np.int64), np.empty(np.count_nonzero(labels), np.int64)
    members(labels, start, order)
    inside = labels > 0
    number = complete(
        start, order, criterion, excess, population, neighbours, connectivity, minimum, core,
        inside, np.zeros(size, np.bool_), np.zeros(size, np.int32), np.empty(size, np.int64),
    )  # fmt: skip
    return number, inside


@given(st.data(), territories(), connectivities)
def test_equals_the_naive_growth(data, territory, connectivity):
    size = len(territory)
    criterion = data.draw(arrays(np.float64, size, criteria))
    population = data.draw(arrays(np.int64, size, st.integers(0, 9)))
    excess = data.draw(arrays(np.int64, size, st.integers(-4, 4))).astype(np.float64)
    flag = data.draw(arrays(np.bool_, size, st.booleans()))
    neighbours = naive.neighbour_table(territory.row, territory.column, territory.group)
    _, labels = naive.label(flag, neighbours, connectivity)
    if not labels.any():
        return
    rest = criterion, excess, population, neighbours, connectivity, 20, 8
    number, inside = completed(labels, *rest)
    expected = naive.complete(labels, *rest)
    np.testing.assert_array_equal(inside, expected)
    assert (number > 0) >= (expected.sum() > flag.sum())


def a_row(population, excess):
    """Tiles from west to east, of which only the first is in a zone."""
    size = len(population)
    neighbours = naive.neighbour_table(np.zeros(size), np.arange(size), np.zeros(size))
    labels = np.zeros(size, np.int32)
    labels[0] = 1
    return completed(
        labels, np.arange(size, dtype=float), np.array(excess, float), np.array(population),
        neighbours, 8, 1000, 500,
    )  # fmt: skip


def test_a_core_takes_in_neighbours_until_it_has_the_minimum_and_no_further():
    assert a_row([600, 300, 200, 400], [300, -50, -50, -50])[1].tolist() == [True] * 3 + [False]


def test_a_zone_whose_own_median_would_not_stay_below_is_left_as_it_was():
    assert a_row([600, 600], [100, -150])[1].tolist() == [True, False]


def test_a_core_below_half_of_the_minimum_does_not_grow():
    assert a_row([499, 600], [200, 200])[0] == 0


def test_wrong_lengths_are_refused():
    with pytest.raises(ValueError, match="columns differ"):
        complete(
            np.zeros(1, np.int64), np.empty(0, np.int64), np.ones(2), np.ones(3),
            np.ones(2, np.int64), np.zeros((2, 8), np.int32), 8, 1, 1, np.ones(2, np.bool_),
            np.zeros(2, np.bool_), np.zeros(2, np.int32), np.zeros(2, np.int64),
        )  # fmt: skip
