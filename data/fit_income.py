"""Fit the tables data/reference/income_model.csv and declared_disposable.csv on public tables.

For maintainers; users need only the tables. The folder of sources is laid out as ``docs/data.md``
says::

    python data/fit_income.py SOURCES

The same sources give the same tables. The errors of the fits are printed.
"""

import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import ndtr, ndtri

from zonage.income import DeclaredDisposable
from zonage.sources.insee import read_tiles
from zonage.sources.references import poverty_line

Floats = NDArray[np.float64]

REFERENCE = Path(__file__).resolve().parent / "reference"
FITTED = 2019
IRIS_FILES = {
    2019: ("BASE_TD_FILO_DEC_IRIS_2019.csv", "BASE_TD_FILO_DISP_IRIS_2019.csv"),
    2021: ("BASE_TD_FILO_IRIS_2021_DEC.csv", "BASE_TD_FILO_IRIS_2021_DISP.csv"),
}
QUANTILES = {
    "D1": 0.1, "D2": 0.2, "Q1": 0.25, "D3": 0.3, "D4": 0.4, "MED": 0.5,
    "D6": 0.6, "D7": 0.7, "Q3": 0.75, "D8": 0.8, "D9": 0.9,
}  # fmt: skip
POINTS = 1000  # incomes that stand for the inhabitants of an IRIS
TAIL = 1.1  # how much steeper than its last three deciles the upper tail of an IRIS is
KNOTS = np.arange(5_000, 30_001, 500.0)
HALF_WINDOW = 1_500.0  # of the local lines through the matched medians, EUR declared
# Two choices of ours, not measurements: sd of the probit of the poor share as told by tiles (at 0,
# 0.03 and 0.09 the weight of the mean comes out as 0.42, 0.47 and 0.69), and the highest mean, in
# poverty lines (from 1.3 to 1.6 the weight stays within 0.57 to 0.60).
SHARE_ERROR = 0.06
MEAN_UP_TO = 1.45
CONSTANTS = {
    "log_ratio_min": -0.45,
    "log_ratio_max": 1.6,
    "link_mean_size": 2.3,
    "size_min": 1.5,
    "size_max": 3.2,
    "prior_knot": 0.3,
    "prior_second_knot": 0.6,
    "pseudo_households": 5,
    "share_min": 0.005,
    "share_cap": 0.80,
}


@dataclass(frozen=True)
class Iris:
    """What is published of each IRIS of metropolitan France, and its mean made from deciles.

    Attributes
    ----------
    code, department : str arrays, shape (n,)
    declared, disposable : float64 arrays, shape (n,)
        Medians, EUR a year.
    mean : float64 array, shape (n,)
        Mean of disposable income, winsorised by department as in the tiles, EUR a year.
    poor, published_poor : float64 arrays, shape (n,)
        Share of persons below the poverty line: from the deciles, and as published (NaN if not).
    limits : dict of str to pair of float
        Incomes between which those of a department are brought, EUR a year.
    """

    code: NDArray[np.str_]
    department: NDArray[np.str_]
    declared: Floats
    disposable: Floats
    mean: Floats
    poor: Floats
    published_poor: Floats
    limits: dict[str, tuple[float, float]]

    @property
    def probit(self) -> Floats:
        """Probit of the share of poor persons, as published where it is."""
        known = np.where(np.isnan(self.published_poor), self.poor, self.published_poor)
        return ndtri(np.clip(known, 0.01, 0.85))


def number(text: str) -> float:
    """Read a number as INSEE writes it, NaN where it writes that there is none."""
    plain = text.replace("\u202f", "").replace("\xa0", "").replace(" ", "").replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        return np.nan


def read_table(path: Path, skip: int = 0) -> dict[str, dict[str, str]]:
    """Read a table of INSEE: the fields of each row, by its code in the first column."""
    with open(path, encoding="utf-8-sig", newline="") as stream:
        for _ in range(skip):
            next(stream)
        reader = csv.DictReader(stream, delimiter=";")
        return {next(iter(row.values())): row for row in reader}


