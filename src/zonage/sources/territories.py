"""Communes, the EPCI and urban units that they belong to, and where tiles lie among them.

Sources:

- decoupage-administratif (``communes.json``, ``epci.json``): communes of the official geographic
  code with their population, EPCI with their members;
- INSEE, composition of urban units 2020 (xlsx, sheet ``Composition_communale``, header on row 6);
- outlines of communes (any polygon layer with ``code`` and ``nom``);
- the project's own compact csv: ``code, name, population, epci, urban_unit, urban_unit_name``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput, nearest
from zonage.sources.perimeters import Perimeters, read_perimeters
from zonage.sources.tables import read_rows
from zonage.tiles import Codes, Tiles

OUTSIDE_ANY_UNIT = "HORS UNITE URBAINE"
"""INSEE's type of the communes that are in no urban unit; their unit code is a filler."""

_UNIT_SHEET = "Composition_communale"
_UNIT_HEADER_ROW = 6
_UNIT_COLUMNS = ("CODGEO", "LIBGEO", "UU2020", "LIBUU2020", "TYPE_COM")
_CSV_COLUMNS = ("code", "name", "population", "epci", "urban_unit", "urban_unit_name")


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune and what it belongs to.

    Attributes
    ----------
    code, name : str
        Official geographic code, and name.
    population : int or None
        Inhabitants; None where not known.
    epci, urban_unit : str
        Codes; empty where there is none or it is not known.
    """

    code: str
    name: str
    population: int | None = None
    epci: str = ""
    urban_unit: str = ""


@dataclass(frozen=True, eq=False)
class Territories:
    """Communes with their EPCI and urban unit.

    Attributes
    ----------
    communes : mapping of str to Commune
        By code.
    former : mapping of str to str
        The commune of today for codes that are no communes (any more): merged communes, delegated
        communes, the arrondissements of Paris, Lyon and Marseille.
    epci_names, unit_names : mapping of str to str
        Names by code; empty where the source gives none.
    whole_units : bool
        Whether every commune of each urban unit is in the table, so that populations of units are
        sums over it.
    outlines : Perimeters or None
        Outlines of communes.
    """

    communes: Mapping[str, Commune]
    former: Mapping[str, str] = field(default_factory=dict)
    epci_names: Mapping[str, str] = field(default_factory=dict)
    unit_names: Mapping[str, str] = field(default_factory=dict)
    whole_units: bool = False
    outlines: Perimeters | None = None

    @cached_property
    def urban_unit_of(self) -> Mapping[str, str]:
        """Urban unit by code of commune, former codes included; absent outside any unit."""
        units = {code: item.urban_unit for code, item in self.communes.items() if item.urban_unit}
        for old, now in self.former.items():
            if now in units:
                units.setdefault(old, units[now])
        return MappingProxyType(units)

    @cached_property
    def unit_populations(self) -> Mapping[str, int]:
        """Inhabitants by urban unit, for units that are whole and whose communes all have one."""
        if not self.whole_units:
            return MappingProxyType({})
        sums: dict[str, int] = {}
        unknown = set()
        for commune in self.communes.values():
            if commune.population is None:
                unknown.add(commune.urban_unit)
            else:
                sums[commune.urban_unit] = sums.get(commune.urban_unit, 0) + commune.population
        return MappingProxyType(
            {unit: total for unit, total in sums.items() if unit and unit not in unknown}
        )

    def communes_of(
        self, *, epci: str | None = None, urban_unit: str | None = None
    ) -> tuple[str, ...]:
        """Return the codes of the communes of an EPCI, of an urban unit, or of both at once.

        Raises
        ------
        BadInput
            If no commune belongs to it, with the nearest codes and names.

        Examples
        --------
        >>> lille = Commune("59350", "Lille", 238246, "200093201", "59702")
        >>> Territories({"59350": lille}).communes_of(urban_unit="59702")
        ('59350',)
        """
        chosen: Iterable[Commune] = self.communes.values()
        for kind, code, names in (
            ("epci", epci, self.epci_names),
            ("urban_unit", urban_unit, self.unit_names),
        ):
            if code is None:
                continue
            known = {getattr(commune, kind) for commune in self.communes.values()} - {""}
            if code not in known:
                raise BadInput(
                    f"no commune belongs to this {kind.replace('_', ' ')}",
                    found=code,
                    hint=_nearest_unit(code, {key: names.get(key, "") for key in known}),
                )
            chosen = [commune for commune in chosen if getattr(commune, kind) == code]
        return tuple(sorted(commune.code for commune in chosen))

    def locate(self, tiles: Tiles) -> Tiles:
        """Return the tiles with their commune and urban unit.

        A tile keeps the commune that it has. A tile without one gets the commune whose outline
        holds its centre, if there are outlines. The urban unit is that of the commune, and
        unknown where the commune belongs to none.

        Parameters
        ----------
        tiles : Tiles
            The tiles.
        """
        commune = tiles.commune
        missing = np.flatnonzero(commune.index < 0)
        if len(missing) and self.outlines is not None:
            codes = commune.decode().astype(object)
            codes[missing] = self._communes_at(tiles, missing)
            commune = Codes.encode(codes.astype(str))
        return tiles.located(commune=commune, urban_unit=commune.translate(self.urban_unit_of))

    def _communes_at(self, tiles: Tiles, which: NDArray[np.intp]) -> NDArray[np.object_]:
        """Return the code of the outline that holds each tile's centre, empty where none does."""
        import shapely

        assert self.outlines is not None
        shapes = self.outlines.table.to_crs(tiles.crs).geometry.to_numpy()
        centres = shapely.points(
            (tiles.easting[which] + 0.5) * tiles.resolution,
            (tiles.northing[which] + 0.5) * tiles.resolution,
        )
        point, outline = shapely.STRtree(shapes).query(centres, predicate="intersects")
        codes = np.array(self.outlines.codes, dtype=object)[outline]
        found = np.full(len(which), "", dtype=object)
        order = np.argsort(codes, kind="stable")[::-1]  # on a shared border the lowest code stays
        found[point[order]] = codes[order]
        return found


