"""Tiles and outlines on a grid: to an ``xarray.Dataset`` and back, to a COG, shares of tiles.

Tiles go to the grid by their lattice indices; no polygon is made of them. Outlines are cut by the
cells exactly, in double precision.

Where things are: a dataset on a grid, and the grid of one (`dataset`), tiles to a dataset and back
(`rasterizing`), its layers as a file (`cog`), shares of cells inside outlines (`shares`).
"""

from zonage.raster.cog import cog_bytes
from zonage.raster.dataset import CONVENTIONS, DIMS, GRID_MAPPING, INHABITED, dataset_on, grid_of
from zonage.raster.rasterizing import layers, rasterize, to_tiles
from zonage.raster.shares import Coverage, Shares, coverage

__all__ = [
    "CONVENTIONS",
    "DIMS",
    "GRID_MAPPING",
    "INHABITED",
    "Coverage",
    "Shares",
    "cog_bytes",
    "coverage",
    "dataset_on",
    "grid_of",
    "layers",
    "rasterize",
    "to_tiles",
]
