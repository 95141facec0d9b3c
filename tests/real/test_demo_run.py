"""The main job through the command line on the files as published."""

import json
import re
import shutil

import geopandas
import pytest

from tests.projects import DEMO, command, contents

EXTENDED = ("Villeneuve-d'Ascq", "Tourcoing", "Roubaix")


def project_text(shared, official):
    return f"""
title = "Lille"
[tiles]
path = "{shared}/tiles/carreaux_200m_lille_2019.csv"
[territory]
communes_table = "{shared}/communes/decoupage-administratif/communes.json"
epci_table = "{shared}/communes/decoupage-administratif/epci.json"
urban_units_table = "{shared}/communes/UU2020_au_01-01-2021.xlsx"
{official}
"""


@pytest.fixture(scope="module")
def polygons(shared, tmp_path_factory):
    """A run on the files as published, with the outlines as polygons."""
    folder = tmp_path_factory.mktemp("polygons")
    project = folder / "project.toml"
    official = f'[official]\nperimeters = "{shared}/qpv/qpv2024_simplified.geojson"\nvintage = 2024'
    project.write_text(project_text(shared, official), encoding="utf-8")
    result = command("run", project, "--quiet")
    assert result.code == 0, result.error
    return folder / "out" / "run", result


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedded") / "out"
    assert command("demo", "--output", folder).code == 0
    return folder


def figures(folder):
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def test_the_contract_s_figures_stand_side_by_side(polygons):
    summary = figures(polygons[0])
    territory, computed, official = (
        summary[side] for side in ("territory", "computed", "official")
    )
    assert territory["tiles"] == 8356
    assert territory["population"] == 1_037_668.5
    assert territory["poor_household_share"] == pytest.approx(0.181, abs=5e-4)
    assert official["quarters"] == 25
    assert official["population_share"] == pytest.approx(0.193, abs=5e-4)
    assert 0.15 < computed["population_share"] < 0.25
    assert 0.35 < computed["poor_household_share"] < 0.50
    assert summary["agreement"]["majority"]["f1"] >= 0.80
    assert summary["calibration"]["agreement"]["f1"] >= 0.83
    found = summary["quarters"]["statuses"]
    assert 25 - found.get("missed", 0) >= 22


def test_the_embedded_tables_give_what_the_published_files_give(polygons, embedded):
    """The demo's shares of tiles, communes and units are extracts of the published files."""
    ours, theirs = figures(embedded), figures(polygons[0])
    for side in ("territory", "computed"):
        assert ours[side] == theirs[side]
    for name in ("quarters", "population", "households", "communes_touched"):
        assert ours["official"][name] == theirs["official"][name]
    assert ours["agreement"]["majority"] == theirs["agreement"]["majority"]
    assert ours["agreement"]["area"]["f1"] == pytest.approx(
        theirs["agreement"]["area"]["f1"], abs=1e-6
    )
    zones = geopandas.read_file(polygons[0] / "zones.gpkg")
    again = geopandas.read_file(embedded / "zones.gpkg")
    assert zones.geometry.geom_equals(again.geometry).all()
    assert contents(polygons[0]).keys() == contents(embedded).keys()


def test_the_official_lists_of_2015_and_2024_are_compared(shared):
    result = command(
        "compare",
        shared / "qpv" / "QP_METROPOLE_LB93.shp",
        shared / "qpv" / "qpv2024_simplified.geojson",
        "--epci",
        "200093201",
    )
    assert result.code == 0, result.error
    assert "26 quarters before, 26 after: " in result.out
    rows = [re.split(r"\s{2,}", line) for line in result.out.splitlines()]
    assert not [row for row in rows if row[0] == "gone"]
    new = [row for row in rows if row[0] == "new"]
    assert len(new) == 1
    assert "Le Parc" in new[0][-4]
    grown = " ".join(row[-3] for row in rows if row[0] in ("extended", "redrawn", "merged"))
    for commune in EXTENDED:
        assert commune in grown


def test_a_metropolis_is_chosen_out_of_a_larger_file(shared, tmp_path):
    text = project_text(shared, "").replace(
        "[territory]\n", '[territory]\nurban_units = ["59702"]\n'
    )
    (tmp_path / "project.toml").write_text(text, encoding="utf-8")
    result = command("run", tmp_path / "project.toml", "--quiet")
    assert result.code == 0, result.error
    summary = figures(tmp_path / "out" / "run")
    assert summary["territory"]["population"] == pytest.approx(955_248, abs=1)
    assert {unit["urban_unit"] for unit in summary["lines"]} == {"59702"}


def test_a_file_of_another_vintage_is_zoned_too(shared, tmp_path):
    content = (DEMO / "project.toml").read_text(encoding="utf-8")
    for name in ("communes.csv", "coverage_2024.csv", "quarters_2024.csv"):
        shutil.copy(DEMO / name, tmp_path / name)
    tiles = shared / "tiles" / "carreaux_200m_lille_2021.csv"
    content = content.replace('"tiles_2019.csv"\nvintage = 2019', f'"{tiles}"\nvintage = 2021')
    (tmp_path / "project.toml").write_text(content, encoding="utf-8")
    result = command("run", tmp_path / "project.toml", "--quiet")
    assert result.code == 0, result.error
    summary = figures(tmp_path / "out" / "run")
    assert summary["vintage"] == 2021
    assert summary["official"]["quarters"] == 25
    assert 0.7 < summary["agreement"]["majority"]["f1"] < 0.9
