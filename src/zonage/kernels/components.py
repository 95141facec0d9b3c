"""Connected components of flagged tiles, on the list of tiles rather than on the grid."""

import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel
from zonage.kernels.neighbours import NORTH, NORTH_EAST, NORTH_WEST, WEST
from zonage.kernels.threads import part_count

Labels = npt.NDArray[np.int32]

NOT_FLAGGED = 2**31 - 1  # as a parent: after every tile
SIGN = 63  # shifting an int64 by it leaves -1 of a negative number and 0 of any other
TILES_PER_PART = 20_000  # fewer are not worth a second thread


def label(
    flag: npt.NDArray[np.bool_], neighbours: Labels, connectivity: int, labels: Labels
) -> int:
    """Label the connected components of the flagged tiles, on all threads.

    Parameters
    ----------
    flag
        Shape (n,), bool.
    neighbours
        Shape (n, 8): table made by `zonage.kernels.neighbours.neighbour_table`, whose tiles may
        have been renumbered since; it must hold all neighbours, each pair both ways. Fastest in
        the order of the table.
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
    Union-find with path halving (Tarjan and van Leeuwen 1984): each thread joins a part of the
    tiles, then what touches another part is joined. `labels` holds the forest of parents until the
    last pass: a parent always comes before its child, so it is numbered first.

    Examples
    --------
    >>> import numpy as np
    >>> neighbours = np.full((2, 8), -1, np.int32)
    >>> labels = np.empty(2, np.int32)
    >>> label(np.array([True, True]), neighbours, 8, labels)
    2
    """
    n = flag.size
    if neighbours.shape != (n, 8) or labels.size != n:
        raise ValueError("label: flag, neighbours and labels differ in length")
    if connectivity not in (4, 8):
        raise ValueError("label: connectivity must be 4 or 8")
    parts = part_count(n, TILES_PER_PART)
    if parts == 1:
        _join_part(flag, neighbours, connectivity, 0, n, labels)
    else:
        touching = np.empty(parts, np.int64)
        _join_parts(flag, neighbours, connectivity, labels, touching)
        _join_seams(neighbours, connectivity, touching, labels)
    return _number(labels)


@parallel_kernel
def _join_parts(
    flag: npt.NDArray[np.bool_],
    neighbours: Labels,
    connectivity: int,
    parent: Labels,
    touching: npt.NDArray[np.int64],
) -> None:
    """Join the tiles of each part; `touching`: where those end that touch another part."""
    parts = touching.size
    for unsigned_part in prange(parts):
        part = np.int64(unsigned_part)
        first, last = flag.size * part // parts, flag.size * (part + 1) // parts
        touching[part] = _join_part(flag, neighbours, connectivity, first, last, parent)


