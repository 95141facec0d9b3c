"""The complementary perimeters as tables: one row a perimeter, one row a commune."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.variables import FIXED_POINT

if TYPE_CHECKING:
    from zonage.complementary.perimeters import Complement
    from zonage.tiles import Tiles

COUNTED = ("population", "households", "poor_households", "social_dwellings")
"""Counts that the tables state where the tiles hold them."""


def perimeter_table(found: Complement) -> dict[str, list[Any]]:
    """One row a perimeter: who lives there, which indicators hold, how strongly, on what it hangs.

    A perimeter of level 2 counts its tiles of level 1 too (``population_level_1``), so rows of
    different levels are not to be added up.

    ``mean_*``, ``strength_*`` and ``strength`` are means over the inhabitants of its tiles where
    they are known, ``holds_*`` is the share of inhabitants in tiles where the indicator holds.
    ``distance_to_quarters`` is that of its nearest tile, in metres.
    """
    tiles, level = found.tiles, found.perimeter_level
    members = [
        np.flatnonzero(found.label[of - 1] == number)
        for number, of in enumerate(level.tolist(), start=1)
    ]
    population = tiles.count("population")
    table: dict[str, list[Any]] = {
        "perimeter": list(range(1, len(members) + 1)),
        "level": level.tolist(),
        "within": [
            int(found.label[1, which[0]]) if of == 1 else 0
            for which, of in zip(members, level.tolist(), strict=True)
        ],
        "communes": [_communes(tiles, which) for which in members],
        "tiles": [len(which) for which in members],
    }
    for name in COUNTED:
        if name in tiles.counts:
            table[name] = [_total(tiles.count(name)[which]) for which in members]
    at_level_1 = np.where(found.label[0] > 0, population, 0)
    table["population_level_1"] = [_total(at_level_1[which]) for which in members]
    _add_indicators(table, found, members)
    table["distance_to_quarters"] = [
        float(found.distance_to_quarters[which].min()) for which in members
    ]
    touching = tiles.resolution * math.sqrt(2) * (1 + 1e-9)
    table["adjacent_to_quarters"] = [
        distance <= touching for distance in table["distance_to_quarters"]
    ]
    return table


def _add_indicators(
    table: dict[str, list[Any]], found: Complement, members: list[NDArray[np.intp]]
) -> None:
    """Add what the indicators say of each perimeter."""
    evidence, population = found.evidence, found.tiles.count("population")
    names = [one.name for one in evidence.ranked]
    for place, one in enumerate(evidence.ranked):
        for text, values in (
            (f"mean_{one.name}", one.layer.value),
            (f"holds_{one.name}", evidence.holds[place].astype(np.float64)),
            (f"strength_{one.name}", evidence.strength[place]),
        ):
            table[text] = [_mean(values[which], population[which]) for which in members]
    margin = {level: evidence.margin(level) for level in (1, 2)}
    levels = found.perimeter_level.tolist()
    table["strength"] = [
        _mean(margin[level][which], population[which])
        for which, level in zip(members, levels, strict=True)
    ]
    table["hangs_on"] = [
        " ".join(name for name, falls in zip(names, column, strict=True) if falls)
        for column in found.hangs_on.T.tolist()
    ]


def commune_table(found: Complement) -> dict[str, list[Any]]:
    """One row a commune: inhabitants and tiles of each part, the most inhabitants inside first.

    Columns ``population_<part>`` and ``tiles_<part>``; level 2 counts what is beyond level 1.
    Communes that are outside as a whole are left out.
    """
    from zonage.complementary.perimeters import Part

    tiles, part = found.tiles, found.part
    commune = tiles.commune.index.astype(np.int64) + 1
    size = (len(tiles.commune.labels) + 1, len(Part))
    people, number = np.zeros(size, np.int64), np.zeros(size, np.int64)
    np.add.at(people, (commune, part), tiles.count("population"))
    np.add.at(number, (commune, part), 1)
    inside = people[:, (Part.LEVEL_1, Part.LEVEL_2)].sum(axis=1)
    rows = np.lexsort((-people[:, Part.QUARTER], -inside))
    rows = rows[number[rows, Part.OUTSIDE] < number[rows].sum(axis=1)]
    table: dict[str, list[Any]] = {
        "commune": [("", *tiles.commune.labels)[row] for row in rows.tolist()]
    }
    for one in Part:
        table[f"population_{one.name.lower()}"] = (people[rows, one] / FIXED_POINT).tolist()
    for one in Part:
        table[f"tiles_{one.name.lower()}"] = number[rows, one].tolist()
    return table


def _total(values: NDArray[np.int64]) -> float:
    return int(values.sum()) / FIXED_POINT


def _mean(values: NDArray[np.float64], population: NDArray[np.int64]) -> float:
    """Mean over inhabitants where the value is known, in the order of the tiles."""
    known = ~np.isnan(values)
    people = int(population[known].sum())
    return math.fsum((values[known] * population[known]).tolist()) / people if people else math.nan


def _communes(tiles: Tiles, which: NDArray[np.intp]) -> str:
    """The communes of some tiles, the most populous part first, as codes joined by spaces."""
    index = tiles.commune.index[which]
    people = np.zeros(len(tiles.commune.labels) + 1, np.int64)
    np.add.at(people, index + 1, tiles.count("population")[which])
    order = np.argsort(-people[1:], kind="stable")
    touched = set(index.tolist())
    return " ".join(tiles.commune.labels[code] for code in order.tolist() if code in touched)
