"""Outlines of quarters: the official lists of 2015 and 2024, and any other polygon layer.

Layouts of the Agence nationale de la cohésion des territoires (ANCT):

- 2015: ``CODE_QP, NOM_QP, COMMUNE_QP`` (names of the communes), shapefile in an 8-bit encoding
  that the file does not declare truly;
- 2024: ``code_qp, lib_qp, insee_com, lib_com`` among others, GeoJSON or GeoPackage in UTF-8.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput, nearest
from zonage.sources.tables import Row, read_rows
from zonage.sources.vector_layers import (
    checked_crs,
    open_layer,
    optional_texts,
    projected,
    texts,
    valid_polygons,
)

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from zonage.raster import Coverage

_ID = re.compile(r"CRS(\d{4,6})RES(\d{1,6})mN(-?\d{1,8})E(-?\d{1,8})", re.ASCII)


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
        geometry = projected(self.geometry, self.table.crs, crs, self.source)
        return replace(self, table=self.table.set_geometry(geometry, crs=crs), crs=crs)

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
    with open_layer(path, member=member, layer=layer) as opened:
        layout = _layout(opened.fields, file, code, name)
        frame = opened.read(layout.fields(), where)
    codes = texts(frame[layout.code], layout.code, file)
    geometry, mended = valid_polygons(frame.geometry.to_numpy(), codes, file)
    source_crs = checked_crs(frame.crs, frame.total_bounds, file)
    table = _attributes(frame, layout, codes, file)
    table = table.set_geometry(projected(geometry, source_crs, crs, file), crs=crs)
    vintage = vintage if vintage is not None else _vintage(codes)
    table["vintage"] = vintage
    order = ["code", "name", "communes", "commune_codes", "vintage", "geometry"]
    return Perimeters(
        table=table[order],
        crs=crs,
        source_crs=f"EPSG:{epsg}" if (epsg := source_crs.to_epsg()) else source_crs.name,
        vintage=vintage,
        repaired=tuple(compress(codes, mended)),
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
# Its attributes


def _layout(fields: Sequence[str], file: str, code: str | None, name: str | None) -> _Layout:
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
        hint="say which attributes are its codes and names" if code is None else None,
    )


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
    columns: dict[str, Any] = {"code": codes, "name": texts(frame[layout.name], layout.name, file)}
    for key, field, joint in (
        ("communes", layout.communes, ", "),
        ("commune_codes", layout.commune_codes, " "),
    ):
        lists = [""] * len(frame) if field is None else optional_texts(frame[field])
        columns[key] = [
            joint.join(part.strip() for part in text.split(",") if part.strip()) for text in lists
        ]
    return frame[[frame.geometry.name]].assign(**columns)


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
