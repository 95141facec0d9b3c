"""Carry a batch out: plan, works on one or more processes, report."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

from zonage.batch.changes import WorkChange, batch_changes
from zonage.batch.file import Batch
from zonage.batch.listing import Listing, make_listing
from zonage.batch.plan import Group, Plan, make_plan
from zonage.errors import BadInput
from zonage.outputs.folder import usable_folder
from zonage.outputs.results import Results
from zonage.sources.contents import Contents

Tell = Callable[[str], None]
Problems = dict[str, str]
"""Why there is no result, by key."""

PROGRESS_S = 2.0
"""Seconds between two lines of progress."""

SURE_FROM = 0.02
"""Share of the works from which the time left is told."""


@dataclass(frozen=True)
class Outcome:
    """What a batch did.

    Attributes
    ----------
    plan : Plan
        What was to do.
    done : int
        Works that were computed.
    listing : Listing
        All works with their result or problem.
    changes : tuple of WorkChange
        What changed since the last batch that was another one.
    repeated : bool
        Whether the last batch found the same, so that its changes are told again.
    folder : Path
        The report.
    """

    plan: Plan
    done: int
    listing: Listing
    changes: tuple[WorkChange, ...]
    repeated: bool
    folder: Path


def plan_batch(batch: Batch) -> Plan:
    """Find out what a batch would do; nothing is computed, nothing is written.

    Parameters
    ----------
    batch : Batch
        From :func:`zonage.batch.read_batch`.
    """
    store = Results(batch.results)
    return make_plan(batch, Contents(store.digests()), store.has)


def run_batch(batch: Batch, *, jobs: int = 1, tell: Tell = lambda text: None) -> Outcome:
    """Do what is new of a batch and write its report.

    Parameters
    ----------
    batch : Batch
        From :func:`zonage.batch.read_batch`.
    jobs : int
        Processes; the results do not depend on it.
    tell : callable, optional
        Called with a line of progress.

    Raises
    ------
    BadInput
        If the file asks for what cannot be, or a folder cannot be written to; what was computed
        until then is kept.
    """
    from zonage.outputs.batch import read_listings, write_batch

    if jobs < 1:
        raise BadInput("not a number of processes", found=jobs, expected="at least 1")
    folder = usable_folder(batch.folder)
    store = Results(batch.results)
    with store.locked(tell):
        contents = Contents(store.digests())
        plan = make_plan(batch, contents, store.has)
        store.keep_digests(contents.to_dict())
        counts = plan.counts()
        tell(f"{counts['works']} works: {counts['new']} new, {counts['kept']} kept")
        problems = _do(plan, store, jobs, tell)
        tell("report")
        last, since = read_listings(folder)
        listing = make_listing(plan, problems, store).after(last)
        # A batch that repeats the last one tells the same again: an interruption after the report
        # was written changes nothing.
        repeated = listing.same_as(last)
        since = since if repeated else last
        changes = batch_changes(since, listing, store.get)
        write_batch(batch, plan, listing, since, changes, folder)
        store.keep_only(listing.keys | since.keys)
    return Outcome(plan, counts["new"] - len(problems), listing, changes, repeated, folder)


def _do(plan: Plan, store: Results, jobs: int, tell: Tell) -> Problems:
    groups = plan.new
    progress = Progress(sum(len(group.works) for group in groups), tell)
    if jobs == 1 or not groups:
        problems: Problems = {}
        for group in groups:
            for key, problem in keep_works(group, store):
                progress.count(progress.done + 1)
                if problem:
                    problems[key] = problem
        return problems
    return _on_processes(_parts(groups, jobs), store, jobs, progress)


def keep_works(group: Group, store: Results) -> Iterator[tuple[str, str]]:
    """Do the works of a group and keep each result as soon as it is there.

    Yields
    ------
    str, str
        The key of each work and its problem, empty where its result is kept.
    """
    from zonage.batch.work import do_works

    for work, result, problem in do_works(group):
        if result is not None:
            store.put(work.key, result)
        yield work.key, problem


class Progress:
    """Says how many works are done and how long the rest will take, every few seconds.

    Examples
    --------
    >>> progress = Progress(4, print, clock=iter([0.0, 10.0]).__next__)
    >>> progress.count(1)
    work 1 of 4, about 30 s left
    """

    def __init__(
        self, total: int, tell: Tell, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.total, self.done = total, 0
        self._tell, self._clock = tell, clock
        self._begun = self._told = clock()

    def count(self, done: int) -> None:
        """Say that so many works are done, if it is time to say so."""
        self.done = done
        now = self._clock()
        if not 0 < done < self.total or now - self._told < PROGRESS_S:
            return
        self._told = now
        left = (now - self._begun) / done * (self.total - done)
        # The first works wait for their base: what they take says little about the others.
        said = f", about {_duration(left)} left" if done >= SURE_FROM * self.total else ""
        self._tell(f"work {done} of {self.total}{said}")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


# --------------------------------------------------------------------------------------------------
# More processes than one


def _parts(groups: Sequence[Group], jobs: int) -> list[Group]:
    """Split groups where there are fewer of them than processes: each part reads its base again."""
    parts = -(-jobs // len(groups))
    return [
        replace(group, works=group.works[first::parts])
        for group in groups
        for first in range(min(parts, len(group.works)))
    ]


def _on_processes(
    groups: Sequence[Group], store: Results, jobs: int, progress: Progress
) -> Problems:
    """Do groups on processes; those that a dying process takes along are done again, one by one."""
    problems, lost = _in_pool(groups, store, jobs, progress)
    for group in lost:
        rest = tuple(work for work in group.works if not store.has(work.key))
        again, dead = _in_pool([replace(group, works=rest)], store, 1, progress)
        problems |= again
        if dead:
            died = "its process died, perhaps for want of memory"
            problems |= {work.key: died for work in rest if not store.has(work.key)}
    return problems


def _in_pool(
    groups: Sequence[Group], store: Results, jobs: int, progress: Progress
) -> tuple[Problems, list[Group]]:
    """Do groups in a pool of fresh processes; return problems, and the groups that were lost."""
    problems: Problems = {}
    lost: list[Group] = []
    keys = {work.key for group in groups for work in group.works}
    before = progress.done
    # A forked process would inherit locks, and compiled code that runs on threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _prepare, (jobs,)) as pool:
        try:
            waiting: dict[Future[Problems], Group] = {
                pool.submit(_do_group, group, store.folder): group for group in groups
            }
            while waiting:
                finished, _ = wait(waiting, timeout=1.0, return_when=FIRST_COMPLETED)
                progress.count(before + store.seen(keys))
                for future in finished:
                    group = waiting.pop(future)
                    try:
                        problems |= future.result()
                    except BrokenProcessPool:
                        lost.append(group)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return problems, lost


def _do_group(group: Group, folder: Path) -> Problems:
    found = keep_works(group, Results(folder))
    return {key: problem for key, problem in found if problem}


def _prepare(jobs: int) -> None:
    """Make a process share the cores with the others, and end when its parent does."""
    os.environ.setdefault("NUMBA_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // jobs)))
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
