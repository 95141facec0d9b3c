"""Tiles and outlines on a grid: to an ``xarray.Dataset`` and back, to a COG, shares of tiles.

Tiles go to the grid by their lattice indices; no polygon is made of them. Outlines are cut by the
cells exactly, in double precision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.grid import GridSpec
from zonage.tiles import Codes, Tiles
from zonage.variables import REGISTRY, Kind

if TYPE_CHECKING:
    import xarray

    from zonage.sources.perimeters import Perimeters

DIMS = ("y", "x")
GRID_MAPPING = "spatial_ref"
INHABITED = "inhabited"
CONVENTIONS = "CF-1.11"


# --------------------------------------------------------------------------------------------------
# Tiles to a dataset and back


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


def dataset_on(
    grid: GridSpec,
    arrays: Mapping[str, tuple[tuple[str, str], NDArray[Any], dict[str, Any]]],
    *,
    vintage: int | None = None,
    source: str | None = None,
) -> xarray.Dataset:
    """Return layers of a grid as a dataset with CF coordinates and projection.

    Parameters
    ----------
    grid : GridSpec
        The grid.
    arrays : mapping of str to (dims, array, attributes)
        Layers of the grid's shape, as xarray takes them.
    vintage, source : optional
        Put into the attributes of the dataset.
    """
    import xarray
    from pyproj import CRS

    crs = CRS.from_epsg(grid.crs)
    west, _, _, north = grid.bounds
    mapping = crs.to_cf() | {
        "spatial_ref": crs.to_wkt(),
        "GeoTransform": f"{west} {grid.resolution} 0 {north} 0 {-grid.resolution}",
    }
    dataset = xarray.Dataset(
        arrays,
        coords={
            "y": ("y", grid.y, _axis("y")),
            "x": ("x", grid.x, _axis("x")),
            GRID_MAPPING: ((), np.int32(0), mapping),
        },
        attrs={"Conventions": CONVENTIONS, "title": "Tiles on a grid"},
    )
    for name in arrays:
        dataset[name].encoding["grid_mapping"] = GRID_MAPPING
    if vintage is not None:
        dataset.attrs["vintage"] = vintage
    if source is not None:
        dataset.attrs["source"] = source
    return dataset


def _axis(name: str) -> dict[str, str]:
    return {
        "axis": name.upper(),
        "units": "m",
        "standard_name": f"projection_{name}_coordinate",
        "long_name": f"{'Easting' if name == 'x' else 'Northing'} of the cell centre",
    }


def grid_of(dataset: xarray.Dataset) -> GridSpec:
    """Return the grid of a dataset from its projection and coordinates.

    A dataset that was cropped has the grid of what is left.

    Parameters
    ----------
    dataset : xarray.Dataset
        As `rasterize` returns it, or read back from a file.

    Raises
    ------
    BadInput
        If it has no projection of a known EPSG code, or coordinates that are not those of a
        north-up grid of square cells on the lattice of their size.
    """
    if GRID_MAPPING not in dataset.coords and GRID_MAPPING not in dataset:
        raise BadInput("the dataset has no projection", expected=f"a variable {GRID_MAPPING}")
    for name in DIMS:
        if name not in dataset.coords or dataset.sizes.get(name, 0) == 0:
            raise BadInput("the dataset has no coordinate", expected=name)
    crs, resolution = _crs_and_resolution(dataset[GRID_MAPPING].attrs)
    x, y = dataset["x"].values, dataset["y"].values
    west, north = x[0] / resolution - 0.5, y[0] / resolution - 0.5
    if not (np.isfinite(west) and np.isfinite(north)):
        raise BadInput("a coordinate of the dataset is not a number")
    grid = GridSpec(crs, resolution, round(north), round(west), len(y), len(x))
    if not (np.array_equal(grid.x, x) and np.array_equal(grid.y, y)):
        raise BadInput(
            "the coordinates are not those of a grid on its lattice",
            found=f"x from {x[0]} to {x[-1]}, y from {y[0]} to {y[-1]}",
            expected=f"centres of cells of {resolution} m on their multiples, y from north to "
            "south",
        )
    return grid


def _crs_and_resolution(mapping: dict[str, Any]) -> tuple[int, int]:
    """EPSG code and cell size of a grid mapping."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        epsg = CRS.from_wkt(str(mapping.get("crs_wkt", mapping.get("spatial_ref", "")))).to_epsg()
        transform = [float(part) for part in str(mapping.get("GeoTransform", "")).split()]
    except (CRSError, ValueError) as error:
        raise BadInput("the grid mapping cannot be read", found=error) from None
    if epsg is None:
        raise BadInput("the projection has no EPSG code", column=GRID_MAPPING)
    if len(transform) != 6 or transform[1] != -transform[5] or transform[1] % 1 or transform[1] < 1:
        raise BadInput(
            "not a north-up grid of square cells of whole metres",
            column="GeoTransform",
            found=mapping.get("GeoTransform"),
        )
    return epsg, int(transform[1])


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
    row, column = np.nonzero(_layer(dataset, INHABITED, grid).astype(np.bool_))
    northing, easting = grid.indices(row.astype(np.int32), column.astype(np.int32))

    def on_tiles(name: str) -> NDArray[Any]:
        return _layer(dataset, name, grid)[row, column]

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


