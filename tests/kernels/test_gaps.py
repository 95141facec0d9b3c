import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from tests import naive
from tests.strategies import connectivities
from zonage.kernels.gaps import bridge, fill_holes

grids = hnp.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def bridged(labels, passable, reach, connectivity, group):
    parent = np.empty(labels.max() + 1, np.int32)
    bridge(
        passable,
        reach,
        connectivity,
        group,
        labels.copy(),
        np.zeros(labels.shape, np.int32),
        np.empty(labels.size, np.int64),
        parent,
    )
    return parent


@given(grids, st.randoms(use_true_random=False), st.integers(0, 4), connectivities)
def test_zones_are_joined_where_a_walk_within_reach_joins_them(inside, random, reach, connectivity):
    structure = ndimage.generate_binary_structure(2, connectivity // 4)
    labels, count = ndimage.label(inside, structure)
    labels = labels.astype(np.int32)
    passable = ~inside & np.array(
        [[random.random() < 0.7 for _ in row] for row in inside], np.bool_
    ).reshape(inside.shape)
    group = np.zeros(count + 1, np.int32)
    expected = naive.bridge(labels, passable, reach, connectivity, group)
    parent = bridged(labels, passable, reach, connectivity, group)
    assert {zone: int(parent[zone]) for zone in range(1, count + 1)} == expected


def test_zones_of_different_units_are_never_joined():
    labels = np.array([[1, 0, 2, 0, 3]], np.int32)
    passable = labels == 0
    group = np.array([0, 0, 0, 1], np.int32)
    assert bridged(labels, passable, 3, 8, group).tolist() == [0, 1, 1, 3]


def test_a_crowded_cell_in_the_gap_stops_the_bridge():
    labels = np.array([[1, 0, 2]], np.int32)
    group = np.zeros(3, np.int32)
    assert bridged(labels, labels == 0, 1, 4, group).tolist() == [0, 1, 1]
    assert bridged(labels, np.zeros((1, 3), np.bool_), 1, 4, group).tolist() == [0, 1, 2]


@given(grids, st.integers(0, 12), connectivities)
def test_holes_up_to_a_size_are_filled(inside, max_cells, connectivity):
    expected = naive.fill_holes(inside, max_cells, connectivity)
    filled = inside.copy()
    added = fill_holes(
        filled, max_cells, connectivity, np.zeros(inside.shape, np.bool_),
        np.empty(inside.size, np.int64),
    )  # fmt: skip
    np.testing.assert_array_equal(filled, expected)
    assert added == expected.sum() - inside.sum()


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        fill_holes(
            np.ones((2, 2), np.bool_), 1, 4, np.ones((2, 3), np.bool_), np.empty(4, np.int64)
        )
    with pytest.raises(ValueError, match="do not fit"):
        bridge(
            np.ones((2, 2), np.bool_), 1, 4, np.zeros(1, np.int32), np.zeros((2, 2), np.int32),
            np.zeros((2, 2), np.int32), np.empty(3, np.int64), np.empty(1, np.int32),
        )  # fmt: skip
