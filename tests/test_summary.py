"""The figures of a run, against the tables that they sum up."""

import json

import numpy as np
import polars as pl
import pytest

from tests.projects import DEMO, demo_run, small_run
from zonage.outputs import tile_frame
from zonage.summary import main_unit, summarise


@pytest.fixture(scope="module")
def run():
    return demo_run()


@pytest.fixture(scope="module")
def summary(run):
    return summarise(run)


@pytest.fixture(scope="module")
def tiles(run):
    """The tiles as published, with what the run found for each."""
    given = pl.read_csv(DEMO / "tiles_2019.csv", schema_overrides={"lcog_geo": pl.String})
    found = tile_frame(run).select("id", "zone", "reason", "official_share", "urban_unit")
    return given.join(found, left_on="idcar_200m", right_on="id", validate="1:1")


def test_the_territory_is_that_of_the_published_tiles(summary):
    territory = summary["territory"]
    assert territory["tiles"] == 8356
    assert territory["population"] == 1_037_668.5
    assert territory["households"] == 448_702.3
    assert territory["poor_households"] == 81_347.5
    assert territory["income_sum"] == 23_469_878_376.8
    assert territory["poor_household_share"] == pytest.approx(0.181, abs=5e-4)
    assert territory["communes_touched"] == 83


def test_the_contract_s_figures_of_the_official_quarters(summary):
    official = summary["official"]
    assert official["quarters"] == 25
    assert official["population_share"] == pytest.approx(0.193, abs=5e-4)
    assert official["vintage"] == 2024


@pytest.mark.parametrize("side", ["territory", "computed", "official", "official_by_area"])
def test_each_side_sums_its_tiles(summary, tiles, side):
    weight = {
        "territory": pl.lit(1.0),
        "computed": (pl.col("zone") > 0).cast(pl.Float64),
        "official": (pl.col("official_share") >= 0.5).cast(pl.Float64),
        "official_by_area": pl.col("official_share"),
    }[side]
    columns = {
        "population": "ind",
        "households": "men",
        "poor_households": "men_pauv",
        "income_sum": "ind_snv",
        "social_dwellings": "log_soc",
    }
    sums = tiles.select(
        tiles=weight.sum() if side != "territory" else pl.len().cast(pl.Float64),
        imputed=(weight * pl.col("ind") * pl.col("i_est_200")).sum(),
        **{name: (weight * pl.col(column)).sum() for name, column in columns.items()},
    ).row(0, named=True)
    figures = summary[side]
    for name in (*columns, "tiles"):
        assert figures[name] == pytest.approx(sums[name], rel=1e-9), name
    assert figures["income_mean"] == pytest.approx(sums["income_sum"] / sums["population"])
    assert figures["imputed_share"] == pytest.approx(sums["imputed"] / sums["population"])
    poor = sums["poor_households"] / sums["households"]
    assert figures["poor_household_share"] == pytest.approx(poor)
    if side != "territory":
        assert figures["area_km2"] == pytest.approx(0.04 * sums["tiles"])
        share = sums["population"] / tiles["ind"].sum()
        assert figures["population_share"] == pytest.approx(share)


def test_communes_touched_are_those_of_the_inhabited_tiles(summary, tiles):
    inside = tiles.filter((pl.col("zone") > 0) & (pl.col("ind") > 0))
    communes = inside["lcog_geo"].str.slice(0, 5).n_unique()
    assert summary["computed"]["communes_touched"] == communes


def test_the_zones_add_up_to_the_computed_side(run, summary):
    table = run.zoning.table
    assert summary["computed"]["quarters"] == len(table["zone"])
    for name in ("population", "households", "poor_households", "social_dwellings", "tiles"):
        assert sum(table[name]) == pytest.approx(summary["computed"][name])
    assert sum(table["area_km2"]) == pytest.approx(summary["computed"]["area_km2"])


