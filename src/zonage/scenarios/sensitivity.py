"""Which parameter drives the totals: Sobol or Morris indices of the engine, by SALib."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.scenarios.sweep import measures
from zonage.scenarios.what_if import METHOD, Settings, Value, reform
from zonage.zoning import Method, Zoning

Design = Literal["sobol", "morris"]

REPORTED = ("quarters", "population", "poor_households")
"""Totals whose drivers are asked for, where the tiles hold them."""

LEVELS = 4
"""Levels of the grid on which Morris's trajectories walk."""

DIGITS = 4
"""Decimals of a drawn number, so that weights sum to 1 exactly and scenarios can be written down.
Ranges are not to be narrower than that."""

COLUMNS = {
    "sobol": ("first_order", "first_order_confidence", "total", "total_confidence"),
    "morris": ("mu_star", "mu_star_confidence", "mu", "sigma"),
}
"""What each design says of a parameter. Sobol: shares of the variance of the measure, alone and
with all interactions. Morris: mean size, mean and spread of the effect of the whole range, in the
unit of the measure. Confidence: half the width of the bootstrap interval of 95 %."""

RANKED_BY = {"sobol": "total", "morris": "mu_star"}
"""The column by which parameters are ranked."""


@dataclass(frozen=True)
class Range:
    """The values that a parameter takes: from low to high, or one of some choices.

    Attributes
    ----------
    low, high : float
        Ends of the range, both in; unused where there are choices.
    whole : bool
        Whether only whole numbers are taken, each as likely as the others: drawn between half a
        unit below `low` and half a unit above `high`, and rounded.
    choices : tuple
        Values that have no order or gaps between them, each as likely as the others: a position in
        the list is drawn and rounded down.
    reason : str
        Why this range.

    Examples
    --------
    >>> Range(0, 2, whole=True).bounds, Range(0, 2, whole=True).value(1.7)
    ((-0.5, 2.5), 2)
    >>> Range(choices=(4, 8)).bounds, Range(choices=(4, 8)).value(1.2)
    ((0.0, 2.0), 8)
    """

    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    choices: tuple[Value, ...] = ()
    reason: str = ""

    @property
    def bounds(self) -> tuple[float, float]:
        """Ends of what is drawn."""
        if self.choices:
            return 0.0, float(len(self.choices))
        if self.whole:
            return self.low - 0.5, self.high + 0.5
        return float(self.low), float(self.high)

    def value(self, drawn: float) -> Value:
        """Return the value that a number within the bounds stands for."""
        if self.choices:
            return self.choices[min(int(drawn), len(self.choices) - 1)]
        if self.whole:
            return int(min(max(math.floor(drawn + 0.5), self.low), self.high))
        return round(float(drawn), DIGITS)

    def to_dict(self) -> dict[str, Any]:
        """Return the range for a report."""
        values: dict[str, Any] = {"low": self.low, "high": self.high, "whole": self.whole}
        if self.choices:
            values = {"choices": list(self.choices)}
        return {**values, "reason": self.reason}


