"""Income of the inhabitants of a tile, estimated from the two figures that INSEE publishes.

The law asks for the median of declared income. Tiles publish the mean of disposable income (per
consumption unit, winsorised) and the number of poor households. Each of the two figures places
the median of a log-normal whose sigma is pooled over French neighbourhoods; the estimate is their
weighted mean in logarithms, which is less wrong than either and than the log-normal through both.
:class:`DeclaredDisposable` leads from one income to the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zonage.errors import BadInput
from zonage.tiles import Tiles

Floats = NDArray[np.float64]
Estimator = Literal["blend", "log-normal", "mean"]

TILES_AT_A_TIME = 1 << 15
"""Tiles estimated in one piece: few enough that what each step leaves stays in the cache."""


@dataclass(frozen=True, eq=False)
class LogNormal:
    """Incomes within each tile: the logarithm of income is normal.

    Attributes
    ----------
    mu, sigma : float64 arrays, shape (n,)
        Mean and standard deviation of the logarithm of income (EUR a year); NaN where the income
        is not known.

    Examples
    --------
    >>> income = LogNormal(np.log([16000.0]), np.array([0.44]))
    >>> income.median.round().tolist(), income.share_below(16000.0).round(3).tolist()
    ([16000.0], [0.5])
    """

    mu: Floats
    sigma: Floats

    @cached_property
    def median(self) -> Floats:
        """Median income of each tile, EUR a year."""
        return np.exp(self.mu)

    def share_below(self, line: ArrayLike) -> Floats:
        """Share of each tile's inhabitants below a line, 0 to 1.

        Parameters
        ----------
        line : float, or float array of shape (n,)
            EUR a year; where it is NaN, so is the share.
        """
        from zonage.kernels.normal import cdf

        with np.errstate(divide="ignore", invalid="ignore"):
            return _of_each(cdf, (np.log(line) - self.mu) / self.sigma)


@dataclass(frozen=True)
class IncomeModel:
    """Every constant of the estimate, as fitted on published tables.

    Attributes
    ----------
    vintage : int
        Year of the tiles.
    poverty_line : float
        Disposable income below which this vintage counts a household as poor, EUR a year.
    poverty_line_certainty, poverty_line_source : str
        How sure that line is, and where it comes from.
    fitted : int
        Year of the tables that the constants below were fitted on.
    sigma : float
        Standard deviation of the logarithm of income within a neighbourhood.
    mean_weight : float
        Weight of the median told by the mean; the rest goes to the one told by the poor.
    log_ratio_min, log_ratio_max : float
        Limits of ln(mean / poverty line); beyond them it counts as the limit.
    link_intercept, link_slope, link_size : float
        From poor households to poor persons: probit of the share of persons = intercept + slope x
        probit of the share of households + size x (persons a household - `link_mean_size`).
    link_mean_size, size_min, size_max : float
        Persons a household: where the last term is 0, and limits.
    prior_intercept, prior_slope, prior_knot, prior_bend, prior_second_knot, prior_second_bend : \
