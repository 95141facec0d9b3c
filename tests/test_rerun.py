"""A manifest is enough to make its outputs again, and a wrong one is one clear error."""

import json
import shutil

import pytest

from tests.projects import command, contents, write_project
from zonage.errors import BadInput
from zonage.rerun import rerun


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run of Roubaix and Tourcoing, and a simulation on it."""
    folder = tmp_path_factory.mktemp("rerun")
    project = write_project(folder)
    assert command("run", project, "--quiet", "--output", folder / "run").code == 0
    settings = ("--set", "qpv.min_population=2000", "--freeze", "official")
    assert command("simulate", project, *settings, "--output", folder / "change").code == 0
    return folder


@pytest.fixture
def manifest(ran, tmp_path):
    """Give a copy of the run's manifest with some values changed."""

    def write(**changes):
        content = json.loads((ran / "run" / "manifest.json").read_text())
        path = tmp_path / "manifest.json"
        path.write_text(json.dumps(content | changes))
        return path

    return write


def project_of(ran, **sections):
    project = json.loads((ran / "run" / "manifest.json").read_text())["project"]
    return {
        name: value if not isinstance(sections.get(name), dict) else value | sections[name]
        for name, value in project.items()
    }


@pytest.mark.parametrize("kind", ["run", "change"])
def test_the_outputs_come_out_again(ran, tmp_path, kind):
    result = command("rerun", ran / kind / "manifest.json", "--output", tmp_path / "again")
    assert result.code == 0, result.error
    assert "outputs agree" in result.out
    first, second = contents(ran / kind), contents(tmp_path / "again")
    assert first.keys() == second.keys()
    assert all(first[name] == second[name] for name in first.keys() - {"manifest.json"})


@pytest.mark.parametrize(
    ("asked", "differs"),
    [
        (("sweep", "--vary", "qpv.factor=0.58,0.6", "--set", "method.bridge=1"), "sweep.csv"),
        (("margin",), "margins.csv"),
        (("uncertainty", "--draws", "20", "--seed", "3"), "probability.parquet"),
        (("sensitivity", "--method", "morris", "--samples", "2"), "sensitivity.csv"),
        (("figures", "--draws", "5"), "entry.svg"),
        (
            (
                "complement",
                "--draws",
                "9",
                "--set",
                "complement.min_population=300",
                "--vary",
                "complement.buffer=200,400",
            ),
            "sweep.csv",
        ),
    ],
)
def test_every_scenario_comes_out_again(ran, tmp_path, asked, differs):
    name, *options = asked
    arguments = (name, ran / "project.toml", *options, "--output", tmp_path / "first")
    assert command(*arguments).code == 0
    found = rerun(tmp_path / "first" / "manifest.json")
    assert found.command == name
    assert found.agrees
    assert found.outputs[differs] == "same"
    assert found.versions == {}


def test_another_seed_is_seen(ran, tmp_path):
    folder = tmp_path / "first"
    asked = ("--draws", "20", "--output", folder)
    assert command("uncertainty", ran / "project.toml", *asked).code == 0
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(content | {"seed": 1}))
    result = command("rerun", folder / "manifest.json")
    assert result.code == 1
    assert "probability.parquet  other bytes" in result.out


def test_a_change_of_input_is_refused_and_of_versions_is_told(ran, tmp_path, manifest):
    libraries = {"numpy": "1.0", "nothing-of-the-kind": "2"}
    path = manifest(libraries=libraries, zonage="0.0.1", code="f" * 64)
    found = rerun(path)
    assert found.agrees
    assert found.versions["numpy"][0] == "1.0"
    assert found.versions["zonage"][0] == "0.0.1"
    assert found.versions["nothing-of-the-kind"] == ("2", None)
    assert found.versions["code"][0] == "f" * 64

    moved = tmp_path / "moved"
    shutil.copytree(ran, moved)
    text = (moved / "run" / "manifest.json").read_text().replace(str(ran), str(moved))
    (moved / "run" / "manifest.json").write_text(text)
    tiles = moved / "tiles.csv"
    tiles.write_text(tiles.read_text() + "\n")
    result = command("rerun", moved / "run" / "manifest.json")
    assert result.code == 2
    assert f"{tiles}: the input is not what it was" in result.error
    tiles.unlink()
    assert "an input is missing" in command("rerun", moved / "run" / "manifest.json").error
    # The same file elsewhere does as well.
    found = rerun(moved / "run" / "manifest.json", inputs=ran)
    assert found.agrees


