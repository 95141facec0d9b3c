"""Overlays: exact counts for masks, shares of area for outlines, every inhabitant once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.complementary.pictures import perimeters
from tests.complementary.test_perimeters import towns, usable
from tests.test_comparison import perimeters_of
from zonage.complementary.overlays import (
    Division,
    by_outline,
    cross,
    levels_of,
    outlines_of,
    parts_of,
)
from zonage.errors import BadInput
from zonage.raster import coverage

TOWN = """
F f f n
n n a a
"""


@pytest.fixture(scope="module")
def found():
    """A quarter (0), a perimeter of level 1 (1, 2), one of level 2 around it (6, 7)."""
    return perimeters(TOWN, people=np.array([10.0, 60, 50, 30, 1, 2, 70, 80]))


def outlines(tiles, **boxes):
    """Shares of boxes (west, north, east, south), in tiles from the town's north-west corner."""
    cells = {
        code: [(west, 101 - south, east, 101 - north)]
        for code, (west, north, east, south) in boxes.items()
    }
    return coverage(perimeters_of(cells), tiles)


def test_masks_are_counted_exactly(found):
    renewal = np.array([True, True, False, False, False, False, True, False])
    table = cross(found.tiles, {"part": parts_of(found), "renewal": renewal})
    rows = list(
        zip(table["part"], table["renewal"], table["tiles"], table["population"], strict=True)
    )
    assert rows == [
        ("outside", "out", 2, 32.0),
        ("State's quarter", "in", 1, 10.0),
        ("level 1", "out", 1, 50.0),
        ("level 1", "in", 1, 60.0),
        ("level 2", "out", 1, 80.0),
        ("level 2", "in", 1, 70.0),
        ("ring around", "out", 1, 1.0),
    ]
    assert set(table["counted"]) == {"exactly"}


def test_outlines_count_by_share_of_area(found):
    # A quarter of the second tile (60) and half of the seventh (70): boxes in tiles.
    cut = outlines(found.tiles, one=(1.5, 0.5, 2, 1), two=(2, 1, 2.5, 2))
    table = cross(found.tiles, {"level": levels_of(found), "zone": cut})
    inside = {
        level: people
        for level, zone, people in zip(
            table["level"], table["zone"], table["population"], strict=True
        )
        if zone == "in"
    }
    assert inside == {"1": pytest.approx(15.0), "2": pytest.approx(35.0)}
    assert set(table["counted"]) == {"by share of area"}
    assert sum(table["population"]) == pytest.approx(303.0)
    assert sum(table["tiles"]) == pytest.approx(8.0)


def test_each_outline_is_divided_among_the_parts(found):
    cut = outlines(found.tiles, QN1=(0, 0, 2, 1), QN2=(2, 1, 4, 1.5))
    table = by_outline(found, cut)
    assert table["code"] == ["QN1", "QN2"]
    assert table["name"] == ["Name of QN1", "Name of QN2"]
    assert table["population"] == pytest.approx([70.0, 75.0])
    assert table["population_quarter"] == pytest.approx([10.0, 0.0])
    assert table["population_level_1"] == pytest.approx([60.0, 0.0])
    assert table["population_level_2"] == pytest.approx([0.0, 75.0])
    assert table["population_outside"] == pytest.approx([0.0, 0.0])
    same = cross(found.tiles, {"quarter": outlines_of(cut, found.tiles), "part": parts_of(found)})
    rows = zip(same["quarter"], same["part"], same["population"], strict=True)
    by_pair = {(quarter, part): people for quarter, part, people in rows}
    assert by_pair["QN2", "level 2"] == pytest.approx(75.0)
    assert by_pair["outside", "level 2"] == pytest.approx(75.0)


def test_outlines_that_overlap_share_the_tile(found):
    cut = outlines(found.tiles, whole=(0, 0, 1, 1), half=(0, 0, 1, 0.5))
    divided = outlines_of(cut, found.tiles)
    np.testing.assert_allclose(divided.share[:, 0], [0, 2 / 3, 1 / 3])
    np.testing.assert_allclose(divided.share.sum(axis=0), 1)


def test_names_may_be_french(found):
    table = cross(found.tiles, {"secteur": parts_of(found, "fr")})
    assert set(table["secteur"]) == {
        "hors périmètre", "quartier prioritaire", "niveau 1", "niveau 2", "anneau autour",
    }  # fmt: skip


@given(towns().filter(usable), st.data())
@settings(max_examples=30)
def test_every_inhabitant_is_counted_once(town, data):
    found = perimeters(*town, min_coverage=0)
    size = len(found.tiles)
    mask = data.draw(hnp.arrays(np.bool_, size))
    share = data.draw(hnp.arrays(np.float64, size, elements=st.floats(0, 1)))
    total = found.tiles.total("population")
    exact = cross(found.tiles, {"part": parts_of(found), "mask": mask})
    assert sum(exact["population"]) == pytest.approx(total, abs=1e-9)
    assert sum(exact["tiles"]) == size
    shared = cross(found.tiles, {"level": levels_of(found), "mask": mask, "share": share})
    assert sum(shared["population"]) == pytest.approx(total, rel=1e-12)
    # A mask given as shares is the same mask.
    assert cross(found.tiles, {"mask": mask}) == cross(found.tiles, {"mask": mask.astype(float)})


def test_wrong_overlays_are_refused(found):
    tiles = found.tiles
    for overlays, says in (
        ({}, "nothing to cross"),
        ({"zone": np.ones(3, np.bool_)}, "not of these tiles"),
        ({"zone": np.ones((2, 8), np.bool_)}, "not of these tiles"),
        ({"zone": np.full(8, 1.5)}, "not from 0 to 1"),
        ({"zone": np.full(8, np.nan)}, "not from 0 to 1"),
        ({str(number): np.ones(8, np.bool_) for number in range(17)}, "too many combinations"),
    ):
        with pytest.raises(BadInput, match=says):
            cross(tiles, overlays)
    other = Division(("a",), np.ones((1, 3)))
    with pytest.raises(BadInput, match="not of these tiles"):
        cross(tiles, {"zone": other})
