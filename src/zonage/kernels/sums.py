"""Sums by label. Integers are exact; floats are added in the order of the tiles."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel

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


@parallel_kernel
def sums_by_label(
    labels: npt.NDArray[np.int32], values: npt.NDArray[Number], out: npt.NDArray[Number]
) -> None:
    """Sum several variables over the tiles of each label each on its own thread.

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
    if not _labels_fit(labels, out.shape[1]):
        raise ValueError("sums_by_label: a label is outside 0..k")
    for unsigned_variable in prange(variables):
        variable = np.int64(unsigned_variable)
        _add(labels, values[variable], out[variable])


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
