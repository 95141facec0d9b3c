"""The worked example of docs/complement.md on the core of the MEL: the page says what it prints."""

import csv
import json
import re
from pathlib import Path

import pytest

from tests.projects import command
from zonage.sources.tables import data_folder

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def lille(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mel")
    text = (DOCS / "complement_mel.toml").read_text(encoding="utf-8")
    text = text.replace('"sources/', f'"{shared}/')
    text = text.replace('"../data/demo/', f'"{data_folder("demo")}/')
    (folder / "mel.toml").write_text(text, encoding="utf-8")
    result = command(
        "complement", folder / "mel.toml", "--output", folder / "out",
        "--vary", "complement.min_population=200,300,500,700,1000",
    )  # fmt: skip
    assert result.code == 0, result.error
    return result.out, folder / "out"


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tables_of_the_page():
    """Rows of the page's tables by their first cell."""
    text = (DOCS / "complement.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def spaced(value):
    return f"{float(value):,.0f}".replace(",", " ")


def test_the_page_shows_what_the_command_finds(lille):
    _, out = lille
    found = json.loads((out / "complement.json").read_text(encoding="utf-8"))
    page = tables_of_the_page()
    whole = sum(part["population"] for part in found["parts"].values())
    for name, key, number in (
        ("State's quarters", "quarter", ""),
        ("level 1", "level_1", str(found["perimeters"]["level_1"])),
        ("level 2, beyond level 1", "level_2", str(found["perimeters"]["level_2"])),
        ("ring of 300 m", "ring", ""),
    ):
        part = found["parts"][key]
        share = f"{100 * part['population'] / whole:.1f} %"
        assert page[name] == [number, str(part["tiles"]), spaced(part["population"]), share]


def test_inhabitants_by_commune(lille):
    _, out = lille
    page = tables_of_the_page()
    rows = {row["commune"]: row for row in rows_of(out / "communes.csv")}
    assert len(rows) == 29
    for code, name in (("59599", "Tourcoing"), ("59350", "Lille"), ("59512", "Roubaix")):
        parts = ("quarter", "level_1", "level_2", "ring")
        cells = [rows[code][f"population_{part}"] for part in parts]
        assert page[name] == [spaced(cell) for cell in cells]


def test_the_cross_table_has_the_quarters_of_the_block(lille):
    _, out = lille
    rows = {row["name"]: row for row in rows_of(out / "quarters.csv")}
    assert len(rows) == 25
    for row in rows.values():
        parts = ("outside", "quarter", "level_1", "level_2", "ring")
        total = sum(float(row[f"population_{part}"]) for part in parts)
        assert total == pytest.approx(float(row["population"]), abs=1e-3)
    assert round(float(rows["Attargette - Chanzy"]["population_level_1"])) == 476
    assert float(rows["Secteur Nord"]["population_quarter"]) == 0


def test_the_sweep_and_the_firmness(lille):
    text, out = lille
    page = tables_of_the_page()
    for row in rows_of(out / "sweep.csv"):
        cells = page[spaced(row["complement.min_population"])]
        assert cells == [
            row["perimeters_1"], spaced(row["population_1"]),
            row["perimeters_2"], spaced(row["population_2"]),
        ]  # fmt: skip
    (line,) = re.findall(r"2 000 rules tried \(sample\): .*", text)
    assert "7 hold whatever the rule" in line
    assert "19 hang on one choice" in line


def test_an_overlay_counts_everybody_once(lille):
    _, out = lille
    rows = rows_of(out / "overlays.csv")
    found = json.loads((out / "complement.json").read_text(encoding="utf-8"))
    for product, key in (("level 1", "level_1"), ("State's quarter", "quarter")):
        total = sum(float(row["population"]) for row in rows if row["product"] == product)
        assert total == pytest.approx(found["parts"][key]["population"], abs=1e-3)
    (inside,) = (
        row["population"]
        for row in rows
        if (row["product"], row["quarters of 2015"]) == ("level 1", "in")
    )
    assert spaced(inside) == "1 849"
