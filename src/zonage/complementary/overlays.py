"""Other zonings laid over the tiles: who lives in each combination of quarter, level and overlay.

Masks are counted exactly. Outlines cut tiles: a tile then counts by the share of its area, as if
its inhabitants were spread evenly over it, and where two outlines cut the same tile, as if they cut
it independently. Every table says which of the two it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonage.complementary.perimeters import PART_TEXTS, Complement, Part
from zonage.complementary.tables import COUNTED
from zonage.errors import BadInput
from zonage.raster import Coverage
from zonage.tiles import Tiles
from zonage.variables import FIXED_POINT

MAX_COMBINATIONS = 100_000
"""Combinations of one table."""


@dataclass(frozen=True, eq=False)
class Division:
    """Tiles divided into named parts, each tile by shares that sum to 1.

    Attributes
    ----------
    names : tuple of str, length p
        The parts.
    share : float64 array, shape (p, n)
        Share of each tile in each part.
    """

    names: tuple[str, ...]
    share: NDArray[np.float64]

    @property
    def whole(self) -> bool:
        """Whether every tile lies in one part alone."""
        return bool(((self.share == 0) | (self.share == 1)).all())

    @classmethod
    def of(cls, overlay: Overlay, tiles: Tiles, name: str = "overlay") -> Division:
        """Divide tiles by a mask, by shares, by outlines, or as they are divided already.

        Raises
        ------
        BadInput
            If the overlay is not of these tiles, or a share is not from 0 to 1.
        """
        if isinstance(overlay, Coverage):
            overlay = overlay.share_of(tiles)
        if not isinstance(overlay, Division):
            inside = np.asarray(overlay).astype(np.float64)
            overlay = cls(("out", "in"), np.stack([1.0 - inside, inside]))
        expected = (len(overlay.names), len(tiles))
        if overlay.share.shape != expected:
            raise BadInput(
                "an overlay is not of these tiles",
                column=name,
                found=f"{overlay.share.size // max(len(overlay.names), 1)} values",
                expected=f"one for each of {len(tiles)} tiles",
            )
        if not ((overlay.share >= 0) & (overlay.share <= 1)).all():
            raise BadInput("a share of a tile is not from 0 to 1", column=name)
        return overlay


Overlay = Division | Coverage | NDArray[np.bool_] | NDArray[np.float64]
"""What can be laid over tiles: outlines, a mask, shares of tiles, or named parts."""


def parts_of(found: Complement, language: str = "en") -> Division:
    """Return the combined product of complementary perimeters as a division of its tiles.

    Parameters
    ----------
    found : Complement
        The perimeters.
    language : {"en", "fr"}
        Language of the names.
    """
    part = found.part
    place = ("en", "fr").index(language)
    share = np.stack([part == one for one in Part]).astype(np.float64)
    return Division(tuple(PART_TEXTS[one][place] for one in Part), share)


def levels_of(found: Complement) -> Division:
    """Return the levels of the tiles, whether in a State's quarter or not, as a division."""
    share = np.stack([found.level == level for level in (0, 1, 2)]).astype(np.float64)
    return Division(("none", "1", "2"), share)


def outlines_of(coverage: Coverage, tiles: Tiles) -> Division:
    """Return outlines one by one as a division, the rest of each tile as "outside".

    Where outlines overlap in a tile by more than its whole, their shares are scaled down to it.
    """
    tile, perimeter, share = coverage.on(tiles)
    inside = np.zeros((len(coverage.codes) + 1, len(tiles)))
    inside[perimeter + 1, tile] = share
    total = inside.sum(axis=0)
    inside /= np.maximum(total, 1.0)
    inside[0] = np.maximum(1.0 - total, 0.0)
    return Division(("outside", *coverage.codes), inside)


