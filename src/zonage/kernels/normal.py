"""The standard normal distribution over arrays, to the last bit as ``scipy.special`` gives it.

Importing ``scipy.special`` takes a third of the time of importing numba, and nothing else on the
way to a zoning needs it. Both functions are the rational approximations of the Cephes Mathematical
Library (S. L. Moshier, netlib.org/cephes: ndtr.c, ndtri.c), which SciPy uses too.
"""

import math

import numpy as np
import numpy.typing as npt

from zonage.kernels._jit import kernel

Floats = npt.NDArray[np.float64]

ROOT_HALF = math.sqrt(0.5)
ROOT_TWO_PI = 2.50662827463100050242
LARGEST_EXPONENT = 7.09782712893383996843e2
TAIL = 0.13533528323661269189  # exp(-2): below it, and as far from 1, quantiles are in the tails

# Polynomials, the highest power first: a numerator and a denominator each.
# erf(x) below 1, in x squared.
ERF_ABOVE = (
    9.60497373987051638749e0, 9.00260197203842689217e1, 2.23200534594684319226e3,
    7.00332514112805075473e3, 5.55923013010394962768e4,
)  # fmt: skip
ERF_BELOW = (
    1.0, 3.35617141647503099647e1, 5.21357949780152679795e2, 4.59432382970980127987e3,
    2.26290000613890934246e4, 4.92673942608635921086e4,
)  # fmt: skip
# erfc(x) exp(x squared) from 1 to 8.
MIDDLE_ABOVE = (
    2.46196981473530512524e-10, 5.64189564831068821977e-1, 7.46321056442269912687e0,
    4.86371970985681366614e1, 1.96520832956077098242e2, 5.26445194995477358631e2,
    9.34528527171957607540e2, 1.02755188689515710272e3, 5.57535335369399327526e2,
)  # fmt: skip
MIDDLE_BELOW = (
    1.0, 1.32281951154744992508e1, 8.67072140885989742329e1, 3.54937778887819891062e2,
    9.75708501743205489753e2, 1.82390916687909736289e3, 2.24633760818710981792e3,
    1.65666309194161350182e3, 5.57535340817727675546e2,
)  # fmt: skip
# The same from 8 on.
FAR_ABOVE = (
    5.64189583547755073984e-1, 1.27536670759978104416e0, 5.01905042251180477414e0,
    6.16021097993053585195e0, 7.40974269950448939160e0, 2.97886665372100240670e0,
)  # fmt: skip
FAR_BELOW = (
    1.0, 2.26052863220117276590e0, 9.39603524938001434673e0, 1.20489539808096656605e1,
    1.70814450747565897222e1, 9.60896809063285878198e0, 3.36907645100081516050e0,
)  # fmt: skip
# Quantiles: the middle, in the square of the distance from 1/2.
CENTRE_ABOVE = (
    -5.99633501014107895267e1, 9.80010754185999661536e1, -5.66762857469070293439e1,
    1.39312609387279679503e1, -1.23916583867381258016e0,
)  # fmt: skip
CENTRE_BELOW = (
    1.0, 1.95448858338141759834e0, 4.67627912898881538453e0, 8.63602421390890590575e1,
    -2.25462687854119370527e2, 2.00260212380060660359e2, -8.20372256168333339912e1,
    1.59056225126211695515e1, -1.18331621121330003142e0,
)  # fmt: skip
# Quantiles of tails down to exp(-32), in 1 / sqrt(-2 ln p).
NEAR_TAIL_ABOVE = (
    4.05544892305962419923e0, 3.15251094599893866154e1, 5.71628192246421288162e1,
    4.40805073893200834700e1, 1.46849561928858024014e1, 2.18663306850790267539e0,
    -1.40256079171354495875e-1, -3.50424626827848203418e-2, -8.57456785154685413611e-4,
)  # fmt: skip
NEAR_TAIL_BELOW = (
    1.0, 1.57799883256466749731e1, 4.53907635128879210584e1, 4.13172038254672030440e1,
    1.50425385692907503408e1, 2.50464946208309415979e0, -1.42182922854787788574e-1,
    -3.80806407691578277194e-2, -9.33259480895457427372e-4,
)  # fmt: skip
# The same beyond.
FAR_TAIL_ABOVE = (
    3.23774891776946035970e0, 6.91522889068984211695e0, 3.93881025292474443415e0,
    1.33303460815807542389e0, 2.01485389549179081538e-1, 1.23716634817820021358e-2,
    3.01581553508235416007e-4, 2.65806974686737550832e-6, 6.23974539184983293730e-9,
)  # fmt: skip
FAR_TAIL_BELOW = (
    1.0, 6.02427039364742014255e0, 3.67983563856160859403e0, 1.37702099489081330271e0,
    2.16236993594496635890e-1, 1.34204006088543189037e-2, 3.28014464682127739104e-4,
    2.89247864745380683936e-6, 6.79019408009981274425e-9,
)  # fmt: skip


