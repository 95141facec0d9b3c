"""`zonage complement` as a user runs it: on Roubaix and Tourcoing, with schools made for it."""

import csv
import json

import geopandas
import numpy as np
import polars as pl
import pytest
import rasterio
import shapely
from affine import Affine

from tests.projects import DEMO, OFFICIAL, command, contents, write_project
from zonage.complement_job import complement_run
from zonage.complementary.indicators import social_housing_of_dwellings
from zonage.errors import BadInput
from zonage.pipeline import run
from zonage.project import read_project
from zonage.sources.housing import Dwellings

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
    people = tiles["population"].to_numpy()
    base = run(read_project(project)).zoning.tiles
    assert people.tolist() == base.values("population").tolist()
    assert tiles["commune"].to_list() == base.commune.decode().tolist()
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
        ("[complement.rule]\nmin_populations = 3", "key complement.rule.min_populations: "),
        ("[complement.rule]\nmin_population = -3", "key complement.rule.min_population: "),
        ("[complement.rule]\nlevel_1_families = 9", "key complement.rule.level_1_families: "),
        ("[complement]\nvery_low_income_line = inf", "key complement.very_low_income_line: "),
        ('[complement]\nquarters = "all"', "complement.quarters"),
        ('[complement.schools]\nlists = ["none.csv"]', "none.csv"),
        ("[complement.schools]\nlists = []", "complement.schools.lists"),
        ('[complement.schools]\nlists = ["a"]\ncollege_sectors = "b"', "go together"),
        ('[complement.housing]\npolygons = "a"', "give dwellings"),
        ('[complement.school]\nlists = ["a"]', "complement.school"),
        ('[[complement.overlays]]\nname = "a"\npath = "none.gpkg"', "none.gpkg"),
        ('[[complement.overlays]]\nname = "product"\npath = "a"', "a column of this name"),
        ('[[complement.overlays]]\nname = "population"\npath = "a"', "a column of this name"),
        ('[[complement.overlays]]\nname = " "\npath = "a"', "complement.overlays.0.name"),
        ('[[complement.overlays]]\nname = "a\\nb"\npath = "a"', "a name on one line"),
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


# ---- files of another place, and what the outputs cannot hold ------------------------------------

OWN = """
[[complement.layers]]
name = "own"
label = "Of our own"
direction = "high"
cutoff = 1.0
"""
TABLE = OWN + 'kind = "tiles"\npath = "own.csv"\ncolumn = "seen"\n'
POLYGONS = OWN + 'kind = "polygons"\npath = "own.gpkg"\ncolumn = "seen"\n'
RASTER = OWN + 'kind = "raster"\npath = "own.tif"\n'


def append(project, text):
    with project.open("a", encoding="utf-8") as file:
        file.write(text)


def write_table_of(folder, *rows):
    (folder / "own.csv").write_text("\n".join(["idcar_200m,seen", *rows]) + "\n")


def write_polygon(folder, west, south, **columns):
    box = shapely.box(west, south, west + 20_000, south + 30_000)
    frame = geopandas.GeoDataFrame({"seen": [2.0], **columns}, geometry=[box], crs=3035)
    frame.to_file(folder / "own.gpkg", driver="GPKG")


def write_raster(folder, west):
    transform = Affine(200, 0, west, 0, -200, 3_100_000)
    with rasterio.open(
        folder / "own.tif", "w", driver="GTiff", width=9, height=9, count=1, dtype="float32",
        crs="EPSG:3035", transform=transform,
    ) as image:  # fmt: skip
        image.write(np.ones((9, 9), np.float32), 1)


def refused(project, folder, *arguments):
    """The one line of an error, nothing having been written."""
    result = command("complement", project, "--output", folder / "out", "--draws", 5, *arguments)
    assert result.code == 2, result.error
    assert not (folder / "out").exists()
    line = result.error.splitlines()[-1]
    assert line.startswith("zonage: ")
    return line


def test_files_of_another_place_are_refused(project, tmp_path):
    text = project.read_text(encoding="utf-8")
    write_table_of(tmp_path, "CRS3035RES200mN2000000E3000000,1")
    append(project, TABLE)
    assert "own.csv: no tile of the project has a value" in refused(project, tmp_path)
    write_raster(tmp_path, 4_500_000)
    project.write_text(text + RASTER, encoding="utf-8")
    assert "own.tif: no tile of the project has a value" in refused(project, tmp_path)
    write_polygon(tmp_path, 4_000_000, 2_500_000)
    project.write_text(text + POLYGONS, encoding="utf-8")
    assert "own.gpkg: no tile of the project has a value" in refused(project, tmp_path)
    housing = '[complement.housing]\npolygons = "own.gpkg"\nrate = "seen"\n'
    project.write_text(text + housing, encoding="utf-8")
    assert "own.gpkg: no tile of the project has a value" in refused(project, tmp_path)


