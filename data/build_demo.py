"""Make the tables of data/demo and data/reference/urban_units.csv from public files.

For maintainers, when a source or a reader changes; users need only the tables. The folder of
sources is laid out as ``docs/data.md`` says::

    python data/build_demo.py SOURCES

The two tile files are copied; every other table is made by the project's own readers.
"""

import csv
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from zonage.grid import GridSpec
from zonage.raster import coverage
from zonage.sources.insee import read_tiles
from zonage.sources.perimeters import Perimeters, read_perimeters
from zonage.sources.territories import Territories, read_territories
from zonage.tiles import Tiles

HERE = Path(__file__).resolve().parent
MEL = "200093201"
LISTS = {2015: "qpv/QP_METROPOLE_LB93.shp", 2024: "qpv/qpv2024_simplified.geojson"}
POPULATION_SOURCE = "decoupage-administratif, COG 2026: sum over the communes of the unit"
MEDIAN_SOURCE = (
    "estimate made for this project: INSEE's IRIS deciles, Filosofi 2019, mixed by population and "
    "tied to the commune medians"
)


def main(sources: Path) -> None:
    """Make every table."""
    communes = sources / "communes"
    territories = read_territories(
        communes / "decoupage-administratif" / "communes.json",
        epci=communes / "decoupage-administratif" / "epci.json",
        urban_units=communes / "UU2020_au_01-01-2021.xlsx",
    )
    vintages = (2019, 2021)
    for vintage in vintages:
        shutil.copyfile(
            sources / "tiles" / f"carreaux_200m_lille_{vintage}.csv",
            HERE / "demo" / f"tiles_{vintage}.csv",
        )
    tiles = [read_tiles(HERE / "demo" / f"tiles_{vintage}.csv") for vintage in vintages]
    write_communes(territories, tiles)
    for vintage, path in LISTS.items():
        write_quarters(sources / path, vintage, territories, grid_around(tiles))
    write_urban_units(
        territories, sources / "income" / "derived" / "uu2020_medians_2019_estimated.csv"
    )


def write(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table under this folder."""
    with open(HERE / name, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def grid_around(tables: Sequence[Tiles]) -> GridSpec:
    """Return the smallest grid that holds the tiles of all vintages."""
    return GridSpec.around(
        np.concatenate([tiles.northing for tiles in tables]),
        np.concatenate([tiles.easting for tiles in tables]),
        crs=tables[0].crs,
        resolution=tables[0].resolution,
    )


def write_communes(territories: Territories, tables: Sequence[Tiles]) -> None:
    """Write the communes of the MEL and those of the tiles."""
    met = {label for tiles in tables for label in tiles.commune.labels}
    codes = sorted(met | set(territories.communes_of(epci=MEL)))
    chosen = [territories.communes[code] for code in codes]
    write(
        "demo/communes.csv",
        ("code", "name", "population", "epci", "urban_unit", "urban_unit_name"),
        [
            (
                commune.code,
                commune.name,
                commune.population,
                commune.epci,
                commune.urban_unit,
                territories.unit_names.get(commune.urban_unit, ""),
            )
            for commune in chosen
        ],
    )


def write_quarters(path: Path, vintage: int, territories: Territories, grid: GridSpec) -> None:
    """Write the quarters of one list that belong to the MEL or touch the grid, and their shares."""
    quarters = read_perimeters(path, vintage=vintage)
    shares = coverage(quarters, grid)
    kept = quarters.select(codes={*quarters_of_mel(quarters, territories), *shares.codes})
    rows = sorted(zip(kept.codes, kept.names, kept.communes, strict=True))
    write(f"demo/quarters_{vintage}.csv", ("code", "name", "communes"), rows)
    write(f"demo/coverage_{vintage}.csv", ("id", "code", "share"), shares.rows())


def quarters_of_mel(quarters: Perimeters, territories: Territories) -> tuple[str, ...]:
    """Return the codes of the MEL's quarters; the list of 2015 has only names of communes."""
    communes = territories.communes_of(epci=MEL)
    if quarters.vintage == 2024:
        return quarters.select(communes=communes).codes
    names = [territories.communes[code].name for code in communes]
    return tuple(code for code in quarters.select(communes=names).codes if code.startswith("QP059"))


def write_urban_units(territories: Territories, estimates: Path) -> None:
    """Write population and estimated medians of urban units: those estimated and the demo's."""
    with open(estimates, encoding="utf-8", newline="") as stream:
        medians = {row["UU2020"]: row for row in csv.DictReader(stream)}
    demo = read_territories(HERE / "demo" / "communes.csv")
    rows = []
    for code in sorted(medians.keys() | demo.unit_names.keys()):
        estimate = medians.get(code)
        incomes: tuple[object, ...] = ("", "", "", "", "")
        if estimate is not None:
            declared, disposable = (
                round(float(estimate[f"{concept}_med_2019_est"])) for concept in ("dec", "disp")
            )
            incomes = (declared, disposable, 2019, "estimated", MEDIAN_SOURCE)
        population = territories.unit_populations.get(code, "")
        name = territories.unit_names[code]
        rows.append((code, name, population, POPULATION_SOURCE, *incomes))
    header = (
        "code",
        "name",
        "population",
        "population_source",
        "declared_median",
        "disposable_median",
        "year",
        "certainty",
        "source",
    )
    write("reference/urban_units.csv", header, rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
