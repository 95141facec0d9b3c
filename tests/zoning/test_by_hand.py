"""A case of 6 x 6 tiles worked by hand, from the files to the comparison.

The map, north up. P: poor, 50 inhabitants, mean income 13 000. b, B: a little above the line
(15 000). r: well above (16 000). p: very poor (9 000), 60 inhabitants. s, t: poor, 30 and 25
inhabitants. u: as p, but in an urban unit too small for the law. o: nobody. A dot: no tile.

    P P P . . B
    P P P b . .
    P P P . . o
    . . . . . .
    s . . r r r
    t u u r p r

Nothing is known but means, so that a tile's median is its mean times exp(-0.44^2 / 2) = 0.9077.
The nation and the unit have a disposable median of 20 000 EUR, so the line is 12 000: a mean of
13 220 meets it, and one of 15 203 is within the margin of 15 %. A quarter needs 100 inhabitants.
"""

import json
import math

import numpy as np
import pytest

from zonage import Reason
from zonage.pipeline import run
from zonage.project import read_project

MAP = """
P P P . . B
P P P b . .
P P P . . o
. . . . . .
s . . r r r
t u u r p r
"""
NORTH, WEST = 3_080_000, 3_820_000
PEOPLE_AND_MEAN = {
    "P": (50, 13_000), "b": (40, 15_000), "B": (40, 15_000), "r": (30, 16_000),
    "p": (60, 9_000), "s": (30, 13_000), "t": (25, 13_000), "u": (60, 9_000), "o": (0, 0),
}  # fmt: skip
COMMUNE = {"u": "59002"}

PROJECT = """
title = "By hand"
[tiles]
path = "tiles.csv"
vintage = 2019
[territory]
communes_table = "communes.csv"
[law]
on = 2024-01-01
reform = { min_population = 100 }
[reference]
concept = "disposable"
year = 2019
national = "national.csv"
units = "units.csv"
[official]
perimeters = "official.geojson"
vintage = 2024
"""


def rows_of_map():
    for row, line in enumerate(MAP.split("\n")[1:-1]):
        for column, letter in enumerate(line.split()):
            if letter != ".":
                yield row, column, letter


def square(west, south, east, north):
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {"type": "Polygon", "coordinates": [[[x, y] for x, y in ring]]}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("by_hand")
    lines = ["idcar_200m,i_est_200,lcog_geo,ind,ind_snv"]
    for row, column, letter in rows_of_map():
        people, mean = PEOPLE_AND_MEAN[letter]
        corner = f"N{NORTH - 200 * row}E{WEST + 200 * column}"
        imputed = int(letter == "r")
        code = COMMUNE.get(letter, "59001")
        lines.append(f"CRS3035RES200m{corner},{imputed},{code},{people},{people * mean}")
    (folder / "tiles.csv").write_text("\n".join(lines) + "\n")
    (folder / "communes.csv").write_text(
        "code,name,population,epci,urban_unit,urban_unit_name\n"
        "59001,Grande,50000,,59A,Grande unité\n59002,Petite,5000,,59B,Petite unité\n"
    )
    (folder / "national.csv").write_text(
        "year,concept,median,certainty,source\n2019,disposable,20000,published,by hand\n"
    )
    (folder / "units.csv").write_text(
        "code,name,population,population_source,declared_median,disposable_median,year,certainty,"
        "source\n59A,Grande unité,50000,by hand,,20000,2019,published,by hand\n"
        "59B,Petite unité,5000,by hand,,20000,2019,published,by hand\n"
    )
    # All of the two western columns of the three northern rows, and 60 % of the third column.
    outline = square(WEST, NORTH - 400, WEST + 520, NORTH + 200)
    properties = {
        "code_qp": "QN05901N",
        "lib_qp": "Quartier",
        "lib_com": "Grande",
        "insee_com": "59001",
    }
    (folder / "official.geojson").write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3035"}},
                "features": [{"type": "Feature", "properties": properties, "geometry": outline}],
            }
        )
    )
    (folder / "project.toml").write_text(PROJECT)
    return run(read_project(folder / "project.toml"))


def picture(zoning, values):
    """The values of the tiles on the map, in its letters' places."""
    grid = np.full((6, 6), ".", dtype=object)
    row = NORTH // 200 - zoning.tiles.northing
    column = zoning.tiles.easting - WEST // 200
    grid[row, column] = values
    return [" ".join(str(cell) for cell in line) for line in grid]


