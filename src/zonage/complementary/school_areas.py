"""Schools by area: the catchment (*secteur*) that a tile lies in, and its commune."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.complementary.layers import INDICATORS, Layer
from zonage.complementary.resampling import By, how_cut, mean_by_tile, shares_of, values_of
from zonage.complementary.schools import MOST_NAMED, WORDS, Level, source_of, usable
from zonage.errors import BadInput
from zonage.tiles import Tiles

if TYPE_CHECKING:
    from zonage.sources.layers import ValuedPolygons
    from zonage.sources.schools import Schools

Floats = NDArray[np.float64]


def schools_of_sectors(
    tiles: Tiles,
    sectors: ValuedPolygons,
    level: Level,
    *,
    schools: Schools | None = None,
    column: str | None = None,
    by: By = "area",
) -> Layer:
    """Mean index of the school that the tile's catchment leads to.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    sectors : ValuedPolygons
        Catchments; their codes are the numbers (UAI) of their schools where a school is to be
        found by code.
    level : {"college", "ecole"}
        What they are catchments of.
    schools : Schools, optional
        The index of a catchment is that of the school whose number is its code; where there is
        none, the mean of the public schools that lie in it, weighted by pupils: private ones have
        no catchment.
    column : str, optional
        Instead: a value of the catchments that is the index.
    by : {"area", "centre"}
        A tile in several catchments has their mean weighted by its exact shares of area, or the
        value of the one that holds its centre.

    Returns
    -------
    Layer
        Indicator ``school_ips_<level>``.

    Raises
    ------
    BadInput
        If not exactly one of `schools` and `column` is given, no catchment has an index, or none
        touches a tile.
    """
    if (schools is None) == (column is None):
        raise BadInput("catchments need either schools or a column with the index")
    if schools is not None:
        chosen, notes = usable(schools, level, private=True)
        value, ways = _ips_of_sectors(sectors, chosen)
        source = f"{sectors.source}, {source_of(schools)}"
    else:
        value = values_of(sectors, str(column))
        notes, ways, source = (), f"column {column} of the catchment", sectors.source
    unknown = np.flatnonzero(np.isnan(value)).tolist()
    if len(unknown) == len(sectors):
        raise BadInput("no catchment has a school with an index", file=sectors.source)
    if unknown:
        names = ", ".join(f"{sectors.code[i]} {sectors.name[i]}" for i in unknown[:MOST_NAMED])
        notes = (*notes, f"{len(unknown)} of {len(sectors)} catchments without an index: {names}")
    shares = shares_of(sectors, tiles, by)
    if not len(shares.tile):
        raise BadInput(
            "no catchment touches a tile",
            file=sectors.source,
            hint="is it of this territory, and is its projection the one that it states?",
        )
    return Layer(
        INDICATORS[f"school_ips_{level}"],
        mean_by_tile(shares, value, len(tiles)),
        source=source,
        how=f"{how_cut(by, 'catchment')}: {ways}",
        notes=(*notes, *sectors.repaired),
    )


def _ips_of_sectors(sectors: ValuedPolygons, schools: Schools) -> tuple[Floats, str]:
    """Index of each catchment: of the school of its code, else of public schools inside it."""
    by_code = {uai: position for position, uai in enumerate(schools.uai)}
    value = np.full(len(sectors), np.nan)
    for sector, code in enumerate(sectors.code):
        if code in by_code:
            value[sector] = schools.ips[by_code[code]]
    coded = int(np.isfinite(value).sum())
    inside = _mean_inside(sectors, schools)
    filled = np.isnan(value) & np.isfinite(inside)
    value[filled] = inside[filled]
    ways = f"its own school in {coded} of {len(sectors)}"
    if filled.any():
        ways += f", the public schools inside it in {int(filled.sum())}"
    return value, ways


def _mean_inside(sectors: ValuedPolygons, schools: Schools) -> Floats:
    """Mean index of the public schools inside each catchment, weighted by pupils."""
    import shapely

    public = schools.select(schools.placed & ~schools.approximate & ~schools.private)
    east, north = public.located(sectors.crs)
    tree = shapely.STRtree(sectors.geometry)
    school, sector = tree.query(shapely.points(east, north), predicate="intersects")
    order = np.lexsort((school, sector))
    school, sector = school[order], sector[order]
    pupils = np.bincount(sector, public.pupils[school], len(sectors))
    sums = np.bincount(sector, (public.pupils * public.ips)[school], len(sectors))
    return np.divide(sums, pupils, out=np.full(len(sectors), np.nan), where=pupils > 0)


def schools_of_communes(
    tiles: Tiles, schools: Schools, level: Level, *, private: bool = False
) -> Layer:
    """Mean index of the schools of each tile's commune, placed or not, weighted by pupils.

    Tells communes apart, not the quarters of one: for schools whose place is not known.

    Parameters
    ----------
    tiles : Tiles
        With their communes.
    schools, level, private
        As for :func:`zonage.complementary.schools.schools_around`.

    Returns
    -------
    Layer
        Indicator ``school_ips_<level>``; unknown where the commune has no school.
    """
    chosen, notes = usable(schools, level, private=private)
    position = {code: number for number, code in enumerate(tiles.commune.labels)}
    commune = np.array([position.get(code, -1) for code in chosen.commune], np.int64)
    here = commune >= 0
    size = len(position) + 1  # the last one stands for the unknown commune, index -1
    pupils = np.bincount(commune[here], chosen.pupils[here], size)
    sums = np.bincount(commune[here], (chosen.pupils * chosen.ips)[here], size)
    mean = np.divide(sums, pupils, out=np.full(size, np.nan), where=pupils > 0)
    return Layer(
        INDICATORS[f"school_ips_{level}"],
        mean[tiles.commune.index],
        source=source_of(schools),
        how=f"{WORDS[level]} of the tile's commune, weighted by pupils",
        notes=(*notes, "quarters of one commune are not told apart where the commune decides"),
    )
