"""Polygons with values, of any layer that a user brings, and the shares of tiles in them.

Social housing rates by IRIS, indicators by catchment of collèges: read with their gaps, which stay
gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput, suggestion
from zonage.grid import GridSpec
from zonage.sources.column_tables import shortened_list
from zonage.sources.perimeters import Perimeters
from zonage.sources.tile_columns import as_numbers, is_missing
from zonage.sources.tile_formats import shortened
from zonage.sources.vector_layers import checked_crs, open_layer, projected, texts, valid_polygons
from zonage.tiles import Tiles

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from zonage.raster import Shares


@dataclass(frozen=True, eq=False)
class ValuedPolygons:
    """Polygons, each with some values.

    Attributes
    ----------
    code, name : tuple of str, length n
        Code and name of each polygon.
    geometry : array of shapely geometries, shape (n,)
        Valid polygons and multipolygons; one whose outline collapsed to nothing is empty.
    crs : int
        EPSG code of the geometry.
    values : dict of str to float64 array, shape (n,)
        Values by the column of the file, NaN where there is none.
    repaired : tuple of str
        What had to be mended, or is doubtful: outlines that were not valid, codes or outlines
        that come twice.
    source : str
        The file.
    """

    code: tuple[str, ...]
    name: tuple[str, ...]
    geometry: NDArray[np.object_]
    crs: int
    values: dict[str, NDArray[np.float64]]
    repaired: tuple[str, ...]
    source: str

    def __len__(self) -> int:
        return len(self.code)


def read_polygons(
    path: str | Path,
    columns: Sequence[str],
    *,
    code: str | None = None,
    name: str | None = None,
    weight: str | None = None,
    crs: int | None = None,
    layer: str | None = None,
) -> ValuedPolygons:
    """Read polygons with values from a shapefile, GeoJSON or GeoPackage, plain or in an archive.

    Parameters
    ----------
    path : str or Path
        The file.
    columns : sequence of str
        Attributes to read as numbers, with a decimal point or comma. Missing ones, and INSEE's
        marks for what it does not publish (ns, nd, s ...), become NaN.
    code, name : str, optional
        Attributes with code and name of each polygon; by default the number of the row, and the
        code.
    weight : str, optional
        Attribute by which the values of several rows with one code and outline are averaged into
        one row: an IRIS that two catchments share, say, with the families in each. Without it such
        rows stay apart, which is noted.
    crs : int, optional
        EPSG code into which the outlines are projected; by default that of the file.
    layer : str, optional
        Layer of a GeoPackage that holds several.

    Raises
    ------
    BadInput
        If the file cannot be read, lacks an attribute, states no projection or one that its
        coordinates contradict, holds an outline that is empty or no polygon, a value that is no
        number, or no value at all in a column.

    Examples
    --------
    >>> read_polygons("iris.geojson", ["%_LOGSOCIAL"], code="CODE_IRIS")     # doctest: +SKIP
    """
    file = str(path)
    with open_layer(path, layer=layer) as opened:
        wanted = [_field(column, opened.fields, file) for column in columns]
        extra = [
            None if given is None else _field(given, opened.fields, file)
            for given in (code, name, weight)
        ]
        frame = opened.read([*wanted, *(field for field in extra if field is not None)])
    code_field, name_field, weight_field = extra
    codes = [str(row + 1) for row in range(len(frame))]
    if code_field is not None:
        codes = texts(frame[code_field], code_field, file)
    names = codes if name_field is None else texts(frame[name_field], name_field, file)
    geometry, mended = valid_polygons(frame.geometry.to_numpy(), codes, file)
    source_crs = checked_crs(frame.crs, frame.total_bounds, file)
    epsg = crs if crs is not None else source_crs.to_epsg(min_confidence=20)
    if epsg is None:
        raise BadInput(
            "the projection has no EPSG code", file=file, found=source_crs.name, hint="give crs="
        )
    polygons = ValuedPolygons(
        code=tuple(codes),
        name=tuple(names),
        geometry=projected(geometry, source_crs, epsg, file),
        crs=epsg,
        values={
            given: _values(frame, field, file) for given, field in zip(columns, wanted, strict=True)
        },
        repaired=tuple(
            f"{codes[row]}: the outline was not valid" for row in np.flatnonzero(mended)
        ),
        source=file,
    )
    if weight_field is None:
        return _noted(polygons)
    return _averaged(polygons, _weights(frame, weight_field, file))


def _field(name: str, fields: Sequence[str], file: str) -> str:
    """Return the attribute of a layer, whatever its case if there is just one."""
    alike = [field for field in fields if field.lower() == name.lower()]
    if name not in fields and len(alike) != 1:
        raise BadInput(
            "no such attribute in the layer",
            file=file,
            column=name,
            found=shortened_list(fields),
            hint=suggestion(name, fields[:40]),
        )
    return name if name in fields else alike[0]


def _values(frame: GeoDataFrame, field: str, file: str) -> NDArray[np.float64]:
    """Numbers of an attribute, NaN where there is none."""
    import pyarrow as pa

    column = pa.array(frame[field], from_pandas=True)
    numbers = as_numbers(column, comma_list=False)
    found = numbers.fill_null(np.nan).to_numpy(zero_copy_only=False)
    bad = np.isinf(found) | (numbers.is_null().to_numpy(zero_copy_only=False) & ~is_missing(column))
    if bad.any():
        row = int(np.argmax(bad))
        raise BadInput(
            "not a number",
            file=file,
            row=row + 1,
            column=field,
            found=shortened(str(frame[field].iloc[row])),
        )
    if np.isnan(found).all():
        raise BadInput("no value at all in the column", file=file, column=field)
    return np.array(found, np.float64)


def _weights(frame: GeoDataFrame, field: str, file: str) -> NDArray[np.float64]:
    """Weights of the rows, 0 where there is none."""
    weights = np.nan_to_num(_values(frame, field, file))
    if (weights < 0).any():
        row = int(np.argmax(weights < 0))
        raise BadInput("negative weight", file=file, row=row + 1, column=field, found=weights[row])
    return weights


def _noted(polygons: ValuedPolygons) -> ValuedPolygons:
    """Note which codes and outlines come more than once."""
    notes = []
    noted: set[int] = set()
    for what, keys in (("code", polygons.code), ("outline", _wkb(polygons.geometry))):
        for rows in _rows_by(keys).values():
            if len(rows) > 1 and not noted.issuperset(rows):
                numbers = ", ".join(str(row + 1) for row in rows)
                notes.append(f"{polygons.code[rows[0]]}: the {what} comes in rows {numbers}")
                noted.update(rows)
    return replace(polygons, repaired=(*polygons.repaired, *notes))


def _averaged(polygons: ValuedPolygons, weight: NDArray[np.float64]) -> ValuedPolygons:
    """Make one row of the rows with one code and outline, their values averaged by weight."""
    keys = list(zip(polygons.code, _wkb(polygons.geometry), strict=True))
    groups = list(_rows_by(keys).values())
    first = [rows[0] for rows in groups]
    notes = [
        f"{polygons.code[rows[0]]}: rows {', '.join(str(row + 1) for row in rows)} were averaged"
        for rows in groups
        if len(rows) > 1
    ]
    return _noted(
        replace(
            polygons,
            code=tuple(polygons.code[row] for row in first),
            name=tuple(polygons.name[row] for row in first),
            geometry=polygons.geometry[first],
            values={
                column: np.array([_mean(values[rows], weight[rows]) for rows in groups])
                for column, values in polygons.values.items()
            },
            repaired=(*polygons.repaired, *notes),
        )
    )


def _mean(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Weighted mean of the known values; of a single value, whatever its weight, the value."""
    known = ~np.isnan(values)
    if known.sum() == 1:
        return float(values[known][0])
    total = float(weight[known].sum())
    return float(values[known] @ weight[known]) / total if total > 0 else float("nan")


