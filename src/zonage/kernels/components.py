"""Connected components of flagged tiles, on the list of tiles rather than on the grid."""

import numpy as np
import numpy.typing as npt

from zonage.kernels._jit import kernel
from zonage.kernels.neighbours import NORTH, NORTH_EAST, NORTH_WEST, WEST

Labels = npt.NDArray[np.int32]

NOT_FLAGGED = 2**31 - 1  # as a parent: after every tile
SIGN = 63  # shifting an int64 by it leaves -1 of a negative number and 0 of any other


@kernel
def _find(parent: Labels, tile: int) -> int:
    """Return a tile's root, halving the path on the way."""
    while parent[tile] != tile:
        parent[tile] = parent[parent[tile]]
        tile = parent[tile]
    return tile


@kernel
def _join(parent: Labels, neighbours: Labels, tile: int, corners: bool) -> None:
    """Join a tile to its flagged neighbours north and west, under the root that comes first."""
    for side in (NORTH, WEST, NORTH_WEST, NORTH_EAST):
        near = neighbours[tile, side]
        if near >= 0 and parent[near] != NOT_FLAGGED and (corners or side <= WEST):
            one = _find(parent, tile)
            other = _find(parent, near)
            parent[max(one, other)] = min(one, other)


@kernel
def _lower(one: int, other: int) -> int:
    """Return the lower of two numbers without a branch."""
    difference = one - other
    return other + (difference & (difference >> SIGN))


@kernel
def _parent_of(parent: Labels, near: int, tile: int) -> int:
    """Return a neighbour's parent, or something not below `tile` if there is no such neighbour."""
    missing = near >> SIGN
    position = (near & ~missing) | (tile & missing)
    return int(parent[np.uint64(position)])  # unsigned: never counted from the end


@kernel
def _join_by_edges(flag: npt.NDArray[np.bool_], neighbours: Labels, parent: Labels) -> None:
    """Join the flagged tiles that share an edge.

    Nearly always the neighbours before a tile have one parent already, which the tile takes over.
    Who exists is arithmetic on signs here, since as branches no processor could guess them.
    """
    for tile in range(parent.size):
        if flag[tile]:
            at_north = np.int64(neighbours[tile, NORTH])
            at_west = np.int64(neighbours[tile, WEST])
            north = _parent_of(parent, at_north, tile)
            west = _parent_of(parent, at_west, tile)
            # Negative if both exist and differ, one comes after the tile, or it has a parent.
            merge = (north - tile) & (west - tile) & ((north - west) | (west - north))
            merge |= (tile - at_north) | (tile - at_west) | (parent[tile] - tile)
            if merge < 0:
                _join(parent, neighbours, tile, False)
            else:
                parent[tile] = _lower(_lower(north, west), tile)


@kernel
def _join_by_corners(flag: npt.NDArray[np.bool_], neighbours: Labels, parent: Labels) -> None:
    """Join the flagged tiles that share an edge or a corner.

    As `_join_by_edges`; and north touches the three others, north-west touches west, so that only
    north-east can be a stranger, and only where north is not flagged.
    """
    for tile in range(parent.size):
        if flag[tile]:
            at_north = np.int64(neighbours[tile, NORTH])
            at_west = np.int64(neighbours[tile, WEST])
            at_corner = np.int64(neighbours[tile, NORTH_WEST])
            at_east = np.int64(neighbours[tile, NORTH_EAST])
            north = _parent_of(parent, at_north, tile)
            east = _parent_of(parent, at_east, tile)
            corner = _parent_of(parent, at_corner, tile)
            west = _lower(_parent_of(parent, at_west, tile), corner)
            differ = (west - tile) & (east - tile) & ((west - east) | (east - west))
            merge = (tile - at_north) | (tile - at_west) | (tile - at_corner) | (tile - at_east)
            merge |= (parent[tile] - tile) | (~(north - tile) & differ)
            if merge < 0:
                _join(parent, neighbours, tile, True)
            else:
                parent[tile] = _lower(_lower(north, west), _lower(east, tile))


