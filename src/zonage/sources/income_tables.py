"""Constants of the income estimate and the map between declared and disposable income."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from pathlib import Path

from zonage.errors import BadInput
from zonage.income import DeclaredDisposable, IncomeModel
from zonage.sources.references import poverty_line
from zonage.sources.tables import Row, data_folder, read_rows

_MODEL_COLUMNS = ("name", "value", "source")
_MAP_COLUMNS = ("year", "declared", "disposable", "sd", "source")
_NOT_FITTED = {
    "vintage",
    "poverty_line",
    "poverty_line_certainty",
    "poverty_line_source",
    "source",
}


def income_model(
    vintage: int, *, path: str | Path | None = None, lines: str | Path | None = None
) -> IncomeModel:
    """Read the constants of the income estimate, with the poverty line of a vintage.

    Parameters
    ----------
    vintage : int
        Year of the tiles.
    path, lines : str or Path, optional
        Tables to read in place of those that come with zonage, ``income_model.csv`` and
        ``poverty_lines.csv`` of ``data/reference``.

    Raises
    ------
    BadInput
        If there is no poverty line of that vintage, or a constant is missing, unknown, given twice
        or out of range.

    Examples
    --------
    >>> model = income_model(2021)
    >>> model.vintage, model.fitted, model.sigma
    (2021, 2019, 0.44)
    """
    if path is None and lines is None:
        return _packaged_model(vintage)
    return _read_model(vintage, path or _packaged("income_model.csv"), lines)


@lru_cache(maxsize=32)
def _packaged_model(vintage: int) -> IncomeModel:
    """Read the tables that come with zonage once: they do not change while it runs."""
    return _read_model(vintage, _packaged("income_model.csv"), None)


def _packaged(name: str) -> Path:
    return data_folder("reference") / name


def _read_model(vintage: int, path: str | Path, lines: str | Path | None) -> IncomeModel:
    line = poverty_line(vintage, lines)
    rows = _constants(path)
    values = {name: row.number_between("value", -1e6, 1e6) for name, row in rows.items()}
    try:
        return IncomeModel(
            vintage=vintage,
            poverty_line=line.line,
            poverty_line_certainty=line.certainty,
            poverty_line_source=line.source,
            fitted=int(values.pop("fitted")),
            source=rows["fitted"].text("source"),
            **values,
        )
    except BadInput as error:
        raise error.located(file=path) from None


def _constants(path: str | Path) -> dict[str, Row]:
    """The rows of the table of constants by name: each that the model has, once."""
    known = {constant.name for constant in fields(IncomeModel)} - _NOT_FITTED
    rows: dict[str, Row] = {}
    for row in read_rows(path, _MODEL_COLUMNS):
        name = row.text("name")
        if name not in known:
            raise row.error("unknown constant", "name", found=name)
        if name in rows:
            raise row.error("a constant given twice", "name", found=name)
        rows[name] = row
    if missing := known - rows.keys():
        raise BadInput(
            "missing constants", file=path, column="name", expected=", ".join(sorted(missing))
        )
    return rows


def declared_disposable(year: int, *, path: str | Path | None = None) -> DeclaredDisposable:
    """Read the map between declared and disposable income of a year.

    Parameters
    ----------
    year : int
        Year of the incomes. Without a map of that year the latest earlier one stands in for it,
        which the map says in `requested_year`.
    path : str or Path, optional
        Table to read in place of ``declared_disposable.csv`` of ``data/reference``.

    Raises
    ------
    BadInput
        If there is no map of that year or an earlier one, or its knots do not increase.

    Examples
    --------
    >>> conversion = declared_disposable(2019)
    >>> round(float(conversion.to_disposable(12800)), -1), conversion.requested_year
    (15550.0, None)
    """
    return _packaged_map(year) if path is None else _read_map(year, path)


@lru_cache(maxsize=32)
def _packaged_map(year: int) -> DeclaredDisposable:
    """Read the map that comes with zonage once: it does not change while it runs."""
    return _read_map(year, _packaged("declared_disposable.csv"))


def _read_map(year: int, path: str | Path) -> DeclaredDisposable:
    rows: dict[int, list[Row]] = {}
    for row in read_rows(path, _MAP_COLUMNS):
        rows.setdefault(int(row.number_between("year", 1900, 2200)), []).append(row)
    earlier = [known for known in rows if known <= year]
    if not earlier:
        raise BadInput(
            "no map between declared and disposable income for this year",
            file=path,
            column="year",
            found=year,
            expected=f"{min(rows)} or later" if rows else "at least one year",
        )
    nearest = max(earlier)
    try:
        return DeclaredDisposable(
            year=nearest,
            declared=_euros(rows[nearest], "declared"),
            disposable=_euros(rows[nearest], "disposable"),
            sd=_euros(rows[nearest], "sd"),
            source=rows[nearest][0].text("source"),
            requested_year=None if nearest == year else year,
        )
    except BadInput as error:
        raise error.located(file=path) from None


def _euros(rows: list[Row], column: str) -> tuple[float, ...]:
    return tuple(row.number_between(column, 1, 1e6) for row in rows)