def test_the_line_is_that_of_the_law(result):
    lines = {unit.legal.unit: unit for unit in result.zoning.units}
    assert lines["59A"].legal.threshold == 12_000  # 0.6 x (0.7 x 20 000 + 0.3 x 20 000)
    assert lines["59A"].line == 12_000
    assert (lines["59A"].legal.qualifies, lines["59B"].legal.qualifies) == (True, False)


def test_the_median_of_a_tile_is_its_mean_less_the_skew_of_incomes(result):
    zoning = result.zoning
    factor = math.exp(-(0.44**2) / 2)
    known = zoning.tiles.count("population") > 0
    np.testing.assert_allclose(
        zoning.criterion[known], zoning.tiles.income_mean[known] * factor, rtol=1e-12
    )
    assert np.isnan(zoning.criterion[~known]).all()


def test_zones_are_numbered_from_the_most_populous(result):
    # Zone 1: the nine P and the b that three of them surround. Zone 2: p, 60 inhabitants, takes in
    # the two first of its equally poor neighbours r, 30 each, to reach 100.
    assert picture(result.zoning, result.zoning.label) == [
        "1 1 1 . . 0",
        "1 1 1 1 . .",
        "1 1 1 . . 0",
        ". . . . . .",
        "0 . . 2 2 0",
        "0 0 0 0 2 0",
    ]
    assert result.zoning.table["population"] == [490.0, 120.0]


def test_each_tile_says_why_it_is_in_or_out(result):
    letters = {
        Reason.INSIDE: "I",
        Reason.INSIDE_ENCLOSED: "e",
        Reason.INCOME_NOT_BELOW: "a",
        Reason.ZONE_TOO_SMALL: "z",
        Reason.UNIT_TOO_SMALL: "u",
        Reason.UNINHABITED: "o",
    }
    assert picture(result.zoning, [letters[Reason(code)] for code in result.zoning.reason]) == [
        "I I I . . a",
        "I I I e . .",
        "I I I . . o",
        ". . . . . .",
        "z . . e e a",
        "z u u a I a",
    ]


def test_the_median_of_a_zone_is_where_half_of_its_people_are_below(result):
    # Zone 2: 60 people of median 8 169 and 60 of 14 523; by symmetry of equal numbers and equal
    # sigma the middle of the logarithms, 8 169 x 14 523 under the root.
    factor = math.exp(-(0.44**2) / 2)
    assert result.zoning.zone_median[1] == pytest.approx(factor * math.sqrt(9_000 * 16_000))
    # Zone 1: between that of P and that of b, near the 450 people of P.
    assert 13_000 * factor < result.zoning.zone_median[0] < 13_500 * factor


def test_the_table_of_zones(result):
    table = result.zoning.table
    assert table["communes"] == ["59001", "59001"]
    assert table["tiles"] == [10, 3]
    assert table["area_km2"] == pytest.approx([0.4, 0.12])
    assert table["density"] == pytest.approx([1225, 1000])
    assert table["imputed_share"] == pytest.approx([0, 0.5])
    assert "poverty_share" not in table
    assert result.zoning.zones.geometry.area.tolist() == pytest.approx([400_000, 120_000])


def test_agreement_with_the_official_outline(result):
    # Official by majority: the nine P, 450 people, of 490 + 120 computed. By area: 6 x 50 + 3 x 30.
    majority, area = result.comparison.majority, result.comparison.area
    assert (majority.computed, majority.official, majority.both) == (610, 450, 450)
    assert majority.f1 == pytest.approx(900 / 1060)
    assert (area.official, area.both) == (pytest.approx(390), pytest.approx(390))
    (quarter,) = result.comparison.quarters
    assert (quarter.code, quarter.status, quarter.zones) == ("QN05901N", "found", (1,))
    assert quarter.found_share == pytest.approx(1)
    assert [zone.zone for zone in result.comparison.without_counterpart] == [2]


def test_the_line_that_reproduces_the_outline_best(result):
    # Without completion, every line above P's 11 800 and up to b's 11 840 (13 616 / 1.15) gives the
    # nine P and nothing else; s and t stay too few, p too.
    factor = math.exp(-(0.44**2) / 2)
    low, high = result.calibration.interval
    assert low == pytest.approx(13_000 * factor)
    assert high == pytest.approx(15_000 * factor / 1.15)
    assert result.calibration.best.f1 == 1
    assert low < result.calibration.line <= high
    assert result.calibration.left_out == ("complete_from", "zone_median")
