"""What a file is by its content, since servers and people give files wrong names."""

from __future__ import annotations

import csv
from pathlib import Path

from zonage.errors import BadInput
from zonage.sources.download.catalogue import Entry

_MAGIC = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x1f\x8b": "gz",
}
_HEAD = 1 << 16
_TEXT_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r\f")


def kind_of(path: Path) -> str:
    """Say what a file is: zip, 7z, gz, json, csv, page (HTML or XML), binary or empty.

    Examples
    --------
    >>> from zonage.sources.tables import data_folder
    >>> kind_of(data_folder("demo") / "communes.csv")
    'csv'
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return "empty"
    if _TEXT_CONTROL.intersection(head):
        return "binary"
    if text.startswith(b"<"):
        return "page"
    return "json" if text[:1] in (b"{", b"[") else "csv"


def check_arrival(entry: Entry, path: Path, source: str) -> str:
    """Check that a file is what its entry says, as far as its two ends show; return its format.

    Parameters
    ----------
    entry : Entry
        What is expected.
    path : Path
        The file.
    source : str
        Where it comes from, for the error.

    Raises
    ------
    BadInput
        If it is another kind of file, a page of the site, cut short, or too large.
    """
    kind = kind_of(path)
    size = path.stat().st_size
    expected = " or ".join(entry.formats)
    if kind not in entry.formats:
        what = "a page of the site (or XML)" if kind == "page" else f"{kind}, {size} bytes"
        raise BadInput("not the published file", file=source, found=what, expected=expected)
    if size > entry.limit_bytes:
        raise _too_large(entry, source, size)
    if kind == "json" and _last_sign(path) not in b"}]":
        raise BadInput("the file is cut short", file=source, expected="an end of JSON")
    if kind == "csv":
        _check_header(entry, path, source)
    return kind


def _too_large(entry: Entry, source: str, size: int) -> BadInput:
    return BadInput(
        "larger than the published file can be",
        file=source,
        found=f"{size / 1e6:.1f} MB",
        expected=f"at most {entry.limit} MB",
    )


def _last_sign(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 64, 0))
        return file.read().rstrip()[-1:] or b" "


def _check_header(entry: Entry, path: Path, source: str) -> None:
    with path.open("rb") as file:
        line = file.readline(_HEAD).decode("utf-8-sig", "replace")
    delimiter = max(";,\t|", key=line.count)
    columns = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
    missing = [name for name in entry.columns if name not in columns]
    if missing:
        raise BadInput(
            "not the published table",
            file=source,
            found="columns " + ", ".join(columns)[:200],
            expected="among them " + ", ".join(missing),
        )


def located(problem: BadInput, file: str) -> BadInput:
    """Return a problem of a file that the user knows by another name."""
    return BadInput(
        problem.message,
        file=file,
        row=problem.row,
        column=problem.column,
        found=problem.found,
        expected=problem.expected,
        hint=problem.hint,
    )
