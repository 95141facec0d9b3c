import higra as hg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from tests.strategies import arrays, connectivities, territories
from zonage.kernels.mergetree import entry, entry_by_group, order_by_group, sums_by_line
from zonage.kernels.neighbours import neighbour_table

criteria = st.integers(0, 6).map(float) | st.sampled_from([np.nan, np.inf, -np.inf])
ADJACENCY = {4: hg.get_4_adjacency_graph, 8: hg.get_8_adjacency_graph}


@st.composite
def cases(draw, max_groups=3):
    """Draw a territory, its neighbour table, criterion and population."""
    territory = draw(territories(max_side=6, max_groups=max_groups))
    n = len(territory)
    neighbours = np.empty((n, 8), np.int32)
    neighbour_table(territory.row, territory.column, territory.start, neighbours)
    criterion = draw(arrays(np.float64, n, criteria))
    population = draw(arrays(np.int64, n, st.integers(0, 5)))
    return territory, neighbours, criterion, population


@given(cases(), connectivities, st.integers(-1, 15))
def test_every_line_equals_labelling_anew(case, connectivity, minimum):
    territory, neighbours, criterion, population = case
    n = len(territory)
    whole, by_group = np.empty(n), np.empty(n)
    order = np.argsort(criterion, kind="stable")
    entry(order, criterion, neighbours, connectivity, population, minimum, whole)
    order_by_group(criterion, territory.start, order)
    entry_by_group(
        order, territory.start, criterion, neighbours, connectivity, population, minimum, by_group
    )
    np.testing.assert_array_equal(whole, by_group)
    for line in [-np.inf, *np.arange(-0.5, 7.5, 0.5), np.inf]:
        expected = naive.inside(criterion, neighbours, connectivity, population, minimum, line)
        np.testing.assert_array_equal(whole < line, expected)


@given(cases(max_groups=1), connectivities, st.integers(1, 15))
def test_equals_the_tree_of_components_of_higra(case, connectivity, minimum):
    territory, neighbours, criterion, population = case
    criterion = np.where(np.isnan(criterion), np.inf, criterion)
    out = np.empty(len(territory))
    order = np.argsort(criterion)
    entry(order, criterion, neighbours, connectivity, population, minimum, out)
    if min(territory.shape) < 2:
        return
    height, people = np.full(territory.shape, np.inf), np.zeros(territory.shape)
    height[territory.row, territory.column] = criterion
    people[territory.row, territory.column] = population
    tree, altitude = hg.component_tree_min_tree(ADJACENCY[connectivity](height.shape), height)
    total = hg.accumulate_sequential(tree, people.ravel(), hg.Accumulators.sum)
    altitude[tree.root()] = np.inf if total[tree.root()] < minimum else altitude[tree.root()]
    entries = hg.propagate_sequential(tree, altitude, total < minimum)[: tree.num_leaves()]
    expected = entries.reshape(height.shape)[territory.row, territory.column]
    np.testing.assert_array_equal(out, expected)


@given(cases())
def test_the_order_within_groups_is_stable(case):
    territory, _, criterion, _ = case
    out = np.empty(len(territory), np.int64)
    order_by_group(criterion, territory.start, out)
    np.testing.assert_array_equal(out, np.lexsort((criterion, territory.group)))


@given(st.data(), arrays(np.float64, st.integers(0, 8), criteria), st.integers(0, 9))
def test_sums_at_every_line_equal_a_sum_over_a_mask(data, entries, size):
    lines = np.sort(data.draw(arrays(np.float64, size, st.integers(-1, 7))))
    values = data.draw(arrays(np.int64, (2, len(entries)), st.integers(0, 2**50)))
    entries = np.where(np.isnan(entries), np.inf, entries)
    out = np.empty((2, size), np.int64)
    sums_by_line(entries, values, lines, out)
    expected = [[v[entries < line].sum() for line in lines] for v in values]
    np.testing.assert_array_equal(out, np.array(expected).reshape(2, size))


def test_lines_that_do_not_fit_are_refused():
    entries, values = np.ones(2), np.ones((1, 2), np.int64)
    with pytest.raises(ValueError, match="ascend"):
        sums_by_line(entries, values, np.array([2.0, 1.0]), np.empty((1, 2), np.int64))
    with pytest.raises(ValueError, match="ascend"):
        sums_by_line(entries, values, np.array([2.0, np.nan]), np.empty((1, 2), np.int64))
    for shape in ((1, 3), (2, 2)):
        with pytest.raises(ValueError, match="do not fit"):
            sums_by_line(entries, values, np.ones(2), np.empty(shape, np.int64))
    with pytest.raises(ValueError, match="do not fit"):
        sums_by_line(entries[:1], values, np.ones(2), np.empty((1, 2), np.int64))


