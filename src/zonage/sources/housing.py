"""Social dwellings: the directory of landlords (RPLS), by dwelling, or counted by IRIS or commune.

The dwelling-level file of the statistical service of the ministry of housing (SDES) has one row a
dwelling with ``X, Y, EPSG, DEPCOM, PLG_IRIS2022_CODE``, among addresses: only the columns named
here are read. Rates by IRIS are polygons with values, which `zonage.sources.layers.read_polygons`
reads.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.sources.column_tables import Columns, ColumnTable, open_columns, shortened_list
from zonage.sources.tile_columns import COMMUNE_CODES
from zonage.sources.tile_formats import shortened
from zonage.sources.vector_layers import used_at

_COLUMNS = {
    "x": ("x", "coordonnee_x"),
    "y": ("y", "coordonnee_y"),
    "epsg": ("epsg",),
    "commune": ("depcom", "depcom_arm", "codgeo", "insee_com", "code_insee", "code_commune"),
    "iris": (
        *(f"plg_iris{year}_code" for year in range(2040, 2010, -1)),
        "plg_iris",
        "code_iris",
        "iris",
    ),
    "count": (
        "nb_ls",
        "nombre_logements_sociaux",
        "nb_logements_sociaux",
        "logements_sociaux",
        "nb_logements",
        "nombre_de_logements",
        "count",
    ),
    "year": ("millesime", "annee"),
}
_IRIS = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{7}", re.ASCII)
_IRIS_IN_COMMUNE = re.compile(r"[0-9]{4}", re.ASCII)
_YEAR = re.compile(r"((?:19|20)\d{2})(?:-\d{2})?(?:\.0)?", re.ASCII)
_MOST_DWELLINGS = 1e7


@dataclass(frozen=True, eq=False)
class Dwellings:
    """Social dwellings by point.

    Attributes
    ----------
    easting, northing : float64 array, shape (m,)
        Metres of `crs`.
    crs : int
        EPSG code.
    count : int64 array, shape (m,)
        Dwellings at the point.
    commune, iris : tuple of str, length m
        Official codes; ``iris`` is empty where the file has none.
    unplaced : int
        Dwellings of the file that have no place here; `notes` says why.
    year : int or None
        Year of the directory (1 January), where it is known.
    source : str
        The file.
    notes : tuple of str
        How many dwellings have no place, by reason.
    """

    easting: NDArray[np.float64]
    northing: NDArray[np.float64]
    crs: int
    count: NDArray[np.int64]
    commune: tuple[str, ...]
    iris: tuple[str, ...]
    unplaced: int
    year: int | None
    source: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.count)

    @property
    def total(self) -> int:
        """Dwellings of the file, those without a place among them."""
        return int(self.count.sum()) + self.unplaced

    def located(self, crs: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return easting and northing in metres of an EPSG code."""
        from pyproj import Transformer

        transform = Transformer.from_crs(self.crs, crs, always_xy=True)
        easting, northing = transform.transform(self.easting, self.northing)
        return np.asarray(easting, np.float64), np.asarray(northing, np.float64)


@dataclass(frozen=True, eq=False)
class HousingCounts:
    """Social dwellings counted by IRIS or commune.

    Attributes
    ----------
    code : tuple of str, length n
        Official codes, each once.
    count : float64 array, shape (n,)
        Dwellings, NaN where the count is not published.
    level : str
        ``"iris"`` or ``"commune"``.
    year : int or None
        Year of the directory, where it is known.
    source : str
        The file.
    """

    code: tuple[str, ...]
    count: NDArray[np.float64]
    level: str
    year: int | None
    source: str

    def __len__(self) -> int:
        return len(self.code)


