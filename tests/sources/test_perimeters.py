"""Outlines from made-up files, good and bad."""

import json
import zipfile
from pathlib import Path

import geopandas
import numpy as np
import pandas
import pyogrio
import pytest
import shapely

from zonage.errors import BadInput
from zonage.sources.perimeters import read_coverage, read_perimeters

LILLE = (3.06, 50.63)
SQUARE = [[[3.05, 50.62], [3.06, 50.62], [3.06, 50.63], [3.05, 50.63], [3.05, 50.62]]]
BOW_TIE = [[[3.05, 50.62], [3.06, 50.63], [3.06, 50.62], [3.05, 50.63], [3.05, 50.62]]]
POINT_LIKE = [[[3.05, 50.62], [3.05, 50.62], [3.05, 50.62], [3.05, 50.62]]]


def feature(code, rings, kind="Polygon", **more):
    properties = {
        "code_qp": code,
        "lib_qp": f"Quartier {code}",
        "insee_com": "59350, 59009",
        "lib_com": "Lille, Villeneuve-d'Ascq",
        **more,
    }
    geometry = None if rings is None else {"type": kind, "coordinates": rings}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def geojson(path, *features):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}))
    return path


@pytest.fixture
def layer(tmp_path):
    return geojson(
        tmp_path / "qp.geojson", feature("QN05901M", SQUARE), feature("QN05902N", BOW_TIE)
    )


def test_attributes_are_one_set(layer):
    quarters = read_perimeters(layer)
    assert list(quarters.table.columns) == [
        "code",
        "name",
        "communes",
        "commune_codes",
        "vintage",
        "geometry",
    ]
    assert quarters.codes == ("QN05901M", "QN05902N")
    assert quarters.names[0] == "Quartier QN05901M"
    assert quarters.communes[0] == "Lille, Villeneuve-d'Ascq"
    assert quarters.table["commune_codes"][0] == "59350 59009"
    assert quarters.vintage == 2024
    assert quarters.crs == quarters.table.crs.to_epsg() == 3035
    assert quarters.source_crs == "EPSG:4326"


def test_bow_tie_is_repaired_to_its_two_triangles(layer):
    quarters = read_perimeters(layer)
    assert quarters.repaired == ("QN05902N",)
    assert shapely.is_valid(quarters.geometry).all()
    square, bow_tie = quarters.areas_km2
    # The two triangles of a square cut along its diagonals are half of it; a degree of latitude
    # is 111.2 km, one of longitude 70.6 km at 50.625 N.
    assert square == pytest.approx(1.112 * 0.706, rel=0.01)
    assert bow_tie == pytest.approx(square / 2, rel=1e-3)


def test_outline_shrunk_to_a_point_is_kept_and_named(tmp_path):
    path = geojson(tmp_path / "a.geojson", feature("A", SQUARE), feature("B", POINT_LIKE))
    quarters = read_perimeters(path)
    assert quarters.codes == ("A", "B")
    assert quarters.collapsed == ("B",)
    assert quarters.areas_km2[1] == 0


def test_select(layer):
    quarters = read_perimeters(layer)
    assert quarters.select(codes=["QN05902N"]).repaired == ("QN05902N",)
    assert quarters.select(codes=["QN05901M"]).repaired == ()
    assert len(quarters.select(communes=["59009"])) == 2
    assert len(quarters.select(communes=["Villeneuve-d'Ascq"])) == 2
    assert len(quarters.select(communes=["59512"])) == 0
    west, south, east, north = quarters.table.total_bounds
    assert len(quarters.select(bbox=(west, south, east, north))) == 2
    assert len(quarters.select(bbox=(east + 1, south, east + 2, north))) == 0
    with pytest.raises(BadInput, match="nearest: QN05901M"):
        quarters.select(codes=["QN05901"])
    with pytest.raises(BadInput, match="bounding box"):
        quarters.select(bbox=(1, 0, 0, 1))


def test_where_filters_on_the_files_own_attributes(tmp_path):
    path = geojson(
        tmp_path / "a.geojson", feature("A", SQUARE, dep="59"), feature("B", SQUARE, dep="62")
    )
    assert read_perimeters(path, where="dep = '62'").codes == ("B",)
    with pytest.raises(BadInput, match="cannot be read"):
        read_perimeters(path, where="dep = = 62")
    with pytest.raises(BadInput, match="no outline"):
        read_perimeters(path, where="dep = '75'")


