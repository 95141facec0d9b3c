"""Tile readers: every format and layout gives the same tiles, and hostile files one clear error."""

import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from zonage.errors import BadInput
from zonage.sources.insee import describe, read_tiles

LOWER = {
    "population": "ind",
    "households": "men",
    "poor_households": "men_pauv",
    "income_sum": "ind_snv",
    "social_dwellings": "log_soc",
}
CAPITAL = {name: column.capitalize() for name, column in LOWER.items()}
LAYOUTS = {
    2015: ("IdINSPIRE", "I_est_cr", "Depcom", CAPITAL),
    2017: ("Idcar_200m", "I_est_200", "lcog_geo", CAPITAL),
    2019: ("idcar_200m", "i_est_200", "lcog_geo", LOWER),
    2021: ("idcar_200m", "i_est_200", "lcog_geo", LOWER),
}
FORMATS = ("csv", "french csv", "parquet", "gpkg", "geojson", "shp")

tenths = st.integers(1, 20_000)


@st.composite
def tables(draw):
    """Tiles as whole numbers: lattice indices, counts in tenths, flags and communes."""
    places = draw(
        st.lists(
            st.tuples(st.integers(0, 30_000), st.integers(0, 35_000)),
            min_size=1,
            max_size=8,
            unique=True,
        )
    )
    rows = []
    for northing, easting in places:
        men = draw(tenths)
        rows.append(
            {
                "place": (northing, easting),
                "population": draw(tenths),
                "households": men,
                "poor_households": draw(st.integers(0, men)),
                "income_sum": draw(st.integers(1, 10**9)),
                "social_dwellings": draw(st.integers(0, 5000)),
                "imputed": draw(st.booleans()),
                "communes": draw(
                    st.lists(
                        st.sampled_from(["59350", "2A004", "01004", "97411"]),
                        min_size=1,
                        max_size=3,
                    )
                ),
            }
        )
    return rows


def frame_of(rows, vintage, crs=3035, separator=""):
    """Write a table down as INSEE would in a vintage."""
    place, flag, commune, columns = LAYOUTS[vintage]
    data = {
        place: [f"CRS{crs}RES200mN{n * 200}E{e * 200}" for n, e in (row["place"] for row in rows)],
        flag: [int(row["imputed"]) for row in rows],
        commune: [separator.join(row["communes"]) for row in rows],
    }
    data |= {column: [row[name] / 10 for row in rows] for name, column in columns.items()}
    return pd.DataFrame(data)


def write(frame, folder, form, stem):
    """Write a frame in a format, with a geometry and a CRS that lie; return all its files."""
    path = folder / f"{stem}.{form.split()[-1]}"
    if form == "csv":
        frame.to_csv(path, index=False)
    elif form == "french csv":
        frame.to_csv(path, index=False, sep=";", decimal=",", quoting=1, encoding="utf-8-sig")
    elif form == "parquet":
        frame.to_parquet(path, index=False)
    else:
        lie = geopandas.GeoDataFrame(frame, geometry=[Point(2, 48)] * len(frame), crs=2154)
        lie.to_file(path, engine="pyogrio")
    return sorted(folder.glob(f"{stem}.*"), key=lambda file: file != path)


def pack(files, folder, container):
    """Put files into a container; return the path to read."""
    if container == "plain":
        return files[0]
    path = folder / ("packed.7z" if "7z" in container else "packed.zip")
    if "7z" in container:
        with py7zr.SevenZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, f"some folder/{file.name}")
    if "zip" in container:
        files = [path] if "7z" in container else files
        path = folder / "packed.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.name)
    return path


def content(tiles):
    """What tiles hold, by place."""
    communes = tiles.commune.decode()
    return {
        (int(tiles.northing[i]), int(tiles.easting[i])): (
            {name: int(column[i]) for name, column in tiles.counts.items()},
            bool(tiles.imputed[i]),
            str(communes[i]),
        )
        for i in range(len(tiles))
    }


