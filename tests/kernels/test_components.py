from unittest import mock

import cc3d
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from tests import naive
from tests.strategies import arrays, connectivities, territories
from zonage.kernels import components
from zonage.kernels.components import label, members
from zonage.kernels.neighbours import neighbour_table

grids = hnp.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


part_counts = st.sampled_from([1, 2, 3, 7])  # 7: some without a tile


def labelled(flag, neighbours, connectivity, parts=1):
    labels = np.full(len(flag), 99, np.int32)
    with mock.patch.object(components, "part_count", return_value=parts):
        return label(flag, neighbours, connectivity, labels), labels


@given(st.data(), territories(), connectivities, part_counts)
def test_equals_a_flood_within_groups(data, territory, connectivity, parts):
    flag = data.draw(arrays(np.bool_, len(territory), st.booleans()))
    neighbours = np.empty((len(territory), 8), np.int32)
    neighbour_table(territory.row, territory.column, territory.start, neighbours)
    count, labels = labelled(flag, neighbours, connectivity, parts)
    expected_count, expected = naive.label(flag, neighbours, connectivity)
    assert count == expected_count
    np.testing.assert_array_equal(labels, expected)


@given(st.data(), territories(max_groups=1), connectivities, part_counts)
def test_equals_a_flood_whatever_the_order_of_the_tiles(data, territory, connectivity, parts):
    n = len(territory)
    order = np.array(data.draw(st.permutations(range(n))), np.int64)
    flag = data.draw(arrays(np.bool_, n, st.booleans()))
    row, column = territory.row[order], territory.column[order]
    neighbours = naive.neighbour_table(row, column, np.zeros(n))
    count, labels = labelled(flag, neighbours, connectivity, parts)
    expected_count, expected = naive.label(flag, neighbours, connectivity)
    assert count == expected_count
    np.testing.assert_array_equal(labels, expected)


@given(grids, grids, connectivities, part_counts)
def test_equals_scipy_and_cc3d(inhabited, poor, connectivity, parts):
    height, width = np.minimum(inhabited.shape, poor.shape)
    inhabited = inhabited[:height, :width]
    row, column = (index.astype(np.int32) for index in np.nonzero(inhabited))
    neighbours = np.empty((len(row), 8), np.int32)
    neighbour_table(row, column, np.array([0, len(row)]), neighbours)
    count, labels = labelled(poor[row, column], neighbours, connectivity, parts)

    flagged = inhabited & poor[:height, :width]
    structure = ndimage.generate_binary_structure(2, connectivity // 4)
    expected, expected_count = ndimage.label(flagged, structure)
    assert count == expected_count
    np.testing.assert_array_equal(labels, expected[row, column])
    # Not as bool: cc3d 4.1.1 then labels cells that are not flagged in arrays of odd sides.
    other = cc3d.connected_components(flagged.astype(np.uint8), connectivity=connectivity)
    pairs = set(zip(labels.tolist(), other[row, column].tolist(), strict=True))
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)


@pytest.mark.parametrize("parts", [1, 2, 5, 40])
@pytest.mark.parametrize("connectivity", [4, 8])
def test_a_spiral_and_a_comb_join_late(connectivity, parts):
    flagged = np.array(
        [
            [1, 0, 1, 0, 1, 0, 0, 1],
            [1, 0, 1, 0, 1, 0, 1, 0],
            [1, 1, 1, 0, 1, 1, 1, 0],
            [0, 0, 0, 0, 0, 0, 1, 0],
            [1, 1, 1, 1, 1, 1, 1, 0],
        ],
        np.bool_,
    )
    row, column = (index.astype(np.int32) for index in np.nonzero(np.ones_like(flagged)))
    neighbours = np.empty((len(row), 8), np.int32)
    neighbour_table(row, column, np.array([0, len(row)]), neighbours)
    count, labels = labelled(flagged.ravel(), neighbours, connectivity, parts)
    assert count == {4: 3, 8: 2}[connectivity]
    assert labels[0] == labels[2] == 1
    assert labels[4] == labels[4 * 8] == 2


def test_no_tiles():
    assert labelled(np.empty(0, np.bool_), np.empty((0, 8), np.int32), 8)[0] == 0


def test_wrong_arguments_are_refused():
    flag, neighbours = np.ones(2, np.bool_), np.full((2, 8), -1, np.int32)
    with pytest.raises(ValueError, match="4 or 8"):
        label(flag, neighbours, 6, np.empty(2, np.int32))
    with pytest.raises(ValueError, match="length"):
        label(flag, neighbours, 8, np.empty(1, np.int32))
    with pytest.raises(ValueError, match="length"):
        label(flag, neighbours[:1], 8, np.empty(2, np.int32))


@given(arrays(np.int32, st.integers(0, 20), st.integers(0, 4)))
def test_members_equal_a_search_for_each_label(labels):
    start = np.empty(5, np.int64)
    order = np.empty((labels > 0).sum(), np.int64)
    members(labels, start, order)
    for zone in range(1, 5):
        expected = np.flatnonzero(labels == zone)
        np.testing.assert_array_equal(order[start[zone - 1] : start[zone]], expected)


@pytest.mark.parametrize(
    ("labels", "zones", "listed"), [([1, 3], 2, 2), ([-1, 1], 1, 1), ([1, 1], 1, 1), ([], -1, 0)]
)
def test_members_that_do_not_fit_are_refused(labels, zones, listed):
    with pytest.raises(ValueError, match="members"):
        members(
            np.array(labels, np.int32), np.empty(zones + 1, np.int64), np.empty(listed, np.int64)
        )
