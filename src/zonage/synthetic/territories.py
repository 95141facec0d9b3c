"""The territories: a metropolis, a country, and how one is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.grid import GridSpec
from zonage.synthetic.declared import NATIONAL_DECLARED_MEDIAN, declared_medians
from zonage.synthetic.households import draw_people
from zonage.synthetic.land import communes, hexagon, place_towns, settle
from zonage.synthetic.plan import Plan, generator, unit_codes
from zonage.synthetic.publication import publish
from zonage.synthetic.rules import VINTAGE
from zonage.synthetic.wealth import households_of_tiles, income_means, social_dwellings
from zonage.tiles import Tiles

if TYPE_CHECKING:
    from zonage.law import Reference

_INHABITANTS_PER_TILE = 124.0
# Distributions: shares of the tiles, and the households of the tile that stands there.
_HOUSEHOLDS_METROPOLIS = (
    (0.0, 0.05, 0.10, 0.25, 0.39, 0.50, 0.60, 0.75, 0.90, 0.95, 0.99, 0.999, 1.0),
    (0.6, 0.9, 1.3, 3.5, 10.4, 27.0, 45.0, 77.0, 139.0, 185.0, 300.0, 470.0, 720.0),
)
_HOUSEHOLDS_FRANCE = (
    (0.0, 0.30, 0.50, 0.65, 0.79, 0.86, 0.91, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0),
    (0.6, 1.2, 2.2, 4.2, 10.5, 17.5, 26.5, 46.0, 89.0, 138.0, 390.0, 900.0, 2200.0),
)
_FRANCE_RICHER_BY = 1.10


@dataclass(frozen=True, eq=False)
class SyntheticTerritory:
    """Tiles as they would be published, with what a publisher alone would know.

    Attributes
    ----------
    tiles : Tiles
        The published tiles.
    income_median : float64 array, shape (n,)
        True median of disposable income over each tile's own inhabitants, EUR a year, in the order
        of ``tiles``.
    reference : Reference
        True medians of declared income, national and of each urban unit that holds tiles, with
        its inhabitants, as the law's line needs them.
    """

    tiles: Tiles
    income_median: NDArray[np.float64]
    reference: Reference


@overload
def metropolis(
    seed: int = ...,
    *,
    inhabitants: int = ...,
    size: int = ...,
    units: int = ...,
    truth: Literal[False] = ...,
) -> Tiles: ...
@overload
def metropolis(
    seed: int = ...,
    *,
    inhabitants: int = ...,
    size: int = ...,
    units: int = ...,
    truth: Literal[True],
) -> SyntheticTerritory: ...
def metropolis(
    seed: int = 0,
    *,
    inhabitants: int = 1_000_000,
    size: int = 200,
    units: int = 4,
    truth: bool = False,
) -> Tiles | SyntheticTerritory:
    """Make a metropolis whose tiles resemble those around Lille.

    Parameters
    ----------
    seed : int
        The same seed gives the same tiles.
    inhabitants : int
        Inhabitants to aim at (reached within a few per cent), 124 to a tile as around Lille;
        fewer tiles, more densely peopled, where the square is too small for that.
    size : int
        Side of the square, in cells of 200 m.
    units : int
        Urban units; the first is the largest. Tiles outside them have no unit.
    truth : bool
        Return the tiles with what is true of them.

    Returns
    -------
    Tiles or SyntheticTerritory

    Raises
    ------
    BadInput
        Where the numbers leave no room for a territory.

    Examples
    --------
    >>> tiles = metropolis(3, inhabitants=50_000, size=40, units=1)
    >>> len(tiles), sorted(tiles.counts)[:2]
    (403, ['households', 'income_sum'])
    """
    _check(inhabitants=(inhabitants, 1000), size=(size, 10), units=(units, 1))
    tiles = max(10, min(round(inhabitants / _INHABITANTS_PER_TILE), size * size * 6 // 10))
    plan = Plan(
        grid=GridSpec(3035, 200, north=15489, west=19072, height=size, width=size),
        land=np.ones((size, size), np.bool_),
        radii=np.maximum(0.24 * size * np.arange(1, units + 1) ** -0.7, 2.0),
        tiles=tiles,
        households=_HOUSEHOLDS_METROPOLIS,
        household_scale=inhabitants / tiles / _INHABITANTS_PER_TILE,
        income_scale=1.0,
        commune_side=max(2, min(13, size // 8)),
        national_median=NATIONAL_DECLARED_MEDIAN,
        source=f"synthetic metropolis, seed {seed}",
    )
    return _make(plan, seed, truth)


@overload
def france(
    seed: int = ..., *, tiles: int = ..., units: int = ..., truth: Literal[False] = ...
) -> Tiles: ...
@overload
def france(
    seed: int = ..., *, tiles: int = ..., units: int = ..., truth: Literal[True]
) -> SyntheticTerritory: ...
def france(
    seed: int = 0, *, tiles: int = 2_300_000, units: int = 2_500, truth: bool = False
) -> Tiles | SyntheticTerritory:
    """Make a country as large and as unevenly peopled as metropolitan France.

    Parameters
    ----------
    seed : int
        The same seed gives the same tiles.
    tiles : int
        Inhabited tiles, exactly; the square around them has room for eleven times as many.
    units : int
        Urban units, from one like Paris down to small towns; most tiles lie outside them.
    truth : bool
        Return the tiles with what is true of them.

    Returns
    -------
    Tiles or SyntheticTerritory

    Raises
    ------
    BadInput
        Where the numbers leave no room for a territory, or need too large a grid.

    Examples
    --------
    >>> country = france(tiles=2_000, units=5, truth=True)
    >>> len(country.tiles), [unit.code for unit in country.reference.units][:2]
    (2000, ['00001', '00002'])
    """
    _check(tiles=(tiles, 1000), units=(units, 1))
    size = round((tiles / 0.092) ** 0.5)
    scale = size / 5000
    plan = Plan(
        grid=GridSpec(3035, 200, north=15749, west=16000, height=size, width=size),
        land=hexagon(size),
        radii=np.maximum(150.0 * scale * np.arange(1, units + 1) ** -0.42, 8.0 * scale**0.5),
        tiles=tiles,
        households=_HOUSEHOLDS_FRANCE,
        household_scale=1.0,
        income_scale=_FRANCE_RICHER_BY,
        commune_side=20,
        national_median=None,
        source=f"synthetic France, seed {seed}",
    )
    return _make(plan, seed, truth)


def _check(**given: tuple[int, int]) -> None:
    """Refuse numbers below their minimum, each given as (value, minimum)."""
    for name, (value, minimum) in given.items():
        if value < minimum:
            raise BadInput(
                "too small for a synthetic territory",
                column=name,
                found=value,
                expected=f"at least {minimum}",
            )


def _make(plan: Plan, seed: int, truth: bool) -> Tiles | SyntheticTerritory:
    """Draw a territory: where people live, how rich they are, and what is published of them."""
    towns, land, wealth, people_stream, housing = np.random.SeedSequence(seed).spawn(5)
    centres = place_towns(generator(towns), plan)
    row, column, density = settle(generator(land), plan, centres)
    commune, unit = communes(plan, centres, row, column)
    order = np.lexsort((column, row, unit))
    row, column, density = row[order], column[order], density[order]
    commune, unit = commune[order], unit[order]

    households = households_of_tiles(plan, density)
    income_mean = income_means(generator(wealth), plan, row, column, households, unit)
    people, histogram = draw_people(people_stream, households, income_mean, unit, truth)
    social = social_dwellings(generator(housing), households, income_mean)
    tiles = publish(plan, row, column, commune, unit, people, social)
    if not truth:
        return tiles
    return SyntheticTerritory(tiles, people.income_median, _reference(plan, histogram))


def _reference(plan: Plan, histogram: NDArray[np.int64]) -> Reference:
    """Medians of declared income of the units that hold people; the first row is the country."""
    from zonage.law import Reference, ReferenceUnit

    everybody = histogram.sum(axis=0, keepdims=True)
    national = plan.national_median or round(declared_medians(everybody)[0])
    inhabited = np.flatnonzero(histogram[1:].any(axis=1)) + 1
    medians = declared_medians(histogram[inhabited])
    persons = histogram[inhabited].sum(axis=1) / 2
    labels = unit_codes(len(plan.radii))
    units = tuple(
        ReferenceUnit(
            code=labels[unit - 1],
            name=f"Town {unit}",
            population=float(population),
            median=round(median),
            certainty="published",
            source=plan.source,
        )
        for unit, population, median in zip(inhabited, persons, medians, strict=True)
    )
    return Reference(national, VINTAGE, "declared", "published", plan.source, units)
