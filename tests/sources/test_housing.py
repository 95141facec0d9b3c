"""Social dwellings, by dwelling and counted, from made-up files, good and bad."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from zonage.errors import BadInput
from zonage.sources.housing import Dwellings, HousingCounts, read_rpls

COLUMNS = ["DEPCOM", "NUMVOIE", "EPSG", "X", "Y", "PLG_IRIS2022_CODE"]
X, Y = 704_000.5, 7_059_000.25  # Lille, in Lambert-93


def dwelling(x=X, y=Y, commune="59350", iris="593500101", epsg="2154"):
    return (commune, "12 RUE DU BAC", epsg, x, y, iris)


def write(path, *rows, columns=COLUMNS):
    pd.DataFrame(rows, columns=columns, dtype=str).to_csv(path, index=False, sep=";")
    return path


def test_dwellings_are_counted_by_point(tmp_path):
    path = write(
        tmp_path / "rpls.csv",
        dwelling(),
        dwelling(X + 10),
        dwelling("704000,5", "7059000,25"),
        dwelling(iris="593500102"),
        dwelling("", ""),
        dwelling(0, 0),
        dwelling("inconnu"),
        dwelling(epsg=""),
        dwelling(epsg="2975"),
        dwelling(Y, X),
    )
    found = read_rpls(path)
    assert isinstance(found, Dwellings)
    points = zip(found.easting, found.northing, found.count, found.commune, found.iris, strict=True)
    assert list(points) == [
        (X, Y, 2, "59350", "593500101"),
        (X, Y, 1, "59350", "593500102"),
        (X + 10, Y, 1, "59350", "593500101"),
    ]
    assert (found.crs, found.unplaced, found.total, len(found)) == (2154, 6, 10, 3)
    assert found.notes == (
        "4 dwellings without coordinates",
        "1 dwellings in another projection than the most",
        "1 dwellings outside the area of their projection",
    )
    assert (found.year, found.source) == (None, str(path))


def test_points_in_another_projection(tmp_path):
    found = read_rpls(write(tmp_path / "rpls.csv", dwelling()))
    easting, northing = found.located(3035)
    expected = Transformer.from_crs(2154, 3035, always_xy=True).transform(X, Y)
    assert (easting[0], northing[0]) == pytest.approx(expected)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["59350", "59512"])),
        min_size=1,
        max_size=40,
    )
)
@settings(max_examples=20, deadline=None)
def test_no_dwelling_is_lost_or_counted_twice(tmp_path_factory, dwellings):
    rows = [dwelling(X + x, Y + y, commune, "") for x, y, commune in dwellings]
    found = read_rpls(write(tmp_path_factory.mktemp("rpls") / "a.csv", *rows))
    expected = pd.Series(dwellings).value_counts().to_dict()
    keys = zip(
        (found.easting - X).tolist(), (found.northing - Y).tolist(), found.commune, strict=True
    )
    assert dict(zip(keys, found.count.tolist(), strict=True)) == expected
    assert set(found.iris) == {""}


def test_iris_of_four_digits_counts_within_its_commune(tmp_path):
    rows = [dwelling(iris="0101"), dwelling(iris="?")]
    assert read_rpls(write(tmp_path / "a.csv", *rows)).iris == ("593500101", "")


def test_parquet_and_chosen_communes(tmp_path):
    rows = [dwelling(), dwelling(commune="59512", iris="595120101")]
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"EPSG": int, "X": float, "Y": float})
    table.to_parquet(tmp_path / "a.parquet")
    assert read_rpls(tmp_path / "a.parquet").total == 2
    assert read_rpls(tmp_path / "a.parquet", communes=["59512"]).commune == ("59512",)
    with pytest.raises(BadInput, match="no row of the file is in the selection"):
        read_rpls(tmp_path / "a.parquet", communes=["75056"])


def test_points_with_a_count(tmp_path):
    columns = [*COLUMNS, "nb_logements"]
    path = write(tmp_path / "a.csv", (*dwelling(), "12"), (*dwelling("", ""), "3"), columns=columns)
    found = read_rpls(path)
    assert (found.count.tolist(), found.unplaced) == ([12], 3)
    for bad in ("", "1.5", "-1"):
        with pytest.raises(BadInput, match="row 1, column nb_logements"):
            read_rpls(write(tmp_path / "b.csv", (*dwelling(), bad), columns=columns))


def test_projection_that_the_file_does_not_say(tmp_path):
    columns = ["DEPCOM", "X", "Y"]
    path = write(tmp_path / "a.csv", ("59350", X, Y), columns=columns)
    with pytest.raises(BadInput, match="say it with crs="):
        read_rpls(path)
    assert read_rpls(path, crs=2154).crs == 2154


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (dwelling(Y, X), "no dwelling has coordinates.*1 dwellings outside the area"),
        (dwelling("", ""), "no dwelling has coordinates.*1 dwellings without coordinates"),
        (dwelling(3.06, 50.63), "no dwelling has coordinates.*outside the area"),
        (dwelling(3.06, 50.63, epsg="4326"), "not the EPSG code of a projection in metres"),
        (dwelling(epsg="999999"), "not the EPSG code of a projection in metres"),
        (dwelling(epsg="Lambert"), "no dwelling has coordinates"),
        (dwelling(commune="1004"), "row 1, column DEPCOM: not the code of a commune"),
        (dwelling(commune=""), "row 1, column DEPCOM: not the code of a commune; found nothing"),
    ],
)
def test_bad_dwellings(tmp_path, row, message):
    with pytest.raises(BadInput, match=message):
        read_rpls(write(tmp_path / "a.csv", row))


# --------------------------------------------------------------------------------------------------
# Counts


def counts(path, *rows, columns=("CODE_IRIS", "nb_ls")):
    return write(path, *rows, columns=columns)


def test_counts_by_iris_and_by_commune(tmp_path):
    found = read_rpls(
        counts(tmp_path / "a.csv", ("593500101", "12"), ("593500102", "ns")), year=2024
    )
    assert isinstance(found, HousingCounts)
    assert (found.code, found.level, found.year, len(found)) == (
        ("593500101", "593500102"),
        "iris",
        2024,
        2,
    )
    np.testing.assert_array_equal(found.count, [12, np.nan])
    columns = ("DEPCOM", "logements_sociaux")
    found = read_rpls(counts(tmp_path / "b.csv", ("59350", "1\u202f200"), columns=columns))
    assert (found.code, found.level, found.count.tolist()) == (("59350",), "commune", [1200])
    columns = ("DEPCOM", "IRIS", "n")
    path = counts(tmp_path / "c.csv", ("59350", "0101", 7), ("59512", "0101", 8), columns=columns)
    assert read_rpls(path, count="n").code == ("593500101", "595120101")
    assert read_rpls(path, count="n", communes={"59512"}).count.tolist() == [8]


def test_one_year_of_several(tmp_path):
    rows = [("59350", "2023-01", 5), ("59350", "2024-01", 6), ("59512", "2024-01", 7)]
    path = counts(tmp_path / "a.csv", *rows, columns=("DEPCOM", "MILLESIME", "nb_ls"))
    assert read_rpls(path).count.tolist() == [6, 7]
    assert read_rpls(path).year == 2024
    assert read_rpls(path, year=2023).count.tolist() == [5]
    with pytest.raises(BadInput, match=r"column MILLESIME: .*found 2020; expected 2023 or 2024"):
        read_rpls(path, year=2020)
    path = counts(tmp_path / "b.csv", ("59350", "hier", 5), columns=("DEPCOM", "annee", "nb_ls"))
    with pytest.raises(BadInput, match="row 1, column annee: not a year; found hier"):
        read_rpls(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [("593500101", 1), ("593500101", 2)],
            "row 2, .*the same iris comes twice; found 593500101",
        ),
        ([("0101", 1)], "row 1, column CODE_IRIS: not the code of an IRIS"),
        ([("593500101", -1)], "column nb_ls: not a number in range; found -1"),
        ([("593500101", "x")], "column nb_ls: not a number in range; found x"),
        ([("593500101", "ns")], "no count at all"),
        ([], "a header without rows"),
    ],
)
def test_bad_counts(tmp_path, rows, message):
    with pytest.raises(BadInput, match=message):
        read_rpls(counts(tmp_path / "a.csv", *rows))


def test_tables_without_what_is_needed(tmp_path):
    with pytest.raises(BadInput, match="neither coordinates nor counts"):
        read_rpls(write(tmp_path / "a.csv", ("59350", "12"), columns=["DEPCOM", "LIBCOM"]))
    with pytest.raises(BadInput, match="column depcom: missing column"):
        read_rpls(write(tmp_path / "b.csv", (X, Y), columns=["X", "Y"]))
    with pytest.raises(BadInput, match="column nb: missing column"):
        read_rpls(write(tmp_path / "c.csv", dwelling()), count="nb")
    with pytest.raises(BadInput, match="no such file"):
        read_rpls(tmp_path / "none.csv")
    (tmp_path / "d.csv").write_bytes(b"\0\0\0;\xff\n")
    with pytest.raises(BadInput, match="not a CSV"):
        read_rpls(tmp_path / "d.csv")
    (tmp_path / "e.csv").write_text(";".join(COLUMNS) + "\n59350;1\n")
    with pytest.raises(BadInput, match="row 1: a row with too many or too few columns"):
        read_rpls(tmp_path / "e.csv")
