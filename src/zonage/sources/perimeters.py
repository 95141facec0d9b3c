"""Outlines of quarters: the official lists of 2015 and 2024, and any other polygon layer.

Layouts of the Agence nationale de la cohésion des territoires (ANCT):

- 2015: ``CODE_QP, NOM_QP, COMMUNE_QP`` (names of the communes), shapefile in an 8-bit encoding
  that the file does not declare truly;
- 2024: ``code_qp, lib_qp, insee_com, lib_com`` among others, GeoJSON or GeoPackage in UTF-8.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput, nearest
from zonage.sources.archives import is_archive, open_archive
from zonage.sources.tables import Row, read_rows

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pyproj import CRS

    from zonage.raster import Coverage

SUFFIXES = (".gpkg", ".geojson", ".json", ".shp")
"""Vector formats that are looked for inside an archive."""

_FALLBACK_ENCODING = "CP1252"
_ID = re.compile(r"CRS(\d{4,6})RES(\d{1,6})mN(-?\d{1,8})E(-?\d{1,8})", re.ASCII)
_FAR = 0.5
"""Degrees by which outlines may leave the area where their projection is used."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Attributes of a layer by the engine's name; None where the layer has no such attribute."""

    code: str
    name: str
    communes: str | None = None
    commune_codes: str | None = None

    def fields(self) -> list[str]:
        return [name for name in asdict(self).values() if name is not None]


_LAYOUTS = (
    _Layout("code_qp", "lib_qp", "lib_com", "insee_com"),
    _Layout("code_qp", "nom_qp", "commune_qp"),
)


@dataclass(frozen=True, eq=False)
class Perimeters:
    """Named outlines in one projection.

    Attributes
    ----------
    table : GeoDataFrame
        One row an outline, with the columns ``code``, ``name``, ``communes`` (names, joined by
        ", "), ``commune_codes`` (joined by a blank, empty where not published), ``vintage`` and
        ``geometry`` (valid polygons or multipolygons).
    crs : int
        EPSG code of the geometry.
    source_crs : str
        Projection of the file.
    vintage : int or None
        Year of the list.
    repaired : tuple of str
        Codes of the outlines that were not valid in the file.
    collapsed : tuple of str
        Codes, among those, of outlines that hold no area (a simplified file may shrink a small
        quarter to one point): they stay in the table with an empty geometry.
    source : str
        The file.
    """

    table: GeoDataFrame
    crs: int
    source_crs: str
    vintage: int | None
    repaired: tuple[str, ...]
    collapsed: tuple[str, ...]
    source: str

    def __len__(self) -> int:
        return len(self.table)

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the outlines."""
        return tuple(self.table["code"])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outlines."""
        return tuple(self.table["name"])

    @property
    def communes(self) -> tuple[str, ...]:
        """Names of the communes of each outline, joined by ", "."""
        return tuple(self.table["communes"])

    @property
    def geometry(self) -> NDArray[np.object_]:
        """The outlines as an array of shapely geometries."""
        return np.asarray(self.table.geometry.values, dtype=object)

    @property
    def areas_km2(self) -> NDArray[np.float64]:
        """Areas in square kilometres, shape (n,); exact in EPSG:3035, which is equal-area."""
        import shapely

        return np.asarray(shapely.area(self.geometry) / 1e6, np.float64)

    def to_crs(self, crs: int) -> Perimeters:
        """Return the outlines in the projection of another EPSG code, kept valid."""
        if crs == self.crs:
            return self
        return replace(self, table=_projected(self.table, crs, self.source), crs=crs)

    def select(
        self,
        *,
        bbox: Sequence[float] | None = None,
        codes: Iterable[str] | None = None,
        communes: Iterable[str] | None = None,
    ) -> Perimeters:
        """Return the outlines that meet every given condition, in the order of the table.

        Parameters
        ----------
        bbox : four floats, optional
            West, south, east and north edges in metres of ``crs``: outlines that touch it.
        codes : iterable of str, optional
            Codes of outlines; each must exist.
        communes : iterable of str, optional
            Codes of communes, or names where the list gives no codes (2015): outlines that lie at
            least partly in one of them, by the list's own attribute. Names are compared without
            accents and ligatures, which the lists spell each in their way.

        Raises
        ------
        BadInput
            If an outline of that code does not exist, or the box is not west, south, east, north.
        """
        keep = np.ones(len(self), bool)
        if bbox is not None:
            keep &= self._touches(bbox)
        if codes is not None:
            wanted = set(codes)
            self._check_known(wanted)
            keep &= np.array([code in wanted for code in self.codes], bool)
        if communes is not None:
            wanted = {_unaccented(commune) for commune in communes}
            keep &= np.array([not wanted.isdisjoint(own) for own in self._commune_sets()], bool)
        table = self.table[keep].reset_index(drop=True)
        left = set(table["code"])
        return replace(
            self,
            table=table,
            repaired=tuple(code for code in self.repaired if code in left),
            collapsed=tuple(code for code in self.collapsed if code in left),
        )

    def _touches(self, bbox: Sequence[float]) -> NDArray[np.bool_]:
        import shapely

        if len(bbox) != 4 or not (bbox[0] < bbox[2] and bbox[1] < bbox[3]):
            raise BadInput(
                "not a bounding box", found=tuple(bbox), expected="west, south, east, north"
            )
        return np.asarray(shapely.intersects(self.geometry, shapely.box(*bbox)), np.bool_)

    def _check_known(self, wanted: Collection[str]) -> None:
        for code in sorted(wanted):
            if code not in self.codes:
                near = nearest(code, self.codes)
                raise BadInput(
                    "no outline of this code",
                    file=self.source,
                    found=code,
                    hint="nearest: " + ", ".join(near) if near else None,
                )

    def _commune_sets(self) -> list[set[str]]:
        return [
            {*map(_unaccented, codes.split()), *map(_unaccented, names.split(", "))}
            for codes, names in zip(
                self.table["commune_codes"], self.table["communes"], strict=True
            )
        ]


