"""Schools, their index and their places, from made-up files, good and bad."""

import json
import zipfile

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from zonage.errors import BadInput
from zonage.sources.schools import Schools, merge, place_by_commune, read_schools

HEADER = (
    "rentree_scolaire;academie;uai;nom_de_l_etablissment;code_insee_de_la_commune;"
    "nom_de_la_commune;secteur;effectifs;ips"
)
LILLE, ROUBAIX = (3.06, 50.63), (3.18, 50.69)


def uai(number):
    return f"{number:07d}" + "ABCDEFGHJKLMNPRSTUVWXYZ"[number % 23]


A, B, C = (uai(590000 + number) for number in (1, 2, 3))


def row(code=A, year="2022-2023", commune="59350", sector="public", pupils="120.0", ips="98,5"):
    return f"{year};LILLE;{code};ECOLE {code};{commune};LILLE;{sector};{pupils};{ips}"


def write(path, *rows, header=HEADER):
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def ecoles(tmp_path):
    return write(
        tmp_path / "fr-en-ips-ecoles-ap2022.csv",
        row(A),
        row(B, commune="59512", sector="privé sous contrat", ips="NS", pupils=""),
        row(A, year="2023-2024", ips="101.5"),
    )


@pytest.fixture
def colleges(tmp_path):
    return write(
        tmp_path / "fr-en-ips-colleges-ap2022.csv",
        row(C) + ";31.3",
        header=HEADER + ";ecart_type_de_l_ips",
    )


def positions(path, *places):
    pd.DataFrame(
        places, columns=["identifiant_de_l_etablissement", "longitude", "latitude"]
    ).to_csv(path, index=False, sep=";")
    return path


def test_newest_rentree_unless_another_is_asked(ecoles):
    newest = read_schools(ecoles)
    assert (newest.uai, newest.year, newest.ips.tolist()) == ((A,), "2023-2024", [101.5])
    for year in ("2022-2023", "2022", "2022-23"):
        older = read_schools(ecoles, year=year)
        assert older.uai == (A, B)
        assert older.year == "2022-2023"
    with pytest.raises(BadInput, match=r"found 2021-2022; expected 2022-2023 or 2023-2024"):
        read_schools(ecoles, year="2021-2022")
    with pytest.raises(BadInput, match="not a rentrée"):
        read_schools(ecoles, year="2022-2024")


def test_what_a_row_says(ecoles):
    schools = read_schools(ecoles, year="2022")
    assert schools.name == (f"ECOLE {A}", f"ECOLE {B}")
    assert schools.commune == ("59350", "59512")
    assert schools.level == ("ecole", "ecole")
    assert schools.private.tolist() == [False, True]
    np.testing.assert_array_equal(schools.pupils, [120, np.nan])
    np.testing.assert_array_equal(schools.ips, [98.5, np.nan])
    assert np.isnan(schools.spread).all()
    assert schools.without_ips == (f"{B} ECOLE {B}",)
    assert len(schools.unplaced) == 2
    assert not schools.placed.any()


def test_colleges_are_known_by_their_dispersion_or_their_names(colleges, tmp_path):
    schools = read_schools(colleges)
    assert schools.level == ("college",)
    assert schools.spread.tolist() == [31.3]
    named = write(tmp_path / "named.csv", row(C).replace("ECOLE", "Collège"))
    assert read_schools(named).level == ("college",)


