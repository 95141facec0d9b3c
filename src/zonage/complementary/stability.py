"""Which perimeters hold whatever the rule, and which hang on one choice?

A stated range of rules is tried: all combinations of the values, or a seeded sample of them. Each
tile gets the share of rules under which it is inside, each perimeter how often it persists and
which single parameter removes it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from zonage.complementary.many_rules import Outcomes, under_many
from zonage.complementary.perimeters import PERSISTS, Complement
from zonage.complementary.rule import Rule
from zonage.errors import BadInput
from zonage.law.parameters import Value

if TYPE_CHECKING:
    import xarray as xr

ALWAYS = 0.95
"""Share of the rules from which on a perimeter that no single change removes always holds."""

MAX_RULES = 1_000_000
"""Rules of one run."""

VERDICTS = (
    "whatever the rule",
    "on one choice",
    "on several choices",
    "on combinations of choices",
)
"""What a perimeter hangs on: nothing; one parameter that alone removes it; each of several; several
changed together."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One parameter whose change alone removes a perimeter, and the values that do."""

    path: str
    values: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Stability:
    """How perimeters stand in a range of rules.

    Attributes
    ----------
    base : Complement
        The perimeters.
    ranges : mapping of str to tuple
        The values tried, by path.
    plan : {"grid", "sample"}
        All combinations, or some drawn by chance.
    seed : int
        Seed of the sample.
    refused : int
        Combinations left out since their values do not fit together.
    outcomes : Outcomes
        What is inside under each rule tried.
    removed_by : tuple of tuples of Removal, length k
        For each perimeter the parameters that alone remove it from its level.
    """

    base: Complement
    ranges: Mapping[str, tuple[Value, ...]]
    plan: Literal["grid", "sample"]
    seed: int
    refused: int
    outcomes: Outcomes
    removed_by: tuple[tuple[Removal, ...], ...]

    @property
    def rules(self) -> int:
        """Number of rules tried."""
        return len(self.outcomes.rules)

    @property
    def share(self) -> NDArray[np.float64]:
        """Share of rules with each tile inside at level 1, and at level 1 or 2, shape (2, n)."""
        return self.outcomes.inside / self.rules

    @cached_property
    def persistence(self) -> NDArray[np.float64]:
        """Share of rules under which each perimeter persists, shape (2, k).

        A perimeter persists where at least half of its inhabitants are still inside: at its own
        level (first row), or at any level (second row).
        """
        kept, people = self.outcomes.kept, self.base.perimeter_population
        level = self.base.perimeter_level - 1
        own = np.take_along_axis(kept, level[np.newaxis, np.newaxis], axis=1)[:, 0]
        rows = [_persists(own, people), _persists(kept[:, 1], people)]
        return np.stack([row.sum(axis=0) / self.rules for row in rows])

    @property
    def verdict(self) -> tuple[str, ...]:
        """What each perimeter hangs on, one of :data:`VERDICTS`."""
        verdicts = []
        for share, removals in zip(self.persistence[0].tolist(), self.removed_by, strict=True):
            if removals:
                verdicts.append(VERDICTS[1] if len(removals) == 1 else VERDICTS[2])
            else:
                verdicts.append(VERDICTS[0] if share >= ALWAYS else VERDICTS[3])
        return tuple(verdicts)

    @cached_property
    def table(self) -> dict[str, list[Any]]:
        """The perimeters as columns: how often each persists, and what it hangs on."""
        base = self.base.table
        names = ("perimeter", "level", "within", "communes", "population")
        return {name: base[name] for name in names} | {
            "persistence": self.persistence[0].tolist(),
            "persistence_at_any_level": self.persistence[1].tolist(),
            "hangs": list(self.verdict),
            "removed_by": [
                "; ".join(f"{one.path}={' '.join(map(str, one.values))}" for one in removals)
                for removals in self.removed_by
            ],
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the range of rules for a manifest."""
        return {
            "plan": self.plan,
            "seed": self.seed if self.plan == "sample" else None,
            "rules": self.rules,
            "refused": self.refused,
            "ranges": {path: list(values) for path, values in self.ranges.items()},
        }

    def to_dataset(self) -> xr.Dataset:
        """Return the shares of rules on the grid of the tiles."""
        from zonage.raster import layers, rasterize

        shares = {"share_level_1": self.share[0], "share_level_1_or_2": self.share[1]}
        return layers(rasterize(self.base.tiles), self.base.tiles, shares)


def _persists(kept: NDArray[np.int64], people: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether enough inhabitants stay, shape (rules, k)."""
    return kept >= PERSISTS * people


def stability(
    base: Complement,
    ranges: Mapping[str, Sequence[Value]] | None = None,
    *,
    plan: Literal["auto", "grid", "sample"] = "auto",
    draws: int = 5000,
    seed: int = 0,
) -> Stability:
    """Say which perimeters hold whatever the rule and which hang on one choice.

    Parameters
    ----------
    base : Complement
        The perimeters under the rule from which the others depart.
    ranges : mapping of str to sequence, optional
        Values to try, by path; by default those that the model states for each parameter that
        counts (:func:`default_ranges`).
    plan : {"auto", "grid", "sample"}
        All combinations, or `draws` of them drawn by chance; "auto" takes all where they are not
        more than `draws`.
    draws : int
        Rules of a sample. Each is drawn alone: the same may come twice.
    seed : int
        Seed of the sample; the same gives the same rules.

    Returns
    -------
    Stability

    Raises
    ------
    BadInput
        For an unknown parameter, a value that is not allowed, an empty range, too many rules,
        ranges of which no combination fits together, or a seed below 0.
    """
    values = checked_ranges(base.rule, default_ranges(base.rule) if ranges is None else ranges)
    count = math.prod(map(len, values.values()))
    chosen: Literal["grid", "sample"]
    chosen = "grid" if plan == "grid" or (plan == "auto" and count <= draws) else "sample"
    if not 1 <= (size := count if chosen == "grid" else draws) <= MAX_RULES:
        raise BadInput("too many or too few rules", found=size, expected=f"1 to {MAX_RULES}")
    if seed < 0:
        raise BadInput("not a seed", column="seed", found=seed, expected="0 or more")
    combinations = product(*values.values()) if chosen == "grid" else _drawn(values, draws, seed)
    rules, refused = _variants(base.rule, list(values), combinations)
    outcomes = under_many(base, rules)
    return Stability(base, values, chosen, seed, refused, outcomes, _removals(base, values))


def default_ranges(rule: Rule) -> dict[str, tuple[Value, ...]]:
    """Return the values that the model states for a stability run, of parameters that count."""
    by_score = rule["decision"] == "score"
    return {
        f"{rule.name}.{choice.path}": choice.tested
        for choice in rule.model.choices
        if len(choice.tested) > 1
        and rule.idle(choice.path) is None
        and not (by_score and choice.path.endswith((".cutoff", ".quantile", ".ties")))
    }


def checked_ranges(
    rule: Rule, ranges: Mapping[str, Sequence[Value]]
) -> dict[str, tuple[Value, ...]]:
    """Return ranges by full path, each value allowed by itself; raise BadInput for another."""
    if not ranges:
        raise BadInput("nothing to vary", expected="at least one parameter with its values")
    checked: dict[str, tuple[Value, ...]] = {}
    for path, given in ranges.items():
        choice = rule.choice(path)
        full = f"{rule.name}.{choice.path}"
        if full in checked:
            raise BadInput("the same parameter is varied twice", column=full)
        if not given or len(set(given)) < len(given):
            raise BadInput("an empty range, or a value that comes twice", column=full)
        checked[full] = tuple(rule.accepted(path, value) for value in given)
    return checked


def _drawn(
    values: Mapping[str, tuple[Value, ...]], draws: int, seed: int
) -> Iterator[tuple[Value, ...]]:
    """Draw combinations, each value of a parameter as likely as the others."""
    random = np.random.default_rng(seed)
    places = [random.integers(len(given), size=draws).tolist() for given in values.values()]
    for row in zip(*places, strict=True):
        yield tuple(given[place] for given, place in zip(values.values(), row, strict=True))


def _variants(
    rule: Rule, paths: Sequence[str], combinations: Iterator[tuple[Value, ...]]
) -> tuple[list[Rule], int]:
    """Rules of the combinations whose values fit together, and the number of the others."""
    known: dict[tuple[Value, ...], Rule | None] = {}
    rules, refused, error = [], 0, None
    for combination in combinations:
        if combination not in known:
            try:
                known[combination] = rule.variant(dict(zip(paths, combination, strict=True)))
            except BadInput as problem:
                known[combination], error = None, problem
        variant = known[combination]
        if variant is None:
            refused += 1
        else:
            rules.append(variant)
    if not rules and error is not None:
        raise error
    return rules, refused


def _removals(
    base: Complement, values: Mapping[str, tuple[Value, ...]]
) -> tuple[tuple[Removal, ...], ...]:
    """The parameters that alone remove each perimeter from its level, one changed at a time."""
    changes: list[tuple[str, Value]] = []
    rules: list[Rule] = []
    for path, given in values.items():
        for value in given:
            variant = _alone(base.rule, path, value)
            if variant is not None:
                rules.append(variant)
                changes.append((path, value))
    removed: list[dict[str, list[Value]]] = [{} for _ in base.perimeter_level]
    if rules:
        kept = under_many(base, rules).kept
        rows = np.arange(len(base.perimeter_level))
        gone = ~_persists(kept[:, base.perimeter_level - 1, rows], base.perimeter_population)
        for row, perimeter in zip(*(part.tolist() for part in np.nonzero(gone)), strict=True):
            path, value = changes[row]
            removed[perimeter].setdefault(path, []).append(value)
    return tuple(
        tuple(Removal(path, tuple(given)) for path, given in one.items()) for one in removed
    )


def _alone(rule: Rule, path: str, value: Value) -> Rule | None:
    """The rule with one value changed; None where it does not fit or changes nothing."""
    try:
        variant = rule.variant({path: value})
    except BadInput:
        return None
    return None if variant == rule else variant
