"""Indicators, each declared once, and layers: the value of an indicator on each tile."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.tiles import Tiles

if TYPE_CHECKING:
    import xarray as xr

Direction = Literal["high", "low"]
Missing = Literal["absent", "ignore", "refuse"]
Family = Literal["income", "schools", "housing", "border", "user"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True)
class Indicator:
    """What a layer measures.

    Attributes
    ----------
    name : str
        Lower-case letters, digits and underscores.
    label : mapping of str to str
        Title in English (``"en"``) and French (``"fr"``).
    unit : str
        Unit as in :mod:`zonage.variables`; "1" for a share, "IPS" for points of the index.
    direction : {"high", "low"}
        Which end is fragile.
    missing : {"absent", "ignore", "refuse"}
        What a tile without a value counts as, where the rule does not say: not met, left out of
        the count, or an error.
    family : str
        ``income``, ``schools``, ``housing``, ``border``, ``user`` or another word of the user's:
        indicators of one family count once.
    note : str
        What it is, and what it rests on.

    Raises
    ------
    BadInput
        For a name, unit or word that cannot be.

    Examples
    --------
    >>> INDICATORS["social_housing_share"].direction
    'high'
    """

    name: str
    label: Mapping[str, str]
    unit: str
    direction: Direction
    missing: Missing
    family: str
    note: str = ""

    def __post_init__(self) -> None:
        checks = (
            ("name", self.name, bool(_NAME.fullmatch(self.name)), "such as nurseries_per_child"),
            ("label", dict(self.label), _titled(self.label), "a title for en and one for fr"),
            ("unit", self.unit, bool(self.unit.strip()), "a unit; 1 for a share"),
            _word("direction", self.direction, get_args(Direction)),
            _word("missing", self.missing, get_args(Missing)),
        )
        for key, found, good, expected in checks:
            if not good:
                raise BadInput(
                    "an indicator that cannot be",
                    column=f"indicator.{self.name}.{key}",
                    found=repr(found),
                    expected=expected,
                )

    def __hash__(self) -> int:
        return hash(self.name)


def _titled(label: Mapping[str, str]) -> bool:
    return label.keys() == {"en", "fr"} and all(title.strip() for title in label.values())


def _word(key: str, found: str, words: tuple[str, ...]) -> tuple[str, str, bool, str]:
    return key, found, found in words, " or ".join(words)


@dataclass(frozen=True, eq=False)
class Layer:
    """The value of an indicator on each tile.

    Attributes
    ----------
    indicator : Indicator
        What it measures.
    value : float64 array, shape (n,)
        In the order of the tiles, in the unit of the indicator; NaN where unknown.
    source : str
        The files that it comes from.
    how : str
        How it was brought to the tiles.
    notes : tuple of str
        What is approximate, and what could not be used.
    """

    indicator: Indicator
    value: NDArray[np.float64]
    source: str
    how: str
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether each tile has a value, shape (n,)."""
        return ~np.isnan(self.value)

    def coverage(self, population: NDArray[np.int64]) -> float:
        """Share of the inhabitants whose tile has a value; 0 where nobody lives.

        Parameters
        ----------
        population : int64 array, shape (n,)
            Inhabitants in fixed point.

        Examples
        --------
        >>> share = Layer(INDICATORS["social_housing_share"], np.array([0.2, np.nan]), "", "")
        >>> share.coverage(np.array([3000, 1000]))
        0.75
        """
        total = int(population.sum())
        return int(population[self.known].sum()) / total if total else 0.0


def first_known(first: Layer, *others: Layer, population: NDArray[np.int64]) -> Layer:
    """Fill the gaps of a layer from others of the same indicator, the first that knows deciding.

    Parameters
    ----------
    first, *others : Layer
        In the order in which they are believed.
    population : int64 array, shape (n,)
        Inhabitants in fixed point: `how` says what share of them has its value from which layer.
    """
    value = np.full(first.value.shape, np.nan)
    total = max(int(population.sum()), 1)
    ways, sources, notes = [], [], []
    for layer in (first, *others):
        if layer.indicator != first.indicator:
            raise ValueError(f"{layer.indicator.name} cannot fill {first.indicator.name}")
        notes += [note for note in layer.notes if note not in notes]
        gap = np.isnan(value) & layer.known
        if gap.any():
            value[gap] = layer.value[gap]
            share = int(population[gap].sum()) / total
            ways.append(f"{100 * share:.1f} % of inhabitants: {layer.how}")
            sources.append(layer.source)
    return replace(
        first,
        value=value,
        source="; ".join(dict.fromkeys(sources)) or first.source,
        how="; else ".join(ways) or first.how,
        notes=tuple(notes),
    )


def to_dataset(layers: Sequence[Layer], tiles: Tiles) -> xr.Dataset:
    """Put layers on a grid.

    Parameters
    ----------
    layers : sequence of Layer
        Of these tiles, each indicator once.
    tiles : Tiles
        The tiles; with ``population``, each layer says its coverage.

    Returns
    -------
    xarray.Dataset
        Dims ``("y", "x")``; each layer float64 by the name of its indicator, NaN where there is no
        tile or no value. Attributes: ``units``, ``long_name``, ``long_name_fr``, ``source``,
        ``how``, ``notes`` (joined by "; "), ``family``, ``fragile`` (``high`` or ``low``),
        ``missing``, ``comment`` (what the indicator is), ``coverage``.

    Raises
    ------
    BadInput
        If a layer is of other tiles, or an indicator comes twice.

    Examples
    --------
    >>> tiles = Tiles.from_columns(np.array([7, 8]), np.array([3, 4]), {})
    >>> layer = Layer(INDICATORS["social_housing_share"], np.array([0.5, np.nan]), "drawn", "")
    >>> to_dataset([layer], tiles)["social_housing_share"].values.tolist()
    [[nan, 0.5], [nan, nan]]
    """
    from zonage import raster

    values: dict[str, NDArray[np.float64]] = {}
    for layer in layers:
        name = layer.indicator.name
        if layer.value.shape != (len(tiles),):
            raise BadInput(
                "a layer is not of these tiles",
                column=name,
                found=f"{layer.value.size} values",
                expected=f"{len(tiles)}",
            )
        if name in values:
            raise BadInput("two layers of one indicator", column=name)
        values[name] = layer.value
    empty = raster.dataset_on(tiles.grid(), {}, vintage=tiles.vintage, source=tiles.source)
    dataset = raster.layers(empty, tiles, values)
    for layer in layers:
        dataset[layer.indicator.name].attrs.update(_attributes(layer, tiles))
    return dataset


