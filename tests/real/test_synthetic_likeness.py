"""The synthetic metropolis against the real tiles of the Lille block, figure by figure."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import ndimage

from zonage.synthetic import france, metropolis
from zonage.tiles import Tiles

LEVELS = {"10 %": 0.1, "25 %": 0.25, "50 %": 0.5, "75 %": 0.75, "90 %": 0.9, "99 %": 0.99}
DISTANCES = (1, 2, 3, 5, 8, 12, 20)
LINES = (16_000, 17_000, 18_000, 19_000)

TOLERANCES = {
    "inhabitants a tile": {"rel": 0.05},
    "persons a household": {"rel": 0.03},
    "population ": {"rel": 0.12, "abs": 1},
    "income mean ": {"rel": 0.03},
    "poor share ": {"abs": 0.025},
    "social share ": {"abs": 0.07},
    "share of poor households": {"abs": 0.01},
    "social dwellings a household": {"abs": 0.02},
    "mean of all incomes": {"rel": 0.02},
    "imputed tiles": {"abs": 0.02},
    "people in imputed tiles": {"abs": 0.01},
    "households at the cap": {"abs": 0.002},
    "tiles with half an inhabitant": {"abs": 0.05},
    "correlation of mean and poverty": {"abs": 0.05},
    "neighbours, ": {"abs": 0.12},
    "income at ": {"abs": 0.15},
    "density at ": {"abs": 0.2},
    "zones under ": {"rel": 0.4},
    "people under ": {"abs": 0.03},
}
"""How near each family of figures must be; a family is the beginning of a name."""


def quantiles(values, weights):
    order = np.argsort(values)
    share = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    return np.interp(list(LEVELS.values()), share, values[order])


def on_grid(tiles, values, empty=0.0):
    """Values on the grid, with an empty margin."""
    grid = tiles.grid(margin=1)
    filled = np.full(grid.shape, empty)
    filled[grid.rows_columns(tiles.northing, tiles.easting)] = values
    return filled


def correlation_at(tiles, values, distance):
    """Correlation of pairs of tiles that lie so many cells apart along a row or a column."""
    field = on_grid(tiles, values, np.nan)
    pairs = np.concatenate(
        [
            np.stack([field[distance:].ravel(), field[:-distance].ravel()], 1),
            np.stack([field[:, distance:].ravel(), field[:, :-distance].ravel()], 1),
        ]
    )
    return np.corrcoef(pairs[~np.isnan(pairs).any(1)].T)[0, 1]


def correlation_with_neighbours(tiles, values):
    """Correlation of each tile with the mean of its inhabited neighbours, eight at most."""
    around = np.ones((3, 3))
    around[1, 1] = 0
    total = ndimage.convolve(on_grid(tiles, values), around, mode="constant")
    count = ndimage.convolve(on_grid(tiles, 1.0), around, mode="constant")
    place = tiles.grid(margin=1).rows_columns(tiles.northing, tiles.easting)
    near = count[place] > 0
    return np.corrcoef(values[near], total[place][near] / count[place][near])[0, 1]


def zones(tiles, line, minimum=1000):
    """Number of zones whose tiles have a mean below a line, and their share of the people."""
    people = on_grid(tiles, tiles.values("population"))
    labels, count = ndimage.label(
        on_grid(tiles, tiles.income_mean < line), structure=np.ones((3, 3))
    )
    sums = ndimage.sum_labels(people, labels, np.arange(1, count + 1))
    return int((sums >= minimum).sum()), float(sums[sums >= minimum].sum() / people.sum())


def describe(tiles):
    """Every figure that synthetic and real tiles are compared by."""
    population, households = tiles.values("population"), tiles.values("households")
    mean, poor, imputed = tiles.income_mean, tiles.poverty_share, tiles.imputed
    figures = {
        "inhabitants a tile": population.mean(),
        "persons a household": population.sum() / households.sum(),
    }
    for name, row in (
        ("population", quantiles(population, np.ones(len(tiles)))),
        ("income mean", quantiles(mean, population)),
        ("poor share", quantiles(poor, households)),
        ("social share", quantiles(tiles.values("social_dwellings") / households, households)),
    ):
        figures |= {f"{name} {level}": value for level, value in zip(LEVELS, row, strict=True)}
    figures |= {
        "share of poor households": tiles.total("poor_households") / households.sum(),
        "social dwellings a household": tiles.total("social_dwellings") / households.sum(),
        "mean of all incomes": tiles.total("income_sum") / population.sum(),
        "imputed tiles": imputed.mean(),
        "people in imputed tiles": population[imputed].sum() / population.sum(),
        "households at the cap": households[poor >= 0.7995].sum() / households.sum(),
        "tiles with half an inhabitant": (population[~imputed] % 1 > 0).mean(),
        "correlation of mean and poverty": np.corrcoef(np.log(mean), poor)[0, 1],
        "neighbours, income": correlation_with_neighbours(tiles, np.log(mean)),
        "neighbours, poverty": correlation_with_neighbours(tiles, poor),
        "neighbours, density": correlation_with_neighbours(tiles, np.log(population)),
    }
    for distance in DISTANCES:
        figures[f"income at {distance}"] = correlation_at(tiles, np.log(mean), distance)
        figures[f"density at {distance}"] = correlation_at(tiles, np.log(population), distance)
    for line in LINES:
        figures[f"zones under {line}"], figures[f"people under {line}"] = zones(tiles, line)
    return figures


def read_block(shared: Path) -> Tiles:
    table = pl.read_csv(shared / "tiles" / "carreaux_200m_lille_2019.csv")
    corner = [
        table["idcar_200m"].str.extract(pattern).cast(pl.Int64).to_numpy() // 200
        for pattern in (r"N(\d+)E", r"E(\d+)$")
    ]
    columns = {
        "population": "ind",
        "households": "men",
        "poor_households": "men_pauv",
        "income_sum": "ind_snv",
        "social_dwellings": "log_soc",
    }
    values = {name: table[column].to_numpy() for name, column in columns.items()}
    return Tiles.from_columns(*corner, values, imputed=table["i_est_200"].to_numpy() == 1)


@pytest.fixture(scope="module")
def real(shared):
    return describe(read_block(shared))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_metropolis_is_like_the_lille_block(real, seed):
    synthetic = describe(metropolis(seed))
    unlike = [
        f"{name}: synthetic {synthetic[name]:.4g}, real {value:.4g}"
        for family, tolerance in TOLERANCES.items()
        for name, value in real.items()
        if name.startswith(family) and synthetic[name] != pytest.approx(value, **tolerance)
    ]
    assert not unlike


def test_every_figure_is_compared(real):
    assert all(name.startswith(tuple(TOLERANCES)) for name in real)


def test_france_is_like_what_is_published_of_it():
    """INSEE on its file: 79 % of tiles and 20 % of people imputed, maxima of the 2019 vintage."""
    country = france(truth=True)
    tiles, reference = country.tiles, country.reference
    people, imputed = tiles.values("population"), tiles.imputed
    assert len(tiles) == 2_300_000
    assert len(tiles) / (tiles.grid().height * tiles.grid().width) == pytest.approx(
        0.095, abs=0.006
    )
    assert people.sum() == pytest.approx(62.6e6, rel=0.02)
    assert imputed.mean() == pytest.approx(0.79, abs=0.005)
    assert people[imputed].sum() / people.sum() == pytest.approx(0.20, abs=0.01)
    assert people.max() == pytest.approx(6_570, rel=0.25)
    assert tiles.values("households").max() == pytest.approx(2_210, rel=0.1)
    assert len(reference.units) == 2_500
    assert reference.national_median == pytest.approx(21_645, rel=0.01)
    assert 9.5e6 > max(unit.population for unit in reference.units) > 5e6
    assert 400 < sum(unit.population >= 10_000 for unit in reference.units) < 600
