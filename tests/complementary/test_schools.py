"""Schools on tiles, by hand: a school at 0 m, at 200 m and at 2 000 m of the centres."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from zonage.complementary.school_areas import schools_of_communes, schools_of_sectors
from zonage.complementary.school_mix import school_mix
from zonage.complementary.schools import (
    SURROUNDINGS,
    Surroundings,
    contrast_around,
    deviation,
    mean_ips,
    schools_around,
    spread_within,
)
from zonage.errors import BadInput
from zonage.sources.layers import ValuedPolygons
from zonage.sources.schools import Schools
from zonage.tiles import Codes, Tiles

EAST, NORTH = 19080, 15419
"""Lattice indices of the first tile, in Lille."""

PUPILS_ALONE = Surroundings(nearest=9, radius_m=1000.0, bandwidth_m=math.inf)


def metres(*columns):
    """Places at the centre of the tile so many columns east of the first one."""
    x = 200.0 * (EAST + 0.5 + np.array(columns, np.float64))
    return x, np.full(len(columns), 200.0 * (NORTH + 0.5))


def schools(*rows, level="college", source="ips.csv", notes=()):
    """Schools of rows: UAI, column (None: unplaced), pupils, IPS, spread, private, commune."""
    uai, column, pupils, ips, spread, private, commune = zip(*rows, strict=True)
    placed = [0 if one is None else one for one in column]
    to_degrees = Transformer.from_crs(3035, 4326, always_xy=True)
    longitude, latitude = (np.array(part) for part in to_degrees.transform(*metres(*placed)))
    unknown = np.array([one is None for one in column])
    longitude[unknown] = latitude[unknown] = np.nan
    return Schools(
        uai=uai,
        name=tuple(f"College {one}" for one in uai),
        commune=commune,
        level=(level,) * len(uai),
        private=np.array(private),
        pupils=np.array(pupils, np.float64),
        ips=np.array(ips, np.float64),
        spread=np.array(spread, np.float64),
        longitude=longitude,
        latitude=latitude,
        year="2022-2023",
        source=source,
        notes=notes,
    )


NAN = math.nan
TOWN = schools(
    ("A", 0, 300, 80, 20, False, "59350"),
    ("B", 1, 100, 120, 30, False, "59350"),
    ("P", 1, 400, 130, 25, True, "59350"),
    ("C", 11, 200, 95, NAN, False, "59512"),
    ("U", None, 500, 70, 28, False, "59512"),
    ("N", 0, 50, NAN, NAN, False, "59512"),
    notes=("C lies 400 m from its place", "X lies 500 m from its place"),
)


@pytest.fixture(scope="module")
def tiles():
    """Tiles at columns 0, 1, 11 and 40, in Lille, Lille, Roubaix and nowhere known."""
    return Tiles.from_columns(
        np.full(4, NORTH),
        EAST + np.array([0, 1, 11, 40]),
        {"population": np.array([50.0, 30.0, 15.0, 5.0])},
        commune=Codes.encode(["59350", "59350", "59512", ""]),
    )


def sectors(*columns, codes, repaired=(), **values):
    """Catchments from one column to the next, as high as the tiles."""
    south = 200.0 * NORTH
    boxes = [
        shapely.box(200.0 * (EAST + west), south, 200.0 * (EAST + east), south + 200)
        for west, east in pairwise(columns)
    ]
    names = tuple(f"Sector {code}" for code in codes)
    columns_of = {name: np.array(column, np.float64) for name, column in values.items()}
    return ValuedPolygons(
        tuple(codes), names, np.array(boxes), 3035, columns_of, repaired, "sectors.geojson"
    )


# ---- The schools around -------------------------------------------------------------------------


def test_public_schools_around_weighted_by_pupils_and_distance(tiles):
    near = Surroundings(nearest=5, radius_m=1000.0, bandwidth_m=200.0)
    layer = schools_around(tiles, TOWN, "college", near)
    fall = math.exp(-0.5)  # B is one bandwidth away from the first tile
    first = (300 * 80 + 100 * fall * 120) / (300 + 100 * fall)
    second = (300 * fall * 80 + 100 * 120) / (300 * fall + 100)
    assert layer.value[:3].tolist() == pytest.approx([first, second, 95.0], abs=1e-4)
    assert layer.known.tolist() == [True, True, True, False]
    assert layer.indicator.name == "school_ips_college"
    assert layer.source == "ips.csv (rentrée 2022-2023)"
    assert layer.notes == (
        "1 of 5 collèges without a published index: N College N",
        "C lies 400 m from its place",
        "X lies 500 m from its place",
        "private collèges do not count: 1",
        "1 of 4 collèges have no place of their own: U College U",
    )


def test_private_schools_count_where_they_are_asked_for(tiles):
    layer = schools_around(tiles, TOWN, "college", PUPILS_ALONE, private=True)
    mean = (300 * 80 + 100 * 120 + 400 * 130) / 800
    assert layer.value[0] == pytest.approx(mean)
    assert not any("private" in note for note in layer.notes)


def test_the_nearest_school_alone(tiles):
    layer = schools_around(tiles, TOWN, "college", replace(PUPILS_ALONE, nearest=1))
    assert layer.value[:3].tolist() == [80.0, 120.0, 95.0]
    assert "the nearest within 1000 m" in layer.how


def test_contrast_between_neighbouring_schools_public_and_private(tiles):
    layer = contrast_around(tiles, TOWN, "college", PUPILS_ALONE)
    mean = 110.0  # of 300 pupils at 80, 100 at 120, 400 at 130
    variance = (300 * 30**2 + 100 * 10**2 + 400 * 20**2) / 800
    assert mean == (300 * 80 + 100 * 120 + 400 * 130) / 800
    assert layer.value[:2].tolist() == pytest.approx([math.sqrt(variance)] * 2)
    # One school differs from none.
    assert layer.known.tolist() == [True, True, False, False]


def test_spread_within_the_collèges_that_publish_one(tiles):
    layer = spread_within(tiles, TOWN, PUPILS_ALONE)
    assert layer.value[0] == pytest.approx((300 * 20 + 100 * 30) / 400)
    assert layer.known.tolist() == [True, True, False, False]
    assert "1 of 4 collèges without a published spread: C College C" in layer.notes
    none = replace(TOWN, spread=np.full(len(TOWN), np.nan))
    with pytest.raises(BadInput, match="no collège with a published spread"):
        spread_within(tiles, none)


def test_a_place_that_is_only_that_of_the_commune_is_no_place(tiles):
    guessed = replace(TOWN, approximate=np.array([True] + [False] * 5))
    layer = schools_around(tiles, guessed, "college", PUPILS_ALONE)
    assert layer.value[0] == pytest.approx(120.0)
    assert "2 of 4 collèges have no place of their own: A College A, U College U" in layer.notes


def test_many_unplaced_schools_are_counted_and_the_first_named(tiles):
    many = schools(*[(f"U{i:02}", None, 10, 90, NAN, False, "59350") for i in range(13)])
    layer = schools_around(tiles, many, "college")
    assert not layer.known.any()
    (note,) = layer.notes
    assert note.startswith("13 of 13 collèges have no place of their own: U00 College U00, ")
    assert note.endswith("U09 College U09 and 3 more")


def test_the_mean_of_all_pupils_and_the_deviation_from_it(tiles):
    mean = mean_ips(TOWN, "college")
    pupils = 300 + 100 + 400 + 200 + 500
    by_hand = 300 * 80 + 100 * 120 + 400 * 130 + 200 * 95 + 500 * 70
    assert mean == pytest.approx(by_hand / pupils)
    lille = (300 * 80 + 100 * 120 + 400 * 130) / 800
    assert mean_ips(TOWN, "college", ["59350"]) == pytest.approx(lille)
    layer = deviation(schools_around(tiles, TOWN, "college", PUPILS_ALONE), mean)
    assert layer.value[2] == pytest.approx(95 - mean)
    assert layer.indicator.name == "school_ips_college_deviation"
    assert "a deviation of 3 points or less tells nothing (DEPP)" in layer.notes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nearest": 0}, "surroundings.nearest"),
        ({"radius_m": math.nan}, "surroundings.radius_m"),
        ({"radius_m": 2e5}, "surroundings.radius_m"),
        ({"bandwidth_m": 0.5}, "surroundings.bandwidth_m"),
    ],
)
def test_surroundings_out_of_range_are_refused(options, message):
    with pytest.raises(BadInput, match=message):
        replace(SURROUNDINGS["college"], **options)


def test_schools_that_cannot_be_used_are_refused(tiles):
    with pytest.raises(BadInput, match="no public ecole with an index"):
        schools_around(tiles, TOWN, "ecole")
    with pytest.raises(BadInput, match="no such level"):
        mean_ips(TOWN, "lycee")
    with pytest.raises(BadInput, match="no such level"):
        schools_around(tiles, TOWN, "lycee")
    empty = replace(TOWN, pupils=np.full(len(TOWN), np.nan))
    with pytest.raises(BadInput, match="no public college with an index and pupils"):
        schools_of_communes(tiles, empty, "college")


# ---- By catchment, by commune -------------------------------------------------------------------


def test_a_catchment_has_the_index_of_its_school_else_of_the_public_ones_inside(tiles):
    # The first tile lies three quarters in A's catchment; B and P lie in the second one, which
    # names no school of the list; nothing lies in the third.
    around = sectors(0, 0.75, 3, 9, codes=["A", "Z", "Y"], repaired=("A: mended",))
    layer = schools_of_sectors(tiles, around, "college", schools=TOWN)
    assert layer.value[:2].tolist() == pytest.approx([0.75 * 80 + 0.25 * 120, 120.0])
    assert layer.known.tolist() == [True, True, False, False]
    assert "its own school in 1 of 3, the public schools inside it in 1" in layer.how
    assert "1 of 3 catchments without an index: Y Sector Y" in layer.notes
    assert "A: mended" in layer.notes
    centre = schools_of_sectors(tiles, around, "college", schools=TOWN, by="centre")
    assert centre.value[:2].tolist() == [80.0, 120.0]
    assert "tile's centre" in centre.how


def test_a_catchment_may_bring_its_own_index(tiles):
    around = sectors(0, 1, 2, codes=["A", "Z"], ips=[91.5, NAN])
    layer = schools_of_sectors(tiles, around, "college", column="ips")
    assert layer.value[0] == 91.5
    assert layer.known.tolist() == [True, False, False, False]
    assert layer.source == "sectors.geojson"
    with pytest.raises(BadInput, match="either schools or a column"):
        schools_of_sectors(tiles, around, "college")
    with pytest.raises(BadInput, match=r"no such value.*found ips"):
        schools_of_sectors(tiles, around, "college", column="IPS")
    with pytest.raises(BadInput, match="no catchment has a school"):
        schools_of_sectors(tiles, sectors(20, 21, codes=["Z"]), "college", schools=TOWN)


def test_schools_of_the_commune_count_placed_or_not(tiles):
    layer = schools_of_communes(tiles, TOWN, "college")
    lille, roubaix = (300 * 80 + 100 * 120) / 400, (200 * 95 + 500 * 70) / 700
    assert layer.value[:3].tolist() == pytest.approx([lille, lille, roubaix])
    assert not layer.known[3]


def test_everything_together_each_tile_by_the_best_way(tiles):
    around = sectors(0, 1, codes=["A"])
    near = {"college": replace(PUPILS_ALONE, radius_m=300.0)}
    roubaix = ("C", None, 200, 95, NAN, False, "59512")
    town = schools(
        ("A", 0, 300, 80, 20, False, "59350"), ("B", 1, 100, 120, 30, False, "59350"), roubaix
    )
    layers = school_mix(tiles, town, sectors={"college": around}, surroundings=near)
    by_name = {layer.indicator.name: layer for layer in layers}
    assert list(by_name) == [
        "school_ips_college", "school_ips_college_deviation", "school_contrast_college",
        "school_spread_college",
    ]  # fmt: skip
    index = by_name["school_ips_college"]
    assert index.value[:3].tolist() == pytest.approx([80, 90, 95])
    assert not index.known[3]
    ways = index.how.split("; else ")
    assert [way.split(" %")[0] for way in ways] == ["50.0", "30.0", "15.0"]
    mean = (300 * 80 + 100 * 120 + 200 * 95) / 600
    assert by_name["school_ips_college_deviation"].value[2] == pytest.approx(95 - mean)
    without = school_mix(tiles, town, surroundings=near, communes=False, metropolis=["59512"])
    assert without[0].known.tolist() == [True, True, False, False]
    assert without[1].value[0] == pytest.approx(90 - 95)


def test_écoles_have_no_spread_and_without_places_no_contrast(tiles):
    écoles = schools(("E", None, 100, 99, NAN, False, "59350"), level="ecole")
    layers = school_mix(tiles, écoles)
    names = [layer.indicator.name for layer in layers]
    assert names == ["school_ips_ecole", "school_ips_ecole_deviation"]
    assert layers[0].value[:2].tolist() == [99.0, 99.0]