float
        Probit of the share of poor persons expected from L = ln(mean / poverty line): intercept +
        slope x L, whose slope changes by each bend above its knot.
    prior_alone : float
        The same where the mean is not known.
    pseudo_households : float
        Households of the expected poverty that are added to each tile's own.
    share_min, share_cap : float
        Limits of the share of poor households; INSEE publishes none above the cap.
    source : str
        What the constants were fitted on.

    Notes
    -----
    The packaged constants come from :func:`zonage.sources.income_tables.income_model`. With z the
    poverty line, L = ln(mean / z), q the probit of the share of poor persons, s sigma and w the
    weight::

        ln(median / z) = w (L - s^2 / 2) - (1 - w) s q

    Examples
    --------
    >>> from zonage.sources.income_tables import income_model
    >>> model = income_model(2019)
    >>> tile = np.array([230.0]), np.array([100.0]), np.array([40.0]), np.array([230 * 15500.0])
    >>> model.estimate(*tile).median.round(-2).tolist()
    [14000.0]
    """

    vintage: int
    poverty_line: float
    poverty_line_certainty: str
    poverty_line_source: str
    fitted: int
    sigma: float
    mean_weight: float
    log_ratio_min: float
    log_ratio_max: float
    link_intercept: float
    link_slope: float
    link_size: float
    link_mean_size: float
    size_min: float
    size_max: float
    prior_intercept: float
    prior_slope: float
    prior_knot: float
    prior_bend: float
    prior_second_knot: float
    prior_second_bend: float
    prior_alone: float
    pseudo_households: float
    share_min: float
    share_cap: float
    source: str

    def __post_init__(self) -> None:
        for constant in fields(self):
            value = getattr(self, constant.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise _bad_constant(constant.name, value, "a finite number")
        checks = (
            ("poverty_line", self.poverty_line > 0, "EUR a year, above 0"),
            ("sigma", self.sigma > 0, "above 0"),
            ("mean_weight", 0 < self.mean_weight < 1, "between 0 and 1"),
            ("log_ratio_max", self.log_ratio_min < self.log_ratio_max, "above log_ratio_min"),
            ("link_slope", self.link_slope > 0, "above 0"),
            ("size_max", 0 < self.size_min < self.size_max, "above size_min, which is above 0"),
            ("prior_slope", self._prior_falls, "below 0, and after each bend too"),
            ("pseudo_households", self.pseudo_households > 0, "above 0"),
            ("share_cap", 0 < self.share_min < self.share_cap < 1, "above share_min, below 1"),
        )
        for name, good, expected in checks:
            if not good:
                raise _bad_constant(name, getattr(self, name), expected)

    @property
    def _prior_falls(self) -> bool:
        slope = self.prior_slope, self.prior_bend, self.prior_second_bend
        return max(slope[0], slope[0] + slope[1], sum(slope)) < 0

    def estimate(
        self,
        population: Floats,
        households: Floats | None,
        poor_households: Floats | None,
        income_sum: Floats | None,
        estimator: Estimator = "blend",
    ) -> LogNormal:
        """Estimate the incomes of each tile (or of any group of people).

        Parameters
        ----------
        population : float64 array, shape (n,)
            Inhabitants.
        households, poor_households : float64 arrays, shape (n,), or None
            All households, and those below the poverty line.
        income_sum : float64 array, shape (n,), or None
            Sum of disposable income per consumption unit over the inhabitants, EUR a year.
        estimator : {"blend", "log-normal", "mean"}
            ``"blend"``: the weighted mean of the medians told by the mean and by the poor persons.
            ``"log-normal"``: the log-normal that has the mean and the share of poor households.
            ``"mean"``: the mean alone, with the pooled sigma, so that tiles keep the order of
            their means.

        Returns
        -------
        LogNormal
            From the mean alone or the poor alone where the other is not known, NaN where nobody
            lives or nothing is known.

        Raises
        ------
        BadInput
            If the arrays differ in shape, none tells the income, or the estimator is unknown.
        """
        if estimator not in get_args(Estimator):
            raise BadInput(
                "unknown estimator", found=estimator, expected=" or ".join(get_args(Estimator))
            )
        _check_shapes(population, households, poor_households, income_sum)
        if income_sum is None and (estimator == "mean" or households is None):
            raise BadInput("the tiles hold no income sum", expected="this column in the tile file")
        mean = _mean(income_sum, population)
        share = self._poor_household_share(population, households, poor_households)
        if estimator == "log-normal":
            return self._through_both(mean, share)
        if estimator == "mean":
            mu = np.log(mean) - self.sigma**2 / 2
        else:
            mu = self._blended(mean, share, population, households)
        return LogNormal(mu, np.where(np.isnan(mu), np.nan, self.sigma))

    def poor_persons(
        self,
        population: Floats,
        households: Floats,
        poor_households: Floats,
        income_sum: Floats | None = None,
    ) -> Floats:
        """Estimate the share of each tile's inhabitants below the poverty line.

        Parameters
        ----------
        population, households, poor_households, income_sum
            As for :meth:`estimate`.

        Returns
        -------
        float64 array, shape (n,)
            0 to 1; NaN without households. Nearer to the published rates, which count persons,
            than the share of poor households and than the share below the line of the log-normal.
        """
        from zonage.kernels.normal import cdf

        _check_shapes(population, households, poor_households, income_sum)
        share = self._poor_household_share(population, households, poor_households)
        log_ratio = self._log_ratio(_mean(income_sum, population))
        return _of_each(cdf, self._poor_probit(share, population, households, log_ratio))

    def censored(self, households: Floats, poor_households: Floats) -> NDArray[np.bool_]:
        """Tell which tiles stand at INSEE's cap, so that they may be poorer than estimated."""
        # The cap times households is published to a tenth of a household.
        return (households > 0) & (poor_households >= self.share_cap * households - 0.05)

    def _poor_household_share(
        self, population: Floats, households: Floats | None, poor_households: Floats | None
    ) -> Floats:
        """Share of poor households, at most the cap; NaN where nobody lives or not known."""
        if poor_households is None:
            households = None
        share = _ratio(poor_households, households, like=population)
        share = np.where((share >= 0) & (population > 0), share, np.nan)
        return np.minimum(share, self.share_cap)

    def _log_ratio(self, mean: Floats) -> Floats:
        return np.clip(np.log(mean / self.poverty_line), self.log_ratio_min, self.log_ratio_max)

    def _prior_probit(self, log_ratio: Floats) -> Floats:
        """Probit of the share of poor persons that goes with a mean, or with none."""
        expected = (
            self.prior_intercept
            + self.prior_slope * log_ratio
            + self.prior_bend * np.maximum(log_ratio - self.prior_knot, 0)
            + self.prior_second_bend * np.maximum(log_ratio - self.prior_second_knot, 0)
        )
        return np.where(np.isnan(log_ratio), self.prior_alone, expected)

    def _poor_probit(
        self, share: Floats, population: Floats, households: Floats | None, log_ratio: Floats
    ) -> Floats:
        """Probit of the share of poor persons: households shrunk to the prior, then persons."""
        from zonage.kernels.normal import cdf, quantile

        if households is None:
            return share
        expected = (self._prior_probit(log_ratio) - self.link_intercept) / self.link_slope
        prior = _of_each(cdf, expected)
        shrunk = (share * households + self.pseudo_households * prior) / (
            households + self.pseudo_households
        )
        size = np.clip(_ratio(population, households), self.size_min, self.size_max)
        return (
            self.link_intercept
            + self.link_slope * _of_each(quantile, np.maximum(shrunk, self.share_min))
            + self.link_size * (size - self.link_mean_size)
        )

    def _blended(
        self, mean: Floats, share: Floats, population: Floats, households: Floats | None
    ) -> Floats:
        """Weighted mean of mu as told by the mean and by the poor, or the one that is known."""
        log_ratio = self._log_ratio(mean)
        by_mean = log_ratio - self.sigma**2 / 2
        by_poor = -self.sigma * self._poor_probit(share, population, households, log_ratio)
        both = self.mean_weight * by_mean + (1 - self.mean_weight) * by_poor
        known = np.where(np.isnan(by_poor), by_mean, by_poor)
        return math.log(self.poverty_line) + np.where(np.isnan(both), known, both)

    def _through_both(self, mean: Floats, share: Floats) -> LogNormal:
        """The log-normal that has the mean and the share of poor households."""
        from zonage.kernels.lognormal import parameters
        from zonage.kernels.normal import quantile

        share = np.maximum(share, self.share_min)
        mu, sigma = np.empty(share.shape), np.empty(share.shape)
        parameters(mean, share, self.poverty_line, self.sigma, mu, sigma)
        by_poor = math.log(self.poverty_line) - self.sigma * _of_each(quantile, share)
        mu = np.where(np.isnan(mean), by_poor, mu)
        return LogNormal(mu, np.where(np.isnan(mean) & ~np.isnan(mu), self.sigma, sigma))