@pytest.mark.parametrize(
    "kind", ["comma", "tab", "json", "parquet", "typed parquet", "zip", "latin"]
)
def test_every_export_gives_the_same(ecoles, tmp_path, kind):
    table = pd.read_csv(ecoles, sep=";", dtype=str, keep_default_na=False)
    path = tmp_path / f"export.{ {'comma': 'csv', 'tab': 'csv', 'latin': 'csv'}.get(kind, kind) }"
    if kind == "comma":
        table.to_csv(path, index=False)
    elif kind == "tab":
        table.to_csv(path, index=False, sep="\t")
    elif kind == "latin":
        table.to_csv(path, index=False, sep=";", encoding="cp1252")
    elif kind == "json":
        records = table.to_dict("records")
        records[0] |= {"effectifs": 120, "ips": 98.5}
        records[1] |= {"effectifs": None, "ips": None, "position": {"lon": 1, "lat": 2}}
        path.write_text(json.dumps(records))
    elif kind == "parquet":
        table.to_parquet(path)
    elif kind == "typed parquet":
        path = tmp_path / "typed.parquet"
        table["code_insee_de_la_commune"] = table["code_insee_de_la_commune"].astype(int)
        table["effectifs"] = pd.to_numeric(table["effectifs"])
        table.to_parquet(path)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(ecoles, "data/ecoles.csv")
    found, expected = read_schools(path, year="2022"), read_schools(ecoles, year="2022")
    for name in ("uai", "name", "commune", "level", "year"):
        assert getattr(found, name) == getattr(expected, name)
    for name in ("private", "pupils", "ips"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_name_in_windows_encoding(tmp_path):
    path = tmp_path / "latin.csv"
    text = "\n".join((HEADER, row(A).replace("ECOLE " + A, "ÉCOLE DU BARŒUL"))) + "\n"
    path.write_bytes(text.encode("cp1252"))
    assert read_schools(path).name == ("ÉCOLE DU BARŒUL",)


def test_zero_lost_at_the_start_of_a_commune(tmp_path):
    table = write(tmp_path / "a.csv", row(A, commune="1004"))
    with pytest.raises(BadInput, match="a zero may have been lost"):
        read_schools(table)
    numbers = pd.read_csv(table, sep=";")
    numbers.to_parquet(tmp_path / "a.parquet")
    assert read_schools(tmp_path / "a.parquet").commune == ("01004",)


def test_communes_are_chosen(ecoles):
    assert read_schools(ecoles, year="2022", communes={"59512"}).uai == (B,)
    with pytest.raises(BadInput, match="no school of the file is in the selection"):
        read_schools(ecoles, communes={"59009"})


def test_a_file_without_rentree_needs_one(tmp_path):
    path = tmp_path / "IPS_COLLEGES.csv"
    path.write_text(
        ",codeuai,nom_etablissement,code_commune,IPS,statut_public_prive,effectif\n"
        f"0,{A},Collège A,59350,98.5,Privé,10\n"
    )
    with pytest.raises(BadInput, match="say it with year="):
        read_schools(path)
    schools = read_schools(path, year="2021")
    assert (schools.year, schools.level, schools.private.tolist()) == (
        "2021-2022",
        ("college",),
        [True],
    )


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (row(ips="0"), r"row 1, column ips: not a number in range; found 0; expected 30 to 190"),
        (row(ips="1000"), "column ips: not a number in range; found 1000"),
        (row(ips="cent"), "column ips: not a number in range; found cent"),
        (row(ips="inf"), "column ips: not a number in range; found inf"),
        (row(pupils="-3"), "column effectifs: not a number in range; found -3"),
        (row(pupils="1e9"), "column effectifs: not a number in range"),
        (row(code="0590001A"[::-1]), "column uai: not the number of a school"),
        (row(code=A[:-1] + ("B" if A[-1] == "A" else "A")), "column uai: not the number of a"),
        (row(code=""), "column uai: not the number of a school; found nothing"),
        (row(code="059\x0000001"), "column uai: not the number of a school"),
        (row(commune="Lille"), "column code_insee_de_la_commune: not the code of a commune"),
        (row(sector="mixte"), "column secteur: neither public nor private; found mixte"),
        (row(year="automne"), "column rentree_scolaire: not a rentrée; found automne"),
        (row() + ";1", "row 1: a row with too many or too few columns"),
        (row()[:-12], "row 1: a row with too many or too few columns"),
        (row(ips="ns"), "column ips: no school has an index"),
    ],
)
def test_bad_values_are_named_with_their_row(tmp_path, bad, message):
    with pytest.raises(BadInput, match=message):
        read_schools(write(tmp_path / "bad.csv", bad))