@kernel
def label(
    flag: npt.NDArray[np.bool_], neighbours: Labels, connectivity: int, labels: Labels
) -> int:
    """Label the connected components of the flagged tiles.

    Parameters
    ----------
    flag
        Shape (n,), bool.
    neighbours
        Shape (n, 8): table made by `zonage.kernels.neighbours.neighbour_table`, whose tiles may
        have been renumbered since; it must hold all neighbours, each pair both ways.
    connectivity
        4: tiles join by edges; 8: by edges and corners.
    labels
        Output, shape (n,), int32: 1, 2, ... in the order of each component's first tile; 0 where
        not flagged.

    Returns
    -------
    int
        Number of components.

    Raises
    ------
    ValueError
        If lengths differ or `connectivity` is neither 4 nor 8.

    Notes
    -----
    Union-find with path halving (Tarjan and van Leeuwen 1984). `labels` holds the forest of parents
    until the last pass: a parent always comes before its child, so it is numbered first.

    Examples
    --------
    >>> import numpy as np
    >>> neighbours = np.full((2, 8), -1, np.int32)
    >>> labels = np.empty(2, np.int32)
    >>> label(np.array([True, True]), neighbours, 8, labels)
    2
    """
    n = flag.size
    if neighbours.shape[0] != n or neighbours.shape[1] != 8 or labels.size != n:
        raise ValueError("label: flag, neighbours and labels differ in length")
    if connectivity != 4 and connectivity != 8:
        raise ValueError("label: connectivity must be 4 or 8")
    for tile in range(n):
        labels[tile] = tile if flag[tile] else NOT_FLAGGED
    if connectivity == 8:
        _join_by_corners(flag, neighbours, labels)
    else:
        _join_by_edges(flag, neighbours, labels)
    return _number(labels)


@kernel
def _number(labels: Labels) -> int:
    """Turn parents into labels in place; return the number of components."""
    count = 0
    for tile in range(labels.size):
        parent = labels[tile]
        flagged = parent != NOT_FLAGGED
        root = parent == tile
        count += root
        earlier = labels[np.uint32(parent if flagged else tile)]
        labels[tile] = (count if root else earlier) if flagged else 0
    return count


@kernel
def members(labels: Labels, start: npt.NDArray[np.int64], order: npt.NDArray[np.int64]) -> None:
    """List the tiles of each component.

    Parameters
    ----------
    labels
        Shape (n,), from 0 (none) to k.
    start
        Output, shape (k + 1,): component z (from 1) holds ``order[start[z - 1]:start[z]]``.
    order
        Output, shape (number of labelled tiles,): tiles by component, ascending within each.

    Raises
    ------
    ValueError
        If a label is outside 0..k or `order` has another length.

    Examples
    --------
    >>> import numpy as np
    >>> start, order = np.empty(3, np.int64), np.empty(3, np.int64)
    >>> members(np.array([2, 0, 1, 2], np.int32), start, order)
    >>> start.tolist(), order.tolist()
    ([0, 1, 3], [2, 0, 3])
    """
    last = start.size - 1
    if last < 0:
        raise ValueError("members: start must have at least one element")
    start[:] = 0
    for tile in range(labels.size):
        if labels[tile] < 0 or labels[tile] > last:
            raise ValueError("members: a label is outside 0..k")
        if labels[tile] > 0:
            start[labels[tile]] += 1
    for component in range(last):
        start[component + 1] += start[component]
    if start[last] != order.size:
        raise ValueError("members: order must have one element for each labelled tile")
    # start[z - 1] serves as the cursor of component z, then everything moves back by one.
    for tile in range(labels.size):
        if labels[tile] > 0:
            cursor = labels[tile] - 1
            order[start[cursor]] = tile
            start[cursor] += 1
    for component in range(last, 0, -1):
        start[component] = start[component - 1]
    start[0] = 0
