"""The explorer's page in a file."""

from __future__ import annotations

from pathlib import Path

from zonage.errors import BadInput
from zonage.outputs.folder import MANIFEST, whole_file

PAGE = "explorer.html"
"""Name of the page where a folder is given."""


def page_file(path: str | Path) -> Path:
    """Return where a page goes: the path itself if it is an HTML file's, else in that folder.

    Raises
    ------
    BadInput
        If a folder stands where the file should, or the folder is that of a run's outputs.

    Examples
    --------
    >>> page_file("out/explorer").as_posix(), page_file("lille.html").as_posix()
    ('out/explorer/explorer.html', 'lille.html')
    """
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm") or target.is_dir():
        target = target / PAGE
    if target.is_dir():
        raise BadInput("a folder stands where the page should be written", file=target)
    if (target.parent / MANIFEST).exists():
        raise BadInput(
            "the folder holds the outputs of a run, which replaces it as a whole",
            file=target.parent,
            hint="choose another folder",
        )
    return target


def write_page(text: str, path: str | Path) -> Path:
    """Write a page, whole or not at all.

    Parameters
    ----------
    text : str
        From :func:`zonage.explorer.explorer_page`.
    path : str or Path
        An HTML file, replaced if it exists, or a folder.

    Raises
    ------
    BadInput
        If it cannot be written or the disk is full.
    """
    target = page_file(path)
    with whole_file(target) as draft:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8", newline="\n")
    return target