def column(rows: Iterable[dict[str, str]], name: str) -> Floats:
    """One column as numbers."""
    return np.array([number(row[name] or "") for row in rows])


def read_iris(sources: Path, year: int) -> Iris:
    """Read the deciles of declared and disposable income of every metropolitan IRIS."""
    declared_file, disposable_file = (sources / "income" / "iris" / f for f in IRIS_FILES[year])
    declared = read_table(declared_file, skip=5 if year == 2019 else 0)
    disposable = read_table(disposable_file)
    end = str(year)[2:]
    codes = [code for code in disposable if code in declared and code[:2] != "97"]
    rows = [disposable[code] for code in codes]
    deciles = np.array([column(rows, f"DISP_{name}{end}") for name in QUANTILES]).T
    kept = (np.isfinite(deciles) & (deciles > 0)).all(axis=1)
    codes = [code for code, keep in zip(codes, kept, strict=True) if keep]
    department = np.array([code[:2] for code in codes])
    incomes = draw(deciles[kept])
    limits = winsorising_limits(incomes, department)
    line = poverty_line(year).line
    return Iris(
        code=np.array(codes),
        department=department,
        declared=column((declared[code] for code in codes), f"DEC_MED{end}"),
        disposable=deciles[kept, list(QUANTILES).index("MED")],
        mean=winsorised_means(incomes, department, limits),
        poor=(incomes < line).mean(axis=1),
        published_poor=column((disposable[code] for code in codes), f"DISP_TP60{end}") / 100,
        limits=limits,
    )


def draw(deciles: Floats) -> Floats:
    """Incomes of equal weight that have the given deciles, shape (n, POINTS).

    Between deciles the logarithm of income is a straight line in the normal score; below and above
    them it goes on as through the last three.
    """
    level = ndtri(np.array(list(QUANTILES.values())))
    score = ndtri((np.arange(POINTS) + 0.5) / POINTS)
    log = np.log(np.maximum.accumulate(deciles, axis=1))
    place = np.clip(np.searchsorted(level, score) - 1, 0, len(level) - 2)
    part = (score - level[place]) / (level[place + 1] - level[place])
    drawn = log[:, place] * (1 - part) + log[:, place + 1] * part
    low, high = score < level[0], score > level[-1]
    below = (log[:, 2] - log[:, 0]) / (level[2] - level[0])
    above = TAIL * (log[:, -1] - log[:, -3]) / (level[-1] - level[-3])
    drawn[:, low] = log[:, :1] + below[:, None] * (score[low] - level[0])
    drawn[:, high] = log[:, -1:] + above[:, None] * (score[high] - level[-1])
    return np.exp(drawn)


def winsorising_limits(
    incomes: Floats, department: NDArray[np.str_]
) -> dict[str, tuple[float, float]]:
    """5th and 95th centile of the incomes of each department."""
    return {
        str(name): tuple(np.quantile(incomes[department == name][:, ::5], [0.05, 0.95]).tolist())
        for name in np.unique(department)
    }


def winsorised_means(
    incomes: Floats, department: NDArray[np.str_], limits: dict[str, tuple[float, float]]
) -> Floats:
    """Means after bringing incomes between the limits of their department."""
    low, high = np.array([limits[name] for name in department.tolist()]).T
    return np.clip(incomes, low[:, None], high[:, None]).mean(axis=1)


def hinges(x: Floats, knots: Sequence[float]) -> Floats:
    """Columns 1, x and what of x is above each knot."""
    return np.stack([np.ones(len(x)), x, *(np.maximum(x - knot, 0) for knot in knots)], axis=1)


def weighted_fit(columns: Floats, y: Floats, weight: Floats) -> Floats:
    """Coefficients of the weighted least squares."""
    root = np.sqrt(weight)
    return np.linalg.lstsq(columns * root[:, None], y * root, rcond=None)[0]


