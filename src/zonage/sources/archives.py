"""Archives from outside: what they hold, and the chosen members unpacked, within limits.

Zip, 7z and archives inside an archive are read as one flat list of names, such as
``Filosofi2019_carreaux_200m_csv.7z/carreaux_200m_met.csv``.
"""

from __future__ import annotations

import errno
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from zonage.errors import BadInput

SUFFIXES = (".zip", ".7z")
"""Endings of the names of archives that can be read."""

MAX_MEMBERS = 1_000
"""Members of an archive; INSEE's releases hold about ten, and long lists are an attack."""

MAX_UNPACKED = 8 * 2**30
"""Bytes unpacked from one file, inner archives included; a national shapefile takes about 3 GB."""

MAX_RATIO = 200
"""Bytes unpacked per byte of the archive; tables of figures reach 5 to 20, bombs 1 000 and more."""

RATIO_FROM = 64 * 2**20
"""Bytes from which the ratio is judged; what is smaller harms nobody, however well it packs."""

MAX_DEPTH = 2
"""Archives inside each other: INSEE packs a 7z in a zip, and nobody packs deeper."""

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def is_archive(path: Path | PurePosixPath) -> bool:
    """Whether the name of a file is that of an archive.

    Examples
    --------
    >>> is_archive(Path("Filosofi2019_carreaux_200m_csv.zip"))
    True
    """
    return path.suffix.lower() in SUFFIXES


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an archive; what is unpacked from it is removed when the context ends.

    Raises
    ------
    BadInput
        Where the archive is damaged, cut short or encrypted, holds a name that climbs out of its
        folder or a link, or passes a limit of this module, or where the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="zonage-") as folder:
        yield Archive(path, Path(folder))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A member of an archive: its name there, its size once unpacked, what it is."""

    name: str
    size: int
    is_folder: bool
    is_link: bool


@dataclass
class Archive:
    """The files of an archive, those of its inner archives included.

    Attributes
    ----------
    path : Path
        The archive.
    folder : Path
        Where members are unpacked.
    names : list of str
        Names of the files, each with the names of the archives that hold it before it.
    """

    path: Path
    folder: Path
    names: list[str] = field(default_factory=list)
    _holders: dict[str, tuple[Path, _Entry]] = field(default_factory=dict)
    _unpacked: int = 0

    def __post_init__(self) -> None:
        self._list(self.path, "", 1)

    def unpack(self, names: Iterable[str]) -> list[Path]:
        """Unpack the named files, which lie in one folder of the archive, side by side."""
        holders = [self._holders[name] for name in names]
        return self._unpack(holders[0][0], [entry for _, entry in holders])

    def _list(self, archive: Path, prefix: str, depth: int) -> None:
        """Add the files of an archive, and those of the archives in it."""
        for entry in self._entries(archive):
            if is_archive(PurePosixPath(entry.name)) and depth < MAX_DEPTH:
                (inner,) = self._unpack(archive, [entry])
                self._list(inner, f"{prefix}{entry.name}/", depth + 1)
            else:
                self.names.append(prefix + entry.name)
                self._holders[prefix + entry.name] = (archive, entry)
        self._limit("too many members", len(self.names), MAX_MEMBERS, "files")

    def _entries(self, archive: Path) -> list[_Entry]:
        """Read and check the table of contents of one archive."""
        read = _zip_entries if _is_zip(archive) else _seven_zip_entries
        with _clear_errors(self.path):
            entries = read(archive)
        names = set()
        for entry in entries:
            _check_member(self.path, entry)
            if entry.name in names:
                raise BadInput("two members with one name", file=self.path, found=entry.name)
            names.add(entry.name)
        return [entry for entry in entries if not entry.is_folder]

    def _unpack(self, archive: Path, entries: list[_Entry]) -> list[Path]:
        """Unpack files of one archive into a new folder, after a look at limits and free room."""
        size = sum(entry.size for entry in entries)
        self._unpacked += size
        self._limit("too large once unpacked", self._unpacked, MAX_UNPACKED, "bytes")
        if self._unpacked > RATIO_FROM:
            ratio = self._unpacked // self.path.stat().st_size
            self._limit("it swells like a zip bomb", ratio, MAX_RATIO, "times its size")
        if size > shutil.disk_usage(self.folder).free:
            raise _disk_full(self.path)
        unpack = _unpack_zip if _is_zip(archive) else _unpack_seven_zip
        with _clear_errors(self.path):
            folder = Path(tempfile.mkdtemp(dir=self.folder))
            unpack(archive, [entry.name for entry in entries], folder)
        return [folder / PurePosixPath(entry.name) for entry in entries]

    def _limit(self, message: str, found: int, limit: int, unit: str) -> None:
        if found > limit:
            raise BadInput(
                f"the archive is refused: {message}",
                file=self.path,
                found=f"{found} {unit}",
                expected=f"at most {limit} {unit}",
            )


def _is_zip(archive: Path) -> bool:
    return archive.suffix.lower() == ".zip"


def _disk_full(path: Path) -> BadInput:
    return BadInput(
        f"the disk is full, the archive cannot be unpacked in {tempfile.gettempdir()}",
        file=path,
        hint="free some room or set TMPDIR to another disk",
    )


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    """Turn whatever a decoder raises into one clear error."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:  # a damaged header can raise anything at all in a decoder
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            raise _disk_full(path) from error
        raise BadInput(
            "the archive cannot be read: damaged, cut short or encrypted",
            file=path,
            found=str(error) or type(error).__name__,
            hint="fetch it again",
        ) from error


def _check_member(archive: Path, entry: _Entry) -> None:
    """Refuse what would be written outside the folder, on any system."""
    name = PureWindowsPath(entry.name)  # it splits at both slashes and knows drives
    climbs = name.drive or name.root or ".." in name.parts or "\0" in entry.name or not name.parts
    if climbs or entry.is_link:
        raise BadInput(
            "a member is a link" if entry.is_link else "a member climbs out of its folder",
            file=archive,
            found=repr(entry.name),
            expected="plain files inside the archive",
        )


def _zip_entries(path: Path) -> list[_Entry]:
    with zipfile.ZipFile(path) as archive:
        return [
            _Entry(
                info.orig_filename,
                info.file_size,
                is_folder=info.is_dir(),
                is_link=stat.S_ISLNK(info.external_attr >> 16),
            )
            for info in archive.infolist()
        ]


def _unpack_zip(path: Path, names: list[str], folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for name in names:
            target = folder / PurePosixPath(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)


def _seven_zip_entries(path: Path) -> list[_Entry]:
    import py7zr

    with py7zr.SevenZipFile(path) as archive:
        return [
            _Entry(
                file.filename,
                file.uncompressed or 0,
                is_folder=file.is_directory,
                is_link=file.is_symlink or file.is_junction or file.is_socket,
            )
            for file in archive.files
        ]


def _unpack_seven_zip(path: Path, names: list[str], folder: Path) -> None:
    import py7zr

    with py7zr.SevenZipFile(path) as archive:
        archive.extract(path=folder, targets=names)
    for name in names:
        (folder / name).chmod(0o600)  # the archive says who may read a file, even nobody