def test_other_layers_by_named_attributes(tmp_path):
    frame = geopandas.GeoDataFrame(
        {"ID": [7, 8], "titre": ["a", "b"]},
        geometry=[shapely.box(700000, 7050000, 700200, 7050200)] * 2,
        crs=2154,
    )
    frame.to_file(tmp_path / "x.gpkg")
    layer = read_perimeters(tmp_path / "x.gpkg", code="id", name="titre", crs=2154)
    assert layer.codes == ("7", "8")
    assert layer.communes == ("", "")
    assert layer.vintage is None
    np.testing.assert_allclose(layer.areas_km2, 0.04, rtol=1e-12)
    with pytest.raises(BadInput, match="lacks the attributes"):
        read_perimeters(tmp_path / "x.gpkg")
    with pytest.raises(BadInput, match="lacks the attributes"):
        read_perimeters(tmp_path / "x.gpkg", code="nope")


def test_a_geopackage_of_several_layers(tmp_path):
    frame = geopandas.GeoDataFrame(
        {"code_qp": ["A"], "nom_qp": ["a"], "commune_qp": ["Lille"]},
        geometry=[shapely.box(700000, 7050000, 701000, 7051000)],
        crs=2154,
    )
    frame.to_file(tmp_path / "x.gpkg", layer="hexagone")
    frame.assign(code_qp="B").to_file(tmp_path / "x.gpkg", layer="guyane")
    with pytest.raises(BadInput, match="one layer") as caught:
        read_perimeters(tmp_path / "x.gpkg")
    assert "hexagone, guyane" in caught.value.expected
    assert read_perimeters(tmp_path / "x.gpkg", layer="guyane").codes == ("B",)


def shapefile(folder, encoding, name="Marcq-en-Barœul – l’Été"):
    frame = geopandas.GeoDataFrame(
        {"CODE_QP": ["QP059001"], "NOM_QP": [name], "COMMUNE_QP": ["Lille, Loos"]},
        geometry=[shapely.box(700000, 7050000, 701000, 7051000)],
        crs=2154,
    )
    frame.to_file(folder / "qp.shp", encoding=encoding)
    (folder / "qp.cpg").unlink()
    return folder / "qp.shp"


@pytest.mark.parametrize("encoding", ["UTF-8", "CP1252"])
def test_encoding_is_told_by_the_bytes(tmp_path, encoding):
    quarters = read_perimeters(shapefile(tmp_path, encoding))
    assert quarters.names == ("Marcq-en-Barœul – l’Été",)
    assert quarters.vintage == 2015
    assert quarters.communes == ("Lille, Loos",)
    assert len(quarters.select(communes=["Loos"])) == 1


def test_inside_a_zip(tmp_path, layer):
    shapefile(tmp_path, "CP1252")
    archive = tmp_path / "qp.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for suffix in ("shp", "shx", "dbf", "prj"):
            out.write(tmp_path / f"qp.{suffix}", f"SHP/quartiers.{suffix}")
    assert read_perimeters(archive).codes == ("QP059001",)
    with zipfile.ZipFile(archive, "a") as out:
        out.write(layer, "qp.geojson")
    with pytest.raises(BadInput, match="one layer"):
        read_perimeters(archive)
    assert len(read_perimeters(archive, member="qp.geojson")) == 2
    with pytest.raises(BadInput, match="no such layer"):
        read_perimeters(archive, member="qp.gpkg")


def test_truncated_zip(tmp_path, layer):
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w") as out:
        out.write(layer, "qp.geojson")
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(BadInput, match="cut short"):
        read_perimeters(cut)


@pytest.mark.parametrize(
    ("stated", "shape"),
    [
        (2154, shapely.box(3.05, 50.62, 3.06, 50.63)),  # degrees under a header of metres
        (4326, shapely.box(700000, 7050000, 701000, 7051000)),  # and the reverse
        (2154, shapely.box(3835000, 3080000, 3836000, 3081000)),  # EPSG:3035 under Lambert-93
        (2975, shapely.box(700000, 7050000, 701000, 7051000)),  # Lambert-93 under La Réunion
    ],
)
def test_a_lying_projection_is_refused(tmp_path, stated, shape):
    frame = geopandas.GeoDataFrame(
        {"code_qp": ["A"], "nom_qp": ["a"], "commune_qp": ["Lille"]}, geometry=[shape], crs=stated
    )
    frame.to_file(tmp_path / "x.gpkg")
    with pytest.raises(BadInput, match="projection") as caught:
        read_perimeters(tmp_path / "x.gpkg")
    assert caught.value.file == str(tmp_path / "x.gpkg")
    assert "projection" in caught.value.hint


