"""The whole job, from tiles to quarters: the core of the MEL, and a synthetic France."""

from functools import cache

import numpy as np
from scipy import ndimage, special

import zonage as zn
from benchmarks import inputs
from zonage.sources.income_tables import income_model
from zonage.sources.tables import data_folder
from zonage.synthetic import france

LAW = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
LINE = 15_546.0
# The rule that both sides can do: flag, join over the whole territory, keep the minimum.
PLAIN = zn.Method.plain(estimator="mean", within_units=False)


@cache
def country():
    if inputs.SMALL:
        return france(0, tiles=20_000, units=20, truth=True)
    return france(0, truth=True)


@cache
def lille():
    tiles = zn.read_tiles(data_folder("demo") / "tiles_2019.csv", vintage=2019)
    return zn.read_territories(data_folder("demo") / "communes.csv").locate(tiles)


def by_scipy(tiles):
    """The same chain with numpy and scipy.ndimage on the grid."""
    sigma = income_model(2019).sigma
    grid = tiles.grid()
    row, column = grid.rows_columns(tiles.northing, tiles.easting)
    people, income = np.zeros((2, *grid.shape))
    people[row, column] = tiles.values("population")
    income[row, column] = tiles.values("income_sum")
    with np.errstate(invalid="ignore"):
        median = income / people * np.exp(-(sigma**2) / 2)
    below = special.ndtr(np.log(LINE / np.where(people > 0, median, LINE)) / sigma)
    labels, count = ndimage.label((median < LINE) & (people > 0), np.ones((3, 3)))
    inhabitants = ndimage.sum_labels(people, labels, np.arange(count + 1))
    keep = inhabitants >= 1000
    keep[0] = False
    zone = np.where(keep, np.cumsum(keep), 0)[labels][row, column]
    return zone > 0, below, zone_medians(zone, people[row, column], median[row, column], sigma)


def zone_medians(zone, people, median, sigma):
    """Halve the bracket of every zone until its median is known to a cent."""
    inside = zone > 0
    zone, people, middle = zone[inside] - 1, people[inside], np.log(median[inside])
    half = np.bincount(zone, people) / 2
    low, high = np.full((2, len(half)), [[np.log(1_000)], [np.log(100_000)]])
    for _ in range(24):
        line = (low + high) / 2
        below = np.bincount(zone, people * special.ndtr((line[zone] - middle) / sigma))
        low, high = np.where(below < half, line, low), np.where(below < half, high, line)
    return np.exp(low)


def by_zonage(tiles, reference, **options):
    return zn.qpv(tiles, LAW, reference, **options)


def one_unit(tiles):
    """All tiles in one urban unit, so that both sides join over the whole territory."""
    from zonage.tiles import Codes

    return tiles.located(urban_unit=Codes(np.zeros(len(tiles), np.int32), ("1",)))


def reference_of_one_unit():
    from zonage.law import Reference

    row = {
        "code": "1", "name": "1", "population": 1e6, "median": 21_000,
        "certainty": "published", "source": "drawn",
    }  # fmt: skip
    return Reference.from_rows(
        [row], national_median=21_640, year=2019, concept="declared",
        national_certainty="published", national_source="drawn",
    )  # fmt: skip


def run_against_scipy(race, name, tiles, rounds):
    tiles = one_unit(tiles)
    reference = reference_of_one_unit()

    def ours():
        return by_zonage(tiles, reference, method=PLAIN, line=LINE)

    def theirs():
        return by_scipy(tiles)

    np.testing.assert_array_equal(ours().inside, theirs()[0])
    np.testing.assert_allclose(np.sort(ours().zone_median), np.sort(theirs()[2]), atol=0.02)
    race("tiles to quarters, plain rule", name, ours, {"numpy + scipy": (theirs, 1)}, rounds=rounds)


def test_the_core_of_the_mel(race):
    run_against_scipy(race, f"Lille, {len(lille())} tiles", lille(), 15)


def test_france(race):
    tiles = country().tiles
    run_against_scipy(race, f"France, {len(tiles)} tiles", tiles, 3)
