"""The complementary perimeters: tiles that meet a level, joined, tested, numbered.

A model of ours, never a law (see `zonage.complementary.rule`). Level 1 is the more severe and
lies within level 2: a perimeter of level 2 is a contiguous set of tiles that meet level 2 or more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zonage.complementary.border import distances
from zonage.complementary.choices import LEVELS
from zonage.complementary.levels import Evidence, LeftOut, Ranked
from zonage.complementary.rule import Rule
from zonage.errors import BadInput
from zonage.tiles import Tiles
from zonage.variables import FIXED_POINT
from zonage.zoning import Zoning

if TYPE_CHECKING:
    import geopandas
    import xarray as xr

    from zonage.complementary.layers import Layer
    from zonage.law.parameters import Value


class Part(IntEnum):
    """Where a tile lies in the combined product."""

    OUTSIDE = 0
    """In no quarter, no perimeter and no ring."""
    QUARTER = 1
    """In a quarter of the State."""
    LEVEL_1 = 2
    """In a perimeter of level 1."""
    LEVEL_2 = 3
    """In a perimeter of level 2, beyond level 1."""
    RING = 4
    """In the ring around."""


PART_TEXTS = {
    Part.OUTSIDE: ("outside", "hors périmètre"),
    Part.QUARTER: ("State's quarter", "quartier prioritaire"),
    Part.LEVEL_1: ("level 1", "niveau 1"),
    Part.LEVEL_2: ("level 2", "niveau 2"),
    Part.RING: ("ring around", "anneau autour"),
}
"""Each part in English and in French."""

PERSISTS = 0.5
"""Share of a perimeter's inhabitants that must stay at its level for it to persist."""


