"""What is published of the households: groups of small tiles, rounded and capped values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonage.synthetic.households import People
from zonage.synthetic.plan import Plan, unit_codes
from zonage.synthetic.rules import POVERTY_CAP, SECRECY, VINTAGE
from zonage.tiles import Codes, Tiles


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


def publish(
    plan: Plan,
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    commune: NDArray[np.int32],
    unit: NDArray[np.int32],
    people: People,
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
        urban_unit=Codes(unit, unit_codes(len(plan.radii))),
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
