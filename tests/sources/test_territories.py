"""Communes, EPCI and urban units from made-up files."""

import json

import geopandas
import numpy as np
import openpyxl
import pytest
import shapely
from pyproj import Transformer

from zonage.errors import BadInput
from zonage.sources.perimeters import Perimeters
from zonage.sources.territories import Commune, Territories, read_territories
from zonage.tiles import Codes, Tiles

COMMUNES = [
    {"code": "59009", "nom": "Villeneuve-d'Ascq", "type": "commune-actuelle", "population": 62000},
    {
        "code": "59350",
        "nom": "Lille",
        "type": "commune-actuelle",
        "population": 238246,
        "anciensCodes": ["59298", "59355"],
    },
    {"code": "59355", "nom": "Lomme", "type": "commune-associee", "chefLieu": "59350"},
    {"code": "75056", "nom": "Paris", "type": "commune-actuelle", "population": 2100000},
    {
        "code": "75119",
        "nom": "Paris 19e",
        "type": "arrondissement-municipal",
        "commune": "75056",
        "population": 180000,
    },
    {"code": "59524", "nom": "Hors-Unité", "type": "commune-actuelle", "population": 900},
    {"code": "98412", "nom": "Kerguelen", "type": "commune-actuelle"},
]
EPCI = [
    {
        "code": "200093201",
        "nom": "Métropole Européenne de Lille",
        "membres": [{"code": "59009"}, {"code": "59350"}, {"code": "59999"}],
    },
    {"code": "200054781", "nom": "Métropole du Grand Paris", "membres": [{"code": "75056"}]},
]
UNITS = [
    ("59009", "Villeneuve-d'Ascq", "59702", "Lille (partie française)", "UNITE URBAINE"),
    ("59298", "Hellemmes", "59702", "Lille (partie française)", "UNITE URBAINE"),
    ("59524", "Hors-Unité", "59000", "Communes hors unité urbaine", "HORS UNITE URBAINE"),
    ("75056", "Paris", "00851", "Paris", "UNITE URBAINE"),
]
HEADER = ("CODGEO", "LIBGEO", "UU2020", "LIBUU2020", "TYPE_COM")


def as_json(path, records):
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


def workbook(path, rows=UNITS, header=HEADER, sheet="Composition_communale"):
    book = openpyxl.Workbook()
    page = book.create_sheet(sheet)
    for line in ("Unités urbaines 2020", "France", "Mise en ligne", "Source", "Titres"):
        page.append([line])
    for row in (header, *rows):
        page.append(row)
    book.save(path)
    return path


@pytest.fixture
def territories(tmp_path):
    return read_territories(
        as_json(tmp_path / "communes.json", COMMUNES),
        epci=as_json(tmp_path / "epci.json", EPCI),
        urban_units=workbook(tmp_path / "uu.xlsx"),
    )


def test_communes_and_what_they_belong_to(territories):
    assert territories.communes["59009"] == Commune(
        "59009", "Villeneuve-d'Ascq", 62000, "200093201", "59702"
    )
    assert set(territories.communes) == {"59009", "59350", "59524", "75056", "98412"}
    assert territories.communes["98412"].population is None
    assert territories.communes["59524"].urban_unit == ""
    assert territories.communes_of(epci="200093201") == ("59009", "59350")
    # Lille itself is not in the sheet, but a commune that merged into it is.
    assert territories.communes_of(urban_unit="59702") == ("59009", "59350")
    assert territories.communes_of(epci="200054781", urban_unit="59702") == ()
    assert territories.unit_names["00851"] == "Paris"
    assert territories.unit_populations == {"59702": 300246, "00851": 2100000}


def test_units_of_codes_that_are_no_communes_any_more(territories):
    assert territories.urban_unit_of["59355"] == "59702"
    assert territories.urban_unit_of["75119"] == "00851"
    assert "59524" not in territories.urban_unit_of


@pytest.mark.parametrize(
    ("question", "hint"),
    [
        ({"epci": "200093202"}, "200093201 (Métropole Européenne de Lille)"),
        ({"epci": "Grand Paris"}, "200054781 (Métropole du Grand Paris)"),
        ({"urban_unit": "lille"}, "59702 (Lille (partie française))"),
        ({"urban_unit": "59703"}, "59702"),
    ],
)
def test_unknown_codes_name_the_nearest(territories, question, hint):
    with pytest.raises(BadInput, match="no commune belongs") as caught:
        territories.communes_of(**question)
    assert hint in caught.value.hint


