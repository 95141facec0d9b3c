"""INSEE's 200 m tiles: files of any vintage and format, read into :class:`zonage.tiles.Tiles`.

A tile's place is read from its id alone. The geometry of a layer is never read and its CRS never
believed: INSEE's own GeoPackage of 2021 is in another CRS than its ids, and extracts lie.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zonage.errors import BadInput
from zonage.sources.tile_columns import COMMUNE_CODES
from zonage.sources.tile_formats import FORMATS, MAX_HEADER, Table, existing_file, open_table
from zonage.sources.tile_layouts import (
    LATTICES,
    recognise,
    unknown_lattice,
    vintage_of,
    wrong_layout,
)
from zonage.sources.tile_reading import MAX_PROBLEMS, Reading
from zonage.tiles import Tiles
from zonage.variables import CORE, counts

__all__ = [
    "FORMATS",
    "LATTICES",
    "MAX_HEADER",
    "MAX_PROBLEMS",
    "TileFile",
    "describe",
    "read_tiles",
]


def read_tiles(
    path: str | Path,
    *,
    variables: Collection[str] = CORE,
    bbox: tuple[float, float, float, float] | None = None,
    communes: Collection[str] | None = None,
    vintage: int | None = None,
    crs: int | None = None,
    member: str | None = None,
) -> Tiles:
    r"""Read INSEE's 200 m tiles, or those of a place, from a file of any vintage and format.

    The file is read in batches, of which only the needed columns and the chosen tiles are kept: a
    metropolis out of the national file takes neither its memory nor its time. Only what is kept
    is checked, besides the ids, which all are; in a table that ``zonage fetch`` made they were
    checked then, and rows far from the box are passed over. The inhabitants of the 250 m grid of
    Statistics Norway, whose vintages come every year, are read too.

    Parameters
    ----------
    path : str or Path
        CSV (comma, semicolon or tab), Parquet, GeoPackage, GeoJSON or shapefile, plain or in a
        zip or 7z archive, one inside the other included.
    variables : collection of str
        Counted variables to read, by the engine's names (see :mod:`zonage.variables`). Those that
        the file lacks are left out; using them later is an error that names the column.
    bbox : (west, south, east, north), optional
        Metres of the lattice's CRS. A tile is chosen if its south-west corner lies in the box,
        west and south edges included, east and north edges not.
    communes : collection of str, optional
        Official codes. A tile is chosen if the first commune that the file names for it is among
        them: tiles that several communes share belong to the first.
    vintage : int, optional
        Year of the figures. By default guessed from the layout, and between 2019 and 2021, whose
        columns have the same names, from the year in the file's name; unknown without one.
    crs : int, optional
        EPSG code, for files that give tile centres instead of ids (RFL 2010).
    member : str, optional
        The file of an archive, or the layer of a GeoPackage: its name, or the end of its stem
        (``"met"``, ``"mart"``, ``"reun"``). By default the only one there is, or the metropolitan
        file where its overseas siblings are the only others.

    Returns
    -------
    Tiles
        Sorted, validated, counts in fixed point.

    Raises
    ------
    BadInput
        Where the file cannot be used, with the row (1 = first row of data, blank lines not
        counted) and the column; or where the disk is too full to unpack an archive.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "carreaux_200m_2021.csv")
    ...     _ = path.write_text(
    ...         "idcar_200m,lcog_geo,ind\nCRS3035RES200mN3083400E3816000,59350,12.5\n"
    ...     )
    ...     tiles = read_tiles(path)
    >>> tiles.vintage, tiles.crs, tiles.total("population"), tiles.commune.labels
    (2021, 3035, 12.5, ('59350',))
    """
    wanted = _checked_variables(variables)
    with open_table(Path(path), member) as table:
        layout = recognise(table)
        reading = Reading(
            table,
            layout,
            wanted=[name for name in wanted if name in layout.found],
            vintage=vintage_of(layout, table, vintage)[0],
            crs=_checked_crs(crs),
            bbox=_checked_bbox(bbox),
            communes=_checked_communes(communes),
        )
        if not reading.wanted:
            raise wrong_layout("none of the wanted variables is in the file", table, layout, wanted)
        reading.run()
        return reading.tiles()


@dataclass(frozen=True)
class TileFile:
    """What a tile file holds, for a user who has to trust it.

    Attributes
    ----------
    source, format : str
        The file, with its name inside an archive, and its format.
    layout : str or None
        The layout that the header matches.
    vintage : int or None
        Year of the figures, if known; ``vintage_reason`` says how, or why not.
    rows : int
        Rows of data, readable or not.
    crs, resolution : int or None
        EPSG code and side of the tiles in metres.
    bounds : (west, south, east, north) or None
        Of the tiles, in metres.
    recognised, unknown, missing : tuple of str
        Columns that the engine knows, does not know, and knows in this layout but did not find.
    totals : mapping of str to float
        Sums of the counts in :data:`zonage.variables.CORE`, over the rows without a problem.
    imputed_tile_share, imputed_population_share : float or None
        Shares of the tiles, and of their inhabitants, whose values are imputed.
    problems : tuple of str
        All kinds of problem found, at most :data:`MAX_PROBLEMS`.
    """

    source: str
    format: str
    layout: str | None = None
    vintage: int | None = None
    vintage_reason: str = "no layout recognised"
    rows: int = 0
    crs: int | None = None
    resolution: int | None = None
    bounds: tuple[int, int, int, int] | None = None
    recognised: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    totals: Mapping[str, float] = field(default_factory=dict)
    imputed_tile_share: float | None = None
    imputed_population_share: float | None = None
    problems: tuple[str, ...] = ()


def describe(path: str | Path, *, member: str | None = None, crs: int | None = None) -> TileFile:
    r"""Say what a tile file holds and all that is wrong with it.

    Parameters
    ----------
    path, member, crs
        As for :func:`read_tiles`.

    Raises
    ------
    BadInput
        Only where there is no such file; what is wrong inside is listed in ``problems``.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "tiles.csv")
    ...     _ = path.write_text("idcar_200m,ind\nCRS3035RES200mN3083400E3816000,many\n")
    ...     found = describe(path)
    >>> found.layout, found.vintage, found.rows, len(found.problems)
    ('Filosofi 2019 or 2021', None, 1, 1)
    """
    path = existing_file(Path(path))
    problems = _Problems()
    known: dict[str, Any] = {"source": str(path), "format": path.suffix.lstrip(".").lower()}
    try:
        with open_table(path, member) as table:
            known |= {"source": table.source, "format": table.format}
            known |= _described(table, _checked_crs(crs), problems)
    except BadInput as error:
        problems.add(error)
    return TileFile(**known, problems=problems.lines())


def _described(table: Table, crs: int | None, problems: _Problems) -> dict[str, Any]:
    """Describe an open table; an error that ends the description is added to the problems."""
    known: dict[str, Any] = {"unknown": tuple(table.columns)}
    try:
        layout = recognise(table)
        vintage, reason = vintage_of(layout, table, None)
        recognised = tuple(layout.places) + tuple(layout.found.values())
        known |= {"layout": layout.name, "vintage": vintage, "vintage_reason": reason}
        known |= {"recognised": recognised, "missing": layout.missing}
        known["unknown"] = tuple(name for name in table.columns if name not in recognised)
        wanted = [name for name in CORE if name in layout.found]
        reading = Reading(table, layout, wanted, vintage, crs, report=problems.add)
        try:
            reading.run()
        finally:
            known |= reading.description()
    except BadInput as error:
        problems.add(error)
    return known


class _Problems:
    """The problems of a file, one of each kind and column, with the number of rows that have it."""

    def __init__(self) -> None:
        self.first: dict[tuple[str, str | None], BadInput] = {}
        self.rows: dict[tuple[str, str | None], int] = {}

    def add(self, problem: BadInput, rows: int = 1) -> None:
        key = (problem.message, problem.column)
        self.first.setdefault(key, problem)
        self.rows[key] = self.rows.get(key, 0) + rows

    def lines(self) -> tuple[str, ...]:
        lines = [
            str(problem) + (f" (and {self.rows[key] - 1} more rows)" if self.rows[key] > 1 else "")
            for key, problem in self.first.items()
        ]
        if len(lines) > MAX_PROBLEMS:
            lines[MAX_PROBLEMS - 1 :] = [f"and {len(lines) - MAX_PROBLEMS + 1} more problems"]
        return tuple(lines)


# ---- what a caller may ask for -------------------------------------------------------------------


def _checked_variables(variables: Collection[str]) -> list[str]:
    names = [variable.name for variable in counts()]
    for name in variables:
        if name not in names:
            raise BadInput("no such counted variable", found=repr(name), expected=", ".join(names))
    return list(dict.fromkeys(variables))


def _checked_bbox(
    bbox: tuple[float, float, float, float] | None,
) -> tuple[float, float, float, float] | None:
    if bbox is None:
        return None
    if len(bbox) != 4 or not all(math.isfinite(edge) for edge in bbox):
        raise BadInput("a bounding box has four edges", found=bbox, expected="metres")
    west, south, east, north = bbox
    if west >= east or south >= north:
        raise BadInput(
            "an empty bounding box", found=bbox, expected="west, south, east, north in metres"
        )
    return west, south, east, north


def _checked_communes(communes: Collection[str] | None) -> frozenset[str] | None:
    if communes is None:
        return None
    codes = [communes] if isinstance(communes, str) else list(communes)
    for code in codes:
        if len(code) != 5 or not COMMUNE_CODES.fullmatch(code):
            raise BadInput(
                "not the code of a commune", found=repr(code), expected="5 characters, as 59350"
            )
    return frozenset(codes)


def _checked_crs(crs: int | None) -> int | None:
    if crs is not None and crs not in LATTICES:
        raise unknown_lattice(crs)
    return crs
