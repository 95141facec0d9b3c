"""Every option of the compiler, in one place."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Result = TypeVar("Result")

# No fastmath: sums that decide a legal test keep their order. The cache does not know whether a
# kernel was compiled with bounds checks, so a checked run neither reads nor writes it.
OPTIONS: dict[str, Any] = {
    "cache": not numba.config.BOUNDSCHECK,  # type: ignore[attr-defined]
    "nogil": True,
    "error_model": "numpy",
}


def kernel(function: Callable[..., Result]) -> Callable[..., Result]:
    """Compile a function for one thread."""
    return cast("Callable[..., Result]", numba.njit(**OPTIONS)(function))


def parallel_kernel(function: Callable[..., Result]) -> Callable[..., Result]:
    """Compile a function whose ``prange`` loops run on all threads."""
    return cast("Callable[..., Result]", numba.njit(parallel=True, **OPTIONS)(function))