@kernel
def _join_seams(
    neighbours: Labels, connectivity: int, touching: npt.NDArray[np.int64], parent: Labels
) -> None:
    """Join what touches another part: in order of rows, the first row of each part."""
    n, parts = parent.size, touching.size
    for part in range(parts):
        for tile in range(n * part // parts, touching[part]):
            if parent[tile] != NOT_FLAGGED:
                _join(neighbours, connectivity, tile, 0, n, parent)


@kernel
def _join_part(
    flag: npt.NDArray[np.bool_],
    neighbours: Labels,
    connectivity: int,
    first: int,
    last: int,
    parent: Labels,
) -> int:
    """Join the tiles of a part with each other; return where those end that touch another."""
    flag, own = flag[first:last], parent[first:last]
    for place in range(own.size):
        own[place] = first + place if flag[place] else NOT_FLAGGED
    if connectivity == 8:
        return _join_by_corners(flag, neighbours, first, parent)
    return _join_by_edges(flag, neighbours, first, parent)


@kernel
def _find(parent: Labels, tile: int) -> int:
    """Return a tile's root, halving the path on the way."""
    while parent[tile] != tile:
        parent[tile] = parent[parent[tile]]
        tile = parent[tile]
    return tile


@kernel
def _join(
    neighbours: Labels, connectivity: int, tile: int, first: int, last: int, parent: Labels
) -> bool:
    """Join a tile to its flagged neighbours north and west, under the root that comes first.

    Only to those from `first` to before `last`; tell whether it has others.
    """
    others = False
    for side in (NORTH, WEST, NORTH_WEST, NORTH_EAST):
        near = neighbours[tile, side]
        if near < 0 or (connectivity == 4 and side > WEST):
            continue
        if near < first or near >= last:
            others = True
        elif parent[near] != NOT_FLAGGED:
            one = _find(parent, tile)
            other = _find(parent, near)
            parent[max(one, other)] = min(one, other)
    return others


@kernel
def _lower(one: int, other: int) -> int:
    """Return the lower of two numbers without a branch."""
    difference = one - other
    return other + (difference & (difference >> SIGN))


@kernel
def _parent_of(parent: Labels, near: int, tile: int, first: int) -> int:
    """Return a neighbour's parent, or something not below `tile` if none is there from `first`."""
    missing = (near - first) >> SIGN
    position = (near & ~missing) | (tile & missing)
    return int(parent[np.uint64(position)])  # unsigned: never counted from the end


@kernel
def _join_by_edges(flag: npt.NDArray[np.bool_], table: Labels, first: int, parent: Labels) -> int:
    """Join the flagged tiles of a part that share an edge.

    Nearly always the neighbours before a tile have one parent already, which the tile takes over.
    Who exists is arithmetic on signs here, since as branches no processor could guess them.
    """
    touching = first
    last = first + flag.size
    neighbours, own = table[first:last], parent[first:last]
    for place in range(flag.size):
        if flag[place]:
            tile = first + place
            at_north = np.int64(neighbours[place, NORTH])
            at_west = np.int64(neighbours[place, WEST])
            north = _parent_of(parent, at_north, tile, first)
            west = _parent_of(parent, at_west, tile, first)
            # Negative if both exist and differ, one comes after the tile, or it has a parent.
            merge = (north - tile) & (west - tile) & ((north - west) | (west - north))
            merge |= (tile - at_north) | (tile - at_west) | (own[place] - tile)
            # Negative if one exists before the part.
            merge |= (at_north ^ (at_north - first)) | (at_west ^ (at_west - first))
            if merge < 0:
                if _join(table, 4, tile, first, last, parent):
                    touching = tile + 1
            else:
                own[place] = _lower(_lower(north, west), tile)
    return touching


@kernel
def _join_by_corners(flag: npt.NDArray[np.bool_], table: Labels, first: int, parent: Labels) -> int:
    """Join the flagged tiles of a part that share an edge or a corner.

    As `_join_by_edges`; and north touches the three others, north-west touches west, so that only
    north-east can be a stranger, and only where north is not flagged.
    """
    touching = first
    last = first + flag.size
    neighbours, own = table[first:last], parent[first:last]
    for place in range(flag.size):
        if flag[place]:
            tile = first + place
            at_north = np.int64(neighbours[place, NORTH])
            at_west = np.int64(neighbours[place, WEST])
            at_corner = np.int64(neighbours[place, NORTH_WEST])
            at_east = np.int64(neighbours[place, NORTH_EAST])
            north = _parent_of(parent, at_north, tile, first)
            east = _parent_of(parent, at_east, tile, first)
            corner = _parent_of(parent, at_corner, tile, first)
            west = _lower(_parent_of(parent, at_west, tile, first), corner)
            differ = (west - tile) & (east - tile) & ((west - east) | (east - west))
            merge = (tile - at_north) | (tile - at_west) | (tile - at_corner) | (tile - at_east)
            merge |= (own[place] - tile) | (~(north - tile) & differ)
            merge |= (at_north ^ (at_north - first)) | (at_west ^ (at_west - first))
            merge |= (at_corner ^ (at_corner - first)) | (at_east ^ (at_east - first))
            if merge < 0:
                if _join(table, 8, tile, first, last, parent):
                    touching = tile + 1
            else:
                own[place] = _lower(_lower(north, west), _lower(east, tile))
    return touching


@kernel
def _number(labels: Labels) -> int:
    """Turn parents into labels in place; return the number of components."""
    count = 0
    for tile in range(labels.size):
        parent = labels[tile]
        if parent == NOT_FLAGGED:
            labels[tile] = 0
        elif parent == tile:
            count += 1
            labels[tile] = count
        else:
            labels[tile] = labels[np.uint32(parent)]  # unsigned: never counted from the end
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