def test_values_of_other_years_and_places_do_not_matter(tmp_path):
    path = write(
        tmp_path / "a.csv", row(A, year="2021-2022", ips="0"), row(A), row(B, "2022-2023", "1")
    )
    assert read_schools(path, communes={"59350"}).ips.tolist() == [98.5]


def test_row_of_an_error_counts_all_rows(tmp_path):
    path = write(tmp_path / "a.csv", row(A, year="2021-2022"), row(A), row(B, ips="7"))
    with pytest.raises(BadInput, match="row 3, column ips"):
        read_schools(path)


def test_a_school_twice(tmp_path):
    with pytest.raises(BadInput, match=rf"row 3, .*comes twice.*{A}, also in row 1"):
        read_schools(write(tmp_path / "a.csv", row(A), row(B), row(A.lower())))


def test_wrong_columns(tmp_path):
    path = write(tmp_path / "a.csv", row(), header=HEADER.replace(";ips", ";indice"))
    with pytest.raises(BadInput, match="column ips: missing column"):
        read_schools(path)
    path = write(tmp_path / "b.csv", row(), header=HEADER.replace("effectifs", "effectif_s"))
    with pytest.raises(BadInput, match="did you mean effectif_s"):
        read_schools(path)
    path = write(tmp_path / "c.csv", row(), header=HEADER.replace("academie", "IPS"))
    with pytest.raises(BadInput, match="a column comes twice"):
        read_schools(path)
    path = write(tmp_path / "d.csv", row(), header=HEADER.replace(";ips", ";ips_voie_gt"))
    with pytest.raises(BadInput, match="lycées"):
        read_schools(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", HEADER.encode(), "a header without rows"),
        ("a.csv", b"\0\1\2\3" * 50, "not a CSV"),
        ("a.csv", b"PK\3\4" + bytes(range(128, 256)), "missing column"),
        ("a.xlsx", b"PK", "not a format of tables"),
        ("a.parquet", b"PAR1" + b"\0" * 40, "not a sound Parquet"),
        ("a.json", b'[{"uai": "0590001A"', "not a sound JSON"),
        ("a.json", b"[" * 200_000, "not a sound JSON"),
        ("a.json", b"[1, 2]", "not a record"),
        ("a.json", b"[]", "missing column"),
        ("a.json", b'[{"uai": "\xff"}]', "not a sound JSON"),
        ("a.zip", b"PK\3\4 cut short", "the archive cannot be read"),
    ],
)
def test_hostile_files_get_one_clear_error(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput, match=message):
        read_schools(path)
    with pytest.raises(BadInput):
        read_schools(write(tmp_path / "good.csv", row()), positions=[path])


def test_no_such_file(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        read_schools(tmp_path / "none.csv")
    with pytest.raises(BadInput, match="no such file"):
        read_schools(write(tmp_path / "good.csv", row()), positions=[tmp_path / "none.geojson"])


def test_a_zip_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * 100_000_000)
    with pytest.raises(BadInput, match="swells like a zip bomb"):
        read_schools(path)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "a.csv"
    path.write_bytes(HEADER.encode() + b"\n" + content)
    try:
        found = str(path) if len(read_schools(path)) else "no school"
    except BadInput as error:
        found = str(error)
    assert found.startswith(str(path))


# --------------------------------------------------------------------------------------------------
# Places


def test_directory_of_longitudes_and_latitudes(ecoles, tmp_path):
    place = positions(
        tmp_path / "annuaire.csv", (B, *ROUBAIX), (uai(7), 200 - 180, 3), (A, None, None)
    )
    schools = read_schools(ecoles, year="2022", positions=[place])
    assert schools.placed.tolist() == [False, True]
    assert (schools.longitude[1], schools.latitude[1]) == ROUBAIX
    assert schools.unplaced == (f"{A} ECOLE {A}",)
    assert schools.source == f"{ecoles}, {place}"
    easting, northing = schools.located(3035)
    expected = Transformer.from_crs(4326, 3035, always_xy=True).transform(*ROUBAIX)
    assert (easting[1], northing[1]) == pytest.approx(expected)
    assert np.isnan([easting[0], northing[0]]).all()


