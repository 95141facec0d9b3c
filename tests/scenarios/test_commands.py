"""simulate, sweep and margin, from the command line to their files."""

import csv
import json

import geopandas
import polars
import pytest
import xarray

from tests.projects import DEMO, command, contents

PROJECT = DEMO / "project.toml"


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_simulate_writes_what_changes(tmp_path):
    folder = tmp_path / "change"
    settings = ("--set", "qpv.min_population=800", "--set", "qpv.factor=0.62")
    result = command("simulate", PROJECT, *settings, "--output", folder)
    assert result.code == 0, result.error
    assert set(contents(folder)) == {
        "change.csv", "change.gpkg", "change.png", "change.json", "manifest.json",
    }  # fmt: skip
    totals = json.loads((folder / "change.json").read_text())["totals"]
    rows = table(folder / "change.csv")
    for side in ("before", "after", "entering", "leaving"):
        summed = sum(float(row[f"population_{side}"]) for row in rows)
        assert summed == pytest.approx(totals[side]["population"])
    assert totals["after"]["population"] > totals["before"]["population"]
    outlines = geopandas.read_file(folder / "change.gpkg")
    assert outlines.crs.to_epsg() == 3035
    entering = outlines[outlines.part == "enters"].population.sum()
    assert entering == pytest.approx(totals["entering"]["population"])
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["settings"] == {"qpv.min_population": 800, "qpv.factor": 0.62}


def test_simulate_can_keep_the_official_quarters(tmp_path):
    settings = ("--set", "qpv.min_population=5000", "--freeze", "official")
    result = command("simulate", PROJECT, *settings, "--output", tmp_path / "change")
    assert result.code == 0, result.error
    totals = json.loads((tmp_path / "change" / "change.json").read_text())["totals"]
    assert totals["after"]["population"] > 199_797


def test_sweep_writes_a_row_a_scenario_and_goes_on_where_it_was(tmp_path, monkeypatch):
    folder = tmp_path / "sweep"
    asked = ("sweep", PROJECT, "--vary", "qpv.factor=0.58:0.62:0.02", "--output", folder)

    def stop(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("zonage.outputs.write_sweep", stop)
        assert command(*asked).code == 1
    kept = list(tmp_path.glob(".sweep.sweep-*"))
    assert len(kept) == 1
    assert len(kept[0].read_text().splitlines()) == 4
    kept[0].write_text(kept[0].read_text()[:-9])  # a kill in the middle of a line

    result = command(*asked)
    assert result.code == 0, result.error
    assert set(contents(folder)) == {"sweep.csv", "sweep.nc", "sweep.png", "manifest.json"}
    assert not list(tmp_path.glob(".sweep*"))
    rows = table(folder / "sweep.csv")
    assert [row["qpv.factor"] for row in rows] == ["0.58", "0.6", "0.62"]
    cube = xarray.open_dataset(folder / "sweep.nc", engine="h5netcdf")
    assert cube["population"].values.tolist() == [float(row["population"]) for row in rows]
    alone = command("sweep", PROJECT, "--vary", "qpv.factor=0.6,0.62", "--output", tmp_path / "b")
    assert alone.code == 0
    assert table(tmp_path / "b" / "sweep.csv") == rows[1:]


def test_sweep_by_the_tree_says_so(tmp_path):
    settings = ("--set", "method.complete_from=1.0", "--set", "method.zone_median=false")
    ranges = ("--vary", "qpv.factor=0.5:0.7:0.01", "--vary", "qpv.min_population=500,1000")
    result = command("sweep", PROJECT, *ranges, *settings, "--output", tmp_path / "sweep")
    assert result.code == 0, result.error
    assert "plan: tree" in result.out
    assert len(table(tmp_path / "sweep" / "sweep.csv")) == 42


def test_margin_answers_both_questions(tmp_path):
    asked = ("--share", "0.2", "--quarters", "26", "--output", tmp_path / "margin")
    result = command("margin", PROJECT, *asked)
    assert result.code == 0, result.error
    assert "20.0 % of inhabitants in quarters: move the line by" in result.out
    assert "26 quarters: a minimum of at most" in result.out
    rows = table(tmp_path / "margin" / "margins.csv")
    assert {row["kind"] for row in rows} == {"zone", "official"}
    assert (tmp_path / "margin" / "stability.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("simulate", PROJECT, "--set", "qpv.min_popluation=800"), "min_population"),
        (("simulate", PROJECT, "--set", "qpv.factor"), "PATH=VALUE"),
        (("sweep", PROJECT, "--vary", "qpv.factor=0.7:0.5:0.1"), "goes backwards"),
        (("sweep", PROJECT, "--vary", "qpv.factor=1,2", "--vary", "qpv.factor=3,4"), "twice"),
        (("sweep", PROJECT, "--vary", "qpv.uu_derogaton=1,2"), "uu_derogation"),
        (("margin", PROJECT, "--share", "1.5"), "not a share"),
        (("margin", PROJECT, "--quarters", "100000"), "no minimum population"),
    ],
)
def test_a_wrong_question_is_one_line_and_writes_nothing(tmp_path, arguments, words):
    folder = tmp_path / "out"
    result = command(*arguments, "--output", folder)
    assert result.code == 2
    assert words in result.error.splitlines()[-1]
    assert "Traceback" not in result.error
    assert not folder.exists()


def test_uncertainty_writes_probabilities_and_how_good_they_are(tmp_path):
    folder = tmp_path / "uncertainty"
    result = command("uncertainty", PROJECT, "--draws", "40", "--output", folder)
    assert result.code == 0, result.error
    found = json.loads((folder / "uncertainty.json").read_text())
    probability = polars.read_parquet(folder / "probability.parquet")["probability"]
    assert len(probability) == 8356
    assert probability.is_between(0, 1).all()
    assert found["draws"] == 40
    assert found["reliability"]["brier"] < found["reliability"]["brier_zoning"]
    again = command("uncertainty", PROJECT, "--draws", "40", "--output", tmp_path / "again")
    assert again.code == 0
    for name in set(contents(folder)) - {"manifest.json"}:
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_sensitivity_ranks_the_parameters(tmp_path):
    folder = tmp_path / "sensitivity"
    asked = ("--method", "morris", "--samples", "4", "--output", folder)
    result = command("sensitivity", PROJECT, *asked)
    assert result.code == 0, result.error
    rows = table(folder / "sensitivity.csv")
    first = next(row for row in rows if row["measure"] == "population")
    assert first["parameter"] == "qpv.factor"
    assert (folder / "sensitivity.png").stat().st_size > 10_000
