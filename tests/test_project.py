"""The project file: what it may say, and how a wrong one is refused."""

from datetime import date
from pathlib import Path

import pytest

from tests.projects import DEMO
from zonage.errors import BadInput
from zonage.project import parse_project, read_project

TILES = '[tiles]\npath = "tiles.csv"\n'


def read(tmp_path, text):
    path = tmp_path / "project.toml"
    path.write_text(text, encoding="utf-8")
    return read_project(path)


def refusal(tmp_path, text):
    with pytest.raises(BadInput) as caught:
        read(tmp_path, text)
    assert caught.value.file == str(tmp_path / "project.toml")
    return caught.value


def test_the_embedded_project_says_what_the_demo_is():
    project = read_project(DEMO / "project.toml")
    assert project.law.on == date(2024, 1, 1)
    assert project.tiles.path == DEMO / "tiles_2019.csv"
    assert project.official.vintage == 2024
    assert project.file == str(DEMO / "project.toml")


def test_defaults_are_the_law_of_2024_and_declared_incomes_of_2019(tmp_path):
    project = read(tmp_path, TILES)
    assert (project.law.name, project.law.territory) == ("qpv", "metropole")
    assert (project.reference.concept, project.reference.year) == ("declared", 2019)
    assert project.line is None
    assert project.output.folder == tmp_path / "out" / "run"


def test_paths_are_relative_to_the_file_and_absolute_ones_stay(tmp_path):
    text = TILES + f'[territory]\ncommunes_table = "../c.csv"\noutlines = "{tmp_path}/o.gpkg"\n'
    project = read(tmp_path, text)
    assert project.tiles.path == tmp_path / "tiles.csv"
    assert project.territory.communes_table == tmp_path / ".." / "c.csv"
    assert project.territory.outlines == tmp_path / "o.gpkg"


def test_method_options_change_the_default_and_whole_numbers_are_numbers(tmp_path):
    method = read(tmp_path, TILES + "[method]\nsmoothing = 1\nconnectivity = 4\n").options()
    assert (method.smoothing, method.connectivity, method.border_share) == (1, 4, 0.375)


def test_lists_of_codes_and_a_bounding_box(tmp_path):
    text = TILES + '[territory]\ncommunes = ["59350"]\nbbox = [0, 1.5, 2, 3]\n'
    territory = read(tmp_path, text).territory
    assert territory.communes == ("59350",)
    assert territory.bbox == (0, 1.5, 2, 3)


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[metod]\nx = 1\n" + TILES, "metod", "did you mean method?"),
        (TILES + "vintge = 2019\n", "tiles.vintge", "did you mean vintage?"),
        (TILES + "[law]\nonn = 2024-01-01\n", "law.onn", "did you mean on?"),
        (TILES + "[method]\nsmothing = 1\n", "method.smothing", "did you mean smoothing?"),
        (TILES + '[official]\nperimeter = "a"\n', "official.perimeter", "perimeters"),
        ('title = "no tiles"\n', "tiles", "missing key"),
        ("", "tiles", "missing key"),
        ('tiles = "tiles.csv"\n', "tiles", "a table"),
        ("title = 3\n" + TILES, "title", "a text in quotes"),
        (TILES + 'vintage = "2019"\n', "tiles.vintage", "a whole number"),
        (TILES + "vintage = true\n", "tiles.vintage", "a whole number"),
        (TILES + '[law]\non = "2024-01-01"\n', "law.on", "a day without quotes"),
        (TILES + "[law]\non = 2024-01-01T00:00:00\n", "law.on", "a day without quotes"),
        (TILES + "[output]\nfolder = 3\n", "output.folder", "a path in quotes"),
        (TILES + '[output]\nlanguage = "de"\n', "output.language", "'en' or 'fr'"),
        (TILES + '[output]\nfolder = "a\\u0000b"\n', "output.folder", "NUL"),
        (TILES + '[reference]\nconcept = "net"\n', "reference.concept", "'declared'"),
        (TILES + "[territory]\nepci = 200093201\n", "territory.epci", "a text in quotes"),
        (TILES + '[territory]\ncommunes = "59350"\n', "territory.communes", "a list"),
        (TILES + "[territory]\ncommunes = [59350]\n", "territory.communes.0", "a text"),
        (TILES + "[territory]\nbbox = [1, 2, 3]\n", "territory.bbox.3", "missing"),
        (TILES + "[territory]\nbbox = [nan, 2, 3, 4]\n", "territory.bbox.0", "finite"),
        (TILES + '[territory]\nepci = "200093201"\n', "territory", "communes_table"),
        (TILES + '[territory]\nepci_table = "e.json"\n', "territory", "communes_table"),
        (
            TILES + '[territory]\ncommunes_table = "c"\nepci = "1"\ncommunes = ["59350"]\n',
            "territory",
            "epci and communes",
        ),
        (TILES + '[method]\nsmoothing = "x"\n', "method.smoothing", "expected float"),
        (TILES + "[method]\nconnectivity = true\n", "method.connectivity", "expected int"),
        (TILES + "[method]\nconnectivity = 6\n", "method.connectivity", "4 or 8"),
        (TILES + "[method]\nsmoothing = nan\n", "method.smoothing", "0 to 10"),
        (TILES + "[method]\nfill_holes = 99999999999999999999\n", "method.fill_holes", "1 000 000"),
        (TILES + "[official]\nvintage = 2024\n", "official", "either perimeters"),
        (TILES + '[official]\nperimeters = "a"\ncoverage = "b"\n', "official", "either perimeters"),
        (TILES + '[official]\ncoverage = "b"\n', "official", "needs quarters"),
        ('line = "15000"\n' + TILES, "line", "a number"),
        ("line = true\n" + TILES, "line", "a number"),
        ("line = 0\n" + TILES, "line", "greater than 0"),
        ("line = inf\n" + TILES, "line", "less than"),
        ("line = nan\n" + TILES, "line", "found nan"),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path, text, key, words):
    problem = refusal(tmp_path, text)
    assert problem.column == key
    assert words in str(problem)


def test_several_problems_are_counted(tmp_path):
    assert "(and 1 more problem)" in str(refusal(tmp_path, "a = 1\nb = 2\n" + TILES))
    assert "(and 2 more problems)" in str(refusal(tmp_path, "a = 1\nb = 2\nc = 3\n" + TILES))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[tiles\n", "not a TOML file: .*line 1"),
        (b"[tiles]\npath = 'a'\npath = 'b'\n", "not a TOML file"),
        ("title = 'é'\n".encode("latin-1"), "cannot be read"),
        (b"x = " + b"[" * 5000 + b"]" * 5000, "nested too deep"),
    ],
)
def test_what_is_not_toml_is_refused(tmp_path, content, words):
    path = tmp_path / "project.toml"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words):
        read_project(path)


def test_an_absent_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(BadInput, match="no such project file"):
        read_project(tmp_path / "none.toml")
    with pytest.raises(BadInput, match="cannot be read"):
        read_project(tmp_path)


def test_a_project_from_python_is_checked_alike():
    with pytest.raises(BadInput, match="key tiles: missing key"):
        parse_project({"title": "x"}, folder=Path("/"), file="memory.toml")
