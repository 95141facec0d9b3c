"""What is drawn, how large each error is, and where its size comes from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from zonage.errors import BadInput, suggestion
from zonage.zoning import Method

COMPONENTS = ("tile", "common", "conversion", "line", "connectivity", "bridge")
"""What is drawn; the position of a name is the key of its random stream."""

SOURCES = {
    "tile": "households drawn from the published incomes of French IRIS of 2019 into tiles of 11, "
    "20, 40, 80, 160 and 400 households of mean 0.95 to 1.45 poverty lines; standard deviation of "
    "estimated less drawn median: 1667, 1278, 938, 720, 556 and 417 EUR",
    "common": "biases of the estimator on IRIS and QPV below 18 000 EUR (docs/method.md, 2.1): "
    "-35, -4, 0 from their own deciles, +86 from tiles, +201 from tiles below 16 000 EUR, root "
    "mean square 99; left out: +723 to +1063 for QPV from tiles, which their outlines cut",
    "conversion": "bootstrap error of the map at 12 800 EUR (docs/method.md, 2.2) is 10 to 13 EUR; "
    "assumed to be twice that, since the choice to match ranks is a model too",
    "line": "assumed: both medians of the reference are estimates (docs/data.md)",
    "connectivity": "the law does not say which tiles touch: 4 or 8 neighbours, equally likely",
    "bridge": "the law asks for a continuous urban area: gaps of up to 0, 1 or 2 empty tiles "
    "bridged, equally likely",
}
"""Where the size of each error comes from."""


@dataclass(frozen=True)
class Errors:
    """Size of each error; 0, or a single choice, switches it off. See :data:`SOURCES`.

    Attributes
    ----------
    tile_model, tile_sampling : float
        The error of a tile's estimated median has the variance ``tile_model ** 2 +
        tile_sampling ** 2 / households``, EUR a year.
    group_households : float
        Households that count for an imputed tile: at least those of the group whose values it
        carries. All tiles of the group share one error.
    common : float
        Standard deviation of an error that all tiles share, EUR a year.
    conversion : float
        Standard deviation of the error of the map from declared to disposable income, EUR a year.
    line : float
        Standard deviation of the error of the line before it is rounded up, EUR a year; not drawn
        where all medians of the reference are published.
    connectivity, bridge : tuple of int
        Options of the method, each as likely as the others; empty = that of the base.

    Examples
    --------
    >>> Errors().only("line", "bridge").to_dict()["common"], Errors().without("common").common
    (0.0, 0.0)
    """

    tile_model: float = 330.0
    tile_sampling: float = 5500.0
    group_households: float = 11.0
    common: float = 100.0
    conversion: float = 25.0
    line: float = 25.0
    connectivity: tuple[int, ...] = (4, 8)
    bridge: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        for name in ("tile_model", "tile_sampling", "common", "conversion", "line"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise BadInput("an error out of range", column=name, found=value, expected=">= 0")
        if not self.group_households > 0:
            raise BadInput(
                "not a number of households",
                column="group_households",
                found=self.group_households,
                expected="above 0",
            )
        for name in ("connectivity", "bridge"):
            for value in getattr(self, name):
                replace(Method(), **{name: value})

    def without(self, *components: str) -> Errors:
        """Return the errors with some components of :data:`COMPONENTS` switched off.

        Raises
        ------
        BadInput
            For a name that is no component.
        """
        changes: dict[str, Any] = {}
        for name in components:
            if name not in COMPONENTS:
                raise BadInput("unknown component", found=name, hint=suggestion(name, COMPONENTS))
            if name == "tile":
                changes |= {"tile_model": 0.0, "tile_sampling": 0.0}
            else:
                changes[name] = () if name in ("connectivity", "bridge") else 0.0
        return replace(self, **changes)

    def only(self, *components: str) -> Errors:
        """Return the errors with all other components switched off; no name = no error at all."""
        self.without(*components)
        return self.without(*(name for name in COMPONENTS if name not in components))

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes for a manifest."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }
