"""Layers that a user brings: polygons with a value, a table by tile, or a raster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zonage.complementary.layers import INDICATORS, Direction, Indicator, Layer, Missing
from zonage.complementary.resampling import (
    POINTS_PER_SIDE,
    By,
    check_by,
    how_cut,
    mean_by_tile,
    raster_at_centres,
    raster_means,
    shares_of,
    value_of_tiles,
    values_of,
)
from zonage.errors import BadInput
from zonage.tiles import Tiles

if TYPE_CHECKING:
    from zonage.sources.layers import RasterValues, TileValues, ValuedPolygons


def user_indicator(
    name: str,
    label: str | Mapping[str, str],
    unit: str,
    direction: Direction,
    *,
    missing: Missing = "absent",
    family: str = "user",
    note: str = "",
) -> Indicator:
    """Declare an indicator of the user's own.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores; none of the built-in ones.
    label : str or mapping
        Title, or titles by language (``en``, ``fr``); one stands for both.
    unit : str
        Unit of the values; "1" for a share.
    direction : {"high", "low"}
        Which end is fragile.
    missing : {"absent", "ignore", "refuse"}
        What a tile without a value counts as.
    family : str
        Indicators of one family count once: a built-in family, ``user``, or a new word.
    note : str
        What it is and rests on.

    Raises
    ------
    BadInput
        For a name that is taken, or a name, unit or word that cannot be.

    Examples
    --------
    >>> user_indicator("noise", "Noise at night", "dB", "high").label["fr"]
    'Noise at night'
    """
    if name in INDICATORS:
        raise BadInput("an indicator of this name is built in", column="indicator", found=name)
    if isinstance(label, str):
        label = {"en": label, "fr": label}
    return Indicator(name, label, unit, direction, missing, family, note)


def polygon_layer(
    tiles: Tiles,
    indicator: Indicator,
    polygons: ValuedPolygons,
    column: str,
    *,
    weight: str | None = None,
    by: By = "area",
) -> Layer:
    """Bring a value of polygons to tiles.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    indicator : Indicator
        Of :func:`user_indicator`.
    polygons : ValuedPolygons
        The polygons.
    column : str
        Their value.
    weight : str, optional
        Column of inhabitants, by which the polygons of a tile are weighted instead of by area.
    by : {"area", "centre"}
        Mean weighted by exact shares of the tile's area, or the polygons that hold its centre.

    Returns
    -------
    Layer
        Unknown where polygons of a known value cover less than half of the tile.
    """
    people = None if weight is None else values_of(polygons, weight)
    shares = shares_of(polygons, tiles, by)
    value = mean_by_tile(shares, values_of(polygons, column), len(tiles), people)
    weighted = "" if weight is None else f", weighted by {weight}"
    how = f"{column}: {how_cut(by, 'polygon')}{weighted}"
    return Layer(indicator, value, polygons.source, how, polygons.repaired)


def table_layer(tiles: Tiles, indicator: Indicator, values: TileValues) -> Layer:
    """Bring a table by tile to tiles: by their ids."""
    found = value_of_tiles(tiles, values)
    beyond = len(values) - int((found == found).sum())
    notes = (f"{beyond} rows without a value or of no tile here",) if beyond else ()
    return Layer(indicator, found, values.source, "table by tile, joined by id", notes)


def raster_layer(
    tiles: Tiles, indicator: Indicator, raster: RasterValues, *, by: By = "area"
) -> Layer:
    """Bring a raster to tiles.

    Parameters
    ----------
    tiles, indicator
        As for :func:`polygon_layer`.
    raster : RasterValues
        In any CRS.
    by : {"area", "centre"}
        Mean over 8 x 8 points of the tile, unknown where less than half of them have a value; or
        the cell at its centre.
    """
    check_by(by)
    if by == "centre":
        value, how = raster_at_centres(tiles, raster), "cell of the raster at the tile's centre"
    else:
        value = raster_means(tiles, raster)
        how = f"mean of the raster at {POINTS_PER_SIDE} x {POINTS_PER_SIDE} points of the tile"
    return Layer(indicator, value, raster.source, how, ())
