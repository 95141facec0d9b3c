"""Sums of whole numbers by label: exact, whatever the order and the number of threads."""

import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel
from zonage.kernels.threads import part_count

TILES_PER_PART = 5_000  # fewer are not worth a second thread

Labels = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]


@kernel
def sum_by_label(labels: Labels, values: Counts, out: Counts) -> None:
    """Sum one variable over the tiles of each label.

    Parameters
    ----------
    labels
        Shape (n,), from 0 to k.
    values
        Shape (n,).
    out
        Output, shape (k + 1,): ``out[z]`` is the sum over the tiles labelled z.

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
    if not _add(labels, values, out):
        raise ValueError("sum_by_label: a label is outside 0..k")


def sums_by_label(labels: Labels, values: Counts, out: Counts) -> None:
    """Sum several variables over the tiles of each label, on all threads.

    Parameters
    ----------
    labels
        Shape (n,), from 0 to k.
    values
        Shape (v, n).
    out
        Output, shape (v, k + 1): ``out[:, z]`` are the sums over the tiles labelled z.

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
    if values.shape != (len(out), labels.size):
        raise ValueError("sums_by_label: labels, values and out differ in length")
    parts = part_count(labels.size, max(TILES_PER_PART, 2 * out.shape[1]))
    if parts == 1:
        fit = _add_part(labels, values, out)
    else:
        others = np.empty((parts - 1, *out.shape), np.int64)
        fits = np.empty(parts, np.bool_)
        _add_parts(labels, values, others, out, fits)
        fit = bool(fits.all())
    if not fit:
        raise ValueError("sums_by_label: a label is outside 0..k")


@parallel_kernel
def _add_parts(
    labels: Labels, values: Counts, others: Counts, out: Counts, fits: npt.NDArray[np.bool_]
) -> None:
    """Sum each part of the tiles into its own output, then all outputs into the first."""
    parts = fits.size
    for unsigned_part in prange(parts):
        part = np.int64(unsigned_part)
        first, last = labels.size * part // parts, labels.size * (part + 1) // parts
        own = out if part == 0 else others[part - 1]
        fits[part] = _add_part(labels[first:last], values[:, first:last], own)
    for unsigned_variable in prange(out.shape[0]):
        variable = np.int64(unsigned_variable)
        for other in range(parts - 1):
            for place in range(out.shape[1]):
                out[variable, place] += others[other, variable, place]


@kernel
def _add_part(labels: Labels, values: Counts, out: Counts) -> bool:
    """Sum variables two by two; tell whether all labels fit."""
    variables = out.shape[0]
    fit = True
    for pair in range(0, variables - 1, 2):
        fit &= _add_two(labels, values[pair], values[pair + 1], out[pair], out[pair + 1])
    if variables % 2 == 1:
        fit &= _add(labels, values[-1], out[-1])
    return fit


@kernel
def _add_two(
    labels: Labels, one: Counts, other: Counts, sums_of_one: Counts, sums_of_other: Counts
) -> bool:
    """Sum two variables; tell whether all labels fit, else stop.

    Neighbours in the list mostly have one label: sums go to memory where the label changes.
    """
    sums_of_one[:] = 0
    sums_of_other[:] = 0
    if labels.size == 0:
        return True
    size = np.uint64(sums_of_one.size)
    label = np.uint64(labels[0])  # unsigned: what is below 0 is beyond the end
    sum_of_one = np.int64(0)
    sum_of_other = np.int64(0)
    for tile in range(labels.size):
        if np.uint64(labels[tile]) != label:
            if label >= size:
                return False
            sums_of_one[label] += sum_of_one
            sums_of_other[label] += sum_of_other
            label = np.uint64(labels[tile])
            sum_of_one = np.int64(0)
            sum_of_other = np.int64(0)
        sum_of_one += one[tile]
        sum_of_other += other[tile]
    if label >= size:
        return False
    sums_of_one[label] += sum_of_one
    sums_of_other[label] += sum_of_other
    return True


@kernel
def _add(labels: Labels, values: Counts, out: Counts) -> bool:
    """Sum one variable; tell whether all labels fit, else stop."""
    out[:] = 0
    size = np.uint64(out.size)
    for tile in range(labels.size):
        label = np.uint64(labels[tile])  # unsigned: what is below 0 is beyond the end
        if label >= size:
            return False
        out[label] += values[tile]
    return True
