"""Locks on folders among processes; the system lifts them when a process ends, however it ends."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def locked(
    folder: Path, *, wait: bool = True, waiting: Callable[[], object] | None = None
) -> Iterator[None]:
    """Lock a folder.

    Parameters
    ----------
    folder : Path
        The folder.
    wait : bool
        Wait for another process to unlock it; else raise ``BlockingIOError``.
    waiting : callable, optional
        Called before waiting, where one has to.

    Raises
    ------
    OSError
        If the folder is gone, or locked by another process and `wait` is false. Where the system
        has no such locks, nothing is locked and `wait` false always raises: nothing is ever taken
        for a dead process's that may be alive.
    """
    if fcntl is None:
        if not wait:
            raise BlockingIOError(errno.EWOULDBLOCK, "no locks on this system")
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise
            if waiting is not None:
                waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
