"""What lies around a tile, one bit for each column of the table of neighbours."""

import numpy as np
import numpy.typing as npt

from zonage.kernels._jit import kernel

__all__ = ["DISTINCT", "FIRST_SIDE", "SIDES", "around", "find", "local_table"]

Indices = npt.NDArray[np.int32]

SIDES = {4: 15, 8: 255}  # the columns by which tiles join
PLACES = ((-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))


def _one_of_each(sides: int) -> int:
    """Keep one of each set of sides that touch each other."""
    kept = 0
    left = {side for side in range(8) if sides >> side & 1}
    while left:
        reached = [left.pop()]
        kept |= 1 << reached[0]
        for row, column in (PLACES[side] for side in reached):
            near = {s for s in left if max(abs(PLACES[s][0] - row), abs(PLACES[s][1] - column)) < 2}
            left -= near
            reached += near
    return kept


# Neighbours that touch each other are in one component already: one of each component will do.
# By edges only, no two of the four touch.
DISTINCT = np.array([[sides for sides in range(256)], [_one_of_each(s) for s in range(256)]])
FIRST_SIDE = np.array([0, *((bits & -bits).bit_length() - 1 for bits in range(1, 256))])


@kernel
def local_table(neighbours: Indices, first: int, last: int, out: Indices) -> bool:
    """Copy the neighbours of a group, counted from its first tile; tell whether none lies outside.

    Where there is no neighbour the copy names the place after the last tile, so that whoever reads
    a state there needs no branch. Reading in order also brings the table into the cache.

    Parameters
    ----------
    neighbours
        Shape (n, 8): table made by `zonage.kernels.neighbours.neighbour_table`.
    first, last
        The tiles of the group are those from `first` to before `last`.
    out
        Output, shape (at least last - first, 8).
    """
    size = np.int32(last - first)
    shift = np.int32(first)
    outside = np.int32(0)
    for tile in range(size):
        for side in range(8):
            near = neighbours[np.uint64(first + tile), side]
            place = np.int32(near - shift)
            out[np.uint64(tile), side] = size if near < 0 else place
            outside |= np.int32((near >= 0) & ((place < 0) | (place >= size)))
    return outside == 0


@kernel
def around(tile: int, table: Indices, state: npt.NDArray[np.uint16]) -> int:
    """Gather the states of the eight neighbours, each moved up by the number of its side.

    A state of 1 thus sets a bit of the low byte and a state of 256 one of the high byte.

    Parameters
    ----------
    tile
        Counted from the first tile of its group, as `state` is.
    table
        From `local_table`.
    state
        Shape (at least size + 1,): 0, 1 or 256 for each tile, 0 after the last.
    """
    found = np.int64(0)
    for side in range(8):
        found |= np.int64(state[np.uint64(table[np.uint64(tile), side])]) << side
    return int(found)


@kernel
def find(parent: Indices, tile: int) -> int:
    """Return a tile's root, halving the path on the way."""
    while parent[tile] != tile:
        parent[tile] = parent[parent[tile]]
        tile = parent[tile]
    return tile