def expected(rows):
    return {
        row["place"]: (
            {name: row[name] * 100 for name in LOWER},
            row["imputed"],
            row["communes"][0],
        )
        for row in rows
    }


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=10, deadline=None)
@given(
    rows=tables(),
    vintage=st.sampled_from(list(LAYOUTS)),
    crs=st.sampled_from([3035, 2975, 5490, 2973]),
    separator=st.sampled_from(["", ",", ", "]),
    container=st.sampled_from(["plain", "zip", "7z", "7z in zip"]),
)
def test_every_format_layout_and_container_gives_the_same_tiles(
    form, rows, vintage, crs, separator, container
):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write(frame_of(rows, vintage, crs, separator), folder, form, f"tiles_{vintage}")
        path = pack(files, folder, container)
        tiles = read_tiles(path)
        found = describe(path)
    assert content(tiles) == expected(rows)
    assert (tiles.crs, tiles.resolution, tiles.vintage) == (crs, 200, vintage)
    assert (found.rows, found.vintage, found.problems) == (len(rows), vintage, ())
    assert found.totals["population"] == tiles.total("population")


HEADER = "idcar_200m,i_est_200,lcog_geo,ind,men,men_pauv,ind_snv"
ROWS = [
    "CRS3035RES200mN3083400E3816000,0,59350,12.5,5,1,250000",
    "CRS3035RES200mN3083400E3816200,1,5935059512,10,4,0.5,200000",
    "CRS3035RES200mN3083600E3816000,0,59512,20,8,2,400000",
    "CRS3035RES200mN3083600E3816200,0,59512,30,9,2,600000",
]


def csv_file(folder, *rows, header=HEADER, name="tiles_2019.csv"):
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def with_row(number, text):
    return [*ROWS[: number - 1], text, *ROWS[number:]]


ID3 = "CRS3035RES200mN3083600E3816000"


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        (f"{ID3},0,59512,twenty,8,2,400000", "ind", "text in a column of numbers"),
        (f"{ID3},0,59512,,8,2,400000", "ind", "missing value"),
        (f"{ID3},0,59512,20,ns,2,400000", "men", "missing value"),
        (f"{ID3},0,59512,20,s,2,400000", "men", "missing value"),
        (f'{ID3},0,59512,20,8,2,"400,000"', "ind_snv", "text in a column of numbers"),
        (f"{ID3},0,59512,20,8,2,1e400", "ind_snv", "not a finite number"),
        (f"{ID3},0,59512,-20,8,2,400000", "ind", "negative count"),
        (f"{ID3},0,59512,nan,8,2,400000", "ind", "not a finite number"),
        (f"{ID3},0,59512,20,8,2,inf", "ind_snv", "not a finite number"),
        (f"{ID3},0,59512,20,8,8.1,400000", "men_pauv", "more poor households"),
        (f"{ID3},0,59512,0,8,2,400000", "ind_snv", "income sum without inhabitants"),
        (f"{ID3},2,59512,20,8,2,400000", "i_est_200", "not a flag"),
        (f"{ID3},0,5951,20,8,2,400000", "lcog_geo", "codes of communes"),
        (f"{ID3},0,2C004,20,8,2,400000", "lcog_geo", "codes of communes"),
        ("CRS3035RES200mN3083600E3816001,0,59512,20,8,2,4", "idcar_200m", "off the lattice"),
        ("CRS3035RES1000mN3083000E3816000,0,59512,20,8,2,4", "idcar_200m", "another resolution"),
        ("CRS2975RES200mN3083600E3816000,0,59512,20,8,2,4", "idcar_200m", "another CRS"),
        ("3083600_3816000,0,59512,20,8,2,400000", "idcar_200m", "not the id of a tile"),
        (",0,59512,20,8,2,400000", "idcar_200m", "not the id of a tile"),
        (f"{ROWS[1]}", "idcar_200m", "twice"),
        (f"{ID3},0,59512,20,8,2", None, "too many or too few columns"),
        (f"{ID3},0,59512,20,8,2,400000,7", None, "too many or too few columns"),
    ],
)
def test_a_bad_row_is_one_error_with_its_row_and_column(tmp_path, row, column, message):
    path = csv_file(tmp_path, *with_row(3, row))
    with pytest.raises(BadInput, match=message) as caught:
        read_tiles(path)
    assert (caught.value.row, caught.value.column) == (3, column)
    assert caught.value.file == str(path)
    problems = describe(path).problems
    assert any(message in problem and "row 3" in problem for problem in problems)