def estimate(tiles: Tiles, model: IncomeModel, estimator: Estimator = "blend") -> LogNormal:
    """Estimate the incomes of a table of tiles.

    Parameters
    ----------
    tiles : Tiles
        With population and, of income sum and households with poor households, at least one.
    model : IncomeModel
        The constants, of the vintage of the tiles.
    estimator : {"blend", "log-normal", "mean"}
        See :meth:`IncomeModel.estimate`.

    Raises
    ------
    BadInput
        If the tiles lack a column that the estimator needs.

    Examples
    --------
    >>> from zonage.sources.income_tables import income_model
    >>> tiles = Tiles.from_columns(
    ...     np.array([7]), np.array([3]),
    ...     {"population": np.array([100.0]), "income_sum": np.array([1.7e6])},
    ... )
    >>> estimate(tiles, income_model(2019)).median.round(-1).tolist()
    [15430.0]
    """
    poverty = {"households", "poor_households"} <= tiles.counts.keys()
    income = "income_sum" in tiles.counts
    if not income and (estimator == "mean" or not poverty):
        tiles.count("income_sum")
    if len(tiles) > TILES_AT_A_TIME:
        starts = range(0, len(tiles), TILES_AT_A_TIME)
        pieces = [tiles.take(slice(start, start + TILES_AT_A_TIME)) for start in starts]
        found = [estimate(piece, model, estimator) for piece in pieces]
        return LogNormal(
            np.concatenate([part.mu for part in found]),
            np.concatenate([part.sigma for part in found]),
        )
    return model.estimate(
        tiles.values("population"),
        tiles.values("households") if poverty else None,
        tiles.values("poor_households") if poverty else None,
        tiles.values("income_sum") if income else None,
        estimator,
    )


