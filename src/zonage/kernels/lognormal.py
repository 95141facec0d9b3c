"""Log-normal incomes of tiles, and the mixtures that zones are.

Incomes within a tile follow ``ln s ~ N(mu, sigma)``: median ``exp(mu)``, mean
``exp(mu + sigma^2 / 2)``, share below s ``Phi((ln s - mu) / sigma)``.
"""

import math

import numpy as np
import numpy.typing as npt

from zonage.kernels._jit import kernel

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

ROOT_HALF = math.sqrt(0.5)
ROOT_TWO_PI = math.sqrt(2 * math.pi)
TOLERANCE = 1e-13  # of ln s: an order below the 1e-12 promised for s
MAX_STEPS = 200


@kernel
def normal_cdf(x: float) -> float:
    """Return the standard normal distribution function.

    Examples
    --------
    >>> normal_cdf(0.0)
    0.5
    """
    return 0.5 * math.erfc(-x * ROOT_HALF)


@kernel
def normal_quantile(p: float) -> float:
    """Return the quantile of the standard normal distribution.

    Infinite at 0 and 1, NaN outside. Rational approximations PPND16 of Wichura (1988), Algorithm
    AS 241, Applied Statistics 37 (3), of relative accuracy 1e-16.

    Examples
    --------
    >>> normal_quantile(0.5)
    0.0
    """
    if p <= 0.0 or p >= 1.0 or math.isnan(p):
        if p == 0.0:
            return -math.inf
        return math.inf if p == 1.0 else math.nan
    q = p - 0.5
    if abs(q) <= 0.425:
        return q * _central_ratio(0.180625 - q * q)
    tail = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
    size = _middle_ratio(tail - 1.6) if tail <= 5.0 else _far_ratio(tail - 5.0)
    return -size if q < 0.0 else size


@kernel
def _central_ratio(r: float) -> float:
    """Return Wichura's ratio for probabilities between 0.075 and 0.925."""
    above = 2.5090809287301226727e3
    above = above * r + 3.3430575583588128105e4
    above = above * r + 6.7265770927008700853e4
    above = above * r + 4.5921953931549871457e4
    above = above * r + 1.3731693765509461125e4
    above = above * r + 1.9715909503065514427e3
    above = above * r + 1.3314166789178437745e2
    above = above * r + 3.3871328727963666080e0
    below = 5.2264952788528545610e3
    below = below * r + 2.8729085735721942674e4
    below = below * r + 3.9307895800092710610e4
    below = below * r + 2.1213794301586595867e4
    below = below * r + 5.3941960214247511077e3
    below = below * r + 6.8718700749205790830e2
    below = below * r + 4.2313330701600911252e1
    return above / (below * r + 1.0)


@kernel
def _middle_ratio(r: float) -> float:
    """Return Wichura's ratio for tails down to exp(-25)."""
    above = 7.74545014278341407640e-4
    above = above * r + 2.27238449892691845833e-2
    above = above * r + 2.41780725177450611770e-1
    above = above * r + 1.27045825245236838258e0
    above = above * r + 3.64784832476320460504e0
    above = above * r + 5.76949722146069140550e0
    above = above * r + 4.63033784615654529590e0
    above = above * r + 1.42343711074968357734e0
    below = 1.05075007164441684324e-9
    below = below * r + 5.47593808499534494600e-4
    below = below * r + 1.51986665636164571966e-2
    below = below * r + 1.48103976427480074590e-1
    below = below * r + 6.89767334985100004550e-1
    below = below * r + 1.67638483018380384940e0
    below = below * r + 2.05319162663775882187e0
    return above / (below * r + 1.0)


@kernel
def _far_ratio(r: float) -> float:
    """Return Wichura's ratio for tails beyond exp(-25)."""
    above = 2.01033439929228813265e-7
    above = above * r + 2.71155556874348757815e-5
    above = above * r + 1.24266094738807843860e-3
    above = above * r + 2.65321895265761230930e-2
    above = above * r + 2.96560571828504891230e-1
    above = above * r + 1.78482653991729133580e0
    above = above * r + 5.46378491116411436990e0
    above = above * r + 6.65790464350110377720e0
    below = 2.04426310338993978564e-15
    below = below * r + 1.42151175831644588870e-7
    below = below * r + 1.84631831751005468180e-5
    below = below * r + 7.86869131145613259100e-4
    below = below * r + 1.48753612908506148525e-2
    below = below * r + 1.36929880922735805310e-1
    below = below * r + 5.99832206555887937690e-1
    return above / (below * r + 1.0)