def test_rows_are_those_of_the_file_when_others_are_left_out(tmp_path):
    path = csv_file(tmp_path, *with_row(4, ROWS[3].replace(",30,", ",-30,")))
    with pytest.raises(BadInput) as caught:
        read_tiles(path, communes=["59512"])
    assert (caught.value.row, caught.value.column) == (4, "ind")
    path = csv_file(tmp_path, *ROWS, ROWS[2])
    with pytest.raises(BadInput, match="twice") as caught:
        read_tiles(path, bbox=(0, 3083600, 9e6, 9e6))
    assert caught.value.row == 5
    assert "row 3" in str(caught.value.found)


def test_blank_lines_are_not_counted(tmp_path):
    for bad in (ROWS[2] + ",7", ROWS[2].replace(",20,", ",-20,")):
        path = csv_file(tmp_path, ROWS[0], "", ROWS[1], "", bad)
        with pytest.raises(BadInput) as caught:
            read_tiles(path)
        assert caught.value.row == 3


def test_wrong_ids_without_end_are_summed_up(tmp_path):
    path = csv_file(tmp_path, ROWS[0], *[row.replace("CRS", "X") for row in ROWS * 10])
    problems = describe(path).problems
    assert len(problems) == 2
    assert "not the id of a tile" in problems[0]
    assert "rows left out after too many wrong ids" in problems[1]


def test_damaged_layers_are_not_read_in_part(tmp_path):
    ids = [f"CRS3035RES200mN{200 * i}E200" for i in range(1, 2000)]
    frame = pd.DataFrame({"idcar_200m": ids, "ind": np.arange(1.0, 2000.0)})
    path, *_ = write(frame, tmp_path, "shp", "tiles")
    table = tmp_path / "tiles.dbf"
    whole = table.read_bytes()
    assert read_tiles(path).total("population") == frame["ind"].sum()
    table.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="cut short"):
        read_tiles(path)
    table.write_bytes(whole.replace(b" 1500.0", b" 15x0.0"))
    with pytest.raises(BadInput, match="damaged"):
        read_tiles(path)
    path, *_ = write(frame, tmp_path, "gpkg", "other")
    path.write_bytes(
        path.read_bytes().replace(ids[700].encode(), b"CRS\xff" + ids[700][4:].encode())
    )
    with pytest.raises(BadInput, match="not the id of a tile") as caught:
        read_tiles(path)
    assert caught.value.row == 701


def test_rows_are_counted_across_batches(tmp_path):
    ids = [f"CRS3035RES200mN{200 * (1 + i)}E200" for i in range(100_000)]
    counts = np.full(len(ids), 10.0)
    counts[90_123] = -1
    frame = pd.DataFrame({"idcar_200m": ids, "ind": counts})
    frame.to_parquet(tmp_path / "tiles.parquet")
    frame.to_csv(tmp_path / "tiles.csv", index=False)
    for path in (tmp_path / "tiles.parquet", tmp_path / "tiles.csv"):
        with pytest.raises(BadInput, match="negative") as caught:
            read_tiles(path)
        assert caught.value.row == 90_124
    lines = (tmp_path / "tiles.csv").read_text().splitlines()
    lines[90_124] += ",1"
    (tmp_path / "tiles.csv").write_text("\n".join(lines))
    with pytest.raises(BadInput, match="too many") as caught:
        read_tiles(tmp_path / "tiles.csv")
    assert caught.value.row == 90_124


