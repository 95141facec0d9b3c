"""Tiles to a dataset and back, by their lattice indices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.grid import GridSpec
from zonage.raster.dataset import DIMS, GRID_MAPPING, INHABITED, dataset_on, grid_of, layer_of
from zonage.tiles import Codes, Tiles
from zonage.variables import REGISTRY, Kind

if TYPE_CHECKING:
    import xarray


def rasterize(tiles: Tiles, grid: GridSpec | None = None) -> xarray.Dataset:
    """Put tiles on a grid.

    Parameters
    ----------
    tiles : Tiles
        The inhabited tiles.
    grid : GridSpec, optional
        The grid, on the tiles' lattice and around all of them; by default the smallest one.

    Returns
    -------
    xarray.Dataset
        Dims ``("y", "x")``, y from north to south, coordinates in metres at the cell centres.

        - Counted variables: float64 in their own unit, 0 where there is no tile.
        - ``inhabited``: bool, where there is a tile; ``imputed``: bool, if known.
        - ``commune``, ``urban_unit``: int32 into the attribute ``flag_meanings`` (codes joined by
          blanks), -1 where unknown; absent where no code is known at all.
        - ``income_mean`` (EUR a year), ``poverty_share``: float64, NaN where nothing is known.
        - ``density``: float64, inhabitants per square kilometre, 0 where there is no tile.

        The projection is the grid mapping ``spatial_ref`` (CF convention, and WKT as GDAL reads
        it).

    Raises
    ------
    BadInput
        If the grid is of another lattice or does not hold all tiles.

    Examples
    --------
    >>> tiles = Tiles.from_columns(
    ...     np.array([15418, 15417]), np.array([19081, 19082]), {"population": np.array([2.5, 10])}
    ... )
    >>> dataset = rasterize(tiles)
    >>> dataset["population"].values.tolist()
    [[2.5, 0.0], [0.0, 10.0]]
    >>> to_tiles(dataset).counts["population"].tolist()
    [2500, 10000]
    """
    grid = tiles.grid() if grid is None else grid
    place = _Place.of(tiles, grid)
    return dataset_on(
        grid,
        {
            name: (DIMS, place.scatter(values, fill), attributes)
            for name, values, fill, attributes in _layers(tiles, grid)
        },
        vintage=tiles.vintage,
        source=tiles.source,
    )


def layers(
    dataset: xarray.Dataset, tiles: Tiles, values: Mapping[str, NDArray[Any]]
) -> xarray.Dataset:
    """Return a dataset with further layers, given by their values on the tiles.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of `rasterize`.
    tiles : Tiles
        The tiles, in the order of the values.
    values : mapping of str to array, shape (n,)
        Values by the name of the layer. Where there is no tile, a float layer holds NaN, a bool
        layer False, a signed whole number 0, and an unsigned one, which is a code, its largest
        value, stated as ``_FillValue``.

    Examples
    --------
    >>> tiles = Tiles.from_columns(np.array([7, 8]), np.array([3, 4]), {})
    >>> layers(rasterize(tiles), tiles, {"zone": np.array([1, 2])})["zone"].values.tolist()
    [[0, 1], [2, 0]]
    """
    grid = grid_of(dataset)
    place = _Place.of(tiles, grid)
    more = {}
    for name, column in values.items():
        fill = _fill(column.dtype)
        attributes = _attributes(name) if name in REGISTRY else {}
        more[name] = (DIMS, place.scatter(column, fill), attributes)
    result = dataset.assign(more)
    for name, column in values.items():
        result[name].encoding["grid_mapping"] = GRID_MAPPING
        if column.dtype.kind == "u":
            result[name].encoding["_FillValue"] = column.dtype.type(_fill(column.dtype))
    return result


def _fill(dtype: np.dtype[Any]) -> float:
    """Value of a layer where there is no tile."""
    if dtype.kind == "u":
        return int(np.iinfo(dtype).max)
    return np.nan if dtype.kind == "f" else 0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where tiles lie on a grid, in order of rows, as the kernel wants them."""

    shape: tuple[int, int]
    order: NDArray[np.intp]
    row: NDArray[np.int32]
    column: NDArray[np.int32]

    @classmethod
    def of(cls, tiles: Tiles, grid: GridSpec) -> _Place:
        """Find the tiles on the grid, which must hold them all."""
        if (grid.crs, grid.resolution) != (tiles.crs, tiles.resolution):
            raise BadInput(
                "the grid is of another lattice than the tiles",
                file=tiles.source,
                found=f"EPSG:{tiles.crs}, {tiles.resolution} m",
                expected=f"EPSG:{grid.crs}, {grid.resolution} m",
            )
        row, column = grid.rows_columns(tiles.northing, tiles.easting)
        outside = int(np.count_nonzero(~grid.contains(row, column)))
        if outside:
            raise BadInput(
                "the grid does not hold all tiles",
                file=tiles.source,
                found=f"{outside} of {len(tiles)} tiles outside",
                hint="widen the grid, or take the tiles inside it first",
            )
        order = np.argsort(row, kind="stable")
        return cls(grid.shape, order, row[order], column[order])

    def scatter(self, values: NDArray[Any], fill: float) -> NDArray[Any]:
        """Put values on the grid."""
        from zonage.kernels.raster import scatter

        layer = np.empty(self.shape, values.dtype)
        scatter(self.row, self.column, values[self.order], fill, layer)
        return layer


