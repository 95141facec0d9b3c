"""What the indicators say of each tile: ranked, held against the cut-offs, counted.

All that decides is whole numbers: ranks of values, inhabitants in thousandths, weights and scores
in thousandths. So the answer depends neither on the order of layers nor on that of tiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.complementary.choices import LEVELS, Condition, thousandths
from zonage.complementary.rule import Rule
from zonage.errors import BadInput
from zonage.variables import FIXED_POINT

if TYPE_CHECKING:
    from zonage.complementary.layers import Layer

MILLION = 1_000_000
"""Units of a rank in the score per unit of share."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """One layer on the scale that all indicators share: its tiles by rising fragility.

    Attributes
    ----------
    layer : Layer
        The layer.
    code : int32 array, shape (n,)
        Place of the tile's value among the distinct values, 1 for the least fragile; 0 = unknown.
    values : float64 array, shape (u,)
        The distinct values, by rising fragility.
    people : int64 array, shape (u + 1,)
        ``people[k]``: inhabitants, in fixed point, of the tiles with a code from 1 to k.
    coverage : float
        Share of all inhabitants whose tile has a value.
    """

    layer: Layer
    code: NDArray[np.int32]
    values: NDArray[np.float64]
    people: NDArray[np.int64]
    coverage: float

    @classmethod
    def of(cls, layer: Layer, population: NDArray[np.int64]) -> Ranked:
        """Rank the tiles of a layer; `population` in fixed point, in the order of its values."""
        name = layer.indicator.name
        if layer.value.shape != population.shape:
            raise BadInput(
                "a layer is not of these tiles",
                column=name,
                found=f"{layer.value.size} values",
                expected=f"{population.size}",
            )
        known = ~np.isnan(layer.value)
        fragility = layer.value if layer.indicator.direction == "high" else -layer.value
        keys, place = np.unique(fragility[known], return_inverse=True)
        code = np.zeros(len(population), np.int32)
        code[known] = place.reshape(-1) + 1
        by_code = np.zeros(len(keys) + 1, np.int64)
        np.add.at(by_code, code, population)
        total, by_code[0] = int(by_code.sum()), 0
        people = np.cumsum(by_code)
        values = keys if layer.indicator.direction == "high" else -keys
        return cls(layer, code, values, people, int(people[-1]) / total if total else 0.0)

    @property
    def name(self) -> str:
        """Name of the indicator."""
        return self.layer.indicator.name

    @cached_property
    def less_fragile(self) -> NDArray[np.int64]:
        """Inhabitants of the tiles less fragile than each, in millionths of those known, (n,)."""
        known = max(int(self.people[-1]), 1)
        below = [people * MILLION // known for people in self.people.tolist()]  # beyond 64 bits
        return np.array(below, np.int64)[np.maximum(self.code - 1, 0)]

    @property
    def rank(self) -> NDArray[np.float64]:
        """Share of the inhabitants known who live in less fragile tiles, (n,); NaN = unknown."""
        below = self.people[np.maximum(self.code - 1, 0)] / max(int(self.people[-1]), 1)
        return np.where(self.code > 0, below, np.nan)

    def rank_of_code(self, code: int) -> float:
        """Share of the inhabitants known who live in tiles of a lower code."""
        return int(self.people[code - 1]) / max(int(self.people[-1]), 1)

    def first_code(self, condition: Condition) -> int:
        """Return the lowest code that meets a condition; above all codes where none does."""
        strict = condition.ties == "strict"
        if condition.scale == "quantile":
            return self._first_of_quantile(condition) + strict
        sign = 1.0 if self.layer.indicator.direction == "high" else -1.0
        keys, key = sign * self.values, sign * condition.cutoff
        place = np.searchsorted(keys, key, "right" if strict else "left")
        return int(place) + 1

    def _first_of_quantile(self, condition: Condition) -> int:
        """Return the highest code from which at least the wanted share of inhabitants lives."""
        known = int(self.people[-1])
        wanted = -(-thousandths(condition.quantile) * known // 1000)
        if wanted == 0:
            return len(self.values) + 1
        return int(np.searchsorted(self.people, known - wanted, "right"))

    def cutoff(self, condition: Condition) -> float:
        """Return the value that tiles are held against, in the indicator's unit; NaN for none."""
        if condition.scale == "absolute":
            return condition.cutoff
        code = self._first_of_quantile(condition)
        return float(self.values[code - 1]) if code <= len(self.values) else float("nan")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An indicator that may not decide, since it is known for too few inhabitants."""

    indicator: str
    coverage: float
    min_coverage: float


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the indicators of a rule say of each tile.

    Attributes
    ----------
    rule : Rule
        The rule.
    population : int64 array, shape (n,)
        Inhabitants in fixed point.
    ranked : tuple of Ranked, length m
        The deciding indicators, in the order of the rule.
    conditions : tuple of Condition, length m
        What the rule asks of each.
    left_out : tuple of LeftOut
        Indicators of too little coverage.
    families : tuple of str, length f
        Families of the indicators that the rule uses, those left out among them.
    """

    rule: Rule
    population: NDArray[np.int64]
    ranked: tuple[Ranked, ...]
    conditions: tuple[Condition, ...]
    left_out: tuple[LeftOut, ...]
    families: tuple[str, ...]

    @classmethod
    def of(cls, ranked: Sequence[Ranked], population: NDArray[np.int64], rule: Rule) -> Evidence:
        """Hold ranked layers against a rule.

        Raises
        ------
        BadInput
            For two layers of one indicator, a layer that the rule does not know, an indicator
            without a layer, an unknown value or a low coverage that the rule refuses, or a level
            that asks for more families than there are.
        """
        by_name = _by_name(ranked, rule)
        conditions = rule.conditions
        pairs = [(by_name[one.indicator], one) for one in conditions]
        families = tuple(dict.fromkeys(one.layer.indicator.family for one, _ in pairs))
        _check_families(rule, families)
        least = float(rule["min_coverage"])
        left_out = tuple(
            LeftOut(one.name, one.coverage, least) for one, _ in pairs if one.coverage < least
        )
        deciding = [pair for pair in pairs if pair[0].coverage >= least]
        if left_out and (rule["low_coverage"] == "refuse" or not deciding):
            raise _too_little(left_out[0], rule)
        for one, condition in pairs:
            _check_missing(one, condition, population, rule)
        return cls(
            rule,
            population,
            tuple(one for one, _ in deciding),
            tuple(condition for _, condition in deciding),
            left_out,
            families,
        )

    @cached_property
    def first(self) -> NDArray[np.int32]:
        """Lowest code of each indicator that meets its condition, shape (m,)."""
        pairs = zip(self.ranked, self.conditions, strict=True)
        return np.array([one.first_code(condition) for one, condition in pairs], np.int32)

    @property
    def family(self) -> NDArray[np.int64]:
        """Place of each indicator's family among the families, shape (m,)."""
        return np.array([self.families.index(one.layer.indicator.family) for one in self.ranked])

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether each indicator counts in each tile, met or not, shape (m, n)."""
        pairs = zip(self.ranked, self.conditions, strict=True)
        return np.stack([(one.code > 0) | (cond.missing != "ignore") for one, cond in pairs])

    @cached_property
    def holds(self) -> NDArray[np.bool_]:
        """Whether each indicator meets its condition in each tile, shape (m, n)."""
        code = np.stack([one.code for one in self.ranked])
        return code >= self.first[:, np.newaxis]

    @cached_property
    def strength(self) -> NDArray[np.float64]:
        """How far each tile is beyond each cut-off, shape (m, n); below it negative.

        As a share of the metropolis's inhabitants: those who live in tiles between the cut-off and
        this one. NaN where the indicator is unknown.
        """
        pairs = zip(self.ranked, self.first.tolist(), strict=True)
        return np.stack([one.rank - one.rank_of_code(first) for one, first in pairs])

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """Weighted mean of the ranks in each tile, shape (n,); NaN where nothing counts."""
        sums, weights = self._weighted(None)
        with np.errstate(invalid="ignore"):
            return np.where(weights > 0, sums / (weights * MILLION), np.nan)

    def meets(self, level: int, without: int | None = None) -> NDArray[np.bool_]:
        """Say which tiles meet the conditions of a level, before they are joined.

        Parameters
        ----------
        level : {1, 2}
            The level.
        without : int, optional
            Place of an indicator that is taken not to hold anywhere.

        Returns
        -------
        bool array, shape (n,)
            An uninhabited tile never does.

        Notes
        -----
        With f families of which g count in a tile, a level that needs k of f needs there the
        fraction k / f of g, rounded up: what is not known is left out, on both sides.
        """
        if self.rule["decision"] == "score":
            sums, weights = self._weighted(without)
            least = thousandths(self.rule[f"level_{level}_score"]) * weights * (MILLION // 1000)
            return (sums >= least) & (weights > 0) & (self.population > 0)
        held, known = self._counted(without)
        enough = held * len(self.families) >= self.rule.needed(level) * known
        return enough & (held > 0) & (self.population > 0)

    def _weighted(self, without: int | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Weighted sum of the ranks, and sum of the weights that count, shape (n,) each."""
        weights = np.array([thousandths(one.weight) for one in self.conditions])[:, np.newaxis]
        ranks = np.stack([one.less_fragile for one in self.ranked])
        if without is not None:
            ranks[without] = 0
        return (weights * ranks).sum(axis=0), (weights * self.known).sum(axis=0)

    def _counted(self, without: int | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Number of families that hold, and of those that count, shape (n,) each."""
        holds, known = self.holds.copy(), self.known
        if without is not None:
            holds[without] = False
        shape = (len(self.families), len(self.population))
        held_family, known_family = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        for place, family in enumerate(self.family.tolist()):
            held_family[family] |= holds[place]
            known_family[family] |= known[place]
        return held_family.sum(axis=0), known_family.sum(axis=0)

    def margin(self, level: int) -> NDArray[np.float64]:
        """How far each tile is beyond what a level asks for, shape (n,); NaN where nothing counts.

        Counting families: the strength of the weakest family among those needed, the strongest
        first. By score: the score beyond the lowest of the level.
        """
        if self.rule["decision"] == "score":
            return self.score - float(self.rule[f"level_{level}_score"])
        strength = np.where(np.isnan(self.strength), -np.inf, self.strength)
        by_family = np.full((len(self.families), len(self.population)), -np.inf)
        for place, family in enumerate(self.family.tolist()):
            by_family[family] = np.maximum(by_family[family], strength[place])
        _, known = self._counted(None)
        needed = -(-self.rule.needed(level) * known // len(self.families))
        ordered = -np.sort(-by_family, axis=0)
        weakest = np.take_along_axis(ordered, np.maximum(needed - 1, 0)[np.newaxis], axis=0)[0]
        return np.where((known > 0) & np.isfinite(weakest), weakest, np.nan)


def _by_name(ranked: Sequence[Ranked], rule: Rule) -> dict[str, Ranked]:
    by_name: dict[str, Ranked] = {}
    for one in ranked:
        if one.name in by_name:
            raise BadInput("two layers of one indicator", column=one.name)
        if one.name not in rule.indicators:
            raise BadInput(
                "the rule says nothing of this indicator",
                column=one.name,
                expected="a layer of " + ", ".join(rule.indicators),
                hint="add the indicator to the rule, with its cut-off",
            )
        by_name[one.name] = one
    for condition in rule.conditions:
        if condition.indicator not in by_name:
            raise BadInput(
                "the rule uses an indicator that has no layer",
                column=condition.indicator,
                found=", ".join(by_name) or "no layer",
                hint=f"give its layer, or set {rule.name}.{condition.indicator}.used=false",
            )
    return by_name


def _check_families(rule: Rule, families: Sequence[str]) -> None:
    for level in LEVELS:
        if rule["decision"] == "count" and rule.needed(level) > len(families):
            raise BadInput(
                "a level asks for more families than the rule uses",
                column=f"{rule.name}.level_{level}_families",
                found=rule.needed(level),
                expected=f"at most {len(families)} ({', '.join(families)})",
            )


def _too_little(left_out: LeftOut, rule: Rule) -> BadInput:
    return BadInput(
        "an indicator is known for too few inhabitants to decide a level",
        column=left_out.indicator,
        found=f"{100 * left_out.coverage:.1f} % of inhabitants",
        expected=f"at least {100 * left_out.min_coverage:g} %",
        hint=f"bring more data, or set {rule.name}.{left_out.indicator}.used=false",
    )


def _check_missing(
    one: Ranked, condition: Condition, population: NDArray[np.int64], rule: Rule
) -> None:
    if condition.missing != "refuse":
        return
    unknown = (one.code == 0) & (population > 0)
    if unknown.any():
        people = int(population[unknown].sum()) / FIXED_POINT
        raise BadInput(
            "an indicator is not known everywhere, and the rule refuses that",
            column=one.name,
            found=f"no value in {int(unknown.sum())} inhabited tiles, {people:.0f} inhabitants",
            hint=f"complete the layer, or set {rule.name}.{one.name}.missing to absent or ignore",
        )