CSV = (
    "code,name,population,epci,urban_unit,urban_unit_name\n"
    "59350,Lille,238246,200093201,59702,Lille (partie française)\n"
    "59524,Hors-Unité,,200093201,,\n"
)


def test_compact_csv(tmp_path):
    path = tmp_path / "communes.csv"
    path.write_text("# source: made up\n" + CSV, encoding="utf-8")
    read = read_territories(path)
    assert read.communes["59350"] == Commune("59350", "Lille", 238246, "200093201", "59702")
    assert read.communes["59524"] == Commune("59524", "Hors-Unité", None, "200093201", "")
    assert read.unit_names == {"59702": "Lille (partie française)"}
    assert read.unit_populations == {}  # nobody said that the unit is whole


@pytest.mark.parametrize(
    ("change", "message", "row", "column"),
    [
        (lambda t: t + t.splitlines()[1] + "\n", "twice", 3, "code"),
        (lambda t: t.replace("238246", "238 246"), "whole number", 1, "population"),
        (lambda t: t.replace("238246", "-1"), "whole number", 1, "population"),
        (lambda t: t.replace("Lille,", ",", 1), "empty", 1, "name"),
        (lambda t: t.replace(",epci", ",EPCI"), "missing column", None, "epci"),
        (lambda t: t.splitlines()[0] + "\n", "no commune", None, None),
        (lambda t: "", "missing column", None, "code"),
        (lambda t: t.replace("Lille", '"Lille'), "not a csv table", None, None),
    ],
)
def test_bad_csv(tmp_path, change, message, row, column):
    path = tmp_path / "communes.csv"
    path.write_text(change(CSV), encoding="utf-8")
    with pytest.raises(BadInput, match=message) as caught:
        read_territories(path)
    assert (caught.value.file, caught.value.row, caught.value.column) == (str(path), row, column)


def test_csv_in_another_encoding(tmp_path):
    path = tmp_path / "communes.csv"
    path.write_bytes(CSV.encode("cp1252"))
    with pytest.raises(BadInput, match="UTF-8"):
        read_territories(path)


@pytest.mark.parametrize(
    ("records", "message", "row", "column"),
    [
        ([], "list of records", None, None),
        ({"code": "59350"}, "list of records", None, None),
        (["59350"], "not a record", 1, None),
        ([{"nom": "Lille"}], "missing or of the wrong type", 1, "code"),
        ([{"code": 59350, "nom": "Lille"}], "wrong type", 1, "code"),
        ([{"code": "59350", "nom": "Lille", "population": "many"}], "type", 1, "population"),
        ([{"code": "59350", "nom": "Lille", "population": -1}], "negative", 1, "population"),
        ([COMMUNES[0], COMMUNES[0]], "twice", 2, "code"),
    ],
)
def test_bad_communes(tmp_path, records, message, row, column):
    path = as_json(tmp_path / "communes.json", records)
    with pytest.raises(BadInput, match=message) as caught:
        read_territories(path)
    assert (caught.value.row, caught.value.column) == (row, column)


def test_files_that_are_no_json(tmp_path):
    path = tmp_path / "communes.json"
    path.write_text('[{"code": "59350"')
    with pytest.raises(BadInput, match="not a JSON"):
        read_territories(path)
    with pytest.raises(BadInput, match="cannot be read"):
        read_territories(tmp_path / "absent.json")


