"""Seeded territories that look like the real tiles, with the truth behind them known.

Towns and correlated noise give a density to every cell; the densest cells are inhabited, and their
rank decides how many households they hold. Each household is then drawn, with its size and its
income, so that counts, poverty and incomes agree with each other as they do in life. What would be
published is made from the households by INSEE's own rules: tiles of fewer than 11 households carry
the values of a group of neighbours, incomes are winsorised, poverty is capped at 80 %.

The shapes are measured on the tiles of the Lille block (INSEE, Filosofi 2019) and, for France, on
the figures that INSEE gives with the file (79 % of tiles and 20 % of people are imputed, 62.6
million inhabitants in 2.3 million tiles, at most 2 210 households in one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.grid import GridSpec
from zonage.tiles import Codes, Tiles

if TYPE_CHECKING:
    from zonage.law import Reference

SECRECY = 11
"""Fewest households that a published value may rest on."""

POVERTY_LINE = 13_158
"""EUR a year: 60 % of the median of metropolitan France in 2019 (21 930)."""

POVERTY_CAP = 0.8
"""Largest share of poor households that is published."""

WINSORISED = (9_300, 48_000)
"""EUR a year between which incomes are brought before they are summed (near those of the Nord)."""

NATIONAL_DECLARED_MEDIAN = 21_645
"""EUR a year per consumption unit, metropolitan France 2019, implied by INSEE's IRIS tables."""

VINTAGE = 2019
"""Year whose incomes the territories have."""

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
# Shares of the households, and the mean income (EUR a year, not winsorised) of their tile.
_INCOME_MEAN = (
    (0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0),
    (11_800, 13_330, 14_700, 15_960, 19_000, 23_000, 28_000, 33_300, 36_800, 45_000, 58_000),
)
_FRANCE_RICHER_BY = 1.10
# Logarithm of income that one more person in the household costs.
_POORER_PER_PERSON = 0.06
# Classes of income of the units' histograms: their width in EUR a year, and their number.
_HISTOGRAM_BIN, _HISTOGRAM_BINS = 50, 1600
# Households drawn at a time: bounds the memory.
_CHUNK = 1 << 20


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


@dataclass(frozen=True)
class _Plan:
    """What makes one territory differ from another; lengths in cells."""

    grid: GridSpec
    land: NDArray[np.bool_]
    radii: NDArray[np.float64]
    tiles: int
    households: tuple[tuple[float, ...], tuple[float, ...]]
    household_scale: float
    income_scale: float
    commune_side: int
    national_median: int | None
    source: str


