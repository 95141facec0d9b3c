"""How much of a change comes from each thing that changed: exact Shapley shares.

With several things changing at once, what one of them does depends on whether the others have
changed already. The Shapley share is the mean over all orders in which they may change; the shares
add up to the whole change (Shapley 1953; Shorrocks 2013 for decompositions of distributions).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import Any

from zonage.variables import FIXED_POINT
from zonage.vintages.union import Union
from zonage.zoning import Zoning, rezone

State = frozenset[str]
"""The things that are as in the later vintage; the others are as in the earlier one."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one thing that changed adds to the difference between two zonings.

    Attributes
    ----------
    factor : str
        A key of :data:`FACTORS`.
    population : float
        Inhabitants of quarters; those of all factors add up to the whole change to a thousandth.
    tiles, quarters : float
        Numbers of tiles and of quarters; means over orders, so not whole.
    """

    factor: str
    population: float
    tiles: float
    quarters: float


@dataclass(frozen=True, eq=False)
class Decomposition:
    """The change of a zoning, shared out among what changed.

    Attributes
    ----------
    contributions : tuple of Contribution
        One for each thing that differs, in the order of :data:`FACTORS`.
    states : mapping of frozenset to Zoning
        The zoning of every mixture; the empty set is the earlier vintage, the full one the later.
    """

    contributions: tuple[Contribution, ...]
    states: Mapping[State, Zoning]

    @property
    def before(self) -> Zoning:
        """The zoning of the earlier vintage."""
        return self.states[frozenset()]

    @property
    def after(self) -> Zoning:
        """The zoning of the later vintage."""
        return self.states[max(self.states, key=len)]


FACTORS: dict[str, dict[str, str]] = {
    "population": {"en": "where people live", "fr": "la répartition des habitants"},
    "income": {"en": "incomes of the tiles", "fr": "les revenus des carreaux"},
    "national_median": {"en": "the national median", "fr": "la médiane nationale"},
    "unit_medians": {
        "en": "the medians of the urban units",
        "fr": "les médianes des unités urbaines",
    },
    "conversion": {
        "en": "the map from declared to disposable income",
        "fr": "le passage du revenu déclaré au revenu disponible",
    },
    "law": {"en": "the law", "fr": "la loi"},
    "method": {"en": "the method", "fr": "la méthode"},
}
"""What may differ between two vintages, with its name in both languages."""


def decompose(union: Union, before: Zoning, after: Zoning) -> Decomposition:
    """Share the change between two vintages out among what differs.

    Parameters
    ----------
    union : Union
        The tiles of both on one table.
    before, after : Zoning
        The rules of each side; their tiles are not looked at.

    Notes
    -----
    Every mixture is zoned: 2 to the number of factors, so at most 128 zonings.
    """
    factors = [name for name in FACTORS if _differs(name, union, before, after)]
    states = {
        state: _mixed(union, before, after, state)
        for size in range(len(factors) + 1)
        for state in map(frozenset, combinations(factors, size))
    }
    measures: dict[str, Callable[[Zoning], int]] = {
        "population": lambda zoning: int(zoning.tiles.count("population")[zoning.inside].sum()),
        "tiles": lambda zoning: int(zoning.inside.sum()),
        "quarters": lambda zoning: zoning.zone_count,
    }
    shares = {
        name: shapley(factors, {state: measure(zoning) for state, zoning in states.items()})
        for name, measure in measures.items()
    }
    whole = apportioned([shares["population"][factor] for factor in factors])
    contributions = tuple(
        Contribution(
            factor,
            people / FIXED_POINT,
            float(shares["tiles"][factor]),
            float(shares["quarters"][factor]),
        )
        for factor, people in zip(factors, whole, strict=True)
    )
    return Decomposition(contributions, states)


def shapley(factors: Sequence[str], value: Mapping[State, int]) -> dict[str, Fraction]:
    """Share a change out among its factors, exactly.

    Parameters
    ----------
    factors : sequence of str
        What changes.
    value : mapping of frozenset to int
        The measure for every set of factors that have changed.

    Examples
    --------
    >>> value = {frozenset(): 0, frozenset("a"): 2, frozenset("b"): 0, frozenset("ab"): 6}
    >>> {factor: int(share) for factor, share in shapley("ab", value).items()}
    {'a': 4, 'b': 2}
    """
    count = len(factors)
    shares = {}
    for factor in factors:
        others = [name for name in factors if name != factor]
        shares[factor] = sum(
            (
                Fraction(
                    math.factorial(size) * math.factorial(count - size - 1), math.factorial(count)
                )
                * (value[state | {factor}] - value[state])
                for size in range(count)
                for state in map(frozenset, combinations(others, size))
            ),
            Fraction(0),
        )
    return shares


def apportioned(shares: Sequence[Fraction]) -> list[int]:
    """Round shares whose sum is whole so that the rounded ones have the same sum.

    The largest remainders are rounded up, the first of equals first.

    Examples
    --------
    >>> apportioned([Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)])
    [1, 0, 0]
    """
    floors = [math.floor(share) for share in shares]
    missing = int(sum(shares, Fraction(0))) - sum(floors)
    by_remainder = sorted(range(len(shares)), key=lambda place: floors[place] - shares[place])
    for place in by_remainder[:missing]:
        floors[place] += 1
    return floors


def _differs(factor: str, union: Union, before: Zoning, after: Zoning) -> bool:
    if factor in ("population", "income"):
        return union.before is not union.after
    return _part(factor, before) != _part(factor, after)


def _part(factor: str, zoning: Zoning) -> Any:
    """What a factor stands for in the rule of a zoning."""
    reference = zoning.reference
    parts: dict[str, Any] = {
        "national_median": reference.national_median,
        "unit_medians": [(code, reference[code].median) for code in reference],
        "conversion": None if zoning.conversion is None else zoning.conversion.year,
        "law": (zoning.law, zoning.told.line, zoning.told.shift, zoning.told.commune_population),
        "method": zoning.method,
    }
    return parts[factor]


def _mixed(union: Union, before: Zoning, after: Zoning, state: State) -> Zoning:
    """The zoning in which only the things of `state` have changed."""

    def side(factor: str) -> Zoning:
        return after if factor in state else before

    units = side("unit_medians").reference
    national = side("national_median").reference
    tiles = union.mixed(people_after="population" in state, income_after="income" in state)
    base = replace(
        before,
        tiles=tiles,
        model=side("income").model,
        conversion=side("conversion").conversion,
    )
    return rezone(
        base,
        law=side("law").law,
        method=side("method").method,
        reference=replace(
            units,
            national_median=national.national_median,
            national_certainty=national.national_certainty,
            national_source=national.national_source,
        ),
        told=side("law").told,
    )
