"""zonage: priority zoning from 200 m tiles.

The whole of the main job::

    import zonage as zn

    tiles = zn.read_tiles("carreaux_200m_met.csv", communes=communes)
    tiles = zn.read_territories("communes.csv").locate(tiles)
    law = zn.law("qpv", on="2024-01-01").reform(min_population=800)
    zoning = zn.qpv(tiles, law, zn.read_reference("declared", 2019))
    zoning.zones  # geopandas.GeoDataFrame, one row a quarter
    zoning.compare(zn.read_perimeters("qp2024.gpkg")).majority.f1

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zonage.calibration import calibrate
    from zonage.comparison import compare, compare_perimeters
    from zonage.complementary.perimeters import complement
    from zonage.errors import BadInput, ZonageError
    from zonage.grid import GridSpec
    from zonage.law import Law, Reference
    from zonage.law import load_law as law
    from zonage.mergetree import MergeTree, merge_tree, tree
    from zonage.outputs import write
    from zonage.pipeline import run
    from zonage.project import read_project
    from zonage.raster import Coverage, coverage, rasterize, to_tiles
    from zonage.scenarios import change, reform
    from zonage.scenarios.sweep import sweep
    from zonage.scenarios.uncertainty import monte_carlo
    from zonage.sources.housing import read_rpls
    from zonage.sources.insee import describe, read_tiles
    from zonage.sources.layers import read_polygons, read_raster, read_tile_values
    from zonage.sources.perimeters import read_coverage, read_perimeters
    from zonage.sources.rasters import read_cog
    from zonage.sources.references import read_reference
    from zonage.sources.schools import read_schools
    from zonage.sources.territories import read_territories
    from zonage.tiles import Tiles
    from zonage.vintages import compare_vintages
    from zonage.zoning import Method, Reason, Zoning, qpv

_HOMES = {
    "calibrate": "zonage.calibration",
    "compare": "zonage.comparison",
    "compare_perimeters": "zonage.comparison",
    "compare_vintages": "zonage.vintages",
    "complement": "zonage.complementary.perimeters",
    "BadInput": "zonage.errors",
    "ZonageError": "zonage.errors",
    "GridSpec": "zonage.grid",
    "Law": "zonage.law",
    "Reference": "zonage.law",
    "write": "zonage.outputs",
    "read_project": "zonage.project",
    "Coverage": "zonage.raster",
    "coverage": "zonage.raster",
    "rasterize": "zonage.raster",
    "to_tiles": "zonage.raster",
    "run": "zonage.pipeline",
    "change": "zonage.scenarios",
    "reform": "zonage.scenarios",
    "sweep": "zonage.scenarios.sweep",
    "monte_carlo": "zonage.scenarios.uncertainty",
    "describe": "zonage.sources.insee",
    "read_tiles": "zonage.sources.insee",
    "read_coverage": "zonage.sources.perimeters",
    "read_perimeters": "zonage.sources.perimeters",
    "read_cog": "zonage.sources.rasters",
    "read_schools": "zonage.sources.schools",
    "read_polygons": "zonage.sources.layers",
    "read_tile_values": "zonage.sources.layers",
    "read_raster": "zonage.sources.layers",
    "read_rpls": "zonage.sources.housing",
    "read_reference": "zonage.sources.references",
    "read_territories": "zonage.sources.territories",
    "Tiles": "zonage.tiles",
    "MergeTree": "zonage.mergetree",
    "merge_tree": "zonage.mergetree",
    "tree": "zonage.mergetree",
    "Method": "zonage.zoning",
    "Reason": "zonage.zoning",
    "Zoning": "zonage.zoning",
    "qpv": "zonage.zoning",
}

__all__ = [
    "BadInput",
    "Coverage",
    "GridSpec",
    "Law",
    "MergeTree",
    "Method",
    "Reason",
    "Reference",
    "Tiles",
    "ZonageError",
    "Zoning",
    "calibrate",
    "change",
    "compare",
    "compare_perimeters",
    "compare_vintages",
    "complement",
    "coverage",
    "describe",
    "law",
    "merge_tree",
    "monte_carlo",
    "qpv",
    "rasterize",
    "read_cog",
    "read_coverage",
    "read_perimeters",
    "read_polygons",
    "read_project",
    "read_raster",
    "read_reference",
    "read_rpls",
    "read_schools",
    "read_territories",
    "read_tile_values",
    "read_tiles",
    "reform",
    "run",
    "sweep",
    "to_tiles",
    "tree",
    "write",
]


def __getattr__(name: str) -> Any:
    if name == "law":
        return import_module("zonage.law")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'zonage' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
