"""What is taken out of a published file: members unpacked, and tables of tiles as Parquet."""

from __future__ import annotations

import fnmatch
import gzip
import shutil
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

from zonage.errors import BadInput
from zonage.sources.archives import MAX_RATIO, MAX_UNPACKED, RATIO_FROM, is_archive, open_archive
from zonage.sources.download.cache import arriving, facts
from zonage.sources.download.catalogue import Entry
from zonage.sources.download.tile_tables import write_tile_table
from zonage.sources.download.transfer import Tell

_CHUNK = 1 << 20


def make_parts(entry: Entry, published: Path, folder: Path, tell: Tell) -> dict[str, Any]:
    """Take the parts of a published file out of it, into a folder.

    Parameters
    ----------
    entry : Entry
        What the file is.
    published : Path
        The file.
    folder : Path
        Where the parts go.
    tell : callable
        Says a line of progress.

    Returns
    -------
    dict of str to dict
        For each part that there is: its file, size, digest and the member that it was, and of a
        table of tiles its rows and columns.

    Raises
    ------
    BadInput
        If the archive is damaged or hostile, lacks the first part, or holds several candidates
        for one, or a table of tiles is not one.
    OSError
        If the disk does not take it.
    """
    if published.suffix.lower() == ".gz":
        return {name: _gunzip(published, folder / file) for name, file in entry.parts.items()}
    if not is_archive(published):
        return {}
    parts = {}
    with open_archive(published) as archive:
        for name, member in _members(entry, published, archive.names).items():
            tell(f"{'making the table' if entry.tiles else 'unpacking'} {member}")
            files = archive.unpack([member, *_beside(member, archive.names)])
            if entry.tiles:
                target = folder / f"{entry.name}-{name}.parquet"
                found = write_tile_table(files[0], target, f"{published.name}/{member}")
            else:
                found = _keep(files, folder)
            parts[name] = found | {"member": member}
    return parts


def _members(entry: Entry, published: Path, names: list[str]) -> dict[str, str]:
    """Return the member that each part is, by the patterns of the entry."""
    members: dict[str, str] = {}
    for part, pattern in entry.parts.items():
        found = [name for name in names if _matches(name, pattern)]
        if len(found) > 1 or (not found and not members):
            raise BadInput(
                "several members could be the part" if found else "the archive lacks the part",
                file=published.name,
                column=part,
                found=", ".join(found or names[:10]),
                expected=pattern,
            )
        if found:
            members[part] = found[0]
    return members


def _matches(name: str, pattern: str) -> bool:
    own = PurePosixPath(name).name
    return not own.startswith("._") and fnmatch.fnmatch(own.lower(), pattern.lower())


def _beside(member: str, names: list[str]) -> list[str]:
    """Return the other files of a shapefile; none for other formats."""
    path = PurePosixPath(member)
    if path.suffix.lower() != ".shp":
        return []
    stem = path.with_suffix("")
    return [
        name for name in names if name != member and PurePosixPath(name).with_suffix("") == stem
    ]


def _keep(files: list[Path], folder: Path) -> dict[str, Any]:
    """Copy unpacked files into a folder; return the facts of the first, the others beside it."""
    kept = []
    for file in files:
        target = folder / file.name
        with arriving(target) as draft:
            shutil.copyfile(file, draft)
        kept.append(facts(target))
    return kept[0] | ({"beside": kept[1:]} if kept[1:] else {})


def _gunzip(published: Path, target: Path) -> dict[str, Any]:
    """Unpack a gz file within the limits that hold for archives."""
    limit = min(MAX_UNPACKED, max(RATIO_FROM, MAX_RATIO * published.stat().st_size))
    size = 0
    with arriving(target) as draft, draft.open("wb") as out, gzip.open(published) as source:
        while True:
            try:
                data = source.read(_CHUNK)
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise BadInput(
                    "the archive cannot be read: damaged or cut short",
                    file=published.name,
                    found=error,
                ) from None
            if not data:
                break
            size += len(data)
            if size > limit:
                raise BadInput(
                    "the archive is refused: too large once unpacked",
                    file=published.name,
                    expected=f"at most {limit} bytes",
                )
            out.write(data)
    return facts(target)
