"""The command line: what it prints, and one clear line for whatever it cannot use."""

import json
import os
import random
import re
import subprocess
import sys
import zipfile

import pytest

from tests.projects import (
    DEMO,
    OFFICIAL,
    OFFICIAL_FILES,
    RUN_FILES,
    command,
    contents,
    roubaix,
    write_project,
    write_tiles,
)
from zonage import cli
from zonage.law import files as law_files

HEADER = roubaix()[0].split(",")


def refused(tmp_path, *arguments):
    """Run a command that must fail on bad input and write nothing; return its line."""
    before = sorted(tmp_path.rglob("*"))
    result = command(*arguments)
    assert result.code == 2, result.error
    assert sorted(tmp_path.rglob("*")) == before
    assert result.out == ""
    assert re.fullmatch(r"zonage: [^\n]+\n", result.error)
    return result.error


def run_refused(tmp_path, **sections):
    project = write_project(tmp_path, **sections)
    return refused(tmp_path, "run", project, "--quiet", "--output", tmp_path / "out")


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("ind", "-3", "negative count; found -3"),
        ("ind", "nan", "not a finite number"),
        ("men", "inf", "not a finite number"),
        ("ind", "many", "text in a column of numbers; found 'many'"),
        ("ind_snv", "", "a missing value"),
        ("men_pauv", "1e6", "more poor households than households"),
        ("ind", "0", "an income sum without inhabitants"),
        ("idcar_200m", roubaix()[1][2][0], "the same tile comes twice"),
        ("idcar_200m", "CRS3035RES200mN3083433E3816000", "off the lattice"),
        ("idcar_200m", "CRS3035RES1000mN3083000E3816000", "another resolution"),
        ("idcar_200m", "CRS2975RES200mN3083400E3816000", "another CRS"),
        ("idcar_200m", "hello", "not the id of a tile"),
    ],
)
def test_a_bad_value_is_named_with_its_row_and_column(tmp_path, column, value, words):
    path = write_tiles(tmp_path / "tiles.csv", {(8, column): value})
    line = run_refused(tmp_path)
    shown = "ind_snv" if "income sum" in words else column
    assert line.startswith(f"zonage: {path}, row 8, column {shown}: ")
    assert words in line


def without(column):
    header, rows = roubaix()
    place = header.split(",").index(column)
    table = [header.split(","), *rows]
    return "\n".join(",".join(row[:place] + row[place + 1 :]) for row in map(list, table))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        (",".join(HEADER) + "\n", "a header without rows"),
        ("a,b\n1,2\n", "no layout of INSEE's tiles"),
        (without("ind"), "column ind: "),
        (without("ind_snv"), "column ind_snv: "),
        (without("idcar_200m"), "idcar_200m"),
        ("\x00\x01", "not a CSV file"),
    ],
)
def test_a_wrong_tile_file_is_named(tmp_path, text, words):
    (tmp_path / "tiles.csv").write_text(text)
    line = run_refused(tmp_path)
    assert str(tmp_path / "tiles.csv") in line
    assert words in line