def test_description_lists_all_problems_at_once(tmp_path):
    rows = with_row(1, ROWS[0].replace(",12.5,", ",many,"))
    rows[1] = rows[1].replace(",0.5,", ",4.5,")
    rows[2] = rows[2].replace(",20,", ",-20,")
    path = csv_file(tmp_path, *rows, rows[3], "nonsense,0,59512,1,1,0,10")
    found = describe(path)
    text = "\n".join(found.problems)
    for part in (
        "row 1, column ind",
        "row 2, column men_pauv",
        "row 3, column ind",
        "row 5, column idcar_200m",
        "row 6, column idcar_200m",
    ):
        assert part in text
    assert found.rows == 6
    assert len(found.problems) == 5


def test_description_counts_the_rows_of_a_problem(tmp_path):
    path = csv_file(tmp_path, *(row.replace(",59512,", ",5951,") for row in ROWS))
    (problem,) = describe(path).problems
    assert "row 3" in problem
    assert "1 more row" in problem


def test_description_of_good_tiles(tmp_path):
    found = describe(csv_file(tmp_path, *ROWS))
    assert (found.format, found.layout, found.vintage) == ("CSV", "Filosofi 2019 or 2021", 2019)
    assert "tiles_2019.csv" in found.vintage_reason
    assert found.bounds == (3816000, 3083400, 3816400, 3083800)
    assert found.totals == {
        "population": 72.5,
        "households": 26.0,
        "poor_households": 5.5,
        "income_sum": 1450000.0,
    }
    assert found.imputed_tile_share == 0.25
    assert found.imputed_population_share == pytest.approx(10 / 72.5)
    assert "log_soc" in found.missing
    assert found.unknown == ()


@pytest.mark.parametrize(
    ("selection", "places"),
    [
        ({"bbox": (3816000, 3083400, 3816200, 3083600)}, {(15417, 19080)}),
        ({"bbox": (3816000, 3083400, 3816200.5, 3083600)}, {(15417, 19080), (15417, 19081)}),
        ({"bbox": (3816001, 3083400, 3816201, 3083600)}, {(15417, 19081)}),
        ({"communes": ["59350"]}, {(15417, 19080), (15417, 19081)}),
        ({"communes": {"59512", "59001"}}, {(15418, 19080), (15418, 19081)}),
        ({"communes": ["59350"], "bbox": (3816200, 0, 9e6, 9e6)}, {(15417, 19081)}),
    ],
)
def test_selection(tmp_path, selection, places):
    tiles = read_tiles(csv_file(tmp_path, *ROWS), **selection)
    assert set(zip(tiles.northing.tolist(), tiles.easting.tolist(), strict=True)) == places


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bbox": (3.0, 50.6, 3.1, 50.7)}, "no tile of the file is in the selection"),
        ({"bbox": (2, 1, 1, 2)}, "empty bounding box"),
        ({"bbox": (0, 0, float("nan"), 1)}, "four edges"),
        ({"communes": ["75056"]}, "no tile of the file is in the selection"),
        ({"communes": ["Lille"]}, "not the code of a commune"),
        ({"variables": ["ind"]}, "no such counted variable"),
        ({"variables": ["age_0_3"]}, "none of the wanted variables"),
        ({"vintage": 2015}, "not of the given vintage"),
        ({"crs": 2975}, "another CRS"),
        ({"crs": 27700}, "no lattice of INSEE's tiles"),
        ({"member": "met"}, "no members"),
    ],
)
def test_a_request_that_cannot_be_met(tmp_path, arguments, message):
    with pytest.raises(BadInput, match=message):
        read_tiles(csv_file(tmp_path, *ROWS), **arguments)


