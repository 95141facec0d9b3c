"""One file over HTTPS: resumed where it broke off, tried again, and never more than was asked for.

What has arrived lies in a partial file; beside it stands which address it came from and what the
server calls this version of the file (ETag or Last-Modified). Only with these is a rest asked for,
so that two versions are never joined.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zonage.errors import BadInput

_CHUNK = 1 << 16
_TELL_SECONDS = 2.0
_PROGRESS = 1 << 20
"""Bytes that a broken connection must have brought to count as progress, not as a failure."""

_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})

Tell = Callable[[str], None]
"""Says a line of progress."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How patient and how trusting a transfer is.

    Attributes
    ----------
    schemes : tuple of str
        Schemes of addresses, those of redirects included.
    attempts : int
        Failures in a row after which it gives up.
    first_wait, longest_wait : float
        Seconds before the second attempt, doubled each time, and the longest wait; a server that
        asks for a longer one is taken at its word and left alone.
    timeout : float
        Seconds without a byte after which a connection counts as broken.
    redirects : int
        Redirects that are followed.
    """

    schemes: tuple[str, ...] = ("https",)
    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 60.0
    timeout: float = 30.0
    redirects: int = 5


class Refused(Exception):
    """The site does not give the file; trying again at once would not help."""


class _Broken(Exception):
    """An attempt failed in a way that another may mend."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(slots=True)
class Origin:
    """Where a file came from: the state of a transfer, kept beside the partial file.

    Attributes
    ----------
    address, final_address : str
        The address asked, and the one that answered after redirects.
    etag, last_modified : str
        What the server calls this version; empty where it does not say.
    total : int or None
        Bytes of the whole file, where known.
    """

    address: str
    final_address: str = ""
    etag: str = ""
    last_modified: str = ""
    total: int | None = None

    @property
    def validator(self) -> str:
        """What to ask for the rest of the same version with; empty where nothing serves."""
        return self.last_modified if self.etag.startswith("W/") else self.etag or self.last_modified


