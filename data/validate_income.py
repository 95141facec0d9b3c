"""Hold estimated incomes against published ones: medians, poverty rates, declared income.

For maintainers. The folder of sources is laid out as ``docs/data.md`` says::

    python data/validate_income.py SOURCES

Published medians and rates are INSEE's (Filosofi) for IRIS, QPV of 2015 and communes. A zone's
estimate is the mixture of the tiles that it touches, each with the inhabitants that its share of
the tile's area has.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from fit_income import (
    KNOTS,
    QUANTILES,
    Floats,
    Iris,
    column,
    draw,
    equal_rank,
    read_iris,
    read_table,
    winsorised_means,
)
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from zonage.income import Estimator, IncomeModel, LogNormal, estimate, zone_medians
from zonage.kernels.lognormal import parameters
from zonage.raster import coverage
from zonage.sources.income_tables import declared_disposable, income_model
from zonage.sources.insee import read_tiles
from zonage.sources.perimeters import Perimeters, read_perimeters
from zonage.tiles import Tiles

ESTIMATORS = get_args(Estimator)
FOLDS = 10


@dataclass(frozen=True)
class Zones:
    """Zones with published figures, and the parts of tiles that they hold.

    Attributes
    ----------
    name : str
    label, tile : int arrays, shape (m,)
        Zone (from 1) and tile of each part.
    share : float64 array, shape (m,)
        Share of the tile in the zone.
    median, poor : float64 arrays, shape (k,)
        Published median (EUR a year) and share of poor persons (NaN if not published).
    tiles : Tiles
    model : IncomeModel
    """

    name: str
    label: NDArray[np.int32]
    tile: NDArray[np.int64]
    share: Floats
    median: Floats
    poor: Floats
    tiles: Tiles
    model: IncomeModel

    @property
    def people(self) -> NDArray[np.int64]:
        """Inhabitants of each part, in fixed point."""
        return np.rint(self.tiles.count("population")[self.tile] * self.share).astype(np.int64)

    def medians(self, estimator: Estimator) -> Floats:
        """Estimated medians."""
        income = estimate(self.tiles, self.model, estimator)
        parts = LogNormal(income.mu[self.tile], income.sigma[self.tile])
        return zone_medians(self.label, len(self.median), self.people, parts)

    def mean_over(self, values: Floats, weight: Floats) -> Floats:
        """Weighted means over the zones of values of tiles."""
        size = len(self.median) + 1
        weight = weight[self.tile] * self.share
        sums = np.bincount(self.label, np.nan_to_num(values[self.tile]) * weight, size)[1:]
        weights = np.bincount(self.label, weight, size)[1:]
        return np.divide(sums, weights, out=np.full(size - 1, np.nan), where=weights > 0)


@dataclass(frozen=True)
class Errors:
    """Bias and root mean square of errors over zones."""

    zones: int
    bias: float
    rmse: float

    @classmethod
    def of(cls, estimated: Floats, published: Floats) -> "Errors":
        """Compare where both are known."""
        error = (estimated - published)[np.isfinite(estimated) & np.isfinite(published)]
        return cls(len(error), float(error.mean()), float(np.sqrt((error**2).mean())))

    def __str__(self) -> str:
        return f"{self.bias:+.0f} / {self.rmse:.0f}"


def read_zones(sources: Path) -> Iterator[Zones]:
    """Read every set of zones."""
    tiles = {
        name: read_tiles(sources / "tiles" / file, vintage=vintage)
        for name, file, vintage in (
            ("Lille 2019", "carreaux_200m_lille_2019.csv", 2019),
            ("Lille 2021", "carreaux_200m_lille_2021.csv", 2021),
            ("Albi", "albi_carreaux_200m.geojson", 2019),
            ("Hauts-de-Seine", "hautsdeseine4_carreaux_geo.geojson", 2019),
        )
    }
    iris = iris_outlines(sources / "mel" / "IRIS_MEL_PROFILS_SOCIAUX_2019.geojson")
    folder = sources / "income" / "iris"
    files = {2019: "BASE_TD_FILO_DISP_IRIS_2019.csv", 2021: "BASE_TD_FILO_IRIS_2021_DISP.csv"}
    for year, file in files.items():
        published = read_table(folder / file)
        names = f"DISP_MED{year % 100}", f"DISP_TP60{year % 100}"
        block = tiles[f"Lille {year}"]
        name = f"IRIS of Lille's block, {year}{mean_alone(block)}"
        yield outlined(name, block, iris, published, names, True)
    quarters = read_perimeters(sources / "qpv" / "QP_METROPOLE_LB93.shp")
    published = read_table(sources / "income" / "qpv" / "data_filo19_qp_revdis.csv")
    names = "DISP_MED_A19", "DISP_TP60_A19"
    for place in ("Lille 2019", "Albi", "Hauts-de-Seine"):
        whole = place.startswith("Lille")
        yield outlined(f"QPV, {place}", tiles[place], quarters, published, names, whole)
    for year, file in ((2019, "cc_filosofi_2019_COM.CSV"), (2021, "cc_filosofi_2021_COM.csv")):
        published = read_table(sources / "income" / "communes" / file)
        block = tiles[f"Lille {year}"]
        name = f"communes of Lille's block, {year}{mean_alone(block)}"
        yield communes(name, block, published, year)


def mean_alone(tiles: Tiles) -> str:
    """Say so where the tiles hold no households, so that every estimator takes the mean alone."""
    return "" if "households" in tiles.counts else " (mean alone)"


def iris_outlines(path: Path) -> Perimeters:
    """Read the outlines of IRIS; the file gives a few in two pieces."""
    import geopandas as gpd
    import shapely

    table = gpd.read_file(path).to_crs(3035)
    table["geometry"] = shapely.make_valid(table.geometry.values)
    table = table.dissolve("CODE_IRIS").reset_index().rename(columns={"CODE_IRIS": "code"})
    table["name"], table["communes"] = table["NOM_IRIS"], table["NOM_COM"]
    return Perimeters(table, 3035, "EPSG:4326", 2019, (), (), str(path))


def outlined(
    name: str,
    tiles: Tiles,
    outlines: Perimeters,
    published: dict[str, dict[str, str]],
    columns: tuple[str, str],
    block: bool,
) -> Zones:
    """Zones given by outlines: those that lie in the tiles whole.

    In a `block` all inhabited tiles are there, so that the outline must lie in the box around
    them; elsewhere nine tenths of it must lie on tiles.
    """
    covered = coverage(outlines, tiles)
    tile, outline, share = covered.on(tiles)
    by_code = dict(zip(outlines.codes, outlines.table.geometry.area / 1e6, strict=True))
    area = np.array([by_code[code] for code in covered.codes])
    on_tiles = np.bincount(outline, share, len(area)) * tiles.grid().cell_area_km2
    whole = covered.areas_km2 > 0.999 * area if block else on_tiles > 0.9 * area
    rows = [published.get(code, dict.fromkeys(columns, "")) for code in covered.codes]
    median, poor = column(rows, columns[0]), column(rows, columns[1]) / 100
    kept = whole & np.isfinite(median)
    number = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    inside = kept[outline]
    return Zones(
        name,
        number[outline[inside]],
        tile[inside],
        share[inside],
        median[kept],
        poor[kept],
        tiles,
        income_model(tiles.vintage or 2019),
    )


def communes(name: str, tiles: Tiles, published: dict[str, dict[str, str]], year: int) -> Zones:
    """Whole communes: the tiles hold as many persons as INSEE's table, within 5 %."""
    end = f"{year % 100}"
    empty = dict.fromkeys((f"MED{end}", f"TP60{end}", f"NBPERSMENFISC{end}"), "")
    rows = [published.get(code, empty) for code in tiles.commune.labels]
    index = tiles.commune.index
    known = np.flatnonzero(index >= 0)
    people = np.bincount(index[known], tiles.values("population")[known], len(rows))
    median = column(rows, f"MED{end}")
    whole = np.abs(people / column(rows, f"NBPERSMENFISC{end}") - 1) < 0.05
    kept = whole & (people > 2_000) & np.isfinite(median)
    number = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    inside = known[kept[index[known]]]
    return Zones(
        name,
        number[index[inside]],
        inside,
        np.ones(len(inside)),
        median[kept],
        column(rows, f"TP60{end}")[kept] / 100,
        tiles,
        income_model(year),
    )