def test_outputs_that_differ_are_named(ran, manifest):
    outputs = json.loads((ran / "run" / "manifest.json").read_text())["outputs"]
    gone = outputs.pop("map.png")
    outputs |= {"old.csv": gone, "zones.csv": gone}
    found = rerun(manifest(outputs=outputs))
    assert not found.agrees
    assert found.outputs["map.png"] == "new"
    assert found.outputs["old.csv"] == "missing"
    assert found.outputs["zones.csv"] == "differs"
    assert found.outputs["zones.gpkg"] == "same"


def test_a_rerun_never_replaces_what_it_is_compared_with(ran):
    before = contents(ran / "run")
    with pytest.raises(BadInput, match="would replace"):
        rerun(ran / "run" / "manifest.json", output=ran / "run")
    assert contents(ran / "run") == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"command": "batch"}, "not a manifest that can be run again"),
        ({"command": ["run"]}, "not a manifest that can be run again"),
        ({"project": 3}, "column project: wrong type"),
        ({"project": {"tiles": {"path": 3}}}, "tiles.path"),
        ({"outputs": None}, "column outputs: wrong type"),
        ({"outputs": {"zones.csv": "abc"}}, "outputs.zones.csv: a file without its sha256"),
        ({"inputs": {}}, "no digest of this input"),
        ({"command": "simulate", "settings": {"qpv.factor": [1]}}, "not a value"),
        ({"command": "simulate", "settings": {"qpv.fctor": 1}}, "did you mean factor?"),
        ({"command": "simulate", "settings": {}, "freeze": "all"}, "not a way to freeze"),
        ({"command": "sweep", "ranges": {"qpv.factor": 1}}, "a list of values"),
        ({"command": "sweep"}, "column ranges: the manifest does not say it"),
        ({"command": "uncertainty", "draws": 10**15, "seed": 0}, "out of range"),
        ({"command": "uncertainty", "draws": True, "seed": 0}, "wrong type"),
        ({"command": "uncertainty", "draws": 3, "seed": 0, "errors": {"x": 1}}, "errors.x"),
        ({"command": "sensitivity", "seed": 1}, "column samples: the manifest does not say it"),
        ({"command": "compare"}, "column against: the manifest does not say it"),
    ],
)
def test_a_manifest_that_was_tampered_with_is_one_line(manifest, changes, words):
    result = command("rerun", manifest(**changes))
    assert result.code == 2
    assert words in result.error.splitlines()[-1]
    assert "Traceback" not in result.error


@pytest.mark.parametrize(
    ("place", "words"),
    [("/dev/zero", "an input is missing"), ("/etc/passwd", "the input is not what it was")],
)
def test_an_input_that_the_manifest_points_elsewhere_is_not_read_as_tiles(
    ran, manifest, place, words
):
    project = project_of(ran, tiles={"path": place})
    inputs = json.loads((ran / "run" / "manifest.json").read_text())["inputs"]
    inputs[place] = {"sha256": "0" * 64, "bytes": 1}
    result = command("rerun", manifest(project=project, inputs=inputs))
    assert result.code == 2
    assert words in result.error


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", "\x00", '{"project": ' * 5000, "1e999"])
def test_what_is_no_manifest_is_one_line(tmp_path, text):
    path = tmp_path / "manifest.json"
    path.write_text(text)
    result = command("rerun", path)
    assert result.code == 2
    assert result.error.startswith(f"zonage: {path}")
    assert len(result.error.splitlines()) == 1


def test_a_manifest_that_is_not_there_is_said(tmp_path):
    assert "no such manifest" in command("rerun", tmp_path / "manifest.json").error