@dataclass(frozen=True, slots=True)
class Transfer:
    """The transfer of one address into a partial file.

    Attributes
    ----------
    address : str
        Where the file lies.
    partial : Path
        Where its bytes are gathered, through interruptions.
    limit : int
        Bytes above which it is refused.
    agent : str
        Who asks.
    rules : Rules
        How patient it is.
    tell : callable
        Says a line of progress.
    """

    address: str
    partial: Path
    limit: int
    agent: str
    rules: Rules
    tell: Tell

    def run(self) -> Origin:
        """Bring the whole file and return where it came from.

        Raises
        ------
        Refused
            If the site says no, sends something else, or fails again and again.
        OSError
            If the disk does not take it; what has arrived stays for the next run.
        """
        failures, furthest = 0, self._size()
        while True:
            try:
                return self._attempt()
            except _Broken as problem:
                failures += 1
                if self._size() - furthest >= _PROGRESS:
                    failures, furthest = 0, self._size()
                if failures >= self.rules.attempts:
                    raise Refused(f"{problem}, {failures} times in a row") from None
                wait = problem.wait
                if wait is None:
                    wait = self.rules.first_wait * 2 ** max(failures - 1, 0)
                if problem.wait is not None and wait > self.rules.longest_wait:
                    raise Refused(f"{problem} and asks to wait {wait:.0f} s") from None
                wait = min(wait, self.rules.longest_wait)
                self.tell(f"{problem}; again in {wait:.0f} s")
                time.sleep(wait)

    def _attempt(self) -> Origin:
        """Ask for the file, or for its rest, and add what comes to the partial file."""
        known = self._known()
        offset = self._size() if known else 0
        if known and offset == known.total:
            return known
        headers = {"User-Agent": self.agent, "Accept": "*/*"}
        if known and offset:
            headers |= {"Range": f"bytes={offset}-", "If-Range": known.validator}
        with self._open(headers) as response:
            origin = self._origin(response)
            start = self._start(response, origin, known, offset)
            origin.total = self._announced(response, start)
            if start == 0:
                self._forget()  # lest bytes of one version stand beside the name of another
            self._save(origin)
            self._receive(response, start, origin.total)
        origin.total = self._size()
        self._save(origin)
        return origin

    def _open(self, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """Send a request; say whether a failure is final."""
        scheme = urlsplit(self.address).scheme
        if scheme not in self.rules.schemes:
            raise Refused(f"the address is {scheme}, not {' or '.join(self.rules.schemes)}")
        request = urllib.request.Request(self.address, headers=dict(headers))
        try:
            return _opener(self.rules).open(request, timeout=self.rules.timeout)
        except urllib.error.HTTPError as error:
            with error:
                raise self._answer(error) from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise Refused(f"the site's certificate is not valid: {error.reason}") from None
            raise _Broken(f"no connection ({error.reason})") from None
        except ValueError as error:  # a redirect to what is no address
            raise Refused(f"the address cannot be used: {error}") from None
        except (OSError, http.client.HTTPException) as error:
            raise _Broken(f"no answer ({error or type(error).__name__})") from None

    def _answer(self, error: urllib.error.HTTPError) -> Exception:
        """What an answer other than success means."""
        if 300 <= error.code < 400:
            return Refused(f"a redirect is refused: {' '.join(str(error.msg).split())[:200]}")
        if error.code == 416:  # the rest does not exist: what we hold is of another version
            self._forget()
            return _Broken("the site has no such rest of the file")
        said = f"the site answers {error.code} {error.reason}".rstrip()
        if error.code in _TRY_AGAIN:
            return _Broken(said, _retry_after(error.headers.get("Retry-After", "")))
        return Refused(said)

    def _origin(self, response: http.client.HTTPResponse) -> Origin:
        """Read what the server says of the file, or refuse an answer that is no file."""
        if response.status not in (200, 206):
            raise Refused(f"the site answers {response.status}, without a file")
        if response.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
            raise Refused("the site sends a page instead of the file")
        return Origin(
            self.address,
            response.url,
            response.headers.get("ETag", ""),
            response.headers.get("Last-Modified", ""),
        )

    def _start(
        self, response: http.client.HTTPResponse, origin: Origin, known: Origin | None, offset: int
    ) -> int:
        """Return the byte at which the answer starts, which is 0 or the end of what we have."""
        if response.status == 200:
            if offset:
                self.tell("the site sends the file from its start again")
            return 0
        start, total = _content_range(response.headers.get("Content-Range", ""))
        if (
            known is None
            or start != offset
            or origin.validator not in ("", known.validator)
            or known.total not in (None, total)
        ):
            self._forget()
            raise _Broken("the site sends another part or version than was asked for")
        origin.etag, origin.last_modified = known.etag, known.last_modified
        self.tell(f"going on at {offset / 1e6:.1f} MB")
        return offset

    def _announced(self, response: http.client.HTTPResponse, start: int) -> int | None:
        """Return the size of the whole file as announced, if it is one that can be taken."""
        total = _content_range(response.headers.get("Content-Range", ""))[1]
        if response.length is not None:
            total = start + response.length
        if total is None:
            return None
        if total > self.limit:
            raise self._too_large(total)
        free = shutil.disk_usage(self.partial.parent).free
        if total - start > free:
            raise BadInput(
                "the disk is too full for the file",
                file=self.partial.parent,
                found=f"{free / 1e6:.1f} MB free",
                expected=f"{(total - start) / 1e6:.1f} MB",
                hint="free some space, or choose another cache with --cache or ZONAGE_CACHE",
            )
        return total

    def _receive(self, response: http.client.HTTPResponse, start: int, total: int | None) -> None:
        """Write what comes after the byte `start`; a broken connection leaves what has come."""
        size, told = start, time.monotonic()
        with self.partial.open("ab" if start else "wb") as file:
            while True:
                data, broken = _read(response)
                size += len(data)
                if size > self.limit:
                    file.close()
                    self._forget()
                    raise self._too_large(size)
                file.write(data)
                if broken or (not data and total is not None and size < total):
                    whole = "an unknown number of" if total is None else str(total)
                    raise _Broken(f"the connection ended at {size} of {whole} bytes")
                if not data:
                    break
                if time.monotonic() - told >= _TELL_SECONDS:
                    told = time.monotonic()
                    whole = f" of {total / 1e6:.1f}" if total else ""
                    self.tell(f"{size / 1e6:.1f}{whole} MB")
            file.flush()
            os.fsync(file.fileno())

    def _too_large(self, size: int) -> Refused:
        return Refused(
            f"the site sends {size / 1e6:.1f} MB or more, and the file can have "
            f"{self.limit / 1e6:.1f} MB at most"
        )

    def _size(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0

    @property
    def _notes(self) -> Path:
        return self.partial.with_name(self.partial.name + ".json")

    def _known(self) -> Origin | None:
        """What is known of the partial file, if it can be gone on with."""
        try:
            origin = Origin(**json.loads(self._notes.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        complete = origin.total is not None and origin.total == self._size()
        usable = origin.address == self.address and (origin.validator or complete)
        return origin if usable and self._size() else None

    def _save(self, origin: Origin) -> None:
        self._notes.write_text(json.dumps(asdict(origin)), encoding="utf-8")

    def _forget(self) -> None:
        self.partial.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)


def _read(response: http.client.HTTPResponse) -> tuple[bytes, bool]:
    """Read some bytes of an answer; say whether the connection broke."""
    try:
        return response.read(_CHUNK), False
    except http.client.IncompleteRead as error:
        return error.partial, True
    except (OSError, http.client.HTTPException):
        return b"", True


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects, to allowed schemes only."""

    def __init__(self, rules: Rules) -> None:
        self.schemes = rules.schemes
        self.max_redirections = rules.redirects  # type: ignore[misc]

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in self.schemes:
            with fp:
                allowed = " or ".join(self.schemes)
                raise Refused(f"the site redirects to {scheme}, and only {allowed} is followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(rules: Rules) -> urllib.request.OpenerDirector:
    """An opener that knows HTTP, the proxies of the environment, and nothing else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(rules),
    ):
        opener.add_handler(handler)
    return opener


def _retry_after(value: str) -> float | None:
    """Return the seconds that a Retry-After header asks for, given as seconds or as a date."""
    if value.strip().isdigit():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError):
        return None


def _content_range(value: str) -> tuple[int, int | None]:
    """Return the first byte and the whole size that a Content-Range header names, or (-1, None)."""
    unit, _, rest = value.strip().partition(" ")
    span, _, total = rest.partition("/")
    first = span.partition("-")[0]
    if unit != "bytes" or not first.isdigit():
        return -1, None
    return int(first), int(total) if total.isdigit() else None
