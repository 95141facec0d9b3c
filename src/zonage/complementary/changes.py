"""What changes between two rules of the complementary perimeters, and sweeps over their values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonage.complementary.choices import LEVELS
from zonage.complementary.many_rules import under_many
from zonage.complementary.perimeters import Complement
from zonage.complementary.rule import Rule
from zonage.complementary.stability import MAX_RULES, checked_ranges
from zonage.complementary.tables import COUNTED
from zonage.errors import BadInput
from zonage.law.parameters import Value
from zonage.variables import FIXED_POINT


@dataclass(frozen=True, eq=False)
class LevelChange:
    """The difference between the perimeters of two rules on the same tiles.

    Attributes
    ----------
    before, after : Complement
        The perimeters under both.
    """

    before: Complement
    after: Complement

    @property
    def step(self) -> NDArray[np.int8]:
        """1 for a tile that enters a level, -1 for one that leaves it, else 0, shape (2, n).

        The first row is that of level 1, the second that of level 1 or 2.
        """
        was, now = (one.label > 0 for one in (self.before, self.after))
        return now.astype(np.int8) - was.astype(np.int8)

    @cached_property
    def table(self) -> dict[str, list[Any]]:
        """Perimeters, tiles and counts at each level before, after, entering and leaving."""
        tiles = self.before.tiles
        table: dict[str, list[Any]] = {"level": ["1", "1 or 2"]}
        for side, one in (("before", self.before), ("after", self.after)):
            table[f"perimeters_{side}"] = [one.count(level) for level in LEVELS]
        sides = {
            "before": self.before.label > 0,
            "after": self.after.label > 0,
            "entering": self.step > 0,
            "leaving": self.step < 0,
        }
        for side, masks in sides.items():
            table[f"tiles_{side}"] = np.count_nonzero(masks, axis=1).tolist()
        for name in COUNTED:
            if name in tiles.counts:
                count = tiles.count(name)
                for side, masks in sides.items():
                    table[f"{name}_{side}"] = [
                        int(count[mask].sum()) / FIXED_POINT for mask in masks
                    ]
        return table


def change(before: Complement, after: Complement) -> LevelChange:
    """Say what changes from one rule to another.

    Parameters
    ----------
    before, after : Complement
        Perimeters of the same tiles, such as `found` and ``found.reform(...)``.

    Raises
    ------
    BadInput
        If the tiles are not the same.
    """
    one, other = before.tiles, after.tiles
    same = len(one) == len(other) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("northing", "easting")
    )
    if not same:
        raise BadInput(
            "the perimeters are not of the same tiles", found=f"{len(one)} and {len(other)} tiles"
        )
    return LevelChange(before, after)


def sweep(base: Complement, ranges: Mapping[str, Sequence[Value]]) -> dict[str, list[Any]]:
    """Say what is inside under every combination of values of some parameters of the rule.

    Parameters
    ----------
    base : Complement
        Gives layers, quarters and the values of all other parameters.
    ranges : mapping of str to sequence
        Values by path, such as ``{"complement.min_population": [200, 500]}``.

    Returns
    -------
    dict of str to list
        One row a rule, the last parameter varying fastest: the values, and perimeters, tiles and
        inhabitants ``_1`` at level 1 and ``_2`` at level 1 or 2.

    Raises
    ------
    BadInput
        For an unknown parameter, a value that is not allowed, an empty range, too many rules,
        values that do not fit together, or a parameter that decides nothing in any of the rules.
    """
    values = checked_ranges(base.rule, ranges)
    if math.prod(map(len, values.values())) > MAX_RULES:
        raise BadInput("too many rules", expected=f"at most {MAX_RULES}")
    rows = list(product(*values.values()))
    rules = [base.rule.variant(dict(zip(values, row, strict=True))) for row in rows]
    _check_counting(rules, values)
    totals = under_many(base, rules).totals
    table: dict[str, list[Any]] = {
        path: [row[place] for row in rows] for place, path in enumerate(values)
    }
    for row, level in enumerate(LEVELS):
        table[f"perimeters_{level}"] = totals[:, row, 0].tolist()
        table[f"tiles_{level}"] = totals[:, row, 1].tolist()
        table[f"population_{level}"] = (totals[:, row, 2] / FIXED_POINT).tolist()
    return table


def _check_counting(rules: Sequence[Rule], paths: Iterable[str]) -> None:
    """Refuse a range of a parameter that decides nothing: its rows would all be the same."""
    for path in paths:
        why = [rule.idle(path) for rule in rules]
        if all(why):
            raise BadInput(f"this parameter does not count, since {why[0]}", column=path)
