"""Where schools are: positions by the number of the school (UAI), from several kinds of file.

- The national directory, ``fr-en-annuaire-education``: ``identifiant_de_l_etablissement,
  latitude, longitude``.
- ``fr-en-adresse-et-geolocalisation-etablissements-premier-et-second-degre``: ``numero_uai`` and
  ``latitude, longitude``, or ``coordonnee_x, coordonnee_y, epsg``.
- Any layer of points, or table with longitude and latitude, that names the UAI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.sources.column_tables import (
    Columns,
    ColumnTable,
    open_columns,
    plain_name,
    shortened_list,
)
from zonage.sources.vector_layers import checked_crs, open_layer, texts, used_at

UAI_NAMES = (
    "uai",
    "codeuai",
    "code_uai",
    "numero_uai",
    "identifiant_de_l_etablissement",
    "code_etablissement",
)
"""What the number of a school is called in the files."""

_COLUMNS = {
    "uai": UAI_NAMES,
    "longitude": ("longitude", "lon"),
    "latitude": ("latitude", "lat"),
    "x": ("coordonnee_x", "coordx", "x"),
    "y": ("coordonnee_y", "coordy", "y"),
    "epsg": ("epsg", "code_epsg"),
}
_VECTOR = (".geojson", ".gpkg", ".shp")
_FAR_M = 300
"""Metres from which two positions of one school contradict each other: more than a school's own
extent and the precision of an address."""

_TERRITORIES = {
    "971": 5490,
    "972": 5490,
    "973": 2972,
    "974": 2975,
    "975": 4467,
    "976": 4471,
    "977": 5490,
    "978": 5490,
    "986": 8903,
    "987": 4687,
    "988": 3163,
}
"""EPSG code of the legal reference system of each overseas territory, by the start of the codes of
its communes: its area of use is where a school of that territory must be."""

_METROPOLITAN = 2154


@dataclass(frozen=True, eq=False)
class Positions:
    """Positions of schools as a file gives them.

    Attributes
    ----------
    place : mapping of str to (float, float)
        Longitude and latitude in degrees (WGS 84) by UAI.
    row : mapping of str to int
        Row of the file by UAI, from 1.
    notes : tuple of str
        What is doubtful in the file.
    source : str
        The file.
    """

    place: Mapping[str, tuple[float, float]]
    row: Mapping[str, int]
    notes: tuple[str, ...]
    source: str


def read_positions(path: str | Path, communes: Mapping[str, str]) -> Positions:
    """Read the positions of some schools.

    Parameters
    ----------
    path : str or Path
        A table (CSV, Parquet, JSON records) or a layer of points (GeoJSON, GeoPackage, shapefile).
    communes : mapping of str to str
        Code of the commune of each wanted school by its UAI.

    Raises
    ------
    BadInput
        If the file cannot be read, has no UAI or no position, or a wanted school lies off the
        earth or outside the territory of its commune (longitude and latitude swapped, say).
    """
    path = Path(path)
    layer = path.suffix.lower() in _VECTOR or (path.suffix.lower() == ".json" and _is_layer(path))
    source, uai, longitude, latitude = _read_layer(path) if layer else _read_table(path)
    known = np.isfinite(longitude) & np.isfinite(latitude)
    rows = [row for row in np.flatnonzero(known).tolist() if uai[row] in communes]
    _check_places(source, rows, uai, longitude, latitude, communes)
    place: dict[str, tuple[float, float]] = {}
    first_row: dict[str, int] = {}
    notes = []
    for row in rows:
        here = float(longitude[row]), float(latitude[row])
        if uai[row] not in place:
            place[uai[row]] = here
            first_row[uai[row]] = row + 1
        elif (far := distance_m(place[uai[row]], here)) > _FAR_M:
            notes.append(
                f"{source}: {uai[row]} is in rows {first_row[uai[row]]} and {row + 1}, "
                f"{far:.0f} m apart; the first is taken"
            )
    return Positions(place, first_row, tuple(notes), source)


def contradictions(first: Positions, second: Positions) -> list[str]:
    """Return a note for each school that two files place far from each other."""
    return [
        f"{uai} lies {far:.0f} m from its place in {first.source} by {second.source}; "
        "the first is taken"
        for uai, place in second.place.items()
        if uai in first.place and (far := distance_m(first.place[uai], place)) > _FAR_M
    ]


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance in metres of two places given by longitude and latitude in degrees.

    Examples
    --------
    >>> round(distance_m((3.0, 50.0), (3.0, 50.01)))
    1112
    """
    from pyproj import Geod

    return float(Geod(ellps="GRS80").inv(*one, *other)[2])