def fit_blend(iris: Iris, line: float) -> tuple[float, float, float]:
    """Fit sigma and the weight of the mean; return them and the error of ln(median).

    The share of poor persons is known with an error in the tiles, unlike here; its expected
    square joins the sum that is made least.
    """
    log_ratio = np.log(iris.mean / line)
    kept = log_ratio < np.log(MEAN_UP_TO)
    log_ratio, probit = log_ratio[kept], iris.probit[kept]
    target = np.log(iris.disposable[kept] / line)

    def residuals(constants: Floats) -> Floats:
        weight, sigma = constants
        estimate = weight * (log_ratio - sigma**2 / 2) - (1 - weight) * sigma * probit
        by_share = (1 - weight) * sigma * SHARE_ERROR * np.sqrt(len(target))
        return np.append(estimate - target, by_share)

    weight, sigma = least_squares(residuals, [0.5, 0.45]).x
    return float(sigma), float(weight), float(np.std(residuals(np.array([weight, sigma]))[:-1]))


def fit_prior(iris: Iris, line: float) -> tuple[Floats, float]:
    """Fit the poverty that goes with a mean, mostly where the mean is near the line."""
    log_ratio = np.log(iris.mean / line)
    weight = np.exp(-0.5 * ((log_ratio - 0.2) / 0.35) ** 2) + 0.02
    knots = CONSTANTS["prior_knot"], CONSTANTS["prior_second_knot"]
    columns = hinges(log_ratio, knots)
    found = weighted_fit(columns, iris.probit, weight)
    return found, float(np.median(iris.probit))


def fit_link(sources: Path) -> tuple[Floats, float, int]:
    """Fit poor persons on poor households, over the communes of the Lille block.

    Returns coefficients, error in points and number of communes.
    """
    tiles = read_tiles(sources / "tiles" / "carreaux_200m_lille_2019.csv")
    communes = read_table(sources / "income" / "communes" / "cc_filosofi_2019_COM.CSV")
    size = len(tiles.commune.labels)
    index = tiles.commune.index
    people, households, poor = (
        np.bincount(index[index >= 0], tiles.values(name)[index >= 0], size)
        for name in ("population", "households", "poor_households")
    )
    rows = [communes.get(code, {}) for code in tiles.commune.labels]
    published = np.array([number(row.get("TP6019", "")) for row in rows]) / 100
    persons = np.array([number(row.get("NBPERSMENFISC19", "")) for row in rows])
    whole = (np.abs(people / persons - 1) < 0.05) & (households > 800) & np.isfinite(published)
    share = poor[whole] / households[whole]
    per_household = people[whole] / households[whole] - CONSTANTS["link_mean_size"]
    columns = np.stack([np.ones(len(share)), ndtri(share), per_household], axis=1)
    found = weighted_fit(columns, ndtri(published[whole]), people[whole])
    error = 100 * (ndtr(columns @ found) - published[whole])
    weight = people[whole]
    return found, float(np.sqrt((weight * error**2).sum() / weight.sum())), int(whole.sum())


def equal_rank(declared: Floats, disposable: Floats, knots: Floats) -> Floats:
    """Disposable income of the rank of each declared income, smoothed by local lines."""
    x, y = np.sort(declared), np.sort(disposable)
    found = np.empty(len(knots))
    for index, knot in enumerate(knots):
        near = np.abs(x - knot) < HALF_WINDOW
        weight = 1 - ((x[near] - knot) / HALF_WINDOW) ** 2
        found[index] = weighted_fit(hinges(x[near] - knot, ()), y[near], weight)[0]
    return found


def fit_map(iris: Iris, year: int) -> DeclaredDisposable:
    """Fit the map between declared and disposable income, with its error at each knot."""
    known = np.isfinite(iris.declared)
    x, y = iris.declared[known], iris.disposable[known]
    disposable = equal_rank(x, y, KNOTS)
    error = y - np.interp(x, KNOTS, disposable)
    sd = [np.sqrt(np.mean(error[np.abs(x - knot) < 500] ** 2)) for knot in KNOTS]
    return DeclaredDisposable(
        year,
        tuple(KNOTS.tolist()),
        tuple(np.round(disposable).tolist()),
        tuple(np.round(sd).tolist()),
        source=f"Fitted on INSEE's IRIS tables of declared and disposable income, Filosofi {year}",
    )


