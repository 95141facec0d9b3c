"""The tile readers on real files: totals, places and communes that are known from elsewhere."""

import csv

import numpy as np
import pytest

from zonage.errors import BadInput
from zonage.sources.insee import describe, read_tiles


@pytest.fixture(scope="module")
def lille(shared):
    return read_tiles(shared / "tiles/carreaux_200m_lille_2019.csv")


def test_lille_2019_totals_are_exact(lille):
    assert (len(lille), lille.vintage, lille.crs, lille.resolution) == (8356, 2019, 3035, 200)
    assert lille.total("population") == 1_037_668.5
    assert lille.total("households") == 448_702.3
    assert lille.total("poor_households") == 81_347.5
    assert lille.total("income_sum") == 23_469_878_376.8
    assert lille.total("social_dwellings") == 112_667.5
    assert lille.grid().bounds == (3814400, 3075200, 3845800, 3098000)


def test_lille_agrees_with_the_two_kilometre_sums_of_a_separate_layer(lille, shared):
    with (shared / "tiles/roubaix_tourcoing_2km_control_sums_2019.csv").open() as file:
        control = list(csv.DictReader(file))
    assert len(control) > 5
    for cell in control:
        easting, northing = int(cell["E"]), int(cell["N"])
        inside = (lille.easting // 10 == easting // 2000) & (
            lille.northing // 10 == northing // 2000
        )
        part = lille.take(inside)
        assert part.total("population") == float(cell["ind"])
        assert part.total("income_sum") == pytest.approx(float(cell["ind_snv"]), abs=0.1)
        assert int(np.sum(part.imputed)) == int(cell["n_imputed"])


def test_a_part_of_lille_is_what_the_whole_says_it_is(lille, shared):
    path = shared / "tiles/carreaux_200m_lille_2019.csv"
    roubaix = read_tiles(path, communes=["59512"])
    mask = lille.commune.decode() == "59512"
    assert roubaix.total("population") == lille.take(mask).total("population")
    assert len(roubaix) == mask.sum() > 200
    # Filosofi 2019 by commune (NBPERSMENFISC19, NBMENFISC19); tiles here go by their centre.
    assert roubaix.total("population") == pytest.approx(88_693, rel=0.01)
    assert roubaix.total("households") == pytest.approx(33_912, rel=0.01)
    box = read_tiles(path, bbox=(3836000, 3084000, 3838000, 3086000))
    assert box.total("population") == 17_839.0


def test_lille_2021_has_fewer_columns(shared):
    tiles = read_tiles(shared / "tiles/carreaux_200m_lille_2021.csv")
    assert (len(tiles), tiles.vintage) == (8349, 2021)
    assert tiles.total("population") == 1_028_002.0
    assert set(tiles.counts) == {"population", "income_sum"}


def test_albi_geojson(shared):
    path = shared / "tiles/albi_carreaux_200m.geojson"
    tiles = read_tiles(path)
    assert (len(tiles), tiles.crs, tiles.vintage) == (897, 3035, None)
    assert tiles.total("population") == 46_561.5
    assert "81004" in tiles.commune.labels  # Albi
    assert all(label.startswith("81") for label in tiles.commune.labels)
    assert read_tiles(path, vintage=2021).vintage == 2021
    ages = read_tiles(path, variables=["age_0_3", "age_80_plus", "population"])
    assert list(ages.counts) == ["age_0_3", "age_80_plus", "population"]


def test_hauts_de_seine_lies_about_its_crs_and_is_read_at_the_right_place(shared):
    from pyproj import Transformer

    tiles = read_tiles(shared / "tiles/hautsdeseine4_carreaux_geo.geojson")
    assert (len(tiles), tiles.crs) == (504, 3035)
    assert tiles.total("population") == 154_148.0
    to_degrees = Transformer.from_crs(tiles.crs, 4326, always_xy=True)
    west, south, east, north = tiles.grid().bounds
    longitude, latitude = to_degrees.transform((west + east) / 2, (south + north) / 2)
    assert 2.1 < longitude < 2.4  # Antony, Bourg-la-Reine, south of Paris
    assert 48.7 < latitude < 48.9
    assert {"92002", "91377"} <= set(tiles.commune.labels)


def test_layout_of_2015(shared):
    path = shared / "tiles/layout_2015_sample.csv"
    tiles = read_tiles(path)
    assert (len(tiles), tiles.vintage) == (97, 2015)
    assert "33449" in tiles.commune.labels
    assert 0 < tiles.imputed.sum() < 97
    assert describe(path).missing == ()
    with pytest.raises(BadInput, match="not of the given vintage"):
        read_tiles(path, vintage=2019)


def test_reunion_2010_by_tile_centres(shared):
    path = shared / "tiles/reunion_200m_rfl2010.csv"
    with pytest.raises(BadInput, match="CRS"):
        read_tiles(path)
    tiles = read_tiles(path, crs=2975)
    assert (len(tiles), tiles.crs, tiles.vintage) == (14_076, 2975, 2010)
    assert round(tiles.total("households")) == 272_641
    assert round(tiles.total("poor_households")) == 85_910


@pytest.mark.parametrize(
    "name",
    [
        "tiles/francepixels_sample1000_2015_2017.csv",
        "tiles/nord_hors_mel_200m_population_2015_2017_2019.csv",
        "tiles/roubaix_tourcoing_2km_control_sums_2019.csv",
        "income/communes/cc_filosofi_2021_COM.csv",
    ],
)
def test_other_tables_are_refused_by_name_of_their_columns(shared, name):
    with pytest.raises(BadInput, match="no layout"):
        read_tiles(shared / name)
    assert len(describe(shared / name).problems) == 1
