"""The listing of a batch: each work with the key of its result, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from zonage.batch.plan import Identity, Plan
from zonage.outputs.results import Results

Status = Literal["done", "failed"]
Key = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Frozen):
    """One work, as it ended.

    Attributes
    ----------
    territory, vintage, law, scenario : str
        Its names.
    status : {"done", "failed"}
        Whether this batch has its result.
    problem : str
        Why not; empty where it has.
    key : str or None
        Of its result; of a failed one, that of its last result, if there ever was one.
    totals : mapping of str to float
        What that result counts inside quarters, its line in EUR a year of disposable income and
        its F1 against official outlines where there are some; empty without a result.
    """

    territory: str
    vintage: str
    law: str
    scenario: str
    status: Status
    problem: str = ""
    key: Key | None = None
    totals: dict[str, int | float] = Field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        """Names of the territory, vintage, law and scenario."""
        return self.territory, self.vintage, self.law, self.scenario


class Listing(_Frozen):
    """All works of a batch, in the order of its file."""

    works: tuple[Entry, ...] = ()

    @cached_property
    def by_identity(self) -> Mapping[Identity, Entry]:
        """The works by their names."""
        return {entry.identity: entry for entry in self.works}

    @property
    def failed(self) -> Iterator[Entry]:
        """The works that have no result."""
        return (entry for entry in self.works if entry.status == "failed")

    @property
    def keys(self) -> set[str]:
        """Keys of all results that are spoken of."""
        return {entry.key for entry in self.works if entry.key is not None}

    def same_as(self, other: Listing) -> bool:
        """Return whether all works are the same and ended in the same way."""
        return [_end(entry) for entry in self.works] == [_end(entry) for entry in other.works]

    def after(self, last: Listing) -> Listing:
        """Return the listing with the last results of works that failed."""
        works = []
        for entry in self.works:
            known = last.by_identity.get(entry.identity)
            if entry.status == "failed" and known is not None:
                entry = entry.model_copy(update={"key": known.key, "totals": known.totals})
            works.append(entry)
        return Listing(works=tuple(works))


def _end(entry: Entry) -> tuple[Any, ...]:
    return (*entry.identity, entry.status, entry.problem, entry.key)


def make_listing(plan: Plan, problems: Mapping[str, str], store: Results) -> Listing:
    """List the works of a plan that was carried out.

    Parameters
    ----------
    plan : Plan
        What was to do.
    problems : mapping of str to str
        Problems that works met, by key.
    store : Results
        Holds all other results.
    """
    return Listing(works=tuple(_entries(plan, problems, store.get)))


def _entries(plan: Plan, problems: Mapping[str, str], get: Callable[[str], Any]) -> Iterator[Entry]:
    for work in plan.works:
        territory, vintage, law, scenario = work.identity
        problem = work.problem or problems.get(work.key, "")
        result = None if problem else get(work.key)
        if result is None and not problem:
            problem = "its result was removed while the batch was working"
        yield Entry(
            territory=territory,
            vintage=vintage,
            law=law,
            scenario=scenario,
            status="failed" if problem else "done",
            problem=problem,
            key=None if problem else work.key,
            totals={} if result is None else result["totals"],
        )