def test_a_truncated_archive_is_refused(tmp_path):
    write_tiles(tmp_path / "tiles.csv")
    with zipfile.ZipFile(tmp_path / "tiles.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "tiles.csv", "tiles.csv")
    content = (tmp_path / "tiles.zip").read_bytes()
    for size in (10, len(content) // 2, len(content) - 1):
        (tmp_path / "tiles.zip").write_bytes(content[:size])
        line = run_refused(tmp_path, tiles='path = "tiles.zip"')
        assert f"{tmp_path / 'tiles.zip'}: the archive cannot be read" in line


def test_an_archive_entry_that_climbs_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "tiles.zip", "w") as archive:
        archive.writestr("../tiles.csv", "x")
    assert "climbs out of its folder" in run_refused(tmp_path, tiles='path = "tiles.zip"')


def test_bytes_by_chance_are_refused_in_every_format(tmp_path):
    write_tiles(tmp_path / "tiles.csv")
    chance = random.Random(1).randbytes(5000)
    for name, magic in {
        "t.csv": b"",
        "t.parquet": b"PAR1",
        "t.gpkg": b"SQLite format 3\0",
        "t.geojson": b"{",
        "t.zip": b"PK\3\4",
        "t.7z": b"7z\xbc\xaf\x27\x1c",
    }.items():
        (tmp_path / name).write_bytes(magic + chance)
        assert str(tmp_path / name) in run_refused(tmp_path, tiles=f'path = "{name}"')


@pytest.mark.parametrize(
    ("sections", "key", "words"),
    [
        ({"rest": "[method]\nsmothing = 1"}, "method.smothing", "did you mean smoothing"),
        ({"rest": '[law]\nname = "qpw"'}, "law", "did you mean qpv"),
        ({"rest": '[law]\nterritory = "metropol"'}, "law", "did you mean metropole"),
        ({"rest": "[law]\non = 1999-01-01"}, "law", "since 2015-01-01"),
        ({"rest": "[law.reform]\nmin_populaton = 8"}, "law.reform", "did you mean min_population"),
        ({"rest": "[law.reform]\nmin_population = -8"}, "qpv.min_population", "at least 0"),
        ({"rest": "[law.reform]\nmin_population = [8]"}, "qpv.min_population", "an integer"),
        ({"rest": "[law.reform.a]\nb = 1"}, "law.reform", "no parameter 'a'"),
        ({"tiles": 'path = "tiles.csv"\ncrs = 4326'}, "tiles.crs", "no lattice"),
        ({"territory": 'communes = ["x"]'}, "territory", "not the code of a commune"),
        ({"territory": "bbox = [5, 1, 2, 3]"}, "territory", "an empty bounding box"),
        ({"territory": ""}, "territory.communes_table", "no tile lies in a known urban unit"),
        (
            {"territory": f'communes_table = "{DEMO}/communes.csv"\nepci = "200093202"'},
            "territory",
            "no commune belongs to this epci; found 200093202",
        ),
        (
            {"territory": f'communes_table = "{DEMO}/communes.csv"\nurban_units = ["1"]'},
            "territory",
            "no commune belongs to this urban unit",
        ),
    ],
)
def test_a_bad_project_is_named_with_its_key(tmp_path, sections, key, words):
    line = run_refused(tmp_path, **sections)
    assert line.startswith(f"zonage: {tmp_path / 'project.toml'}, key {key}: ")
    assert words in line


@pytest.mark.parametrize(
    ("sections", "name", "words"),
    [
        ({"tiles": 'path = "none.csv"'}, "none.csv", "no such file"),
        ({"territory": 'communes_table = "none.csv"'}, "none.csv", "No such file"),
        ({"rest": '[reference]\nunits = "none.csv"'}, "none.csv", "No such file"),
        ({"rest": '[official]\nperimeters = "none.gpkg"'}, "none.gpkg", "no such file"),
        ({"rest": '[official]\ncoverage = "n.csv"\nquarters = "q.csv"'}, ".csv", "No such file"),
        ({"rest": "[reference]\nyear = 1900"}, "national_medians.csv", "declared 1900"),
        ({"tiles": 'path = "tiles.csv"\nvintage = 1800'}, "tiles.csv", "expected 1800"),
        ({"tiles": 'path = "."'}, "", "a folder, not a file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, sections, name, words):
    line = run_refused(tmp_path, **sections)
    assert name in line
    assert words in line


def test_outlines_of_another_place_are_refused(tmp_path):
    corner = 'communes_table = "{}"\nbbox = [3814000, 3075000, 3816000, 3077000]'
    line = run_refused(
        tmp_path,
        tiles=f'path = "{DEMO}/tiles_2019.csv"',
        territory=corner.format(DEMO / "communes.csv"),
        rest=OFFICIAL,
    )
    assert re.search("no .*tile", line)


def test_a_law_with_overlapping_dates_is_refused(tmp_path, monkeypatch):
    from importlib import resources

    text = resources.files("zonage.law").joinpath("qpv.yaml").read_text(encoding="utf-8")
    changed = re.sub(r"(valid_to|to|until): ?'?\"?\d{4}-\d\d-\d\d'?\"?", r"\1: 2050-01-01", text)
    assert changed != text

    def packaged(name):
        return law_files.parse_law(changed, file="qpv.yaml")

    monkeypatch.setattr(law_files, "_packaged_law", packaged)
    line = run_refused(tmp_path)
    assert line.startswith("zonage: qpv.yaml, key ")
    assert "overlap" in line


def test_a_message_keeps_to_one_line_and_sends_nothing_to_the_terminal(tmp_path):
    line = refused(tmp_path, "run", tmp_path / "a\nb\x1b[31m.toml")
    assert "\x1b" not in line
    assert "a b\\x1b[31m.toml: no such project file" in line


def test_the_output_folder_is_looked_at_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("")
    line = run_refused(tmp_path)
    assert "the output folder holds files that no run wrote; found thesis.docx" in line


def test_an_unexpected_trouble_of_a_file_is_said(tmp_path, monkeypatch):
    def denied(*arguments, **keywords):
        raise PermissionError(13, "Permission denied", "tiles.csv")

    monkeypatch.setattr("zonage.pipeline.read_tiles", denied)
    assert run_refused(tmp_path) == "zonage: tiles.csv: Permission denied\n"


@pytest.mark.parametrize(
    ("error", "words"),
    [(MemoryError, "not enough memory"), (KeyboardInterrupt, "interrupted; earlier outputs")],
)
def test_a_run_that_fails_on_good_input_ends_with_1(tmp_path, monkeypatch, error, words):
    def fail(*arguments, **keywords):
        raise error

    monkeypatch.setattr("zonage.pipeline.read_tiles", fail)
    result = command("run", write_project(tmp_path), "--quiet")
    assert result.code == 1
    assert words in result.error
    assert not (tmp_path / "out").exists()


# ---- through the real command line ---------------------------------------------------------------


def zonage(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "zonage.cli", *map(str, arguments)],
        capture_output="stdout" not in options,
        text=True,
        **options,
    )


def test_bad_input_in_a_process_of_its_own(tmp_path):
    write_tiles(tmp_path / "tiles.csv", {(5, "ind"): "-1"})
    project = write_project(tmp_path)
    before = sorted(tmp_path.iterdir())
    done = zonage("run", project, "--quiet")
    assert done.returncode == 2
    assert done.stderr == (
        f"zonage: {tmp_path}/tiles.csv, row 5, column ind: negative count; found -1.0; "
        "expected 0 or more\n"
    )
    assert sorted(tmp_path.iterdir()) == before


def test_wrong_options_end_with_2():
    for arguments in ((), ("zone",), ("run",), ("demo", "--language", "de"), ("info", "a", "b")):
        done = zonage(*arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_a_terminal_that_knows_no_accents_gets_them_escaped(tmp_path):
    done = zonage("info", tmp_path / "é.csv", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2
    assert done.stderr == f"zonage: {tmp_path}/\\xe9.csv: no such file\n"


def test_the_reader_of_our_output_may_go_away():
    process = subprocess.Popen(
        [sys.executable, "-m", "zonage.cli", "info", str(DEMO / "tiles_2019.csv")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 1
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_behind_standard_output_is_said():
    with open("/dev/full", "w") as full:
        done = zonage("info", DEMO / "tiles_2019.csv", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == "zonage: No space left on device\n"


def test_the_version_is_one_line():
    done = zonage("--version")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1


# ---- what the commands do ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    result = command("demo", "--output", folder / "out", "--language", "fr")
    assert result.code == 0, result.error
    return folder / "out", result


def spaced(value, digits=0):
    return f"{value:,.{digits}f}".replace(",", " ")


def test_the_demo_prints_the_figures_of_its_summary(demo):
    folder, result = demo
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    rows = {line[:31].strip(): line[31:].split("  ") for line in result.out.splitlines()}
    cells = {name: [cell.strip() for cell in row if cell.strip()] for name, row in rows.items()}
    sides = [summary[name] for name in ("territory", "computed", "official")]
    assert cells["inhabitants"] == [spaced(side["population"]) for side in sides]
    assert cells["quarters"] == ["-", *(str(side["quarters"]) for side in sides[1:])]
    assert cells["poor among households"] == [
        f"{100 * side['poor_household_share']:.1f} %" for side in sides
    ]
    assert cells["share of inhabitants"][2] == "19.3 %"
    majority = summary["agreement"]["majority"]
    (row,) = (line for line in result.out.splitlines() if "by majority of area" in line)
    assert row.split()[-4:] == [
        f"{majority[name]:.3f}" for name in ("precision", "recall", "f1", "iou")
    ]
    assert f"the line of {spaced(summary['calibration']['line'])} EUR" in result.out
    for status, number in summary["quarters"]["statuses"].items():
        assert f"{number} {status}" in result.out
    assert "Lille (partie française)" in result.out
    assert "12 800" in result.out


def test_the_demo_says_where_the_map_lies_and_what_it_does(demo):
    folder, result = demo
    assert f"map: {folder / 'map.png'}" in result.out
    assert set(contents(folder)) == RUN_FILES
    assert result.error.startswith("zonage: law and reference incomes\n")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["project"]["output"]["language"] == "fr"


def test_a_project_is_run_into_its_own_folder(tmp_path, monkeypatch):
    project = write_project(tmp_path, rest='[output]\nfolder = "results/here"')
    monkeypatch.chdir(tmp_path)
    result = command("run", project, "--quiet")
    assert result.code == 0, result.error
    assert result.error == ""
    assert "map: results/here/map.png" in result.out
    assert "official" not in result.out
    assert set(contents(tmp_path / "results" / "here")) == RUN_FILES - OFFICIAL_FILES


def test_a_second_run_replaces_the_first(tmp_path):
    project = write_project(tmp_path)
    assert command("run", project, "--quiet").code == 0
    first = contents(tmp_path / "out" / "run")
    write_project(tmp_path, top="line = 14000")
    assert command("run", project, "--quiet").code == 0
    assert contents(tmp_path / "out" / "run")["zones.csv"] != first["zones.csv"]
    assert not list(tmp_path.glob(".out*"))


def test_a_failed_run_leaves_the_last_outputs(tmp_path):
    project = write_project(tmp_path)
    assert command("run", project, "--quiet").code == 0
    before = contents(tmp_path / "out" / "run")
    write_tiles(tmp_path / "tiles.csv", {(1, "ind"): "-1"})
    assert command("run", project, "--quiet").code == 2
    assert contents(tmp_path / "out" / "run") == before


def test_compare_names_each_official_quarter(demo):
    summary = json.loads((demo[0] / "summary.json").read_text(encoding="utf-8"))
    result = command("compare", DEMO / "project.toml")
    assert result.code == 0
    rows = [line for line in result.out.splitlines() if line.startswith("QN")]
    assert len(rows) == 25
    for status, number in summary["quarters"]["statuses"].items():
        assert sum(f"  {status}  " in row for row in rows) == number
    (le_parc,) = (row for row in rows if "Le Parc" in row)
    assert "Haubourdin" in le_parc
    without = summary["quarters"]["zones_without_counterpart"]
    named = re.findall(r"(\d+) \(", result.out.rpartition("(inhabitants): ")[2])
    assert [int(zone) for zone in named] == without


def layer(path, quarters):
    """Write a layer of square quarters: code, name, commune, and west, south, side in metres."""
    features = [
        {
            "type": "Feature",
            "properties": {"code_qp": code, "lib_qp": name, "lib_com": commune, "insee_com": insee},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[w, s], [w + side, s], [w + side, s + side], [w, s + side], [w, s]]
                ],
            },
        }
        for code, name, commune, insee, w, s, side in quarters
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3035"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return path


@pytest.fixture
def layers(tmp_path):
    north, name = 3_090_000, 'L\'"Épée", <b>Nord</b>'
    before = layer(
        tmp_path / "before.geojson",
        [
            ("QP059001", "Kept", "Roubaix", "59512", 3_840_000, north, 1000),
            ("QP059002", name, "Tourcoing", "59599", 3_845_000, north, 1000),
            ("QP062001", "Far", "Arras", "62041", 3_800_000, north, 1000),
        ],
    )
    after = layer(
        tmp_path / "after.geojson",
        [
            ("QN05901M", "Kept", "Roubaix", "59512", 3_840_000, north, 1000),
            ("QN05902M", name, "Tourcoing", "59599", 3_845_000, north, 1500),
            ("QN05903N", "Fresh", "Lille", "59350", 3_850_000, north, 500),
            ("QN06201M", "Far", "Arras", "62041", 3_800_000, north, 1000),
        ],
    )
    return before, after, name


def test_compare_of_two_layers_says_what_became_of_each_quarter(layers):
    before, after, name = layers
    result = command("compare", before, after, "--epci", "200093201")
    assert result.code == 0, result.error
    rows = [re.split(r"\s{2,}", line) for line in result.out.splitlines()]
    assert rows[1][:5] == ["kept", "QP059001", "QN05901M", "Kept", "Roubaix"]
    assert rows[2] == ["extended", "QP059002", "QN05902M", name, "Tourcoing", "1.00", "2.25"]
    assert rows[3][0] == "new"
    assert result.out.endswith("2 quarters before, 3 after: 1 extended, 1 kept, 1 new\n")
    whole = command("compare", before, after)
    assert whole.out.endswith("3 quarters before, 4 after: 1 extended, 2 kept, 1 new\n")


def test_compare_of_a_project_with_a_layer_uses_the_layer(tmp_path, layers):
    result = command("compare", write_project(tmp_path, rest=""), layers[1])
    assert result.code == 0, result.error
    assert "QN05901M" in result.out
    assert "QN05980M" not in result.out


def test_compare_refuses_what_it_cannot_compare(tmp_path, layers):
    before, after, _ = layers
    project = write_project(tmp_path, rest="")
    assert "second layer" in refused(tmp_path, "compare", before)
    unknown = refused(tmp_path, "compare", before, after, "--epci", "200093202")
    assert "no commune belongs to this epci" in unknown
    assert "200093201" in unknown
    assert "nothing to compare with" in refused(tmp_path, "compare", project)
    assert "its own territory" in refused(tmp_path, "compare", project, after, "--epci", "1")
    assert "none.gpkg" in refused(tmp_path, "compare", before, tmp_path / "none.gpkg")


def test_calibrate_prints_a_line_that_gives_what_it_says(tmp_path):
    project = write_project(tmp_path)
    result = command("calibrate", project)
    assert result.code == 0, result.error
    rows = [re.split(r"\s{2,}", line) for line in result.out.splitlines()]
    assert rows[1][0] == "15 546 (the project's, in Lille (partie française))"
    line = float(rows[2][0].removesuffix(" (best)").replace(" ", ""))
    write_project(tmp_path, top=f"line = {line}")
    assert command("run", project, "--quiet").code == 0
    summary = json.loads((tmp_path / "out" / "run" / "summary.json").read_text(encoding="utf-8"))
    assert rows[3][2] == f"{summary['agreement']['majority']['f1']:.3f}"
    assert rows[3][3] == str(summary["computed"]["quarters"])
    assert rows[2][2] == f"{summary['calibration']['agreement']['f1']:.3f}"
    assert "it is not the law" in result.out
    assert float(rows[2][2]) >= float(rows[1][2]) - 0.02


def test_calibrate_by_area_and_without_outlines(tmp_path):
    by_area = command("calibrate", write_project(tmp_path), "--rule", "area")
    assert by_area.code == 0
    assert by_area.out != command("calibrate", tmp_path / "project.toml").out
    project = write_project(tmp_path, rest="")
    line = command("calibrate", project)
    assert line.code == 2
    assert "key official: no outlines to calibrate on" in line.error


def test_info_says_what_a_file_holds():
    result = command("info", DEMO / "tiles_2019.csv")
    assert result.code == 0
    for words in ("8 356", "1 037 668.5", "448 702.3", "EPSG:3035, 200 m", "Filosofi 2019 or 2021"):
        assert words in result.out
    assert result.out.endswith("no problem found\n")


def test_info_lists_what_is_wrong(tmp_path):
    path = write_tiles(tmp_path / "t.csv", {(3, "ind"): "-1", (4, "men"): "x"})
    result = command("info", path)
    assert result.code == 0
    problems = [line for line in result.out.splitlines() if line.startswith("problem: ")]
    assert len(problems) == 2
    assert any("row 3, column ind: negative count" in problem for problem in problems)


def test_the_parser_knows_nothing_else():
    options = cli._parser().parse_args(["demo"])
    assert options.output == "out/demo"
    assert options.language is None


def test_one_tile_with_official_outlines_is_run(tmp_path):
    header, rows = roubaix()
    (tmp_path / "tiles.csv").write_text("\n".join([header, ",".join(rows[300])]) + "\n")
    result = command("run", write_project(tmp_path), "--quiet")
    assert result.code in (0, 2)
    assert "Traceback" not in result.error
    if result.code == 0:
        assert "calibrated beside it" not in result.out


def test_a_territory_is_not_chosen_for_two_projects(tmp_path):
    project = write_project(tmp_path)
    result = command("compare", project, project, "--epci", "1", "--output", tmp_path / "out")
    assert result.code == 2
    assert "--epci" in result.error