def read_perimeters(
    path: str | Path,
    *,
    vintage: int | None = None,
    where: str | None = None,
    code: str | None = None,
    name: str | None = None,
    member: str | None = None,
    layer: str | None = None,
    crs: int = 3035,
) -> Perimeters:
    """Read outlines from a shapefile, GeoJSON or GeoPackage, plain or in a zip or 7z file.

    Outlines that are not valid (rings that cross themselves) are repaired with
    ``shapely.make_valid``, keeping the polygons, and named in the result.

    Parameters
    ----------
    path : str or Path
        The file.
    vintage : int, optional
        Year of the list; else by the form of the codes (QP... 2015, QN... 2024).
    where : str, optional
        Filter on the file's attributes in the SQL of OGR, as ``"insee_dep = '59'"``.
    code, name : str, optional
        Attributes that hold code and name, for layers other than the official lists.
    member : str, optional
        File inside the archive, where that holds several.
    layer : str, optional
        Layer of the GeoPackage, where that holds several.
    crs : int
        EPSG code into which the outlines are projected.

    Raises
    ------
    BadInput
        If the file cannot be read, lacks an attribute, states no projection or one that its
        coordinates contradict, holds an outline that is empty or no polygon, or a code twice.

    Examples
    --------
    >>> quarters = read_perimeters("qp2024.gpkg")           # doctest: +SKIP
    >>> quarters.select(communes=["59350"]).names           # doctest: +SKIP
    """
    import shapely

    file = str(path)
    with _plain_file(Path(path), member) as plain:
        layer = _layer(plain, file, layer)
        layout = _layout(_fields(plain, layer, file), file, code, name)
        frame = _read(plain, layer, file, layout, where)
    if "geometry" not in frame:
        raise BadInput("the layer has no geometry", file=file)
    if len(frame) == 0:
        raise BadInput("no outline in the layer", file=file, found=where and f"filter {where}")
    codes = _texts(frame[layout.code], layout.code, file)
    geometry, repaired = _polygons(frame.geometry.to_numpy(), codes, file)
    source_crs = _checked_crs(frame.crs, frame.total_bounds, file)
    frame = _attributes(frame, layout, codes, file).set_geometry(geometry, crs=source_crs)
    vintage = vintage if vintage is not None else _vintage(codes)
    frame["vintage"] = vintage
    order = ["code", "name", "communes", "commune_codes", "vintage", "geometry"]
    return Perimeters(
        table=_projected(frame[order], crs, file),
        crs=crs,
        source_crs=f"EPSG:{epsg}" if (epsg := source_crs.to_epsg()) else source_crs.name,
        vintage=vintage,
        repaired=tuple(compress(codes, repaired)),
        collapsed=tuple(compress(codes, shapely.is_empty(geometry))),
        source=file,
    )