def _layers(
    tiles: Tiles, grid: GridSpec
) -> Iterator[tuple[str, NDArray[Any], float, dict[str, Any]]]:
    """Name, values on the tiles, value elsewhere and attributes of each layer."""
    yield INHABITED, np.ones(len(tiles), np.bool_), 0, {"long_name": "Tile of the table"}
    for name in tiles.counts:
        yield name, tiles.values(name), 0, _attributes(name)
    if tiles.imputed is not None:
        yield "imputed", tiles.imputed, 0, _attributes("imputed")
    for name, codes in (("commune", tiles.commune), ("urban_unit", tiles.urban_unit)):
        if codes.labels:
            yield name, codes.index, -1, _attributes(name) | _flags(name, codes)
    if {"income_sum", "population"} <= tiles.counts.keys():
        yield "income_mean", tiles.income_mean, np.nan, _attributes("income_mean")
    if {"poor_households", "households"} <= tiles.counts.keys():
        yield "poverty_share", tiles.poverty_share, np.nan, _attributes("poverty_share")
    if "population" in tiles.counts:
        density = tiles.values("population") / grid.cell_area_km2
        yield "density", density, 0, _attributes("density")


def _attributes(name: str) -> dict[str, Any]:
    """CF attributes of a variable, from the registry."""
    variable = REGISTRY[name]
    return {
        "units": variable.unit,
        "long_name": variable.english,
        "long_name_fr": variable.french,
    }


def _flags(name: str, codes: Codes) -> dict[str, Any]:
    """CF attributes of an index into codes."""
    for label in codes.labels:
        if label.split() != [label]:
            raise BadInput("a code holds a blank", column=name, found=repr(label))
    return {
        "flag_values": np.arange(len(codes.labels), dtype=np.int32),
        "flag_meanings": " ".join(codes.labels),
    }


def to_tiles(dataset: xarray.Dataset) -> Tiles:
    """Return the tiles of a dataset: the exact inverse of `rasterize`.

    Parameters
    ----------
    dataset : xarray.Dataset
        With ``inhabited`` and counted variables; what is derived from them is left aside.

    Raises
    ------
    BadInput
        If the grid or a value cannot be.
    """
    grid = grid_of(dataset)
    if INHABITED not in dataset:
        raise BadInput("the dataset does not say where tiles are", expected=INHABITED)
    row, column = np.nonzero(layer_of(dataset, INHABITED, grid).astype(np.bool_))
    northing, easting = grid.indices(row.astype(np.int32), column.astype(np.int32))

    def on_tiles(name: str) -> NDArray[Any]:
        return layer_of(dataset, name, grid)[row, column]

    def codes(name: str) -> Codes | None:
        if name not in dataset:
            return None
        labels = tuple(str(dataset[name].attrs.get("flag_meanings", "")).split())
        index = on_tiles(name).astype(np.int32)
        if len(index) and not (index.min() >= -1 and index.max() < len(labels)):
            raise BadInput(
                "an index beyond the codes",
                column=name,
                found=int(index.max()),
                expected=f"-1 to {len(labels) - 1}",
            )
        return Codes(index, labels)

    counted = [
        name
        for name, variable in REGISTRY.items()
        if variable.kind is Kind.COUNT and name in dataset
    ]
    vintage = dataset.attrs.get("vintage")
    return Tiles.from_columns(
        northing,
        easting,
        {name: on_tiles(name) for name in counted},
        crs=grid.crs,
        resolution=grid.resolution,
        imputed=on_tiles("imputed").astype(np.bool_) if "imputed" in dataset else None,
        commune=codes("commune"),
        urban_unit=codes("urban_unit"),
        vintage=None if vintage is None else int(vintage),
        source=str(dataset.attrs.get("source", "memory")),
    )
