"""Vector layers from outside: what they hold, with text and projection judged by the content.

A shapefile, GeoJSON or GeoPackage, plain or in a zip or 7z file. A header may lie: about the
encoding of texts, and about the projection of coordinates.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zonage.errors import BadInput
from zonage.sources.archives import is_archive, open_archive

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pyproj import CRS

SUFFIXES = (".gpkg", ".geojson", ".json", ".shp")
"""Vector formats that are looked for inside an archive."""

_STARTS = {
    ".gpkg": (b"SQLite format 3\0", "GeoPackage"),
    ".geojson": (b"{", "GeoJSON"),
    ".json": (b"{", "GeoJSON"),
    ".shp": (b"\x00\x00\x27\x0a", "shapefile"),
}
"""How a layer's file starts: GDAL goes by content and must not be led to another driver."""

_FALLBACK_ENCODING = "CP1252"
_FAR = 0.5
"""Degrees by which coordinates may leave the area where their projection is used: that of UTM zone
22, say, ends short of the west of Guyane."""


@dataclass(frozen=True, slots=True)
class VectorLayer:
    """An open layer.

    Attributes
    ----------
    path : Path
        The file, unpacked for as long as the layer is open where it is in an archive.
    name : str
        The layer of the file.
    file : str
        The file as the user named it, for messages.
    fields : tuple of str
        Names of its attributes.
    """

    path: Path
    name: str
    file: str
    fields: tuple[str, ...]

    def read(self, columns: Collection[str], where: str | None = None) -> GeoDataFrame:
        """Read the geometry and some attributes.

        Parameters
        ----------
        columns : collection of str
            Attributes of the layer.
        where : str, optional
            Filter on the layer's attributes in the SQL of OGR.

        Raises
        ------
        BadInput
            If the layer is damaged, has no geometry or no row.
        """
        # GDAL takes the shapefile's language byte 0x57 for ISO-8859-1, which lacks the œ of
        # Marcq-en-Barœul: the bytes are those of Windows.
        shapefile = self.path.suffix.lower() == ".shp"
        for encoding in ("UTF-8", _FALLBACK_ENCODING) if shapefile else (None,):
            try:
                frame = self._read(list(dict.fromkeys(columns)), where, encoding)
            except UnicodeDecodeError:
                continue
            if "geometry" not in frame:
                raise BadInput("the layer has no geometry", file=self.file)
            if len(frame) == 0:
                found = f"filter {where}" if where else None
                raise BadInput("no outline in the layer", file=self.file, found=found)
            return frame
        raise BadInput(
            "the text is in no known encoding", file=self.file, expected="UTF-8 or Windows-1252"
        )

    def _read(self, columns: list[str], where: str | None, encoding: str | None) -> GeoDataFrame:
        import pyogrio
        from shapely.errors import ShapelyError

        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", RuntimeWarning)
                frame = pyogrio.read_dataframe(
                    self.path,
                    layer=self.name,
                    encoding=encoding,
                    columns=columns,
                    where=where,
                    force_2d=True,
                )
        except UnicodeDecodeError:
            raise
        except (
            ValueError,
            pyogrio.errors.DataSourceError,
            pyogrio.errors.FeatureError,
            ShapelyError,
        ) as error:
            raise BadInput("the layer cannot be read", file=self.file, found=error) from None
        for warning in caught:  # GDAL makes numbers out of damaged text and only warns
            raise BadInput("the layer is damaged", file=self.file, found=warning.message)
        return frame


