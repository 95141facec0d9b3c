"""Schools with their social position index (IPS) and their place, as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zonage.errors import BadInput
from zonage.sources.column_tables import shortened_list
from zonage.sources.school_positions import in_territory

FIRST_OF_SERIES = "2022-2023"
"""Rentrée from which the index is computed in another way (DEPP); earlier years are another
series."""

_TEXTS = ("uai", "name", "commune", "level")
_ARRAYS = ("private", "pupils", "ips", "spread", "longitude", "latitude", "approximate")


@dataclass(frozen=True, eq=False)
class Schools:
    """Schools of one rentrée.

    Attributes
    ----------
    uai, name : tuple of str, length n
        Number and name of each school.
    commune : tuple of str
        Official code of its commune.
    level : tuple of str
        ``"ecole"`` or ``"college"``.
    private : bool array, shape (n,)
        Whether it is private (under contract with the State).
    pupils : float64 array
        Pupils, NaN where unknown.
    ips : float64 array
        Mean index of the pupils, without unit, NaN where the DEPP publishes none.
    spread : float64 array
        Standard deviation of the index among the pupils, published for collèges only, else NaN.
    longitude, latitude : float64 array
        Degrees (WGS 84), NaN where no file says where the school is.
    year : str
        The rentrée, such as ``"2022-2023"``; several, joined by ", ", where files end in
        different years.
    source : str
        The files.
    approximate : bool array
        Whether the position is only that of the commune (`place_by_commune`).
    notes : tuple of str
        What is doubtful in the files: schools that two files place far from each other.
    """

    uai: tuple[str, ...]
    name: tuple[str, ...]
    commune: tuple[str, ...]
    level: tuple[str, ...]
    private: NDArray[np.bool_]
    pupils: NDArray[np.float64]
    ips: NDArray[np.float64]
    spread: NDArray[np.float64]
    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    year: str
    source: str
    approximate: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.approximate) != len(self.uai):
            object.__setattr__(self, "approximate", np.zeros(len(self.uai), np.bool_))

    def __len__(self) -> int:
        return len(self.uai)

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Whether the place of each school is known, shape (n,)."""
        return np.isfinite(self.longitude) & np.isfinite(self.latitude)

    @property
    def unplaced(self) -> tuple[str, ...]:
        """Number and name of the schools whose place is not known."""
        return tuple(self._titles(~self.placed))

    @property
    def without_ips(self) -> tuple[str, ...]:
        """Number and name of the schools whose index is not published."""
        return tuple(self._titles(np.isnan(self.ips)))

    def _titles(self, mask: NDArray[np.bool_]) -> list[str]:
        return [f"{self.uai[i]} {self.name[i]}" for i in np.flatnonzero(mask).tolist()]

    def located(self, crs: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return easting and northing in metres of an EPSG code, NaN where not placed.

        Raises
        ------
        BadInput
            If a school cannot be placed in that projection.
        """
        from pyproj import Transformer

        placed = self.placed
        easting, northing = np.full((2, len(self)), np.nan)
        transform = Transformer.from_crs(4326, crs, always_xy=True)
        easting[placed], northing[placed] = transform.transform(
            self.longitude[placed], self.latitude[placed]
        )
        lost = placed & ~(np.isfinite(easting) & np.isfinite(northing))
        if lost.any():
            raise BadInput(
                "a school cannot be placed in the projection",
                file=self.source,
                found=self._titles(lost)[0],
                expected=f"a place where EPSG:{crs} is used",
            )
        return easting, northing

    def select(self, mask: ArrayLike) -> Schools:
        """Return the schools of a boolean mask, shape (n,), or of positions."""
        chosen = np.arange(len(self))[np.asarray(mask)].tolist()

        def texts(column: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(column[i] for i in chosen)

        return replace(
            self,
            uai=texts(self.uai),
            name=texts(self.name),
            commune=texts(self.commune),
            level=texts(self.level),
            **{name: getattr(self, name)[chosen] for name in _ARRAYS},
        )


def merge(*schools: Schools) -> Schools:
    """Put schools of several files together, écoles and collèges say.

    Raises
    ------
    BadInput
        If a school comes twice, or the years lie on both sides of the break in series.
    """
    if not schools:
        raise BadInput("no schools to put together")
    years = sorted({year for part in schools for year in part.year.split(", ")})
    if years[0] < FIRST_OF_SERIES <= years[-1]:
        raise BadInput(
            "the index before and after the break in series cannot be compared",
            file=", ".join(part.source for part in schools),
            found="rentrées " + ", ".join(years),
            expected=f"all from {FIRST_OF_SERIES} on, or all before",
        )
    together: dict[str, Any] = {
        name: sum((getattr(part, name) for part in schools), ()) for name in (*_TEXTS, "notes")
    }
    if twice := [uai for uai, times in Counter(together["uai"]).items() if times > 1]:
        raise BadInput(
            "a school comes twice",
            file=", ".join(part.source for part in schools),
            found=shortened_list(sorted(twice)),
        )
    for name in _ARRAYS:
        together[name] = np.concatenate([getattr(part, name) for part in schools])
    return Schools(
        **together,
        year=", ".join(years),
        source=", ".join(dict.fromkeys(part.source for part in schools)),
    )


def place_by_commune(schools: Schools, points: Mapping[str, tuple[float, float]]) -> Schools:
    """Give the schools without a place that of their commune, and mark it as approximate.

    Parameters
    ----------
    schools : Schools
        The schools.
    points : mapping of str to (float, float)
        Longitude and latitude in degrees (WGS 84) by code of the commune, the centre of its
        inhabitants say. Schools of other communes stay without a place.

    Raises
    ------
    BadInput
        If the point of a commune is not in its territory.

    Notes
    -----
    All écoles of a commune come to the same point: what is made of such places tells communes
    apart, not the quarters of one.
    """
    longitude, latitude = schools.longitude.copy(), schools.latitude.copy()
    approximate = schools.approximate.copy()
    for position in np.flatnonzero(~schools.placed).tolist():
        commune = schools.commune[position]
        if commune not in points:
            continue
        east, north = points[commune]
        if not in_territory(commune, east, north):
            raise BadInput(
                "the point of a commune is outside its territory",
                found=f"{commune}: longitude {east:g}, latitude {north:g}",
                expected="longitude and latitude in degrees",
            )
        longitude[position], latitude[position] = east, north
        approximate[position] = True
    return replace(schools, longitude=longitude, latitude=latitude, approximate=approximate)
