import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from zonage.kernels.coverage import cell_shares

HEIGHT, WIDTH = 4, 5
# On a mesh of a quarter of a cell: many corners and edges lie on the borders of cells.
angles = st.lists(st.integers(0, 47), min_size=3, max_size=9, unique=True).map(sorted)
reach = st.integers(1, 16).map(lambda quarters: quarters / 4)
places = st.tuples(st.integers(-8, 28), st.integers(-8, 24)).map(
    lambda quarters: (quarters[0] / 4, quarters[1] / 4)
)


@st.composite
def outlines(draw):
    """A star, mostly with a hole of its own shape, and a box apart from it."""
    x, y = draw(places)
    turn = np.array(draw(angles)) * (2 * np.pi / 48)
    far = np.array([draw(reach) for _ in turn])
    corners = np.stack([x + far * np.cos(turn), y + far * np.sin(turn)], axis=1)
    if draw(st.booleans()):
        corners = np.round(corners * 4) / 4
    star = shapely.make_valid(shapely.Polygon(corners), method="structure", keep_collapsed=False)
    hole = shapely.affinity.scale(star, 0.5, 0.5)
    left, top = draw(places)
    box = shapely.box(left, top, left + draw(reach), top + draw(reach))
    shape = shapely.union_all([shapely.difference(star, hole), box])
    return star if draw(st.booleans()) else shape


def kernel_shares(shape):
    """The y axis points south in the kernel: what turns left there turns right on the map."""
    parts = shapely.get_parts(shapely.orient_polygons(shape, exterior_cw=True))
    rings = shapely.get_rings(parts)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    start = np.searchsorted(ring, np.arange(len(rings) + 1))
    out = np.full((HEIGHT, WIDTH + 1), 99.0)
    cell_shares(points[:, 0].copy(), points[:, 1].copy(), start, out)
    return out[:, :-1]


@given(outlines())
def test_equals_the_area_of_each_intersection(shape):
    row, column = np.indices((HEIGHT, WIDTH))
    cells = shapely.box(column, row, column + 1, row + 1)
    expected = shapely.area(shapely.intersection(cells, shape))
    found = kernel_shares(shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-9)
    assert (found[expected < 1e-10] == 0).all()  # what only touches has no share
    assert (found[expected > 1 - 1e-10] == 1).all()


def test_parts_of_a_window_that_an_outline_goes_around():
    ring = shapely.box(-10, -10, 20, 20).difference(shapely.box(1, 1, 3.5, 2.25))
    assert kernel_shares(ring).tolist() == [
        [1, 1, 1, 1, 1],
        [1, 0, 0, 0.5, 1],
        [1, 0.75, 0.75, 0.875, 1],
        [1, 1, 1, 1, 1],
    ]


def test_no_ring_covers_nothing():
    assert not kernel_shares(shapely.MultiPolygon()).any()


def test_wrong_lengths_are_refused():
    x, start, out = np.zeros(4), np.array([0, 4]), np.empty((1, 2))
    for wrong in (
        (x, np.zeros(3), start, out),
        (x, x, np.array([0, 3]), out),
        (x, x, np.empty(0, np.int64), out),
        (x, x, start, np.empty((1, 0))),
    ):
        with pytest.raises(ValueError, match="do not fit"):
            cell_shares(*wrong)