def read_territories(
    communes: str | Path,
    *,
    epci: str | Path | None = None,
    urban_units: str | Path | None = None,
    outlines: str | Path | None = None,
) -> Territories:
    """Read communes, and what is known of their EPCI, urban units and outlines.

    Parameters
    ----------
    communes : str or Path
        ``communes.json`` of decoupage-administratif, or the project's compact csv.
    epci : str or Path, optional
        ``epci.json`` of decoupage-administratif.
    urban_units : str or Path, optional
        INSEE's xlsx of the composition of urban units 2020.
    outlines : str or Path, optional
        A layer of commune outlines with the attributes ``code`` and ``nom``.

    Raises
    ------
    BadInput
        If a file is not in its layout, a code comes twice or a population is no whole number.

    Examples
    --------
    >>> territories = read_territories("data/demo/communes.csv")      # doctest: +SKIP
    >>> len(territories.communes_of(epci="200093201"))                # doctest: +SKIP
    95
    """
    csv = Path(communes).suffix.lower() == ".csv"
    territories = _from_csv(communes) if csv else _from_json(communes)
    if epci is not None:
        territories = _with_epci(territories, epci)
    if urban_units is not None:
        territories = _with_urban_units(territories, urban_units)
    if outlines is not None:
        layer = read_perimeters(outlines, code="code", name="nom")
        territories = replace(territories, outlines=layer)
    return territories


def _nearest_unit(word: str, names: Mapping[str, str]) -> str | None:
    """Return a hint: the units whose code or name holds a word, or else resembles it."""
    by_word: dict[str, str] = {}
    for code, name in names.items():
        label = f"{code} ({name})" if name else code
        by_word[code] = label
        by_word[name.lower()] = label
    word = word.lower()
    near = [key for key in sorted(by_word) if word in key][:3]
    near = near or nearest(word, by_word)
    return "nearest: " + ", ".join(dict.fromkeys(by_word[key] for key in near)) if near else None


# --------------------------------------------------------------------------------------------------
# The compact csv


def _from_csv(path: str | Path) -> Territories:
    communes: dict[str, Commune] = {}
    unit_names: dict[str, str] = {}
    for row in read_rows(path, _CSV_COLUMNS):
        code = row.text("code")
        if code in communes:
            raise row.error("the same commune comes twice", "code", found=code)
        communes[code] = Commune(
            code, row.text("name"), row.whole("population"), row["epci"], row["urban_unit"]
        )
        if row["urban_unit"]:
            unit_names[row["urban_unit"]] = row["urban_unit_name"]
    if not communes:
        raise BadInput("no commune in the table", file=path)
    return Territories(MappingProxyType(communes), unit_names=MappingProxyType(unit_names))


# --------------------------------------------------------------------------------------------------
# decoupage-administratif


