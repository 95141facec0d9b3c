"""What the command of the explorer says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zonage.zoning import Zoning


def page_text(base: Zoning, size: int, place: str) -> str:
    """Say what the page holds, how large it is and how to open it."""
    return (
        f"{base.zone_count} quarters on {len(base.tiles):,} tiles under the rule of the project, "
        "and those of every position of the sliders\n"
        f"page: {place} ({size / 1e6:.1f} MB; opens in a browser without network or Python)"
    )
