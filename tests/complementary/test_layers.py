import pickle

import numpy as np
import pytest

from zonage.complementary.layers import INDICATORS, Indicator, Layer, first_known, to_dataset
from zonage.errors import BadInput
from zonage.raster import grid_of
from zonage.tiles import Tiles

SHARE = INDICATORS["social_housing_share"]
TITLES = {"en": "Noise", "fr": "Bruit"}


def tiles_at(*places, **values):
    northing, easting = np.array(places).T
    columns = {name: np.asarray(column, np.float64) for name, column in values.items()}
    return Tiles.from_columns(northing, easting, columns, vintage=2019, source="drawn")


def test_every_indicator_is_whole_and_has_a_family():
    families = {indicator.family for indicator in INDICATORS.values()}
    assert families == {"income", "schools", "housing", "border"}
    for name, indicator in INDICATORS.items():
        assert name == indicator.name
        assert indicator.note
        assert indicator.label["en"] != indicator.label["fr"]
        assert pickle.loads(pickle.dumps(indicator)) == indicator


def test_the_fragile_end_of_each_indicator():
    low = {name for name, one in INDICATORS.items() if one.direction == "low"}
    assert low == {
        "income_median", "school_ips_college", "school_ips_college_deviation",
        "school_ips_ecole", "school_ips_ecole_deviation", "school_spread_college",
        "quarter_distance",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"name": "Noise at night"}, "name"),
        ({"name": ""}, "name"),
        ({"label": {"en": "Noise"}}, "label"),
        ({"label": {"en": "Noise", "fr": " "}}, "label"),
        ({"unit": ""}, "unit"),
        ({"direction": "up"}, "direction"),
        ({"missing": "zero"}, "missing"),
    ],
)
def test_an_indicator_that_cannot_be_is_refused(wrong, key):
    good = {
        "name": "noise", "label": TITLES, "unit": "dB", "direction": "high", "missing": "ignore",
        "family": "user",
    }  # fmt: skip
    assert Indicator(**good).label == TITLES
    with pytest.raises(BadInput, match=rf"indicator\..*{key}"):
        Indicator(**(good | wrong))


def test_coverage_counts_inhabitants_not_tiles():
    layer = Layer(SHARE, np.array([0.1, np.nan, 0.0]), "drawn", "drawn")
    assert layer.known.tolist() == [True, False, True]
    assert layer.coverage(np.array([100, 700, 200])) == 0.3
    assert layer.coverage(np.zeros(3, np.int64)) == 0.0


def test_gaps_are_filled_by_the_first_that_knows_and_said_by_inhabitants():
    nan = np.nan
    sector = Layer(SHARE, np.array([1.0, nan, nan, nan]), "a.csv", "by sector", ("one", "both"))
    around = Layer(SHARE, np.array([2.0, 2.0, nan, nan]), "b.csv", "around", ("both", "two"))
    idle = Layer(SHARE, np.array([3.0, 3.0, nan, nan]), "c.csv", "idle", ("three",))
    people = np.array([500, 300, 200, 0])
    filled = first_known(sector, around, idle, population=people)
    assert filled.value[:2].tolist() == [1.0, 2.0]
    assert np.isnan(filled.value[2:]).all()
    assert filled.how == "50.0 % of inhabitants: by sector; else 30.0 % of inhabitants: around"
    assert (filled.source, filled.notes) == ("a.csv; b.csv", ("one", "both", "two", "three"))
    assert np.isnan(sector.value[1])
    other = Layer(INDICATORS["quarter_distance"], np.zeros(4), "", "")
    with pytest.raises(ValueError, match="cannot fill"):
        first_known(sector, other, population=people)


def test_a_dataset_holds_each_layer_with_its_gaps_and_where_it_comes_from():
    tiles = tiles_at((9, 3), (8, 5), population=[30, 10])
    layers = [
        Layer(SHARE, np.array([0.5, np.nan]), "a.csv", "counted", ("one", "two")),
        Layer(INDICATORS["quarter_distance"], np.array([0.0, 447.2]), "b.gpkg", "exact"),
    ]
    dataset = to_dataset(layers, tiles)
    assert grid_of(dataset) == tiles.grid()
    nan = np.nan
    np.testing.assert_array_equal(
        dataset["social_housing_share"], [[0.5, nan, nan], [nan, nan, nan]]
    )
    np.testing.assert_array_equal(dataset["quarter_distance"], [[0.0, nan, nan], [nan, nan, 447.2]])
    attributes = dataset["social_housing_share"].attrs
    assert attributes["units"] == "1"
    assert attributes["long_name"] == SHARE.label["en"]
    assert attributes["long_name_fr"] == SHARE.label["fr"]
    assert (attributes["source"], attributes["how"]) == ("a.csv", "counted")
    assert attributes["notes"] == "one; two"
    assert (attributes["fragile"], attributes["missing"]) == ("high", "absent")
    assert attributes["coverage"] == 0.75
    assert dataset["quarter_distance"].attrs["units"] == "m"


def test_a_dataset_survives_a_file(tmp_path):
    import xarray as xr

    tiles = tiles_at((9, 3), (8, 5), population=[30, 10])
    layer = Layer(SHARE, np.array([0.5, np.nan]), "a.csv", "counted")
    to_dataset([layer], tiles).to_netcdf(tmp_path / "layers.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "layers.nc", engine="h5netcdf") as read:
        assert read["social_housing_share"].attrs["long_name_fr"] == SHARE.label["fr"]
        assert np.isnan(read["social_housing_share"].values).sum() == 5


def test_layers_of_other_tiles_or_twice_are_refused():
    tiles = tiles_at((9, 3), (8, 5))
    layer = Layer(SHARE, np.zeros(2), "", "")
    with pytest.raises(BadInput, match="two layers of one indicator"):
        to_dataset([layer, layer], tiles)
    with pytest.raises(BadInput, match="not of these tiles"):
        to_dataset([Layer(SHARE, np.zeros(3), "", "")], tiles)