def read_rpls(
    path: str | Path,
    *,
    year: int | None = None,
    communes: Collection[str] | None = None,
    crs: int | None = None,
    count: str | None = None,
) -> Dwellings | HousingCounts:
    """Read social dwellings, by dwelling with coordinates or already counted.

    Parameters
    ----------
    path : str or Path
        CSV or Parquet, plain or in an archive. With coordinates (``X``, ``Y``), one row a dwelling
        (or a point with a count); without, one row an IRIS or commune with a count.
    year : int, optional
        Year wanted of a file that holds several, by default the newest; of a file that does not
        say its year, the year that it is of.
    communes : collection of str, optional
        Official codes of the communes wanted.
    crs : int, optional
        EPSG code of the coordinates, where the file has no column ``EPSG``.
    count : str, optional
        Column of the counts, where it is none of the usual names.

    Returns
    -------
    Dwellings or HousingCounts
        By what the file holds.

    Raises
    ------
    BadInput
        If the file has neither coordinates nor counts, lacks a column, the year or the communes,
        or where a code or count cannot be, with its row; or if no dwelling at all has coordinates
        that can be. Single dwellings without such coordinates are counted.

    Examples
    --------
    >>> dwellings = read_rpls("rpls2024.csv", communes={"59350"})      # doctest: +SKIP
    >>> dwellings.total, dwellings.unplaced                            # doctest: +SKIP
    """
    known = _COLUMNS if count is None else _COLUMNS | {"count": (count,)}
    with open_columns(path, known) as table:
        if count is not None:
            table.require(["count"], known)
        chosen = _year(table, year)
        wanted = None if communes is None else frozenset(communes)
        if {"x", "y"} <= table.names.keys():
            return _dwellings(table, chosen, wanted, crs)
        if "count" in table.names:
            return _counts(table, chosen, wanted)
    raise BadInput(
        "neither coordinates nor counts of dwellings",
        file=table.source,
        found="columns " + shortened_list(table.header),
        expected="X, Y and EPSG of each dwelling, or a count by IRIS or commune",
        hint="name the column of counts with count=",
    )


# --------------------------------------------------------------------------------------------------
# Which rows


def _year(table: ColumnTable, asked: int | None) -> int | None:
    """The year to read."""
    if "year" not in table.names:
        return asked
    years: set[int] = set()
    for columns in table.batches(["year"]):
        labels, index = columns.labels("year")
        for number in np.unique(index).tolist():
            match = _YEAR.fullmatch(labels[number])
            if match is None:
                position = int(np.argmax(index == number))
                raise columns.error(
                    "not a year",
                    "year",
                    position,
                    found=shortened(labels[number]) or "nothing",
                    expected="2024, say",
                )
            years.add(int(match[1]))
    if asked is not None and asked not in years:
        raise BadInput(
            "the year is not in the file",
            file=table.source,
            column=table.names["year"],
            found=asked,
            expected=" or ".join(map(str, sorted(years))),
        )
    return max(years, default=None) if asked is None else asked


def _chosen(
    table: ColumnTable, keys: Sequence[str], year: int | None, communes: frozenset[str] | None
) -> Iterator[Columns]:
    """Iterate over the rows of a year and of some communes, batch by batch."""
    rows = kept = 0
    for columns in table.batches([*keys, "year"]):
        rows += len(columns)
        if "year" in columns:
            labels, index = columns.labels("year")
            columns = columns.take(np.array([label[:4] == str(year) for label in labels])[index])
        if communes is not None:
            key = "commune" if "commune" in columns else "iris"
            labels, index = columns.labels(key, digits=5 if key == "commune" else 9)
            columns = columns.take(np.array([label[:5] in communes for label in labels])[index])
        kept += len(columns)
        if len(columns):
            yield columns
    if kept == 0:
        raise BadInput(
            "no row of the file is in the selection" if rows else "a header without rows",
            file=table.source,
            expected="at least one dwelling",
        )


def _commune_codes(columns: Columns) -> tuple[list[str], NDArray[np.int64]]:
    """Codes of communes and which of them each row holds."""
    labels, index = columns.labels("commune", digits=5)
    for number in np.unique(index).tolist():
        if len(labels[number]) != 5 or not COMMUNE_CODES.fullmatch(labels[number]):
            raise columns.error(
                "not the code of a commune",
                "commune",
                int(np.argmax(index == number)),
                found=shortened(labels[number]) or "nothing",
                expected="5 characters, as 59350 or 2A004",
                hint="a zero may have been lost at the start: codes are text, not numbers",
            )
    return labels, index