def zone_medians(
    labels: NDArray[np.int32], count: int, population: NDArray[np.int64], income: LogNormal
) -> Floats:
    """Find the median income of each zone, whose people are the mixture of its tiles'.

    Parameters
    ----------
    labels : int32 array, shape (n,)
        Number of the tile's zone, 1 to `count`; 0 outside.
    count : int
        Number of zones.
    population : int64 array, shape (n,)
        Inhabitants in any fixed-point unit. Those of tiles of unknown income do not count.
    income : LogNormal
        Of each tile, length n.

    Returns
    -------
    float64 array, shape (count,)
        EUR a year; NaN for a zone of nobody whose income is known.

    Examples
    --------
    >>> income = LogNormal(np.log([12000.0, 12000.0, 90000.0]), np.full(3, 0.44))
    >>> zone_medians(np.array([1, 1, 0], np.int32), 1, np.array([8, 9, 9]), income).round()
    array([12000.])
    """
    from zonage.kernels.lognormal import mixture_median

    out = np.empty(count)
    mixture_median(*_mixtures(labels, count, population, income), out)
    return out


def zone_shares_below(
    labels: NDArray[np.int32],
    count: int,
    population: NDArray[np.int64],
    income: LogNormal,
    line: ArrayLike,
) -> Floats:
    """Find the share of each zone's inhabitants below a line.

    Parameters
    ----------
    labels, count, population, income
        As for :func:`zone_medians`.
    line : float, or float array of shape (count,)
        EUR a year.

    Returns
    -------
    float64 array, shape (count,)
        0 to 1; NaN where :func:`zone_medians` gives NaN or the line is no positive number.

    Examples
    --------
    >>> income = LogNormal(np.log([12000.0, 15000.0]), np.full(2, 0.44))
    >>> zone_shares_below(np.array([1, 2], np.int32), 2, np.array([8, 9]), income, 12000.0).round(2)
    array([0.5 , 0.31])
    """
    from zonage.kernels.lognormal import mixture_share_below

    out = np.empty(count)
    lines = np.array(np.broadcast_to(np.asarray(line, np.float64), (count,)))
    mixture_share_below(*_mixtures(labels, count, population, income), lines, out)
    return out


def _mixtures(
    labels: NDArray[np.int32], count: int, population: NDArray[np.int64], income: LogNormal
) -> tuple[Any, ...]:
    """The zones as the kernels take them: offsets, tiles by zone, weights, mu and sigma."""
    from zonage.kernels.components import members

    start = np.empty(count + 1, np.int64)
    order = np.empty(int(np.count_nonzero(labels)), np.int64)
    members(labels, start, order)
    weights = np.where(np.isfinite(income.mu), population, 0)
    return start, order, weights, income.mu, income.sigma