def test_communes_are_needed_to_choose_by_them(tmp_path):
    path = csv_file(tmp_path, "CRS3035RES200mN200E200,1", header="idcar_200m,ind")
    with pytest.raises(BadInput, match="names no commune"):
        read_tiles(path, communes=["59350"])
    tiles = read_tiles(path)
    assert tiles.commune.decode().tolist() == [""]
    assert tiles.imputed is None
    assert set(tiles.counts) == {"population"}


@pytest.mark.parametrize(
    ("name", "header", "given", "vintage"),
    [
        ("carreaux_200m_met.csv", "idcar_200m,ind", None, None),
        ("carreaux_200m_met.csv", "idcar_200m,ind", 2021, 2021),
        ("carreaux_200m_met.csv", "idcar_200m,ind", 2023, 2023),
        ("Filosofi2019_met.csv", "idcar_200m,ind", None, 2019),
        ("tuiles20190.csv", "idcar_200m,ind", None, None),
        ("met_2019_2021.csv", "idcar_200m,ind", None, None),
        ("lowered_2017.csv", "idcar_200m,ind", None, None),
        ("lowered_2017.csv", "idcar_200m,ind", 2017, 2017),
        ("called_2019.csv", "Idcar_200m,Ind", None, 2017),
        ("called_2019.csv", "IdINSPIRE,Ind", None, 2015),
        ("lowered_2015.csv", "idinspire,ind", None, 2015),
    ],
)
def test_vintage_is_known_or_said_to_be_unknown(tmp_path, name, header, given, vintage):
    path = csv_file(tmp_path, "CRS3035RES200mN200E200,1", header=header, name=name)
    assert read_tiles(path, vintage=given).vintage == vintage
    if given is None:
        assert describe(path).vintage == vintage


@pytest.mark.parametrize(
    ("header", "given"),
    [
        ("IdINSPIRE,Ind", 2021),
        ("IdINSPIRE,Ind", 2023),
        ("Idcar_200m,Ind", 2019),
        ("idcar_200m,ind", 2015),
        ("idcar_200m,ind", 2018),
    ],
)
def test_a_vintage_that_the_header_denies(tmp_path, header, given):
    path = csv_file(tmp_path, "CRS3035RES200mN200E200,1", header=header)
    with pytest.raises(BadInput, match="not of the given vintage"):
        read_tiles(path, vintage=given)


def test_vintage_from_the_archive_name(tmp_path):
    file = csv_file(tmp_path, *ROWS, name="carreaux_200m_met.csv")
    path = tmp_path / "Filosofi2021_carreaux_200m_csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(file, file.name)
    assert read_tiles(path).vintage == 2021


@pytest.mark.parametrize(
    "header",
    [
        "i,j,idinspire,ind_2015,ind_2017",
        "idcar_1km,ind,men",
        "ind,men,ind_snv",
        "idcar_200m,region",
        "idcar_200m",
    ],
)
def test_an_unknown_layout_says_what_was_found_and_expected(tmp_path, header):
    path = csv_file(tmp_path, ",".join("1" * len(header.split(","))), header=header)
    with pytest.raises(BadInput, match="no layout") as caught:
        read_tiles(path)
    assert header.split(",")[0] in str(caught.value.found)
    assert "idcar_200m" in str(caught.value.expected)
    assert len(describe(path).problems) == 1


def test_a_column_that_comes_twice(tmp_path):
    path = csv_file(tmp_path, "CRS3035RES200mN200E200,1,2", header="idcar_200m,ind,ind")
    with pytest.raises(BadInput, match="column comes twice"):
        read_tiles(path)


