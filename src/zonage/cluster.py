"""Monte Carlo and sweeps on the workers of a dask scheduler, with the answers of one machine.

The base zoning is sent once to each worker. A draw or scenario is known by its number, so that it
gives the same wherever it is computed; counts are whole numbers and rows are put in the order of
their numbers. What a lost worker had is computed again.
"""

from __future__ import annotations

import asyncio
import copyreg
import io
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, reduce
from importlib import import_module
from itertools import product
from operator import add
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from zonage.errors import BadInput, ZonageError
from zonage.provenance import code_digest
from zonage.scenarios import reform
from zonage.scenarios import sweep as local_sweep
from zonage.scenarios import uncertainty as local_uncertainty
from zonage.scenarios.uncertainty import Errors, Uncertainty
from zonage.scenarios.what_if import Value
from zonage.zoning import Zoning

if TYPE_CHECKING:
    from zonage.scenarios.sweep import Sweep

DRAWS, SCENARIOS = 25, 50
"""Draws and scenarios of one task: seconds of work on a metropolis, little to lose."""

ROUNDS = 4
"""How often what was lost with workers is sent again."""

ANSWER_S, WORKERS_S = 10, 60
"""Seconds to wait for the scheduler to answer, and for its first worker."""

Answer = TypeVar("Answer")
Row = Mapping[str, float]


def monte_carlo(
    base: Zoning,
    *,
    scheduler: str,
    draws: int | Sequence[int] = 1000,
    seed: int = 0,
    errors: Errors | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Uncertainty:
    """Do :func:`zonage.scenarios.uncertainty.monte_carlo` on a cluster, to the same bytes.

    Parameters
    ----------
    base : Zoning
        The zoning whose uncertainty is asked for.
    scheduler : str
        Address of a dask scheduler, such as ``tcp://10.0.0.1:8786``. It and its workers can run
        any code here and there: use one that you trust.
    draws : int, or sequence of int
        How many draws, or their numbers.
    seed : int
        At least 0.
    errors : Errors, optional
        Sizes of the errors.
    tell : callable, optional
        Called with the draws done and their number.

    Raises
    ------
    BadInput
        As on one machine, and if the scheduler does not answer, has no workers, or one of them
        runs other code or libraries.
    ZonageError
        If workers are lost again and again.
    """
    errors = errors or Errors()
    numbers = list(range(draws) if isinstance(draws, int) else draws)
    if not numbers:
        raise BadInput("not a number of draws", found=draws, expected="at least 1")
    chunks = [numbers[first : first + DRAWS] for first in range(0, len(numbers), DRAWS)]
    done = 0
    parts: dict[int, Uncertainty] = {}
    with _connected(scheduler) as client:
        for place, counts in _answers(client, base, _draw, chunks, (seed, errors)):
            parts[place] = Uncertainty(base, errors, seed, *counts)
            done += len(chunks[place])
            tell(done, len(numbers))
    return reduce(add, (parts[place] for place in range(len(chunks))))


def _draw(base: Zoning, numbers: Sequence[int], seed: int, errors: Errors) -> tuple[Any, ...]:
    """Do some draws, on a worker."""
    found = local_uncertainty.monte_carlo(base, draws=numbers, seed=seed, errors=errors)
    return found.numbers, found.inside_count, found.quarter_count, found.totals


def sweep(
    base: Zoning,
    ranges: Mapping[str, Sequence[Value]],
    *,
    scheduler: str,
    done: Callable[[int], Row | None] = lambda number: None,
    tell: Callable[[int, Row], None] = lambda number, row: None,
) -> Sweep:
    """Do :func:`zonage.scenarios.sweep.sweep` on a cluster, to the same bytes.

    Only relabelling is worth sending: where the merge tree gives the answers, it does so here.

    Parameters
    ----------
    base : Zoning
        Gives tiles, reference, law and method.
    ranges : mapping of str to sequence
        Values by path.
    scheduler : str
        Address of a dask scheduler that you trust.
    done, tell : callable, optional
        As on one machine; scenarios come in any order.

    Raises
    ------
    BadInput
        As on one machine, and if the scheduler does not answer, has no workers, or one of them
        runs other code or libraries.
    ZonageError
        If workers are lost again and again.
    """
    values = {path: tuple(given) for path, given in ranges.items()}
    rows = _Rows(base, values, scheduler, done, tell)
    return local_sweep.sweep(base, values, done=rows.of)


class _Rows:
    """Measures of scenarios: known already, or all computed on the cluster when one is asked for.

    A sweep asks only where it relabels, and after it has checked every value.
    """

    def __init__(
        self,
        base: Zoning,
        values: Mapping[str, tuple[Value, ...]],
        scheduler: str,
        done: Callable[[int], Row | None],
        tell: Callable[[int, Row], None],
    ) -> None:
        self.base, self.values, self.scheduler = base, values, scheduler
        self.done, self.tell = done, tell
        self.rows: dict[int, Row] = {}

    def of(self, number: int) -> Row:
        if not self.rows:
            self._compute()
        return self.rows[number]

    def _compute(self) -> None:
        missing: list[tuple[int, tuple[Value, ...]]] = []
        for number, row in enumerate(product(*self.values.values())):
            known = self.done(number)
            if known is None:
                missing.append((number, row))
            else:
                self.rows[number] = known
        if not missing:
            return
        chunks = [missing[first : first + SCENARIOS] for first in range(0, len(missing), SCENARIOS)]
        paths = tuple(self.values)
        with _connected(self.scheduler) as client:
            for place, found in _answers(client, self.base, _zone, chunks, (paths,)):
                for (number, _), measured in zip(chunks[place], found, strict=True):
                    self.rows[number] = measured
                    self.tell(number, measured)


def _zone(
    base: Zoning, scenarios: Sequence[tuple[int, tuple[Value, ...]]], paths: tuple[str, ...]
) -> list[Row]:
    """Zone some scenarios, on a worker."""
    return [
        local_sweep.measures(reform(base, dict(zip(paths, values, strict=True))))
        for _, values in scenarios
    ]


# --------------------------------------------------------------------------------------------------
# The cluster


def _distributed() -> Any:
    """The library, which is an extra."""
    try:
        return import_module("distributed")
    except ImportError:
        raise BadInput(
            "dask.distributed is not installed", hint="pip install 'zonage[cluster]'"
        ) from None


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    """A client of a scheduler that has workers."""
    distributed = _distributed()
    try:
        # A client that finds no scheduler leaves a thread behind, on which later ones may wait.
        # In a thread, since a notebook has an event loop of its own in this one.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _greet(distributed, scheduler)).result()
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(
            "no scheduler answers",
            found=scheduler,
            expected="an address such as tcp://10.0.0.1:8786",
            hint=str(error) or None,
        ) from error
    client = distributed.Client(scheduler, timeout=ANSWER_S, set_as_default=False)
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKERS_S)
        except TimeoutError:
            raise BadInput(
                "the scheduler has no workers",
                found=scheduler,
                hint=f"dask worker {scheduler} --nworkers 4 --nthreads 1",
            ) from None
        yield client


