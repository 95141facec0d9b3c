"""What a batch has to do: which works are new, which are kept, which cannot be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from zonage.batch.file import BASE, Base, Batch
from zonage.batch.keys import Rule, base_facts, base_rule, changed_rule, input_contents, result_key
from zonage.errors import BadInput, ZonageError
from zonage.project import Project
from zonage.scenarios.what_if import Value
from zonage.sources.contents import Content, Contents

Identity = tuple[str, str, str, str]
"""Names of the territory, vintage, law and scenario of a work."""


@dataclass(frozen=True)
class Work:
    """One scenario on one base.

    Attributes
    ----------
    identity : tuple of str
        Names of the territory, vintage, law and scenario.
    settings : mapping of str to value
        What the scenario changes, by path.
    key : str
        Under which its result is kept; empty where it cannot be known.
    problem : str
        Why it cannot be done; empty where nothing is known against it.
    """

    identity: Identity
    settings: Mapping[str, Value]
    key: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Group:
    """The works on one base, which is read and zoned once for all of them.

    Attributes
    ----------
    base : Base
        The base.
    inputs : mapping of str to Content
        Its files, by their key in the project.
    works : tuple of Work
        One for each scenario.
    """

    base: Base
    inputs: Mapping[str, Content]
    works: tuple[Work, ...]


@dataclass(frozen=True)
class Plan:
    """What a batch has to do.

    Attributes
    ----------
    groups : tuple of Group
        One for each base.
    kept : frozenset of str
        Keys whose results are there already.
    """

    groups: tuple[Group, ...]
    kept: frozenset[str] = field(default_factory=frozenset)

    @property
    def works(self) -> Iterator[Work]:
        """All works, in the order of the batch file."""
        return (work for group in self.groups for work in group.works)

    @property
    def keys(self) -> set[str]:
        """The keys of all works that can be done."""
        return {work.key for work in self.works if not work.problem}

    @property
    def new(self) -> tuple[Group, ...]:
        """The works to do, grouped by base; of works with one key only the first."""
        seen = set(self.kept)
        groups = []
        for group in self.groups:
            works = []
            for work in group.works:
                if not work.problem and work.key not in seen:
                    seen.add(work.key)
                    works.append(work)
            if works:
                groups.append(Group(group.base, group.inputs, tuple(works)))
        return tuple(groups)

    def counts(self, territory: str | None = None) -> dict[str, int]:
        """Count works, those that are new, kept, the same as another one, and impossible."""
        new = {work.identity for group in self.new for work in group.works}
        counts = {"works": 0, "new": 0, "kept": 0, "same": 0, "impossible": 0}
        for work in self.works:
            if territory not in (None, work.identity[0]):
                continue
            counts["works"] += 1
            if work.problem:
                counts["impossible"] += 1
            elif work.key in self.kept:
                counts["kept"] += 1
            else:
                counts["new" if work.identity in new else "same"] += 1
        return counts


def make_plan(batch: Batch, contents: Contents, has: Callable[[str], bool]) -> Plan:
    """Find out what a batch has to do; nothing is computed and nothing is written.

    Parameters
    ----------
    batch : Batch
        What is asked.
    contents : Contents
        Digests of inputs.
    has : callable
        Whether the result under a key is kept.

    Raises
    ------
    BadInput
        If a scenario is impossible under every law: a slip in the batch file.
    """
    groups = tuple(_group(base, batch, contents) for base in batch.bases)
    _refuse_slips(batch, groups)
    plan = Plan(groups)
    return Plan(groups, frozenset(key for key in plan.keys if has(key)))


def _group(base: Base, batch: Batch, contents: Contents) -> Group:
    try:
        project = _usable(base.project)
        rule = base_rule(project)
        inputs = input_contents(project, contents)
    except ZonageError as error:
        works = tuple(
            Work(_identity(base, name), settings, problem=str(error))
            for name, settings in batch.scenarios.items()
        )
        return Group(base, {}, works)
    facts = base_facts(project, inputs)
    works = tuple(
        _work(_identity(base, name), settings, rule, facts)
        for name, settings in batch.scenarios.items()
    )
    return Group(base, inputs, works)


def _usable(project: Project | BadInput) -> Project:
    if isinstance(project, BadInput):
        raise project
    return project


def _identity(base: Base, scenario: str) -> Identity:
    return base.territory, base.vintage, base.law, scenario


def _work(
    identity: Identity, settings: Mapping[str, Value], rule: Rule, facts: Mapping[str, object]
) -> Work:
    try:
        key = result_key(facts, changed_rule(rule, settings))
    except BadInput as error:
        return Work(identity, settings, problem=str(error))
    return Work(identity, settings, key)


def _refuse_slips(batch: Batch, groups: tuple[Group, ...]) -> None:
    """Refuse a scenario that no base takes although some bases are good."""
    good = [group for group in groups if not group.works[0].problem]
    for place, name in enumerate(batch.scenarios):
        problems = [group.works[place].problem for group in good]
        if name != BASE and good and all(problems):
            raise BadInput(problems[0], file=batch.file, column=f"scenarios.{name}")