def test_accents_where_nobody_looks_and_where_they_matter(tmp_path):
    path = tmp_path / "tiles.csv"
    path.write_bytes("idcar_200m,libellé,ind\nCRS3035RES200mN200E200,Orléans,1\n".encode("latin-1"))
    assert read_tiles(path).total("population") == 1
    path.write_bytes("idcar_200m,ind\nCRS3035RES200mN200E200,1é\n".encode("latin-1"))
    with pytest.raises(BadInput, match="text in a column of numbers") as caught:
        read_tiles(path)
    assert "UTF-8" in str(caught.value)
    path.write_text("idcar_200m,ind\nCRS3035RES200mN200E200,1\n", encoding="utf-16")
    with pytest.raises(BadInput, match="not a CSV file in UTF-8"):
        read_tiles(path)


def test_numbers_as_the_french_write_them(tmp_path):
    rows = [
        "CRS3035RES200mN200E200;1\u202f234,5",
        "CRS3035RES200mN200E400; 0,125 ",
        "CRS3035RES200mN200E600;7",
    ]
    path = csv_file(tmp_path, *rows, header="idcar_200m;ind")
    assert read_tiles(path).values("population").tolist() == [1234.5, 0.125, 7.0]


def test_whole_number_communes_regain_their_zero(tmp_path):
    frame = pd.DataFrame(
        {
            "IdINSPIRE": ["CRS3035RES200mN200E200", "CRS3035RES200mN200E400"],
            "Depcom": [1004, 59350],
            "Ind": [1.0, 2.0],
        }
    )
    frame.to_parquet(tmp_path / "tiles.parquet")
    assert read_tiles(tmp_path / "tiles.parquet").commune.decode().tolist() == ["01004", "59350"]


def test_parquet_types_of_other_tools(tmp_path):
    frame = pd.DataFrame(
        {
            "idcar_200m": pd.Categorical(["CRS3035RES200mN200E200", "CRS3035RES200mN200E400"]),
            "lcog_geo": pd.Categorical(["59350", None]),
            "i_est_200": [True, False],
            "ind": np.array([1, 2], np.int16),
            "ind_snv": ["10,5", "20"],
        }
    )
    frame.to_parquet(tmp_path / "tiles.parquet")
    tiles = read_tiles(tmp_path / "tiles.parquet")
    assert tiles.values("income_sum").tolist() == [10.5, 20.0]
    assert tiles.commune.decode().tolist() == ["59350", ""]
    assert tiles.imputed.tolist() == [True, False]
    frame["ind"] = pd.to_datetime(["2019-01-01", "2019-01-01"])
    frame.to_parquet(tmp_path / "tiles.parquet")
    with pytest.raises(BadInput, match="text in a column of numbers"):
        read_tiles(tmp_path / "tiles.parquet")


def test_tile_centres_need_a_crs_and_lie_on_the_lattice(tmp_path):
    header = "x,y,houhold,phouhold"
    path = csv_file(tmp_path, "359500.0,7634300.0,5.0693069,2.3762376", header=header)
    with pytest.raises(BadInput, match="does not say its CRS"):
        read_tiles(path)
    tiles = read_tiles(path, crs=2975)
    assert (tiles.northing.tolist(), tiles.easting.tolist()) == ([38171], [1797])
    assert (tiles.crs, tiles.vintage, tiles.total("households")) == (2975, 2010, 5.069)
    assert len(describe(path).problems) == 1
    for northing in ("7634310.0", "1e300", "inf", "nan"):
        path = csv_file(tmp_path, f"359500.0,{northing},5,2", header=header)
        with pytest.raises(BadInput, match="not the centre of a tile") as caught:
            read_tiles(path, crs=2975)
        assert (caught.value.row, caught.value.column) == (1, "y")


def norwegian(folder, *ids, name="NOR0250M_POP_2021.csv"):
    return csv_file(folder, *(f"{text};5" for text in ids), header="SSBID0250M;pop_tot", name=name)


