"""A folder of outputs: replaced whole or not at all, whatever happens.

A run writes into a draft folder beside the target and then takes its place, so that an interrupted
run leaves the last good outputs as they were.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from zonage.errors import BadInput
from zonage.locks import locked

MANIFEST = "manifest.json"
"""Names every file beside it that a run wrote; by it a run knows a folder of outputs."""

_SIDE_FILES = (".aux.xml", "-wal", "-shm", "-journal")
"""Endings of what GIS readers leave beside an output that they open."""


def usable_folder(folder: str | Path) -> Path:
    """Return an output folder as an absolute path, or refuse it before any work is done.

    Raises
    ------
    BadInput
        If it holds files that no run wrote, or cannot be replaced as a whole.
    """
    try:
        target = Path(folder).resolve()
        if target == Path.cwd() or target in Path.cwd().parents:
            raise BadInput(
                "the output folder holds the folder one works in, and a run replaces it",
                file=target,
                hint="name a folder of its own, such as out",
            )
        if target.exists():
            with locked(target.parent):  # another run may be replacing it
                _check_ours(target)
    except OSError as error:
        raise disk_error(error, Path(folder)) from error
    except (RuntimeError, ValueError) as error:  # a loop of links; a character no path can hold
        raise BadInput("not the path of a folder", found=repr(str(folder))) from error
    return target


@contextlib.contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Give a draft folder; put it in the target's place at the end, or remove it."""
    missing = [folder for folder in target.parents if not folder.exists()]
    draft: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent):
            recover(target)
        with contextlib.ExitStack() as stack:
            draft = _new_draft(target, stack)
            yield draft
            with locked(target.parent):
                _check_ours(target)
                _replace(target, draft)
        missing = []
    except OSError as error:
        raise disk_error(error, target) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Give a draft beside a single file; put it in the file's place at the end, or remove it."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        yield draft
        os.replace(draft, target)
    except OSError as error:
        raise disk_error(error, target) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def _new_draft(target: Path, stack: contextlib.ExitStack) -> Path:
    """Make a folder beside the target that is locked as long as this process lives."""
    while True:
        draft = target.with_name(f"{_draft_prefix(target)}{secrets.token_hex(4)}")
        draft.mkdir()
        with contextlib.suppress(FileNotFoundError):
            stack.enter_context(locked(draft))
            # Another run may have taken it for a dead one's before it was locked.
            if draft.exists():
                return draft


def _draft_prefix(target: Path) -> str:
    return f".{target.name}.draft-"


def _previous(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def recover(target: Path) -> None:
    """Clear away what killed runs left beside an output folder, and undo a half replacement.

    Parameters
    ----------
    target : Path
        The output folder; its parent is locked by the caller.
    """
    previous = _previous(target)
    if previous.is_dir():
        if target.exists():
            shutil.rmtree(previous, ignore_errors=True)
        else:
            previous.rename(target)
    for draft in target.parent.glob(glob.escape(_draft_prefix(target)) + "*"):
        with contextlib.suppress(OSError), locked(draft, wait=False):
            shutil.rmtree(draft, ignore_errors=True)


def _replace(target: Path, draft: Path) -> None:
    """Put a draft in the target's place: at one stroke where the system can, else in two."""
    if not target.exists():
        draft.rename(target)
    elif not _exchange(draft, target):
        previous = _previous(target)
        target.rename(previous)
        try:
            draft.rename(target)
        except BaseException:
            previous.rename(target)
            raise
        shutil.rmtree(previous, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Exchange the names of two folders at one stroke; False where the system cannot."""
    import ctypes

    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of linux/fcntl.h and linux/fs.h
    return bool(renameat2(here, os.fsencode(first), here, os.fsencode(second), exchange) == 0)


def _check_ours(target: Path) -> None:
    """Refuse to replace a folder that holds anything but the outputs of a run."""
    if not target.exists():
        return
    if not target.is_dir():
        raise BadInput("the output folder is a file", file=target)
    ours = _written(target)
    others = sorted(
        item.name for item in target.iterdir() if not (item.name in ours and item.is_file())
    )
    if others:
        raise BadInput(
            "the output folder holds files that no run wrote",
            file=target,
            found=", ".join(others[:5]) + (", ..." if len(others) > 5 else ""),
            hint="choose another folder, or empty this one",
        )


def _written(target: Path) -> set[str]:
    """Names that may stand in a folder of outputs: of its manifest, and beside them."""
    try:
        outputs = json.loads((target / MANIFEST).read_text(encoding="utf-8"))["outputs"]
        names = {MANIFEST, *(str(name) for name in outputs)}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
    return {*names, *(name + end for name in names for end in _SIDE_FILES), ".DS_Store"}


def disk_error(error: OSError, target: Path) -> BadInput:
    """Say in one clear error why an output cannot be written."""
    reasons = {
        errno.ENOSPC: ("the disk is full", "free some space and run again"),
        errno.EDQUOT: ("the disk quota is used up", "free some space and run again"),
        errno.EACCES: ("the output folder cannot be written to", "choose another folder"),
        errno.EPERM: ("the output folder cannot be written to", "choose another folder"),
        errno.EROFS: ("the output folder is on a read-only disk", "choose another folder"),
        errno.ENOTDIR: ("part of the output folder's path is a file", "choose another folder"),
        errno.EEXIST: ("part of the output folder's path is a file", "choose another folder"),
        errno.EBUSY: ("the output folder is in use or a disk of its own", "choose one inside it"),
    }
    message, hint = reasons.get(error.errno or 0, (f"the outputs cannot be written: {error}", None))
    return BadInput(message, file=target, hint=hint)