def _unaccented(name: str) -> str:
    """Return a name in lower case without accents and ligatures."""
    folded = name.casefold().replace("œ", "oe").replace("æ", "ae")
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKD", folded)
        if not unicodedata.combining(letter)
    )


def _vintage(codes: Sequence[str]) -> int | None:
    """Year of an official list by the form of its codes."""
    for prefix, year in (("QP", 2015), ("QN", 2024)):
        if all(len(code) == 8 and code.startswith(prefix) for code in codes):
            return year
    return None


# --------------------------------------------------------------------------------------------------
# The file


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


def _layer(plain: Path, file: str, layer: str | None) -> str:
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


def _fields(plain: Path, layer: str, file: str) -> list[str]:
    """Names of the attributes of a layer."""
    import pyogrio

    try:
        return [str(name) for name in pyogrio.read_info(plain, layer=layer)["fields"]]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise BadInput("not a vector layer that can be read", file=file, found=error) from None


def _layout(fields: list[str], file: str, code: str | None, name: str | None) -> _Layout:
    """Return the layout with the spelling of the file's own attributes."""
    own = {field.lower(): field for field in fields}
    wanted = _LAYOUTS if code is None else (_Layout(code, name if name is not None else code),)
    for layout in wanted:
        if all(field.lower() in own for field in layout.fields()):
            spelled = {
                key: own[field.lower()]
                for key, field in asdict(layout).items()
                if field is not None
            }
            return _Layout(**spelled)
    raise BadInput(
        "the layer lacks the attributes of a list of outlines",
        file=file,
        found=", ".join(fields),
        expected=" or ".join(", ".join(layout.fields()) for layout in wanted),
        hint="name the attributes with code=... and name=..." if code is None else None,
    )


def _read(plain: Path, layer: str, file: str, layout: _Layout, where: str | None) -> GeoDataFrame:
    """Read a layer; an encoding is what its bytes are, whatever its header says."""
    import pyogrio

    # GDAL takes the shapefile's language byte 0x57 for ISO-8859-1, which lacks the œ of
    # Marcq-en-Barœul: the bytes are those of Windows.
    shapefile = plain.suffix.lower() == ".shp"
    encodings = ["UTF-8", _FALLBACK_ENCODING] if shapefile else [None]
    columns = list(dict.fromkeys(layout.fields()))
    for encoding in encodings:
        try:
            return pyogrio.read_dataframe(
                plain,
                layer=layer,
                encoding=encoding,
                columns=columns,
                where=where,
                force_2d=True,
            )
        except UnicodeDecodeError:
            continue
        except (ValueError, pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError) as error:
            raise BadInput("the layer cannot be read", file=file, found=error) from None
    raise BadInput("the text is in no known encoding", file=file, expected="UTF-8 or Windows-1252")


# --------------------------------------------------------------------------------------------------
# Its attributes


def _texts(column: Any, field: str, file: str) -> list[str]:
    """Texts of a column whose every row must hold one."""
    texts = _optional_texts(column)
    for row, text in enumerate(texts, start=1):
        if not text:
            raise BadInput("empty", file=file, row=row, column=field, expected="a text")
    return texts


