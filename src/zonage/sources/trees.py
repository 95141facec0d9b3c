"""Merge trees kept in a file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from zonage.errors import BadInput
from zonage.mergetree import MergeTree

MAX_BYTES = 4 << 30
"""Unpacked size of a tree's arrays at most: thirty times all of France."""


def load_tree(path: str | Path) -> MergeTree:
    """Read a tree that :func:`zonage.outputs.save_tree` wrote.

    Parameters
    ----------
    path : str or Path
        The file.

    Raises
    ------
    BadInput
        If the file is absent, damaged, too large, or not a tree; the tree is made anew from its
        tiles and refused where its entries are not theirs.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_BYTES:
            raise BadInput("too large for a tree", file=path, found=size, expected=MAX_BYTES)
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise BadInput("no such file", file=path) from None
    except BadInput:
        raise
    except Exception as error:  # a damaged file can raise anything at all in a decoder
        raise BadInput("not a tree, or damaged", file=path, found=error) from None
    try:
        return MergeTree.from_arrays(arrays)
    except BadInput as error:
        raise error.located(file=path) from None
