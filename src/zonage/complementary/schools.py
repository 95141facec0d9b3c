"""Social mix in schools: the index of social position (IPS) of the schools that each tile sees.

A tile sees schools in one of three ways: by the catchment (*secteur*) that it lies in, by the
schools around it weighted by pupils and distance, or, where no place is known, by its commune.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonage.complementary.layers import INDICATORS, Layer
from zonage.complementary.resampling import centres
from zonage.errors import BadInput
from zonage.tiles import Tiles

if TYPE_CHECKING:
    from zonage.sources.schools import Schools

Floats = NDArray[np.float64]
Level = Literal["college", "ecole"]

MEANINGLESS_DIFFERENCE = 3.0
"""Points of the index up to which a difference tells nothing: the advice of the ministry's
statistical service (DEPP), which computes it."""

WORDS = {"college": "collèges", "ecole": "écoles"}
MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Which schools around a tile it sees, and how they count: a model of ours.

    Attributes
    ----------
    nearest : int
        Schools at most, the nearest first. 1: the nearest school alone.
    radius_m : float
        Metres within which a school is seen.
    bandwidth_m : float
        Metres at which the weight of a school, its pupils, has fallen to 0.61 by
        ``exp(-(d / bandwidth)^2 / 2)``; infinite: pupils alone.
    """

    nearest: int
    radius_m: float
    bandwidth_m: float

    def __post_init__(self) -> None:
        checks = (
            ("nearest", self.nearest >= 1, "at least 1"),
            ("radius_m", 0 < self.radius_m <= 100_000, "metres, above 0, at most 100 000"),
            ("bandwidth_m", self.bandwidth_m >= 1, "metres, at least 1"),
        )
        for name, good, expected in checks:
            if not good:
                raise BadInput(
                    "an option of the schools around a tile out of range",
                    column=f"surroundings.{name}",
                    found=getattr(self, name),
                    expected=expected,
                )

    def __str__(self) -> str:
        if self.nearest == 1:
            return f"the nearest within {self.radius_m:g} m"
        near = f"up to {self.nearest} nearest within {self.radius_m:g} m, weighted by pupils"
        if math.isinf(self.bandwidth_m):
            return near
        return f"{near} and exp(-(d / {self.bandwidth_m:g} m)^2 / 2)"


SURROUNDINGS: Mapping[str, Surroundings] = {
    "college": Surroundings(nearest=5, radius_m=3000.0, bandwidth_m=700.0),
    "ecole": Surroundings(nearest=5, radius_m=1500.0, bandwidth_m=350.0),
}
"""What a tile sees by default, by level of school.

For collèges, what comes nearest to the index that the 75 catchments of the métropole of Lille lead
to (7.3 points apart, root mean square over inhabitants; a smaller and a larger bandwidth are
farther); for écoles half of it, since four times as many stand on the same area.
"""


class Usable(NamedTuple):
    """Schools of one level with an index, and what is to be said of the others."""

    schools: Schools
    notes: tuple[str, ...]


def usable(schools: Schools, level: Level, *, private: bool) -> Usable:
    """Take the schools of a level that have an index and pupils; name the others.

    Parameters
    ----------
    schools : Schools
        Of any level.
    level : {"college", "ecole"}
        Which are wanted.
    private : bool
        Whether private schools count: they have no catchment and take pupils from far away.

    Raises
    ------
    BadInput
        If there is none.
    """
    if level not in WORDS:
        raise BadInput("no such level of schools", found=level, expected=" or ".join(WORDS))
    of_level = schools.select(np.array([one == level for one in schools.level], np.bool_))
    wanted = of_level if private else of_level.select(~of_level.private)
    counted = np.isfinite(wanted.pupils) & (wanted.pupils > 0)
    good = np.isfinite(wanted.ips) & counted
    if not good.any():
        raise BadInput(
            f"no {'' if private else 'public '}{level} with an index and pupils",
            file=schools.source,
            found=f"{len(wanted)} of {len(schools)} schools",
        )
    elsewhere = set(schools.uai) - set(wanted.uai)
    notes = [
        *named(wanted, np.isnan(wanted.ips), level, "without a published index"),
        *named(wanted, np.isfinite(wanted.ips) & ~counted, level, "without pupils"),
        *(note for note in schools.notes if note.partition(" ")[0] not in elsewhere),
    ]
    if len(wanted) < len(of_level):
        notes.append(f"private {WORDS[level]} do not count: {len(of_level) - len(wanted)}")
    return Usable(wanted.select(good), tuple(notes))


