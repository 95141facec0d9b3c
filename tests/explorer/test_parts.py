"""The parts that the page is made of."""

import base64
import json
import zlib

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from zonage.errors import ZonageError
from zonage.explorer.lonlat import fitted
from zonage.explorer.overlays import commune_borders, covered_outlines
from zonage.explorer.packing import Pack, safe_json
from zonage.explorer.wording import CAVEATS, reason_words, words
from zonage.tiles import Codes, Tiles
from zonage.zoning import REASON_TEXTS, Reason

BOXES = {
    3035: (3_700_000, 3_000_000, 3_900_000, 3_150_000),
    2975: (310_000, 7_630_000, 385_000, 7_695_000),
    5490: (690_000, 1_590_000, 740_000, 1_650_000),
}
"""A large département, La Réunion, Martinique."""


@pytest.mark.parametrize("crs", BOXES)
def test_longitudes_are_those_of_pyproj(crs):
    box = BOXES[crs]
    change = Transformer.from_crs(crs, 4326, always_xy=True).transform
    polynomial = fitted(change, box, 1e-9)
    rng = np.random.default_rng(1)
    x, y = rng.uniform(box[0], box[2], 500), rng.uniform(box[1], box[3], 500)
    for found, expected in zip(polynomial(x, y), change(x, y), strict=True):
        assert np.abs(found - expected).max() < 2e-9  # 0.2 millimetres


def test_a_change_that_no_polynomial_holds_is_an_error():
    with pytest.raises(ZonageError, match="too large"):
        fitted(lambda x, y: (np.abs(x), y), (-1, -1, 1, 1), 1e-9)


@given(
    st.lists(
        st.one_of(
            st.lists(st.integers(-(2**31), 2**32 - 1), max_size=9).map(np.array),
            st.lists(st.floats(width=32), max_size=9).map(lambda x: np.array(x, np.float32)),
            st.lists(st.booleans(), max_size=9).map(lambda x: np.array(x, bool)),
        ),
        max_size=6,
    )
)
def test_arrays_come_back_from_the_pack(arrays):
    pack = Pack()
    places = [pack.add(array) for array in arrays]
    data = zlib.decompress(base64.b64decode(pack.text()), -zlib.MAX_WBITS)
    for array, place in zip(arrays, places, strict=True):
        assert place["at"] % 8 == 0
        back = np.frombuffer(data, place["type"], place["length"], place["at"])
        np.testing.assert_array_equal(back, array)


@given(st.text())
def test_a_text_comes_back_and_never_leaves_its_element(text):
    packed = safe_json([text])
    assert json.loads(packed) == [text]
    assert not set("<>&\u2028\u2029") & set(packed)


def test_borders_run_between_communes_and_across_empty_ground():
    northing, easting = np.array([10, 10, 10, 8, 8]), np.array([5, 6, 8, 5, 8])
    commune = Codes.encode(["a", "a", "b", "a", "b"])
    tiles = Tiles.from_columns(
        northing, easting, {"population": np.ones(5)}, commune=commune, resolution=100
    )
    borders = shapely.multilinestrings(commune_borders(tiles))
    assert shapely.bounds(borders)[1] == 700.0  # from below the lower row ...
    assert shapely.bounds(borders)[3] == 1200.0  # ... to above the upper one: a cell of margin each
    assert set(shapely.get_coordinates(borders)[:, 0]) <= {700.0, 800.0}


def test_cells_that_are_covered_are_outlined():
    lines = covered_outlines(np.array([3, 3, 4]), np.array([1, 2, 1]), 200)
    assert sum(shapely.Polygon(line).area for line in lines) == 3 * 200**2
    assert covered_outlines(np.array([]), np.array([]), 200) == []


@pytest.mark.parametrize("in_force", [True, False])
def test_every_word_is_there_in_both_languages(in_force):
    for key, texts in words(in_force=in_force).items():
        assert texts["en"].strip(), key
        assert texts["fr"].strip(), key
    assert len(CAVEATS["en"]) == len(CAVEATS["fr"])
    for place, language in enumerate(("en", "fr")):
        assert reason_words()[language] == [REASON_TEXTS[one][place] for one in sorted(Reason)]


def test_every_word_that_the_page_asks_for_is_there():
    import re
    from importlib.resources import files

    folder = files("zonage.explorer") / "page"
    known = words(in_force=True).keys()
    pattern = re.compile(r"""\bword\("(\w+)"\)|data-(?:word|label)="(\w+)\"""")
    for file in folder.iterdir():
        for found in pattern.finditer(file.read_text(encoding="utf-8")):
            assert (found[1] or found[2]) in known, f"{file.name}: {found[0]}"