@kernel
def _sigma(mean: float, share: float, line: float) -> float:
    """Return the larger root of ``sigma^2 - 2 q sigma = 2 ln(mean / line)``, NaN without a root."""
    if not 0.0 < share < 1.0:
        return math.nan
    quantile = normal_quantile(share)
    squared = quantile * quantile + 2.0 * math.log(mean / line)
    if squared < 0.0:
        return math.nan
    root = math.sqrt(squared)
    if quantile < 0.0:  # the same number without subtracting neighbours
        return 2.0 * math.log(mean / line) / (root - quantile)
    return quantile + root


@kernel
def parameters(
    mean: Floats, share: Floats, line: float, fallback_sigma: float, mu: Floats, sigma: Floats
) -> int:
    """Find the log-normal with a given mean and a given share below a line.

    With ``q = Phi^-1(share)``, ``sigma = q + sqrt(q^2 + 2 ln(mean / line))`` and
    ``mu = ln(mean) - sigma^2 / 2``. Where no such sigma is above 0 (share unknown, 0 or 1; mean
    below the line with too small a share) `fallback_sigma` takes its place.

    Parameters
    ----------
    mean
        Shape (n,), EUR a year.
    share
        Shape (n,), share of people below the line, 0 to 1, NaN if unknown.
    line
        Poverty line, EUR a year.
    fallback_sigma
        Standard deviation of ln s where the share tells none.
    mu, sigma
        Outputs, shape (n,). NaN where the mean is not a positive number.

    Returns
    -------
    int
        Number of tiles that took the fallback.

    Raises
    ------
    ValueError
        If lengths differ, or line or fallback is not a positive number.

    Examples
    --------
    >>> import numpy as np
    >>> mu, sigma = np.empty(1), np.empty(1)
    >>> parameters(np.array([20000.0]), np.array([0.2]), 13158.0, 0.5, mu, sigma)
    0
    >>> round(float(sigma[0]), 3), round(float(np.exp(mu[0])))
    (0.402, 18450)
    """
    n = mean.size
    if share.size != n or mu.size != n or sigma.size != n:
        raise ValueError("parameters: mean, share, mu and sigma differ in length")
    if not (0.0 < line < math.inf and 0.0 < fallback_sigma < math.inf):
        raise ValueError("parameters: line and fallback_sigma must be positive numbers")
    fallbacks = 0
    for i in range(n):
        if not 0.0 < mean[i] < math.inf:
            mu[i] = math.nan
            sigma[i] = math.nan
            continue
        spread = _sigma(mean[i], share[i], line)
        if not 0.0 < spread < math.inf:
            spread = fallback_sigma
            fallbacks += 1
        sigma[i] = spread
        mu[i] = math.log(mean[i]) - 0.5 * spread * spread
    return fallbacks


@kernel
def median(mu: Floats, out: Floats) -> None:
    """Turn mu, shape (n,), into medians in EUR a year.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty(1)
    >>> median(np.zeros(1), out)
    >>> out.tolist()
    [1.0]
    """
    if out.size != mu.size:
        raise ValueError("median: mu and out differ in length")
    for i in range(mu.size):
        out[i] = math.exp(mu[i])


@kernel
def share_below(mu: Floats, sigma: Floats, line: float, out: Floats) -> None:
    """Find the share of people below a line (EUR a year) in each tile; all shapes (n,).

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty(1)
    >>> share_below(np.zeros(1), np.ones(1), 1.0, out)
    >>> out.tolist()
    [0.5]
    """
    if sigma.size != mu.size or out.size != mu.size:
        raise ValueError("share_below: mu, sigma and out differ in length")
    if not line > 0.0:
        raise ValueError("share_below: the line must be a positive number")
    log_line = math.log(line)
    for i in range(mu.size):
        out[i] = normal_cdf((log_line - mu[i]) / sigma[i])


@kernel
def _people_below(
    order: Counts,
    first: int,
    last: int,
    weights: Counts,
    mu: Floats,
    sigma: Floats,
    log_line: float,
) -> tuple[float, float]:
    """Return the people of a zone below a line, and their density by ln s."""
    people = 0.0
    density = 0.0
    for position in range(first, last):
        tile = order[position]
        if weights[tile] != 0:
            z = (log_line - mu[tile]) / sigma[tile]
            people += weights[tile] * normal_cdf(z)
            density += weights[tile] * math.exp(-0.5 * z * z) / (sigma[tile] * ROOT_TWO_PI)
    return people, density


@kernel
def _zone_facts(
    order: Counts, first: int, last: int, weights: Counts, mu: Floats, sigma: Floats
) -> tuple[int, float, float]:
    """Return a zone's people and its lowest and highest mu: (0, NaN, NaN) if any is unknown."""
    people = 0
    lowest = math.inf
    highest = -math.inf
    for position in range(first, last):
        tile = order[position]
        if weights[tile] != 0:
            if weights[tile] < 0 or not (math.isfinite(mu[tile]) and sigma[tile] > 0.0):
                return 0, math.nan, math.nan
            people += weights[tile]
            lowest = min(lowest, mu[tile])
            highest = max(highest, mu[tile])
    return people, lowest, highest


