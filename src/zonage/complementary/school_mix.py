"""Every indicator of social mix in schools that the data give, each by the best way there is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from zonage.complementary.layers import Layer, first_known
from zonage.complementary.school_areas import schools_of_communes, schools_of_sectors
from zonage.complementary.schools import (
    SURROUNDINGS,
    Level,
    Surroundings,
    contrast_around,
    deviation,
    mean_ips,
    schools_around,
    spread_within,
)
from zonage.tiles import Tiles

if TYPE_CHECKING:
    from zonage.sources.layers import ValuedPolygons
    from zonage.sources.schools import Schools


def school_mix(
    tiles: Tiles,
    schools: Schools,
    *,
    sectors: Mapping[str, ValuedPolygons] | None = None,
    surroundings: Mapping[str, Surroundings] | None = None,
    communes: bool = True,
    metropolis: Collection[str] | None = None,
) -> tuple[Layer, ...]:
    """Every school indicator that the data give, each by the best way there is.

    Parameters
    ----------
    tiles : Tiles
        The tiles, with population.
    schools : Schools
        Écoles, collèges or both; better with those beyond the métropole that its tiles see.
    sectors : mapping of level to ValuedPolygons, optional
        Catchments, whose codes are numbers (UAI) of schools.
    surroundings : mapping of level to Surroundings, optional
        Instead of those of `SURROUNDINGS`.
    communes : bool
        Whether the commune decides where nothing else does.
    metropolis : collection of str, optional
        Official codes of the communes whose pupils make the mean that deviations are from; those
        of all schools if not given.

    Returns
    -------
    tuple of Layer
        For each level: the index (by catchment, else by the public schools around, else by
        commune), its deviation from the mean of all pupils, and the contrast between the schools
        around; for collèges the spread within them. What is unknown everywhere is left out.

    Raises
    ------
    BadInput
        If a level has no public school with an index.
    """
    around = {**SURROUNDINGS, **(surroundings or {})}
    levels: tuple[Level, ...] = ("college", "ecole")
    found: list[Layer] = []
    for level in levels:
        if level not in schools.level:
            continue
        ways = [schools_around(tiles, schools, level, around[level])]
        if sectors and level in sectors:
            ways.insert(0, schools_of_sectors(tiles, sectors[level], level, schools=schools))
        if communes:
            ways.append(schools_of_communes(tiles, schools, level))
        index = first_known(*ways, population=tiles.count("population"))
        mean = mean_ips(schools, level, metropolis)
        found += [index, deviation(index, mean)]
        found.append(contrast_around(tiles, schools, level, around[level]))
        if level == "college" and np.isfinite(schools.spread).any():
            found.append(spread_within(tiles, schools, around[level]))
    return tuple(layer for layer in found if layer.known.any())
