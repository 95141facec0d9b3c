"""A merge tree as arrays, for a file, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.mergetree.build import merge_tree
from zonage.tiles import Codes, Tiles
from zonage.variables import FIXED_POINT

if TYPE_CHECKING:
    from zonage.mergetree.result import MergeTree

FORMAT = 1
"""Version of the arrays made by :meth:`MergeTree.to_arrays`."""

_KINDS = {
    "format": "iu",
    "crs": "iu",
    "resolution": "iu",
    "vintage": "iu",
    "source": "U",
    "northing": "i",
    "easting": "i",
    "commune": "U",
    "urban_unit": "U",
    "criterion": "f",
    "entry": "f",
    "min_population": "f",
    "connectivity": "iu",
    "within_units": "b",
    "inclusive": "b",
}
_OF_TILES = ("northing", "easting", "commune", "urban_unit", "criterion", "entry")


def arrays_of(tree: MergeTree) -> dict[str, NDArray[Any]]:
    """Return all that :func:`tree_of_arrays` needs: see :meth:`MergeTree.to_arrays`."""
    tiles = tree.tiles
    arrays: dict[str, NDArray[Any]] = {
        "format": np.array(FORMAT),
        "crs": np.array(tiles.crs),
        "resolution": np.array(tiles.resolution),
        "vintage": np.array(-1 if tiles.vintage is None else tiles.vintage),
        "source": np.array(tiles.source),
        "northing": tiles.northing,
        "easting": tiles.easting,
        "commune": tiles.commune.decode(),
        "urban_unit": tiles.urban_unit.decode(),
        "criterion": tree.criterion,
        "entry": tree.entry,
        "min_population": np.array(tree.min_population),
        "connectivity": np.array(tree.connectivity),
        "within_units": np.array(tree.within_units),
        "inclusive": np.array(tree.inclusive),
    }
    if tiles.imputed is not None:
        arrays["imputed"] = tiles.imputed
    return arrays | {f"count_{name}": column for name, column in tiles.counts.items()}


def tree_of_arrays(arrays: Mapping[str, NDArray[Any]]) -> MergeTree:
    """Make the tree of arrays from outside: see :meth:`MergeTree.from_arrays`."""
    tree = _rebuilt(arrays)
    entry = np.asarray(arrays["entry"])
    if entry.shape != tree.entry.shape or not np.array_equal(entry, tree.entry):
        raise BadInput("the entries are not those of the tiles", column="entry")
    return tree


def _rebuilt(arrays: Mapping[str, NDArray[Any]]) -> MergeTree:
    """Check arrays from outside and make their tree."""
    counts = {name: arrays[name] for name in arrays if name.startswith("count_")}
    imputed = arrays["imputed"] if "imputed" in arrays else None  # noqa: SIM401
    for name, kinds in _KINDS.items():
        if name not in arrays:
            raise BadInput("an array of the tree is missing", column=name)
        _check_array(name, arrays[name], kinds, arrays["northing"] if name in _OF_TILES else None)
    for name, column in counts.items():
        _check_array(name, column, "i", arrays["northing"])
    if imputed is not None:
        _check_array("imputed", imputed, "b", arrays["northing"])
    if arrays["format"] != FORMAT:
        raise BadInput(
            "a tree of another version", column="format", found=arrays["format"], expected=FORMAT
        )
    northing, easting = arrays["northing"], arrays["easting"]
    vintage = int(arrays["vintage"])
    tiles = Tiles.from_columns(
        northing,
        easting,
        {name.removeprefix("count_"): column / FIXED_POINT for name, column in counts.items()},
        crs=int(arrays["crs"]),
        resolution=int(arrays["resolution"]),
        imputed=imputed,
        commune=Codes.encode(arrays["commune"]),
        urban_unit=Codes.encode(arrays["urban_unit"]),
        vintage=None if vintage < 0 else vintage,
        source=str(arrays["source"]),
    )
    if not (np.array_equal(tiles.northing, northing) and np.array_equal(tiles.easting, easting)):
        raise BadInput("the tiles are not in their order", column="northing")
    return merge_tree(
        tiles,
        arrays["criterion"],
        min_population=float(arrays["min_population"]),
        connectivity=int(arrays["connectivity"]),
        within_units=bool(arrays["within_units"]),
        inclusive=bool(arrays["inclusive"]),
    )


def _check_array(name: str, array: NDArray[Any], kinds: str, like: NDArray[Any] | None) -> None:
    shape = () if like is None else (np.size(like),)
    array = np.asarray(array)
    if array.dtype.kind not in kinds or array.shape != shape:
        raise BadInput(
            "an array of the tree does not fit",
            column=name,
            found=f"{array.dtype} of shape {array.shape}",
            expected=f"kind {' or '.join(kinds)} of shape {shape}",
        )
