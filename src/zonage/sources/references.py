"""Median incomes and poverty lines, from small tables that name the source of every figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zonage.errors import BadInput
from zonage.law import Reference
from zonage.sources.tables import Row, data_folder, read_rows

_NATIONAL_COLUMNS = ("year", "concept", "median", "certainty", "source")
_UNIT_COLUMNS = (
    "code",
    "name",
    "population",
    "population_source",
    "declared_median",
    "disposable_median",
    "year",
    "certainty",
    "source",
)
_LINE_COLUMNS = ("vintage", "line", "certainty", "source")


@dataclass(frozen=True, slots=True)
class PovertyLine:
    """The line below which a vintage of the tiles counts a household as poor.

    Attributes
    ----------
    vintage : int
        Year of the incomes.
    line : float
        Disposable income per consumption unit, EUR a year.
    certainty : str
        ``"derived"`` from a published median, or ``"estimated"``.
    source : str
        Where it comes from.
    """

    vintage: int
    line: float
    certainty: str
    source: str


def read_reference(
    concept: str = "declared",
    year: int = 2019,
    *,
    national: str | Path | None = None,
    units: str | Path | None = None,
) -> Reference:
    """Read the median incomes of metropolitan France and of urban units.

    Parameters
    ----------
    concept : {"declared", "disposable"}
        Income per consumption unit that the medians measure.
    year : int
        Year of the incomes.
    national, units : str or Path, optional
        Tables to read in place of those that come with zonage, ``national_medians.csv`` and
        ``urban_units.csv`` of ``data/reference``.

    Returns
    -------
    Reference
        With the units of that year; a unit whose median is not known is in it without one.

    Raises
    ------
    BadInput
        If the tables hold no national median of that concept and year, or a value cannot be.

    Examples
    --------
    >>> reference = read_reference("disposable", 2019)
    >>> reference.national_median, reference.national_certainty
    (21930, 'published')
    """
    national = data_folder("reference") / "national_medians.csv" if national is None else national
    units = data_folder("reference") / "urban_units.csv" if units is None else units
    row = _national_row(national, concept, year)
    return Reference.from_rows(
        _unit_rows(units, concept, year),
        national_median=_euros(row, "median"),
        year=year,
        concept=concept,
        national_certainty=row.text("certainty"),
        national_source=row.text("source"),
        file=str(units),
    )


def poverty_line(vintage: int, path: str | Path | None = None) -> PovertyLine:
    """Return the line behind the poor households of a vintage of the tiles.

    Parameters
    ----------
    vintage : int
        Year of the tiles.
    path : str or Path, optional
        Table to read in place of ``poverty_lines.csv`` of ``data/reference``.

    Raises
    ------
    BadInput
        If the table has no line of that vintage.

    Examples
    --------
    >>> poverty_line(2019).line
    13158.0
    """
    path = data_folder("reference") / "poverty_lines.csv" if path is None else path
    known = []
    for row in read_rows(path, _LINE_COLUMNS):
        if row.whole("vintage") == vintage:
            return PovertyLine(
                vintage,
                row.number_between("line", 1, 1e6),
                row.text("certainty"),
                row.text("source"),
            )
        known.append(row["vintage"])
    raise BadInput(
        "no poverty line of this vintage",
        file=path,
        column="vintage",
        found=vintage,
        expected="one of " + ", ".join(known),
    )


def _national_row(path: str | Path, concept: str, year: int) -> Row:
    known = []
    for row in read_rows(path, _NATIONAL_COLUMNS):
        if (row["concept"], row.whole("year")) == (concept, year):
            return row
        known.append(f"{row['concept']} {row['year']}")
    raise BadInput(
        "no national median of this income and year",
        file=path,
        found=f"{concept} {year}",
        expected="one of " + ", ".join(known),
    )


def _unit_rows(path: str | Path, concept: str, year: int) -> Iterator[dict[str, object]]:
    """Iterate over the urban units as `Reference.from_rows` takes them."""
    for row in read_rows(path, _UNIT_COLUMNS):
        if row["year"] and row.whole("year") != year:
            continue
        median = _euros(row, f"{concept}_median") if row[f"{concept}_median"] else None
        origins = [row["source"], f"population: {row['population_source']}"]
        yield {
            "code": row["code"],
            "name": row["name"],
            "population": row.whole("population"),
            "median": median,
            "certainty": None if median is None else row["certainty"],
            "source": "; ".join(text for text in origins if text),
        }


def _euros(row: Row, column: str) -> int | float:
    """Return an income, as a whole number where it is one."""
    value = row.number_between(column, 1, 1e6)
    return int(value) if value.is_integer() else value
