"""Indicators on the Lille block of 2019 against hand arithmetic and published figures."""

import csv
import math

import numpy as np
import pytest
from scipy import ndimage

from zonage.complementary.border import distances
from zonage.complementary.housing import social_housing_of_polygons, social_housing_of_tiles
from zonage.complementary.income import very_low_income
from zonage.complementary.resampling import shares_of
from zonage.complementary.school_areas import schools_of_communes, schools_of_sectors
from zonage.complementary.school_mix import school_mix
from zonage.complementary.schools import Surroundings, mean_ips, schools_around
from zonage.income import estimate
from zonage.raster import coverage
from zonage.sources.income_tables import income_model
from zonage.sources.insee import read_tiles
from zonage.sources.layers import read_polygons
from zonage.sources.perimeters import read_perimeters
from zonage.sources.schools import merge, read_schools


@pytest.fixture(scope="module")
def tiles(shared):
    return read_tiles(shared / "tiles" / "carreaux_200m_lille_2019.csv")


@pytest.fixture(scope="module")
def mel(shared):
    with open(shared / "mel" / "LISTE_COMMUNES_MEL.csv", encoding="utf-8-sig") as file:
        return {row["INSEE_COM"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def schools(shared, mel):
    positions = [
        shared / "mel" / "IPS_COLLEGES_MEL.csv",
        shared / "schools" / "CollgeREPREP_3.geojson",
        shared / "schools" / "CollgeLycehorsREP_2.geojson",
    ]
    folder = shared / "schools"
    return merge(
        read_schools(folder / "fr-en-ips-colleges-ap2022.csv", positions=positions, communes=mel),
        read_schools(folder / "fr-en-ips-ecoles-ap2022.csv", communes=mel),
    )


@pytest.fixture(scope="module")
def sectors(shared):
    path = shared / "mel" / "SECTEURS_COLLEGES_MEL_PROFILS_SOCIAUX_2019.geojson"
    return read_polygons(path, ["IPS"], code="codeuai", name="NOM_COLLEGE", crs=3035)


@pytest.fixture(scope="module")
def iris(shared):
    return read_polygons(
        shared / "mel" / "IRIS_MEL_PROFILS_SOCIAUX_2019.geojson",
        ["%_LOGSOCIAL", "P19_POP", "NB_FOYERS_COLLEGIENS"],
        code="CODE_IRIS",
        weight="NB_FOYERS_COLLEGIENS",
        crs=3035,
    )


def correlation(one, other, weight):
    return np.cov(one, other, aweights=weight)[0, 1] / math.sqrt(
        np.cov(one, aweights=weight) * np.cov(other, aweights=weight)
    )


# ---- Schools ------------------------------------------------------------------------------------

# Pupils, index and metres from the tile's centre of the five nearest public collèges, and by hand
# pupils x exp(-(metres / 700)^2 / 2), that times the index, and the mean.
BY_HAND = [
    # The most inhabited tile of Roubaix with a school in reach:
    #   Boris Vian        316.8 x 93.8 = 29 713
    #   Sévigné           184.3 x 68.3 = 12 588
    #   Baudelaire        112.4 x 80.6 =  9 060
    #   Anne Frank         49.6 x 64.6 =  3 203
    #   Lebas              13.4 x 64.6 =    863    55 427 / 676.4 = 81.94
    (
        "CRS3035RES200mN3086400E3838200",
        [(532, 93.8, 712.8), (372, 68.3, 829.6), (366, 80.6, 1075.6), (436, 64.6, 1459.6),
         (470, 64.6, 1868.1)],
        81.94,
    ),
    # Of Lille:
    #   Desrumaux         363.5 x 90.7 = 32 973
    #   Boris Vian        142.9 x 85.8 = 12 262
    #   Carnot            155.0 x 125.6 = 19 470
    #   Franklin           87.8 x 104.9 =  9 214
    #   Descartes          21.0 x 99.1 =  2 083    76 002 / 770.3 = 98.66
    (
        "CRS3035RES200mN3081400E3832400",
        [(381, 90.7, 214.4), (471, 85.8, 1081.1), (670, 125.6, 1197.7), (481, 104.9, 1290.9),
         (398, 99.1, 1697.7)],
        98.66,
    ),
    # Of La Madeleine:
    #   Yvonne Abbas      381.3 x 92.3 = 35 191
    #   Carnot            128.3 x 125.6 = 16 116
    #   Jean Moulin        23.0 x 116.1 =  2 674
    #   Desrumaux          19.5 x 90.7 =  1 771
    #   École européenne    8.6 x 149.6 =  1 291   57 043 / 560.8 = 101.72
    (
        "CRS3035RES200mN3083000E3831600",
        [(442, 92.3, 380.6), (670, 125.6, 1272.7), (433, 116.1, 1695.6), (381, 90.7, 1706.4),
         (180, 149.6, 1725.4)],
        101.72,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("tile", "near", "mean"), BY_HAND)
def test_index_of_collèges_around_three_tiles_by_hand(tiles, schools, tile, near, mean):
    layer = schools_around(tiles, schools, "college", Surroundings(5, 3000.0, 700.0))
    weights = [pupils * math.exp(-((metres / 700) ** 2) / 2) for pupils, _, metres in near]
    sums = sum(weight * ips for weight, (_, ips, _) in zip(weights, near, strict=True))
    assert sums / sum(weights) == pytest.approx(mean, abs=0.005)
    assert layer.value[tiles.ids.to_pylist().index(tile)] == pytest.approx(mean, abs=0.01)


def test_collèges_by_catchment_and_écoles_by_commune_reach_nearly_everybody(
    tiles, schools, sectors, mel
):
    layers = school_mix(tiles, schools, sectors={"college": sectors}, metropolis=mel)
    population = tiles.count("population")
    shares = {layer.indicator.name: layer.coverage(population) for layer in layers}
    assert shares == pytest.approx(
        {
            "school_ips_college": 0.994,
            "school_ips_college_deviation": 0.994,
            "school_contrast_college": 0.939,
            "school_spread_college": 0.950,
            "school_ips_ecole": 0.987,
            "school_ips_ecole_deviation": 0.987,
        },
        abs=0.001,
    )
    by_name = {layer.indicator.name: layer for layer in layers}
    assert any("301 of 301 écoles" in note for note in by_name["school_ips_ecole"].notes)
    catchments = "3 of 75 catchments without an index: 0590057S Collège Paul Eluard"
    assert any(note.startswith(catchments) for note in by_name["school_ips_college"].notes)


def test_écoles_of_roubaix_are_near_the_published_mean(tiles, schools):
    """79.6 in 2024-2025, private ones among them."""
    mean = mean_ips(schools, "ecole", ["59512"])
    assert mean == pytest.approx(79.6, abs=3)
    layer = schools_of_communes(tiles, schools, "ecole", private=True)
    roubaix = tiles.commune.decode() == "59512"
    assert layer.value[roubaix].tolist() == pytest.approx([mean] * int(roubaix.sum()))


def test_public_collèges_around_come_near_to_catchments_and_private_ones_do_not(
    tiles, schools, sectors
):
    """What the default of `SURROUNDINGS` rests on."""
    sector = schools_of_sectors(tiles, sectors, "college", schools=schools)
    people = tiles.values("population")

    def error(bandwidth, private=False):
        near = Surroundings(5, 3000.0, bandwidth)
        layer = schools_around(tiles, schools, "college", near, private=private)
        known = layer.known & sector.known
        apart = (layer.value - sector.value)[known]
        weight = people[known]
        return np.average(apart, weights=weight), np.average(apart**2, weights=weight) ** 0.5

    errors = {bandwidth: error(bandwidth)[1] for bandwidth in (300.0, 500.0, 700.0, 1000.0, 2000.0)}
    assert min(errors, key=errors.get) == 700.0
    assert errors[700.0] == pytest.approx(7.3, abs=0.1)
    assert error(700.0)[0] == pytest.approx(-0.2, abs=0.1)
    assert error(700.0, private=True)[0] == pytest.approx(9.1, abs=0.1)


def test_catchments_by_their_code_and_by_their_own_column_agree(tiles, schools, sectors):
    """The column is of another year of the index."""
    by_school = schools_of_sectors(tiles, sectors, "college", schools=schools)
    by_column = schools_of_sectors(tiles, sectors, "college", column="IPS")
    assert by_school.known.tolist() == by_column.known.tolist()
    known = by_school.known
    assert np.corrcoef(by_school.value[known], by_column.value[known])[0, 1] > 0.95


# ---- Housing ------------------------------------------------------------------------------------


def test_social_share_by_iris_and_by_tile(tiles, iris):
    """The rate by IRIS is of families with a child at collège, not of all households.

    They live in social dwellings more often, and there are 71 of them in the middle IRIS; and a
    rate is the same for all tiles of an IRIS, where social dwellings stand on a few of them.
    """
    by_tile = social_housing_of_tiles(tiles)
    by_iris = social_housing_of_polygons(tiles, iris, "%_LOGSOCIAL")
    assert by_tile.coverage(tiles.count("population")) == pytest.approx(1, abs=1e-4)
    assert by_iris.coverage(tiles.count("population")) == pytest.approx(0.987, abs=0.001)
    both = by_tile.known & by_iris.known
    weight = tiles.values("households")[both]
    means = [np.average(layer.value[both], weights=weight) for layer in (by_tile, by_iris)]
    assert means == pytest.approx([0.252, 0.300], abs=0.001)
    alike = correlation(by_tile.value[both], by_iris.value[both], weight)
    assert alike == pytest.approx(0.59, abs=0.01)

    tile, polygon, share = shares_of(iris, tiles, "area")
    social, households = (
        np.bincount(polygon, share * tiles.values(name)[tile], len(iris))
        for name in ("social_dwellings", "households")
    )
    rate = iris.values["%_LOGSOCIAL"] / 100
    good = (households > 0) & np.isfinite(rate)
    weight, own = households[good], social[good] / households[good]
    assert correlation(own, rate[good], weight) == pytest.approx(0.84, abs=0.01)
    means = np.average(own, weights=weight), np.average(rate[good], weights=weight)
    assert means == pytest.approx((0.252, 0.300), abs=0.001)
    assert np.nanmedian(iris.values["NB_FOYERS_COLLEGIENS"]) == 71


def test_social_share_of_official_quarters_against_the_directory_of_landlords(shared, tiles):
    """Tiles reach over the outlines, and count occupied dwellings only: less, in the same order."""
    official = coverage(read_perimeters(shared / "qpv" / "qpv2024_simplified.geojson"), tiles)
    tile, quarter, share = official.on(tiles)
    social, households = (
        np.bincount(quarter, share * tiles.values(name)[tile], len(official.codes))
        for name in ("social_dwellings", "households")
    )
    with open(
        shared / "housing" / "qpv2024_population_housing_poverty.csv", encoding="utf-8-sig"
    ) as file:
        published = {row["codeQPV"]: row for row in csv.DictReader(file)}
    rows = [published.get(code, {}) for code in official.codes]
    count, of = (
        np.array([float(row.get(name) or "nan") for row in rows])
        for name in ("nombre_logements_sociaux", "nombre_menages")
    )
    known = np.isfinite(count / of)
    assert known.sum() == 23
    own, theirs = (social / households)[known], (count / of)[known]
    assert correlation(own, theirs, households[known]) > 0.95
    means = np.average(own, weights=households[known]), np.average(theirs, weights=of[known])
    assert means == pytest.approx((0.512, 0.566), abs=0.002)


# ---- Border, income -----------------------------------------------------------------------------


def test_distances_to_official_quarters_equal_the_transform_of_scipy(shared, tiles):
    official = read_perimeters(shared / "qpv" / "qpv2024_simplified.geojson")
    quarters = coverage(official, tiles).share_of(tiles) >= 0.5
    grid = tiles.grid()
    at = grid.rows_columns(tiles.northing, tiles.easting)
    free = np.ones(grid.shape, np.bool_)
    free[at] = ~quarters
    expected = 200 * ndimage.distance_transform_edt(free)[at]
    assert quarters.sum() > 100
    assert distances(tiles, quarters).tolist() == expected.tolist()


def test_share_below_the_published_first_decile_is_a_tenth(shared, tiles, iris):
    """The tail of the log-normal against the deciles that INSEE publishes by IRIS."""
    path = shared / "income" / "iris" / "BASE_TD_FILO_DISP_IRIS_2019.csv"
    with open(path, encoding="utf-8-sig") as file:
        rows = {row["IRIS"]: row for row in csv.DictReader(file, delimiter=";")}
    income = estimate(tiles, income_model(2019))
    tile, polygon, share = shares_of(iris, tiles, "area")
    people = share * tiles.values("population")[tile]
    total = np.bincount(polygon, people, len(iris))
    for column, expected, found, apart in (
        ("DISP_D119", 0.10, 0.116, 0.037),
        ("DISP_D219", 0.20, 0.232, 0.052),
    ):
        texts = [rows.get(code, {}).get(column, "").replace(",", ".") for code in iris.code]
        line = np.array([float(text) if text[:1].isdigit() else np.nan for text in texts])
        below = np.array(
            [
                very_low_income((tiles, income), line[number]).value[tile[polygon == number]]
                @ people[polygon == number]
                / total[number]
                if np.isfinite(line[number]) and total[number] > 200
                else np.nan
                for number in range(len(iris))
            ]
        )
        known = np.isfinite(below)
        assert known.sum() == 386
        weight = total[known]
        assert np.average(below[known], weights=weight) == pytest.approx(found, abs=0.001)
        error = np.average((below[known] - expected) ** 2, weights=weight) ** 0.5
        assert error == pytest.approx(apart, abs=0.001)