def _attributes(layer: Layer, tiles: Tiles) -> dict[str, str | float]:
    indicator = layer.indicator
    attributes: dict[str, str | float] = {
        "units": indicator.unit,
        "long_name": indicator.label["en"],
        "long_name_fr": indicator.label["fr"],
        "source": layer.source,
        "how": layer.how,
        "notes": "; ".join(layer.notes),
        "family": indicator.family,
        "fragile": indicator.direction,
        "missing": indicator.missing,
        "comment": indicator.note,
    }
    if "population" in tiles.counts:
        attributes["coverage"] = layer.coverage(tiles.count("population"))
    return attributes


# --------------------------------------------------------------------------------------------------
# The registry


def _declared(
    name: str,
    family: Family,
    direction: Direction,
    unit: str,
    english: str,
    french: str,
    note: str,
    missing: Missing = "absent",
) -> Indicator:
    return Indicator(name, {"en": english, "fr": french}, unit, direction, missing, family, note)


_IPS = (
    "The social position index (DEPP) is a mean over pupils of a score of their parents' "
    "occupations; 3 points or less tell nothing apart, and years from 2022-2023 on are another "
    "series than those before."
)
_BY_LEVEL = (("college", "collèges", "collèges"), ("ecole", "primary schools", "écoles"))


def _of_schools(level: str, english: str, french: str) -> tuple[Indicator, ...]:
    return (
        _declared(
            f"school_ips_{level}",
            "schools",
            "low",
            "IPS",
            f"Mean social position index of the {english} that the tile sees",
            f"Indice de position sociale moyen des {french} du carreau",
            _IPS,
            "ignore",
        ),
        _declared(
            f"school_ips_{level}_deviation",
            "schools",
            "low",
            "IPS",
            f"Social position index of its {english} against the mean of all pupils",
            f"Écart de l'indice de position sociale de ses {french} à la moyenne des élèves",
            "Index of the tile less the mean of all schools weighted by pupils. " + _IPS,
            "ignore",
        ),
        _declared(
            f"school_contrast_{level}",
            "schools",
            "high",
            "IPS",
            f"Standard deviation of the index between the {english} near the tile",
            f"Écart-type de l'indice entre les {french} proches du carreau",
            "How far neighbouring schools differ: a mixed area whose schools are not. Weighted as "
            "the index itself, around its mean. " + _IPS,
            "ignore",
        ),
    )


_DECLARED = (
    _declared(
        "very_low_income_share",
        "income",
        "high",
        "1",
        "Estimated share of inhabitants of very low income",
        "Part estimée des habitants à très bas revenu",
        "Share of inhabitants whose disposable income per consumption unit is below a line under "
        "the State's. An estimate: no tile publishes the tail of its incomes.",
    ),
    _declared(
        "income_median",
        "income",
        "low",
        "EUR year-1",
        "Estimated median disposable income per consumption unit",
        "Revenu disponible médian par unité de consommation, estimé",
        "The criterion that the zoning holds against its line (décret n° 2014-767, article 4), to "
        "be held against a lower one here.",
    ),
    *(indicator for level in _BY_LEVEL for indicator in _of_schools(*level)),
    _declared(
        "school_spread_college",
        "schools",
        "low",
        "IPS",
        "Standard deviation of the index within the collèges that the tile sees",
        "Écart-type de l'indice au sein des collèges du carreau",
        "How far the pupils of one school differ; low where a school has one kind of pupils only, "
        "poor or rich. Published for collèges only. " + _IPS,
        "ignore",
    ),
    _declared(
        "social_housing_share",
        "housing",
        "high",
        "1",
        "Share of social dwellings",
        "Part des logements sociaux",
        "Social dwellings over households of the tile, or the rate of the area around it. The law "
        "counts them over main residences (code de la construction et de l'habitation, article "
        "L. 302-5).",
    ),
    _declared(
        "quarter_distance",
        "border",
        "low",
        "m",
        "Distance to the nearest tile of a State quarter",
        "Distance au carreau de quartier prioritaire le plus proche",
        "Between centres of tiles; 0 inside a quarter.",
    ),
    _declared(
        "quarter_adjacency",
        "border",
        "high",
        "1",
        "In a State quarter or next to one",
        "Dans un quartier prioritaire ou à son contact",
        "1 for tiles of a quarter and the eight neighbours of each, else 0.",
    ),
    _declared(
        "quarter_gradient",
        "border",
        "high",
        "1",
        "Nearness to State quarters",
        "Proximité des quartiers prioritaires",
        "1 inside a quarter, falling with the distance from it: the border of the State's zoning "
        "made soft. A shape of ours.",
    ),
)

INDICATORS: Mapping[str, Indicator] = MappingProxyType({one.name: one for one in _DECLARED})
"""Every built-in indicator by its name."""
