"""The zones as a table and as outlines."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.tiles import Tiles
from zonage.variables import FIXED_POINT

if TYPE_CHECKING:
    from shapely import MultiPolygon

    from zonage.zoning.result import Zoning


def zone_table(zoning: Zoning) -> dict[str, list[Any]]:
    """One row a zone: who lives there, what is estimated, and what it was held against."""
    tiles, count = zoning.tiles, zoning.zone_count
    area = np.bincount(zoning.label, minlength=count + 1)[1:] * tiles.grid().cell_area_km2
    people = zoning.zone_population / FIXED_POINT
    first = np.full(count + 1, len(tiles), np.int64)
    np.minimum.at(first, zoning.label, np.arange(len(tiles)))
    first = first[1:]
    declared = np.full(count, np.nan)
    if zoning.conversion is not None:
        declared = zoning.conversion.to_declared(zoning.zone_median)
    table: dict[str, list[Any]] = {
        "zone": list(range(1, count + 1)),
        "urban_unit": tiles.urban_unit.take(first).decode().tolist(),
        "communes": _zone_communes(zoning),
        "tiles": np.bincount(zoning.label, minlength=count + 1)[1:].tolist(),
        "population": people.tolist(),
        "area_km2": area.tolist(),
        "density": (people / area).tolist(),
        "income_median": zoning.zone_median.tolist(),
        "income_median_declared": declared.tolist(),
        "threshold": zoning.line[first].tolist(),
        "share_below": _zone_shares_below(zoning, zoning.line[first]).tolist(),
    }
    names = [
        name
        for name in ("households", "poor_households", "social_dwellings")
        if name in tiles.counts
    ]
    for name, sums in zip(names, zoning.zone_sums(*names) / FIXED_POINT, strict=True):
        table[name] = sums.tolist()
    if {"households", "poor_households"} <= table.keys():
        households = np.array(table["households"])
        poor = np.array(table["poor_households"])
        table["poverty_share"] = np.divide(
            poor, households, out=np.full(count, np.nan), where=households > 0
        ).tolist()
    if tiles.imputed is not None:
        imputed = np.bincount(
            zoning.label, tiles.values("population") * tiles.imputed, minlength=count + 1
        )
        table["imputed_share"] = (imputed[1:] / people).tolist()
    return table


def _zone_shares_below(zoning: Zoning, line: NDArray[np.float64]) -> NDArray[np.float64]:
    from zonage.income import zone_shares_below

    return zone_shares_below(
        zoning.label, zoning.zone_count, zoning.tiles.count("population"), zoning.income, line
    )


def _zone_communes(zoning: Zoning) -> list[str]:
    """The communes of each zone, the most populous part first, as codes joined by spaces."""
    tiles = zoning.tiles
    width = len(tiles.commune.labels) + 1
    population = tiles.count("population")
    key = zoning.label.astype(np.int64) * width + tiles.commune.index + 1
    pairs, place = np.unique(key, return_inverse=True)
    people = np.zeros(len(pairs), np.int64)
    np.add.at(people, place.reshape(-1), population)
    names: list[list[str]] = [[] for _ in range(zoning.zone_count + 1)]
    for index in np.lexsort((pairs, -people)):
        zone, commune = divmod(int(pairs[index]), width)
        if commune:
            names[zone].append(tiles.commune.labels[commune - 1])
    return [" ".join(codes) for codes in names[1:]]


def zone_outlines(zoning: Zoning) -> NDArray[Any]:
    """The outline of each zone: the union of its tiles, in metres of the tiles' CRS."""
    order = np.argsort(zoning.label, kind="stable")
    start = np.searchsorted(zoning.label[order], np.arange(1, zoning.zone_count + 2))
    return np.array(
        [union_of_tiles(zoning.tiles, order[first:last]) for first, last in pairwise(start)],
        dtype=object,
    )


def union_of_tiles(tiles: Tiles, which: NDArray[Any]) -> MultiPolygon:
    """The outline of some tiles (indices or a mask), in metres of their CRS.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    which : array
        At least one of them.
    """
    import shapely

    side = tiles.resolution
    west, south = tiles.easting[which] * side, tiles.northing[which] * side
    union = shapely.union_all(shapely.box(west, south, west + side, south + side))
    return shapely.multipolygons([union]) if union.geom_type == "Polygon" else union
