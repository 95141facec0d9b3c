"""Six small synthetic territories in two vintages, as files, and a batch over them."""

from functools import cache
from pathlib import Path

from zonage.synthetic import SyntheticTerritory, metropolis

NAMES = ("ardoise", "bruyère", "craie", "dune", "écluse", "falaise")
VINTAGES = (2019, 2021)
COUNTS = {"population": "ind", "income_sum": "ind_snv", "households": "men",
          "poor_households": "men_pauv"}  # fmt: skip

PROJECT = """
[territories."{name}".project]
tiles.path = "unused.csv"
territory.communes_table = "{name}_communes.csv"
reference.national = "{name}_national.csv"
reference.units = "{name}_units.csv"
law.reform = {{ uu_min_population = 0 }}
[territories."{name}".vintages]
2019 = "{name}_2019.csv"
2021 = "{name}_2021.csv"
"""

SCENARIOS = """
[scenarios]
line.qpv.factor = "0.555:0.645:0.0025"
minimum.qpv.min_population = [600, 700, 800, 900, 1100, 1200]
method = { "method.bridge" = [1, 2], "method.connectivity" = [4, 8], "qpv.factor" = 0.61 }
small = { "method.complete_from" = 1.0, "qpv.min_population" = 500 }
plain = { "method.zone_median" = false }
"""
"""37 lines, 6 minima, 4 methods and 2 others, with the base: fifty scenarios."""


@cache
def town(seed: int) -> SyntheticTerritory:
    """Return a square of 40 by 40 tiles; the same seed, the same tiles."""
    return metropolis(seed, inhabitants=50_000, size=40, units=1, truth=True)


def write_tiles(path: Path, seed: int) -> None:
    """Write the tiles of a town in INSEE's layout of 2019."""
    tiles = town(seed).tiles
    columns = {
        "idcar_200m": tiles.ids.to_pylist(),
        "lcog_geo": tiles.commune.decode().tolist(),
        **{column: tiles.values(name).tolist() for name, column in COUNTS.items()},
    }
    rows = [
        ",".join(columns),
        *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_territory(folder: Path, name: str, seed: int) -> None:
    """Write the files of a territory: communes, medians and the tiles of both vintages."""
    tiles, reference = town(seed).tiles, town(seed).reference
    codes = sorted({*tiles.commune.labels, *town(seed + 100).tiles.commune.labels})
    unit = reference.units[0]
    communes = [f"{code},Commune {code},1000,,{unit.code},{unit.name}" for code in codes]
    header = "code,name,population,epci,urban_unit,urban_unit_name"
    _write(folder / f"{name}_communes.csv", [header, *communes])
    _write(
        folder / f"{name}_national.csv",
        [
            "year,concept,median,certainty,source",
            f"2019,declared,{reference.national_median},published,synthetic",
        ],
    )
    _write(
        folder / f"{name}_units.csv",
        [
            "code,name,population,population_source,declared_median,disposable_median,year,"
            "certainty,source",
            f"{unit.code},{unit.name},60000,synthetic,{unit.median},,2019,published,synthetic",
        ],
    )
    write_tiles(folder / f"{name}_2019.csv", seed)
    write_tiles(folder / f"{name}_2021.csv", seed + 100)


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_batch_file(
    folder: Path, names: tuple[str, ...] = NAMES, scenarios: str = SCENARIOS, top: str = ""
) -> Path:
    """Write territories and a batch over them; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(names):
        write_territory(folder, name, seed)
    path = folder / "batch.toml"
    tables = "".join(PROJECT.format(name=name) for name in names)
    path.write_text(f"{top}{tables}{scenarios}", encoding="utf-8")
    return path
