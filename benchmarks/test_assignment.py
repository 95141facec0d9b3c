"""What each tile sees of the schools around it, and of the catchment that it lies in."""

from dataclasses import dataclass

import numpy as np
import pytest
import shapely
from rasterio.features import rasterize
from rasterio.transform import from_bounds
from scipy.spatial import cKDTree

from benchmarks import inputs
from benchmarks.inputs import metropolis, national
from zonage.complementary.resampling import mean_by_tile, shares_of
from zonage.kernels.assignment import assign, buckets
from zonage.sources.layers import ValuedPolygons
from zonage.tiles import Tiles

CELL = 200
RADIUS = 1500.0
BANDWIDTH = 350.0
NEAREST = 5


@dataclass(frozen=True)
class Town:
    """Centres of tiles, and schools where people live, with pupils and an index."""

    size: str
    tiles: np.ndarray
    schools: np.ndarray
    pupils: np.ndarray
    ips: np.ndarray


def town(country, schools):
    """Draw schools: 436 écoles for the métropole of Lille, 32 000 for France."""
    generator = np.random.default_rng(6)
    tiles = CELL * np.stack([country.column + 0.5, -(country.row + 0.5)], axis=1)
    at = generator.choice(len(tiles), schools, p=country.population / country.population.sum())
    return Town(
        f"{country.size}, {schools} schools",
        tiles,
        tiles[at] + generator.uniform(-CELL / 2, CELL / 2, (schools, 2)),
        generator.integers(40, 400, schools).astype(np.float64),
        generator.normal(100, 20, schools),
    )


@pytest.fixture(scope="module", params=["metropolis", "national"])
def drawn(request):
    if request.param == "metropolis":
        return town(metropolis(), 40 if inputs.SMALL else 436)
    return town(national(), 120 if inputs.SMALL else 32_000)


def zonage(drawn, nearest):
    x, y = drawn.tiles.T.copy()
    east, north = drawn.schools.T.copy()
    order, start, mesh = buckets(east, north, RADIUS)
    sites = east[order], north[order], drawn.pupils[order], drawn.ips[order], order
    mean, contrast, count = np.empty(len(x)), np.empty(len(x)), np.empty(len(x), np.int32)
    assign(x, y, sites, start, mesh, RADIUS, nearest, BANDWIDTH, mean, contrast, count)
    return mean, contrast


def test_the_nearest_schools_against_a_tree(race, drawn):
    def tree():
        near = cKDTree(drawn.schools).query(drawn.tiles, NEAREST, distance_upper_bound=RADIUS)
        weight = np.append(drawn.pupils, 0)[near[1]] * np.exp(-((near[0] / BANDWIDTH) ** 2) / 2)
        value = np.append(drawn.ips, 0)[near[1]]
        with np.errstate(invalid="ignore"):
            total = weight.sum(axis=1)
            mean = (weight * value).sum(axis=1) / total
            variance = (weight * (value - mean[:, None]) ** 2).sum(axis=1) / total
        return mean, np.sqrt(variance)

    np.testing.assert_allclose(zonage(drawn, NEAREST), tree(), rtol=1e-9, atol=1e-6)
    race(
        f"{NEAREST} nearest schools within {RADIUS:g} m, weighted",
        drawn.size,
        lambda: zonage(drawn, NEAREST),
        {"scipy cKDTree.query, numpy": (tree, 2)},
        rounds=3,
    )


def test_all_schools_within_reach_against_a_tree(race, drawn):
    most = 64

    def tree():
        near = cKDTree(drawn.schools).query_ball_point(drawn.tiles, RADIUS)
        count = np.fromiter(map(len, near), np.int64, len(near))
        school = np.concatenate(near).astype(np.int64)
        tile = np.repeat(np.arange(len(near)), count)
        squared = ((drawn.schools[school] - drawn.tiles[tile]) ** 2).sum(axis=1)
        weight = drawn.pupils[school] * np.exp(-squared / BANDWIDTH**2 / 2)
        with np.errstate(invalid="ignore"):
            return np.bincount(tile, weight * drawn.ips[school], len(near)) / np.bincount(
                tile, weight, len(near)
            )

    np.testing.assert_allclose(zonage(drawn, most)[0], tree(), rtol=1e-9)
    race(
        f"schools within {RADIUS:g} m, weighted",
        drawn.size,
        lambda: zonage(drawn, most),
        {"scipy cKDTree.query_ball_point, numpy": (tree, 4)},
        rounds=3,
    )


def test_catchments_against_a_fine_raster(race):
    """Exact shares of area take longer than counting the points of a raster eight times as fine."""
    country, fine = metropolis(), 8
    tiles = Tiles.from_columns(country.side - 1 - country.row, country.column, {})
    grid = tiles.grid()
    west, south, east, north = grid.bounds
    generator = np.random.default_rng(7)
    schools = shapely.multipoints(generator.uniform((west, south), (east, north), (75, 2)))
    cells = shapely.voronoi_polygons(schools, extend_to=shapely.box(*grid.bounds), ordered=True)
    outlines = shapely.intersection(np.array(cells.geoms), shapely.box(*grid.bounds))
    ips = generator.normal(100, 20, len(outlines))
    codes = tuple(map(str, range(len(outlines))))
    polygons = ValuedPolygons(codes, codes, outlines, 3035, {"ips": ips}, (), "drawn")

    def ours():
        return mean_by_tile(shares_of(polygons, tiles, "area"), ips, len(tiles))

    def raster():
        shape = grid.height * fine, grid.width * fine
        transform = from_bounds(*grid.bounds, shape[1], shape[0])
        labels = rasterize(zip(outlines, range(1, 76), strict=True), shape, 0, transform=transform)
        cell = np.arange(shape[0])[:, None] // fine * grid.width + np.arange(shape[1]) // fine
        points = np.bincount(cell.ravel(), minlength=grid.height * grid.width)
        value = np.append(np.nan, ips)[labels]
        sums = np.bincount(cell.ravel(), value.ravel(), grid.height * grid.width) / points
        return sums.reshape(grid.shape)[grid.rows_columns(tiles.northing, tiles.easting)]

    assert np.abs(ours() - raster()).mean() < 0.1
    race(
        "index of catchments on tiles, exact",
        f"{country.size}, 75 catchments",
        ours,
        {"rasterio rasterize 8 x finer, numpy bincount": (raster, 0)},
        rounds=3,
    )
