"""The ground of every map: tiles on their grid, outlines, scale and north."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.figures.style import GROUND, INK, MARGIN, PEOPLE, WIDTH, Page, Sheet, page
from zonage.summary import main_unit
from zonage.tiles import Tiles
from zonage.zoning import Zoning

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHAPES = (0.28, 1.5)
"""Height of a map as a share of its width, at least and at most: a territory may be a strip, or
scattered over a country."""


def map_page(
    sheet: Sheet, tiles: Tiles, lines: Sequence[str], *, key: float = 0.0
) -> tuple[Page, Axes]:
    """Lay out a map of some tiles, north up, with its scale; axes in kilometres.

    Parameters
    ----------
    sheet : Sheet
        Title, source and language.
    tiles : Tiles
        What the map shows.
    lines : sequence of str
        Below the title.
    key : float
        Height of the key, in inches.
    """
    grid = tiles.grid(margin=2)
    west, south, east, north = (edge / 1000 for edge in grid.bounds)
    width = WIDTH - 2 * MARGIN
    shape = min(max(grid.height / grid.width, SHAPES[0]), SHAPES[1])
    target = page(sheet, lines, width * shape, key=key)
    axes = target.body.axes(target.figure)
    axes.set_facecolor(GROUND)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])
    draw_scale(axes, west, south, east)
    draw_north(axes, tiles, sheet.text("north"))
    return target, axes


def draw_tiles(axes: Axes, tiles: Tiles, colours: NDArray[np.float64]) -> None:
    """Draw tiles in their colours, shape (n, 4): red, green, blue, opacity from 0 to 1."""
    grid = tiles.grid(margin=2)
    west, south, east, north = (edge / 1000 for edge in grid.bounds)
    picture = np.zeros((*grid.shape, 4), np.uint8)
    picture[grid.rows_columns(tiles.northing, tiles.easting)] = np.rint(255 * colours)
    # An SVG then holds one pixel a tile, and each viewer draws its edges sharp.
    axes.imshow(
        picture,
        extent=(west, east, south, north),
        interpolation="none",
        aspect="equal",
        zorder=1,
    )
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)


def crowded(tiles: Tiles) -> NDArray[np.float64]:
    """Colours of inhabited ground, shape (n, 4): the more people, the darker, as a town shows."""
    colours = paint(PEOPLE, len(tiles))
    people = tiles.values("population")
    crowd = float(np.quantile(people, 0.98)) or 1.0
    colours[:, 3] = 0.25 + 0.75 * np.clip(people / crowd, 0, 1)
    return colours


def paint(colour: str, count: int = 1) -> NDArray[np.float64]:
    """Return a colour for each of some tiles, shape (count, 4)."""
    from matplotlib.colors import to_rgba

    return np.tile(np.array(to_rgba(colour)), (count, 1))


def draw_outlines(zoning: Zoning, axes: Axes) -> None:
    """Draw the outlines of a zoning's quarters, in kilometres."""
    from matplotlib.collections import LineCollection
    from shapely import get_coordinates, get_parts, get_rings

    rings = get_rings(get_parts(zoning.zones.geometry.to_numpy()))
    lines = [get_coordinates(ring) / 1000 for ring in rings]
    # Thin enough to leave something of a tile to see, on the map of a country too.
    west, east = axes.get_xlim()
    points = axes.get_window_extent().width / axes.figure.dpi * 72
    side = points * zoning.tiles.resolution / 1000 / (east - west)
    width = min(max(side / 5, 0.1), 0.8)
    axes.add_collection(LineCollection(lines, colors=INK, linewidths=width, zorder=3))


def draw_scale(axes: Axes, west: float, south: float, east: float) -> None:
    """Draw a bar of a round number of kilometres, about a sixth of the width."""
    wanted = (east - west) / 6
    power = 10 ** np.floor(np.log10(wanted))
    length = float(max(step * power for step in (1, 2, 5) if step * power <= wanted))
    left, bottom = west + 0.03 * (east - west), south + 0.03 * (east - west)
    axes.plot([left, left + length], [bottom, bottom], color=INK, lw=2.2, zorder=4,
              solid_capstyle="butt")  # fmt: skip
    axes.text(left + length / 2, bottom + 0.006 * (east - west), f"{length:g} km", ha="center",
              va="bottom", zorder=4, path_effects=_halo())  # fmt: skip


def draw_north(axes: Axes, tiles: Tiles, letter: str) -> None:
    """Draw an arrow to the true north, which on a wide projection is not quite the top."""
    lean = math.radians(convergence(tiles))
    (west, east), (south, _) = axes.get_xlim(), axes.get_ylim()
    length = 0.035 * (east - west)
    x, y = west + 0.22 * (east - west), south + 0.03 * (east - west)
    tip = (x + length * math.sin(lean), y + length * math.cos(lean))
    axes.annotate("", tip, (x, y), arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.0,
                  "shrinkA": 0, "shrinkB": 0}, zorder=4)  # fmt: skip
    axes.text(*tip, letter, ha="center", va="bottom", zorder=4, path_effects=_halo())


def convergence(tiles: Tiles) -> float:
    """Angle from the top of the grid clockwise to the true north at the middle of the tiles.

    Examples
    --------
    Lille lies west of the middle of the European grid, where the north leans to the right.

    >>> lille = Tiles.from_columns(
    ...     np.array([15435]), np.array([19150]), {"population": np.array([1.0])}
    ... )
    >>> round(convergence(lille), 1)
    5.4
    """
    west, south, east, north = tiles.grid().bounds
    return _convergence(tiles.crs, (west + east) / 2, (south + north) / 2)


@functools.lru_cache(maxsize=8)
def _convergence(crs: int, x: float, y: float) -> float:
    """The same at a point, kept for the next map: to find a projection takes a while."""
    from pyproj import Transformer

    projected = Transformer.from_crs(4326, crs, always_xy=True)
    longitude, latitude = projected.transform(x, y, direction="INVERSE")
    right, up = projected.transform(longitude, latitude + 0.01)
    return math.degrees(math.atan2(right - x, up - y))


def _halo() -> list[Any]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.5, foreground="white")]


def line_text(sheet: Sheet, zoning: Zoning) -> str:
    """Say the line of the unit with most inhabitants among the tiles, and what it is."""
    unit = main_unit(zoning)
    note = sheet.text(unit.basis)
    if unit.basis == "legal" and unit.legal.concept == "declared":
        note = sheet.text("declared", threshold=sheet.says.number(unit.legal.threshold))
    return sheet.text("line", unit=unit_name(sheet, zoning), line=sheet.says.number(unit.line),
                      note=note)  # fmt: skip


def unit_name(sheet: Sheet, zoning: Zoning) -> str:
    """The name of the unit with most inhabitants among the tiles."""
    legal = main_unit(zoning).legal
    return legal.name or legal.unit or sheet.text("unnamed")
