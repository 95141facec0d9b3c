"""Sums by label. Integers are exact; floats are added in the order of the tiles."""

from typing import TypeVar

import numba
import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel

TILES_PER_PART = 10_000  # fewer are not worth a second thread

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Number = TypeVar("Number", np.int64, np.float64)


@kernel
def sum_by_label(
    labels: npt.NDArray[np.int32], values: npt.NDArray[Number], out: npt.NDArray[Number]
) -> None:
    """Sum one variable over the tiles of each label.

    Parameters
    ----------
    labels
        Shape (n,), from 0 to k.
    values
        Shape (n,), int64 or float64.
    out
        Output, shape (k + 1,), same type: ``out[z]`` is the sum over the tiles labelled z.

    Raises
    ------
    ValueError
        If lengths differ or a label is outside 0..k.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty(2, np.int64)
    >>> sum_by_label(np.array([1, 0, 1], np.int32), np.array([5, 7, 1]), out)
    >>> out.tolist()
    [7, 6]
    """
    if values.size != labels.size:
        raise ValueError("sum_by_label: labels and values differ in length")
    if not _labels_fit(labels, out.size):
        raise ValueError("sum_by_label: a label is outside 0..k")
    _add(labels, values, out)


def sums_by_label(
    labels: npt.NDArray[np.int32], values: npt.NDArray[Number], out: npt.NDArray[Number]
) -> None:
    """Sum several variables over the tiles of each label, on all threads.

    Parameters
    ----------
    labels
        Shape (n,), from 0 to k.
    values
        Shape (v, n), int64 or float64.
    out
        Output, shape (v, k + 1), same type: ``out[:, z]`` are the sums over the tiles labelled z.

    Raises
    ------
    ValueError
        If lengths differ or a label is outside 0..k.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty((2, 2), np.int64)
    >>> sums_by_label(np.array([1, 0, 1], np.int32), np.array([[5, 7, 1], [1, 1, 1]]), out)
    >>> out.tolist()
    [[7, 6], [1, 2]]
    """
    variables = values.shape[0]
    if values.shape[1] != labels.size or out.shape[0] != variables:
        raise ValueError("sums_by_label: labels, values and out differ in length")
    if values.dtype != np.int64:
        if not _labels_fit(labels, out.shape[1]):
            raise ValueError("sums_by_label: a label is outside 0..k")
        _add_in_order(labels, values, out)
        return
    few = labels.size < max(TILES_PER_PART, 4 * out.shape[1])
    parts = 1 if few else numba.get_num_threads()
    others = np.empty((parts - 1, *out.shape), np.int64)
    fits = np.empty(parts, np.bool_)
    _add_parts(labels, values, others, out, fits)
    if not fits.all():
        raise ValueError("sums_by_label: a label is outside 0..k")


@parallel_kernel
def _add_in_order(
    labels: npt.NDArray[np.int32], values: npt.NDArray[Number], out: npt.NDArray[Number]
) -> None:
    """Sum each variable on its own thread, in the order of the tiles."""
    for unsigned_variable in prange(out.shape[0]):
        variable = np.int64(unsigned_variable)
        _add(labels, values[variable], out[variable])


@parallel_kernel
def _add_parts(
    labels: npt.NDArray[np.int32], values: Counts, others: Counts, out: Counts, fits: Flags
) -> None:
    """Sum each part of the tiles into its own output, then all outputs into the first.

    Whole numbers may be added in any order.
    """
    parts = fits.size
    for unsigned_part in prange(parts):
        part = np.int64(unsigned_part)
        first, last = labels.size * part // parts, labels.size * (part + 1) // parts
        own = out if part == 0 else others[part - 1]
        fits[part] = _labels_fit(labels[first:last], out.shape[1])
        if fits[part]:
            own[:] = 0
            for pair in range(0, values.shape[0] - 1, 2):
                _add_two(
                    labels[first:last],
                    values[pair, first:last],
                    values[pair + 1, first:last],
                    own[pair],
                    own[pair + 1],
                )
            if values.shape[0] % 2 == 1:
                _add(labels[first:last], values[-1, first:last], own[-1])
    for unsigned_variable in prange(out.shape[0]):
        variable = np.int64(unsigned_variable)
        for other in range(parts - 1):
            for place in range(out.shape[1]):
                out[variable, place] += others[other, variable, place]


@kernel
def _add_two(
    labels: npt.NDArray[np.int32],
    one: Counts,
    other: Counts,
    sums_of_one: Counts,
    sums_of_other: Counts,
) -> None:
    """Sum two variables.

    Neighbours in the list mostly have one label: sums go to memory where the label changes.
    """
    label = np.int64(0)
    sum_of_one = np.int64(0)
    sum_of_other = np.int64(0)
    for tile in range(labels.size):
        if labels[tile] != label:
            sums_of_one[np.uint32(label)] += sum_of_one  # unsigned: never counted from the end
            sums_of_other[np.uint32(label)] += sum_of_other
            label = np.int64(labels[tile])
            sum_of_one = np.int64(0)
            sum_of_other = np.int64(0)
        sum_of_one += one[tile]
        sum_of_other += other[tile]
    if labels.size > 0:
        sums_of_one[np.uint32(label)] += sum_of_one
        sums_of_other[np.uint32(label)] += sum_of_other


@kernel
def _labels_fit(labels: npt.NDArray[np.int32], size: int) -> bool:
    """Tell whether all labels are below a size and none is below 0."""
    lowest = 0
    highest = 0
    for tile in range(labels.size):
        lowest = min(lowest, labels[tile])
        highest = max(highest, labels[tile])
    return lowest >= 0 and (highest < size or labels.size == 0)


@kernel
def _add(
    labels: npt.NDArray[np.int32], values: npt.NDArray[Number], out: npt.NDArray[Number]
) -> None:
    """Sum one variable, one tile after the other; labels are known to fit."""
    out[:] = 0
    for tile in range(labels.size):
        out[np.uint32(labels[tile])] += values[tile]  # unsigned: never counted from the end