def _records(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Iterate over number and content of the records of a JSON list."""
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
    except OSError as error:
        raise BadInput("cannot be read", file=path, found=error.strerror) from None
    except (ValueError, RecursionError) as error:
        raise BadInput("not a JSON file", file=path, found=error) from None
    if not isinstance(data, list) or not data:
        raise BadInput("not a list of records", file=path, found=type(data).__name__)
    for number, record in enumerate(data, start=1):
        if not isinstance(record, dict):
            raise BadInput("not a record", file=path, row=number, found=repr(record)[:80])
        yield number, record


def _key(record: dict[str, Any], key: str, kind: type, path: str | Path, number: int) -> Any:
    value = record.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BadInput(
            "missing or of the wrong type",
            file=path,
            row=number,
            column=key,
            found=repr(value)[:80],
            expected=kind.__name__,
        )
    return value


def _from_json(path: str | Path) -> Territories:
    communes: dict[str, Commune] = {}
    former: dict[str, str] = {}
    for number, record in _records(path):
        code = _key(record, "code", str, path, number)
        if record.get("type", "commune-actuelle") != "commune-actuelle":
            today = record.get("chefLieu", record.get("commune"))
            if isinstance(today, str) and today != code:
                former.setdefault(code, today)
            continue
        if code in communes:
            raise BadInput(
                "the same commune comes twice", file=path, row=number, column="code", found=code
            )
        population = None
        if "population" in record:
            population = _key(record, "population", int, path, number)
            if population < 0:
                raise BadInput(
                    "negative population",
                    file=path,
                    row=number,
                    column="population",
                    found=population,
                )
        communes[code] = Commune(code, _key(record, "nom", str, path, number), population)
        for old in record.get("anciensCodes", []):
            former[str(old)] = code
    for code in communes:
        former.pop(code, None)
    return Territories(MappingProxyType(communes), MappingProxyType(former))


def _with_epci(territories: Territories, path: str | Path) -> Territories:
    communes = dict(territories.communes)
    names: dict[str, str] = {}
    for number, record in _records(path):
        code = _key(record, "code", str, path, number)
        names[code] = _key(record, "nom", str, path, number)
        for member in _key(record, "membres", list, path, number):
            commune = member.get("code") if isinstance(member, dict) else None
            if not isinstance(commune, str):
                raise BadInput(
                    "a member without a code",
                    file=path,
                    row=number,
                    column="membres",
                    found=repr(member)[:80],
                )
            if commune in communes:
                communes[commune] = replace(communes[commune], epci=code)
    return replace(
        territories, communes=MappingProxyType(communes), epci_names=MappingProxyType(names)
    )


# --------------------------------------------------------------------------------------------------
# Urban units


def _with_urban_units(territories: Territories, path: str | Path) -> Territories:
    """Add the units; communes that merged since then are those of today."""
    names: dict[str, str] = {}
    unit_of: dict[str, str] = {}
    for number, (code, _, unit, unit_name, kind) in enumerate(_unit_rows(path), start=1):
        if kind == OUTSIDE_ANY_UNIT:
            continue
        if not code or not unit:
            raise BadInput("a row without codes", file=path, row=number, found=(code, unit))
        if code in unit_of:
            raise BadInput(
                "the same commune comes twice", file=path, row=number, column="CODGEO", found=code
            )
        names[unit] = unit_name
        unit_of[code] = unit
    for old, unit in list(unit_of.items()):
        unit_of.setdefault(territories.former.get(old, old), unit)
    communes = {
        code: replace(commune, urban_unit=unit_of.get(code, ""))
        for code, commune in territories.communes.items()
    }
    return replace(
        territories,
        communes=MappingProxyType(communes),
        unit_names=MappingProxyType(names),
        whole_units=True,
    )


def _unit_rows(path: str | Path) -> Iterator[tuple[str, ...]]:
    """Iterate over the texts of the wanted columns."""
    import zipfile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except OSError as error:
        raise BadInput("cannot be read", file=path, found=error.strerror) from None
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BadInput("not an xlsx workbook", file=path, found=error) from None
    try:
        if _UNIT_SHEET not in book.sheetnames:
            raise BadInput(
                "no such sheet", file=path, found=", ".join(book.sheetnames), expected=_UNIT_SHEET
            )
        rows = book[_UNIT_SHEET].iter_rows(min_row=_UNIT_HEADER_ROW, values_only=True)
        header = [str(value) for value in next(rows, ())]
        for column in _UNIT_COLUMNS:
            if column not in header:
                raise BadInput(
                    "missing column",
                    file=path,
                    column=column,
                    found=", ".join(header),
                    expected=f"the header on row {_UNIT_HEADER_ROW} of sheet {_UNIT_SHEET}",
                )
        places = [header.index(column) for column in _UNIT_COLUMNS]
        for row in rows:
            yield tuple("" if row[place] is None else str(row[place]).strip() for place in places)
    finally:
        book.close()
