"""A store of results, each in a file of its own under its key, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from zonage.errors import BadInput
from zonage.locks import locked
from zonage.outputs.folder import disk_error

_KEY = re.compile(r"[0-9a-f]{64}")
_ENDING = ".result"
_DRAFT = ".draft"
_DIGESTS = "digests"


class Results:
    """Results by key. The first line of a file is the sha256 of its name and the rest.

    A file is written under another name and renamed when it is whole. What a kill, a full disk or
    a hand has broken is not a result: it counts as absent and is made again.

    Parameters
    ----------
    folder : Path
        Made when the first result is put in.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = Results(Path(folder) / "results")
    ...     store.put("0" * 64, {"quarters": 3})
    ...     store.get("0" * 64), store.get("1" * 64)
    ({'quarters': 3}, None)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def locked(self, tell: Callable[[str], None]) -> Iterator[None]:
        """Keep other batches out as long as this one works, and clear away what killed ones left.

        Parameters
        ----------
        tell : callable
            Told that another batch is waited for.

        Raises
        ------
        BadInput
            If the folder cannot be made.
        """
        with self._clear_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            stack = contextlib.ExitStack()
            busy = f"waiting for another batch that works with {self.folder}"
            stack.enter_context(locked(self.folder, waiting=lambda: tell(busy)))
            for draft in self.folder.glob(f".*{_DRAFT}"):
                draft.unlink(missing_ok=True)
        with stack:
            yield

    def has(self, key: str) -> bool:
        """Return whether there is a whole result under a key."""
        return self._read(key) is not None

    def seen(self, keys: Collection[str]) -> int:
        """Count the keys that have a file, whole or not: for progress only."""
        return sum(self._place(key).exists() for key in keys)

    def get(self, key: str) -> Any:
        """Return the result under a key; None where there is none that is whole."""
        content = self._read(key)
        return None if content is None else json.loads(content)

    def put(self, key: str, content: Mapping[str, Any]) -> None:
        """Keep a result under its key.

        Raises
        ------
        BadInput
            If the disk is full or the folder cannot be written to; nothing is left of it.
        """
        self._write(self._place(key), content)

    def digests(self) -> Any:
        """Return what was kept by :meth:`keep_digests`, an empty mapping if it is not whole."""
        content = _checked(self.folder / _DIGESTS)
        return {} if content is None else json.loads(content)

    def keep_digests(self, content: Mapping[str, Any]) -> None:
        """Keep digests of inputs for the next time."""
        self._write(self.folder / _DIGESTS, content)

    def keep_only(self, keys: Collection[str]) -> None:
        """Remove the results under all other keys."""
        with self._clear_errors():
            for path in self.folder.glob(f"*{_ENDING}"):
                if _KEY.fullmatch(path.stem) and path.stem not in keys:
                    path.unlink(missing_ok=True)

    def _place(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise BadInput("not the key of a result", found=repr(key))
        return self.folder / f"{key}{_ENDING}"

    def _read(self, key: str) -> bytes | None:
        return _checked(self._place(key))

    def _write(self, place: Path, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        body = text.encode()
        draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}{_DRAFT}")
        with self._clear_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                draft.write_bytes(_seal(place, body) + b"\n" + body)
                draft.replace(place)
            except BaseException:
                with contextlib.suppress(OSError):
                    draft.unlink(missing_ok=True)
                raise

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise disk_error(error, self.folder) from error


def _checked(place: Path) -> bytes | None:
    """What a file holds below its first line, if that line is its digest."""
    try:
        said, _, body = place.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise disk_error(error, place) from error
    return body if said == _seal(place, body) else None


def _seal(place: Path, body: bytes) -> bytes:
    """The digest of a body under its name: a file that was renamed is not taken for another."""
    return hashlib.sha256(place.name.encode() + b"\n" + body).hexdigest().encode()