def named(schools: Schools, mask: NDArray[np.bool_], level: str, what: str) -> list[str]:
    """Count some schools and name them, the first ones where they are many."""
    if not mask.any():
        return []
    chosen = np.flatnonzero(mask).tolist()
    names = ", ".join(f"{schools.uai[i]} {schools.name[i]}" for i in chosen[:MOST_NAMED])
    more = f" and {len(chosen) - MOST_NAMED} more" if len(chosen) > MOST_NAMED else ""
    return [f"{len(chosen)} of {len(schools)} {WORDS[level]} {what}: {names}{more}"]


def mean_ips(schools: Schools, level: Level, communes: Collection[str] | None = None) -> float:
    """Mean index of all pupils of a level: of schools, private and unplaced ones among them.

    Parameters
    ----------
    schools, level
        The schools, and which of them.
    communes : collection of str, optional
        Official codes of the communes whose schools count; all if not given.
    """
    if communes is not None:
        schools = schools.select(np.array([one in communes for one in schools.commune], np.bool_))
    chosen = usable(schools, level, private=True).schools
    return math.fsum(chosen.ips * chosen.pupils) / math.fsum(chosen.pupils)


# --------------------------------------------------------------------------------------------------
# By the schools around


class Seen(NamedTuple):
    """What tiles see of the schools around: mean index, its contrast, and how many schools."""

    mean: Floats
    contrast: Floats
    number: NDArray[np.int32]


def see(tiles: Tiles, schools: Schools, value: Floats, surroundings: Surroundings) -> Seen:
    """Weight a value of placed schools at each tile.

    Parameters
    ----------
    tiles : Tiles
        Their centres see the schools.
    schools : Schools
        Placed, with pupils.
    value : float64 array, shape (m,)
        Of each school.
    surroundings : Surroundings
        Which schools are seen, and how they count.

    Returns
    -------
    Seen
        NaN and 0 where no school is within the radius.
    """
    from zonage.kernels.assignment import assign, buckets

    count = np.zeros(len(tiles), np.int32)
    mean, contrast = np.full((2, len(tiles)), np.nan)
    if len(schools):
        east, north = schools.located(tiles.crs)
        order, start, mesh = buckets(east, north, surroundings.radius_m)
        sites = (east[order], north[order], schools.pupils[order], value[order], order)
        x, y = centres(tiles)
        assign(
            x, y, sites, start, mesh,
            float(surroundings.radius_m), surroundings.nearest, float(surroundings.bandwidth_m),
            mean, contrast, count,
        )  # fmt: skip
    return Seen(mean, contrast, count)


def schools_around(
    tiles: Tiles,
    schools: Schools,
    level: Level,
    surroundings: Surroundings | None = None,
    *,
    private: bool = False,
) -> Layer:
    """Mean index of the schools around each tile.

    Parameters
    ----------
    tiles : Tiles
        The tiles.
    schools : Schools
        Those without a place, or with one that is only their commune's, are left out and named.
    level : {"college", "ecole"}
        Which of them.
    surroundings : Surroundings, optional
        Which schools a tile sees, and how they count; those of `SURROUNDINGS` if not given. With
        ``nearest=1``, the nearest school.
    private : bool
        Whether private schools count.

    Returns
    -------
    Layer
        Indicator ``school_ips_<level>``; unknown where no school is within the radius.

    Raises
    ------
    BadInput
        If no school of the level has an index.
    """
    chosen, notes = usable(schools, level, private=private)
    surroundings = surroundings or SURROUNDINGS[level]
    placed, unplaced = _placed(chosen, level)
    value = see(tiles, placed, placed.ips, surroundings).mean
    return _around(f"school_ips_{level}", value, schools, surroundings, (*notes, *unplaced))


