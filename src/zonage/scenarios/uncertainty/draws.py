"""Monte Carlo: the zoning of one draw, and the counts of many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.income import DeclaredDisposable
from zonage.law import Reference
from zonage.scenarios.uncertainty.error_sizes import COMPONENTS, Errors
from zonage.scenarios.uncertainty.imputation import imputation_groups
from zonage.scenarios.uncertainty.result import Uncertainty, totals_of
from zonage.tiles import Tiles
from zonage.zoning import Method, Zoning, rezone

CHUNK = 25
"""Draws after which progress is told."""

MAX_DRAWS = 1_000_000
"""Draws of one run: far beyond what a share needs, and their list fits in memory."""


def monte_carlo(
    base: Zoning,
    *,
    draws: int | Sequence[int] = 1000,
    seed: int = 0,
    errors: Errors | None = None,
    threads: int = 1,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Uncertainty:
    """Zone the tiles again and again with errors drawn anew, and count.

    Parameters
    ----------
    base : Zoning
        The zoning whose uncertainty is asked for.
    draws : int, or sequence of int
        How many draws, or their numbers (``range(500, 1000)`` for the second half of a thousand).
    seed : int
        At least 0.
    errors : Errors, optional
        Sizes of the errors; those of :class:`Errors` if not given.
    threads : int
        Threads to work on; the result does not depend on it.
    tell : callable, optional
        Called with the draws done and their number every 25 draws.

    Returns
    -------
    Uncertainty

    Raises
    ------
    BadInput
        If there is no draw, one comes twice, or a number is negative.

    Notes
    -----
    The errors of tiles are normal in the logarithm of income, and independent but for imputed
    tiles of one group and for the common error: an error that only a neighbourhood shares is not
    drawn. Where the base has a line of the user's own, neither map nor line are uncertain.

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> base = zn.qpv(town.tiles, law, town.reference)
    >>> found = monte_carlo(base, draws=20)
    >>> found.probability.shape == base.label.shape, found.draws
    (True, 20)
    """
    numbers = _numbers(draws)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise BadInput("not a seed", found=repr(seed), expected="a whole number of at least 0")
    if threads < 1:
        raise BadInput("not a number of threads", found=threads, expected="at least 1")
    sampler = _Sampler(base, errors or Errors(), seed)
    found: Uncertainty | None = None
    for part in _parts(sampler.count, numbers, threads):
        found = part if found is None else found + part
        tell(found.draws, len(numbers))
    assert found is not None
    return found


def _numbers(draws: int | Sequence[int]) -> list[int]:
    if isinstance(draws, int) and not 1 <= draws <= MAX_DRAWS:
        expected = f"at least 1 and at most {MAX_DRAWS}"
        raise BadInput("not a number of draws", found=draws, expected=expected)
    numbers = list(range(draws) if isinstance(draws, int) else draws)
    if not numbers or min(numbers) < 0:
        raise BadInput("not a number of draws", found=draws, expected="at least 1")
    if len(set(numbers)) < len(numbers):
        raise BadInput("a draw comes twice")
    return numbers


def _parts(
    count: Callable[[Sequence[int]], Uncertainty], numbers: Sequence[int], threads: int
) -> Iterator[Uncertainty]:
    chunks = [numbers[first : first + CHUNK] for first in range(0, len(numbers), CHUNK)]
    if threads == 1:
        yield from map(count, chunks)
    else:
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(count, chunks)


class _Sampler:
    """Makes the zoning of a draw from its number."""

    def __init__(self, base: Zoning, errors: Errors, seed: int) -> None:
        self.base, self.errors, self.seed = base, errors, seed
        self.group = imputation_groups(base.tiles)
        median = base.income.median
        known = np.isfinite(median)
        # An error in EUR becomes one of the logarithm: incomes stay above 0.
        self.per_euro = np.divide(1.0, median, out=np.zeros(len(median)), where=known)
        variance = errors.tile_model**2 + errors.tile_sampling**2 / _households(base, errors)
        self.tile_sd = np.sqrt(variance) * self.per_euro
        self.reference = _of_tiles(base.reference, base.tiles)

    def count(self, numbers: Iterable[int]) -> Uncertainty:
        """Zone some draws and count what they give."""
        base = self.base
        numbers = sorted(numbers)
        inside = np.zeros(len(base.tiles), np.int64)
        quarters = np.zeros(base.zone_count, np.int64)
        totals = []
        for number in numbers:
            zoning = self.zoning(number)
            inside += zoning.inside
            quarters += _exists(base, zoning.inside)
            totals.append(totals_of(zoning))
        columns = {name: np.array([row[name] for row in totals], np.int64) for name in totals[0]}
        numbers_array = np.array(numbers, np.int64)
        return Uncertainty(base, self.errors, self.seed, numbers_array, inside, quarters, columns)

    def zoning(self, number: int) -> Zoning:
        """Return the zoning of one draw."""
        return rezone(
            self.base,
            method=self._method(number),
            reference=self._reference(number),
            conversion=self._conversion(number),
            disturbance=self._disturbance(number),
        )

    def _stream(self, number: int, component: str) -> np.random.Generator:
        key = (number, COMPONENTS.index(component))
        return np.random.Generator(
            np.random.Philox(np.random.SeedSequence(self.seed, spawn_key=key))
        )

    def _normal(self, number: int, component: str, sd: float) -> float:
        return sd * float(self._stream(number, component).standard_normal())

    def _disturbance(self, number: int) -> NDArray[np.float64]:
        count = int(self.group.max()) + 1
        own = self._stream(number, "tile").standard_normal(count)[self.group]
        common = self._normal(number, "common", self.errors.common)
        return own * self.tile_sd + common * self.per_euro

    def _method(self, number: int) -> Method:
        options = {}
        for name in ("connectivity", "bridge"):
            choices = getattr(self.errors, name)
            if choices:
                options[name] = choices[int(self._stream(number, name).integers(len(choices)))]
        return replace(self.base.method, **options)

    def _conversion(self, number: int) -> DeclaredDisposable | None:
        conversion = self.base.conversion
        if conversion is None or not self.errors.conversion:
            return conversion
        error = self._normal(number, "conversion", self.errors.conversion)
        moved = tuple(income + error for income in conversion.disposable)
        return replace(conversion, disposable=moved)

    def _reference(self, number: int) -> Reference:
        """Both medians moved by as much as moves the line before rounding by the error drawn."""
        reference, factor = self.reference, float(self.base.law.factor)
        marks = {reference.national_certainty, *(unit.certainty for unit in reference.units)}
        if not self.errors.line or not factor or "estimated" not in marks:
            return reference
        step = self._normal(number, "line", self.errors.line) / factor
        units = tuple(
            unit if unit.median is None else replace(unit, median=round(unit.median + step, 3))
            for unit in reference.units
        )
        national = round(reference.national_median + step, 3)
        return replace(reference, national_median=national, units=units)


def _households(base: Zoning, errors: Errors) -> NDArray[np.float64]:
    """Households behind each tile's figures, at least one."""
    tiles = base.tiles
    if "households" in tiles.counts:
        households = tiles.values("households")
    else:
        households = tiles.values("population") / base.model.link_mean_size
    if tiles.imputed is not None:
        households = np.where(tiles.imputed, errors.group_households, households)
    return np.maximum(households, 1.0)


def _of_tiles(reference: Reference, tiles: Tiles) -> Reference:
    """The reference without the units that no tile lies in: fewer to move in every draw."""
    here = set(tiles.urban_unit.labels)
    return replace(reference, units=tuple(unit for unit in reference.units if unit.code in here))


def _exists(base: Zoning, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Base zones of which at least half of the inhabitants lie inside, shape (k,)."""
    from zonage.kernels.sums import sum_by_label

    people = np.empty(base.zone_count + 1, np.int64)
    sum_by_label(base.label, base.tiles.count("population") * inside, people)
    return 2 * people[1:] >= base.zone_population
