"""Maps of complementary perimeters: the combined product, and how firm it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zonage.figures.ground import crowded, draw_tiles, map_page, paint
from zonage.figures.labels import name_communes
from zonage.figures.style import FOUND, PEOPLE, ROW, Sheet, legend, styled
from zonage.texts.complement import MAP_TEXTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zonage.complementary.perimeters import Complement
    from zonage.complementary.stability import Stability

LEVEL_1, LEVEL_2, RING = "#8c1d40", "#e69f00", "#f3dfa8"
STEPS = 5
"""Classes of the share of rules."""


@styled
def complement_map(sheet: Sheet, found: Complement) -> Figure:
    """Draw the combined product: State's quarters, level 1, level 2 and the ring around.

    Parameters
    ----------
    sheet : Sheet
        Title, source and language.
    found : Complement
        The perimeters.

    Returns
    -------
    matplotlib.figure.Figure
        North up, with a scale bar; the map says that the rule is a model.
    """
    from matplotlib.patches import Patch

    from zonage.complementary.perimeters import PART_TEXTS, Part

    words = MAP_TEXTS[sheet.language]
    place = ("en", "fr").index(sheet.language)
    parts = {
        Part.QUARTER: FOUND, Part.LEVEL_1: LEVEL_1, Part.LEVEL_2: LEVEL_2, Part.RING: RING,
    }  # fmt: skip
    handles = [Patch(color=colour, label=PART_TEXTS[part][place]) for part, colour in parts.items()]
    handles.append(Patch(color=PEOPLE, label=words["inhabited"]))
    lines = [words["product"], words[found.quarters_source]]
    page, axes = map_page(sheet, found.tiles, lines, key=ROW * 2)
    colours = crowded(found.tiles)
    for part, colour in parts.items():
        colours[found.part == part] = paint(colour)
    draw_tiles(axes, found.tiles, colours)
    marked = np.isin(found.part, (Part.QUARTER, Part.LEVEL_1, Part.LEVEL_2))
    name_communes(axes, found.tiles, sheet.communes, marked, page.body.width)
    legend(page, handles, 3)
    return page.figure


@styled
def stability_map(sheet: Sheet, found: Stability) -> Figure:
    """Draw the share of the rules tried under which each tile is inside, at level 1 or 2.

    Parameters
    ----------
    sheet : Sheet
        Title, source and language.
    found : Stability
        From :func:`zonage.complementary.stability.stability`.
    """
    from matplotlib import colormaps
    from matplotlib.patches import Patch

    words, base = MAP_TEXTS[sheet.language], found.base
    share = found.share[1]
    shades = colormaps["YlOrRd"](np.linspace(0.25, 1.0, STEPS))
    step = np.minimum((share * STEPS).astype(int), STEPS - 1)
    handles = [Patch(color=FOUND, label=words["quarter"])] + [
        Patch(
            color=shades[number],
            label=words["share"].format(
                first=sheet.says.percent(number / STEPS, 0),
                last=sheet.says.percent((number + 1) / STEPS, 0),
            ),
        )
        for number in range(STEPS)
    ]
    lines = [words["stability"].format(rules=sheet.says.number(found.rules)), words["model"]]
    page, axes = map_page(sheet, base.tiles, lines, key=ROW * 2)
    colours = crowded(base.tiles)
    colours[share > 0] = shades[step[share > 0]]
    colours[base.quarters] = paint(FOUND)
    draw_tiles(axes, base.tiles, colours)
    name_communes(axes, base.tiles, sheet.communes, base.quarters, page.body.width)
    legend(page, handles, 3)
    return page.figure