DEFAULTS = {
    "qpv.factor": Range(0.55, 0.65, reason="a twelfth either way of the law's 0.6"),
    "qpv.min_population": Range(800, 1200, True, reason="a fifth either way of the law's 1 000"),
    "qpv.national_weight": Range(
        0.5, 0.9, reason="0.2 either way of the law's 0.7; the unit has the rest"
    ),
    "method.border_share": Range(
        0.25, 0.5, reason="two to four of eight neighbours, as tried in docs/method.md"
    ),
    "method.border_margin": Range(0.1, 0.2, reason="the margins tried in docs/method.md"),
    "method.complete_from": Range(
        0.3, 1.0, reason="from far below the minimum population to no completion"
    ),
    "method.smoothing": Range(0.0, 0.6, reason="the kernel means tried in docs/method.md"),
    "method.connectivity": Range(choices=(4, 8), reason="the law is silent"),
    "method.bridge": Range(0, 2, True, reason="gaps over which outlines may still be continuous"),
}
"""Ranges of the parameters that matter, each with its reason."""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Which parameter drives what.

    Attributes
    ----------
    method : {"sobol", "morris"}
    ranges : mapping of str to Range
        By the path of the parameter.
    samples, seed, runs : int
        Base samples or trajectories, the seed, and how many scenarios were zoned.
    indices : mapping of str to mapping of str to float64 array, shape (parameters,)
        By measure, then by column of :data:`COLUMNS`, in the order of `ranges`. A measure that did
        not move has indices of 0.
    spread : mapping of str to float
        Standard deviation of each measure over the scenarios.
    """

    method: Design
    ranges: Mapping[str, Range]
    samples: int
    seed: int
    runs: int
    indices: Mapping[str, Mapping[str, NDArray[np.float64]]]
    spread: Mapping[str, float]

    def ranked(self, measure: str) -> list[str]:
        """Return the parameters, the one that drives a measure most first."""
        strength = self.indices[measure][RANKED_BY[self.method]]
        names = list(self.ranges)
        return [names[place] for place in np.argsort(-strength, kind="stable")]

    @property
    def table(self) -> dict[str, list[Any]]:
        """The indices as columns, one row a measure and parameter, the strongest first."""
        columns: dict[str, list[Any]] = {"measure": [], "parameter": []}
        columns |= {name: [] for name in COLUMNS[self.method]}
        place = {path: index for index, path in enumerate(self.ranges)}
        for measure, found in self.indices.items():
            for path in self.ranked(measure):
                columns["measure"].append(measure)
                columns["parameter"].append(path)
                for name in COLUMNS[self.method]:
                    columns[name].append(float(found[name][place[path]]))
        return columns

    def to_dict(self) -> dict[str, Any]:
        """Return ranges, design and indices for a report."""
        return {
            "method": self.method,
            "samples": self.samples,
            "seed": self.seed,
            "runs": self.runs,
            "parameters": {path: given.to_dict() for path, given in self.ranges.items()},
            "spread": dict(self.spread),
            "indices": self.table,
        }


def sensitivity(
    base: Zoning,
    parameters: Mapping[str, Sequence[Value] | Range] | None = None,
    *,
    samples: int = 64,
    seed: int = 0,
    method: Design = "sobol",
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Sensitivity:
    """Say which parameter drives quarters, inhabitants and poor households inside.

    Parameters
    ----------
    base : Zoning
        Gives all parameters that do not vary.
    parameters : mapping of str to (low, high), list of choices, or Range, optional
        By path as in reforms. Two ends for a number; all values for a word, true or false, and the
        connectivity. Whole numbers and choices are rounded from continuous draws, see
        :class:`Range`. Those of :data:`DEFAULTS` that the law has, if not given.
    samples : int
        Sobol: base samples N, a power of 2, for ``N (parameters + 2)`` scenarios. Morris:
        trajectories N, for ``N (parameters + 1)`` scenarios.
    seed : int
        The same seed gives the same bytes.
    method : {"sobol", "morris"}
        Shares of variance, or the cheaper screening by elementary effects.
    tell : callable, optional
        Called with the scenarios done and their number.

    Returns
    -------
    Sensitivity

    Raises
    ------
    BadInput
        For an unknown parameter (with the nearest names), a range that is empty, reversed or
        outside what the parameter may take, or a number of samples that the design cannot use.

    Notes
    -----
    Parameters vary independently and evenly over their ranges: indices describe these ranges. One
    of two weights that sum to 1 takes the other along.

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> base = zn.qpv(town.tiles, law, town.reference)
    >>> ranges = {"qpv.factor": (0.5, 0.7), "method.bridge": (0, 1)}
    >>> sensitivity(base, ranges, samples=8).ranked("population")[0]
    'qpv.factor'
    """
    ranges = _ranges(base, parameters)

    def scenario(values: Mapping[str, Value]) -> dict[str, float]:
        found = measures(reform(base, _with_partners(base, values)))
        return {name: found[name] for name in REPORTED if name in found}

    # The corners are tried first: an end that a parameter may not take ends no long run.
    for end in (0, 1):
        reform(
            base,
            _with_partners(base, {path: it.value(it.bounds[end]) for path, it in ranges.items()}),
        )
    return indices(ranges, scenario, samples=samples, seed=seed, method=method, tell=tell)


def indices(
    ranges: Mapping[str, Range],
    measure: Callable[[Mapping[str, Value]], Mapping[str, float]],
    *,
    samples: int = 64,
    seed: int = 0,
    method: Design = "sobol",
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Sensitivity:
    """Measure the sensitivity of any function of named parameters.

    Parameters
    ----------
    ranges : mapping of str to Range
        What varies.
    measure : callable
        Returns measures by name from the values of the parameters by name.
    samples, seed, method, tell
        As for :func:`sensitivity`.

    Examples
    --------
    >>> ranges = {"large": Range(0, 2), "small": Range(0, 1)}
    >>> found = indices(ranges, lambda x: {"sum": x["large"] + x["small"]}, samples=512)
    >>> found.indices["sum"]["total"].round(1).tolist()
    [0.8, 0.2]
    """
    _check_design(ranges, samples, seed, method)
    problem = {
        "num_vars": len(ranges),
        "names": list(ranges),
        "bounds": [list(given.bounds) for given in ranges.values()],
    }
    rows = _design(problem, samples, seed, method)
    results: dict[str, list[float]] = {}
    for number, row in enumerate(rows, start=1):
        pairs = zip(ranges.items(), row, strict=True)
        values = {path: given.value(float(drawn)) for (path, given), drawn in pairs}
        for name, result in measure(values).items():
            results.setdefault(name, []).append(float(result))
        tell(number, len(rows))
    columns = {name: np.array(column) for name, column in results.items()}
    return Sensitivity(
        method=method,
        ranges=dict(ranges),
        samples=samples,
        seed=seed,
        runs=len(rows),
        indices={
            name: _analysed(problem, rows, column, seed, method) for name, column in columns.items()
        },
        spread={name: float(column.std()) for name, column in columns.items()},
    )


def _check_design(ranges: Mapping[str, Range], samples: int, seed: int, method: Design) -> None:
    if method not in COLUMNS:
        raise BadInput("unknown design", found=method, expected=" or ".join(COLUMNS))
    if len(ranges) < 2:
        raise BadInput(
            "not enough parameters to tell which one drives the totals",
            found=len(ranges),
            expected="at least 2",
        )
    if samples < 2 or (method == "sobol" and samples & (samples - 1)):
        expected = "a power of 2, at least 2" if method == "sobol" else "at least 2"
        raise BadInput("not a usable number of samples", found=samples, expected=expected)
    if seed < 0:
        raise BadInput("not a seed", found=seed, expected="at least 0")


def _design(
    problem: Mapping[str, Any], samples: int, seed: int, method: Design
) -> NDArray[np.float64]:
    """The scenarios to run, shape (runs, parameters)."""
    if method == "sobol":
        from SALib.sample import sobol

        return np.asarray(sobol.sample(problem, samples, calc_second_order=False, seed=seed))
    from SALib.sample import morris

    return np.asarray(morris.sample(problem, samples, num_levels=LEVELS, seed=seed))


def _analysed(
    problem: Mapping[str, Any],
    rows: NDArray[np.float64],
    column: NDArray[np.float64],
    seed: int,
    method: Design,
) -> dict[str, NDArray[np.float64]]:
    """The columns of one measure, each of shape (parameters,)."""
    if np.ptp(column) == 0:
        return {name: np.zeros(len(problem["names"])) for name in COLUMNS[method]}
    if method == "sobol":
        from SALib.analyze import sobol

        with warnings.catch_warnings():
            # A bootstrap sample in which a measure does not move divides by 0.
            warnings.simplefilter("ignore", RuntimeWarning)
            # SALib takes a seed of 0 for none.
            found = sobol.analyze(problem, column, calc_second_order=False, seed=seed + 1)
        keys = ("S1", "S1_conf", "ST", "ST_conf")
    else:
        from SALib.analyze import morris

        found = morris.analyze(problem, rows, column, num_levels=LEVELS, seed=seed)
        keys = ("mu_star", "mu_star_conf", "mu", "sigma")
    arrays = (np.asarray(found[key], np.float64) for key in keys)
    return dict(zip(COLUMNS[method], arrays, strict=True))


# --------------------------------------------------------------------------------------------------
# Ranges


def _ranges(
    base: Zoning, parameters: Mapping[str, Sequence[Value] | Range] | None
) -> dict[str, Range]:
    """Check the parameters and take each for what it is: number, whole number or choice."""
    if parameters is None:
        parameters = {
            path: given
            for path, given in DEFAULTS.items()
            if path.startswith(f"{METHOD}.")
            or (path.partition(".")[0] == base.law.name and path.partition(".")[2] in base.law)
        }
    Settings.of(base, dict.fromkeys(parameters, 0))
    return {
        path: given if isinstance(given, Range) else _range(base, path, given)
        for path, given in parameters.items()
    }


def _range(base: Zoning, path: str, given: Sequence[Value]) -> Range:
    kind = _kind(base, path)
    if kind == "choice":
        if isinstance(given, str) or len(set(given)) < 2 or len(set(given)) < len(given):
            raise BadInput(
                "not choices",
                column=path,
                found=repr(given),
                expected="at least two different values",
            )
        return Range(choices=tuple(given))
    numbers = [end for end in given if isinstance(end, int | float) and not isinstance(end, bool)]
    if len(given) != 2 or len(numbers) != 2 or not all(map(math.isfinite, numbers)):
        raise BadInput(
            "not a range", column=path, found=repr(given), expected="two numbers: low and high"
        )
    low, high = numbers
    if kind == "whole" and not all(float(end).is_integer() for end in numbers):
        raise BadInput("not whole numbers", column=path, found=f"{low} to {high}")
    if not low < high:
        raise BadInput(
            "an empty or reversed range",
            column=path,
            found=f"{low} to {high}",
            expected="low below high",
        )
    return Range(low, high, whole=kind == "whole")


def _kind(base: Zoning, path: str) -> Literal["number", "whole", "choice"]:
    """What values lie between two others: all numbers, whole numbers, or nothing."""
    section, _, name = path.partition(".")
    if section == METHOD:
        value = Method().to_dict()[name]
        if name == "connectivity" or isinstance(value, bool | str):
            return "choice"
        return "whole" if isinstance(value, int) else "number"
    domain = base.law.parameter(name).domain
    if not domain.counted:
        return "choice"
    return "whole" if domain.kind == "integer" else "number"


def _with_partners(base: Zoning, values: Mapping[str, Value]) -> dict[str, Value]:
    """Add to each weight that varies alone the one with which it sums to 1."""
    complete = dict(values)
    for pair in base.law.sums_to_one:
        here, there = (f"{base.law.name}.{name}" for name in pair)
        for given, partner in ((here, there), (there, here)):
            if given in values and partner not in values:
                complete[partner] = round(1 - float(values[given]), DIGITS)
    return complete