@dataclass(frozen=True)
class DeclaredDisposable:
    """The disposable income that goes with a declared income, and back.

    The two medians of a neighbourhood that stand at the same rank among all French IRIS are
    matched, so that as many neighbourhoods lie below a line before the conversion as after it.

    Attributes
    ----------
    year : int
        Year of the tables that the map was fitted on.
    declared, disposable : tuple of float
        Knots, EUR a year per consumption unit, both increasing; straight lines between them.
    sd : tuple of float
        At each knot, the standard deviation of the disposable medians of IRIS around the map: the
        error for a single zone, EUR a year.
    source : str
        The tables.
    requested_year : int or None
        The year asked for, where there was no map of that year and the latest earlier one stands
        in for it.

    Examples
    --------
    >>> knots = {"declared": (12000.0, 14000.0), "disposable": (15000.0, 16200.0)}
    >>> conversion = DeclaredDisposable(2019, **knots, sd=(330.0, 290.0))
    >>> float(conversion.to_disposable(12800)), float(conversion.to_declared(15480))
    (15480.0, 12800.0)
    """

    year: int
    declared: tuple[float, ...]
    disposable: tuple[float, ...]
    sd: tuple[float, ...]
    source: str = ""
    requested_year: int | None = None

    def __post_init__(self) -> None:
        if not 2 <= len(self.declared) == len(self.disposable) == len(self.sd):
            raise BadInput(
                "the columns of the map of incomes differ in length or hold fewer than two knots"
            )
        for name in ("declared", "disposable"):
            if not (np.diff(getattr(self, name)) > 0).all():
                raise BadInput("the knots of the map of incomes do not increase", column=name)
        if not (np.array(self.sd) > 0).all():
            raise BadInput("an error that is not above 0", column="sd")

    def to_disposable(self, declared: ArrayLike) -> Floats:
        """Return the disposable income of the same rank, EUR a year.

        Raises
        ------
        BadInput
            If an income lies outside the knots: a line that cannot be converted must not pass for
            one that can. NaN stays NaN.
        """
        income = np.asarray(declared, np.float64)
        outside = (income < self.declared[0]) | (income > self.declared[-1])
        if outside.any():
            raise BadInput(
                "a declared income outside the map to disposable income",
                found=f"{income[outside].flat[0]:.0f} EUR a year",
                expected=f"{self.declared[0]:.0f} to {self.declared[-1]:.0f}",
            )
        return np.interp(income, self.declared, self.disposable)

    def to_declared(self, disposable: ArrayLike) -> Floats:
        """Return the declared income of the same rank, EUR a year, NaN outside the knots."""
        return _between(disposable, self.disposable, self.declared)

    def error(self, declared: ArrayLike) -> Floats:
        """Return the error of :meth:`to_disposable` for a single zone (one sd), EUR a year."""
        return _between(declared, self.declared, self.sd)


def _between(x: ArrayLike, knots: tuple[float, ...], values: tuple[float, ...]) -> Floats:
    """Straight lines between knots, NaN outside."""
    return np.interp(np.asarray(x, np.float64), knots, values, left=np.nan, right=np.nan)


def _check_shapes(*columns: Floats | None) -> None:
    """Refuse columns of different shapes."""
    shapes = {np.shape(column) for column in columns if column is not None}
    if len(shapes) > 1:
        raise BadInput("columns of different lengths", found=", ".join(map(str, sorted(shapes))))


def _mean(income_sum: Floats | None, population: Floats) -> Floats:
    """Mean income, NaN where nobody lives or no income is known."""
    mean = _ratio(income_sum, population)
    return np.where(mean > 0, mean, np.nan)


def _ratio(part: Floats | None, whole: Floats | None, like: Floats | None = None) -> Floats:
    """Divide where the whole is above 0, NaN elsewhere (everywhere if a column is missing)."""
    if part is None or whole is None:
        present = next(column for column in (part, whole, like) if column is not None)
        return np.full(np.shape(present), np.nan)
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


def _of_each(kernel: Callable[[Floats, Floats], None], x: Floats) -> Floats:
    """Apply a kernel of one number to each element of an array of any shape."""
    x = np.asarray(x, np.float64, order="C")
    out = np.empty_like(x)
    kernel(x.reshape(-1), out.reshape(-1))
    return out


def _bad_constant(name: str, found: object, expected: str) -> BadInput:
    return BadInput(
        "a constant of the income model out of range", column=name, found=found, expected=expected
    )
