"""How sure is a zoning: Monte Carlo over what is not known, and a check against official outlines.

Each draw zones the tiles anew with other errors. A draw has a number, and each of its components a
random stream of its own, keyed by seed, draw and component: what a draw gives depends on neither
the number of threads nor the other draws, and switching one component off leaves the others as
they were. Counts are whole numbers, so that parts add up to the same bytes in any order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput, suggestion
from zonage.income import DeclaredDisposable
from zonage.law import Reference
from zonage.tiles import Tiles
from zonage.variables import FIXED_POINT
from zonage.zoning import Method, Zoning, rezone

COMPONENTS = ("tile", "common", "conversion", "line", "connectivity", "bridge")
"""What is drawn; the position of a name is the key of its random stream."""

SOURCES = {
    "tile": "households drawn from the published incomes of French IRIS of 2019 into tiles of 11, "
    "20, 40, 80, 160 and 400 households of mean 0.95 to 1.45 poverty lines; standard deviation of "
    "estimated less drawn median: 1667, 1278, 938, 720, 556 and 417 EUR",
    "common": "biases of the estimator on IRIS and QPV below 18 000 EUR (docs/method.md, 2.1): "
    "-35, -4, 0 from their own deciles, +86 from tiles, +201 from tiles below 16 000 EUR, root "
    "mean square 99; left out: +723 to +1063 for QPV from tiles, which their outlines cut",
    "conversion": "bootstrap error of the map at 12 800 EUR (docs/method.md, 2.2) is 10 to 13 EUR; "
    "assumed to be twice that, since the choice to match ranks is a model too",
    "line": "assumed: both medians of the reference are estimates (docs/data.md)",
    "connectivity": "the law does not say which tiles touch: 4 or 8 neighbours, equally likely",
    "bridge": "the law asks for a continuous urban area: gaps of up to 0, 1 or 2 empty tiles "
    "bridged, equally likely",
}
"""Where the size of each error comes from."""

TOTALS = ("population", "households", "poor_households", "social_dwellings")
"""Counts inside zones whose distribution is reported where the tiles hold them."""

LEVELS = (0.05, 0.5, 0.95)
"""Quantiles reported of each total."""

GROUP_SQUARE_M = 4000
"""Side of the squares in which imputed tiles of one mean are taken as one group; nearly all of
INSEE's groups on the core of the MEL lie within such a square, and two of one mean to the cent by
chance are not to be expected."""

CHUNK = 25
"""Draws after which progress is told."""

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Errors:
    """Size of each error; 0, or a single choice, switches it off. See :data:`SOURCES`.

    Attributes
    ----------
    tile_model, tile_sampling : float
        The error of a tile's estimated median has the variance ``tile_model ** 2 +
        tile_sampling ** 2 / households``, EUR a year.
    group_households : float
        Households that count for an imputed tile: at least those of the group whose values it
        carries. All tiles of the group share one error.
    common : float
        Standard deviation of an error that all tiles share, EUR a year.
    conversion : float
        Standard deviation of the error of the map from declared to disposable income, EUR a year.
    line : float
        Standard deviation of the error of the line before it is rounded up, EUR a year; not drawn
        where all medians of the reference are published.
    connectivity, bridge : tuple of int
        Options of the method, each as likely as the others; empty = that of the base.

    Examples
    --------
    >>> Errors().only("line", "bridge").to_dict()["common"], Errors().without("common").common
    (0.0, 0.0)
    """

    tile_model: float = 330.0
    tile_sampling: float = 5500.0
    group_households: float = 11.0
    common: float = 100.0
    conversion: float = 25.0
    line: float = 25.0
    connectivity: tuple[int, ...] = (4, 8)
    bridge: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        for name in ("tile_model", "tile_sampling", "common", "conversion", "line"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise BadInput("an error out of range", column=name, found=value, expected=">= 0")
        if not self.group_households > 0:
            raise BadInput(
                "not a number of households",
                column="group_households",
                found=self.group_households,
                expected="above 0",
            )
        for name in ("connectivity", "bridge"):
            for value in getattr(self, name):
                replace(Method(), **{name: value})

    def without(self, *components: str) -> Errors:
        """Return the errors with some components of :data:`COMPONENTS` switched off.

        Raises
        ------
        BadInput
            For a name that is no component.
        """
        changes: dict[str, Any] = {}
        for name in components:
            if name not in COMPONENTS:
                raise BadInput("unknown component", found=name, hint=suggestion(name, COMPONENTS))
            if name == "tile":
                changes |= {"tile_model": 0.0, "tile_sampling": 0.0}
            else:
                changes[name] = () if name in ("connectivity", "bridge") else 0.0
        return replace(self, **changes)

    def only(self, *components: str) -> Errors:
        """Return the errors with all other components switched off; no name = no error at all."""
        self.without(*components)
        return self.without(*(name for name in COMPONENTS if name not in components))

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes for a manifest."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


# --------------------------------------------------------------------------------------------------
# The result


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """What a number of draws gave. Two of different draws add up.

    Attributes
    ----------
    base : Zoning
        The zoning without errors.
    errors : Errors
    seed : int
    numbers : int64 array, shape (m,)
        Numbers of the draws, increasing.
    inside_count : int64 array, shape (n,)
        In how many draws each tile lies in a zone.
    quarter_count : int64 array, shape (k,)
        In how many draws at least half of the inhabitants of each base zone lie in zones.
    totals : mapping of str to int64 array, shape (m,)
        For each draw the number of zones (`quarters`) and, in fixed point, what lies in them.
    """

    base: Zoning
    errors: Errors
    seed: int
    numbers: Whole
    inside_count: Whole
    quarter_count: Whole
    totals: dict[str, Whole]

    def __add__(self, other: Uncertainty) -> Uncertainty:
        same = (self.base is other.base, self.errors == other.errors, self.seed == other.seed)
        if not all(same):
            raise BadInput("draws of different bases, errors or seeds do not add up")
        both = np.intersect1d(self.numbers, other.numbers)
        if both.size:
            raise BadInput("a draw would count twice", found=f"draw {both[0]}")
        numbers = np.concatenate((self.numbers, other.numbers))
        order = np.argsort(numbers)
        return replace(
            self,
            numbers=numbers[order],
            inside_count=self.inside_count + other.inside_count,
            quarter_count=self.quarter_count + other.quarter_count,
            totals={
                name: np.concatenate((values, other.totals[name]))[order]
                for name, values in self.totals.items()
            },
        )

    @property
    def draws(self) -> int:
        """Number of draws."""
        return len(self.numbers)

    @property
    def probability(self) -> NDArray[np.float64]:
        """Share of the draws in which each tile lies in a zone, shape (n,)."""
        return self.inside_count / self.draws

    @property
    def quarter_probability(self) -> NDArray[np.float64]:
        """Share of the draws in which each base zone exists, shape (k,).

        It exists where at least half of its inhabitants lie in zones, of whatever outline.
        """
        return self.quarter_count / self.draws

    def standard_error(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Monte-Carlo standard error of probabilities: what more draws would narrow."""
        return np.sqrt(probability * (1 - probability) / self.draws)

    @cached_property
    def intervals(self) -> dict[str, dict[str, float]]:
        """Base value, quantiles (values that occurred), mean and its standard error by total."""
        found = {}
        base = _totals(self.base)
        for name, values in self.totals.items():
            scale = 1 if name == "quarters" else FIXED_POINT
            drawn = values / scale
            spread = float(drawn.std(ddof=1)) if self.draws > 1 else math.nan
            quantiles = np.quantile(drawn, LEVELS, method="inverted_cdf").tolist()
            found[name] = {
                "base": base[name] / scale,
                **dict(zip(("p05", "p50", "p95"), quantiles, strict=True)),
                "mean": float(drawn.mean()),
                "standard_deviation": spread,
                "standard_error": spread / math.sqrt(self.draws),
            }
        return found

    @cached_property
    def table(self) -> dict[str, list[Any]]:
        """The base zones as columns, one row a zone, with the probability that each exists."""
        probability = self.quarter_probability
        zones = self.base.table
        return {
            **{name: zones[name] for name in ("zone", "urban_unit", "communes", "population")},
            "probability": probability.tolist(),
            "standard_error": self.standard_error(probability).tolist(),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return draws, errors with their sources, intervals and quarters for a report."""
        return {
            "draws": self.draws,
            "seed": self.seed,
            "errors": self.errors.to_dict(),
            "sources": dict(SOURCES),
            "intervals": self.intervals,
            "largest_standard_error_of_a_probability": float(
                self.standard_error(self.probability).max()
            ),
            "quarters": self.table,
        }


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


# --------------------------------------------------------------------------------------------------
# One draw


def imputation_groups(tiles: Tiles) -> NDArray[np.int64]:
    """Number the groups whose values INSEE spread over their tiles; others are alone.

    The files do not name the groups. Imputed tiles carry the mean income of their group up to the
    rounding of the sum of incomes to 0.1 EUR: those of one mean within a square of 4 km are one.

    Returns
    -------
    int64 array, shape (n,)
        Group of each tile, from 0.

    Examples
    --------
    >>> tiles = Tiles.from_columns(
    ...     np.array([9, 8, 7]), np.array([3, 3, 3]),
    ...     {"population": np.array([2.0, 3.0, 2.0]),
    ...      "income_sum": np.array([51966.5, 77949.7, 51966.5])},
    ...     imputed=np.array([True, True, False]),
    ... )
    >>> imputation_groups(tiles).tolist()
    [0, 0, 1]
    """
    group = np.arange(len(tiles), dtype=np.int64)
    if tiles.imputed is None or "income_sum" not in tiles.counts:
        return group
    which = np.flatnonzero(tiles.imputed & (tiles.count("population") > 0))
    if not which.size:
        return group
    mean = tiles.income_mean[which]
    tolerance = 0.05 / tiles.values("population")[which] + 1e-9
    side = max(GROUP_SQUARE_M // tiles.resolution, 1)
    north, east = tiles.northing[which] // side, tiles.easting[which] // side
    order = np.lexsort((mean, east, north))
    new = (np.diff(north[order]) != 0) | (np.diff(east[order]) != 0)
    new |= np.diff(mean[order]) > tolerance[order][1:] + tolerance[order][:-1]
    start = np.concatenate(([True], new))
    group[which[order]] = which[order][start][np.cumsum(start) - 1]
    return np.unique(group, return_inverse=True)[1].reshape(-1).astype(np.int64)


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
            totals.append(_totals(zoning))
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


def _totals(zoning: Zoning) -> dict[str, int]:
    """Zones, and in fixed point what lies in them."""
    counts = zoning.tiles.counts
    inside = zoning.inside
    sums = {name: int(counts[name][inside].sum()) for name in TOTALS if name in counts}
    return {"quarters": zoning.zone_count, **sums}


# --------------------------------------------------------------------------------------------------
# Probabilities against outlines


@dataclass(frozen=True)
class ReliabilityBin:
    """Tiles of about one probability: what was said of them, and what is official.

    Attributes
    ----------
    low, high : float
        The bin holds ``low <= probability < high`` (the last one its upper end too).
    predicted, observed : float
        Mean probability, and share inside official outlines, both by inhabitants.
    inhabitants : float
        In the unit that was given.
    """

    low: float
    high: float
    predicted: float
    observed: float
    inhabitants: float


@dataclass(frozen=True)
class Reliability:
    """How probabilities compare with official outlines, by inhabitants.

    Attributes
    ----------
    bins : tuple of ReliabilityBin
        Those with inhabitants, the lowest probabilities first.
    brier : float
        Mean squared difference between probability and outcome: 0 is perfect.
    brier_zoning : float or None
        The same of the plain zoning, which says 0 or 1.
    brier_constant : float
        The same of one probability for all, the official share.
    calibration_error : float
        Mean difference between predicted and observed over the bins.
    """

    bins: tuple[ReliabilityBin, ...]
    brier: float
    brier_zoning: float | None
    brier_constant: float
    calibration_error: float

    def to_dict(self) -> dict[str, Any]:
        """Return the bins and the scores for a report."""
        return asdict(self)


def reliability(
    probability: NDArray[np.float64],
    official: NDArray[np.bool_],
    population: NDArray[Any],
    *,
    zoning: NDArray[np.bool_] | None = None,
    bins: int = 10,
) -> Reliability:
    """Hold probabilities against official outlines: of those given 30 %, are 30 % inside?

    Parameters
    ----------
    probability : float64 array, shape (n,)
        Of each tile to be inside.
    official : bool array, shape (n,)
        Tiles inside official outlines (:attr:`zonage.comparison.Comparison.official`).
    population : array, shape (n,)
        Inhabitants, which are the weights.
    zoning : bool array, shape (n,), optional
        Tiles inside the plain zoning, whose Brier score is given for comparison.
    bins : int
        Bins of equal width.

    Raises
    ------
    BadInput
        If lengths differ, a probability is none, there is no bin, or nobody lives in the tiles.

    Notes
    -----
    Brier (1950), Verification of forecasts expressed in terms of probability.

    Examples
    --------
    >>> found = reliability(np.array([0.9, 0.1]), np.array([True, False]), np.array([10, 30]))
    >>> round(found.brier, 3), found.brier_constant
    (0.01, 0.1875)
    """
    weight = np.asarray(population, np.float64)
    sizes = {len(probability), len(official), len(weight)}
    if len(sizes) > 1 or (zoning is not None and len(zoning) != len(weight)):
        raise BadInput("columns of different lengths")
    if not ((probability >= 0) & (probability <= 1)).all():
        raise BadInput("not a probability", expected="0 to 1")
    if not weight.sum() > 0 or bins < 1:
        raise BadInput("no inhabitants or no bins to compare probabilities in")
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    people = np.bincount(place, weight, minlength=bins)
    predicted = np.bincount(place, weight * probability, minlength=bins)
    observed = np.bincount(place, weight * official, minlength=bins)
    found = tuple(
        ReliabilityBin(
            index / bins,
            (index + 1) / bins,
            float(predicted[index] / people[index]),
            float(observed[index] / people[index]),
            float(people[index]),
        )
        for index in np.flatnonzero(people).tolist()
    )
    share = float(np.average(official, weights=weight))
    return Reliability(
        found,
        _brier(probability, official, weight),
        None if zoning is None else _brier(zoning.astype(np.float64), official, weight),
        share * (1 - share),
        float(np.abs(predicted - observed).sum() / weight.sum()),
    )


def _brier(
    probability: NDArray[np.float64], official: NDArray[np.bool_], weight: NDArray[np.float64]
) -> float:
    return float(np.average((probability - official) ** 2, weights=weight))