# --------------------------------------------------------------------------------------------------
# Dwellings with coordinates


def _dwellings(
    table: ColumnTable, year: int | None, communes: frozenset[str] | None, crs: int | None
) -> Dwellings:
    table.require(["commune"], _COLUMNS)
    if crs is None and "epsg" not in table.names:
        raise BadInput(
            "the file does not say the projection of its coordinates",
            file=table.source,
            column="EPSG",
            found="columns " + shortened_list(table.header),
            hint="say it with crs=",
        )
    places: dict[tuple[str, str], int] = {}
    keys = ["x", "y", "epsg", "commune", "iris", "count"]
    parts = [_points(columns, crs, places) for columns in _chosen(table, keys, year, communes)]
    points = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return _by_point(points, list(places), year, table.source)


def _points(
    columns: Columns, crs: int | None, places: dict[tuple[str, str], int]
) -> dict[str, NDArray[Any]]:
    """Coordinates (NaN where unknown), projection, place and count of each row of a batch."""
    x, y = columns.readable_numbers("x")[0], columns.readable_numbers("y")[0]
    missing = ~(np.isfinite(x) & np.isfinite(y)) | ((x == 0) & (y == 0))
    if "epsg" in columns:
        epsg = np.nan_to_num(columns.readable_numbers("epsg")[0], posinf=0, neginf=0)
    else:
        epsg = np.full(len(columns), float(crs or 0))
    return {
        "x": np.where(missing, np.nan, x),
        "y": np.where(missing, np.nan, y),
        "epsg": np.clip(epsg, 0, 1e6).astype(np.int64),
        "place": _places(columns, places),
        "count": _dwellings_at(columns),
    }


def _dwellings_at(columns: Columns) -> NDArray[np.int64]:
    """How many dwellings each row stands for: one, or what its count says."""
    if "count" not in columns:
        return np.ones(len(columns), np.int64)
    count = columns.numbers("count", 0, _MOST_DWELLINGS)
    odd = np.isnan(count) | (count % 1 != 0)
    if odd.any():
        raise columns.error("not a count of dwellings", "count", int(np.argmax(odd)))
    return count.astype(np.int64)