@dataclass(frozen=True)
class OwnFigures:
    """Zones whose mean and share of poor persons are known from their own published deciles.

    They show the error of the estimate itself, without tiles that outlines cut, and without
    households in place of persons.
    """

    name: str
    mean: Floats
    probit: Floats
    median: Floats
    model: IncomeModel

    @classmethod
    def of_iris(cls, iris: Iris, year: int) -> "OwnFigures":
        """All IRIS of metropolitan France."""
        name = f"own deciles: IRIS of France, {year}"
        return cls(name, iris.mean, iris.probit, iris.disposable, income_model(year))

    @classmethod
    def of_quarters(cls, sources: Path, iris: Iris) -> "OwnFigures":
        """All QPV of 2015 of metropolitan France, incomes of 2019."""
        published = read_table(sources / "income" / "qpv" / "data_filo19_qp_revdis.csv")
        codes = [code for code in published if code[3:5] in iris.limits and code[2] == "0"]
        rows = [published[code] for code in codes]
        deciles = np.array([column(rows, f"DISP_{name}_A19") for name in QUANTILES]).T
        poor = column(rows, "DISP_TP60_A19") / 100
        kept = np.isfinite(deciles).all(axis=1) & np.isfinite(poor)
        department = np.array([code[3:5] for code in codes])[kept]
        mean = winsorised_means(draw(deciles[kept]), department, iris.limits)
        median = column(rows, "DISP_MED_A19")[kept]
        return cls(
            "own deciles: QPV of France, 2019", mean, ndtri(poor[kept]), median, income_model(2019)
        )

    def medians(self, estimator: Estimator) -> Floats:
        """Estimated medians."""
        line, sigma, weight = self.model.poverty_line, self.model.sigma, self.model.mean_weight
        by_mean = np.log(self.mean / line) - sigma**2 / 2
        if estimator == "mean":
            return line * np.exp(by_mean)
        if estimator == "log-normal":
            mu, spread = np.empty((2, len(self.mean)))
            parameters(self.mean, ndtr(self.probit), line, sigma, mu, spread)
            return np.exp(mu)
        return line * np.exp(weight * by_mean - (1 - weight) * sigma * self.probit)