def _layer(dataset: xarray.Dataset, name: str, grid: GridSpec) -> NDArray[Any]:
    layer = dataset[name].transpose(..., *DIMS).values
    if layer.shape != grid.shape:
        raise BadInput("not a layer of the grid", column=name, found=dataset[name].dims)
    return layer


# --------------------------------------------------------------------------------------------------
# Cloud-optimized GeoTIFF


def cog_bytes(dataset: xarray.Dataset, variables: Sequence[str] | None = None) -> bytes:
    """Return layers as the bytes of a cloud-optimized GeoTIFF, one float32 band each.

    Parameters
    ----------
    dataset : xarray.Dataset
        Layers on a grid.
    variables : sequence of str, optional
        Layers, in the order of the bands; by default all but codes.

    Returns
    -------
    bytes
        The file: bands named by their variable, with unit and title, no-data NaN, the grid's EPSG
        code. float32 holds whole numbers up to 2^24 exactly and seven digits of others.

    Raises
    ------
    BadInput
        If a layer is not in the dataset.
    """
    from rasterio.io import MemoryFile

    grid = grid_of(dataset)
    names = _bands(dataset, variables)
    with MemoryFile() as memory:
        with memory.open(
            driver="COG",
            count=len(names),
            height=grid.height,
            width=grid.width,
            dtype="float32",
            crs=f"EPSG:{grid.crs}",
            transform=grid.affine,
            nodata=np.nan,
            compress="DEFLATE",
            predictor="YES",
        ) as image:
            for band, name in enumerate(names, start=1):
                layer = _layer(dataset, name, grid)
                known = layer != dataset[name].encoding.get("_FillValue", np.nan)
                image.write(np.where(known, layer, np.nan).astype(np.float32), band)
                image.set_band_description(band, name)
                image.set_band_unit(band, str(dataset[name].attrs.get("units", "")))
                image.update_tags(band, title=str(dataset[name].attrs.get("long_name", name)))
        return bytes(memory.read())


def _bands(dataset: xarray.Dataset, variables: Sequence[str] | None) -> list[str]:
    if variables is None:
        coded = {name for name, variable in REGISTRY.items() if variable.kind is Kind.CODE}
        return [
            str(name)
            for name, layer in dataset.data_vars.items()
            if layer.dims == DIMS and name not in coded
        ]
    for name in variables:
        if name not in dataset:
            raise BadInput(
                "no such layer", found=name, expected=", ".join(map(str, dataset.data_vars))
            )
    return list(variables)


# --------------------------------------------------------------------------------------------------
# Outlines on the grid


