"""What the engine chooses where the law is silent, and how it says why a tile is in or out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import IntEnum
from typing import Any, get_args

from zonage.errors import BadInput
from zonage.income import Estimator


class Reason(IntEnum):
    """Why a tile is in a quarter or out of all of them."""

    INSIDE = 0
    """Its income criterion is below the line, in a zone that meets the law's tests."""
    INSIDE_ENCLOSED = 1
    """Its own income is not below the line, but the zone around it encloses it."""
    UNINHABITED = 2
    """Nobody lives there."""
    INCOME_UNKNOWN = 3
    """Its income cannot be estimated."""
    NO_LINE = 4
    """It lies outside any urban unit, or the median income of its unit is not known."""
    UNIT_TOO_SMALL = 5
    """Its urban unit has fewer inhabitants than the law asks for."""
    INCOME_NOT_BELOW = 6
    """Its income criterion is not below the line."""
    ZONE_TOO_SMALL = 7
    """Below the line, but its zone has fewer inhabitants than the law asks for."""
    ZONE_TOO_SPARSE = 8
    """Below the line, but its zone has fewer inhabitants per square kilometre than asked for."""
    ZONE_MEDIAN_NOT_BELOW = 9
    """Below the line, but the median of its zone as a whole is not."""
    KEPT = 10
    """Kept by decision: its quarter was frozen, whatever the tests say."""

    @property
    def inside(self) -> bool:
        """Whether a tile with this reason lies in a quarter."""
        return self in (Reason.INSIDE, Reason.INSIDE_ENCLOSED, Reason.KEPT)


REASON_TEXTS = {
    Reason.INSIDE: ("inside", "dans un quartier"),
    Reason.INSIDE_ENCLOSED: ("inside, enclosed by the zone", "dans un quartier, enclavé"),
    Reason.UNINHABITED: ("uninhabited", "inhabité"),
    Reason.INCOME_UNKNOWN: ("income unknown", "revenu inconnu"),
    Reason.NO_LINE: ("no line for its urban unit", "pas de seuil pour son unité urbaine"),
    Reason.UNIT_TOO_SMALL: ("urban unit too small", "unité urbaine trop petite"),
    Reason.INCOME_NOT_BELOW: ("income not below the line", "revenu au-dessus du seuil"),
    Reason.ZONE_TOO_SMALL: ("zone too small", "zone trop peu peuplée"),
    Reason.ZONE_TOO_SPARSE: ("zone too sparse", "zone trop peu dense"),
    Reason.KEPT: ("inside, kept by decision", "dans un quartier maintenu par décision"),
    Reason.ZONE_MEDIAN_NOT_BELOW: ("median of the zone not below", "médiane de la zone au-dessus"),
}
"""Each reason in English and in French."""


BEYOND_TREE = {"complete_from": 1.0, "bridge": 0, "fill_holes": 0, "zone_median": False}
"""Options that a merge tree does not hold, with the value under which they do nothing."""


@dataclass(frozen=True, slots=True)
class Method:
    """The choices of ours that the law leaves open: a model, never a rule of law.

    Attributes
    ----------
    estimator : {"blend", "log-normal", "mean"}
        How a tile's median income is estimated (:mod:`zonage.income`).
    smoothing : float
        Standard deviation, in tiles, of the Gaussian kernel by which people and incomes of the
        surrounding tiles count before flagging; 0 = each tile by itself.
    border_share : float
        A tile is taken in by its surroundings where this share of them is below the line, half by
        tiles and half by inhabitants; 3/8 is a straight border. 0 = no border rule.
    border_margin : float
        How far above the line, as a share of it, a tile so taken in may be.
    complete_from : float
        A zone with at least this share of the minimum population takes in its poorest neighbours
        until it has the minimum, as long as its own median stays below the line. 1 = never.
    connectivity : {4, 8}
        Tiles join by edges, or by edges and corners.
    bridge : int
        Zones of the same unit are one where a path of at most this many tiles joins them that are
        uninhabited or nearly so; 0 = never.
    bridge_population : float
        Inhabitants up to which a tile counts as nearly uninhabited.
    fill_holes : int
        Largest hole of a zone, in tiles, whose inhabited tiles are taken in; 0 = none.
    zone_median : bool
        Test the median of each zone as a whole, as the law does.
    within_units : bool
        Zones stay within their urban unit: the line is that of the unit that contains the quarter
        (décret n° 2014-767, article 4).

    Examples
    --------
    >>> Method().connectivity
    8
    """

    estimator: Estimator = "blend"
    smoothing: float = 0.0
    border_share: float = 0.375
    border_margin: float = 0.15
    complete_from: float = 0.5
    connectivity: int = 8
    bridge: int = 0
    bridge_population: float = 0.0
    fill_holes: int = 0
    zone_median: bool = True
    within_units: bool = True

    def __post_init__(self) -> None:
        checks = (
            (
                "estimator",
                self.estimator in get_args(Estimator),
                "blend, log-normal or mean",
            ),
            ("smoothing", 0 <= self.smoothing <= 10, "0 to 10 tiles"),
            ("border_share", 0 <= self.border_share <= 1, "0 to 1"),
            ("border_margin", 0 <= self.border_margin <= 1, "0 to 1"),
            ("complete_from", 0 < self.complete_from <= 1, "above 0, at most 1"),
            ("connectivity", self.connectivity in (4, 8), "4 or 8"),
            ("bridge", 0 <= self.bridge <= 50, "0 to 50 tiles"),
            ("bridge_population", 0 <= self.bridge_population < 1e6, "0 or more inhabitants"),
            ("fill_holes", 0 <= self.fill_holes <= 10**6, "0 to 1 000 000 tiles"),
        )
        for name, good, expected in checks:
            if not good:
                raise BadInput(
                    "a method option out of range",
                    column=f"method.{name}",
                    found=getattr(self, name),
                    expected=expected,
                )

    @classmethod
    def plain(cls, **options: Any) -> Method:
        """Return the bare method: flag, join, keep zones of the minimum; no rule of ours.

        Examples
        --------
        >>> Method.plain(estimator="mean").border_share
        0.0
        """
        bare = cls(border_share=0.0, complete_from=1.0, zone_median=False)
        return replace(bare, **options)

    @property
    def beyond_tree(self) -> tuple[str, ...]:
        """Options in use that a merge tree does not hold, in the order of the attributes.

        Under the others a tile that is inside at a line is inside at every higher line, by what is
        known of it and its surroundings alone.
        """
        return tuple(name for name, off in BEYOND_TREE.items() if getattr(self, name) != off)

    @property
    def monotone(self) -> bool:
        """Whether one merge tree holds the zones of every line."""
        return not self.beyond_tree

    def to_dict(self) -> dict[str, Any]:
        """Return the options for a manifest."""
        return asdict(self)