def _optional_texts(column: Any) -> list[str]:
    return [
        "" if missing else str(value).strip()
        for value, missing in zip(column, column.isna(), strict=True)
    ]


def _attributes(frame: GeoDataFrame, layout: _Layout, codes: list[str], file: str) -> GeoDataFrame:
    """Return the layer with the engine's attributes beside its own."""
    seen: dict[str, int] = {}
    for row, code in enumerate(codes, start=1):
        if code in seen:
            raise BadInput(
                "the same code comes twice",
                file=file,
                row=row,
                column=layout.code,
                found=f"{code}, also in row {seen[code]}",
            )
        seen[code] = row
    columns: dict[str, Any] = {"code": codes, "name": _texts(frame[layout.name], layout.name, file)}
    for key, field, joint in (
        ("communes", layout.communes, ", "),
        ("commune_codes", layout.commune_codes, " "),
    ):
        lists = [""] * len(frame) if field is None else _optional_texts(frame[field])
        columns[key] = [
            joint.join(part.strip() for part in text.split(",") if part.strip()) for text in lists
        ]
    return frame[[frame.geometry.name]].assign(**columns)


# --------------------------------------------------------------------------------------------------
# Its geometry


def _polygons(
    geometry: NDArray[np.object_], codes: list[str], file: str
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return valid polygons, and which of them had to be repaired."""
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
    valid = _repaired(geometry, bad)
    return valid, bad


def _repaired(geometry: NDArray[np.object_], bad: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Make the marked outlines valid, keeping only what has an area, which may be nothing."""
    import shapely

    valid = geometry.copy()
    valid[bad] = shapely.make_valid(geometry[bad], method="structure", keep_collapsed=False)
    return valid


def _checked_crs(stated: Any, bounds: NDArray[np.float64], file: str) -> CRS:
    """Return the projection of the file, unless its coordinates say otherwise."""
    from pyproj import CRS

    if stated is None:
        raise BadInput(
            "the layer states no projection", file=file, hint="a shapefile needs its .prj file"
        )
    crs = CRS.from_user_input(stated)
    degrees = bool(np.abs(bounds[[0, 2]]).max() <= 180 and np.abs(bounds[[1, 3]]).max() <= 90)
    if degrees != crs.is_geographic:
        unit = "degrees" if crs.is_geographic else "metres"
        raise BadInput(
            "the stated projection contradicts the coordinates",
            file=file,
            found=f"{crs.name} ({unit}) over coordinates from {_pair(bounds[:2])} "
            f"to {_pair(bounds[2:])}",
            expected="longitude and latitude" if crs.is_geographic else "coordinates in metres",
            hint="correct the projection in the file (ogr2ogr -a_srs)",
        )
    _check_area(crs, bounds, file)
    return crs


def _check_area(crs: CRS, bounds: NDArray[np.float64], file: str) -> None:
    """Refuse coordinates that lie far from where their projection is used."""
    from pyproj import CRS, Transformer

    code = crs.to_epsg(min_confidence=20)
    area = crs.area_of_use if code is None else CRS.from_epsg(code).area_of_use
    if area is None:
        return
    to_degrees = Transformer.from_crs(crs, 4326, always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(*bounds)
    inside = (
        west >= area.west - _FAR
        and south >= area.south - _FAR
        and east <= area.east + _FAR
        and north <= area.north + _FAR
    )
    if not inside:
        raise BadInput(
            "the outlines lie outside the area of the stated projection",
            file=file,
            found=f"longitudes {west:.2f} to {east:.2f}, latitudes {south:.2f} to {north:.2f}",
            expected=f"{crs.name}: {area.name}",
            hint="correct the projection in the file (ogr2ogr -a_srs)",
        )


def _pair(corner: NDArray[np.float64]) -> str:
    return f"({corner[0]:.6g}, {corner[1]:.6g})"


def _projected(frame: GeoDataFrame, crs: int, file: str) -> GeoDataFrame:
    """Project the outlines and keep them valid."""
    import shapely

    projected = frame.to_crs(crs)
    geometry = projected.geometry.to_numpy()
    if not np.isfinite(shapely.bounds(geometry[~shapely.is_empty(geometry)])).all():
        raise BadInput("the outlines cannot be projected", file=file, expected=f"EPSG:{crs}")
    bad = ~shapely.is_valid(geometry)
    return projected.set_geometry(_repaired(geometry, bad), crs=projected.crs)


# --------------------------------------------------------------------------------------------------
# Shares of tiles, kept as a table


def read_coverage(
    path: str | Path, quarters: str | Path | None = None, *, vintage: int | None = None
) -> Coverage:
    """Read a table of the shares of tiles inside outlines, as `Coverage.rows` gives it.

    Parameters
    ----------
    path : str or Path
        csv with the ``id`` of the tile, the ``code`` of the outline and the ``share`` of the tile's
        area inside it (above 0, at most 1).
    quarters : str or Path, optional
        csv with ``code``, ``name`` and ``communes`` of the outlines, in the order wanted; without
        it the outlines come in the order of their codes and have no names.
    vintage : int, optional
        Year of the list; else by the form of the codes.

    Raises
    ------
    BadInput
        With row and column, where a value cannot be, the ids are of more than one lattice, a tile
        and outline come twice, or a code is not in the table of the quarters.
    """
    from zonage.raster import Coverage

    rows = list(read_rows(path, ("id", "code", "share")))
    if not rows:
        raise BadInput("no share in the table", file=path)
    names = (
        _quarters(quarters)
        if quarters is not None
        else {code: ("", "") for code in sorted({row.text("code") for row in rows})}
    )
    position = {code: index for index, code in enumerate(names)}
    lattice = _tile_id(rows[0])[:2]
    share: dict[tuple[int, int, int], float] = {}
    for row in rows:
        crs, resolution, northing, easting = _tile_id(row)
        if (crs, resolution) != lattice:
            raise row.error("another lattice than in the first row", "id", found=row["id"])
        if row["code"] not in position:
            raise row.error("not among the quarters", "code", found=row["code"])
        key = northing, easting, position[row["code"]]
        if key in share:
            raise row.error("this tile and outline come twice", "code", found=row["code"])
        share[key] = row.number_between("share", float(np.nextafter(0, 1)), 1)
    columns = np.array(list(share), np.int32)
    return Coverage(
        crs=lattice[0],
        resolution=lattice[1],
        codes=tuple(names),
        names=tuple(name for name, _ in names.values()),
        communes=tuple(communes for _, communes in names.values()),
        vintage=vintage if vintage is not None else _vintage(tuple(names)),
        northing=columns[:, 0],
        easting=columns[:, 1],
        perimeter=columns[:, 2],
        share=np.array(list(share.values()), np.float64),
        source=str(path),
    )


def _quarters(path: str | Path) -> dict[str, tuple[str, str]]:
    """Name and communes of each quarter by its code."""
    quarters: dict[str, tuple[str, str]] = {}
    for row in read_rows(path, ("code", "name", "communes")):
        if row.text("code") in quarters:
            raise row.error("the same code comes twice", "code", found=row["code"])
        quarters[row["code"]] = (row.text("name"), row["communes"])
    return quarters


def _tile_id(row: Row) -> tuple[int, int, int, int]:
    """EPSG code, resolution and lattice indices (northing, easting) of a row's tile."""
    match = _ID.fullmatch(row["id"])
    crs, resolution, north, east = map(int, match.groups()) if match else (0, 0, 0, 0)
    if resolution == 0 or north % resolution or east % resolution:
        raise row.error(
            "not the id of a tile", "id", found=row["id"], expected="CRS3035RES200mN...E..."
        )
    return crs, resolution, north // resolution, east // resolution
