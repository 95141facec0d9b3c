"""Schools, sectors and IRIS of the MEL against published counts and means."""

import csv

import numpy as np
import pytest
import shapely

from zonage.errors import BadInput
from zonage.sources.insee import read_tiles
from zonage.sources.layers import polygon_shares, read_polygons
from zonage.sources.schools import merge, place_by_commune, read_schools

POINTS = ("CollgeREPREP_3.geojson", "CollgeLycehorsREP_2.geojson")
ROUBAIX = "59512"


@pytest.fixture(scope="module")
def mel(shared):
    with (shared / "mel" / "LISTE_COMMUNES_MEL.csv").open(encoding="utf-8") as file:
        return {row["INSEE_COM"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def ecoles(shared, mel):
    return read_schools(shared / "schools" / "fr-en-ips-ecoles-ap2022.csv", communes=mel)


@pytest.fixture(scope="module")
def colleges(shared, mel):
    return read_schools(shared / "schools" / "fr-en-ips-colleges-ap2022.csv", communes=mel)


def of_roubaix(schools):
    return schools.select([commune == ROUBAIX for commune in schools.commune])


def test_schools_of_the_mel(ecoles, colleges):
    assert len(ecoles) == 436
    assert len(colleges) == 116
    assert set(ecoles.level) == {"ecole"}
    assert set(colleges.level) == {"college"}
    assert ecoles.year == colleges.year == "2022-2023"
    assert ecoles.without_ips == colleges.without_ips == ()
    assert len(merge(ecoles, colleges).unplaced) == 552


def test_index_of_roubaix_is_near_that_of_other_years(ecoles, colleges):
    # Published for Roubaix: écoles 79.6 (2024-2025), 62.9 to 148.1 with the collèges;
    # collèges 80.6 (2025-2026), 63.3 to 149.2. Differences of 3 points mean nothing (DEPP).
    assert of_roubaix(ecoles).ips.mean() == pytest.approx(79.6, abs=3)
    assert of_roubaix(colleges).ips.mean() == pytest.approx(80.6, abs=3)
    for schools in (ecoles, colleges):
        assert of_roubaix(schools).ips.min() == pytest.approx(63, abs=3)
        assert of_roubaix(schools).ips.max() == pytest.approx(148, abs=7)


def test_whole_france(shared):
    for name, count, mean in (("ecoles", 30_059, 105.8), ("colleges", 6_973, 106.2)):
        schools = read_schools(shared / "schools" / f"fr-en-ips-{name}-ap2022.csv")
        assert len(schools) == count
        assert schools.ips.mean() == pytest.approx(mean, abs=3)  # means of two and three years on


def test_places_of_colleges(shared, mel):
    files = [shared / "schools" / name for name in POINTS]
    path = shared / "schools" / "fr-en-ips-colleges-ap2022.csv"
    placed = [
        int(read_schools(path, communes=mel, positions=chosen).placed.sum())
        for chosen in ([files[0]], [files[1]], files)
    ]
    assert placed == [27, 46, 73]
    local = shared / "mel" / "IPS_COLLEGES_MEL.csv"
    colleges = read_schools(path, communes=mel, positions=[*files, local])
    assert colleges.placed.all()
    # Two collèges are kilometres apart in the two sources: Mouvaux, put in Bondues by one, and
    # Wavrin.
    assert [note[:8] for note in colleges.notes] == ["0594527A", "0593475G"]


def test_file_of_the_mel_is_of_another_year_and_has_a_school_twice(shared):
    path = shared / "mel" / "IPS_COLLEGES_MEL.csv"
    with pytest.raises(BadInput, match="say it with year="):
        read_schools(path)
    with pytest.raises(BadInput, match="0596846W, also in row 44"):
        read_schools(path, year="2021-2022")


def test_ecoles_at_the_centre_of_their_commune(shared, ecoles):
    communes = read_polygons(
        shared / "communes" / "communes-59-nord.geojson", [], code="code", name="nom"
    )
    centres = shapely.get_coordinates(shapely.centroid(communes.geometry)).tolist()
    placed = place_by_commune(ecoles, dict(zip(communes.code, map(tuple, centres), strict=True)))
    assert placed.placed.all()
    assert placed.approximate.all()


def test_sectors_of_colleges(shared):
    sectors = read_polygons(
        shared / "mel" / "SECTEURS_COLLEGES_MEL_PROFILS_SOCIAUX_2019.geojson",
        ["IPS", "%_LOGSOCIAL"],
        code="codeuai",
        name="NOM_COLLEGE",
        crs=3035,
    )
    assert len(sectors) == 75
    assert sectors.repaired == ("0594638W: the outline was not valid",)
    assert np.isnan(sectors.values["IPS"]).sum() == 3
    tiles = read_tiles(shared / "tiles" / "carreaux_200m_lille_2019.csv")
    tile, polygon, share = polygon_shares(sectors, tiles)
    inside = np.minimum(np.bincount(tile, weights=share, minlength=len(tiles)), 1)
    assert inside @ tiles.values("population") > 0.99 * tiles.total("population")
    assert len(set(polygon.tolist())) == 72  # three lie south of the block


def test_iris_of_the_mel(shared):
    path = shared / "mel" / "IRIS_MEL_PROFILS_SOCIAUX_2019.geojson"
    apart = read_polygons(path, ["%_LOGSOCIAL", "P19_POP"], code="CODE_IRIS", name="NOM_IRIS")
    assert len(apart) == 526
    # Nine IRIS come in two rows, with one outline and other families.
    assert len(apart.repaired) == 9
    iris = read_polygons(
        path,
        ["%_LOGSOCIAL", "P19_POP"],
        code="CODE_IRIS",
        name="NOM_IRIS",
        weight="NB_FOYERS_COLLEGIENS",
    )
    assert len(iris) == len(set(iris.code)) == 517
    assert np.isnan(iris.values["%_LOGSOCIAL"]).sum() == 9
    # 1 174 273 inhabitants in 2018 (INSEE).
    assert iris.values["P19_POP"].sum() == pytest.approx(1_174_273, rel=0.01)
    trichon = iris.values["%_LOGSOCIAL"][iris.code.index("595120504")]
    assert trichon == pytest.approx((18 * 38.888889 + 85 * 49.411765) / 103)


def test_rates_by_iris_and_counts_by_tile_agree_in_rank(shared):
    """They differ in level: families with a child at collège are not all households."""
    iris = read_polygons(
        shared / "mel" / "IRIS_MEL_PROFILS_SOCIAUX_2019.geojson",
        ["%_LOGSOCIAL"],
        code="CODE_IRIS",
        weight="NB_FOYERS_COLLEGIENS",
    )
    tiles = read_tiles(
        shared / "tiles" / "carreaux_200m_lille_2019.csv",
        variables=["households", "social_dwellings"],
    )
    tile, polygon, share = polygon_shares(iris, tiles)
    social, households = (
        np.bincount(polygon, weights=share * tiles.values(name)[tile], minlength=len(iris))
        for name in ("social_dwellings", "households")
    )
    rate = iris.values["%_LOGSOCIAL"]
    known = (households > 200) & np.isfinite(rate)
    assert known.sum() == 460
    assert np.corrcoef(social[known] / households[known], rate[known])[0, 1] > 0.8