def test_catchments_with_swapped_coordinates_are_refused(project, tmp_path):
    boxes = [shapely.box(50.6, 3.0, 50.8, 3.15), shapely.box(50.6, 3.15, 50.8, 3.3)]
    frame = geopandas.GeoDataFrame({"uai": list(UAI.values())}, geometry=boxes, crs=4326)
    (tmp_path / "sectors.gpkg").unlink()
    frame.to_file(tmp_path / "sectors.gpkg", driver="GPKG")
    assert "sectors.gpkg: no catchment touches a tile" in refused(project, tmp_path)


def test_dwellings_with_swapped_coordinates_are_refused(project):
    tiles = run(read_project(project)).zoning.tiles
    swapped = Dwellings(
        easting=np.array([50.7]),
        northing=np.array([3.1]),
        crs=4326,
        count=np.array([20]),
        commune=("59512",),
        iris=("",),
        unplaced=0,
        year=2024,
        source="rpls.csv",
    )
    with pytest.raises(BadInput, match="no social dwelling lies in a tile"):
        social_housing_of_dwellings(tiles, swapped)


def test_a_weight_below_zero_is_refused(project, tmp_path):
    write_polygon(tmp_path, 3_830_000, 3_073_000, people=[-1.0])
    append(project, POLYGONS + 'weight = "people"\n')
    assert "own.gpkg, row 1, column people: a weight below 0" in refused(project, tmp_path)


@pytest.mark.parametrize("name", ["part", "population", "perimeter_1", "id", "own_holds"])
def test_an_indicator_is_never_written_over_a_column_of_the_outputs(project, tmp_path, name):
    write_table_of(tmp_path, "CRS3035RES200mN2000000E3000000,1")
    append(project, TABLE.replace('"own"', f'"{name}"'))
    line = refused(project, tmp_path)
    assert f"key complement.layers.{name}.name: the outputs have a column of this name" in line


def test_an_indicator_that_refuses_gaps_does_so_however_little_is_known(project, tmp_path):
    first = run(read_project(project)).zoning.tiles.ids.to_pylist()[0]
    write_table_of(tmp_path, f"{first},1")
    append(project, TABLE + 'missing = "refuse"\n')
    assert "not known everywhere, and the rule refuses that" in refused(project, tmp_path)


def test_an_overlay_that_touches_no_tile_is_said(project, tmp_path):
    write_polygon(tmp_path, 4_000_000, 2_500_000, code=["N1"])
    append(project, '[[complement.overlays]]\nname = "renewal"\npath = "own.gpkg"\n'
                    'code = "code"\ntitle = "code"\n')  # fmt: skip
    result = command("complement", project, "--output", tmp_path / "out", "--draws", 5)
    assert result.code == 0, result.error
    assert "overlay renewal: touches no tile of the project" in result.out
    assert {row["renewal"] for row in rows_of(tmp_path / "out" / "overlays.csv")} == {"out"}


def test_options_that_cannot_be_are_refused(project, tmp_path):
    assert "column seed: not a seed; found -1" in refused(project, tmp_path, "--seed", -1)
    idle = "complement.social_housing_share.quantile=0.1,0.2"
    line = refused(project, tmp_path, "--vary", idle)
    assert "does not count, since social_housing_share.scale is absolute" in line


def test_a_quantile_of_nobody_holds_nowhere(project, tmp_path):
    result = command(
        "complement", project, "--output", tmp_path / "out", "--draws", 5,
        "--set", "complement.very_low_income_share.quantile=0.0",
    )  # fmt: skip
    assert result.code == 0, result.error
    (row,) = (line for line in result.out.splitlines() if line.startswith("very_low_income"))
    assert row.split()[1:] == ["nowhere", "100.0", "%", "0.0", "%"]


def test_a_cutoff_that_must_be_passed_is_said_as_such(project, tmp_path):
    append(project, 'ties = "strict"\n')  # of the share of social dwellings, the last table
    result = command("complement", project, "--output", tmp_path / "out", "--draws", 5)
    assert result.code == 0, result.error
    (row,) = (line for line in result.out.splitlines() if line.startswith("social_housing"))
    assert row.split()[1:3] == ["above", "0.3"]


def test_tables_without_rows_keep_their_columns(tmp_path):
    law = '[law]\nname = "qpv"\non = 2024-01-01\n[law.reform]\n"qpv.min_population" = 10_000_000\n'
    rest = law + "[complement.rule]\nmin_population = 10_000_000\n"
    project = write_project(tmp_path, rest=rest)
    result = command("complement", project, "--output", tmp_path / "out", "--draws", 5)
    assert result.code == 0, result.error
    assert "no complementary perimeter under this rule" in result.out
    for name in ("perimeters", "communes", "stability"):
        table = pl.read_csv(tmp_path / "out" / f"{name}.csv")
        assert len(table) == 0
        assert len(table.columns) > 3
    assert len(geopandas.read_file(tmp_path / "out" / "perimeters.gpkg")) == 0


def test_the_manifest_says_code_and_libraries(project, tmp_path):
    command("complement", project, "--output", tmp_path / "out", "--draws", 5)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert {"zonage", "code", "libraries", "python"} <= manifest.keys()
    assert manifest["outputs"].keys() == contents(tmp_path / "out").keys() - {"manifest.json"}