def test_no_projection(tmp_path):
    path = shapefile(tmp_path, "UTF-8")
    path.with_suffix(".prj").unlink()
    with pytest.raises(BadInput, match="states no projection"):
        read_perimeters(path)


@pytest.mark.parametrize(
    ("bad", "message", "column"),
    [
        (feature("B", None), "empty", None),
        (feature("B", [], "MultiPolygon"), "empty", None),
        (feature("B", LILLE, "Point"), "no polygon", None),
        (feature("A", SQUARE), "twice", "code_qp"),
        (feature(None, SQUARE), "empty", "code_qp"),
        (feature("B", SQUARE, lib_qp=" "), "empty", "lib_qp"),
    ],
)
def test_bad_features_are_named(tmp_path, bad, message, column):
    path = geojson(tmp_path / "a.geojson", feature("A", SQUARE), bad)
    with pytest.raises(BadInput, match=message) as caught:
        read_perimeters(path)
    assert (caught.value.row, caught.value.column) == (2, column)


@pytest.mark.parametrize("text", ["", "not a layer", '{"type": "FeatureCollection", "features": ['])
def test_unreadable_files(tmp_path, text):
    path = tmp_path / "a.geojson"
    path.write_text(text)
    with pytest.raises(BadInput):
        read_perimeters(path)


def test_a_table_without_geometry(tmp_path):
    frame = pandas.DataFrame({"code_qp": ["A"], "nom_qp": ["a"], "commune_qp": ["Lille"]})
    pyogrio.write_dataframe(frame, tmp_path / "x.gpkg")
    with pytest.raises(BadInput, match="no geometry"):
        read_perimeters(tmp_path / "x.gpkg")


def test_no_such_file(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        read_perimeters(tmp_path / "a.geojson")


# --- the table of shares

HEADER = "id,code,share\n"
ROW = "CRS3035RES200mN3080000E3830200,QN05901M,0.25\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "coverage.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_read_coverage(tmp_path):
    quarters = tmp_path / "quarters.csv"
    quarters.write_text(
        'code,name,communes\nQN05902N,Là,"Lille, Loos"\nQN05901M,Ici,Lille\n', encoding="utf-8"
    )
    table = read_coverage(written(tmp_path, HEADER + ROW), quarters)
    assert table.codes == ("QN05902N", "QN05901M")
    assert table.names == ("Là", "Ici")
    assert table.communes == ("Lille, Loos", "Lille")
    assert (table.crs, table.resolution, table.vintage) == (3035, 200, 2024)
    assert table.northing.tolist() == [15400]
    assert table.easting.tolist() == [19151]
    assert table.perimeter.tolist() == [1]
    assert table.areas_km2.tolist() == [0, 0.01]
    assert read_coverage(written(tmp_path, HEADER + ROW)).codes == ("QN05901M",)


@pytest.mark.parametrize(
    ("rows", "message", "column"),
    [
        (ROW + ROW, "twice", "code"),
        (ROW + ROW.replace("3830200", "3830201"), "not the id", "id"),
        (ROW + ROW.replace("RES200m", "RES0m"), "not the id", "id"),
        (ROW + ROW.replace("3035RES", "2975RES"), "another lattice", "id"),
        (ROW + ROW.replace("E3830200", "E3830000").replace("0.25", "0"), "in range", "share"),
        (ROW + ROW.replace("E3830200", "E3830000").replace("0.25", "1.01"), "in range", "share"),
        (ROW + ROW.replace("E3830200", "E3830000").replace("0.25", "nan"), "in range", "share"),
        (ROW + ROW.replace("E3830200", "E3830000").replace("0.25", "x"), "in range", "share"),
        (ROW + ROW.replace(",0.25", ""), "number of fields", None),
    ],
)
def test_bad_coverage_rows_are_named(tmp_path, rows, message, column):
    with pytest.raises(BadInput, match=message) as caught:
        read_coverage(written(tmp_path, HEADER + rows))
    assert (caught.value.row, caught.value.column) == (2, column)


def test_bad_coverage_tables(tmp_path):
    with pytest.raises(BadInput, match="no share"):
        read_coverage(written(tmp_path, HEADER))
    with pytest.raises(BadInput, match="missing column"):
        read_coverage(written(tmp_path, "id,code\n"))
    with pytest.raises(BadInput, match="cannot be read"):
        read_coverage(tmp_path / "absent.csv")
    quarters = tmp_path / "quarters.csv"
    quarters.write_text("code,name,communes\nQN05902N,a,b\n")
    with pytest.raises(BadInput, match="not among the quarters"):
        read_coverage(written(tmp_path, HEADER + ROW), quarters)