async def _greet(distributed: Any, scheduler: str) -> None:
    """Open and close a connection."""
    security = distributed.Security().get_connection_args("client")
    connection = await distributed.comm.connect(scheduler, timeout=ANSWER_S, **security)
    await connection.close()


def _answers(
    client: Any,
    base: Zoning,
    task: Callable[..., Answer],
    chunks: Sequence[Any],
    rest: tuple[Any, ...],
) -> Iterator[tuple[int, Answer]]:
    """Do a task on every chunk; give each answer with its place as it comes."""
    content = packed(base)
    missing = set(range(len(chunks)))
    problem: BaseException | None = None
    for _ in range(ROUNDS):
        try:
            # What was lost with the last worker that held the base is sent again with it.
            sent = client.scatter(content, broadcast=True, hash=False)
        except (OSError, RuntimeError) as error:
            raise ZonageError(f"the scheduler was lost: {error}") from error
        arguments = (task, code_digest(), sent)
        futures = {
            client.submit(_on_worker, *arguments, chunks[place], *rest, pure=False): place
            for place in sorted(missing)
        }
        for future in _distributed().as_completed(futures, loop=client.loop):
            try:
                answer = _answer(future)
            except CancelledError as error:
                problem = error
                continue
            missing.discard(futures[future])
            yield futures[future], answer
            future.release()
        if not missing:
            return
    raise ZonageError(f"workers were lost again and again: {problem}")


def _answer(future: Any) -> Any:
    """The answer of a task.

    Raises
    ------
    CancelledError
        If it was lost with its worker, before it was given or after.
    ZonageError
        If it met any other problem.
    """
    try:
        return future.result()
    except (ZonageError, CancelledError):
        raise
    except _distributed().KilledWorker as error:
        raise CancelledError(str(error)) from error
    except Exception as error:
        raise ZonageError(f"a worker failed: {type(error).__name__}: {error}") from error


def _on_worker(
    task: Callable[..., Answer], code: str, content: bytes, chunk: Any, *rest: Any
) -> Answer:
    """Do a task where the code and its libraries are those of the one who asks."""
    if code_digest() != code:
        raise BadInput(
            "a worker runs another zonage, or other libraries",
            found=code_digest()[:12],
            expected=code[:12],
            hint="install the same versions on all workers",
        )
    return task(_unpacked(content), chunk, *rest)


class _Pickler(pickle.Pickler):
    """Knows read-only mappings, which pickle by itself does not."""

    dispatch_table = copyreg.dispatch_table | {
        MappingProxyType: lambda proxy: (_read_only, (dict(proxy),))
    }


def _read_only(mapping: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(mapping)


def packed(base: Zoning) -> bytes:
    """Return a zoning as bytes to send, without what can be made from it again."""
    stream = io.BytesIO()
    _Pickler(stream, protocol=5).dump(replace(base))
    return stream.getvalue()


@lru_cache(maxsize=2)
def _unpacked(content: bytes) -> Zoning:
    base: Zoning = pickle.loads(content)
    return base
