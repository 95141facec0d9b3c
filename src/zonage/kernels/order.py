"""Tiles in order of their criterion, group by group."""

import numba
import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel
from zonage.kernels.threads import chunk_size, thread_id

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SIGN = 63  # shifting an int64 by it leaves -1 of a negative number and 0 of any other
LOWEST = -(2**63)  # the sign bit alone
HIGHEST = 2**63 - 1
ALL_BITS = -1
INFINITY = 0x7FF0000000000000  # bits of infinity: above it, NaN
BYTES, DIGITS = 8, 256


@kernel
def covers(group_start: Counts, n: int) -> bool:
    """Tell whether groups go from 0 to n without descending."""
    if group_start.size == 0 or group_start[0] != 0 or group_start[-1] != n:
        return False
    for group in range(group_start.size - 1):
        if group_start[group + 1] < group_start[group]:
            return False
    return True


@kernel
def _key(bits: int) -> int:
    """Turn the bits of a float64 into an integer of the same order: equal zeros, NaN last."""
    if bits == LOWEST:
        return LOWEST  # minus zero: the key of zero
    if bits & HIGHEST > INFINITY:
        return ALL_BITS
    return (bits ^ ((bits >> SIGN) & HIGHEST)) ^ LOWEST


@kernel
def _digit(key: int, byte: int) -> int:
    """Return a byte of a key, the lowest first."""
    return (key >> (8 * byte)) & 255


@kernel
def _pass(
    keys: Counts, tiles: Counts, place: Counts, byte: int, new_keys: Counts, new_tiles: Counts
) -> None:
    """Deal the tiles out by one byte of their keys, in order; `place` counts each digit."""
    total = 0
    for digit in range(DIGITS):
        count = place[digit]
        place[digit] = total
        total += count
    for i in range(keys.size):
        at = np.uint64(_digit(keys[i], byte))
        new_keys[np.uint64(place[at])] = keys[i]
        new_tiles[np.uint64(place[at])] = tiles[i]
        place[at] += 1


@kernel
def _sort(
    bits: Counts, first: int, counts: Counts, keys: Counts, tiles: Counts, out: Counts
) -> None:
    """Sort one group from its lowest byte to its highest, past bytes that all tiles share."""
    counts[:] = 0
    size = bits.size
    for i in range(size):
        key = _key(bits[i])
        keys[0, i] = key
        out[i] = first + i
        for byte in range(BYTES):
            counts[byte, np.uint64(_digit(key, byte))] += 1
    turn = 0
    for byte in range(BYTES):
        if size and counts[byte, _digit(keys[turn, 0], byte)] == size:
            continue
        old_keys, new_keys = keys[turn, :size], keys[1 - turn, :size]
        if turn == 0:
            _pass(old_keys, out, counts[byte], byte, new_keys, tiles)
        else:
            _pass(old_keys, tiles, counts[byte], byte, new_keys, out)
        turn = 1 - turn
    if turn == 1:
        out[:] = tiles[:size]


@parallel_kernel
def _sort_groups(
    bits: Counts, group_start: Counts, counts: Counts, keys: Counts, tiles: Counts, out: Counts
) -> None:
    """Sort the groups in parallel, each thread in its own workspace."""
    for unsigned_group in prange(group_start.size - 1):
        group = np.int64(unsigned_group)
        first, last = group_start[group], group_start[group + 1]
        thread = thread_id()
        _sort(bits[first:last], first, counts[thread], keys[thread], tiles[thread], out[first:last])


def order_by_group(criterion: Floats, group_start: Counts, out: Counts) -> None:
    """Sort the tiles of each group by their criterion, ascending, ties in order of the tiles.

    Parameters
    ----------
    criterion
        Shape (n,). NaN comes last.
    group_start
        Shape (g + 1,): group k holds tiles ``group_start[k]`` to ``group_start[k + 1]``.
    out
        Output, shape (n,): indices of tiles, group by group.

    Raises
    ------
    ValueError
        If lengths do not fit or `group_start` descends.

    Notes
    -----
    A radix sort on the bits of the floats, byte by byte.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty(3, np.int64)
    >>> order_by_group(np.array([2.0, 1.0, 0.0]), np.array([0, 2, 3]), out)
    >>> out.tolist()
    [1, 0, 2]
    """
    if out.size != criterion.size or not covers(group_start, criterion.size):
        raise ValueError("order_by_group: lengths do not fit or group_start descends")
    bits = np.ascontiguousarray(criterion, np.float64).view(np.int64)
    threads = numba.get_num_threads()
    longest = int(np.diff(group_start).max(initial=0))
    with numba.parallel_chunksize(chunk_size(group_start.size - 1)):
        _sort_groups(
            bits,
            group_start,
            np.empty((threads, BYTES, DIGITS), np.int64),
            np.empty((threads, 2, longest), np.int64),
            np.empty((threads, longest), np.int64),
            out,
        )
