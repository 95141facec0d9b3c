"""Figures of runs and scenarios, by matplotlib, in one style."""

from zonage.figures.certainty import reliability_figure, sensitivity_figure
from zonage.figures.curves import persistence_figure, response_figure, sweep_figure
from zonage.figures.fields import entry_map, probability_map
from zonage.figures.ground import draw_outlines, draw_scale
from zonage.figures.maps import (
    Group,
    change_map,
    quarters_map,
    result_map,
    tile_map,
    vintages_map,
)
from zonage.figures.style import Sheet, rendered

__all__ = [
    "Group",
    "Sheet",
    "change_map",
    "draw_outlines",
    "draw_scale",
    "entry_map",
    "persistence_figure",
    "probability_map",
    "quarters_map",
    "reliability_figure",
    "rendered",
    "response_figure",
    "result_map",
    "sensitivity_figure",
    "sweep_figure",
    "tile_map",
    "vintages_map",
]
