"""Every file that a run writes: whole or not at all, and the same bytes for the same input."""

from zonage.outputs.files import LAYERS, tile_frame, write
from zonage.outputs.folder import recover, usable_folder, whole
from zonage.outputs.scenarios import (
    SweepProgress,
    write_change,
    write_margins,
    write_sensitivity,
    write_sweep,
    write_uncertainty,
)
from zonage.outputs.trees import save_tree

__all__ = [
    "LAYERS",
    "SweepProgress",
    "recover",
    "save_tree",
    "tile_frame",
    "usable_folder",
    "whole",
    "write",
    "write_change",
    "write_margins",
    "write_sensitivity",
    "write_sweep",
    "write_uncertainty",
]
