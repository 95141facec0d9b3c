"""The outputs of a batch: its listing, what changed since the last one, and the report."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from zonage.batch.changes import COLUMNS, WorkChange, change_rows
from zonage.batch.listing import Listing
from zonage.outputs.folder import MANIFEST, usable_folder, whole
from zonage.outputs.writing import digest, write_csv, write_json
from zonage.provenance import COMPUTING, code_digest, version_of
from zonage.report.pages import html_page, markdown_page
from zonage.texts.batch import report_blocks

if TYPE_CHECKING:
    from zonage.batch.file import Batch
    from zonage.batch.plan import Plan

TOTALS = ("quarters", "tiles", "population", "population_share", "households", "poor_households",
          "social_dwellings", "line", "f1")  # fmt: skip
"""Columns of the table of works, where a work has them."""

LISTING, SINCE = "batch.json", "since.json"
"""The works of this batch, and those of the batch that it is held against."""


def write_batch(
    batch: Batch,
    plan: Plan,
    listing: Listing,
    since: Listing,
    changes: tuple[WorkChange, ...],
    folder: str | Path,
) -> Path:
    """Write the outputs of a batch into a folder, all of them or none.

    ``works.csv`` (totals of every work), ``changes.csv`` (quarters that moved since the last
    batch), ``changes.json`` (the same with the totals), ``report.html``, ``report.md``,
    ``batch.json`` and ``since.json`` (the works of this batch and of the last one).

    Parameters
    ----------
    batch : Batch
        What was asked.
    plan : Plan
        The inputs.
    listing, since : Listing
        The works of this batch, and of the one that it is held against.
    changes : tuple of WorkChange
        What changed.
    folder : str or Path
        Replaced as a whole, or not at all.

    Raises
    ------
    BadInput
        If the folder cannot be written to, or the disk is full.
    """
    target = usable_folder(folder)
    with whole(target) as draft:
        _write_works(listing, draft / "works.csv")
        write_csv(draft / "changes.csv", COLUMNS, change_rows(changes))
        write_json(draft / "changes.json", {"title": batch.title, "works": _plain(changes)})
        blocks = report_blocks(batch.title, changes, first=not since.works, language=batch.language)
        page = html_page(batch.title, blocks, batch.language)
        (draft / "report.html").write_text(page, encoding="utf-8")
        (draft / "report.md").write_text(markdown_page(blocks), encoding="utf-8")
        write_json(draft / LISTING, listing.model_dump())
        write_json(draft / SINCE, since.model_dump())
        write_json(draft / MANIFEST, _manifest(batch, plan, draft))
    return target


def _write_works(listing: Listing, path: Path) -> None:
    known = {name for entry in listing.works for name in entry.totals}
    names = [name for name in TOTALS if name in known]
    header = ["territory", "vintage", "law", "scenario", "status", "problem", "key", *names]
    rows = (
        [
            *entry.identity,
            entry.status,
            entry.problem,
            entry.key or "",
            *(entry.totals.get(name, "") for name in names),
        ]
        for entry in listing.works
    )
    write_csv(path, header, rows)


def _plain(changes: tuple[WorkChange, ...]) -> list[dict[str, Any]]:
    return [
        {
            **dict(zip(COLUMNS[:4], change.identity, strict=True)),
            "kind": change.kind,
            "against": change.against,
            "problem": change.entry.problem,
            "before": change.before,
            "after": change.entry.totals,
            "quarters": None
            if change.quarters is None
            else [asdict(move) for move in change.quarters],
        }
        for change in changes
    ]


def _manifest(batch: Batch, plan: Plan, draft: Path) -> dict[str, Any]:
    contents = {
        str(content.path): content.sha256
        for group in plan.groups
        for content in group.inputs.values()
    }
    return {
        "zonage": version_of("zonage"),
        "code": code_digest(),
        "command": "batch",
        "batch": {"file": str(batch.file.resolve()), **digest(batch.file)},
        "inputs": {path: {"sha256": contents[path]} for path in sorted(contents)},
        "libraries": {name: version_of(name) for name in COMPUTING},
        "outputs": {path.name: digest(path) for path in sorted(draft.iterdir())},
    }


def read_listings(folder: Path) -> tuple[Listing, Listing]:
    """Return the works of the last batch, and of the one that it was held against.

    Both are empty where there is no last batch, or one of its files is not what was written.

    Parameters
    ----------
    folder : Path
        The report of the last batch.
    """
    try:
        outputs = json.loads((folder / MANIFEST).read_bytes())["outputs"]
        last, since = (
            _listing((folder / name).read_bytes(), outputs[name]["sha256"])
            for name in (LISTING, SINCE)
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Listing(), Listing()
    return last, since


def _listing(content: bytes, sha256: str) -> Listing:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError("not the file that was written")
    try:
        return Listing.model_validate_json(content)
    except ValidationError as error:
        raise ValueError("not a listing of works") from error