def _is_layer(path: Path) -> bool:
    """Whether a JSON file is GeoJSON and not a list of records."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


_Read = tuple[str, list[str], NDArray[np.float64], NDArray[np.float64]]


def _read_layer(path: Path) -> _Read:
    """Source, UAI, longitude and latitude of the points of a layer."""
    import shapely
    from geopandas import GeoSeries

    file = str(path)
    with open_layer(path) as layer:
        by_name = {plain_name(field): field for field in layer.fields}
        field = next((by_name[n] for n in map(plain_name, UAI_NAMES) if n in by_name), None)
        if field is None:
            raise BadInput(
                "the layer does not name the schools",
                file=file,
                found="attributes " + shortened_list(layer.fields),
                expected=" or ".join(UAI_NAMES),
            )
        frame = layer.read([field])
    uai = [text.upper() for text in texts(frame[field], field, file)]
    shapes = frame.geometry.to_numpy()
    placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    for row in np.flatnonzero(placed).tolist():
        if shapely.get_type_id(shapes[row]) != shapely.GeometryType.POINT:
            raise BadInput(
                "not a point", file=file, row=row + 1, found=f"{uai[row]}: {shapes[row].geom_type}"
            )
    longitude, latitude = np.full((2, len(uai)), np.nan)
    if placed.any():
        crs = checked_crs(frame.crs, shapely.total_bounds(shapes[placed]), file)
        points = GeoSeries(shapes[placed], crs=crs).to_crs(4326)
        longitude[placed], latitude[placed] = points.x, points.y
    return file, uai, longitude, latitude


def _read_table(path: Path) -> _Read:
    """Source, UAI, longitude and latitude of the rows of a table."""
    with open_columns(path, _COLUMNS) as table:
        table.require(["uai"], _COLUMNS)
        if {"longitude", "latitude"} <= table.names.keys():
            columns = table.read(["uai", "longitude", "latitude"])
            longitude = columns.numbers("longitude", -180, 180)
            latitude = columns.numbers("latitude", -90, 90)
        elif {"x", "y", "epsg"} <= table.names.keys():
            columns = table.read(["uai", "x", "y", "epsg"])
            longitude, latitude = _in_degrees(columns)
        else:
            raise _no_position(table)
    return table.source, [text.upper() for text in columns.texts("uai")], longitude, latitude


def _no_position(table: ColumnTable) -> BadInput:
    return BadInput(
        "the table does not say where the schools are",
        file=table.source,
        found="columns " + shortened_list(table.header),
        expected="longitude and latitude, or coordonnee_x, coordonnee_y and epsg",
    )


def _in_degrees(columns: Columns) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude of coordinates in metres, each in the projection that its row says."""
    from pyproj import Transformer
    from pyproj.exceptions import CRSError

    x, y = (columns.numbers(axis, -1e8, 1e8) for axis in ("x", "y"))
    labels = [
        text.upper().removeprefix("EPSG:").removesuffix(".0") for text in columns.texts("epsg")
    ]
    longitude, latitude = np.full((2, len(x)), np.nan)
    for label in sorted(set(labels) - {""}):
        rows = np.array([own == label for own in labels])
        try:
            to_degrees = Transformer.from_crs(int(float(label)), 4326, always_xy=True)
        except (CRSError, ValueError, OverflowError):
            raise columns.error(
                "not an EPSG code", "epsg", labels.index(label), found=label
            ) from None
        known = rows & np.isfinite(x) & np.isfinite(y)
        longitude[known], latitude[known] = to_degrees.transform(x[known], y[known])
    return longitude, latitude


def _check_places(
    source: str,
    rows: list[int],
    uai: list[str],
    longitude: NDArray[np.float64],
    latitude: NDArray[np.float64],
    communes: Mapping[str, str],
) -> None:
    """Check that schools lie in the territory of their commune."""
    for row in rows:
        east, north = float(longitude[row]), float(latitude[row])
        prefix = communes[uai[row]][:3]
        if in_territory(prefix, east, north):
            continue
        swapped = in_territory(prefix, north, east)
        raise BadInput(
            "longitude and latitude are swapped" if swapped else "a school outside its territory",
            file=source,
            row=row + 1,
            found=f"{uai[row]} at longitude {east:.5f}, latitude {north:.5f}",
            expected="longitude 2 to 4 and latitude 50 to 51 around Lille, say"
            if swapped
            else f"a place in the territory of commune {communes[uai[row]]}",
        )


def in_territory(commune: str, longitude: float, latitude: float) -> bool:
    """Whether a place is where communes of a code, or of the start of one, can be.

    Examples
    --------
    >>> in_territory("59350", 3.06, 50.63), in_territory("974", 3.06, 50.63)
    (True, False)
    """
    return bool(used_at(_TERRITORIES.get(commune[:3], _METROPOLITAN), longitude, latitude))
