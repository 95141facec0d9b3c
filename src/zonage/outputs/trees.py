"""Merge trees kept in a file."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import numpy as np

from zonage.mergetree import MergeTree
from zonage.outputs.folder import disk_error


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
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as file:
            np.savez_compressed(file, **tree.to_arrays())  # type: ignore[arg-type]
        os.replace(draft, target)
    except OSError as error:
        raise disk_error(error, target) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    return target
