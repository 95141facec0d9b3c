"""Layouts of tile files: which one a header is, of which vintage.

They are (columns of INSEE's files, see ``docs/data.md``): Filosofi 2015, 2017, 2019 and 2021, and
the RFL 2010 release of La Réunion (tile centres in ``x`` and ``y``); and the inhabitants of the
250 m grid of Statistics Norway, a country to try the engine on that needs no incomes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zonage.errors import BadInput
from zonage.sources.tile_formats import Table
from zonage.variables import REGISTRY, VINTAGES, Kind

LATTICES = {
    3035: "metropolitan France",
    2975: "La Réunion",
    5490: "Martinique",
    2973: "Martinique in the RFL 2010 release",
}
"""Coordinate systems of INSEE's tiles, by EPSG code.

INSEE's documentation of its grids names the first two and the last; 5490, the legal system of
Martinique today, stands for its Filosofi files and is not confirmed by one.
"""

RFL_RESOLUTION = 200
"""Side in metres of the tiles of the RFL 2010 release, which gives their centres."""

SSB_CRS, SSB_RESOLUTION = 25833, 250
"""Lattice of the grid of Statistics Norway: ETRS89 / UTM zone 33N, in tiles of 250 m."""

SSB_PLACE = "SSBID0250M"
"""Its column of ids: easting + 2 000 000, then the northing in seven digits, in metres."""


def unknown_lattice(crs: int) -> BadInput:
    """Return the error of a CRS in which INSEE has no tiles."""
    return BadInput(
        "no lattice of INSEE's tiles",
        found=f"EPSG:{crs}",
        expected=", ".join(f"{code} ({place})" for code, place in LATTICES.items()),
    )


@dataclass(frozen=True, slots=True)
class _Layout:
    """The columns of a release: where a tile is, and what each variable is called.

    Without ``vintages`` the release comes every year in the same columns.
    """

    name: str
    vintages: tuple[int, ...]
    places: tuple[str, ...]
    columns: Mapping[str, str]

    @classmethod
    def of_filosofi(cls, name: str, vintages: tuple[int, ...], place: str) -> _Layout:
        named = {name: variable.column(vintages[0]) for name, variable in REGISTRY.items()}
        return cls(name, vintages, (place,), {key: text for key, text in named.items() if text})


_LAYOUTS = (
    _Layout.of_filosofi("Filosofi 2019 or 2021", (2019, 2021), "idcar_200m"),
    _Layout.of_filosofi("Filosofi 2017", (2017,), "Idcar_200m"),
    _Layout.of_filosofi("Filosofi 2015", (2015,), "IdINSPIRE"),
    _Layout(
        "RFL 2010",
        (2010,),
        ("x", "y"),
        {"households": "houhold", "poor_households": "phouhold"},
    ),
    _Layout("SSB 250 m grid", (), (SSB_PLACE,), {"population": "pop_tot"}),
)


@dataclass(frozen=True, slots=True)
class FoundLayout:
    """A layout as found in a file: its columns under the names that they have there."""

    name: str
    vintages: tuple[int, ...]
    places: tuple[str, ...]
    found: Mapping[str, str]
    missing: tuple[str, ...]


def recognise(table: Table) -> FoundLayout:
    """Match the header with the layouts, first as INSEE writes it, then whatever the case."""
    for same_case in (True, False):
        for layout in _LAYOUTS:
            places = [_find(name, table, same_case) for name in layout.places]
            found = {name: _find(text, table) for name, text in layout.columns.items()}
            known = {name: column for name, column in found.items() if column is not None}
            counted = [name for name in known if REGISTRY[name].kind is Kind.COUNT]
            if counted and all(places):
                return FoundLayout(
                    layout.name,
                    layout.vintages,
                    tuple(place for place in places if place is not None),
                    known,
                    tuple(text for name, text in layout.columns.items() if name not in known),
                )
    raise wrong_layout("no layout of INSEE's tiles that is known", table)


def _find(name: str, table: Table, same_case: bool = False) -> str | None:
    """Find a column by its name, or by its name in another case, if there is just one."""
    if table.columns.count(name) == 1:
        return name
    alike = [column for column in table.columns if column.lower() == name.lower()]
    if len(alike) > 1:
        raise BadInput(
            "a column comes twice", file=table.source, column=name, found=", ".join(alike)
        )
    return alike[0] if alike and not same_case else None


def wrong_layout(
    message: str, table: Table, layout: FoundLayout | None = None, wanted: Sequence[str] = ()
) -> BadInput:
    """Return the error of a header that fits no layout, or lacks what is wanted of its layout."""
    ids = "idcar_200m, Idcar_200m or IdINSPIRE, and columns such as ind, men, ind_snv"
    return BadInput(
        message,
        file=table.source,
        found="columns " + ", ".join(table.columns[:40]),
        expected=ids if layout is None else ", ".join(wanted),
        hint="columns with another name (a year behind it, say) must be renamed first",
    )


def vintage_of(layout: FoundLayout, table: Table, given: int | None) -> tuple[int | None, str]:
    """Return the year of the figures, or None, and how it is known."""
    if given is not None:
        # A copy may have lowered the columns of 2017, and later years may keep those of 2021.
        newest = layout.vintages[-1:] == VINTAGES[-1:]
        lowered = newest and (given == 2017 or given > VINTAGES[-1])
        if layout.vintages and given not in layout.vintages and not lowered:
            raise BadInput(
                "the header is not of the given vintage",
                file=table.source,
                found=f"the layout {layout.name}",
                expected=given,
            )
        return given, "given by the caller"
    if len(layout.vintages) == 1:
        return layout.vintages[0], "the header's columns are those of this vintage only"
    for text in reversed(table.names):
        years = {int(year) for year in re.findall(r"(?<!\d)20\d\d(?!\d)", text)}
        named = years.intersection(layout.vintages or years)
        if len(named) == 1 and not (years - named).intersection(VINTAGES):
            return named.pop(), f"the year in the name {text}; the header fits {layout.name}"
    return None, f"the header fits {layout.name}, and no file name says which"
