import numpy as np
import pytest
import rasterio.transform
from hypothesis import given
from hypothesis import strategies as st

from zonage.errors import BadInput
from zonage.grid import GridSpec

grids = st.builds(
    GridSpec,
    crs=st.just(3035),
    resolution=st.sampled_from([200, 250, 1000]),
    north=st.integers(-50, 20_000),
    west=st.integers(-50, 20_000),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
)


@given(grid=grids)
def test_rows_and_columns_come_back_as_the_same_lattice_indices(grid):
    row, column = (part.ravel().astype(np.int32) for part in np.indices(grid.shape))
    northing, easting = grid.indices(row, column)
    back = grid.rows_columns(northing, easting)
    np.testing.assert_array_equal(back[0], row)
    np.testing.assert_array_equal(back[1], column)


@given(grid=grids)
def test_the_affine_places_cell_centres_where_the_coordinates_say(grid):
    x, y = rasterio.transform.xy(grid.affine, grid.height - 1, grid.width - 1)
    assert (x, y) == (grid.x[-1], grid.y[-1])
    west, south, east, north = grid.bounds
    assert (north - south, east - west) == (
        grid.height * grid.resolution,
        grid.width * grid.resolution,
    )


def test_the_corner_of_an_id_is_the_south_west_corner_of_its_cell():
    grid = GridSpec.around(
        np.array([3075200 // 200]), np.array([3816200 // 200]), crs=3035, resolution=200
    )
    assert grid.bounds == (3816200, 3075200, 3816400, 3075400)
    assert (grid.x[0], grid.y[0]) == (3816300, 3075300)


def test_a_window_keeps_the_place_of_its_cells():
    grid = GridSpec(3035, 200, north=100, west=50, height=10, width=8)
    part = grid.window(3, 2, 4, 5)
    np.testing.assert_array_equal(part.x, grid.x[2:7])
    np.testing.assert_array_equal(part.y, grid.y[3:7])


def test_cells_outside_are_told_from_cells_inside():
    grid = GridSpec(3035, 200, north=100, west=50, height=2, width=2)
    row, column = grid.rows_columns(np.array([100, 101, 99, 98]), np.array([50, 50, 52, 51]))
    assert grid.contains(row, column).tolist() == [True, False, False, False]


def test_a_grid_spread_over_the_globe_by_a_misread_tile_is_refused():
    with pytest.raises(BadInput, match="too large a grid"):
        GridSpec.around(np.array([0, 90_000]), np.array([0, 90_000]), crs=3035, resolution=200)


@pytest.mark.parametrize("size", [(0, 3), (3, -1)])
def test_a_grid_without_cells_is_refused(size):
    with pytest.raises(BadInput, match="rows and columns"):
        GridSpec(3035, 200, 0, 0, *size)
