"""Social housing: what share of the dwellings around is social.

From the tiles themselves, from the directory of landlords (RPLS), or from rates by area.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.complementary.layers import INDICATORS, Layer
from zonage.complementary.resampling import (
    By,
    count_by_tile,
    how_cut,
    mean_by_tile,
    shares_of,
    values_of,
)
from zonage.errors import BadInput
from zonage.tiles import Tiles
from zonage.variables import FIXED_POINT

if TYPE_CHECKING:
    from zonage.sources.housing import Dwellings, HousingCounts
    from zonage.sources.layers import ValuedPolygons

Floats = NDArray[np.float64]


def social_housing_of_tiles(tiles: Tiles) -> Layer:
    """Share of social dwellings from the tiles' own count.

    Parameters
    ----------
    tiles : Tiles
        With ``social_dwellings`` and ``households``.

    Returns
    -------
    Layer
        Indicator ``social_housing_share``: social dwellings over households, at most 1; unknown
        without households.

    Raises
    ------
    BadInput
        If the tiles lack a column.

    Examples
    --------
    >>> tiles = Tiles.from_columns(
    ...     np.array([9, 8]), np.array([3, 3]),
    ...     {"social_dwellings": np.array([5.0, 3.0]), "households": np.array([20.0, 2.0])},
    ... )
    >>> layer = social_housing_of_tiles(tiles)
    >>> layer.value.tolist(), layer.notes[0]
    ([0.25, 1.0], 'above 1 in 1 of 2 tiles, where it counts as 1')
    """
    value, notes = _over_households(tiles, tiles.values("social_dwellings"))
    return _layer(value, tiles.source, "social dwellings of the tile over its households", notes)


def social_housing_of_dwellings(tiles: Tiles, dwellings: Dwellings) -> Layer:
    """Share of social dwellings from dwellings by point.

    Parameters
    ----------
    tiles : Tiles
        With ``households``.
    dwellings : Dwellings
        Of the territory of the tiles: a tile without any counts as one without social dwellings.

    Returns
    -------
    Layer
        As of :func:`social_housing_of_tiles`.
    """
    easting, northing = dwellings.located(tiles.crs)
    count, outside = count_by_tile(tiles, easting, northing, dwellings.count)
    if outside and not count.any():
        raise BadInput(
            "no social dwelling lies in a tile",
            file=dwellings.source,
            found=f"{outside} dwellings outside",
            hint="are the coordinates of this territory, and in their columns?",
        )
    value, notes = _over_households(tiles, count.astype(np.float64))
    if outside:
        notes = (*notes, f"{outside} of {dwellings.total} dwellings outside all inhabited tiles")
    return _layer(
        value,
        f"{dwellings.source}, {tiles.source}",
        f"social dwellings by point{_of_year(dwellings.year)} over the tile's households",
        (*notes, *dwellings.notes),
    )


def social_housing_of_counts(
    tiles: Tiles, counts: HousingCounts, polygons: ValuedPolygons | None = None
) -> Layer:
    """Share of social dwellings from dwellings counted by commune or IRIS.

    Parameters
    ----------
    tiles : Tiles
        With ``households``, and ``commune`` for counts by commune.
    counts : HousingCounts
        The counts.
    polygons : ValuedPolygons, optional
        Outlines of the IRIS, by the codes of the counts.

    Returns
    -------
    Layer
        Dwellings of the area over the households of its tiles, the same for all of them.

    Raises
    ------
    BadInput
        If counts by IRIS come without outlines, or no code is known.
    """
    if counts.level == "commune":
        area = tiles.commune.index.astype(np.int64)
        rate = _rates(counts, tiles.commune.labels, area, tiles.values("households"))
        value = np.append(rate, np.nan)[area]
        how = "dwellings of the commune over the households of its tiles"
        source = f"{counts.source}, {tiles.source}"
    elif polygons is None:
        raise BadInput("counts by IRIS need the outlines of the IRIS", file=counts.source)
    else:
        shares = shares_of(polygons, tiles, "area")
        households = shares.share * tiles.values("households")[shares.tile]
        rate = _rates(counts, polygons.code, shares.perimeter, households)
        value = mean_by_tile(shares, rate, len(tiles))
        how = "dwellings of the IRIS over the households of its tiles, cut by area; " + how_cut(
            "area", "IRIS"
        )
        source = f"{counts.source}, {polygons.source}, {tiles.source}"
    value, notes = _clipped(value)
    return _layer(value, source, how + _of_year(counts.year), notes)


def _rates(
    counts: HousingCounts, codes: tuple[str, ...], area: NDArray[np.int64], households: Floats
) -> Floats:
    """Dwellings over households of each area, NaN where one of them is not known."""
    here = area >= 0
    total = np.bincount(area[here], households[here], len(codes))
    by_code = dict(zip(counts.code, counts.count.tolist(), strict=True))
    count = np.array([by_code.get(code, np.nan) for code in codes])
    if np.isnan(count).all():
        raise BadInput(
            f"no {counts.level} of the counts is one of the tiles",
            file=counts.source,
            found=", ".join(counts.code[:3]),
            expected=", ".join(codes[:3]),
        )
    return np.divide(count, total, out=np.full(len(codes), np.nan), where=total > 0)


def social_housing_of_polygons(
    tiles: Tiles,
    polygons: ValuedPolygons,
    column: str,
    *,
    percent: bool = True,
    weight: str | None = None,
    by: By = "area",
) -> Layer:
    """Spread rates of social housing by area over inhabited tiles.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    polygons : ValuedPolygons
        IRIS, say.
    column : str
        Their rate.
    percent : bool
        Whether it is one in 100.
    weight : str, optional
        Column of inhabitants, by which the polygons of a tile are weighted instead of by area.
    by : {"area", "centre"}
        How polygons are cut by tiles.

    Returns
    -------
    Layer
        Indicator ``social_housing_share``: a rate of the area around, not of the tile.

    Raises
    ------
    BadInput
        If a column is not there, or a rate is not one from 0 to 1 (or to 100).
    """
    rate = values_of(polygons, column)
    top = 100.0 if percent else 1.0
    bad = ~np.isnan(rate) & ~((rate >= 0) & (rate <= top))
    if bad.any():
        row = int(np.argmax(bad))
        raise BadInput(
            "not a rate",
            file=polygons.source,
            column=column,
            found=f"{polygons.code[row]}: {rate[row]:g}",
            expected=f"0 to {top:g}",
        )
    people = None if weight is None else values_of(polygons, weight)
    value = mean_by_tile(shares_of(polygons, tiles, by), rate / top, len(tiles), people)
    weighted = "" if weight is None else f", polygons weighted by {weight}"
    return _layer(
        value,
        polygons.source,
        f"{column}: {how_cut(by, 'polygon')}{weighted}",
        ("a rate of the area around the tile, the same for all its tiles", *polygons.repaired),
    )


def _over_households(tiles: Tiles, dwellings: Floats) -> tuple[Floats, tuple[str, ...]]:
    households = tiles.count("households") / FIXED_POINT
    share = np.divide(dwellings, households, out=np.full(len(tiles), np.nan), where=households > 0)
    return _clipped(share)


def _clipped(share: Floats) -> tuple[Floats, tuple[str, ...]]:
    """Cut shares at 1, which dwellings over households exceed where some stand empty."""
    above = int(np.count_nonzero(share > 1))
    if not above:
        return share, ()
    note = f"above 1 in {above} of {len(share)} tiles, where it counts as 1"
    return np.minimum(share, 1.0), (note,)


def _of_year(year: int | None) -> str:
    return "" if year is None else f" ({year})"


def _layer(value: Floats, source: str, how: str, notes: tuple[str, ...]) -> Layer:
    return Layer(INDICATORS["social_housing_share"], value, source, how, notes)
