"""Estimate the medians of 2021 in data/reference from those of 2019 and INSEE's tables.

For maintainers; users need only the tables. The folder of sources is laid out as ``docs/data.md``
says::

    python data/estimate_units_2021.py SOURCES

- A unit's disposable median grows as those of its communes, weighted by the persons of their fiscal
  households; its declared one as the declared medians of its IRIS do on average, or, with few IRIS,
  as its disposable one times what the nation's declared growth has over its disposable growth.
- The national declared median is where the published rates of low income put it: IRIS whose rate
  is a multiple of ten per cent have their decile at 60 % of it. So 2019 gives 21 640 EUR.

The rows of 2021 in ``urban_units.csv`` are replaced; the national median is printed.
"""

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import openpyxl

UNITS = Path(__file__).resolve().parent / "reference" / "urban_units.csv"
BEFORE, AFTER = 2019, 2021
IRIS = {
    BEFORE: "BASE_TD_FILO_DEC_IRIS_2019.csv",
    AFTER: "BASE_TD_FILO_IRIS_2021_DEC.csv",
}
COMMUNES = {BEFORE: "cc_filosofi_2019_COM.CSV", AFTER: "cc_filosofi_2021_COM.csv"}
DECILES = {10: "D1", 20: "D2", 30: "D3", 40: "D4", 50: "MED", 60: "D6"}
LEAST = 5
"""IRIS that a unit needs for a growth of its own."""
SOURCE = (
    "estimate made for this project: the estimate of 2019 times the growth to 2021 of the "
    "disposable medians of its {communes} communes and, for declared income, {declared} "
    "(INSEE, Filosofi)"
)
OWN = "of the declared medians of its {iris} IRIS"
BORROWED = "that growth times {lead:.4f}, the nation's lead of declared income"
NATION = "France"


def main(sources: Path) -> None:
    """Write the rows of 2021 and print the national median."""
    unit_of = _unit_of_communes(sources / "communes" / "UU2020_au_01-01-2021.xlsx")
    iris = {year: _iris(sources / "income" / "iris" / name, year) for year, name in IRIS.items()}
    national = {year: national_median(table) for year, table in iris.items()}
    for year, median in national.items():
        print(f"national declared median {year}: {median:.0f} EUR")
    declared = _growth(
        {year: {code: row["MED"] for code, row in table.items()} for year, table in iris.items()},
        lambda code: unit_of.get(code[:5]),
    )
    communes = {
        year: _communes(sources / "income" / "communes" / name, year)
        for year, name in COMMUNES.items()
    }
    weights = {code: row["NBPERSMENFISC"] for code, row in communes[BEFORE].items()}
    medians = {
        year: {code: row["MED"] for code, row in table.items()} for year, table in communes.items()
    }
    disposable = _growth(medians, unit_of.get, weights)
    nation = _growth(medians, lambda code: NATION, weights)[NATION][0]
    _write(declared, disposable, national[AFTER] / national[BEFORE] / nation)


def national_median(table: dict[str, dict[str, float]]) -> float:
    """The median of which 60 % stands at the deciles of IRIS that have that rate of low income."""
    lines = [
        row[decile]
        for row in table.values()
        for rate, decile in DECILES.items()
        if abs(row["TP60"] - rate) < 0.15 and np.isfinite(row[decile])
    ]
    return float(np.mean(lines)) / 0.6


def _growth(
    medians: dict[int, dict[str, float]],
    unit_of: Callable[[str], str | None],
    weights: dict[str, float] | None = None,
) -> dict[str, tuple[float, int]]:
    """Mean growth of the medians of each unit's parts, and how many parts there are."""
    parts: dict[str, list[tuple[float, float]]] = {}
    for code, after in sorted(medians[AFTER].items()):
        before = medians[BEFORE].get(code, np.nan)
        weight = 1.0 if weights is None else weights.get(code, np.nan)
        unit = unit_of(code)
        if unit is not None and np.isfinite([before, after, weight]).all():
            parts.setdefault(unit, []).append((after / before, weight))
    growth = {}
    for unit, found in parts.items():
        ratios, weights_here = np.transpose(found)
        growth[unit] = (float(np.average(ratios, weights=weights_here)), len(found))
    return growth


def _write(
    declared: dict[str, tuple[float, int]], disposable: dict[str, tuple[float, int]], lead: float
) -> None:
    with UNITS.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if row["year"] != str(AFTER)]
        names = reader.fieldnames
    added = []
    for row in rows:
        iris, communes = declared.get(row["code"], (1.0, 0)), disposable.get(row["code"])
        if row["year"] == str(BEFORE) and communes:
            own = iris[1] >= LEAST
            grown = {
                "declared_median": iris[0] if own else communes[0] * lead,
                "disposable_median": communes[0],
            }
            medians = {
                name: f"{round(float(row[name]) * growth, -1):.0f}"
                for name, growth in grown.items()
            }
            basis = OWN.format(iris=iris[1]) if own else BORROWED.format(lead=lead)
            source = SOURCE.format(declared=basis, communes=communes[1])
            added.append({**row, **medians, "year": str(AFTER), "source": source})
    with UNITS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names or [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows + added)
    print(f"{len(added)} units of {AFTER}")


def _unit_of_communes(path: Path) -> dict[str, str]:
    sheet = openpyxl.load_workbook(path, read_only=True).worksheets[1]
    rows = sheet.iter_rows(min_row=6, values_only=True)
    header = [str(name) for name in next(rows)]
    code, unit = header.index("CODGEO"), header.index("UU2020")
    return {str(row[code]): str(row[unit]) for row in rows if row[code]}


def _iris(path: Path, year: int) -> dict[str, dict[str, float]]:
    names = ("TP60", *DECILES.values())
    return {
        row["IRIS"]: {name: _number(row[f"DEC_{name}{year % 100}"]) for name in names}
        for row in _records(path)
    }


def _communes(path: Path, year: int) -> dict[str, dict[str, float]]:
    names = ("MED", "NBPERSMENFISC")
    return {
        row["CODGEO"]: {name: _number(row[f"{name}{year % 100}"]) for name in names}
        for row in _records(path)
    }


def _records(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a table of INSEE, whose header follows some lines of title."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = file.readline()
        while "MED" not in line:
            line = file.readline()
        yield from csv.DictReader(file, line.strip().split(";"), delimiter=";")


def _number(text: str) -> float:
    try:
        return float(text.replace(",", ".").replace("\u202f", ""))
    except ValueError:
        return float("nan")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