def _places(columns: Columns, places: dict[tuple[str, str], int]) -> NDArray[np.int64]:
    """Number of each row's commune and IRIS in a list of both, which is filled here."""
    communes, commune = _commune_codes(columns)
    irises, iris = [""], np.zeros(len(columns), np.int64)
    if "iris" in columns:
        irises, iris = columns.labels("iris", digits=4)
    pairs, position = np.unique(commune * len(irises) + iris, return_inverse=True)
    numbers = []
    for pair in pairs.tolist():
        code, text = communes[pair // len(irises)], irises[pair % len(irises)]
        whole = code + text if _IRIS_IN_COMMUNE.fullmatch(text) else text
        known = whole if _IRIS.fullmatch(whole) else ""
        numbers.append(places.setdefault((code, known), len(places)))
    return np.array(numbers, np.int64)[position]


def _placed(
    points: dict[str, NDArray[Any]], source: str
) -> tuple[int, NDArray[np.bool_], tuple[str, ...]]:
    """Projection of most dwellings, the rows with a place in it, and notes on the others."""
    x, y, epsg, count = (points[name] for name in ("x", "y", "epsg", "count"))
    placed = ~np.isnan(x) & (epsg != 0)
    lost = {"without coordinates": ~placed}
    crs = 0
    if placed.any():
        codes, position = np.unique(epsg[placed], return_inverse=True)
        crs = int(codes[np.argmax(np.bincount(position, weights=count[placed]))])
        here = placed & (epsg == crs)
        inside = here & _in_area(x, y, crs, source)
        lost["in another projection than the most"] = placed & ~here
        lost["outside the area of their projection"] = here & ~inside
        placed = inside
    notes = tuple(
        f"{int(count[rows].sum())} dwellings {why}" for why, rows in lost.items() if rows.any()
    )
    if not placed.any():
        raise BadInput(
            "no dwelling has coordinates that can be used",
            file=source,
            found="; ".join(notes),
            expected="X and Y in metres of the projection in EPSG, 2154 in metropolitan France",
        )
    return crs, placed, notes


def _by_point(
    points: dict[str, NDArray[Any]], places: list[tuple[str, str]], year: int | None, source: str
) -> Dwellings:
    """Count the dwellings at each point of the projection that most of them are in."""
    crs, placed, notes = _placed(points, source)
    x, y, place, count = (points[name][placed] for name in ("x", "y", "place", "count"))
    order = np.lexsort((place, x, y))
    x, y, place, count = x[order], y[order], place[order], count[order]
    new = (np.diff(x) != 0) | (np.diff(y) != 0) | (np.diff(place) != 0)
    first = np.concatenate([[0], np.flatnonzero(new) + 1])
    where = [places[number] for number in place[first].tolist()]
    return Dwellings(
        easting=x[first],
        northing=y[first],
        crs=crs,
        count=np.add.reduceat(count, first),
        commune=tuple(commune for commune, _ in where),
        iris=tuple(iris for _, iris in where),
        unplaced=int(points["count"][~placed].sum()),
        year=year,
        source=source,
        notes=notes,
    )


def _in_area(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: int, source: str
) -> NDArray[np.bool_]:
    """Whether coordinates lie where their projection, which must be one of metres, is used."""
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError

    try:
        system = CRS.from_epsg(crs)
    except CRSError:
        system = None
    if system is None or not system.is_projected:
        raise BadInput(
            "not the EPSG code of a projection in metres",
            file=source,
            column="EPSG",
            found=crs,
            expected="2154 in metropolitan France",
        )
    longitude, latitude = Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    return used_at(crs, longitude, latitude)


# --------------------------------------------------------------------------------------------------
# Counts


def _counts(table: ColumnTable, year: int | None, communes: frozenset[str] | None) -> HousingCounts:
    level = "iris" if "iris" in table.names else "commune"
    table.require([level], _COLUMNS)
    first: dict[str, int] = {}
    counts = []
    for columns in _chosen(table, ["iris", "commune", "count"], year, communes):
        codes = _iris_codes(columns) if level == "iris" else _texts_of(_commune_codes(columns))
        for position, code in enumerate(codes):
            if code in first:
                raise columns.error(
                    f"the same {level} comes twice",
                    level,
                    position,
                    found=f"{code}, also in row {first[code]}",
                )
            first[code] = int(columns.rows[position])
        counts.append(columns.numbers("count", 0, _MOST_DWELLINGS))
    count = np.concatenate(counts)
    if np.isnan(count).all():
        raise BadInput("no count at all", file=table.source, column=table.names["count"])
    return HousingCounts(tuple(first), count, level, year, table.source)


def _texts_of(labelled: tuple[list[str], NDArray[np.int64]]) -> list[str]:
    labels, index = labelled
    return [labels[number] for number in index.tolist()]


def _iris_codes(columns: Columns) -> list[str]:
    """Codes of nine characters; the four that count within a commune are put behind its code."""
    texts = columns.texts("iris", digits=9 if "commune" not in columns else 4)
    if "commune" in columns and all(_IRIS_IN_COMMUNE.fullmatch(text) for text in texts):
        communes = _texts_of(_commune_codes(columns))
        texts = [commune + text for commune, text in zip(communes, texts, strict=True)]
    for position, text in enumerate(texts):
        if not _IRIS.fullmatch(text):
            raise columns.error(
                "not the code of an IRIS",
                "iris",
                position,
                found=shortened(text) or "nothing",
                expected="9 characters, as 593500101",
            )
    return texts
