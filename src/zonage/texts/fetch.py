"""What fetching says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zonage.texts._format import aligned, thousands

if TYPE_CHECKING:
    from zonage.sources.download.cache import Version


def list_text(held: Mapping[str, Version | None], cache: Path) -> str:
    """Say what can be fetched, and what is in the cache."""
    from zonage.sources.download import catalogue

    rows = [["name", "in the cache", "address", "what it is"]]
    for name, version in held.items():
        entry = catalogue()[name]
        since = version.manifest["fetched"][:10] if version else "-"
        address = "by hand" if entry.certainty == "unknown" else entry.certainty
        rows.append([name, since, address, f"{entry.title} ({entry.producer})"])
    return "\n\n".join(
        [
            aligned(rows),
            f"cache: {cache}",
            "address: verified, the bytes are known; seen, in public scripts that use it; "
            "by hand, none is known for scripts",
        ]
    )


def fetched_text(held: Mapping[str, Version | None], failed: Sequence[str]) -> str:
    """Say where the fetched files are, how to use and cite them, and what to mind."""
    blocks = [_file_text(name, version) for name, version in held.items() if version is not None]
    if failed:
        blocks.append("not fetched: " + ", ".join(failed))
    return "\n\n".join(blocks)


def _file_text(name: str, version: Version) -> str:
    from zonage.sources.download import PREFIX, catalogue

    entry, manifest = catalogue()[name], version.manifest
    published = manifest["published"]
    lines = [
        f"{name}: {entry.title}",
        f"  {version.part(None)}",
        f"  {entry.producer}, {entry.licence}, fetched {manifest['fetched'][:10]}, "
        f"sha256 {published['sha256'][:12]}...",
        f'  in a project file: "{PREFIX}{name}"',
    ]
    for part, facts in version.parts.items():
        rows = f", {thousands(facts['rows'])} rows" if "rows" in facts else ""
        lines.append(f'  part "{PREFIX}{name}/{part}": {facts.get("member", facts["file"])}{rows}')
    return "\n".join([*lines, *(f"  note: {note}" for note in entry.notes)])
