"""A computed zoning: what was found, for every tile why, and by which rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.income import DeclaredDisposable, IncomeModel, LogNormal
from zonage.law import Law, Reference
from zonage.tiles import Tiles
from zonage.zoning.lines import Circumstances, UnitLine
from zonage.zoning.method import Method
from zonage.zoning.table import zone_outlines, zone_table

if TYPE_CHECKING:
    import geopandas
    import xarray as xr

    from zonage.comparison import Comparison
    from zonage.raster import Coverage
    from zonage.sources.perimeters import Perimeters


@dataclass(frozen=True, eq=False)
class Zoning:
    """Computed quarters: what was found, for every tile why, and by which rule.

    Attributes
    ----------
    tiles : Tiles
        The tiles, in the order of the arrays below.
    label : int32 array, shape (n,)
        Number of the tile's zone, from 1 for the most populous; 0 outside.
    reason : uint8 array, shape (n,)
        A :class:`Reason` for each tile.
    income : LogNormal
        Estimated income of each tile by itself.
    criterion : float64 array, shape (n,)
        What was held against the line (the median, smoothed or not), EUR a year.
    line : float64 array, shape (n,)
        The line of each tile, EUR a year of disposable income; NaN without one.
    units : tuple of UnitLine
        The lines, one for each urban unit among the tiles.
    zone_population : int64 array, shape (k,)
        Inhabitants of each zone in fixed point.
    zone_median : float64 array, shape (k,)
        Estimated median of each zone as a whole, EUR a year of disposable income.
    model : IncomeModel
        The constants of the income estimate.
    law, reference, method
        The rule.
    conversion : DeclaredDisposable
        The map between declared and disposable income of the reference's year, if there is one.
    told : Circumstances
        A line given by the user, quarters listed before or frozen, populations of communes.
    """

    tiles: Tiles
    label: NDArray[np.int32]
    reason: NDArray[np.uint8]
    income: LogNormal
    criterion: NDArray[np.float64]
    line: NDArray[np.float64]
    units: tuple[UnitLine, ...]
    zone_population: NDArray[np.int64]
    zone_median: NDArray[np.float64]
    model: IncomeModel
    law: Law
    reference: Reference
    method: Method
    conversion: DeclaredDisposable | None
    told: Circumstances

    @property
    def zone_count(self) -> int:
        """Number of zones."""
        return len(self.zone_population)

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Tiles inside zones."""
        return self.label > 0

    @property
    def calibrated(self) -> bool:
        """Whether the line was given by the user instead of drawn from the law."""
        return any(unit.basis == "calibrated" for unit in self.units)

    def zone_sums(self, *names: str) -> NDArray[np.int64]:
        """Sum counted variables over each zone, in fixed point, shape (names, zones)."""
        from zonage.kernels.sums import sums_by_label

        inside = self.inside
        labels = self.label[inside]
        values = np.empty((len(names), len(labels)), np.int64)
        for name, row in zip(names, values, strict=True):
            row[:] = self.tiles.count(name)[inside]
        out = np.empty((len(names), self.zone_count + 1), np.int64)
        sums_by_label(labels, values, out)
        return out[:, 1:]

    @cached_property
    def poor_persons(self) -> NDArray[np.float64] | None:
        """Estimated share of each tile's inhabitants below the poverty line, shape (n,).

        None where the tiles hold no poor households.
        """
        tiles = self.tiles
        if not {"households", "poor_households", "income_sum"} <= tiles.counts.keys():
            return None
        names = ("population", "households", "poor_households", "income_sum")
        return self.model.poor_persons(*(tiles.values(name) for name in names))

    @cached_property
    def table(self) -> dict[str, list[Any]]:
        """The zones as columns, one row a zone; see :meth:`describe` for the units."""
        return zone_table(self)

    @cached_property
    def zones(self) -> geopandas.GeoDataFrame:
        """The zones with their outlines, one row a zone, in the CRS of the tiles."""
        import geopandas

        return geopandas.GeoDataFrame(
            self.table, geometry=zone_outlines(self), crs=f"EPSG:{self.tiles.crs}"
        )

    def compare(self, official: Perimeters | Coverage) -> Comparison:
        """Hold the zoning against official outlines: see :func:`zonage.comparison.compare`."""
        from zonage.comparison import compare

        return compare(self, official)

    def to_dataset(self) -> xr.Dataset:
        """Return tiles and result on their grid, as :func:`zonage.raster.rasterize` does."""
        from zonage.raster import layers, rasterize

        derived: dict[str, NDArray[Any]] = {
            "income_mean": self.tiles.income_mean,
            "income_median": self.criterion,
            "share_below": self.income.share_below(self.line),
            "threshold": self.line,
            "zone": self.label,
            "reason": self.reason,
        }
        return layers(rasterize(self.tiles), self.tiles, derived)
