from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from tests.strategies import arrays
from zonage.kernels import sums as kernels
from zonage.kernels.sums import sum_by_label, sums_by_label

LAST = 4
label_arrays = arrays(np.int32, st.integers(1, 20), st.integers(0, LAST))


def sums_in_parts(labels, values, parts):
    out = np.full((len(values), LAST + 1), 99)
    with mock.patch.object(kernels, "part_count", return_value=parts):
        sums_by_label(labels, values, out)
    return out


@given(st.data(), label_arrays, st.integers(0, 5), st.sampled_from([1, 2, 3, 7]))
def test_sums_are_exact(data, labels, variables, parts):
    numbers = st.integers(-(2**58), 2**58)
    values = data.draw(arrays(np.int64, (variables, len(labels)), numbers))
    together = sums_in_parts(labels, values, parts)
    out = np.empty(LAST + 1, np.int64)
    for variable, sums in zip(values, together, strict=True):
        sum_by_label(labels, variable, out)
        expected = naive.sum_by_label(labels, variable, LAST)
        assert out.tolist() == sums.tolist() == expected


def test_tenths_of_inhabitants_reach_the_thousand():
    people = np.full(10_000, 100, np.int64)  # 0.1 inhabitants in thousandths
    out = np.empty(2, np.int64)
    sum_by_label(np.ones(10_000, np.int32), people, out)
    assert out.tolist() == [0, 1_000_000]


def test_no_tiles():
    out = np.full(1, 9, np.int64)
    sum_by_label(np.empty(0, np.int32), np.empty(0, np.int64), out)
    assert out.tolist() == [0]


@pytest.mark.parametrize("labels", [[0, 2], [2, 0], [-1, 0], [0, -1], [0], [0, 0, 0]])
def test_arrays_that_do_not_fit_are_refused(labels):
    labels = np.array(labels, np.int32)
    with pytest.raises(ValueError, match=r"length|outside"):
        sum_by_label(labels, np.ones(2, np.int64), np.empty(2, np.int64))
    for variables in (1, 2):
        values, out = np.ones((variables, 2), np.int64), np.empty((variables, 2), np.int64)
        with pytest.raises(ValueError, match=r"length|outside"):
            sums_by_label(labels, values, out)


@pytest.mark.parametrize("label", [-1, LAST + 1])
def test_a_label_that_does_not_fit_is_refused_in_any_part(label):
    for place in range(6):
        labels = np.zeros(6, np.int32)
        labels[place] = label
        with pytest.raises(ValueError, match="outside"):
            sums_in_parts(labels, np.ones((3, 6), np.int64), parts=3)
