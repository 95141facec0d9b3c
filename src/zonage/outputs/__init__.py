"""Every file that a run writes: whole or not at all, and the same bytes for the same input."""

from zonage.outputs.files import LAYERS, tile_frame, write
from zonage.outputs.folder import FILES, locked, recover, usable_folder, whole

__all__ = ["FILES", "LAYERS", "locked", "recover", "tile_frame", "usable_folder", "whole", "write"]