def cross(tiles: Tiles, overlays: Mapping[str, Overlay]) -> dict[str, list[Any]]:
    """Count who lives in each combination of some overlays.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    overlays : mapping of str to overlay
        By the name of the column: a mask (bool, shape (n,)), shares of the tiles (float64, shape
        (n,)), outlines on the grid (:class:`~zonage.raster.Coverage`) or a :class:`Division`.

    Returns
    -------
    dict of str to list
        One row a combination that has a tile, the last overlay varying fastest: the part in each
        overlay, tiles (of shares: their sum), inhabitants, households, poor households and social
        dwellings where the tiles hold them, and ``counted``: "exactly" or "by share of area".

    Raises
    ------
    BadInput
        If an overlay is not of these tiles, a share is not from 0 to 1, or there are too many
        combinations.

    Examples
    --------
    >>> tiles = Tiles.from_columns(
    ...     np.array([7, 8]), np.array([3, 3]), {"population": np.array([10.0, 20.0])}
    ... )
    >>> cross(tiles, {"renewal": np.array([True, False])})["population"]
    [10.0, 20.0]
    """
    if not overlays:
        raise BadInput("nothing to cross", expected="at least one overlay")
    divisions = {name: Division.of(overlay, tiles, name) for name, overlay in overlays.items()}
    size = math.prod(len(one.names) for one in divisions.values())
    if size > MAX_COMBINATIONS:
        raise BadInput("too many combinations", found=size, expected=f"at most {MAX_COMBINATIONS}")
    whole = all(one.whole for one in divisions.values())
    sums = _exactly if whole else _by_share
    numbers, columns = sums(tiles, list(divisions.values()))
    combinations = list(product(*(one.names for one in divisions.values())))
    rows = [row for row, number in enumerate(numbers) if number > 0]
    table: dict[str, list[Any]] = {
        name: [combinations[row][place] for row in rows] for place, name in enumerate(divisions)
    }
    table["tiles"] = [numbers[row] for row in rows]
    for name, values in columns.items():
        table[name] = [values[row] for row in rows]
    table["counted"] = ["exactly" if whole else "by share of area"] * len(rows)
    return table


def _exactly(
    tiles: Tiles, divisions: Sequence[Division]
) -> tuple[list[float], dict[str, list[float]]]:
    """Tiles and counts of every combination, each tile in one."""
    key = np.zeros(len(tiles), np.int64)
    size = 1
    for one in divisions:
        key = key * len(one.names) + one.share.argmax(axis=0)
        size *= len(one.names)
    columns: dict[str, list[float]] = {}
    for name in COUNTED:
        if name in tiles.counts:
            total = np.zeros(size, np.int64)
            np.add.at(total, key, tiles.count(name))
            columns[name] = (total / FIXED_POINT).tolist()
    return np.bincount(key, minlength=size).tolist(), columns


def _by_share(
    tiles: Tiles, divisions: Sequence[Division]
) -> tuple[list[float], dict[str, list[float]]]:
    """Sums of shares and counts of every combination, in the order of the tiles."""
    names = [name for name in COUNTED if name in tiles.counts]
    counts = np.stack([np.ones(len(tiles)), *(tiles.values(name) for name in names)])
    sums: list[list[float]] = []
    for places in product(*(range(len(one.names)) for one in divisions)):
        share = np.ones(len(tiles))
        for one, place in zip(divisions, places, strict=True):
            share *= one.share[place]
        which = np.flatnonzero(share)
        sums.append([math.fsum(row) for row in (counts[:, which] * share[which]).tolist()])
    numbers, *columns = map(list, zip(*sums, strict=True))
    return numbers, dict(zip(names, columns, strict=True))


def by_outline(
    found: Complement, coverage: Coverage, count: str = "population"
) -> dict[str, list[Any]]:
    """Say for each outline how many of its inhabitants are in which part of the product.

    Parameters
    ----------
    found : Complement
        The perimeters.
    coverage : Coverage
        Outlines on the grid: official quarters, renewal projects, education networks.
    count : str
        What is counted: a counted variable of the tiles.

    Returns
    -------
    dict of str to list
        One row an outline that has inhabited tiles, in the order of the list: code, name,
        communes, the sum over its tiles by share of area, and of that what is in each part of
        :class:`~zonage.complementary.perimeters.Part`.

    Raises
    ------
    BadInput
        If the tiles are of another lattice or lack the count.
    """
    tile, perimeter, share = coverage.on(found.tiles)
    people = share * found.tiles.values(count)[tile]
    joint = np.zeros((len(coverage.codes), len(Part)))
    np.add.at(joint, (perimeter, found.part[tile]), people)
    present = np.bincount(perimeter, minlength=len(coverage.codes)) > 0
    rows = np.flatnonzero(present).tolist()
    table: dict[str, list[Any]] = {
        "code": [coverage.codes[row] for row in rows],
        "name": [coverage.names[row] for row in rows],
        "communes": [coverage.communes[row] for row in rows],
        count: joint[rows].sum(axis=1).tolist(),
    }
    for one in Part:
        table[f"{count}_{one.name.lower()}"] = joint[rows, one].tolist()
    return table
