"""`zonage complement` as a user runs it: on Roubaix and Tourcoing, with schools made for it."""

import csv
import json

import geopandas
import numpy as np
import polars as pl
import pytest
import rasterio
import shapely

from tests.projects import DEMO, OFFICIAL, command, contents, write_project
from zonage.complement_job import complement_run
from zonage.pipeline import run
from zonage.project import read_project

COLLEGES = {  # UAI with its check letter: commune, pupils, index
    "0590001X": ("59512", 400, 70.0),
    "0590002Y": ("59599", 600, 110.0),
}
HALVES = {"0590001X": (3_836_000, 3_842_000), "0590002Y": (3_842_000, 3_848_000)}


def uai(number):
    """A number of a school with its check letter: the digits modulo 23."""
    return f"{number:07}{'abcdefghjklmnprstuvwxyz'.upper()[number % 23]}"


UAI = {old: uai(590001 + place) for place, old in enumerate(COLLEGES)}


def write_schools(folder, **changes):
    header = (
        "rentree_scolaire;uai;nom_de_l_etablissement;code_insee_de_la_commune;"
        "nom_de_la_commune;secteur;effectifs;ips;ecart_type_de_l_ips"
    )
    rows = [
        f"2022-2023;{UAI[old]};{old};{commune};;public;{pupils};{changes.get(old, ips)};30"
        for old, (commune, pupils, ips) in COLLEGES.items()
    ]
    (folder / "colleges.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def write_sectors(folder):
    boxes = [shapely.box(west, 3_075_000, east, 3_100_000) for west, east in HALVES.values()]
    frame = geopandas.GeoDataFrame({"uai": list(UAI.values())}, geometry=boxes, crs=3035)
    frame.to_file(folder / "sectors.gpkg", driver="GPKG")


COMPLEMENT = """
[complement]
[complement.schools]
lists = ["colleges.csv"]
college_sectors = "sectors.gpkg"
college_code = "uai"
[complement.rule]
"school_ips_ecole.used" = false
min_population = 300
[complement.rule.social_housing_share]
cutoff = 0.3
"""


@pytest.fixture
def project(tmp_path):
    write_schools(tmp_path)
    write_sectors(tmp_path)
    return write_project(tmp_path, rest=OFFICIAL + COMPLEMENT)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_output_tells_the_same(project, tmp_path):
    out = tmp_path / "out"
    result = command("complement", project, "--output", out, "--draws", 50)
    assert result.code == 0, result.error
    assert "A model of ours, not a rule of law" in result.out
    assert set(contents(out)) == {
        "communes.csv", "complement.json", "dataset.nc", "layers.tif", "manifest.json", "map.png",
        "map.svg", "perimeters.csv", "perimeters.gpkg", "product.gpkg", "quarters.csv",
        "schools.csv", "stability.csv", "stability.png", "stability.svg", "tiles.parquet",
    }  # fmt: skip
    found = json.loads((out / "complement.json").read_text(encoding="utf-8"))
    tiles = pl.read_parquet(out / "tiles.parquet")
    people = run(read_project(project)).zoning.tiles.values("population")
    names = ["outside", "quarter", "level_1", "level_2", "ring"]
    for number, name in enumerate(names):
        inside = (tiles["part"] == number).to_numpy()
        assert found["parts"][name]["tiles"] == inside.sum()
        assert found["parts"][name]["population"] == people[inside].sum()
    communes = rows_of(out / "communes.csv")
    for name in ("level_1", "level_2", "quarter"):
        total = sum(float(row[f"population_{name}"]) for row in communes)
        assert total == found["parts"][name]["population"]
    frame = geopandas.read_file(out / "perimeters.gpkg")
    assert len(frame) == len(rows_of(out / "perimeters.csv"))
    assert found["perimeters"] == {
        f"level_{level}": int((frame["level"] == level).sum()) for level in (1, 2)
    }
    np.testing.assert_allclose(frame.area, frame["tiles"] * 200**2)
    with rasterio.open(out / "layers.tif") as image:
        part = image.read(1)
    assert [int((part == number).sum()) for number in (1, 2, 3, 4)] == [
        found["parts"][name]["tiles"] for name in names[1:]
    ]


def test_the_west_has_the_school_of_the_west(project):
    run_ = complement_run(run(read_project(project)))
    (index,) = (one for one in run_.found.layers if one.name == "school_ips_college")
    east = run_.found.tiles.easting * 200
    west, other = index.layer.value[east < 3_841_800], index.layer.value[east >= 3_842_000]
    assert set(west[~np.isnan(west)]) == {70.0}
    assert set(other[~np.isnan(other)]) == {110.0}
    # At an index of 110 the school does not hold: level 1, which needs all three, is in the west.
    assert (east[run_.found.level == 1] < 3_842_000).all()
    assert (run_.found.level == 1).any()


def test_schools_without_a_place_are_written_out(project, tmp_path):
    command("complement", project, "--output", tmp_path / "out", "--draws", 20)
    rows = rows_of(tmp_path / "out" / "schools.csv")
    assert [(row["uai"], row["placed"], row["longitude"]) for row in rows] == [
        (number, "False", "") for number in UAI.values()
    ]


def test_settings_say_what_they_change_and_ranges_what_is_inside(project, tmp_path):
    path = "complement.level_1_families"
    result = command(
        "complement", project, "--output", tmp_path / "out", "--draws", 20,
        "--set", f"{path}=2", "--vary", "complement.min_population=300,1000",
    )  # fmt: skip
    assert result.code == 0, result.error
    assert "changed by the settings" in result.out
    rows = rows_of(tmp_path / "out" / "sweep.csv")
    assert [row["complement.min_population"] for row in rows] == ["300", "1000"]
    found = json.loads((tmp_path / "out" / "complement.json").read_text(encoding="utf-8"))
    # With two families at level 1 there is nothing left beyond it at level 2.
    assert found["parts"]["level_2"]["tiles"] == 0
    assert float(rows[0]["population_1"]) == found["parts"]["level_1"]["population"]
    assert float(rows[1]["population_1"]) < float(rows[0]["population_1"])


def test_without_schools_the_family_is_left_out_and_named(tmp_path):
    project = write_project(tmp_path)
    result = command("complement", project, "--output", tmp_path / "out", "--draws", 20)
    assert result.code == 0, result.error
    assert "left out: school_ips_college, known for 0.0 % of inhabitants only" in result.out
    strict = project.read_text(encoding="utf-8") + '[complement.rule]\nlow_coverage = "refuse"\n'
    project.write_text(strict, encoding="utf-8")
    result = command("complement", project, "--output", tmp_path / "out", "--draws", 20)
    assert result.code == 2
    assert "known for too few inhabitants to decide a level" in result.error


def test_other_zonings_are_crossed_by_inhabitants(project, tmp_path):
    box = shapely.box(3_836_000, 3_075_000, 3_842_000, 3_100_000)
    frame = geopandas.GeoDataFrame({"code": ["N1"], "nom": ["Renewal"]}, geometry=[box], crs=3035)
    frame.to_file(tmp_path / "renewal.gpkg", driver="GPKG")
    with project.open("a", encoding="utf-8") as file:
        file.write('[[complement.overlays]]\nname = "renewal"\npath = "renewal.gpkg"\n')
        file.write('code = "code"\ntitle = "nom"\n')
    result = command("complement", project, "--output", tmp_path / "out", "--draws", 20)
    assert result.code == 0, result.error
    rows = rows_of(tmp_path / "out" / "overlays.csv")
    tiles = run(read_project(project)).zoning.tiles
    west = tiles.easting * 200 < 3_842_000
    for name in ("population", "households", "social_dwellings"):
        inside = sum(float(row[name]) for row in rows if row["renewal"] == "in")
        assert inside == pytest.approx(tiles.values(name)[west].sum(), rel=1e-9)
        assert sum(float(row[name]) for row in rows) == pytest.approx(tiles.total(name), rel=1e-9)


def test_an_indicator_of_the_users_own_counts_as_a_family(project, tmp_path):
    tiles = run(read_project(project)).zoning.tiles
    ids = tiles.ids.to_pylist()
    lines = [f"{one},{1 if place % 2 else 0}" for place, one in enumerate(ids)]
    (tmp_path / "own.csv").write_text("\n".join(["idcar_200m,seen", *lines]) + "\n")
    with project.open("a", encoding="utf-8") as file:
        file.write(
            '[[complement.layers]]\nname = "own"\nlabel = "Of our own"\npath = "own.csv"\n'
            'kind = "tiles"\ncolumn = "seen"\ndirection = "high"\ncutoff = 1.0\n'
        )
    found = complement_run(run(read_project(project))).found
    (place,) = (at for at, one in enumerate(found.evidence.ranked) if one.name == "own")
    np.testing.assert_array_equal(found.evidence.holds[place], np.arange(len(ids)) % 2 == 1)
    assert len(found.evidence.families) == 4


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("[complement.rule]\nmin_populations = 3", "no such parameter"),
        ("[complement.rule]\nmin_population = -3", "complement.min_population"),
        ('[complement]\nquarters = "all"', "complement.quarters"),
        ('[complement.schools]\nlists = ["none.csv"]', "none.csv"),
        ("[complement.schools]\nlists = []", "complement.schools.lists"),
        ('[complement.schools]\nlists = ["a"]\ncollege_sectors = "b"', "go together"),
        ('[complement.housing]\npolygons = "a"', "give dwellings"),
        ('[complement.school]\nlists = ["a"]', "complement.school"),
        ('[[complement.overlays]]\nname = "a"\npath = "none.gpkg"', "none.gpkg"),
        (
            '[[complement.layers]]\nname = "a"\nlabel = "a"\npath = "a"\nkind = "raster"\n'
            'direction = "up"',
            "complement.layers.0.direction",
        ),
    ],
)
def test_a_section_that_cannot_be_is_said_and_nothing_is_written(tmp_path, rest, words):
    project = write_project(tmp_path, rest=f"{OFFICIAL}\n{rest}\n")
    result = command("complement", project, "--output", tmp_path / "out")
    assert result.code == 2
    assert result.error.splitlines()[-1].startswith("zonage: ")
    assert words in result.error.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_official_quarters_need_an_official_list(tmp_path):
    project = write_project(tmp_path, rest='[complement]\nquarters = "official"')
    result = command("complement", project, "--output", tmp_path / "out")
    assert result.code == 2
    assert "no official outlines to take as the State's quarters" in result.error


def test_a_bad_school_file_names_its_row(project, tmp_path):
    write_schools(tmp_path, **{"0590002Y": 1000})
    result = command("complement", project, "--output", tmp_path / "out")
    assert result.code == 2
    assert "colleges.csv, row 2, column ips" in result.error.splitlines()[-1]


def test_the_same_input_gives_the_same_bytes(project, tmp_path):
    for name in ("one", "two"):
        command("complement", project, "--output", tmp_path / name, "--draws", 20)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one == two


def test_the_demo_has_complementary_perimeters(tmp_path):
    result = command(
        "complement", DEMO / "project.toml", "--output", tmp_path / "out", "--draws", 20
    )
    assert result.code == 0, result.error
    assert "State's quarter" in result.out