def test_ids_of_statistics_norway(tmp_path):
    path = norwegian(tmp_path, "19250006618000", "29755007937500")
    tiles = read_tiles(path)
    assert (tiles.crs, tiles.resolution, tiles.vintage) == (25833, 250, 2021)
    # 975 500 m east and 7 937 500 m north of the origin, and 75 000 m west of it.
    assert tiles.ids.to_pylist() == [
        "CRS25833RES250mN7937500E975500",
        "CRS25833RES250mN6618000E-75000",
    ]
    assert tiles.total("population") == 10
    assert len(read_tiles(path, bbox=(0, 0, 1e6, 8e6))) == 1
    assert read_tiles(path, vintage=2023).vintage == 2023
    numbers = pd.DataFrame({"SSBID0250M": [19250006618000], "pop_tot": [5]})
    numbers.to_parquet(tmp_path / "tiles.parquet")
    assert read_tiles(tmp_path / "tiles.parquet").easting.tolist() == [-300]


@pytest.mark.parametrize(
    "text", ["1925000661800", "192500066180000", "1925000661800x", "19250016618000", ""]
)
def test_wrong_ids_of_statistics_norway(tmp_path, text):
    path = norwegian(tmp_path, "19250006618000", text)
    with pytest.raises(BadInput, match="not the id of a tile") as caught:
        read_tiles(path)
    assert (caught.value.row, caught.value.column) == (2, "SSBID0250M")
    found = describe(path)
    assert (found.rows, found.totals, len(found.problems)) == (2, {"population": 5.0}, 1)


def test_ids_of_statistics_norway_are_of_one_lattice(tmp_path):
    with pytest.raises(BadInput, match="another CRS"):
        read_tiles(norwegian(tmp_path, "19250006618000"), crs=3035)


def test_an_unknown_lattice_is_refused(tmp_path):
    path = csv_file(tmp_path, "CRS2154RES200mN200E200,1", header="idcar_200m,ind")
    with pytest.raises(BadInput, match="no lattice of INSEE's tiles") as caught:
        read_tiles(path)
    assert "3035" in str(caught.value.expected)


def make(name):
    """A maker of files of the given name."""

    def register(function):
        MAKERS[name] = function
        return function

    return register


MAKERS = {}


@make("empty.csv")
def _(path):
    path.write_bytes(b"")


@make("header.csv")
def _(path):
    path.write_text(HEADER + "\n")


@make("header_without_end.csv")
def _(path):
    path.write_text(HEADER)


@make("old_line_ends.csv")
def _(path):
    path.write_bytes("\r".join([HEADER, *ROWS]).encode())


@make("image.csv")
def _(path):
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)))


@make("endless.csv")
def _(path):
    path.write_bytes(b"a" * (2 << 20))


@make("text.parquet")
def _(path):
    path.write_text(HEADER)


@make("cut.parquet")
def _(path):
    pd.DataFrame({"idcar_200m": ["CRS3035RES200mN200E200"], "ind": [1.0]}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-30])


@make("rotten.parquet")
def _(path):
    ids = [f"CRS3035RES200mN{i}00E200" for i in range(0, 2000, 2)]
    frame = pd.DataFrame({"idcar_200m": ids, "ind": 1.0})
    frame.to_parquet(path, compression="gzip")
    data = bytearray(path.read_bytes())
    data[40:400] = bytes(360)
    path.write_bytes(data)


@make("cut.geojson")
def _(path):
    whole = json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"idcar_200m": "CRS3035RES200mN200E200", "ind": 1},
                    "geometry": None,
                }
            ],
        }
    )
    path.write_text(whole[:-25])


@make("other.geojson")
def _(path):
    path.write_text('{"type": "Topology"}')


@make("latin.geojson")
def _(path):
    properties = '{"idcar_200m": "CRS3035RES200mN200E200", "ind": 1, "libellé": "x"}'
    feature = f'{{"type": "Feature", "properties": {properties}, "geometry": null}}'
    text = f'{{"type": "FeatureCollection", "features": [{feature}]}}'
    path.write_bytes(text.encode("latin-1"))