def contrast_around(
    tiles: Tiles, schools: Schools, level: Level, surroundings: Surroundings | None = None
) -> Layer:
    """How far the schools around each tile differ, public and private.

    Parameters
    ----------
    tiles, schools, level, surroundings
        As for :func:`schools_around`.

    Returns
    -------
    Layer
        Indicator ``school_contrast_<level>``: standard deviation of the index between schools, with
        the weights of the mean; unknown where fewer than two schools are seen.
    """
    chosen, notes = usable(schools, level, private=True)
    surroundings = surroundings or SURROUNDINGS[level]
    placed, unplaced = _placed(chosen, level)
    seen = see(tiles, placed, placed.ips, surroundings)
    value = np.where(seen.number > 1, seen.contrast, np.nan)
    return _around(f"school_contrast_{level}", value, schools, surroundings, (*notes, *unplaced))


def spread_within(
    tiles: Tiles,
    schools: Schools,
    surroundings: Surroundings | None = None,
    *,
    private: bool = False,
) -> Layer:
    """Standard deviation of the index among the pupils of the collèges around each tile.

    Parameters
    ----------
    tiles, schools, surroundings, private
        As for :func:`schools_around`.

    Returns
    -------
    Layer
        Indicator ``school_spread_college``: mean over the schools of the spread within each.

    Raises
    ------
    BadInput
        If no collège has a published spread.
    """
    surroundings = surroundings or SURROUNDINGS["college"]
    chosen, notes = usable(schools, "college", private=private)
    told = np.isfinite(chosen.spread)
    if not told.any():
        raise BadInput("no collège with a published spread of the index", file=schools.source)
    untold = named(chosen, ~told, "college", "without a published spread")
    placed, unplaced = _placed(chosen.select(told), "college")
    value = see(tiles, placed, placed.spread, surroundings).mean
    notes = (*notes, *untold, *unplaced)
    return _around("school_spread_college", value, schools, surroundings, notes)


def _around(
    name: str, value: Floats, schools: Schools, surroundings: Surroundings, notes: tuple[str, ...]
) -> Layer:
    how = f"schools around the tile's centre: {surroundings}"
    return Layer(INDICATORS[name], value, source_of(schools), how, notes)


def _placed(schools: Schools, level: Level) -> tuple[Schools, list[str]]:
    """Schools with a place of their own, and a note that names the others."""
    placed = schools.placed & ~schools.approximate
    return schools.select(placed), named(schools, ~placed, level, "have no place of their own")


def source_of(schools: Schools) -> str:
    """Say which files and which rentrée schools come from."""
    return f"{schools.source} (rentrée {schools.year})"


# --------------------------------------------------------------------------------------------------
# What follows from these


def deviation(layer: Layer, mean: float) -> Layer:
    """Index of each tile less a mean, that of all pupils of the métropole say (`mean_ips`).

    Parameters
    ----------
    layer : Layer
        Indicator ``school_ips_<level>``.
    mean : float
        The index to hold it against.

    Returns
    -------
    Layer
        Indicator ``school_ips_<level>_deviation``.
    """
    return replace(
        layer,
        indicator=INDICATORS[f"{layer.indicator.name}_deviation"],
        value=layer.value - mean,
        how=f"{layer.how}; less {mean:.1f}",
        notes=(
            *layer.notes,
            f"a deviation of {MEANINGLESS_DIFFERENCE:g} points or less tells nothing (DEPP)",
        ),
    )
