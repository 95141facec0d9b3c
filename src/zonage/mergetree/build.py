"""How a merge tree is made: of a zoning, of a rule, of a criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.mergetree.result import MergeTree, group_start
from zonage.tiles import Tiles
from zonage.variables import FIXED_POINT

if TYPE_CHECKING:
    from zonage.zoning import Method, Zoning


def tree(zoning: Zoning) -> MergeTree:
    """Return the merge tree of a zoning: its zones at every line, not only at its own.

    Parameters
    ----------
    zoning : Zoning
        Any zoning; see :meth:`MergeTree.of` for what of its rule the tree holds.

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> base = zn.qpv(town.tiles, law, town.reference, method=zn.Method.plain(), line=16_000)
    >>> bool((tree(base).inside(16_000) == base.inside).all())
    True
    """
    return MergeTree.of(zoning)


def tree_of_rule(
    tiles: Tiles,
    criterion: NDArray[np.float64],
    method: Method,
    min_population: float,
    inclusive: bool = False,
) -> MergeTree:
    """Return the merge tree of tiles under a method: its border rule, adjacency and units.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    criterion : float64 array, shape (n,)
        What is held against the line, EUR a year; NaN = never inside.
    method : Method
        The options that :attr:`zonage.zoning.Method.beyond_tree` names are left out.
    min_population : float
        Inhabitants that a quarter has at least.
    inclusive : bool
        Whether a tile at the line is below it.
    """
    from zonage.zoning import bordered

    if method.border_share:
        criterion = bordered(tiles, criterion, tiles.adjacency(method.within_units), method)
    return merge_tree(
        tiles,
        criterion,
        min_population=min_population,
        connectivity=method.connectivity,
        within_units=method.within_units,
        inclusive=inclusive,
    )


def merge_tree(
    tiles: Tiles,
    criterion: NDArray[np.float64],
    *,
    min_population: float,
    connectivity: int = 8,
    within_units: bool = True,
    inclusive: bool = False,
) -> MergeTree:
    """Find the zones of every line at once.

    Parameters
    ----------
    tiles : Tiles
        Tiles with their population.
    criterion : float64 array, shape (n,)
        What is held against the line, in its unit (EUR a year); NaN = never inside.
    min_population : float
        Inhabitants that a zone must have.
    connectivity : {4, 8}
        Tiles join by edges, or by edges and corners.
    within_units : bool
        Zones stay within their urban unit: a tree each, in parallel.
    inclusive : bool
        Tiles at the line are below it.

    Returns
    -------
    MergeTree

    Raises
    ------
    BadInput
        If the criterion does not fit the tiles or an option is out of range.

    Notes
    -----
    Kruskal's algorithm on tiles sorted by their criterion, known as component tree or merge tree.
    Populations are summed as whole numbers: the result is exact and does not depend on the number
    of threads.

    Examples
    --------
    Two tiles of 600 inhabitants side by side are a quarter as soon as both are below the line.

    >>> tiles = Tiles.from_columns(
    ...     np.array([1, 1]), np.array([1, 2]), {"population": np.array([600.0, 600.0])}
    ... )
    >>> tree = merge_tree(tiles, np.array([9e3, 1e4]), min_population=1000)
    >>> tree.entry.tolist(), tree.inside(10_000).tolist(), tree.population(10_001)
    ([10000.0, 10000.0], [False, False], 1200.0)
    """
    from zonage.kernels.mergetree import entry_by_group
    from zonage.kernels.order import order_by_group

    n = len(tiles)
    criterion = np.ascontiguousarray(criterion, np.float64)
    if criterion.shape != (n,):
        raise BadInput(
            "a criterion that does not fit the tiles", found=criterion.shape, expected=(n,)
        )
    if connectivity not in (4, 8):
        raise BadInput("tiles join by 4 or 8 neighbours", found=connectivity, expected="4 or 8")
    if not 0 <= min_population < 1e12:
        raise BadInput("not a minimum population", found=min_population, expected="0 or more")
    start = group_start(tiles, within_units)
    order, entry, entered = np.empty(n, np.int64), np.empty(n), np.empty(n, np.int64)
    entered_count = np.empty(len(start) - 1, np.int64)
    order_by_group(criterion, start, order)
    entry_by_group(
        order,
        start,
        criterion,
        tiles.adjacency(within_units),
        connectivity,
        tiles.count("population"),
        round(min_population * FIXED_POINT),
        entry,
        entered,
        entered_count,
    )
    return MergeTree(
        tiles=tiles,
        criterion=criterion,
        min_population=float(min_population),
        connectivity=connectivity,
        within_units=within_units,
        inclusive=inclusive,
        entry=entry,
        _entered=entered,
        _entered_count=entered_count,
    )
