"""Files known by their content: the sha256 of an input, and of what belongs to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import time_ns
from typing import Any

from zonage.errors import BadInput

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
"""Files that are read as one layer."""

SETTLED_NS = 2_000_000_000
"""Nanoseconds after its last change from which a file's times are believed: clocks of disks are
coarse, and a second change within one tick would not show."""

Signature = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What a file held, and by what to see whether it was touched since.

    Attributes
    ----------
    path : Path
        The file.
    sha256 : str
        Of the file, or of all its parts where it is a shapefile.
    signature : tuple of int
        Size, times, inode and device of each part.
    """

    path: Path
    sha256: str
    signature: Signature

    def check(self) -> None:
        """Check that the file still holds the same.

        Raises
        ------
        BadInput
            If it does not.
        """
        now = _signature(self.path)
        if now != self.signature and _sha256(self.path) != self.sha256:
            raise BadInput("the file was changed while it was in use", file=self.path)


class Contents:
    """Digests of files. A file that nobody touched since its digest was made is not read again.

    Parameters
    ----------
    known : mapping, optional
        What :meth:`to_dict` returned before.

    Examples
    --------
    >>> from zonage.sources.tables import data_folder
    >>> contents = Contents()
    >>> first = contents.of(data_folder("demo") / "communes.csv")
    >>> len(first.sha256), first == contents.of(first.path)
    (64, True)
    """

    def __init__(self, known: Mapping[str, Any] | None = None) -> None:
        self._known: dict[str, tuple[Signature, str]] = {}
        for path, entry in (known or {}).items():
            self._known[path] = (tuple(entry["signature"]), entry["sha256"])

    def of(self, path: Path) -> Content:
        """Return the content of a file.

        Raises
        ------
        BadInput
            If there is no such file, or it cannot be read.
        """
        if not path.is_file():
            raise BadInput("no such file", file=path)
        try:
            signature = _signature(path)
            known = self._known.get(str(path))
            if known is None or known[0] != signature:
                known = (signature, _sha256(path))
                if _settled(path):
                    self._known[str(path)] = known
        except OSError as error:
            raise BadInput("cannot be read", file=path, found=error.strerror) from None
        return Content(path, known[1], signature)

    def to_dict(self) -> dict[str, Any]:
        """Return what is known, for the next time."""
        return {
            path: {"signature": list(signature), "sha256": sha256}
            for path, (signature, sha256) in sorted(self._known.items())
        }


def _parts(path: Path) -> list[Path]:
    """The file itself, or the parts of a shapefile that there are."""
    if path.suffix.lower() != ".shp":
        return [path]
    return sorted(
        part
        for part in path.parent.iterdir()
        if part.stem == path.stem and part.suffix.lower() in SHAPEFILE_PARTS
    )


def _signature(path: Path) -> Signature:
    facts = [part.stat() for part in _parts(path)]
    return tuple(
        number
        for one in facts
        for number in (one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino, one.st_dev)
    )


def _settled(path: Path) -> bool:
    changed = max(max(part.stat().st_mtime_ns, part.stat().st_ctime_ns) for part in _parts(path))
    return time_ns() - changed > SETTLED_NS


def _sha256(path: Path) -> str:
    digests = []
    for part in _parts(path):
        with part.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()
