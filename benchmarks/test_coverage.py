"""Outlines on the tiles of a country: the share of each tile inside each outline."""

import numpy as np
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from geopandas import GeoDataFrame

from benchmarks import inputs
from zonage.grid import GridSpec
from zonage.raster import coverage
from zonage.sources.perimeters import Perimeters

SIDE = 200


def drawn():
    """Draw 1 500 outlines of 60 corners, 300 to 1 000 m around, in a country of 1 000 km."""
    count, cells = (20, 100) if inputs.SMALL else (1_500, 5_000)
    generator = np.random.default_rng(8)
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    far = generator.uniform(300, 1_000, (count, 60))
    centre = generator.uniform(1_000, cells * SIDE - 1_000, (2, count, 1))
    corners = centre + far * np.stack([np.cos(turn), np.sin(turn)])[:, None]
    grid = GridSpec(3035, SIDE, north=cells - 1, west=0, height=cells, width=cells)
    codes = [f"QN{number:06d}" for number in range(count)]
    table = GeoDataFrame(
        {"code": codes, "name": codes, "communes": ""},
        geometry=shapely.polygons(np.moveaxis(corners, 0, -1)),
        crs=3035,
    )
    return Perimeters(table, 3035, "EPSG:3035", 2024, (), (), "drawn"), grid


def by_shapely(outlines, grid):
    """Cut the cells that each outline touches and does not cover: cell, outline and share."""
    found = []
    for number, outline in enumerate(outlines):
        west, south, east, north = (int(bound // SIDE) for bound in outline.bounds)
        x, y = (
            axis.ravel() for axis in np.meshgrid(range(west, east + 1), range(south, north + 1))
        )
        cells = shapely.box(x * SIDE, y * SIDE, (x + 1) * SIDE, (y + 1) * SIDE)
        shapely.prepare(outline)
        touched = shapely.intersects(outline, cells)
        share = np.ones(np.count_nonzero(touched))
        cells = cells[touched]
        cut = ~shapely.covers(outline, cells)
        share[cut] = shapely.area(shapely.intersection(outline, cells[cut])) / SIDE**2
        cell = ((grid.north - y) * grid.width + x)[touched]
        found.append((cell, np.full(len(cell), number), share))
    return tuple(map(np.concatenate, zip(*found, strict=True)))


def by_exactextract(raster, table):
    found = [one["properties"] for one in exact_extract(raster, table, ["cell_id", "coverage"])]
    cell, share = (np.concatenate([one[name] for one in found]) for name in ("cell_id", "coverage"))
    return cell, np.repeat(np.arange(len(found)), [len(one["cell_id"]) for one in found]), share


def assert_same(grid, ours, theirs, tolerance):
    row, column = grid.rows_columns(ours.northing, ours.easting)
    cell = row.astype(np.int64) * grid.width + column
    sides = [(cell, ours.perimeter.astype(np.int64), ours.share), theirs]
    keys = [outline * grid.height * grid.width + cell for cell, outline, _ in sides]
    every = np.union1d(*keys)
    shares = np.zeros((2, len(every)))
    for side, key, (_, _, share) in zip(shares, keys, sides, strict=True):
        side[np.searchsorted(every, key)] = share
    np.testing.assert_allclose(*shares, rtol=0, atol=tolerance)


def test_outlines_on_the_tiles_of_a_country(race):
    perimeters, grid = drawn()
    raster = NumPyRasterSource(np.zeros(grid.shape), *grid.bounds)
    ours = coverage(perimeters, grid)
    peers = {
        "shapely.intersection": (lambda: by_shapely(perimeters.geometry, grid), 30),
        "exactextract": (lambda: by_exactextract(raster, perimeters.table), 5),
    }
    for (peer, _), tolerance in zip(peers.values(), (1e-9, 1e-6), strict=True):
        assert_same(grid, ours, peer(), tolerance)
    race(
        "shares of tiles inside outlines",
        f"{grid.height} x {grid.width}, {len(perimeters)} outlines",
        lambda: coverage(perimeters, grid),
        peers,
        rounds=3,
    )