def median_errors(zones: Zones | OwnFigures) -> Iterator[tuple[str, dict[str, Errors]]]:
    """Errors of each estimator: all zones, and those of low median."""
    found = {estimator: zones.medians(estimator) for estimator in ESTIMATORS}
    for label, high in (("", np.inf), (", below 18 000", 18e3), (", below 16 000", 16e3)):
        chosen = zones.median < high
        if high == np.inf or 10 <= chosen.sum() < len(chosen):
            yield (
                zones.name + label,
                {name: Errors.of(v[chosen], zones.median[chosen]) for name, v in found.items()},
            )


def poverty_errors(zones: Zones) -> dict[str, Errors]:
    """Errors in points of three ways to the share of poor persons."""
    tiles = zones.tiles
    people, households, poor, incomes = (
        tiles.values(name) for name in ("population", "households", "poor_households", "income_sum")
    )
    persons = zones.model.poor_persons(people, households, poor, incomes)
    line = zones.model.poverty_line
    below = estimate(tiles, zones.model).share_below(line)
    return {
        name: Errors.of(100 * zones.mean_over(values, weight), 100 * zones.poor)
        for name, values, weight in (
            ("poor households", tiles.poverty_share, households),
            ("poor persons", persons, people),
            ("blend below the line", below, people),
        )
    }


def map_errors(iris: Iris, year: int) -> list[str]:
    """Errors of the map between the incomes: each IRIS by a map fitted without its tenth of all."""
    known = np.isfinite(iris.declared)
    x, y = iris.declared[known], iris.disposable[known]
    fold = np.random.default_rng(year).permutation(len(x)) % FOLDS
    told = np.full(len(x), np.nan)
    for part in range(FOLDS):
        others = fold != part
        told[~others] = np.interp(
            x[~others], KNOTS, equal_rank(x[others], y[others], KNOTS), np.nan, np.nan
        )
    line = float(declared_disposable(year).to_disposable(12_800))
    only_declared = int(((x < 12_800) & (y >= line)).sum())
    only_disposable = int(((x >= 12_800) & (y < line)).sum())
    rows = []
    for low, high in ((12_000, 14_000), (6_000, 20_000)):
        near = (x >= low) & (x < high)
        errors = Errors.of(told[near], y[near])
        rows.append(f"{year}, declared {low} to {high}, {errors.zones} IRIS: {errors}")
    rows.append(
        f"{year}, 12 800 declared = {line:.0f} disposable: {(x < 12_800).sum()} IRIS below the "
        f"first, {only_declared} of them not below the second, {only_disposable} the other way"
    )
    return rows


def main(sources: Path) -> None:
    """Print every comparison."""
    print("median, EUR a year: bias / RMSE")
    print("| zones | number | " + " | ".join(ESTIMATORS) + " |")
    all_zones = list(read_zones(sources))
    iris = {year: read_iris(sources, year) for year in (2019, 2021)}
    own = [OwnFigures.of_iris(iris[year], year) for year in iris]
    own.append(OwnFigures.of_quarters(sources, iris[2019]))
    for zones in (*own, *all_zones):
        for name, errors in median_errors(zones):
            number = errors["blend"].zones
            print(f"| {name} | {number} | {' | '.join(map(str, errors.values()))} |")
    print("\nshare of poor persons, points: bias / RMSE")
    for zones in all_zones:
        if "households" not in zones.tiles.counts:
            continue
        for name, one in poverty_errors(zones).items():
            print(f"| {zones.name} | {one.zones} | {name} | {one.bias:+.1f} / {one.rmse:.1f} |")
    print("\ndisposable from declared, cross-validated, EUR a year: bias / RMSE")
    for year, one_year in iris.items():
        print("\n".join(map_errors(one_year, year)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