@contextmanager
def open_layer(
    path: str | Path, *, member: str | None = None, layer: str | None = None
) -> Iterator[VectorLayer]:
    """Open a layer of a file.

    Parameters
    ----------
    path : str or Path
        The file.
    member : str, optional
        File inside the archive, where that holds several.
    layer : str, optional
        Layer of the GeoPackage, where that holds several.

    Raises
    ------
    BadInput
        If there is no such file or layer, or none that can be read, or several to choose from.
    """
    file = str(path)
    with _plain_file(Path(path), member) as plain:
        _check_start(plain, file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # what matters is raised
            name = _layer_name(plain, file, layer)
            fields = _fields(plain, file, name)
        yield VectorLayer(plain, name, file, fields)


@contextmanager
def _plain_file(path: Path, member: str | None) -> Iterator[Path]:
    """Give the file of the layer, unpacked for as long as it is read where it is in an archive."""
    if not path.is_file():
        raise BadInput("no such file", file=path)
    if is_archive(path):
        with open_archive(path) as archive:
            chosen = _member(path, archive.names, member)
            stem = chosen.rsplit(".", 1)[0]
            parts = [name for name in archive.names if name.rsplit(".", 1)[0] == stem]
            unpacked = archive.unpack(parts)
            yield unpacked[parts.index(chosen)]
    elif member is not None:
        raise BadInput("not an archive, so it has no members", file=path, found=member)
    else:
        yield path


def _member(path: Path, names: list[str], member: str | None) -> str:
    """Return the layer of an archive, which must be the only one or be named."""
    layers = [name for name in names if name.lower().endswith(SUFFIXES)]
    if member is not None:
        if member not in layers:
            raise BadInput(
                "no such layer in the archive", file=path, found=member, expected=", ".join(layers)
            )
        return member
    if len(layers) != 1:
        raise BadInput(
            "the archive must hold one layer, or one must be named",
            file=path,
            found=", ".join(layers) or "none",
            expected="one file in " + ", ".join(SUFFIXES),
            hint="name it with member=...",
        )
    return layers[0]


def _check_start(plain: Path, file: str) -> None:
    """Check that a file starts as its name says."""
    if plain.suffix.lower() not in _STARTS:
        raise BadInput(
            "not a format of vector layers",
            file=file,
            found=plain.suffix or "no ending",
            expected=", ".join((*SUFFIXES, ".zip", ".7z")),
        )
    start, kind = _STARTS[plain.suffix.lower()]
    with plain.open("rb") as stream:
        found = stream.read(1024).removeprefix(b"\xef\xbb\xbf")
    if not (found.lstrip() if kind == "GeoJSON" else found).startswith(start):
        shown = repr(found[:16]) if found else "an empty file"
        raise BadInput(
            "not a vector layer that can be read", file=file, found=shown, expected=f"a {kind}"
        )


def _layer_name(plain: Path, file: str, layer: str | None) -> str:
    """Return the layer of a file, which must be the only one or be named."""
    import pyogrio

    try:
        names = [str(name) for name in pyogrio.list_layers(plain)[:, 0]]
    except pyogrio.errors.DataSourceError as error:
        raise BadInput("not a vector layer that can be read", file=file, found=error) from None
    if layer is None and len(names) == 1:
        return names[0]
    if layer not in names:
        raise BadInput(
            "the file must hold one layer, or one must be named",
            file=file,
            found=layer,
            expected="one of " + ", ".join(names),
            hint="name it with layer=...",
        )
    return layer


def _fields(plain: Path, file: str, layer: str) -> tuple[str, ...]:
    """Names of the attributes of a layer."""
    import pyogrio

    try:
        return tuple(str(field) for field in pyogrio.read_info(plain, layer=layer)["fields"])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise BadInput("not a vector layer that can be read", file=file, found=error) from None


# --------------------------------------------------------------------------------------------------
# Attributes


def texts(column: Any, field: str, file: str) -> list[str]:
    """Return the texts of a column of a layer, whose every row must hold one."""
    found = optional_texts(column)
    for row, text in enumerate(found, start=1):
        if not text:
            raise BadInput("empty", file=file, row=row, column=field, expected="a text")
    return found


def optional_texts(column: Any) -> list[str]:
    """Return the texts of a column of a layer, empty where there is none."""
    return [
        "" if missing else str(value).strip()
        for value, missing in zip(column, column.isna(), strict=True)
    ]


# --------------------------------------------------------------------------------------------------
# Geometry


def valid_polygons(
    geometry: NDArray[np.object_], codes: Sequence[str], file: str
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return valid polygons, and which of them had to be repaired.

    Parameters
    ----------
    geometry : array of shapely geometries, shape (n,)
        Outlines as the file gives them.
    codes : sequence of str, length n
        What each is called in messages.
    file : str
        The file, for messages.

    Raises
    ------
    BadInput
        If an outline is empty, no polygon, or has a coordinate that is not a number.
    """
    import shapely

    kinds = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    for row, (shape, code) in enumerate(zip(geometry, codes, strict=True), start=1):
        if shape is None or shape.is_empty:
            raise BadInput("the outline is empty", file=file, row=row, found=code)
        if shapely.get_type_id(shape) not in kinds:
            raise BadInput(
                "the outline is no polygon", file=file, row=row, found=f"{code}: {shape.geom_type}"
            )
        if not np.isfinite(shape.bounds).all():
            raise BadInput("a coordinate is not a number", file=file, row=row, found=code)
    bad = ~shapely.is_valid(geometry)
    return repaired(geometry, bad), bad


def repaired(geometry: NDArray[np.object_], bad: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Make the marked outlines valid, keeping only what has an area, which may be nothing."""
    import shapely

    valid = geometry.copy()
    valid[bad] = shapely.make_valid(geometry[bad], method="structure", keep_collapsed=False)
    return valid


def projected(geometry: NDArray[np.object_], source: CRS, crs: int, file: str) -> Any:
    """Return polygons in the projection of an EPSG code, kept valid.

    Raises
    ------
    BadInput
        If they cannot be projected.
    """
    import shapely
    from geopandas import GeoSeries

    shapes = GeoSeries(geometry, crs=source).to_crs(crs).to_numpy()
    if not np.isfinite(shapely.bounds(shapes[~shapely.is_empty(shapes)])).all():
        raise BadInput("the outlines cannot be projected", file=file, expected=f"EPSG:{crs}")
    return repaired(shapes, ~shapely.is_valid(shapes))


def checked_crs(stated: Any, bounds: Sequence[float] | NDArray[np.float64], file: str) -> CRS:
    """Return the projection of a layer, unless its coordinates say otherwise.

    Parameters
    ----------
    stated : CRS, or what pyproj takes for one, or None
        What the file says.
    bounds : four floats
        West, south, east and north of its coordinates.
    file : str
        The file, for messages.

    Raises
    ------
    BadInput
        If the file states no projection, or one that its coordinates contradict: degrees said to
        be metres, metres said to be degrees, or a place where the projection is not used.
    """
    from pyproj import CRS

    if stated is None:
        raise BadInput(
            "the layer states no projection", file=file, hint="a shapefile needs its .prj file"
        )
    crs = CRS.from_user_input(stated)
    west, south, east, north = map(float, bounds)
    degrees = max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90
    if degrees != crs.is_geographic:
        unit = "degrees" if crs.is_geographic else "metres"
        raise BadInput(
            "the stated projection contradicts the coordinates",
            file=file,
            found=f"{crs.name} ({unit}) over coordinates from ({west:.6g}, {south:.6g}) "
            f"to ({east:.6g}, {north:.6g})",
            expected="longitude and latitude" if crs.is_geographic else "coordinates in metres",
            hint="correct the projection in the file (ogr2ogr -a_srs)",
        )
    _check_area(crs, (west, south, east, north), file)
    return crs


def _check_area(crs: CRS, bounds: tuple[float, float, float, float], file: str) -> None:
    """Refuse coordinates that lie far from where their projection is used."""
    from pyproj import CRS, Transformer

    code = crs.to_epsg(min_confidence=20)
    area = crs.area_of_use if code is None else CRS.from_epsg(code).area_of_use
    if area is None:
        return
    to_degrees = Transformer.from_crs(crs, 4326, always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(*bounds)
    if not all(_inside(area.bounds, [west, east], [south, north])):
        raise BadInput(
            "the outlines lie outside the area of the stated projection",
            file=file,
            found=f"longitudes {west:.2f} to {east:.2f}, latitudes {south:.2f} to {north:.2f}",
            expected=f"{crs.name}: {area.name}",
            hint="correct the projection in the file (ogr2ogr -a_srs)",
        )


def used_at(epsg: int, longitude: ArrayLike, latitude: ArrayLike) -> NDArray[np.bool_]:
    """Return whether places lie where a reference system is used, with half a degree to spare.

    Parameters
    ----------
    epsg : int
        Code of the reference system.
    longitude, latitude : array-like, shape (n,)
        Degrees (WGS 84).

    Examples
    --------
    >>> used_at(2154, [3.06, 55.4], [50.63, -20.9]).tolist()
    [True, False]
    """
    return _inside(_area(epsg), longitude, latitude)


@lru_cache(maxsize=64)
def _area(epsg: int) -> tuple[float, float, float, float]:
    """West, south, east and north of the area where a reference system is used, in degrees."""
    from pyproj import CRS

    area = CRS.from_epsg(epsg).area_of_use
    return (-180.0, -90.0, 180.0, 90.0) if area is None else area.bounds


def _inside(
    area: tuple[float, float, float, float], longitude: ArrayLike, latitude: ArrayLike
) -> NDArray[np.bool_]:
    west, south, east, north = area
    x, y = np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)
    after, before = x >= west - _FAR, x <= east + _FAR
    between = after & before if west <= east else after | before  # across 180 degrees
    return np.asarray(between & (y >= south - _FAR) & (y <= north + _FAR), np.bool_)