def test_directory_of_projected_coordinates(ecoles, tmp_path):
    x, y = Transformer.from_crs(4326, 2154, always_xy=True).transform(*LILLE)
    for epsg in ("EPSG:2154", 2154, 2154.0):
        table = pd.DataFrame({"numero_uai": [A], "coordonnee_x": [x], "coordonnee_y": [y]})
        table["epsg"] = epsg
        table.to_csv(tmp_path / "geo.csv", index=False)
        schools = read_schools(ecoles, positions=[tmp_path / "geo.csv"])
        assert (schools.longitude[0], schools.latitude[0]) == pytest.approx(LILLE, abs=1e-6)
    (table.assign(epsg="Lambert")).to_csv(tmp_path / "geo.csv", index=False)
    with pytest.raises(BadInput, match="not an EPSG code; found LAMBERT"):
        read_schools(ecoles, positions=[tmp_path / "geo.csv"])


def points(path, crs, *places):
    frame = geopandas.GeoDataFrame(
        {"Code etablissement": [code for code, _ in places]},
        geometry=[place and shapely.Point(place) for _, place in places],
        crs=4326,
    ).to_crs(crs)
    frame.to_file(path)
    return path


@pytest.mark.parametrize(("name", "crs"), [("p.geojson", 4326), ("p.gpkg", 2154), ("p.json", 4326)])
def test_layers_of_points(ecoles, tmp_path, name, crs):
    layer = points(tmp_path / name.replace(".json", ".geojson"), crs, (A, LILLE), (B, None))
    layer = layer.rename(tmp_path / name)
    schools = read_schools(ecoles, year="2022", positions=[layer])
    assert schools.placed.tolist() == [True, False]
    assert (schools.longitude[0], schools.latitude[0]) == pytest.approx(LILLE, abs=1e-6)


def test_first_file_decides_and_contradictions_are_noted(ecoles, tmp_path):
    first = positions(tmp_path / "1.csv", (A, *LILLE))
    second = positions(tmp_path / "2.csv", (A, 3.07, 50.63), (B, *ROUBAIX))
    schools = read_schools(ecoles, year="2022", positions=[first, second])
    assert schools.placed.all()
    assert schools.longitude[0] == LILLE[0]
    assert len(schools.notes) == 1
    assert A in schools.notes[0]
    # A hundredth of a degree of longitude at 50.63 north, on the ellipsoid: 708 m.
    assert "708 m" in schools.notes[0]
    near = positions(tmp_path / "3.csv", (A, 3.0601, 50.63))
    assert read_schools(ecoles, positions=[first, near]).notes == ()
    twice = positions(tmp_path / "4.csv", (A, *LILLE), (A, *ROUBAIX))
    assert "rows 1 and 2" in read_schools(ecoles, positions=[twice]).notes[0]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ((50.63, 3.06), "longitude and latitude are swapped"),
        ((3.06, -50.63), "a school outside its territory"),
        ((3.06, 95), "column latitude: not a number in range"),
        ((0.0, 0.0), "a school outside its territory"),
        ((704000.0, 7060000.0), "column longitude: not a number in range"),
    ],
)
def test_places_that_cannot_be(ecoles, tmp_path, place, message):
    with pytest.raises(BadInput, match=message):
        read_schools(ecoles, positions=[positions(tmp_path / "p.csv", (A, *place))])


def test_overseas_schools_lie_in_their_territory(tmp_path):
    table = write(tmp_path / "a.csv", row(A, commune="97411"), row(B, commune="98612"))
    place = positions(tmp_path / "p.csv", (A, 55.45, -20.88), (B, -176.2, -13.3))
    assert read_schools(table, positions=[place]).placed.all()
    place = positions(tmp_path / "p.csv", (A, *LILLE))
    with pytest.raises(BadInput, match="outside its territory"):
        read_schools(table, positions=[place])


