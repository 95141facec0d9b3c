"""How work is shared out among threads."""

import numba
from numba import get_thread_id as thread_id  # type: ignore[attr-defined]

__all__ = ["chunk_size", "part_count", "thread_id"]

GROUPS_PER_CHUNK = 16


def chunk_size(groups: int) -> int:
    """Return how many groups a thread takes at a time: few, so that large ones do not pile up."""
    return max(1, min(GROUPS_PER_CHUNK, groups // (8 * numba.get_num_threads())))


def part_count(size: int, least: int = 1) -> int:
    """Return in how many parts to cut: at most one a thread, each of at least `least`."""
    return max(1, min(numba.get_num_threads(), size // least))
