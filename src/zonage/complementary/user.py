"""Layers that a user brings: polygons with a value, a table by tile, or a raster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

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
from zonage.variables import REGISTRY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zonage.sources.layers import RasterValues, TileValues, ValuedPolygons


TAKEN = frozenset(REGISTRY) | {
    "id", "x", "y", "spatial_ref", "inhabited", "part", "level", "perimeter_1", "perimeter_2",
    "distance_to_quarters", "share_level_1", "share_level_1_or_2",
}  # fmt: skip
"""Columns and layers of the outputs that are no indicators."""


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
        raise BadInput(
            "an indicator of this name is built in", column=f"indicator.{name}.name", found=name
        )
    if name in TAKEN or name.endswith(("_holds", "_strength")):
        raise BadInput(
            "the outputs have a column of this name",
            column=f"indicator.{name}.name",
            found=name,
            hint=f"choose another, such as {name}_index",
        )
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

    Raises
    ------
    BadInput
        If the polygons have no such value, or a weight is below 0.
    """
    people = None if weight is None else _weights(polygons, weight)
    shares = shares_of(polygons, tiles, by)
    value = mean_by_tile(shares, values_of(polygons, column), len(tiles), people)
    weighted = "" if weight is None else f", weighted by {weight}"
    how = f"{column}: {how_cut(by, 'polygon')}{weighted}"
    return Layer(indicator, value, polygons.source, how, polygons.repaired)


def _weights(polygons: ValuedPolygons, column: str) -> NDArray[np.float64]:
    """Inhabitants of polygons, or what else they are weighted by."""
    weight = values_of(polygons, column)
    below = np.flatnonzero(weight < 0)
    if len(below):
        raise BadInput(
            "a weight below 0",
            file=polygons.source,
            row=int(below[0]) + 1,
            column=column,
            found=float(weight[below[0]]),
            expected="0 or more",
        )
    return weight


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