@kernel
def _ratio(x: float, above: tuple[float, ...], below: tuple[float, ...], factor: float) -> float:
    """Return `factor` times the ratio of two polynomials."""
    numerator = above[0]
    for i in range(1, len(above)):
        numerator = numerator * x + above[i]
    denominator = below[0]
    for i in range(1, len(below)):
        denominator = denominator * x + below[i]
    return factor * numerator / denominator


@kernel
def _cdf(x: float) -> float:
    """Return the distribution function of one number."""
    scaled = x * ROOT_HALF
    size = abs(scaled)
    if size < 1.0:
        return 0.5 + 0.5 * _ratio(scaled * scaled, ERF_ABOVE, ERF_BELOW, scaled)
    exponent = -size * size
    if exponent < -LARGEST_EXPONENT:
        tail = 0.0
    elif size < 8.0:
        tail = 0.5 * _ratio(size, MIDDLE_ABOVE, MIDDLE_BELOW, math.exp(exponent))
    else:
        tail = 0.5 * _ratio(size, FAR_ABOVE, FAR_BELOW, math.exp(exponent))
    return 1.0 - tail if x > 0.0 else tail


@kernel
def _quantile(p: float) -> float:
    """Return the quantile of one number."""
    if not 0.0 < p < 1.0:
        if p == 0.0:
            return -math.inf
        return math.inf if p == 1.0 else math.nan
    upper = p > 1.0 - TAIL
    y = 1.0 - p if upper else p
    if y > TAIL:
        y -= 0.5
        square = y * y
        return (y + y * _ratio(square, CENTRE_ABOVE, CENTRE_BELOW, square)) * ROOT_TWO_PI
    x = math.sqrt(-2.0 * math.log(y))
    near = x - math.log(x) / x
    inverse = 1.0 / x
    if x < 8.0:
        size = near - _ratio(inverse, NEAR_TAIL_ABOVE, NEAR_TAIL_BELOW, inverse)
    else:
        size = near - _ratio(inverse, FAR_TAIL_ABOVE, FAR_TAIL_BELOW, inverse)
    return size if upper else -size


@kernel
def cdf(x: Floats, out: Floats) -> None:
    """Find the standard normal distribution function of each number.

    Parameters
    ----------
    x
        Shape (n,).
    out
        Output, shape (n,); may be `x` itself. NaN where `x` is.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty(2)
    >>> cdf(np.array([0.0, np.inf]), out)
    >>> out.tolist()
    [0.5, 1.0]
    """
    if out.size != x.size:
        raise ValueError("cdf: x and out differ in length")
    for i in range(x.size):
        out[i] = _cdf(x[i])


@kernel
def quantile(p: Floats, out: Floats) -> None:
    """Find the quantile of the standard normal distribution for each probability.

    Parameters
    ----------
    p
        Shape (n,).
    out
        Output, shape (n,); may be `p` itself. Infinite at 0 and 1, NaN outside.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> out = np.empty(2)
    >>> quantile(np.array([0.5, 0.0]), out)
    >>> out.tolist()
    [0.0, -inf]
    """
    if out.size != p.size:
        raise ValueError("quantile: p and out differ in length")
    for i in range(p.size):
        out[i] = _quantile(p[i])
