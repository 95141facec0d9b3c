"""The tiles of two vintages on one table, and tiles that mix the two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.tiles import Codes, Tiles

INCOME_COLUMNS = ("income_sum", "households", "poor_households")
"""What the estimate of incomes reads besides the population."""


@dataclass(frozen=True, eq=False)
class Union:
    """The tiles of two vintages on one table, sorted as tiles are.

    Attributes
    ----------
    before, after : Tiles
        Both vintages on the same tiles; nobody lives where a vintage has no tile.
    dropped : tuple of str
        Columns that only one vintage holds and that were left out of both.
    moved : int
        Tiles whose urban unit differs; that of the later vintage is taken for both.
    """

    before: Tiles
    after: Tiles
    dropped: tuple[str, ...]
    moved: int

    def __len__(self) -> int:
        return len(self.before)

    def mixed(self, *, people_after: bool, income_after: bool) -> Tiles:
        """Tiles with the people of one vintage and the incomes of one, on the whole table.

        Means and shares of poor households come from the vintage of the incomes; a tile that this
        vintage lacks keeps those of the vintage of the people.
        """
        people = self.after if people_after else self.before
        if people_after == income_after:
            return people
        other = self.after if income_after else self.before
        counts = dict(people.counts)
        counts["income_sum"] = _scaled(people, other, "income_sum", "population")
        if "poor_households" in counts:
            counts["poor_households"] = _scaled(people, other, "poor_households", "households")
        return _with_counts(people, counts)


def _scaled(people: Tiles, other: Tiles, name: str, per: str) -> NDArray[np.int64]:
    """A count of `other` for each unit of `per`, times that of `people`."""
    own, base = people.count(name), people.count(per)
    known = (other.count(per) > 0) & (base > 0)
    rate = np.divide(other.count(name), other.count(per), out=np.zeros(len(own)), where=known)
    return np.where(known, np.rint(rate * base), own).astype(np.int64)


def union_of_vintages(before: Tiles, after: Tiles) -> Union:
    """Put two vintages on one table, with the columns that both hold.

    Raises
    ------
    BadInput
        If they lie on different lattices or share no tile.

    Examples
    --------
    >>> column = {"population": np.array([2.0]), "income_sum": np.array([40000.0])}
    >>> old = Tiles.from_columns(np.array([7]), np.array([3]), column)
    >>> new = Tiles.from_columns(np.array([7, 8]), np.array([3, 3]),
    ...     {name: np.repeat(values, 2) for name, values in column.items()})
    >>> both = union_of_vintages(old, new)
    >>> len(both), both.before.values("population").tolist()
    (2, [0.0, 2.0])
    """
    if (before.crs, before.resolution) != (after.crs, after.resolution):
        raise BadInput(
            "the two vintages lie on different lattices",
            file=after.source,
            found=f"EPSG:{after.crs}, {after.resolution} m",
            expected=f"EPSG:{before.crs}, {before.resolution} m",
        )
    keys = np.concatenate([_keys(before), _keys(after)])
    # With the index numpy merges what is in order already, instead of sorting it anew.
    union, _, place = np.unique(keys, return_index=True, return_inverse=True)
    places = place[: len(before)], place[len(before) :]
    if len(union) == len(before) + len(after):
        raise BadInput(
            "the two vintages share no tile", file=after.source, found=f"{len(after)} tiles"
        )
    units, moved = _codes(before.urban_unit, after.urban_unit, places, len(union))
    communes, _ = _codes(before.commune, after.commune, places, len(union))
    northing, easting = -(union >> 32), (union & 0xFFFFFFFF) - 2**31
    order = np.argsort(units.index, kind="stable")
    common = {name for name in before.counts if name in after.counts}
    dropped = sorted((before.counts.keys() | after.counts.keys()) - common)
    sides = []
    for tiles, where in zip((before, after), places, strict=True):
        counts = {}
        for name in sorted(common):
            spread = np.zeros(len(union), np.int64)
            spread[where] = tiles.count(name)
            counts[name] = spread[order]
        sides.append(
            Tiles(
                crs=tiles.crs,
                resolution=tiles.resolution,
                northing=northing[order].astype(np.int32),
                easting=easting[order].astype(np.int32),
                counts=MappingProxyType(counts),
                commune=communes.take(order),
                urban_unit=units.take(order),
                vintage=tiles.vintage,
                source=tiles.source,
            )
        )
    return Union(sides[0], sides[1], tuple(dropped), moved)


def _keys(tiles: Tiles) -> NDArray[np.int64]:
    """One number for each place of the lattice, ascending from north to south, west to east."""
    return (-tiles.northing.astype(np.int64) << 32) + (tiles.easting.astype(np.int64) + 2**31)


def _codes(
    before: Codes, after: Codes, places: tuple[NDArray[np.intp], NDArray[np.intp]], size: int
) -> tuple[Codes, int]:
    """The codes on the common table, the later vintage's where both have one; how many differ."""
    labels = sorted({*before.labels, *after.labels})
    number = {label: position for position, label in enumerate(labels)}
    known = np.full((2, size), -1, np.int32)
    here = np.zeros((2, size), np.bool_)
    for side, codes in enumerate((before, after)):
        numbers = np.array([*(number[label] for label in codes.labels), -1], np.int32)
        known[side, places[side]] = numbers[codes.index]
        here[side, places[side]] = True
    differ = here.all(axis=0) & (known[0] != known[1])
    latest = Codes(np.where(here[1], known[1], known[0]), tuple(labels))
    return latest.compact(), int(differ.sum())


def _with_counts(tiles: Tiles, counts: dict[str, NDArray[np.int64]]) -> Tiles:
    return replace(tiles, counts=MappingProxyType(counts))