class Shares(NamedTuple):
    """Shares of tiles inside outlines, sorted by tile, then by outline.

    Attributes
    ----------
    tile : int64 array
        Position in the table of tiles.
    perimeter : int64 array
        Position in the list of outlines.
    share : float64 array
        Share of the tile's area, above 0, at most 1.
    """

    tile: NDArray[np.int64]
    perimeter: NDArray[np.int64]
    share: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Coverage:
    """Share of each cell's area inside each outline, for the cells that an outline touches.

    Attributes
    ----------
    crs, resolution : int
        The lattice: EPSG code, and side of a cell in metres.
    codes, names, communes : tuple of str
        The outlines; names of communes are joined by ", ".
    vintage : int or None
        Year of the list.
    northing, easting, perimeter : int32 arrays, shape (m,)
        Lattice indices of the cell, and position of the outline in ``codes``.
    share : float64 array, shape (m,)
        Share of the cell's area inside the outline, above 0, at most 1.
    source : str
        Where the outlines come from.
    """

    crs: int
    resolution: int
    codes: tuple[str, ...]
    names: tuple[str, ...]
    communes: tuple[str, ...]
    vintage: int | None
    northing: NDArray[np.int32]
    easting: NDArray[np.int32]
    perimeter: NDArray[np.int32]
    share: NDArray[np.float64]
    source: str = "memory"

    def on(self, tiles: Tiles) -> Shares:
        """Return the shares of the given tiles.

        Raises
        ------
        BadInput
            If the tiles are of another lattice.
        """
        if (tiles.crs, tiles.resolution) != (self.crs, self.resolution):
            raise BadInput(
                "the tiles are of another lattice than the shares of outlines",
                file=tiles.source,
                found=f"EPSG:{tiles.crs}, {tiles.resolution} m",
                expected=f"EPSG:{self.crs}, {self.resolution} m",
            )
        own, cells = _keys(tiles.northing, tiles.easting), _keys(self.northing, self.easting)
        order = np.argsort(own)
        place = np.minimum(np.searchsorted(own[order], cells), len(own) - 1)
        tile = order[place]
        known = np.flatnonzero(own[tile] == cells)
        known = known[np.lexsort((self.perimeter[known], tile[known]))]
        return Shares(tile[known], self.perimeter[known].astype(np.int64), self.share[known])

    def share_of(self, tiles: Tiles) -> NDArray[np.float64]:
        """Return the share of each tile inside any outline, shape (n,).

        Shares in several outlines are added and cut at 1: official outlines of one list do not
        overlap but for slivers, so this is the share inside their union.
        """
        tile, _, share = self.on(tiles)
        return np.minimum(np.bincount(tile, weights=share, minlength=len(tiles)), 1.0)

    @property
    def areas_km2(self) -> NDArray[np.float64]:
        """Area of each outline inside the grid, in square kilometres."""
        cells = np.bincount(self.perimeter, weights=self.share, minlength=len(self.codes))
        return cells * self.resolution**2 / 1e6

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Iterate over id of the tile, code of the outline and share with six decimals.

        Shares that round to 0 are left out: less than 0.02 square metres of a 200 m tile.
        """
        for north, east, index, share in zip(
            (self.northing.astype(np.int64) * self.resolution).tolist(),
            (self.easting.astype(np.int64) * self.resolution).tolist(),
            self.perimeter.tolist(),
            self.share.tolist(),
            strict=True,
        ):
            text = f"{share:.6f}"
            if float(text) > 0:
                tile_id = f"CRS{self.crs}RES{self.resolution}mN{north}E{east}"
                yield tile_id, self.codes[index], text.rstrip("0").rstrip(".")


def _keys(northing: NDArray[np.int32], easting: NDArray[np.int32]) -> NDArray[np.int64]:
    """One whole number for each cell."""
    return (northing.astype(np.int64) << 32) + easting


def coverage(perimeters: Perimeters, grid: GridSpec | Tiles) -> Coverage:
    """Return the exact share of each cell's area inside each outline.

    Parameters
    ----------
    perimeters : Perimeters
        Outlines; projected to the grid's CRS where they are in another.
    grid : GridSpec or Tiles
        The cells; of tiles, all cells of their bounding box, inhabited or not. Outlines that do
        not touch it are left out.

    Returns
    -------
    Coverage
        Cells in raster order.

    Notes
    -----
    Cells are cut by ``shapely.intersection`` in double precision. ``exactextract`` gives the same
    to the precision of its float32 shares (6e-8), which is too coarse for a control by areas.
    """
    grid = grid.grid() if isinstance(grid, Tiles) else grid
    pieces = [_shares(shape, grid) for shape in perimeters.to_crs(grid.crs).geometry]
    touching = [index for index, (row, _, _) in enumerate(pieces) if len(row)]
    row, column, share = (
        np.concatenate([empty, *(pieces[index][part] for index in touching)])
        for part, empty in enumerate(_NO_CELLS)
    )
    perimeter = np.repeat(
        np.arange(len(touching), dtype=np.int32), [len(pieces[index][0]) for index in touching]
    )
    order = np.lexsort((perimeter, column, row))
    northing, easting = grid.indices(row[order], column[order])

    def kept(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(texts[index] for index in touching)

    return Coverage(
        crs=grid.crs,
        resolution=grid.resolution,
        codes=kept(perimeters.codes),
        names=kept(perimeters.names),
        communes=kept(perimeters.communes),
        vintage=perimeters.vintage,
        northing=northing,
        easting=easting,
        perimeter=perimeter[order],
        share=share[order],
        source=perimeters.source,
    )


_NO_CELLS = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64)


def _shares(
    shape: Any, grid: GridSpec
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Row, column and covered share of the cells that an outline covers in part or whole."""
    import shapely

    if shape.is_empty:
        return _NO_CELLS
    west, south, east, north = shape.bounds
    side, (left, _, _, top) = grid.resolution, grid.bounds
    columns = _cells(west - left, east - left, side, grid.width)
    rows = _cells(top - north, top - south, side, grid.height)
    row, column = (part.ravel() for part in np.meshgrid(rows, columns, indexing="ij"))
    x, y = left + column * side, top - row * side
    cells = shapely.box(x, y - side, x + side, y)
    shapely.prepare(shape)
    touched = shapely.intersects(shape, cells)
    row, column, cells = row[touched], column[touched], cells[touched]
    cut = ~shapely.covers(shape, cells)
    share = np.ones(len(cells))
    share[cut] = shapely.area(shapely.intersection(shape, cells[cut])) / side**2
    covered = share > 0
    return row[covered], column[covered], np.minimum(share[covered], 1.0)


def _cells(first: float, last: float, side: int, size: int) -> NDArray[np.int64]:
    """Positions of the cells that a stretch touches, along one axis of a grid."""
    start = min(max(int(first // side), 0), size)
    return np.arange(start, max(min(int(last // side) + 1, size), start))
