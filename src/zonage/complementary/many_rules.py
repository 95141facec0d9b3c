"""The perimeters of many rules at once, from the layers of one result.

The compiled plan gives what `zonage.complementary.perimeters.Complement.under` gives for each rule
alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonage.complementary.choices import LEVELS, Condition, thousandths
from zonage.complementary.levels import Evidence
from zonage.complementary.perimeters import Complement
from zonage.complementary.rule import Rule
from zonage.errors import BadInput
from zonage.variables import FIXED_POINT


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What is inside under each of many rules.

    Attributes
    ----------
    rules : tuple of Rule, length r
        The rules.
    inside : int64 array, shape (2, n)
        Rules under which each tile is inside at level 1, and at level 1 or 2.
    totals : int64 array, shape (r, 2, 3)
        Perimeters, tiles, and inhabitants in fixed point, at level 1, and at level 1 or 2.
    kept : int64 array, shape (r, 2, k)
        Inhabitants of each perimeter of the base that are inside at level 1, and at level 1 or 2.
    """

    rules: tuple[Rule, ...]
    inside: NDArray[np.int64]
    totals: NDArray[np.int64]
    kept: NDArray[np.int64]


def under_many(base: Complement, rules: Sequence[Rule]) -> Outcomes:
    """Find what is inside under each of many rules.

    Parameters
    ----------
    base : Complement
        Gives tiles, quarters and layers; its perimeters are those that are followed.
    rules : sequence of Rule
        At least one.

    Raises
    ------
    BadInput
        For no rule, or a rule that the layers do not allow.
    """
    from zonage.kernels.levels import under_rules

    if not rules:
        raise BadInput("no rule to try", expected="at least one")
    tiles, size = base.tiles, len(rules)
    population = tiles.count("population")
    inside = np.empty((len(LEVELS), len(tiles)), np.int64)
    totals = np.empty((size, len(LEVELS), 3), np.int64)
    kept = np.empty((size, len(LEVELS), len(base.perimeter_level) + 1), np.int64)
    inhabited = population > 0
    arrays = _Arrays.of(base, rules)
    under_rules(
        np.stack([one.code for one in base.layers]),
        np.stack([one.less_fragile for one in base.layers]),
        population,
        np.stack([inhabited, inhabited & ~base.quarters]),
        tiles.neighbours,
        base.label,
        arrays.first,
        arrays.counts_unknown,
        arrays.family_bit,
        arrays.families,
        arrays.by_score,
        arrays.need,
        arrays.weights,
        arrays.minimum,
        arrays.corners,
        arrays.exclude,
        inside,
        totals,
        kept,
    )
    return Outcomes(tuple(rules), inside, totals, kept[:, :, 1:])


@dataclass(frozen=True, eq=False)
class _Arrays:
    """Many rules as the kernel wants them."""

    first: NDArray[np.int32]
    counts_unknown: NDArray[np.bool_]
    family_bit: NDArray[np.int64]
    families: NDArray[np.int64]
    by_score: NDArray[np.bool_]
    need: NDArray[np.int64]
    weights: NDArray[np.int64]
    minimum: NDArray[np.int64]
    corners: NDArray[np.bool_]
    exclude: NDArray[np.bool_]

    @classmethod
    def of(cls, base: Complement, rules: Sequence[Rule]) -> _Arrays:
        """Translate rules, each distinct condition once."""
        size, layers = len(rules), base.layers
        per_indicator = (size, len(layers))
        arrays = cls(
            first=np.zeros(per_indicator, np.int32),
            counts_unknown=np.zeros(per_indicator, np.bool_),
            family_bit=np.zeros(per_indicator, np.int64),
            families=np.empty(size, np.int64),
            by_score=np.array([rule["decision"] == "score" for rule in rules]),
            need=np.array([_needed(rule) for rule in rules], np.int64),
            weights=np.zeros(per_indicator, np.int64),
            minimum=np.array([int(rule["min_population"]) for rule in rules]) * FIXED_POINT,
            corners=np.array([rule["connectivity"] == 8 for rule in rules]),
            exclude=np.array([bool(rule["exclude_quarters"]) for rule in rules]),
        )
        place = {one.name: number for number, one in enumerate(layers)}
        names = sorted({one.layer.indicator.family for one in layers})
        bit = [1 << names.index(one.layer.indicator.family) for one in layers]
        codes: dict[Condition, int] = {}
        for row, rule in enumerate(rules):
            evidence = Evidence.of(layers, base.tiles.count("population"), rule)
            arrays.families[row] = len(evidence.families)
            for one, condition in zip(evidence.ranked, evidence.conditions, strict=True):
                column = place[one.name]
                if condition not in codes:
                    codes[condition] = one.first_code(condition)
                arrays.first[row, column] = codes[condition]
                arrays.counts_unknown[row, column] = condition.missing != "ignore"
                arrays.family_bit[row, column] = bit[column]
                arrays.weights[row, column] = thousandths(condition.weight)
        return arrays


def _needed(rule: Rule) -> list[int]:
    if rule["decision"] == "score":
        return [1000 * thousandths(rule[f"level_{level}_score"]) for level in LEVELS]
    return [rule.needed(level) for level in LEVELS]
