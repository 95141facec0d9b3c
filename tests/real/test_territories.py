"""Communes and urban units of the north against published counts."""

import csv

import numpy as np
import pytest

from zonage.sources.insee import read_tiles
from zonage.sources.perimeters import read_perimeters
from zonage.sources.tables import data_folder
from zonage.sources.territories import read_territories
from zonage.tiles import Codes


@pytest.fixture(scope="module")
def territories(shared):
    folder = shared / "communes"
    return read_territories(
        folder / "decoupage-administratif" / "communes.json",
        epci=folder / "decoupage-administratif" / "epci.json",
        urban_units=folder / "UU2020_au_01-01-2021.xlsx",
        outlines=folder / "communes-59-nord.geojson",
    )


def test_the_mel(territories, shared):
    with open(shared / "mel" / "LISTE_COMMUNES_MEL.csv", encoding="utf-8", newline="") as stream:
        official = sorted(row["INSEE_COM"] for row in csv.DictReader(stream))
    mel = territories.communes_of(epci="200093201")
    assert list(mel) == official
    assert len(mel) == 95
    units = [territories.communes[code].urban_unit for code in mel]
    # Thirteen parts: twelve urban units, and seven communes in none.
    assert len(set(units)) == 13
    assert units.count("") == 7
    assert units.count("59702") == 59


def test_the_unit_of_lille(territories):
    assert len(territories.communes_of(urban_unit="59702")) == 60
    assert territories.unit_names["59702"] == "Lille (partie française)"
    # INSEE's census: 1 053 636 in 2020, 1 058 474 in 2021.
    assert territories.unit_populations["59702"] == pytest.approx(1_058_474, rel=0.01)
    assert len(territories.unit_names) == 2467
    assert set(territories.urban_unit_of.values()) == set(territories.unit_names)


def test_arrondissements_belong_to_the_unit_of_paris(territories):
    assert {territories.urban_unit_of[f"751{number:02}"] for number in range(1, 21)} == {"00851"}


def test_the_nord(shared):
    nord = read_perimeters(
        shared / "communes" / "communes-59-nord.geojson", code="code", name="nom"
    )
    assert len(nord) == 648
    assert nord.areas_km2.sum() == pytest.approx(5743, rel=0.005)  # INSEE, surface of the Nord


def test_tiles_are_located_by_their_centre(territories, shared):
    """The commune written beside each tile was found by its centre: so is ours."""
    tiles = read_tiles(shared / "tiles" / "carreaux_200m_lille_2019.csv")
    unknown = tiles.located(commune=Codes(np.full(len(tiles), -1, np.int32), ()))
    located = territories.locate(unknown)
    written = dict(zip(tiles.ids.to_pylist(), tiles.commune.decode(), strict=True))
    codes = located.commune.decode()
    inside = codes != ""
    assert np.count_nonzero(inside) == 8201  # the others lie beyond the Nord
    expected = np.array([written[tile] for tile in located.ids.to_pylist()])
    np.testing.assert_array_equal(codes[inside], expected[inside])


def test_the_table_of_the_demo_says_the_same(territories):
    demo = read_territories(data_folder("demo") / "communes.csv")
    assert len(demo.communes_of(epci="200093201")) == 95
    assert len(demo.communes) == 97
    for code, commune in demo.communes.items():
        assert commune == territories.communes[code]
    assert {unit: territories.unit_names[unit] for unit in demo.unit_names} == demo.unit_names
