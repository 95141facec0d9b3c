"""Sweeps: one or more parameters over ranges, and what is inside under each.

Two plans give the same answers. *Tree*: where zones only grow as the line rises, one merge tree a
slice (:mod:`zonage.mergetree`) answers every line by a search, without joining a tile.
*Relabelling*: each scenario is zoned anew. The plan follows from the rule and from what is swept,
and is reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.law import Law
from zonage.mergetree import MergeTree, tree_of_rule
from zonage.scenarios.lines import UnitFigures, unit_lines
from zonage.scenarios.what_if import METHOD, Settings, Value, parse_value, with_options
from zonage.variables import FIXED_POINT
from zonage.zoning import Method, Zoning, rezone

if TYPE_CHECKING:
    import xarray as xr

Plan = Literal["tree", "relabelling"]

COUNTED = ("population", "households", "poor_households", "social_dwellings")
"""Counts that a sweep reports where the tiles hold them, beside quarters and tiles."""

MAX_SCENARIOS = 5_000_000
"""Scenarios of one sweep: a cube of five measures of that size fills 200 MB."""

WHY_BEYOND_TREE = {
    "zone_median": "tests the median of whole zones",
    "complete_from": "lets zones grow to the minimum population",
    "bridge": "joins zones over gaps",
    "fill_holes": "fills holes of zones",
}
"""Why the merge tree does not hold an option of the method."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """What is inside under every combination of swept parameters.

    Attributes
    ----------
    base : Zoning
        The zoning that the other parameters are taken from.
    ranges : mapping of str to tuple
        Values of each swept parameter, by path.
    cube : xarray.Dataset
        One dimension a parameter, one variable a measure: quarters, tiles, counted variables in
        their own unit and `population_share`.
    plan : {"tree", "relabelling"}
        How it was computed.
    why : str
        Why that plan.
    """

    base: Zoning
    ranges: Mapping[str, tuple[Value, ...]]
    cube: xr.Dataset
    plan: Plan
    why: str

    def table(self) -> dict[str, list[Any]]:
        """The cube as columns, one row a scenario, the last parameter varying fastest."""
        rows = list(product(*self.ranges.values()))
        columns: dict[str, list[Any]] = {
            path: [row[place] for row in rows] for place, path in enumerate(self.ranges)
        }
        for name in self.cube.data_vars:
            columns[str(name)] = self.cube[name].to_numpy().ravel().tolist()
        return columns


def sweep(
    base: Zoning,
    ranges: Mapping[str, Sequence[Value]],
    *,
    plan: Literal["auto", "tree", "relabelling"] = "auto",
    done: Callable[[int], Mapping[str, float] | None] = lambda number: None,
    tell: Callable[[int, Mapping[str, float]], None] = lambda number, row: None,
) -> Sweep:
    """Say what is inside under every combination of values of some parameters.

    Parameters
    ----------
    base : Zoning
        Gives tiles, reference, law and method; the swept parameters replace its own.
    ranges : mapping of str to sequence
        Values by path, such as ``{"qpv.factor": [0.55, 0.6], "qpv.min_population": [800, 1000]}``.
    plan : {"auto", "tree", "relabelling"}
        "auto" takes the tree where its answers are those of the rule.
    done : callable, optional
        Returns the measures of a scenario that is known already, by its number, or None.
    tell : callable, optional
        Called with the number and the measures of each scenario that was zoned anew.

    Returns
    -------
    Sweep

    Raises
    ------
    BadInput
        For an unknown parameter, an empty range, a value that is not allowed, too many scenarios,
        or the tree where the rule does not allow it.

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> base = zn.qpv(town.tiles, law, town.reference, method=zn.Method.plain())
    >>> found = sweep(base, {"qpv.factor": [0.5, 0.6, 0.7]})
    >>> found.plan, found.cube["population"].dims
    ('tree', ('qpv.factor',))
    """
    import xarray as xr

    values = {path: tuple(given) for path, given in ranges.items()}
    scenarios = _scenarios(base, values)
    obstacle = _obstacle(base, scenarios)
    if plan == "tree" and obstacle:
        raise BadInput("the merge tree does not give the answers of this rule", found=obstacle)
    chosen: Plan = "relabelling" if plan == "relabelling" or obstacle else "tree"
    why = obstacle or "zones only grow as the line rises"
    if chosen == "tree":
        rows = _by_tree(base, scenarios)
    else:
        rows = _by_relabelling(base, scenarios, done, tell)
        why = why if obstacle else "asked for"
    shape = tuple(len(given) for given in values.values())
    total = base.tiles.total("population")
    cube = {name: (tuple(values), column.reshape(shape)) for name, column in rows.items()}
    cube["population_share"] = (tuple(values), rows["population"].reshape(shape) / total)
    dataset = xr.Dataset(
        cube,
        coords={path: list(given) for path, given in values.items()},
        attrs={"plan": chosen, "why": why},
    )
    return Sweep(base, values, dataset, chosen, why)


@dataclass(frozen=True, slots=True)
class _Scenario:
    law: Law
    method: Method


def _scenarios(base: Zoning, values: Mapping[str, tuple[Value, ...]]) -> list[_Scenario]:
    """Check every value and make the rule of every combination."""
    if not values:
        raise BadInput("nothing to sweep", expected="at least one parameter with its values")
    for path, given in values.items():
        if not given:
            raise BadInput("an empty range", column=path)
        if len(set(given)) < len(given):
            raise BadInput("a value comes twice in a range", column=path)
    count = math.prod(len(given) for given in values.values())
    if count > MAX_SCENARIOS:
        raise BadInput("too many scenarios", found=count, expected=f"at most {MAX_SCENARIOS}")
    laws: dict[tuple[Value, ...], Law] = {}
    methods: dict[tuple[Value, ...], Method] = {}
    Settings.of(base, dict.fromkeys(values, 0))
    of_method = [path.partition(".")[0] == METHOD for path in values]
    scenarios = []
    for row in product(*values.values()):
        for_law = tuple(value for value, own in zip(row, of_method, strict=True) if not own)
        for_method = tuple(value for value, own in zip(row, of_method, strict=True) if own)
        if for_law not in laws:
            names = [path for path, own in zip(values, of_method, strict=True) if not own]
            laws[for_law] = base.law.reform(dict(zip(names, for_law, strict=True)))
        if for_method not in methods:
            options = [
                path.partition(".")[2] for path, own in zip(values, of_method, strict=True) if own
            ]
            changes = dict(zip(options, for_method, strict=True))
            methods[for_method] = with_options(base.method, changes)
        scenarios.append(_Scenario(laws[for_law], methods[for_method]))
    return scenarios


def _obstacle(base: Zoning, scenarios: Sequence[_Scenario]) -> str | None:
    """Why the merge tree cannot answer, None where it can."""
    methods = {scenario.method for scenario in scenarios}
    beyond = {name for method in methods for name in method.beyond_tree}
    for name, why in WHY_BEYOND_TREE.items():
        if name in beyond:
            return f"method.{name} {why}"
    if not all(method.within_units for method in methods):
        return "method.within_units lets zones cross urban units, which differ in their line"
    if base.told.frozen is not None or base.told.listed is not None:
        return "some quarters are kept by decision"
    if any(scenario.law.tests_commune for scenario in scenarios):
        return "the law tests communes, so that a unit has more than one line"
    if any(scenario.law.get("min_density", 0) for scenario in scenarios):
        return "the law tests the density of zones"
    return None


def _by_tree(base: Zoning, scenarios: Sequence[_Scenario]) -> dict[str, NDArray[Any]]:
    """Group the scenarios by tree, draw the lines of each once, and read the trees."""
    slices: dict[tuple[Method, float, str], list[int]] = {}
    for number, scenario in enumerate(scenarios):
        law = scenario.law
        key = (scenario.method, float(law.min_population), str(law.comparison))
        slices.setdefault(key, []).append(number)
    lines: _Lines | None = None
    columns: dict[str, NDArray[Any]] = {}
    for key, numbers in slices.items():
        tree = slice_tree(base, *key)
        lines = lines or _Lines(base, tree.units)
        drawn = np.stack([lines.of(scenarios[number].law) for number in numbers])
        for name, column in tree.response(drawn).items():
            name = "quarters" if name == "zones" else name
            if name in ("quarters", "tiles", *COUNTED):
                columns.setdefault(name, np.empty(len(scenarios), column.dtype))[numbers] = column
    return columns


def slice_tree(
    base: Zoning, method: Method, min_population: float, comparison: str = "strict"
) -> MergeTree:
    """Return the merge tree of a base zoning's tiles under another method and minimum population.

    Unlike :func:`zonage.mergetree.tree`, it holds the tiles of units that the base leaves out: a
    scenario may let them in, and gives a unit that stays out no line.
    """
    tiles = base.tiles
    criterion = base.criterion
    if (method.estimator, method.smoothing) != (base.method.estimator, base.method.smoothing):
        criterion = rezone(base, method=method).criterion
    criterion = np.where(tiles.count("population") > 0, criterion, np.nan)
    return tree_of_rule(tiles, criterion, method, min_population, comparison == "inclusive")


class _Lines:
    """Lines of all units by law, each distinct one drawn once."""

    def __init__(self, base: Zoning, units: Sequence[str]) -> None:
        self.base = base
        self.units = UnitFigures.of(base.reference, units)
        self.known: dict[tuple[Value, ...], NDArray[np.float64]] = {}

    def of(self, law: Law) -> NDArray[np.float64]:
        key = tuple(item.value for item in law.parameters if item.name != "min_population")
        if key not in self.known:
            self.known[key] = unit_lines(self.base, law, self.units)
        return self.known[key]


def _by_relabelling(
    base: Zoning,
    scenarios: Sequence[_Scenario],
    done: Callable[[int], Mapping[str, float] | None],
    tell: Callable[[int, Mapping[str, float]], None],
) -> dict[str, NDArray[Any]]:
    names = ["quarters", "tiles", *(name for name in COUNTED if name in base.tiles.counts)]
    columns: dict[str, NDArray[Any]] = {
        name: np.empty(len(scenarios), _dtype(name)) for name in names
    }
    for number, scenario in enumerate(scenarios):
        row = done(number)
        if row is None:
            row = measures(rezone(base, law=scenario.law, method=scenario.method))
            tell(number, row)
        for name in names:
            columns[name][number] = row[name]
    return columns


def _dtype(name: str) -> type:
    return np.int64 if name in ("quarters", "tiles") else np.float64


def measures(zoning: Zoning) -> dict[str, float]:
    """What a sweep reports of one zoning: quarters, tiles and counts inside.

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> list(measures(zn.qpv(town.tiles, law, town.reference)))[:3]
    ['quarters', 'tiles', 'population']
    """
    inside = zoning.inside
    row: dict[str, float] = {
        "quarters": zoning.zone_count,
        "tiles": int(np.count_nonzero(inside)),
    }
    for name in COUNTED:
        if name in zoning.tiles.counts:
            row[name] = int(zoning.tiles.count(name)[inside].sum()) / FIXED_POINT
    return row


def parse_range(text: str) -> tuple[str, tuple[Value, ...]]:
    """Read a range of the command line: ``PATH=FIRST:LAST:STEP`` (both ends in) or ``PATH=A,B,C``.

    Raises
    ------
    BadInput
        For a text that is neither, or a range that is empty or goes backwards.

    Examples
    --------
    >>> parse_range("qpv.min_population=800:1200:200")
    ('qpv.min_population', (800, 1000, 1200))
    >>> parse_range("method.connectivity=4,8")
    ('method.connectivity', (4, 8))
    """
    path, _, values = (part.strip() for part in text.partition("="))
    if not (path and values):
        raise BadInput("not a range", found=text, expected="PATH=FIRST:LAST:STEP or PATH=A,B,C")
    if ":" not in values:
        return path, tuple(parse_value(value.strip()) for value in values.split(","))
    return path, tuple(_steps(path, values))


def _steps(path: str, text: str) -> Iterator[Value]:
    from fractions import Fraction

    parts = text.split(":")
    try:
        first, last, step = (Fraction(part) for part in parts)
    except (ValueError, ZeroDivisionError):
        raise BadInput("not a range", column=path, found=text, expected="FIRST:LAST:STEP") from None
    if step <= 0 or last < first:
        raise BadInput(
            "a range that is empty or goes backwards",
            column=path,
            found=text,
            expected="FIRST at most LAST, and a STEP above 0",
        )
    if (last - first) / step > MAX_SCENARIOS:
        raise BadInput("too many values in a range", column=path, found=text)
    whole = all(part.denominator == 1 for part in (first, step))
    for number in range(int((last - first) / step) + 1):
        value = first + number * step
        yield int(value) if whole else float(value)
