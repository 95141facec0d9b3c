"""Every option of the compiler, in one place."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys

Result = TypeVar("Result")

# No fastmath: sums that decide a legal test keep their order.
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


class KernelCache(FunctionCache):
    """Kernels compiled before, loaded from disk without what only compiling needs.

    The class of numba first fills the registries of all that can be compiled, down to SciPy's
    linear algebra; that takes as long as importing numba. The compiler itself fills them when a
    kernel is not on disk.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load a kernel for the types of its arguments, or None where there is none yet."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]


def _compiled(function: Callable[..., Result], **options: Any) -> Callable[..., Result]:
    """Compile a function at its first call with each types of arguments, and keep it on disk."""
    dispatcher = numba.njit(**OPTIONS, **options)(function)
    # The cache does not know whether a kernel was compiled with bounds checks, so a checked run
    # neither reads nor writes it.
    if not (numba.config.DISABLE_JIT or numba.config.BOUNDSCHECK):  # type: ignore[attr-defined]
        # Parts of numba that it promises to nobody: without them, its own cache.
        lean = hasattr(FunctionCache, "_load_overload") and hasattr(rtsys, "initialize")
        cache = KernelCache if lean else FunctionCache
        dispatcher._cache = cache(function)  # type: ignore[no-untyped-call]
    return cast("Callable[..., Result]", dispatcher)


def kernel(function: Callable[..., Result]) -> Callable[..., Result]:
    """Compile a function for one thread."""
    return _compiled(function)


def parallel_kernel(function: Callable[..., Result]) -> Callable[..., Result]:
    """Compile a function whose ``prange`` loops run on all threads."""
    return _compiled(function, parallel=True)