def bootstrap(iris: Iris, statistic: Callable[[Floats, Floats], float], rounds: int = 50) -> float:
    """Standard error of a statistic of the pairs of medians, from one seed."""
    known = np.flatnonzero(np.isfinite(iris.declared))
    random = np.random.default_rng(2019)
    drawn = [random.choice(known, len(known)) for _ in range(rounds)]
    return float(np.std([statistic(iris.declared[i], iris.disposable[i]) for i in drawn]))


def fit_constants(sources: Path, iris: Iris) -> tuple[list[tuple[str, float, str]], list[str]]:
    """Fit every constant of the model; return rows of the table, and what to print."""
    line = poverty_line(FITTED).line
    sigma, weight, error = fit_blend(iris, line)
    prior, alone = fit_prior(iris, line)
    link, link_error, communes = fit_link(sources)
    kept = int((iris.mean < MEAN_UP_TO * line).sum())
    by_iris = f"Fitted on INSEE's IRIS deciles, Filosofi {FITTED}"
    by_communes = (
        f"Fitted on {communes} communes around Lille: tiles and INSEE's poverty rates, "
        f"Filosofi {FITTED}"
    )
    rows = [
        ("fitted", FITTED, f"INSEE, Filosofi {FITTED}: IRIS, communes and 200 m tiles"),
        (
            "sigma",
            round(sigma, 2),
            f"{by_iris}: {kept} IRIS of mean below {MEAN_UP_TO} poverty lines; {sigma:.4f} rounded",
        ),
        (
            "mean_weight",
            round(weight * 200) / 200,
            f"{by_iris}, together with sigma; {weight:.4f} rounded",
        ),
        *(
            (name, round(float(value), 3), by_communes)
            for name, value in zip(("link_intercept", "link_slope", "link_size"), link, strict=True)
        ),
        *(
            (name, round(float(value), 3), by_iris)
            for name, value in zip(
                ("prior_intercept", "prior_slope", "prior_bend", "prior_second_bend"),
                prior,
                strict=True,
            )
        ),
        ("prior_alone", round(alone, 3), f"Median over IRIS, Filosofi {FITTED}"),
        *((name, value, "Chosen, see docs/method.md") for name, value in CONSTANTS.items()),
    ]
    said = [
        f"sigma {sigma:.4f}, weight of the mean {weight:.4f}: "
        f"error of ln(median) {error:.4f} over {kept} IRIS",
        f"poor persons from poor households: error {link_error:.2f} points, {communes} communes",
    ]
    return rows, said


def write(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table of reference."""
    with open(REFERENCE / name, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main(sources: Path) -> None:
    """Fit and write both tables."""
    iris = {year: read_iris(sources, year) for year in IRIS_FILES}
    rows, said = fit_constants(sources, iris[FITTED])
    write("income_model.csv", ("name", "value", "source"), rows)
    maps = [fit_map(iris[year], year) for year in IRIS_FILES]
    write(
        "declared_disposable.csv",
        ("year", "declared", "disposable", "sd", "source"),
        (
            (one.year, f"{declared:.0f}", f"{disposable:.0f}", f"{sd:.0f}", one.source)
            for one in maps
            for declared, disposable, sd in zip(one.declared, one.disposable, one.sd, strict=True)
        ),
    )
    for one in maps:
        spread = bootstrap(iris[one.year], lambda x, y: equal_rank(x, y, np.array([12_800.0]))[0])
        said.append(
            f"{one.year}: 12 800 declared = {one.to_disposable(12_800):.0f} disposable "
            f"(standard error {spread:.0f}, single zone {one.error(12_800):.0f})"
        )
    print("\n".join(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