def _rows_by(keys: Sequence[Any]) -> dict[Any, list[int]]:
    """Rows of each key, in order."""
    rows: dict[Any, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    return rows


def _wkb(geometry: NDArray[np.object_]) -> list[bytes]:
    import shapely

    return list(shapely.to_wkb(geometry))


def polygon_shares(polygons: ValuedPolygons, tiles: Tiles | GridSpec) -> Shares:
    """Return the exact share of each tile's area inside each polygon.

    Parameters
    ----------
    polygons : ValuedPolygons
        The polygons; projected to the CRS of the tiles where they are in another.
    tiles : Tiles or GridSpec
        The tiles; of a grid, all its cells in raster order.

    Returns
    -------
    Shares
        Tile, polygon (positions in the tables of both) and share (above 0, at most 1), sorted by
        tile. Shares of a tile add up to more than 1 where polygons overlap, and to less where
        there is none.
    """
    from geopandas import GeoDataFrame

    from zonage.raster import Shares, coverage

    numbers = [str(position) for position in range(len(polygons))]
    table = GeoDataFrame(
        {"code": numbers, "name": numbers, "communes": "", "commune_codes": ""},
        geometry=polygons.geometry,
        crs=polygons.crs,
    )
    outlines = Perimeters(table, polygons.crs, "", None, (), (), polygons.source)
    covered = coverage(outlines, tiles)
    position = np.array(covered.codes, np.int64)
    if isinstance(tiles, GridSpec):
        row, column = tiles.rows_columns(covered.northing, covered.easting)
        tile = row.astype(np.int64) * tiles.width + column
        return Shares(tile, position[covered.perimeter], covered.share)
    tile, outline, share = covered.on(tiles)
    return Shares(tile, position[outline], share)
