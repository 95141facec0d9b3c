import re
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests import naive
from zonage.kernels import ids

LARGE = pa.large_string()
CODES = {
    "good": ids.GOOD,
    "malformed": ids.MALFORMED,
    "other crs": ids.OTHER_CRS,
    "other resolution": ids.OTHER_RESOLUTION,
    "off the lattice": ids.OFF_LATTICE,
    "overflow": ids.OVERFLOW,
}
GOOD_ID = "CRS3035RES200mN2893400E3763200"
WRONG_IDS = [
    ("", ids.MALFORMED),
    ("CRS3035RES200mN2893400E", ids.MALFORMED),
    ("CRS3035RES200mN2893400", ids.MALFORMED),
    ("CRS3035RES200mN2893400E3763200 ", ids.MALFORMED),
    ("CRS3035RES200mN28934.0E3763200", ids.MALFORMED),
    ("CRS3035RES200mN--200E3763200", ids.MALFORMED),
    ("crs3035RES200mN2893400E3763200", ids.MALFORMED),
    ("CRS3035RES0mN2893400E3763200", ids.MALFORMED),
    ("CRS99999999999999999999RES200mN0E0", ids.MALFORMED),
    ("CRS2975RES200mN2893400E3763200", ids.OTHER_CRS),
    ("CRS3035RES1000mN2893000E3763000", ids.OTHER_RESOLUTION),
    ("CRS3035RES200mN2893401E3763200", ids.OFF_LATTICE),
    ("CRS3035RES200mN2893400E3763399", ids.OFF_LATTICE),
    ("CRS3035RES200mN429496729600E0", ids.OVERFLOW),
    ("CRS3035RES200mN0E99999999999999999999999999999999999", ids.OVERFLOW),
    ("CRS3035RES200mN0E9000000000000000000", ids.OVERFLOW),
]


def parse(texts, kind=LARGE):
    array = pa.array(texts, kind)
    _, offsets, data = array.buffers()
    width = np.int64 if kind == LARGE else np.int32
    offsets = np.frombuffer(offsets, width)[array.offset : array.offset + len(array) + 1]
    data = np.frombuffer(data or b"", np.uint8)
    northing, easting = np.empty(len(array), np.int32), np.empty(len(array), np.int32)
    return *ids.parse_ids(data, offsets, northing, easting), northing, easting


numbers = st.integers(-5, 5) | st.integers(-(2**34), 2**34) | st.just(10**25)
good_ids = st.builds(
    "CRS{}RES{}mN{}E{}".format,
    st.sampled_from([3035, 2975]),
    st.sampled_from([1, 3]),
    numbers,
    numbers,
)
spoilt_ids = st.builds(
    lambda text, at, letter: text[: at % len(text)] + letter + text[at % len(text) + 1 :],
    good_ids,
    st.integers(0, 40),
    st.sampled_from(["", "N", "E", "-", "0", " ", "é"]),
)


@given(st.lists(good_ids | spoilt_ids, min_size=1, max_size=4))
@example([GOOD_ID, GOOD_ID.replace("N", "N000")])
@example(["CRS3035RES1mN2147483647E-2147483647"])
def test_parsing_equals_a_regular_expression(texts):
    crs, resolution, row, code, northing, easting = parse(texts)
    expected = naive.parse_ids(texts)
    assert (row, code) == (expected[2], CODES[expected[3]])
    if row != 0:
        assert (crs, resolution) == expected[:2]
    good = len(texts) if row < 0 else row
    found = list(zip(northing[:good].tolist(), easting[:good].tolist(), strict=True))
    assert found == expected[4]


@pytest.mark.parametrize(("wrong", "code"), WRONG_IDS)
def test_the_first_wrong_row_is_reported(wrong, code):
    assert parse([GOOD_ID, GOOD_ID, wrong, GOOD_ID, "nonsense"])[:4] == (3035, 200, 2, code)


def test_the_first_wrong_row_is_reported_across_blocks():
    corner = np.zeros(2 * ids.ROWS_PER_BLOCK, np.int32)
    data, offsets = ids.format_ids(3035, 200, corner, corner)
    first = ids.ROWS_PER_BLOCK + 5
    data[offsets[[first, first + 1, len(corner) - 1]]] = ord("X")
    northing, easting = np.empty_like(corner), np.empty_like(corner)
    found = ids.parse_ids(data, offsets, northing, easting)
    assert found == (3035, 200, first, ids.MALFORMED)


@pytest.mark.parametrize("kind", [pa.string(), LARGE])
def test_slices_and_nulls_of_an_arrow_column(kind):
    array = pa.array(["junk", GOOD_ID, None], kind)
    assert parse(array.slice(1, 1), kind)[2] == -1
    assert parse(array.slice(1, 2), kind)[2:4] == (1, ids.MALFORMED)


def test_no_ids():
    assert parse([])[:4] == (0, 0, -1, ids.GOOD)


indices = st.lists(
    st.tuples(*[st.integers(-(2**31) + 1, 2**31 - 1) | st.integers(-20, 20)] * 2), max_size=5
)


@given(st.integers(0, 2**31 - 1), st.integers(1, 2**31 - 1), indices)
@example(0, 2**31 - 3, [(0, 465_661_288)])
def test_formatting_and_parsing_are_inverse(crs, resolution, corners):
    northing, easting = np.array(corners, np.int32).reshape(-1, 2).T.copy()
    data, offsets = ids.format_ids(crs, resolution, northing, easting)
    texts = [data[a:b].tobytes().decode() for a, b in pairwise(offsets)]
    assert texts == [
        f"CRS{crs}RES{resolution}mN{n * resolution}E{e * resolution}" for n, e in corners
    ]
    if corners:
        *found, row, column = parse(texts)
        assert found == [crs, resolution, -1, ids.GOOD]
        np.testing.assert_array_equal([row, column], [northing, easting])


def test_wrong_lengths_are_refused():
    data, offsets = np.zeros(3, np.uint8), np.zeros(3, np.int64)
    short, right = np.empty(1, np.int32), np.empty(2, np.int32)
    for outputs in ((short, right), (right, short)):
        with pytest.raises(ValueError, match="one shorter"):
            ids.parse_ids(data, offsets, *outputs)
    with pytest.raises(ValueError, match="differ in length"):
        ids.format_ids(3035, 200, short, right)
    with pytest.raises(ValueError, match=re.escape("EPSG:3035, 0 m")):
        ids.format_ids(3035, 0, right, right)


@pytest.mark.parametrize("offsets", [[0, 99], [-1, 5], [5, 0]])
def test_offsets_beyond_the_data_are_malformed(offsets):
    out = np.empty(1, np.int32)
    found = ids.parse_ids(np.zeros(10, np.uint8), np.array(offsets), out, out.copy())
    assert found[2:] == (0, ids.MALFORMED)
