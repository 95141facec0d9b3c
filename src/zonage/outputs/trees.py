"""Merge trees kept in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zonage.mergetree import MergeTree
from zonage.outputs.folder import whole_file


def save_tree(tree: MergeTree, path: str | Path) -> Path:
    """Write a tree into a file, whole or not at all.

    Parameters
    ----------
    tree : MergeTree
        The tree.
    path : str or Path
        The file, replaced if it exists; the name is taken as it is.

    Raises
    ------
    BadInput
        If the file cannot be written or the disk is full.
    """
    target = Path(path)
    with whole_file(target) as draft, draft.open("wb") as file:
        np.savez_compressed(file, **tree.to_arrays())  # type: ignore[arg-type]
    return target