@dataclass(frozen=True, eq=False)
class Complement:
    """Complementary perimeters: what was found, for every tile why, and by which rule.

    Attributes
    ----------
    zoning : Zoning
        The zoning of the State's quarters, with the tiles of the arrays below.
    rule : Rule
        The rule, a model.
    layers : tuple of Ranked
        The layers given, also those that the rule does not use.
    evidence : Evidence
        What the indicators say of each tile.
    quarters : bool array, shape (n,)
        Tiles of the State's quarters.
    quarters_source : {"computed", "official"}
        Whether those are of the zoning or of the official list.
    label : int32 array, shape (2, n)
        Number of the tile's perimeter at level 1 and at level 2, 0 = none. Perimeters are numbered
        from 1, those of level 1 first, the most populous of each level first.
    perimeter_level : int64 array, shape (k,)
        Level of each perimeter.
    perimeter_population : int64 array, shape (k,)
        Its inhabitants in fixed point.
    """

    zoning: Zoning
    rule: Rule
    layers: tuple[Ranked, ...]
    evidence: Evidence
    quarters: NDArray[np.bool_]
    quarters_source: str
    label: NDArray[np.int32]
    perimeter_level: NDArray[np.int64]
    perimeter_population: NDArray[np.int64]

    @property
    def tiles(self) -> Tiles:
        """The tiles, in the order of the arrays."""
        return self.zoning.tiles

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Indicators that were known for too few inhabitants to decide."""
        return self.evidence.left_out

    @property
    def level(self) -> NDArray[np.uint8]:
        """Level of each tile, 0 outside, shape (n,)."""
        return np.where(self.label[0] > 0, 1, np.where(self.label[1] > 0, 2, 0)).astype(np.uint8)

    def count(self, level: int) -> int:
        """Number of perimeters of a level."""
        return int(np.count_nonzero(self.perimeter_level == level))

    @cached_property
    def distance_to_quarters(self) -> NDArray[np.float64]:
        """Metres from each tile's centre to the nearest centre of a State's quarter, shape (n,)."""
        return distances(self.tiles, self.quarters)

    @cached_property
    def ring(self) -> NDArray[np.bool_]:
        """Tiles of the ring around, in no quarter and no perimeter, shape (n,)."""
        inside = self.quarters | (self.label[1] > 0)
        around = self.distance_to_quarters
        if self.rule["buffer_around"] == "all":
            around = distances(self.tiles, inside)
        return ~inside & (around <= float(self.rule["buffer"]))

    @property
    def part(self) -> NDArray[np.uint8]:
        """The combined product: a :class:`Part` for each tile, shape (n,).

        Where State's quarters are not excluded, a tile in both counts as one of the quarter.
        """
        return np.select(
            [self.quarters, self.label[0] > 0, self.label[1] > 0, self.ring],
            [np.uint8(part) for part in (Part.QUARTER, Part.LEVEL_1, Part.LEVEL_2, Part.RING)],
            np.uint8(Part.OUTSIDE),
        ).astype(np.uint8)

    @cached_property
    def hangs_on(self) -> NDArray[np.bool_]:
        """Indicators without which each perimeter falls below its level, shape (m, k).

        It falls where, the indicator holding nowhere and all else equal, fewer than half of its
        inhabitants are still in a perimeter of its level.
        """
        falls = np.zeros((len(self.evidence.ranked), len(self.perimeter_level)), np.bool_)
        for place in range(len(falls)):
            label, _, _ = _zones(self.tiles, self.evidence, self.quarters, without=place)
            falls[place] = self.kept(label) < PERSISTS * self.perimeter_population
        return falls

    def kept(self, label: NDArray[np.int32]) -> NDArray[np.int64]:
        """Inhabitants of each perimeter that other labels keep at its level, fixed point, (k,)."""
        population = self.tiles.count("population")
        kept = np.zeros(len(self.perimeter_level) + 1, np.int64)
        for own, other in zip(self.label, label, strict=True):
            np.add.at(kept, own[other > 0], population[other > 0])
        return kept[1:]

    def reform(self, changes: Mapping[str, Value]) -> Complement:
        """Return the perimeters of the same layers under a changed rule.

        Parameters
        ----------
        changes : mapping of str to value
            By path, such as ``{"complement.level_1_families": 2}``.

        Raises
        ------
        BadInput
            As :meth:`~zonage.complementary.rule.Rule.reform`.
        """
        return self.under(self.rule.reform(changes))

    def under(self, rule: Rule) -> Complement:
        """Return the perimeters of the same layers under another rule."""
        return _complement(self.zoning, self.layers, rule, self.quarters, self.quarters_source)

    @cached_property
    def table(self) -> dict[str, list[Any]]:
        """The perimeters as columns, one row a perimeter."""
        from zonage.complementary.tables import perimeter_table

        return perimeter_table(self)

    @cached_property
    def communes(self) -> dict[str, list[Any]]:
        """Inhabitants and tiles of each part by commune, as columns."""
        from zonage.complementary.tables import commune_table

        return commune_table(self)

    @cached_property
    def perimeters(self) -> geopandas.GeoDataFrame:
        """The perimeters with their outlines, one row a perimeter, in the CRS of the tiles."""
        import geopandas

        from zonage.zoning.table import union_of_tiles

        outlines = [
            union_of_tiles(self.tiles, self.label[level - 1] == number)
            for number, level in enumerate(self.perimeter_level.tolist(), start=1)
        ]
        return geopandas.GeoDataFrame(self.table, geometry=outlines, crs=f"EPSG:{self.tiles.crs}")

    @cached_property
    def parts(self) -> geopandas.GeoDataFrame:
        """The combined product as outlines, one row a part, with its inhabitants."""
        import geopandas

        from zonage.zoning.table import union_of_tiles

        part, population = self.part, self.tiles.count("population")
        rows = [
            {
                "part": one.name.lower(),
                "name_en": PART_TEXTS[one][0],
                "name_fr": PART_TEXTS[one][1],
                "tiles": int(np.count_nonzero(part == one)),
                "population": int(population[part == one].sum()) / FIXED_POINT,
                "geometry": union_of_tiles(self.tiles, part == one),
            }
            for one in Part
            if one is not Part.OUTSIDE and (part == one).any()
        ]
        columns = ["part", "name_en", "name_fr", "tiles", "population", "geometry"]
        return geopandas.GeoDataFrame(
            rows, columns=columns, geometry="geometry", crs=f"EPSG:{self.tiles.crs}"
        )

    def to_dataset(self) -> xr.Dataset:
        """Return tiles and result on their grid, as :func:`zonage.raster.rasterize` does.

        ``part``, ``level`` and the numbers of perimeters; of each deciding indicator its value,
        whether it holds and how far the tile is beyond the cut-off.
        """
        from zonage.complementary.layers import to_dataset
        from zonage.raster import layers, rasterize

        derived: dict[str, NDArray[Any]] = {
            "part": self.part,
            "level": self.level,
            "perimeter_1": self.label[0],
            "perimeter_2": self.label[1],
            "distance_to_quarters": self.distance_to_quarters,
        }
        for place, one in enumerate(self.evidence.ranked):
            derived[f"{one.name}_holds"] = self.evidence.holds[place]
            derived[f"{one.name}_strength"] = self.evidence.strength[place]
        dataset = layers(rasterize(self.tiles), self.tiles, derived)
        dataset["part"].attrs = {
            "long_name": "Combined product",
            "long_name_fr": "Zonage combiné",
            "flag_values": np.array(list(Part), np.uint8),
            "flag_meanings": " ".join(part.name.lower() for part in Part),
        }
        values = to_dataset([one.layer for one in self.evidence.ranked], self.tiles)
        return dataset.assign(values.data_vars)

    def to_dict(self) -> dict[str, Any]:
        """Return the rule, what it was held against and what was found, for a manifest."""
        population = self.tiles.count("population")
        pairs = zip(self.evidence.ranked, self.evidence.conditions, strict=True)
        return {
            "quarters": self.quarters_source,
            "indicators": [
                {
                    "name": one.name,
                    "family": one.layer.indicator.family,
                    "cutoff": one.cutoff(condition),
                    "unit": one.layer.indicator.unit,
                    "coverage": one.coverage,
                    "source": one.layer.source,
                    "how": one.layer.how,
                    "notes": list(one.layer.notes),
                }
                for one, condition in pairs
            ],
            "left_out": [asdict(one) for one in self.left_out],
            "parts": {
                one.name.lower(): {
                    "tiles": int(np.count_nonzero(self.part == one)),
                    "population": int(population[self.part == one].sum()) / FIXED_POINT,
                }
                for one in Part
            },
            "perimeters": {f"level_{level}": self.count(level) for level in LEVELS},
            "rule": self.rule.to_dict(),
        }


def complement(
    zoning: Zoning,
    layers: Sequence[Layer],
    rule: Rule | None = None,
    *,
    official: NDArray[np.bool_] | None = None,
) -> Complement:
    """Find the complementary perimeters of a métropole: a model, never a law.

    Parameters
    ----------
    zoning : Zoning
        The zoning of the State's quarters; its tiles are those of the layers.
    layers : sequence of Layer
        The indicators on the tiles, in any order. Ranks and quantiles are of these tiles: cut
        the tiles to the métropole first.
    rule : Rule, optional
        The rule; the packaged one if not given.
    official : bool array, shape (n,), optional
        Tiles of the official quarters, to be taken for the State's instead of the computed ones.

    Returns
    -------
    Complement

    Raises
    ------
    BadInput
        If a layer is of other tiles, is unknown to the rule or missing, is known for too few
        inhabitants or not everywhere where the rule refuses that, or if a level asks for more
        families than there are.

    Notes
    -----
    The métropole of Lille names three families (very low income, no social mix in schools, a large
    social stock) and publishes no numeric rule; every cut-off is a parameter of the model.

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.complementary.layers import INDICATORS, Layer
    >>> from zonage.complementary.rule_file import load_rule
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> zoning = zn.qpv(town.tiles, law, town.reference)
    >>> median = Layer(INDICATORS["income_median"], zoning.criterion, "tiles", "estimated")
    >>> alone = {f"{name}.used": name == "income_median" for name in load_rule().indicators}
    >>> rule = load_rule().reform(alone | {"level_1_families": 1, "level_2_families": 1})
    >>> found = complement(zoning, [median], rule.reform({"income_median.cutoff": 18_000}))
    >>> found.count(1), found.table["hangs_on"][0]
    (4, 'income_median')
    """
    quarters, source = zoning.inside, "computed"
    if official is not None:
        quarters, source = _mask(official, len(zoning.tiles)), "official"
    population = zoning.tiles.count("population")
    ranked = tuple(Ranked.of(layer, population) for layer in layers)
    if rule is None:
        from zonage.complementary.rule_file import load_rule

        rule = load_rule()
    return _complement(zoning, ranked, rule, quarters, source)


def _complement(
    zoning: Zoning,
    ranked: Sequence[Ranked],
    rule: Rule,
    quarters: NDArray[np.bool_],
    source: str,
) -> Complement:
    evidence = Evidence.of(ranked, zoning.tiles.count("population"), rule)
    label, level, population = _zones(zoning.tiles, evidence, quarters)
    return Complement(
        zoning, rule, tuple(ranked), evidence, quarters, source, label, level, population
    )


def _mask(official: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    if official.shape != (size,) or official.dtype != np.bool_:
        raise BadInput(
            "not a mask of the tiles",
            column="official",
            found=f"{official.dtype}, shape {official.shape}",
            expected=f"bool, shape ({size},)",
        )
    return official


def _zones(
    tiles: Tiles,
    evidence: Evidence,
    quarters: NDArray[np.bool_],
    without: int | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Labels (2, n), and level and inhabitants of each perimeter.

    Quarters are taken out first, so that a perimeter cut by one is two, each of which must have the
    minimum by itself.
    """
    rule = evidence.rule
    label = np.zeros((len(LEVELS), len(tiles)), np.int32)
    found: list[NDArray[np.int64]] = []
    for row, level in enumerate(LEVELS):
        meets = evidence.meets(level, without)
        if rule["exclude_quarters"]:
            meets &= ~quarters
        own, people = _joined(tiles, meets, rule)
        label[row] = np.where(own > 0, own + sum(map(len, found)), 0)
        found.append(people)
    levels = np.repeat(np.array(LEVELS, np.int64), [len(people) for people in found])
    return label, levels, np.concatenate(found)


def _joined(
    tiles: Tiles, meets: NDArray[np.bool_], rule: Rule
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Contiguous sets of at least the minimum population, the most populous first."""
    from zonage.kernels.components import label as label_components
    from zonage.kernels.sums import sum_by_label

    label = np.empty(len(tiles), np.int32)
    count = label_components(meets, tiles.neighbours, int(rule["connectivity"]), label)
    people = np.empty(count + 1, np.int64)
    sum_by_label(label, tiles.count("population"), people)
    order = np.argsort(-people[1:], kind="stable") + 1
    order = order[people[order] >= int(rule["min_population"]) * FIXED_POINT]
    rank = np.zeros(count + 1, np.int32)
    rank[order] = np.arange(1, len(order) + 1, dtype=np.int32)
    return rank[label], people[order]
