"""The page put together: content, texts, the map library and the page's own files."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput

if TYPE_CHECKING:
    from zonage.explorer.overlays import Overlay
    from zonage.pipeline import Run
    from zonage.zoning import Zoning

SCRIPTS = (
    "data.js", "zones.js", "income.js", "changes.js", "outlines.js", "geography.js", "files.js",
    "colours.js", "state.js", "map.js", "ground.js", "curve.js", "card.js", "panel.js", "main.js",
    "start.js",
)  # fmt: skip
"""Files of the page's script, in the order in which they are joined into one module."""

GROUNDS = ("https://data.geopf.fr", "https://tile.openstreetmap.org")
"""Where the base map comes from, once the reader asks for it; nothing else may be loaded."""


def explorer_page(
    run: Run,
    *,
    against: Run | None = None,
    scenario: Zoning | None = None,
    probability: NDArray[np.float64] | None = None,
    overlays: Sequence[Overlay] = (),
    language: str = "en",
) -> str:
    """Return a page in which a reader moves the line and the minimum population.

    Parameters
    ----------
    run : Run
        A finished run.
    against : Run, optional
        A run of another vintage on the same lattice, to change to or to lay beside.
    scenario : Zoning, optional
        The tiles of the run under other parameters (:func:`zonage.scenarios.reform`).
    probability : float64 array, shape (n,), optional
        How likely each tile of the run is to be inside
        (:func:`zonage.scenarios.uncertainty.monte_carlo`).
    overlays : sequence of Overlay
        Further layers.
    language : {"en", "fr"}
        The language in which the page opens.

    Returns
    -------
    str
        HTML that needs no other file and no network. The same inputs give the same text.

    Raises
    ------
    BadInput
        If the parts do not fit together, or the territory is too large for a page.
    """
    from zonage.explorer.content import content_of, views_of
    from zonage.explorer.packing import Pack, safe_json
    from zonage.explorer.wording import CAVEATS, reason_words

    if language not in ("en", "fr"):
        raise BadInput("not a language of the page", found=language, expected="en or fr")
    if scenario is not None and scenario.tiles is not run.zoning.tiles:
        raise BadInput("the scenario is not of the tiles of the run")
    if probability is not None and probability.shape != (len(run.zoning.tiles),):
        raise BadInput(
            "not one probability for each tile",
            found=probability.shape,
            expected=f"({len(run.zoning.tiles)},)",
        )
    pack = Pack()
    content = content_of(
        views_of(run, against, scenario), pack, probability=probability, overlays=overlays
    )
    content["language"] = language
    content["caveats"] = CAVEATS
    content["reasons"] = reason_words()
    folder = files("zonage.explorer") / "page"
    scripts = [
        _map_library(),
        "\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS),
    ]
    parts = {
        "language": language,
        "title": html.escape(run.project.title),
        "policy": _policy(scripts),
        "noscript": content["words"]["needs_script"][language],
        "style": (folder / "page.css").read_text(encoding="utf-8"),
        "content": safe_json(content),
        "arrays": pack.text(),
        "library": scripts[0],
        "script": scripts[1],
    }
    template = (folder / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def _map_library() -> str:
    """The script of the map library, from its own package."""
    from bokeh.resources import Resources

    library: str = Resources(mode="inline", components=["bokeh"], minified=True).js_raw[0]
    return f"{library}\nBokeh.logger.set_level('error');\n"


def _policy(scripts: Sequence[str]) -> str:
    """What the browser lets the page do: run these scripts, load the base map, nothing else."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        f"img-src data: blob: {' '.join(GROUNDS)}; base-uri 'none'; form-action 'none'"
    )