@pytest.mark.parametrize(
    "record", [{"code": "1", "nom": "x"}, {"code": "1", "nom": "x", "membres": ["59350"]}]
)
def test_bad_epci(tmp_path, record):
    communes = as_json(tmp_path / "communes.json", COMMUNES)
    with pytest.raises(BadInput) as caught:
        read_territories(communes, epci=as_json(tmp_path / "epci.json", [record]))
    assert (caught.value.row, caught.value.column) == (1, "membres")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"sheet": "Feuille"}, "no such sheet"),
        ({"header": (*HEADER[:2], "UU2010", *HEADER[3:])}, "missing column"),
        ({"rows": [*UNITS, UNITS[0]]}, "twice"),
        ({"rows": [(None, "x", "59702", "Lille", "UNITE URBAINE")]}, "without codes"),
    ],
)
def test_bad_workbooks(tmp_path, more, message):
    communes = as_json(tmp_path / "communes.json", COMMUNES)
    with pytest.raises(BadInput, match=message):
        read_territories(communes, urban_units=workbook(tmp_path / "uu.xlsx", **more))


def test_files_that_are_no_workbook(tmp_path):
    communes = as_json(tmp_path / "communes.json", COMMUNES)
    path = tmp_path / "uu.xlsx"
    path.write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(BadInput, match="not an xlsx"):
        read_territories(communes, urban_units=path)
    with pytest.raises(BadInput, match="cannot be read"):
        read_territories(communes, urban_units=tmp_path / "absent.xlsx")


# --- where tiles lie


@pytest.fixture
def mapped(tmp_path):
    """Two communes side by side, meeting at easting 3 830 500, each 1 km wide."""
    to_degrees = Transformer.from_crs(3035, 4326, always_xy=True)
    features = []
    for code, west in (("59350", 3829500), ("59009", 3830500)):
        corners = [(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)]
        ring = [to_degrees.transform(west + x, 3080000 + y) for x, y in corners]
        features.append(
            {
                "type": "Feature",
                "properties": {"code": code, "nom": code},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    outlines = as_json(
        tmp_path / "outlines.geojson", {"type": "FeatureCollection", "features": features}
    )
    communes = tmp_path / "communes.csv"
    communes.write_text(
        "code,name,population,epci,urban_unit,urban_unit_name\n"
        "59350,Lille,1,,59702,Lille\n59009,Villeneuve,1,,59501,Ailleurs\n59524,Sans,1,,,\n"
    )
    return read_territories(communes, outlines=outlines)


def row_of_tiles(eastings, communes):
    size = len(eastings)
    return Tiles.from_columns(
        np.full(size, 15401),
        np.array(eastings) // 200,
        {"population": np.arange(1.0, size + 1)},
        commune=Codes.encode(communes),
    )


def test_locate(mapped):
    eastings = [3829600, 3830200, 3830600, 3831600, 3829800, 3830000]
    tiles = row_of_tiles(eastings, ["", "", "", "", "59524", "59009"])
    located = mapped.locate(tiles)
    found = {
        int(population): (commune, unit)
        for population, commune, unit in zip(
            located.values("population"),
            located.commune.decode(),
            located.urban_unit.decode(),
            strict=True,
        )
    }
    assert found == {
        1: ("59350", "59702"),
        2: ("59350", "59702"),
        3: ("59009", "59501"),
        4: ("", ""),  # beyond the outlines
        5: ("59524", ""),  # its own code, of a commune in no unit
        6: ("59009", "59501"),  # its own code, although its centre is in Lille
    }
    # Tiles are sorted by unit, so that a unit is one slice.
    assert located.urban_unit.index.tolist() == sorted(located.urban_unit.index.tolist())


def test_locate_without_outlines():
    territories = Territories({"59350": Commune("59350", "Lille", 1, "", "59702")})
    located = territories.locate(row_of_tiles([0, 200], ["59350", ""]))
    assert sorted(located.urban_unit.decode()) == ["", "59702"]


@pytest.mark.parametrize("order", [["59009", "59350"], ["59350", "59009"]])
def test_a_centre_on_a_border_goes_to_the_lowest_code(order):
    west, east = shapely.box(0, 0, 500, 1000), shapely.box(500, 0, 1000, 1000)
    table = geopandas.GeoDataFrame({"code": order}, geometry=[west, east], crs=3035)
    outlines = Perimeters(table, 3035, "EPSG:3035", None, (), (), "made up")
    communes = {code: Commune(code, code) for code in order}
    tiles = Tiles.from_columns(np.array([1]), np.array([2]), {"population": np.array([1.0])})
    located = Territories(communes, outlines=outlines).locate(tiles)
    assert located.commune.decode().tolist() == ["59009"]
