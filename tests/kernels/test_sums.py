import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from tests import naive
from tests.strategies import arrays
from zonage.kernels.sums import sum_by_label, sums_by_label

LAST = 4
label_arrays = arrays(np.int32, st.integers(1, 20), st.integers(0, LAST))


@given(st.data(), label_arrays)
def test_integers_are_exact(data, labels):
    values = data.draw(arrays(np.int64, (2, len(labels)), st.integers(-(2**58), 2**58)))
    out, both = np.empty(LAST + 1, np.int64), np.empty((2, LAST + 1), np.int64)
    sums_by_label(labels, values, both)
    for variable, sums in zip(values, both, strict=True):
        sum_by_label(labels, variable, out)
        expected = naive.sum_by_label(labels, variable, LAST)
        assert out.tolist() == sums.tolist() == expected


@given(st.data(), label_arrays)
def test_floats_are_added_in_the_order_of_the_tiles(data, labels):
    values = data.draw(arrays(np.float64, (1, len(labels)), st.floats(-1e6, 1e6)))
    out, both = np.empty(LAST + 1), np.empty((1, LAST + 1))
    sum_by_label(labels, values[0], out)
    sums_by_label(labels, values, both)
    in_order = np.zeros(LAST + 1)
    np.add.at(in_order, labels, values[0])
    assert out.tolist() == both[0].tolist() == in_order.tolist()
    np.testing.assert_allclose(
        out, ndimage.sum_labels(values[0], labels, range(LAST + 1)), rtol=1e-12, atol=1e-6
    )


def test_tenths_of_inhabitants_reach_the_thousand():
    people = np.full(10_000, 100, np.int64)  # 0.1 inhabitants in thousandths
    out = np.empty(2, np.int64)
    sum_by_label(np.ones(10_000, np.int32), people, out)
    assert out.tolist() == [0, 1_000_000]


def test_no_tiles():
    out = np.full(1, 9, np.int64)
    sum_by_label(np.empty(0, np.int32), np.empty(0, np.int64), out)
    assert out.tolist() == [0]


@pytest.mark.parametrize("labels", [[0, 2], [-1, 0], [0], [0, 0, 0]])
def test_arrays_that_do_not_fit_are_refused(labels):
    labels = np.array(labels, np.int32)
    with pytest.raises(ValueError, match=r"length|outside"):
        sum_by_label(labels, np.ones(2, np.int64), np.empty(2, np.int64))
    with pytest.raises(ValueError, match=r"length|outside"):
        sums_by_label(labels, np.ones((3, 2), np.int64), np.empty((3, 2), np.int64))