@make("driver.geojson")
def _(path):
    path.write_text('<OGRVRTDataSource><OGRVRTLayer name="a"/></OGRVRTDataSource>')


@make("text.gpkg")
def _(path):
    path.write_text("not a database")


@make("cut.gpkg")
def _(path):
    path.write_bytes(b"SQLite format 3\0" + bytes(200))


@make("alone.shp")
def _(path):
    with tempfile.TemporaryDirectory() as folder:
        frame = pd.DataFrame({"idcar_200m": ["CRS3035RES200mN200E200"], "ind": [1.0]})
        write(frame, Path(folder), "shp", "alone")
        shutil.copy(Path(folder, "alone.shp"), path)
        shutil.copy(Path(folder, "alone.shx"), path.with_suffix(".shx"))


@make("letter.docx")
def _(path):
    path.write_text("Dear Sir")


@pytest.mark.parametrize("name", MAKERS)
def test_a_file_that_is_not_what_it_seems(tmp_path, name):
    path = tmp_path / name
    MAKERS[name](path)
    with pytest.raises(BadInput) as caught:
        read_tiles(path)
    assert caught.value.file == str(path)
    assert len(describe(path).problems) == 1


def test_a_folder_and_a_missing_file(tmp_path):
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(BadInput):
            read_tiles(path)
        with pytest.raises(BadInput):
            describe(path)


def several(folder, *names):
    """A zip of tile files that differ in their number of rows."""
    path = folder / "several.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for rows, name in enumerate(names, 1):
            archive.writestr(name, "\n".join([HEADER, *ROWS[:rows]]))
        archive.writestr("__MACOSX/._carreaux.csv", "x")
        archive.writestr("notice.pdf", "x")
    return path


@pytest.mark.parametrize(
    ("member", "rows"),
    [(None, 2), ("met", 2), ("_reun", 3), ("carreaux_200m_mart.csv", 1)],
)
def test_the_member_of_an_archive(tmp_path, member, rows):
    names = ("carreaux_200m_mart.csv", "carreaux_200m_met.csv", "a/carreaux_200m_reun.csv")
    assert len(read_tiles(several(tmp_path, *names), member=member)) == rows


@pytest.mark.parametrize(
    ("names", "member"),
    [
        (("a_met.csv", "b_met.csv"), None),
        (("a_met.csv", "b_met.csv"), "met"),
        (("a_met.csv", "a_1km.csv"), None),
        (("a_mart.csv", "a_reun.csv"), None),
        (("a_met.csv",), "reun"),
    ],
)
def test_an_ambiguous_archive_lists_its_files(tmp_path, names, member):
    path = several(tmp_path, *names)
    with pytest.raises(BadInput, match=r"files to choose from|no such file") as caught:
        read_tiles(path, member=member)
    assert all(name in str(caught.value.found) for name in names)
    assert len(describe(path, member=member).problems) == 1


def test_the_layer_of_a_geopackage(tmp_path):
    path = tmp_path / "two.gpkg"
    for layer, ind in (("met", 1.0), ("reun", 2.0)):
        frame = pd.DataFrame({"idcar_200m": ["CRS3035RES200mN200E200"], "ind": [ind]})
        lie = geopandas.GeoDataFrame(frame, geometry=[Point(0, 0)], crs=2154)
        lie.to_file(path, layer=layer, engine="pyogrio")
    with pytest.raises(BadInput, match="several layers"):
        read_tiles(path)
    assert read_tiles(path, member="reun").total("population") == 2.0


def test_nothing_stays_behind_in_the_temporary_folder(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    path = several(tmp_path, "a.csv")
    assert len(read_tiles(path)) == 1
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "nothing")
    with pytest.raises(BadInput):
        read_tiles(path)
    assert list(scratch.iterdir()) == []
