"""Probabilities on the core of the MEL, held against the official outlines of 2024."""

from pathlib import Path

import numpy as np
import pytest

from zonage.pipeline import run
from zonage.project import read_project
from zonage.scenarios.uncertainty import imputation_groups, monte_carlo, reliability

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo" / "project.toml"


@pytest.fixture(scope="module")
def demo():
    return run(read_project(DEMO))


@pytest.fixture(scope="module")
def found(demo):
    return monte_carlo(demo.zoning, draws=200)


def test_totals_lie_around_the_base(found):
    for name, row in found.intervals.items():
        assert row["p05"] < row["p50"] < row["p95"], name
        assert row["p05"] <= row["base"] <= row["p95"], name
        assert 0.01 < row["standard_deviation"] / row["mean"] < 0.2, name


def test_large_quarters_are_sure_and_some_small_ones_are_not(found):
    population = np.array(found.table["population"])
    assert (found.quarter_probability[population > 10_000] > 0.99).all()
    assert found.quarter_probability.min() < 0.9
    assert found.quarter_probability.max() == 1


def test_probabilities_say_more_than_the_zoning_but_are_too_sure(demo, found):
    scores = reliability(
        found.probability,
        demo.comparison.official,
        demo.zoning.tiles.count("population"),
        zoning=demo.zoning.inside,
    )
    assert scores.brier < scores.brier_zoning < scores.brier_constant
    surest = scores.bins[-1]
    assert 0.8 < surest.observed < surest.predicted
    never = scores.bins[0]
    assert never.predicted < never.observed < 0.05


def test_imputed_tiles_form_groups_of_at_least_eleven_households(demo):
    """INSEE groups tiles until they have 11 households; a few groups leave the block."""
    tiles = demo.zoning.tiles
    group = imputation_groups(tiles)
    households = np.bincount(group, tiles.values("households"))
    imputed = np.unique(group[tiles.imputed])
    assert 500 < len(imputed) < 530
    # Households of a tile are published to a tenth.
    assert (households[imputed] > 10.5).mean() > 0.95