def row_of_tiles(n):
    neighbours = np.full((n, 8), -1, np.int32)
    neighbours[1:, 1] = np.arange(n - 1)
    neighbours[:-1, 2] = np.arange(1, n)
    return neighbours


def test_a_row_worked_by_hand():
    criterion = np.array([5.0, 1.0, 3.0, 9.0, 2.0])
    population = np.array([400, 300, 300, 100, 950])
    out = np.empty(5)
    order = np.argsort(criterion)
    entry(order, criterion, row_of_tiles(5), 4, population, 1000, out)
    assert out.tolist() == [5, 5, 5, 9, 9]
    entry(order[:4], criterion, row_of_tiles(5), 4, population, 1000, out)
    assert out.tolist() == [5, 5, 5, np.inf, np.inf]


def test_no_tiles():
    nothing = np.empty(0)
    none, table = np.empty(0, np.int64), np.empty((0, 8), np.int32)
    entry(none, nothing, table, 8, none, 1, nothing)
    entry_by_group(none, np.array([0]), nothing, table, 8, none, 1, nothing)


@pytest.mark.parametrize("order", [[1, 0], [0, 0], [0, 2], [-1, 0]])
def test_a_wrong_order_is_refused(order):
    criterion, people, out = np.array([1.0, 2.0]), np.ones(2, np.int64), np.empty(2)
    order = np.array(order)
    with pytest.raises(ValueError, match="order must"):
        entry(order, criterion, row_of_tiles(2), 8, people, 1, out)
    with pytest.raises(ValueError, match="order must"):
        entry_by_group(order, np.array([0, 2]), criterion, row_of_tiles(2), 8, people, 1, out)


def test_wrong_arguments_are_refused():
    criterion, people, out = np.array([1.0, 2.0]), np.ones(2, np.int64), np.empty(2)
    order, table = np.arange(2), row_of_tiles(2)
    with pytest.raises(ValueError, match="4 or 8"):
        entry(order, criterion, table, 5, people, 1, out)
    with pytest.raises(ValueError, match="length"):
        entry(order, criterion, table[:1], 8, people, 1, out)
    with pytest.raises(ValueError, match="below 0"):
        entry(order, criterion, table, 8, -people, 1, out)
    for start in ([0, 1], [0, 2, 1, 2], [1, 2]):
        with pytest.raises(ValueError, match="group_start"):
            entry_by_group(order, np.array(start), criterion, table, 8, people, 1, out)
        with pytest.raises(ValueError, match="group_start"):
            order_by_group(criterion, np.array(start), order.copy())


def test_a_neighbour_in_another_group_is_refused():
    criterion, people, out = np.array([1.0, 2.0]), np.ones(2, np.int64), np.empty(2)
    start = np.array([0, 1, 2])
    with pytest.raises(ValueError, match="another group"):
        entry_by_group(np.arange(2), start, criterion, row_of_tiles(2), 8, people, 1, out)
    table = row_of_tiles(3)[:2]
    with pytest.raises(ValueError, match="not in the table"):
        entry(np.arange(2), criterion, table, 8, people, 1, out)


@given(cases(), connectivities, st.integers(0, 15))
def test_tiles_are_listed_in_the_order_of_their_entry(case, connectivity, minimum):
    territory, neighbours, criterion, population = case
    n, start = len(territory), territory.start
    order, out, entered = np.empty(n, np.int64), np.empty(n), np.empty(n, np.int64)
    count = np.empty(len(start) - 1, np.int64)
    order_by_group(criterion, start, order)
    entry_by_group(
        order, start, criterion, neighbours, connectivity, population, minimum, out, entered, count
    )
    for group, size in enumerate(count):
        first, last = start[group], start[group + 1]
        listed = entered[first : first + size]
        assert sorted(listed) == [tile for tile in range(first, last) if out[tile] < np.inf]
        assert (out[listed][1:] >= out[listed][:-1]).all()


@given(arrays(np.float64, st.integers(0, 30), st.floats(allow_nan=True)))
def test_any_floats_are_sorted_as_by_numpy(values):
    out = np.empty(len(values), np.int64)
    order_by_group(values, np.array([0, len(values)]), out)
    np.testing.assert_array_equal(out, np.argsort(values, kind="stable"))


@given(
    arrays(np.float64, st.integers(0, 30), st.floats(allow_nan=False)),
    arrays(np.float64, st.integers(0, 30), st.floats(allow_nan=False)),
)
def test_sums_at_any_lines(entries, lines):
    lines = np.sort(lines)
    out = np.empty((1, len(lines)), np.int64)
    sums_by_line(entries, np.ones((1, len(entries)), np.int64), lines, out)
    expected = [np.count_nonzero(entries < line) if line > -np.inf else 0 for line in lines]
    assert out[0].tolist() == expected
