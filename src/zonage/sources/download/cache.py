"""The cache: one folder a published file, what it holds, and which version of it is trusted.

A version lies in a folder named by its sha256 and never changes; nothing is ever removed. Which
version counts is said by ``pins.json``, written last: an interruption at any moment leaves either
the old state or the new one. Beside the versions stand the partial download, and its lock.

    pins.json                           the trusted sha256 of each file
    inbox/                              where a human drops what a site does not give to scripts
    insee-tiles-2019/
        partial, partial.json           a download under way
        1f0c.../                        a version: the file as published, its parts, manifest.json
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zonage.errors import BadInput
from zonage.locks import locked

VARIABLE = "ZONAGE_CACHE"
"""Environment variable that names the cache."""

MANIFEST = "manifest.json"
_PINS = "pins.json"
_DRAFT = ".draft-"
_VERSION_SIGNS = 16


def default_cache() -> Path:
    """Return the folder of the cache: the variable ZONAGE_CACHE, or the user's cache folder.

    Examples
    --------
    >>> default_cache().is_absolute()
    True
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "zonage"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "zonage"
    root = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (root if root.is_absolute() else home / ".cache") / "zonage"


@dataclass(frozen=True, slots=True)
class Pin:
    """The version of a file that is trusted: its digest, its size, and the day it first came."""

    sha256: str
    bytes: int
    date: str

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise ValueError(f"not a sha256: {self.sha256}")


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a published file in the cache.

    Attributes
    ----------
    folder : Path
        Where it lies.
    manifest : mapping
        What its manifest says.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def published(self) -> Path:
        """The file as published."""
        return self.folder / self.manifest["published"]["file"]

    @property
    def parts(self) -> Mapping[str, Any]:
        """What was taken out of it, by name of the part."""
        return self.manifest["parts"]

    def part(self, part: str | None) -> Path:
        """Return the file of a part, the first where none is named, or the file as published."""
        name = part or next(iter(self.parts), None)
        return self.published if name is None else self.folder / self.parts[name]["file"]

    def sound(self) -> bool:
        """Whether every file of the version is as it was when it came.

        Digests are taken only of files whose size or time of change is another than noted.
        """
        noted = [self.manifest["published"], *self.parts.values()]
        return all(_unchanged(self.folder, one) for one in noted)


def facts(path: Path, *, name: str | None = None, sha256: str | None = None) -> dict[str, Any]:
    """Return what a manifest notes of a file, by which to know it again.

    Parameters
    ----------
    path : Path
        The file.
    name, sha256 : str, optional
        The name that it is going to have, and its digest where it is known already.
    """
    status = path.stat()
    return {
        "file": name or path.name,
        "bytes": status.st_size,
        "changed_ns": status.st_mtime_ns,
        "sha256": sha256 or digest(path),
    }


def _is_noted(noted: Any) -> bool:
    """Whether a manifest notes a file of its own folder as :func:`facts` does."""
    if not isinstance(noted, dict):
        return False
    name = noted.get("file")
    return (
        isinstance(name, str)
        and Path(name).name == name
        and {"bytes", "changed_ns", "sha256"} <= noted.keys()
        and all(_is_noted(other) for other in noted.get("beside", ()))
    )


def digest(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unchanged(folder: Path, noted: Mapping[str, Any]) -> bool:
    path = folder / noted["file"]
    beside = [_unchanged(folder, other) for other in noted.get("beside", ())]
    try:
        status = path.stat()
    except OSError:
        return False
    if status.st_size != noted["bytes"]:
        return False
    same = status.st_mtime_ns == noted["changed_ns"] or digest(path) == noted["sha256"]
    return same and all(beside)


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache of published files.

    Attributes
    ----------
    folder : Path
        Where it lies; made when the first file comes.
    """

    folder: Path

    @property
    def inbox(self) -> Path:
        """Where a human drops files."""
        return self.folder / "inbox"

    def home(self, name: str) -> Path:
        """Return the folder of a published file."""
        return self.folder / name

    def version_folder(self, name: str, sha256: str) -> Path:
        """Return the folder of a version of a published file."""
        return self.home(name) / sha256[:_VERSION_SIGNS]

    def version(self, name: str) -> Version | None:
        """Return the trusted version of a published file, None where it is not in the cache."""
        pin = self.pins().get(name)
        if pin is None:
            return None
        folder = self.version_folder(name, pin.sha256)
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            noted = [manifest["published"], *manifest["parts"].values()]
            whole = all(map(_is_noted, noted)) and noted[0]["sha256"] == pin.sha256
            whole = whole and isinstance(manifest["fetched"], str)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
        return Version(folder, manifest) if whole else None

    def pins(self) -> dict[str, Pin]:
        """Return the trusted digest of each file.

        Raises
        ------
        BadInput
            If the list is damaged.
        """
        path = self.folder / _PINS
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return {str(name): Pin(**one) for name, one in content.items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise disk_problem(error, self.folder) from error
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise BadInput(
                "the list of trusted digests is damaged",
                file=path,
                found=error,
                hint="restore it, or remove it to trust what is fetched next",
            ) from None

    def pin(self, name: str, pin: Pin) -> None:
        """Trust a version of a file from now on."""
        with locked(self.folder):
            for draft in self.folder.glob(f"{_DRAFT}*"):
                draft.unlink(missing_ok=True)
            pins = self.pins() | {name: pin}
            content = {key: _fields(pins[key]) for key in sorted(pins)}
            write_json(self.folder / _PINS, content)


def _fields(pin: Pin) -> dict[str, Any]:
    return {"sha256": pin.sha256, "bytes": pin.bytes, "date": pin.date}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON whole or not at all."""
    with arriving(path) as draft:
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        draft.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def arriving(path: Path) -> Iterator[Path]:
    """Give a draft beside a path; at the end it takes the path's place, or is removed."""
    draft = path.with_name(f"{_DRAFT}{secrets.token_hex(4)}-{path.name}")
    try:
        yield draft
        with draft.open("r+b") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def clear_drafts(folder: Path) -> None:
    """Remove the drafts that a killed fetch left; the caller holds the lock of the folder."""
    for draft in folder.glob(f"**/{_DRAFT}*"):
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def clear_disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into one clear error."""
    try:
        yield
    except OSError as error:
        raise disk_problem(error, folder) from error


def disk_problem(error: OSError, folder: Path) -> BadInput:
    """Say why the cache cannot be used."""
    other = f"choose another one with --cache or {VARIABLE}"
    reasons = {
        errno.ENOSPC: ("the disk of the cache is full", "free some space and fetch again"),
        errno.EDQUOT: ("the disk quota is used up", "free some space and fetch again"),
        errno.EACCES: ("the cache cannot be written to", other),
        errno.EPERM: ("the cache cannot be written to", other),
        errno.EROFS: ("the cache is on a read-only disk", other),
        errno.ENOTDIR: ("part of the cache's path is a file", other),
        errno.EEXIST: ("part of the cache's path is a file", other),
    }
    message, hint = reasons.get(error.errno or 0, (f"the cache cannot be used: {error}", other))
    return BadInput(message, file=folder, hint=hint)