@dataclass(frozen=True)
class _People:
    """What the households of each tile amount to; persons are counted in halves."""

    half_persons: NDArray[np.int64]
    households: NDArray[np.int64]
    poor_households: NDArray[np.int64]
    half_income: NDArray[np.int64]
    income_median: NDArray[np.float64]


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
    plan = _Plan(
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
    plan = _Plan(
        grid=GridSpec(3035, 200, north=15749, west=16000, height=size, width=size),
        land=_hexagon(size),
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


def declared_income(disposable: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the declared income that goes with a disposable income, EUR a year per UC.

    The inverse of a convex line in three pieces: two fitted on INSEE's IRIS tables of 2019, which
    give both medians of the same quarters, and one through the medians of metropolitan France and
    of its large urban units.

    Examples
    --------
    >>> declared_income(np.array([15_000.0, 21_930.0])).round(-1).tolist()
    [11710.0, 21640.0]
    """
    lines = ((8_833, 0.516), (7_403, 0.649), (5_047, 0.78))
    declared: NDArray[np.float64] = np.full(np.shape(disposable), np.inf)
    for base, slope in lines:
        np.minimum(declared, (disposable - base) / slope, out=declared)
    np.maximum(declared, 0.0, out=declared)
    return declared


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


def _make(plan: _Plan, seed: int, truth: bool) -> Tiles | SyntheticTerritory:
    """Draw a territory: where people live, how rich they are, and what is published of them."""
    towns, land, wealth, people_stream, housing = np.random.SeedSequence(seed).spawn(5)
    centres = _place_towns(_generator(towns), plan)
    row, column, density = _settle(_generator(land), plan, centres)
    commune, unit = _communes(plan, centres, row, column)
    order = np.lexsort((column, row, unit))
    row, column, density = row[order], column[order], density[order]
    commune, unit = commune[order], unit[order]

    households = _households(plan, density)
    income_mean = _income_means(_generator(wealth), plan, row, column, households, unit)
    people, histogram = _draw_people(people_stream, households, income_mean, unit, truth)
    social = _social_dwellings(_generator(housing), households, income_mean)
    tiles = _publish(plan, row, column, commune, unit, people, social)
    if not truth:
        return tiles
    return SyntheticTerritory(tiles, people.income_median, _reference(plan, histogram))


def _reference(plan: _Plan, histogram: NDArray[np.int64]) -> Reference:
    """Medians of declared income of the units that hold people; the first row is the country."""
    from zonage.law import Reference, ReferenceUnit

    everybody = histogram.sum(axis=0, keepdims=True)
    national = plan.national_median or round(_declared_medians(everybody)[0])
    inhabited = np.flatnonzero(histogram[1:].any(axis=1)) + 1
    medians = _declared_medians(histogram[inhabited])
    persons = histogram[inhabited].sum(axis=1) / 2
    labels = _labels(len(plan.radii))
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


def _generator(stream: np.random.SeedSequence) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(stream))


def _labels(size: int) -> tuple[str, ...]:
    """Codes of five characters, numbered from 1."""
    return tuple(f"{number:05d}" for number in range(1, size + 1))


def _hexagon(size: int) -> NDArray[np.bool_]:
    """Return the cells of a hexagon with points north and south: three fifths of its square."""
    offset = np.abs((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1) / 0.98
    half_width = np.minimum(1.0, 1.25 * (1 - offset))
    return offset[None, :] <= half_width[:, None]


def _place_towns(rng: np.random.Generator, plan: _Plan) -> NDArray[np.int64]:
    """Rows and columns of the towns, largest first; each takes the freest of a few places."""
    height, width = plan.land.shape
    centres = np.empty((len(plan.radii), 2), np.int64)
    centres[0] = height // 2, width // 2
    radii = plan.radii.astype(np.float32)
    for town in range(1, len(centres)):
        radius = plan.radii[town]
        margin = np.minimum(int(radius) + 1, min(height, width) // 4)
        places = rng.integers(margin, (height - margin, width - margin), (24, 2))
        y = (places[:, :1] - centres[:town, 0]).astype(np.float32)
        x = (places[:, 1:] - centres[:town, 1]).astype(np.float32)
        clearance = (np.sqrt(y * y + x * x) - radii[:town]).min(axis=1)
        clearance[~plan.land[places[:, 0], places[:, 1]]] = -np.inf
        centres[town] = places[np.argmax(clearance)]
    return centres


@dataclass(frozen=True)
class _Noise:
    """Gaussian noise of variance 1 whose correlation at distance d is exp(-(d / 2 sigma)^2).

    It is held every ``step`` cells and interpolated between them.
    """

    field: NDArray[np.float32]
    step: int

    @classmethod
    def draw(cls, rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> _Noise:
        from scipy.ndimage import gaussian_filter

        step = max(1, int(sigma / 1.5))
        coarse = tuple(-(-side // step) + 1 for side in shape)
        field = rng.standard_normal(coarse, dtype=np.float32)
        field = gaussian_filter(field, sigma / step, mode="wrap", truncate=3.0)
        field /= field.std(dtype=np.float64)
        return cls(field, step)

    def on_grid(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Return the noise of every cell."""
        if self.step == 1:
            return self.field[: shape[0], : shape[1]]
        rows = _refine(self.field, shape[0], self.step)
        return _refine(rows.T, shape[1], self.step).T

    def at(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the noise of some cells."""
        if self.step == 1:
            return self.field[row, column]
        (y, row_part), (x, column_part) = np.divmod(row, self.step), np.divmod(column, self.step)
        down = (row_part / self.step).astype(np.float32)
        along = (column_part / self.step).astype(np.float32)
        upper = self.field[y, x] * (1 - along) + self.field[y, x + 1] * along
        lower = self.field[y + 1, x] * (1 - along) + self.field[y + 1, x + 1] * along
        noise: NDArray[np.float32] = upper * (1 - down) + lower * down
        return noise


def _refine(field: NDArray[np.float32], size: int, step: int) -> NDArray[np.float32]:
    """Interpolate along the first axis between rows that lie ``step`` apart."""
    above, part = np.divmod(np.arange(size), step)
    weight = (part / step).astype(np.float32)[:, None]
    refined: NDArray[np.float32] = field[above]
    refined += weight * (field[above + 1] - refined)
    return refined


def _settle(
    rng: np.random.Generator, plan: _Plan, centres: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Rows, columns and densities of the inhabited cells, in raster order."""
    density = _town_density(plan, centres)
    for sigma, weight in ((1.2, 0.6), (4.0, 0.5), (20.0, 0.6)):
        noise = _Noise.draw(rng, plan.grid.shape, sigma)
        density += np.float32(weight) * noise.on_grid(plan.grid.shape)
    density += np.float32(0.35) * rng.standard_normal(density.shape, dtype=np.float32)
    density[~plan.land] = -np.inf
    flat = density.ravel()
    lowest = np.partition(flat, flat.size - plan.tiles)[flat.size - plan.tiles]
    cells = np.flatnonzero(flat >= lowest)[: plan.tiles]
    row, column = np.divmod(cells, density.shape[1])
    return row, column, flat[cells]


def _town_density(plan: _Plan, centres: NDArray[np.int64]) -> NDArray[np.float32]:
    """Cones around the towns, higher and wider for the larger ones; 0 in the country."""
    density = np.zeros(plan.grid.shape, np.float32)
    for (row, column), radius in zip(centres, plan.radii, strict=True):
        reach = int(1.5 * radius) + 1
        top, left = max(row - reach, 0), max(column - reach, 0)
        window = density[top : row + reach + 1, left : column + reach + 1]
        y = np.arange(window.shape[0])[:, None] + (top - row)
        x = np.arange(window.shape[1])[None, :] + (left - column)
        cone = (3.2 + 0.6 * np.log(radius / 8)) * (1.5 - np.hypot(y, x) / radius)
        np.maximum(window, cone.astype(np.float32), out=window)
    return density


def _communes(
    plan: _Plan,
    centres: NDArray[np.int64],
    row: NDArray[np.int64],
    column: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Commune and urban unit of each tile, numbered from 0; -1 outside urban units.

    Communes are squares; one belongs to the largest town within whose radius its centre lies, and
    that of a town's centre belongs to the town.
    """
    side = plan.commune_side
    shape = tuple(-(-cells // side) for cells in plan.grid.shape)
    unit = np.full(shape, -1, np.int32)
    middle_y, middle_x = ((np.arange(count) + 0.5) * side for count in shape)
    for town in range(len(centres) - 1, -1, -1):
        (y, x), radius = centres[town], plan.radii[town]
        rows = slice(*np.searchsorted(middle_y, (y - radius, y + radius)))
        columns = slice(*np.searchsorted(middle_x, (x - radius, x + radius)))
        away = np.hypot(middle_y[rows, None] - y, middle_x[None, columns] - x)
        unit[rows, columns][away <= radius] = town
    own = centres[::-1] // side
    unit[own[:, 0], own[:, 1]] = np.arange(len(centres))[::-1]
    square = row // side, column // side
    numbers = np.arange(unit.size, dtype=np.int32).reshape(shape)
    return numbers[square], unit[square]


def _ranks(
    values: NDArray[np.floating], weights: NDArray[np.floating] | NDArray[np.int64]
) -> NDArray[np.float64]:
    """Share of the total weight that lies below each value, half of its own included."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order], dtype=np.float64)
    ranks = np.empty(len(values))
    ranks[order] = (total - weights[order] / 2) / total[-1]
    return ranks


def _households(plan: _Plan, density: NDArray[np.float32]) -> NDArray[np.int64]:
    """Households of each tile, at least one, by the rank of its density."""
    levels, households = plan.households
    ranks = _ranks(density, np.ones(len(density), np.float32))
    logarithm = np.interp(ranks, levels, np.log(households))
    return np.maximum(np.rint(np.exp(logarithm) * plan.household_scale), 1).astype(np.int64)


def _income_means(
    rng: np.random.Generator,
    plan: _Plan,
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    households: NDArray[np.int64],
    unit: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Mean income to expect in each tile, EUR a year: poor where it is dense, and in clusters."""
    town = np.append(rng.standard_normal(len(plan.radii)), 0.0)[unit]
    score = 0.3 * town - 0.3 * np.log(households)
    for sigma, weight in ((1.0, 0.4), (3.0, 0.57), (8.0, 0.55), (60.0, 0.2)):
        score += weight * _Noise.draw(rng, plan.grid.shape, sigma).at(row, column)
    score += 0.32 * rng.standard_normal(len(row))
    levels, means = _INCOME_MEAN
    return plan.income_scale * np.interp(_ranks(score, households), levels, means)


def _draw_people(
    stream: np.random.SeedSequence,
    households: NDArray[np.int64],
    income_mean: NDArray[np.float64],
    unit: NDArray[np.int32],
    truth: bool,
) -> tuple[_People, NDArray[np.int64]]:
    """Draw every household, a bounded number at a time.

    Returns what they amount to in each tile and, where the truth is wanted, the half persons of
    each urban unit (row 0 outside all of them) by class of disposable income.
    """
    ends = np.cumsum(households)
    cuts = np.searchsorted(ends, np.arange(_CHUNK, ends[-1], _CHUNK))
    cuts = np.unique(np.concatenate(([0], cuts, [len(households)])))
    histogram = np.zeros((int(unit.max()) + 2 if truth else 0, _HISTOGRAM_BINS), np.int64)
    parts = []
    for first, last, own in zip(cuts[:-1], cuts[1:], stream.spawn(len(cuts) - 1), strict=True):
        chunk = slice(first, last)
        tile, income, halves = _draw_households(
            _generator(own), households[chunk], income_mean[chunk]
        )
        parts.append(_sum_people(tile, income, halves, households[chunk], truth))
        if truth:
            _add_to_histogram(histogram, unit[chunk][tile] + 1, income, halves)
    names = _People.__dataclass_fields__
    people = _People(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    return people, histogram


def _draw_households(
    rng: np.random.Generator, households: NDArray[np.int64], income_mean: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int8]]:
    """Tile, income per consumption unit in whole EUR, and half persons of each household.

    Incomes are log-normal within a tile but for the poverty of large households; how far they
    spread grows with the mean, and varies.
    """
    size = _mean_sizes(rng, households, income_mean)
    sigma = 0.355 + 0.19 * np.log(income_mean / 15_000) + 0.07 * rng.standard_normal(len(size))
    sigma = np.clip(sigma, 0.2, 0.65)
    centre = np.log(income_mean) - sigma**2 / 2 + _POORER_PER_PERSON * size

    tile = np.repeat(np.arange(len(households), dtype=np.int32), households)
    line = np.rint((size - _MEAN_SIZES[0]) * 10).astype(np.int8)
    halves = _HALF_PERSONS[line[tile], rng.integers(0, 256, len(tile), dtype=np.uint8)]
    income = rng.standard_normal(len(tile), dtype=np.float32)
    income *= sigma.astype(np.float32)[tile]
    income += centre.astype(np.float32)[tile]
    income -= np.float32(_POORER_PER_PERSON / 2) * halves
    np.exp(income, out=income)
    return tile, np.rint(np.minimum(income, 2e6)).astype(np.int32), halves


def _mean_sizes(
    rng: np.random.Generator, households: NDArray[np.int64], income_mean: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Persons to expect in a household: more among the poor, the rich, and where few live."""
    size = 2.27 + 0.5 * np.clip((16_000 - income_mean) / 4_000, 0, 1)
    size += 0.2 * np.clip((income_mean - 28_000) / 8_000, 0, 1)
    size += 0.35 * (households < SECRECY) + 0.25 * rng.standard_normal(len(size))
    return np.clip(size, _MEAN_SIZES[0], _MEAN_SIZES[-1])


def _sum_people(
    tile: NDArray[np.int32],
    income: NDArray[np.int32],
    halves: NDArray[np.int8],
    households: NDArray[np.int64],
    truth: bool,
) -> _People:
    """Sum the households of each tile, which stand in the order of the tiles."""
    start = np.cumsum(households) - households
    half_persons = np.add.reduceat(halves, start, dtype=np.int64)
    median = _medians(tile, income, halves, half_persons) if truth else np.empty(0)
    return _People(
        half_persons=half_persons,
        households=households,
        poor_households=np.add.reduceat(income < POVERTY_LINE, start, dtype=np.int64),
        half_income=np.add.reduceat(np.clip(income, *WINSORISED) * halves.astype(np.int64), start),
        income_median=median,
    )


def _medians(
    tile: NDArray[np.int32],
    income: NDArray[np.int32],
    halves: NDArray[np.int8],
    half_persons: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Lower median of income over the persons of each tile: the income that half do not exceed."""
    # One sort of whole numbers orders the households by tile, then by income, and carries the size.
    key = (tile.astype(np.int64) << 32) | (income.astype(np.int64) << 8) | halves
    key.sort()
    persons = np.cumsum(key & 0xFF)
    half_way = np.cumsum(half_persons) - half_persons + (half_persons + 1) // 2
    return ((key[np.searchsorted(persons, half_way)] >> 8) & 0xFFFFFF).astype(np.float64)


def _add_to_histogram(
    histogram: NDArray[np.int64],
    unit: NDArray[np.int32],
    income: NDArray[np.int32],
    halves: NDArray[np.int8],
) -> None:
    """Add half persons by unit and class of income; units stand in ascending order."""
    first, last = int(unit[0]), int(unit[-1]) + 1
    bins = np.minimum(income // _HISTOGRAM_BIN, _HISTOGRAM_BINS - 1)
    bins += (unit - first) * _HISTOGRAM_BINS
    size = (last - first) * _HISTOGRAM_BINS
    added = np.bincount(bins, weights=halves, minlength=size)
    histogram[first:last] += added.reshape(-1, _HISTOGRAM_BINS).astype(np.int64)


def _declared_medians(histogram: NDArray[np.int64]) -> NDArray[np.float64]:
    """Median of declared income of each row of a histogram of disposable income."""
    total = np.cumsum(histogram, axis=1)
    half = total[:, -1:] / 2
    place = (total < half).sum(1)[:, None]
    here = np.take_along_axis(histogram, place, 1)
    before = np.take_along_axis(total, place, 1) - here
    return declared_income(((place + (half - before) / here) * _HISTOGRAM_BIN)[:, 0])


def _social_dwellings(
    rng: np.random.Generator, households: NDArray[np.int64], income_mean: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Social dwellings of each tile: nearly all where the mean is 12 000 EUR, few above 30 000."""
    share = 0.43 - 1.35 * np.log(income_mean / 18_000) + 0.35 * rng.standard_normal(len(households))
    share -= 0.3 * (households < SECRECY)
    return np.rint(np.clip(share, 0, 1) * households).astype(np.int64)


def secrecy_groups(
    row: NDArray[np.int64], column: NDArray[np.int64], households: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Group the tiles of fewer than 11 households until each group has 11.

    Squares of 2, 4, 8 ... cells are tried in turn; the small tiles of a square that are not yet
    in a group make one as soon as they have 11 households. What is left in the end, fewer than 11
    in all, joins the last group, or is the only one.

    Returns
    -------
    int64 array, shape (n,)
        Number of the group, -1 for tiles that are published as they are.

    Examples
    --------
    >>> secrecy_groups(np.array([0, 0, 1, 9]), np.array([0, 1, 1, 9]), np.array([6, 50, 7, 3]))
    array([ 0, -1,  0,  0])
    """
    group = np.full(len(households), -1, np.int64)
    left, groups, level = np.flatnonzero(households < SECRECY), 0, 0
    last = int(max(row.max(), column.max())).bit_length()
    while len(left) and level < last:
        level += 1
        key = ((row[left] >> level) << 32) | (column[left] >> level)
        _, square = np.unique(key, return_inverse=True)
        enough = np.bincount(square, weights=households[left]) >= SECRECY
        number = groups + np.cumsum(enough) - 1
        taken = enough[square]
        group[left[taken]] = number[square[taken]]
        groups += int(enough.sum())
        left = left[~taken]
    group[left] = max(groups - 1, 0)
    return group


def _publish(
    plan: _Plan,
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    commune: NDArray[np.int32],
    unit: NDArray[np.int32],
    people: _People,
    social: NDArray[np.int64],
) -> Tiles:
    """Make the tiles that would be published, in tenths, of the households that live there."""
    group = secrecy_groups(row, column, people.households)
    persons = people.half_persons
    households = _spread(people.households * 10, group, persons)
    poor = _spread(people.poor_households * 10, group, persons)
    tenths = {
        "population": persons * 5,
        "households": np.maximum(households, 1),
        "poor_households": np.minimum(poor, np.floor(POVERTY_CAP * households + 1e-9)),
        "income_sum": _spread(people.half_income * 5, group, persons),
        "social_dwellings": _spread(social * 10, group, persons),
    }
    northing, easting = plan.grid.indices(row.astype(np.int32), column.astype(np.int32))
    numbers, index = np.unique(commune, return_inverse=True)
    return Tiles.from_columns(
        northing,
        easting,
        {name: values / 10 for name, values in tenths.items()},
        crs=plan.grid.crs,
        resolution=plan.grid.resolution,
        imputed=group >= 0,
        commune=Codes(index.astype(np.int32), tuple(f"{number:05d}" for number in numbers)),
        urban_unit=Codes(unit, _labels(len(plan.radii))),
        vintage=VINTAGE,
        source=plan.source,
    )


def _spread(
    tenths: NDArray[np.int64], group: NDArray[np.int64], persons: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Replace the values of grouped tiles by their share, by persons, of the group's sum."""
    grouped = np.flatnonzero(group >= 0)
    if not len(grouped):
        return tenths
    number = group[grouped]
    rate = np.bincount(number, weights=tenths[grouped]) / np.bincount(
        number, weights=persons[grouped]
    )
    spread = tenths.copy()
    spread[grouped] = np.rint(rate[number] * persons[grouped]).astype(np.int64)
    return spread


def _size_table(means: NDArray[np.float64]) -> NDArray[np.int8]:
    """Half persons of a household by its tile's mean size and a random byte, shape (n, 256).

    One person and a Poisson number of others; three bytes in 256 stand for a child who lives half
    of the time elsewhere, which gives two tiles in five a half inhabitant, as in life.
    """
    more = np.arange(1, 13)
    odds = np.cumprod(np.concatenate((np.ones((len(means), 1)), (means[:, None] - 1) / more), 1), 1)
    below = np.cumsum(odds, 1) / odds.sum(1, keepdims=True)
    byte = (np.arange(256) + 0.5) / 256
    halves = 2 * (1 + (below[:, None, :] < byte[None, :, None]).sum(2))
    halves[:, [190, 215, 240]] -= 1
    return np.asarray(halves, np.int8)


_MEAN_SIZES = np.arange(15, 36) / 10
_HALF_PERSONS = _size_table(_MEAN_SIZES)