@kernel
def _solve_median(
    order: Counts, first: int, last: int, weights: Counts, mu: Floats, sigma: Floats
) -> float:
    """Return the median of one zone: Newton's steps in ln s, halving the bracket where they fail.

    The zone's median lies between the lowest and the highest of its tiles' medians.
    """
    people, lowest, highest = _zone_facts(order, first, last, weights, mu, sigma)
    if people == 0:
        return math.nan
    x = 0.5 * (lowest + highest)
    for _ in range(MAX_STEPS):
        below, density = _people_below(order, first, last, weights, mu, sigma, x)
        excess = below - 0.5 * people
        if excess > 0.0:
            highest = x
        else:
            lowest = x
        step = x - excess / density if density > 0.0 else math.nan
        if not lowest <= step <= highest:
            step = 0.5 * (lowest + highest)
        change = abs(step - x)
        x = step
        if change <= TOLERANCE:
            break
    return math.exp(x)


@kernel
def _mixture_lengths_fit(
    start: Counts, order: Counts, weights: Counts, mu: Floats, sigma: Floats, zones: int
) -> bool:
    """Tell whether the arrays that describe zones fit each other."""
    if start.size != zones + 1 or mu.size != weights.size or sigma.size != weights.size:
        return False
    if start[0] < 0 or start[zones] > order.size:
        return False
    for zone in range(zones):
        if start[zone + 1] < start[zone]:
            return False
    for position in range(order.size):
        if order[position] < 0 or order[position] >= weights.size:
            return False
    return True


@kernel
def mixture_median(
    start: Counts, order: Counts, weights: Counts, mu: Floats, sigma: Floats, out: Floats
) -> None:
    """Find each zone's median income, its people being the mixture of its tiles'.

    Solves ``sum_i weights_i Phi((ln s - mu_i) / sigma_i) = sum_i weights_i / 2`` for s to a
    relative 1e-12, summing in the order given.

    Parameters
    ----------
    start
        Shape (z + 1,): zone k holds tiles ``order[start[k]:start[k + 1]]``.
    order
        Tiles grouped by zone.
    weights
        Shape (n,), people of each tile in any fixed-point unit, none below 0. A tile of weight 0
        plays no part.
    mu, sigma
        Shape (n,), as from `parameters`.
    out
        Output, shape (z,), EUR a year; NaN for a zone without people or with a tile of unknown mu
        or sigma.

    Raises
    ------
    ValueError
        If lengths or indices do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty(1)
    >>> twins = np.array([0, 1]), np.array([10, 10])
    >>> mixture_median(np.array([0, 2]), *twins, np.log([4.0, 9.0]), np.ones(2), out)
    >>> round(float(out[0]), 9)
    6.0
    """
    if not _mixture_lengths_fit(start, order, weights, mu, sigma, out.size):
        raise ValueError("mixture_median: lengths or indices do not fit")
    for zone in range(out.size):
        out[zone] = _solve_median(order, start[zone], start[zone + 1], weights, mu, sigma)


@kernel
def mixture_share_below(
    start: Counts,
    order: Counts,
    weights: Counts,
    mu: Floats,
    sigma: Floats,
    line: Floats,
    out: Floats,
) -> None:
    """Find each zone's share of people below its line.

    Parameters
    ----------
    start, order, weights, mu, sigma
        As for `mixture_median`.
    line
        Shape (z,), EUR a year.
    out
        Output, shape (z,), 0 to 1; NaN where `mixture_median` gives NaN or the line is not a
        positive number.

    Raises
    ------
    ValueError
        If lengths or indices do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty(1)
    >>> twins = np.array([0, 1]), np.array([10, 10])
    >>> line = np.array([6.0])
    >>> mixture_share_below(np.array([0, 2]), *twins, np.log([4.0, 9.0]), np.ones(2), line, out)
    >>> round(float(out[0]), 9)
    0.5
    """
    if line.size != out.size or not _mixture_lengths_fit(
        start, order, weights, mu, sigma, out.size
    ):
        raise ValueError("mixture_share_below: lengths or indices do not fit")
    for zone in range(out.size):
        first = start[zone]
        last = start[zone + 1]
        people, _, _ = _zone_facts(order, first, last, weights, mu, sigma)
        if people == 0 or not line[zone] > 0.0:
            out[zone] = math.nan
            continue
        below, _ = _people_below(order, first, last, weights, mu, sigma, math.log(line[zone]))
        out[zone] = below / people
