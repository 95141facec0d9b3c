"""Schools with their social position index (IPS): écoles and collèges, and where they are.

Files of the Direction de l'évaluation, de la prospective et de la performance (DEPP), ``fr-en-ips-
ecoles-ap2022``, ``fr-en-ips-colleges-ap2022`` and those that follow them: one row a school and
*rentrée* (the school year), all years since the first one in each file. Nursery schools have no
IPS. The series breaks in 2022-2023: years before and after cannot be held side by side.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.sources.column_tables import Columns, ColumnTable, open_columns, plain_name
from zonage.sources.school_list import FIRST_OF_SERIES, Schools, merge, place_by_commune
from zonage.sources.school_positions import UAI_NAMES, contradictions, read_positions
from zonage.sources.tile_columns import COMMUNE_CODES, is_missing, plain_column
from zonage.sources.tile_formats import shortened

__all__ = ["FIRST_OF_SERIES", "Schools", "merge", "place_by_commune", "read_schools"]

ECOLE, COLLEGE = "ecole", "college"

LOWEST_IPS, HIGHEST_IPS = 30.0, 190.0
"""Bounds of an index: the scale of pupils goes from about 38 to 179, and a school is a mean of
pupils."""

HIGHEST_SPREAD = 75.0
"""Bound of a standard deviation: half the length of the scale."""

MOST_PUPILS = 10_000.0

_COLUMNS = {
    "year": ("rentree_scolaire", "rentree", "annee_scolaire"),
    "uai": UAI_NAMES,
    "name": ("nom_de_l_etablissement", "nom_de_l_etablissment", "nom_etablissement", "nom"),
    "commune": ("code_insee_de_la_commune", "code_insee", "code_commune", "codgeo"),
    "sector": ("secteur", "statut_public_prive"),
    "pupils": ("effectifs", "effectif"),
    "ips": ("ips",),
    "spread": ("ecart_type_de_l_ips", "ecart_type_ips"),
    "lycee": ("ips_etab", "ips_voie_gt", "ips_ensemble_gt_pro"),
}
_REQUIRED = ("uai", "name", "commune", "sector", "pupils", "ips")
_RENTREE = re.compile(r"(\d{4})(?:\s*[-/]\s*(\d{4}|\d{2}))?", re.ASCII)
_UAI = re.compile(r"(\d{7})([A-Z])", re.ASCII)
_UAI_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def read_schools(
    path: str | Path,
    *,
    positions: Sequence[str | Path] = (),
    year: str | None = None,
    communes: Collection[str] | None = None,
) -> Schools:
    """Read the schools of a file of the DEPP, of one rentrée.

    Parameters
    ----------
    path : str or Path
        CSV (semicolon or comma), Parquet or JSON export of ``fr-en-ips-ecoles-*`` or
        ``fr-en-ips-colleges-*``, plain or in an archive. A file with a standard deviation of the
        index, or whose schools are mostly called collège, is one of collèges.
    positions : sequence of str or Path
        Files that say where schools are (see :mod:`zonage.sources.school_positions`). The first
        that knows a school decides; those that contradict it are noted. Schools that none knows
        are kept, without a place.
    year : str, optional
        The rentrée, ``"2022-2023"`` or ``"2022"``; by default the newest of the file. For a file
        that has no column of years, the year that it is of.
    communes : collection of str, optional
        Official codes of the communes whose schools are wanted.

    Raises
    ------
    BadInput
        With row and column, where a value cannot be; if the year is not in the file, a school
        comes twice in it, no index at all is published, or no school is in the communes.

    Examples
    --------
    >>> schools = read_schools("fr-en-ips-ecoles-ap2022.csv")          # doctest: +SKIP
    >>> schools.select(schools.placed).located(3035)                   # doctest: +SKIP
    """
    with open_columns(path, _COLUMNS) as table:
        _check_header(table)
        columns = table.read([*_REQUIRED, "year", "spread"])
    level = _level(columns)
    rentree, of_year = _of_year(columns, year)
    columns = columns.take(of_year)
    if len(columns) and is_missing(plain_column(columns.batch, columns.names["ips"])).all():
        raise BadInput(
            "no school has an index",
            file=columns.source,
            column=columns.names["ips"],
            found=f"{len(columns)} schools of {rentree}",
        )
    if communes is not None:
        columns = columns.take(np.isin(columns.texts("commune", digits=5), list(communes)))
    if len(columns) == 0:
        raise BadInput(
            "no school of the file is in the selection",
            file=columns.source,
            column=columns.names["commune"],
            expected=f"schools of {rentree} in {len(communes or ())} communes",
        )
    return _placed(_schools(columns, rentree, level), positions)


def _check_header(table: ColumnTable) -> None:
    if "ips" not in table.names and "lycee" in table.names:
        raise BadInput(
            "a file of lycées, which draw pupils from far beyond a quarter",
            file=table.source,
            column=table.names["lycee"],
            expected="écoles or collèges",
        )
    table.require(_REQUIRED, _COLUMNS)


def _level(columns: Columns) -> str:
    """Whether a file is one of collèges or of écoles, by its columns, else by the names."""
    if "spread" in columns:
        return COLLEGE
    names = [plain_name(name) for name in columns.texts("name")]
    colleges = sum(name.startswith(("college", "clg")) for name in names)
    return COLLEGE if 2 * colleges > len(names) else ECOLE


def _of_year(columns: Columns, year: str | None) -> tuple[str, NDArray[np.bool_]]:
    """The rentrée to read, and which rows are of it."""
    asked = None if year is None else _rentree(year)
    if year is not None and asked is None:
        raise BadInput("not a rentrée", found=year, expected="such as 2022-2023")
    if "year" not in columns:
        if asked is None:
            raise BadInput(
                "the file does not say of which rentrée it is",
                file=columns.source,
                expected=" or ".join(_COLUMNS["year"]),
                hint="say it with year=",
            )
        return asked, np.ones(len(columns), np.bool_)
    texts = columns.texts("year")
    known = {text: _rentree(text) for text in dict.fromkeys(texts)}
    for text, rentree in known.items():
        if rentree is None:
            row = texts.index(text)
            raise columns.error(
                "not a rentrée", "year", row, found=shortened(text), expected="such as 2022-2023"
            )
    present = sorted({rentree for rentree in known.values() if rentree is not None})
    chosen = present[-1] if asked is None else asked
    if chosen not in present:
        raise BadInput(
            "the rentrée is not in the file",
            file=columns.source,
            column=columns.names["year"],
            found=chosen,
            expected=" or ".join(present),
        )
    return chosen, np.array([known[text] == chosen for text in texts])


def _rentree(text: str) -> str | None:
    """Return a school year as the DEPP writes it, None if it is not one.

    Examples
    --------
    >>> _rentree("2022"), _rentree("2022-23"), _rentree("2022-2024")
    ('2022-2023', '2022-2023', None)
    """
    match = _RENTREE.fullmatch(text.strip())
    if match is None:
        return None
    first, second = int(match[1]), match[2]
    if second is not None and not str(first + 1).endswith(second):
        return None
    return f"{first}-{first + 1}"


def _schools(columns: Columns, year: str, level: str) -> Schools:
    """Check the rows of a rentrée, which has no places yet."""
    count = len(columns)
    ips = columns.numbers("ips", LOWEST_IPS, HIGHEST_IPS)
    spread = np.full(count, np.nan)
    if "spread" in columns:
        spread = columns.numbers("spread", 0, HIGHEST_SPREAD)
    return Schools(
        uai=tuple(_uai(columns)),
        name=tuple(columns.texts("name")),
        commune=tuple(_communes(columns)),
        level=(level,) * count,
        private=_private(columns),
        pupils=columns.numbers("pupils", 0, MOST_PUPILS),
        ips=ips,
        spread=spread,
        longitude=np.full(count, np.nan),
        latitude=np.full(count, np.nan),
        year=year,
        source=columns.source,
    )


def _uai(columns: Columns) -> list[str]:
    """Numbers of the schools, each once, with the letter that checks its digits."""
    first: dict[str, int] = {}
    for position, text in enumerate(columns.texts("uai")):
        uai = text.upper()
        match = _UAI.fullmatch(uai)
        if match is None or _UAI_LETTERS[int(match[1]) % len(_UAI_LETTERS)] != match[2]:
            raise columns.error(
                "not the number of a school",
                "uai",
                position,
                found=shortened(text) or "nothing",
                expected="seven digits and the letter that checks them, as 0590005K",
            )
        if uai in first:
            raise columns.error(
                "a school comes twice in one rentrée",
                "uai",
                position,
                found=f"{uai}, also in row {columns.rows[first[uai]]}",
            )
        first[uai] = position
    return list(first)


def _communes(columns: Columns) -> list[str]:
    codes = columns.texts("commune", digits=5)
    for position, code in enumerate(codes):
        if len(code) != 5 or not COMMUNE_CODES.fullmatch(code):
            raise columns.error(
                "not the code of a commune",
                "commune",
                position,
                found=shortened(code) or "nothing",
                expected="5 characters, as 59350 or 2A004",
                hint="a zero may have been lost at the start: codes are text, not numbers",
            )
    return codes


def _private(columns: Columns) -> NDArray[np.bool_]:
    texts = columns.texts("sector")
    starts = {text: plain_name(text)[:4] for text in dict.fromkeys(texts)}
    for text, start in starts.items():
        if start not in ("publ", "priv"):
            raise columns.error(
                "neither public nor private",
                "sector",
                texts.index(text),
                found=shortened(text) or "nothing",
                expected="public, or privé sous contrat",
            )
    return np.array([starts[text] == "priv" for text in texts])


def _placed(schools: Schools, files: Sequence[str | Path]) -> Schools:
    """Put the schools where the first file that knows them says."""
    if not files:
        return schools
    communes = dict(zip(schools.uai, schools.commune, strict=True))
    read = [read_positions(file, communes) for file in files]
    notes = [note for positions in read for note in positions.notes]
    for number, positions in enumerate(read):
        for earlier in read[:number]:
            notes += contradictions(earlier, positions)
    place = {uai: at for positions in reversed(read) for uai, at in positions.place.items()}
    known = np.array([place.get(uai, (np.nan, np.nan)) for uai in schools.uai])
    return replace(
        schools,
        longitude=known[:, 0],
        latitude=known[:, 1],
        source=", ".join([schools.source, *(positions.source for positions in read)]),
        notes=(*schools.notes, *notes),
    )
