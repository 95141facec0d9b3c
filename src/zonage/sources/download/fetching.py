"""Fetch a published file into the cache: what is there is used, what comes is checked."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path

from zonage.errors import BadInput, ZonageError
from zonage.locks import locked
from zonage.sources.download.cache import (
    MANIFEST,
    Cache,
    Pin,
    Version,
    arriving,
    clear_disk_errors,
    clear_drafts,
    default_cache,
    digest,
    facts,
    write_json,
)
from zonage.sources.download.catalogue import Entry, entry_of
from zonage.sources.download.kinds import check_arrival, located
from zonage.sources.download.parts import make_parts
from zonage.sources.download.tile_tables import TABLE_LAYOUT
from zonage.sources.download.transfer import Origin, Refused, Rules, Tell, Transfer

PREFIX = "fetched:"
"""Starts a path of a project file that stands for a file of the cache."""

_SHOWN = 12
_BUSY = "another fetch of this file is under way; waiting for it"
_FULL = "the disk is full"  # how archives say so


class NotFetched(ZonageError):
    """The site did not give the file; the message says what a human can do."""


def fetch(
    name: str,
    *,
    cache: str | Path | None = None,
    refresh: bool = False,
    source: str | Path | None = None,
    entries: Mapping[str, Entry] | None = None,
    rules: Rules | None = None,
    tell: Tell | None = None,
) -> Path:
    """Return a published file, from the cache or, where it is not there, from its address.

    Parameters
    ----------
    name : str
        A name of the catalogue, or one of its parts: ``"insee-tiles-2019/reun"``.
    cache : str or Path, optional
        Folder of the cache; by default that of :func:`default_cache`.
    refresh : bool
        Fetch anew, and trust what comes even where it differs from what came before.
    source : str or Path, optional
        The file itself, downloaded by hand.
    entries : mapping, optional
        A catalogue in place of the one that comes with zonage.
    rules : Rules, optional
        How patient and how trusting the download is.
    tell : callable, optional
        Says a line of progress.

    Returns
    -------
    Path
        The part, the first part where none is named, or the file as published where it has none.
        Tables of tiles are Parquet.

    Raises
    ------
    BadInput
        If there is no such name, the file is not what it should be or not what came before, or
        the cache cannot be written to or its disk is full.
    NotFetched
        If the site does not give it; the message says how to bring it by hand.
    """
    known, _, part = name.partition("/")
    entry = entry_of(known, entries)
    if part:
        entry.checked_part(part)
    work = _Fetch(
        entry,
        Cache(_folder(cache)),
        refresh,
        None if source is None else Path(source),
        rules or Rules(),
        tell or _silent,
    )
    with clear_disk_errors(work.cache.folder):
        return _part(work.run(), entry, part or None)


def resolve(
    path: str | Path,
    cache: str | Path | None = None,
    *,
    entries: Mapping[str, Entry] | None = None,
) -> Path:
    """Return the file of the cache that a path such as ``fetched:insee-tiles-2019`` stands for.

    Nothing is fetched: a run uses what is there. Any other path is returned as it is.

    Parameters
    ----------
    path : str or Path
        A path, or ``fetched:NAME`` or ``fetched:NAME/PART``.
    cache : str or Path, optional
        Folder of the cache; by default that of :func:`default_cache`.
    entries : mapping, optional
        A catalogue in place of the one that comes with zonage.

    Raises
    ------
    BadInput
        If there is no such name, or its file is not in the cache or was changed there.

    Examples
    --------
    >>> resolve("tiles.csv").name
    'tiles.csv'
    """
    text = path.as_posix() if isinstance(path, Path) else path
    if not text.startswith(PREFIX):
        return Path(path)
    name, _, part = text.removeprefix(PREFIX).partition("/")
    entry = entry_of(name, entries)
    if part:
        entry.checked_part(part)
    folder = _folder(cache)
    with clear_disk_errors(folder):
        found = Cache(folder).version(name)
        if found is None or not found.sound():
            raise BadInput(
                "not in the cache" if found is None else "changed in the cache since it came",
                file=folder,
                found=text,
                hint=f"zonage fetch {name}",
            )
        return _part(found, entry, part or None)


def _folder(cache: str | Path | None) -> Path:
    return default_cache() if cache is None else Path(cache).absolute()


def _silent(text: str) -> None:
    pass


def _part(found: Version, entry: Entry, part: str | None) -> Path:
    if part is not None and not found.parts and part == next(iter(entry.parts), None):
        return found.published  # it came bare, not in an archive
    if part is not None and part not in found.parts:
        raise BadInput(
            "the published file holds no such part",
            file=found.published,
            found=part,
            expected=", ".join(found.parts) or "no parts",
        )
    return found.part(part)


@dataclass(frozen=True, slots=True)
class _Fetch:
    """One fetch of one published file."""

    entry: Entry
    cache: Cache
    refresh: bool
    source: Path | None
    rules: Rules
    tell: Tell

    @property
    def home(self) -> Path:
        return self.cache.home(self.entry.name)

    def run(self) -> Version:
        """Return the version of the file to use, after fetching it where need be."""
        found = self._present()
        if found is not None:
            return found
        self.home.mkdir(parents=True, exist_ok=True)
        self.cache.inbox.mkdir(exist_ok=True)
        with locked(self.home, waiting=lambda: self._say(_BUSY)):
            found = self._present()  # another fetch may have brought it
            if found is not None:
                return found
            clear_drafts(self.home)
            return self._again() or self._bring()

    def _present(self) -> Version | None:
        """The version in the cache, if it is sound and nothing newer is asked for."""
        if self.refresh or self.source is not None:
            return None
        found = self.cache.version(self.entry.name)
        if found is None or self._other_than_known(found.manifest["published"]["sha256"]):
            return None
        made = [part.get("layout", TABLE_LAYOUT) for part in found.parts.values()]
        return found if found.sound() and set(made) <= {TABLE_LAYOUT} else None

    def _other_than_known(self, sha256: str) -> bool:
        return self.entry.sha256 not in (None, sha256)

    def _again(self) -> Version | None:
        """Make the parts of a sound published file again, if that is all that is wanting."""
        pin = self.cache.pins().get(self.entry.name)
        found = self.cache.version(self.entry.name)
        if self.refresh or self.source is not None or pin is None or found is None:
            return None
        published = found.published
        if self._other_than_known(pin.sha256) or not published.is_file():
            return None
        if digest(published) != pin.sha256:
            self._say("the file in the cache was changed since it came; fetching it again")
            return None
        parts = make_parts(self.entry, published, found.folder, self._say)
        manifest = dict(found.manifest) | {"parts": parts, "made_by": _versions()}
        write_json(found.folder / MANIFEST, manifest)
        return self.cache.version(self.entry.name)

    def _bring(self) -> Version:
        """Get the file from a human or from the site, check it, and put it into the cache."""
        by_hand = self.source or self._dropped()
        arrived, origin = self._download() if by_hand is None else self._taken(by_hand)
        try:
            sha256 = digest(arrived)
            self._check_digest(sha256, arrived)
            self._install(arrived, sha256, origin)
        except BaseException as problem:
            wrong = isinstance(problem, BadInput) and not problem.message.startswith(_FULL)
            if wrong or by_hand is not None:  # else the next fetch goes on from here
                self._clear(arrived.stem)
            if isinstance(problem, BadInput):
                raise located(problem, origin.address) from None
            raise
        self._clear("partial")
        self._clear("by-hand")
        if by_hand is not None and self.source is None:
            by_hand.unlink(missing_ok=True)
        found = self.cache.version(self.entry.name)
        if found is None:
            raise BadInput("the cache was changed while it was in use", file=self.home)
        return found

    def _dropped(self) -> Path | None:
        """The file that a human dropped into the inbox, under its published name."""
        path = self.cache.inbox / self.entry.file
        if not path.is_file():
            return None
        self._say(f"taking {path}")
        return path

    def _taken(self, source: Path) -> tuple[Path, Origin]:
        """Copy a file that a human brought, after a look at it."""
        try:
            kind = check_arrival(self.entry, source, str(source))
        except OSError as error:
            raise BadInput("cannot be read", file=source, found=error.strerror) from None
        arrived = self.home / f"by-hand.{kind}"
        with arriving(arrived) as draft:
            shutil.copyfile(source, draft)
        return arrived, Origin(f"by hand: {source.name}")

    def _download(self) -> tuple[Path, Origin]:
        """Download the file from the first address that gives it."""
        problems = []
        partial = self.home / f"partial.{self.entry.formats[0]}"
        for address in self.entry.addresses:
            self._say(address)
            transfer = Transfer(
                address, partial, self.entry.limit_bytes, user_agent(), self.rules, self._say
            )
            try:
                origin = transfer.run()
            except Refused as refusal:
                problems.append(f"{address}: {refusal}")
                continue
            try:
                kind = check_arrival(self.entry, partial, address)
            except BadInput as problem:
                self._clear("partial")
                problems.append(str(problem))
                continue
            arrived = partial.with_suffix(f".{kind}")  # by its ending an archive is known
            partial.replace(arrived)
            return arrived, origin
        raise NotFetched(self._way_on(problems))

    def _say(self, text: str) -> None:
        self.tell(f"{self.entry.name}: {text}")

    def _clear(self, stem: str) -> None:
        """Remove what is left of a download or of a copy, with its notes."""
        for left in self.home.glob(f"{stem}.*"):
            left.unlink(missing_ok=True)

    def _way_on(self, problems: list[str]) -> str:
        """Say what went wrong and what a human can do."""
        name, file = self.entry.name, self.entry.file
        why = "; ".join(problems) or "no address is known for scripts"
        return (
            f"{name}: {why}; open {self.entry.page} in a browser, download the file there "
            f"({file}), then run zonage fetch {name} --from FILE, or put it as {file} into "
            f"{self.cache.inbox} and run zonage fetch {name} again"
        )

    def _check_digest(self, sha256: str, arrived: Path) -> None:
        """Hold a file against the digest that is known, or the one that came before."""
        if self.entry.sha256 is not None:
            if self._other_than_known(sha256):
                raise BadInput(
                    "not the published file: its digest is another",
                    file=self.entry.name,
                    found=f"sha256 {sha256[:_SHOWN]}..., {arrived.stat().st_size} bytes",
                    expected=f"sha256 {self.entry.sha256[:_SHOWN]}...",
                )
            return
        pin = self.cache.pins().get(self.entry.name)
        if pin is None or pin.sha256 == sha256:
            return
        change = f"sha256 {pin.sha256[:_SHOWN]}... of {pin.date[:10]}"
        if not self.refresh:
            raise BadInput(
                "the published file is no longer the one that came first",
                file=self.entry.name,
                found=f"sha256 {sha256[:_SHOWN]}..., {arrived.stat().st_size} bytes",
                expected=f"{change}, {pin.bytes} bytes",
                hint=f"to take the new one: zonage fetch {self.entry.name} --refresh",
            )
        self._say(f"changed since {change}")

    def _install(self, arrived: Path, sha256: str, origin: Origin) -> None:
        """Put a checked file, its parts and its manifest into the cache, and trust it last."""
        held = self.cache.version(self.entry.name)
        if held is not None and held.manifest["published"]["sha256"] == sha256 and held.sound():
            self._say("the same as in the cache")
            return
        folder = self.cache.version_folder(self.entry.name, sha256)
        folder.mkdir(exist_ok=True)
        parts = make_parts(self.entry, arrived, folder, self._say)
        published = folder / Path(self.entry.file).with_suffix(arrived.suffix)
        noted = facts(arrived, name=published.name, sha256=sha256)
        arrived.replace(published)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = {
            "name": self.entry.name,
            "title": self.entry.title,
            "producer": self.entry.producer,
            "vintage": self.entry.vintage,
            "licence": self.entry.licence,
            "page": self.entry.page,
            "fetched": now,
            "origin": asdict(origin),
            "published": noted,
            "parts": parts,
            "made_by": _versions(),
        }
        write_json(folder / MANIFEST, manifest)
        self.cache.pin(self.entry.name, Pin(sha256, noted["bytes"], now))


def _versions() -> dict[str, str]:
    """Versions of the code that made the parts."""
    found = {}
    for package in ("zonage", "pyarrow"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def user_agent() -> str:
    """Say honestly who asks: zonage, its version, and its page where the package names one."""
    try:
        about = metadata("zonage")
    except PackageNotFoundError:
        return "zonage"
    pages = [line.partition(",")[2].strip() for line in about.get_all("Project-URL") or ()]
    return f"zonage/{about['Version']}" + (f" (+{pages[0]})" if pages else "")