def test_the_agreement_is_that_of_the_tiles(summary, tiles):
    inside, official = pl.col("zone") > 0, pl.col("official_share") >= 0.5
    computed, named, both = tiles.select(
        pl.col("ind").filter(inside).sum().alias("computed"),
        pl.col("ind").filter(official).sum().alias("official"),
        pl.col("ind").filter(inside & official).sum().alias("both"),
    ).row(0)
    found = summary["agreement"]["majority"]
    assert found["f1"] == pytest.approx(2 * both / (computed + named))
    assert found["precision"] == pytest.approx(both / computed)
    assert found["recall"] == pytest.approx(both / named)
    assert found["iou"] == pytest.approx(both / (computed + named - both))


def test_the_reasons_share_out_all_tiles_and_inhabitants(summary):
    reasons = summary["tiles_by_reason"].values()
    assert sum(reason["tiles"] for reason in reasons) == 8356
    assert sum(reason["population"] for reason in reasons) == pytest.approx(1_037_668.5)
    assert all(reason["text"] for reason in reasons)


def test_the_statuses_count_every_official_quarter(run, summary):
    assert sum(summary["quarters"]["statuses"].values()) == 25
    alone = {zone.zone for zone in run.comparison.zones if not zone.codes}
    assert set(summary["quarters"]["zones_without_counterpart"]) == alone


def test_the_line_of_lille_is_the_law_s(summary):
    (lille,) = (unit for unit in summary["lines"] if unit["urban_unit"] == "59702")
    assert lille["legal_threshold"] == 12_800
    assert lille["concept"] == "declared"
    assert lille["basis"] == "legal"
    assert lille["qualifies"]
    assert summary["law"]["line"] == "legal"
    assert sum(unit["inhabitants_here"] for unit in summary["lines"]) == 1_037_668.5


def test_the_main_unit_is_that_of_most_inhabitants(run):
    assert main_unit(run.zoning).legal.unit == "59702"


def test_the_calibrated_line_stands_beside_the_legal_one(run, summary):
    found = summary["calibration"]
    assert found["best_above"] < found["line"] <= found["best_up_to"]
    assert found["agreement"]["f1"] == pytest.approx(run.calibration.f1.max())
    at_the_legal_line = found["at_the_line_used"]["15546"]
    assert at_the_legal_line["f1"] <= found["agreement"]["f1"]
    assert found["options_left_out"] == list(run.calibration.left_out)


def test_a_given_line_and_a_reform_are_said_to_be_neither_law(tmp_path):
    given = summarise(small_run(tmp_path, line=16_000.0))
    assert given["law"]["line"] == "calibrated"
    assert {unit["basis"] for unit in given["lines"] if unit["threshold"]} == {"calibrated"}
    reformed = summarise(small_run(tmp_path, law={"reform": {"min_population": 800}}))
    assert reformed["law"]["reforms"] == {"qpv.min_population": 800}
    assert reformed["law"]["min_population"] == 800


def test_without_outlines_there_is_no_official_side(tmp_path):
    summary = summarise(small_run(tmp_path))
    assert not {"official", "agreement", "quarters", "calibration"} & set(summary)


def test_tiles_without_households_have_no_poverty_figures(tmp_path):
    lines = (DEMO / "tiles_2019.csv").read_text().splitlines()
    columns = [
        lines[0].split(",").index(name) for name in ("idcar_200m", "lcog_geo", "ind", "ind_snv")
    ]
    cut = "\n".join(",".join(line.split(",")[column] for column in columns) for line in lines)
    (tmp_path / "cut.csv").write_text(cut)
    summary = summarise(small_run(tmp_path, tiles={"path": str(tmp_path / "cut.csv")}))
    assert summary["territory"]["poor_household_share"] is None
    assert "imputed_share" not in summary["territory"]
    assert "poor_person_share_estimated" not in summary["territory"]
    assert summary["territory"]["population"] == 1_037_668.5


def test_the_figures_are_plain_values(summary):
    def check(value):
        if isinstance(value, dict):
            for key, item in value.items():
                assert type(key) is str
                check(item)
        elif isinstance(value, list):
            for item in value:
                check(item)
        else:
            assert value is None or type(value) in (bool, int, float, str), repr(value)
            assert not isinstance(value, np.generic)

    check(summary)
    json.dumps(summary, allow_nan=False)