def test_layers_that_lie_or_are_no_points(ecoles, tmp_path):
    layer = points(tmp_path / "p.geojson", 4326, (A, LILLE))
    text = json.loads(layer.read_text())
    text["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
    layer.write_text(json.dumps(text))
    with pytest.raises(BadInput, match="contradicts the coordinates"):
        read_schools(ecoles, positions=[layer])
    frame = geopandas.GeoDataFrame({"uai": [A]}, geometry=[shapely.box(3, 50, 4, 51)], crs=4326)
    frame.to_file(tmp_path / "polygons.geojson")
    with pytest.raises(BadInput, match="not a point"):
        read_schools(ecoles, positions=[tmp_path / "polygons.geojson"])
    frame.rename(columns={"uai": "numero"}).to_file(tmp_path / "other.geojson")
    with pytest.raises(BadInput, match="does not name the schools"):
        read_schools(ecoles, positions=[tmp_path / "other.geojson"])
    table = pd.DataFrame({"uai": [A], "adresse": ["rue"]})
    table.to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(BadInput, match="does not say where the schools are"):
        read_schools(ecoles, positions=[tmp_path / "other.csv"])


# --------------------------------------------------------------------------------------------------
# Put together


def test_merge(ecoles, colleges):
    both = merge(read_schools(ecoles, year="2022"), read_schools(colleges))
    assert both.uai == (A, B, C)
    assert both.level == ("ecole", "ecole", "college")
    np.testing.assert_array_equal(both.spread, [np.nan, np.nan, 31.3])
    assert both.year == "2022-2023"
    assert both.source == f"{ecoles}, {colleges}"
    assert both.select(both.private).uai == (B,)
    assert both.select([2, 0]).uai == (C, A)
    later = merge(read_schools(ecoles, communes={"59512"}, year="2022"), read_schools(ecoles))
    assert later.year == "2022-2023, 2023-2024"
    with pytest.raises(BadInput, match=f"a school comes twice; found {A}"):
        merge(read_schools(ecoles), read_schools(ecoles))
    with pytest.raises(BadInput, match="no schools"):
        merge()


def test_years_on_both_sides_of_the_break_stay_apart(ecoles, tmp_path):
    old = read_schools(write(tmp_path / "old.csv", row(C, year="2021-2022")))
    with pytest.raises(BadInput, match=r"break in series.*2021-2022, 2023-2024"):
        merge(old, read_schools(ecoles))
    older = read_schools(write(tmp_path / "older.csv", row(B, year="2019-2020")))
    assert merge(old, older).year == "2019-2020, 2021-2022"


def test_places_by_commune_are_marked(ecoles, tmp_path):
    known = positions(tmp_path / "p.csv", (A, *LILLE))
    schools = read_schools(ecoles, year="2022", positions=[known])
    placed = place_by_commune(schools, {"59512": ROUBAIX, "59350": (3.0, 50.5)})
    assert placed.approximate.tolist() == [False, True]
    assert placed.longitude.tolist() == [LILLE[0], ROUBAIX[0]]
    assert schools.placed.tolist() == [True, False]
    assert place_by_commune(schools, {}).placed.tolist() == [True, False]
    assert merge(placed.select([1])).approximate.tolist() == [True]
    with pytest.raises(BadInput, match="longitude and latitude in degrees"):
        place_by_commune(schools, {"59512": (3835000.0, 3079000.0)})


def test_a_place_that_a_projection_lacks(ecoles):
    schools = read_schools(ecoles)
    broken = Schools(
        **{name: getattr(schools, name) for name in ("uai", "name", "commune", "level", "private")},
        pupils=schools.pupils,
        ips=schools.ips,
        spread=schools.spread,
        longitude=np.array([3.0]),
        latitude=np.array([95.0]),
        year=schools.year,
        source=schools.source,
    )
    with pytest.raises(BadInput, match="cannot be placed in the projection"):
        broken.located(2154)
