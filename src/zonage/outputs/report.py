"""The account of a run as files: ``report.md`` and ``report.html``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zonage.outputs.folder import MANIFEST
from zonage.outputs.writing import version_of
from zonage.pipeline import Run

if TYPE_CHECKING:
    from zonage.scenarios.curves import Response

SHOWN = ("map.png", "quarters.png", "response.png", "entry.png")
"""Pictures of the draft that the account shows."""


def write_report(
    run: Run, response: Response, inputs: Mapping[str, Mapping[str, Any]], draft: Path
) -> None:
    """Write the account of a run into a folder that holds its other outputs.

    Parameters
    ----------
    run : Run
        A finished run.
    response : Response
        From :func:`zonage.scenarios.curves.respond`.
    inputs : mapping of str to dict
        ``sha256`` and ``bytes`` of each input.
    draft : Path
        With the pictures of the run; all other files in it are named in the account.
    """
    from zonage.report import Account, html_page, markdown_page, report_blocks
    from zonage.scenarios.curves import WHOLE
    from zonage.scenarios.margins import zone_margins

    others = [path.name for path in sorted(draft.iterdir())]
    account = Account(
        run=run,
        response=response,
        # A margin takes hundreds of zonings.
        margins=zone_margins(run.zoning) if len(run.zoning.tiles) <= WHOLE else None,
        pictures={name: (draft / name).read_bytes() for name in SHOWN if name in others},
        files=(*others, MANIFEST),
        inputs=inputs,
        version=version_of("zonage") or "(not installed)",
    )
    blocks = report_blocks(account)
    page = html_page(run.project.title, blocks, run.project.output.language)
    (draft / "report.html").write_text(page, encoding="utf-8")
    (draft / "report.md").write_text(markdown_page(blocks), encoding="utf-8")
