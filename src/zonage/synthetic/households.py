"""Every household drawn, with its size and income, and summed by tile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonage.synthetic.declared import HISTOGRAM_BINS, add_to_histogram
from zonage.synthetic.plan import generator
from zonage.synthetic.rules import POVERTY_LINE, SECRECY, WINSORISED

# Logarithm of income that one more person in the household costs.
_POORER_PER_PERSON = 0.06
# Households drawn at a time: bounds the memory.
_CHUNK = 1 << 20


@dataclass(frozen=True)
class People:
    """What the households of each tile amount to; persons are counted in halves."""

    half_persons: NDArray[np.int64]
    households: NDArray[np.int64]
    poor_households: NDArray[np.int64]
    half_income: NDArray[np.int64]
    income_median: NDArray[np.float64]


def draw_people(
    stream: np.random.SeedSequence,
    households: NDArray[np.int64],
    income_mean: NDArray[np.float64],
    unit: NDArray[np.int32],
    truth: bool,
) -> tuple[People, NDArray[np.int64]]:
    """Draw every household, a bounded number at a time.

    Returns what they amount to in each tile and, where the truth is wanted, the half persons of
    each urban unit (row 0 outside all of them) by class of disposable income.
    """
    ends = np.cumsum(households)
    cuts = np.searchsorted(ends, np.arange(_CHUNK, ends[-1], _CHUNK))
    cuts = np.unique(np.concatenate(([0], cuts, [len(households)])))
    histogram = np.zeros((int(unit.max()) + 2 if truth else 0, HISTOGRAM_BINS), np.int64)
    parts = []
    for first, last, own in zip(cuts[:-1], cuts[1:], stream.spawn(len(cuts) - 1), strict=True):
        chunk = slice(first, last)
        tile, income, halves = _draw_households(
            generator(own), households[chunk], income_mean[chunk]
        )
        parts.append(_sum_people(tile, income, halves, households[chunk], truth))
        if truth:
            add_to_histogram(histogram, unit[chunk][tile] + 1, income, halves)
    names = People.__dataclass_fields__
    people = People(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
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
) -> People:
    """Sum the households of each tile, which stand in the order of the tiles."""
    start = np.cumsum(households) - households
    half_persons = np.add.reduceat(halves, start, dtype=np.int64)
    median = _medians(tile, income, halves, half_persons) if truth else np.empty(0)
    return People(
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
