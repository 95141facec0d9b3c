"""The choices of the model of complementary perimeters, and what they ask of one indicator."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from zonage.errors import BadInput, suggestion
from zonage.law.exact import decimal
from zonage.law.parameters import Domain, Value

if TYPE_CHECKING:
    from zonage.complementary.layers import Missing

MODEL = "complement"
"""First part of the paths of the rule's parameters."""

LEVELS = (1, 2)
"""The levels, the more severe first."""

MAX_INDICATORS = 12
"""Indicators of a rule; with so many, scores still fit 64 bits with room."""

OF_INDICATORS = ("used", "scale", "cutoff", "quantile", "ties", "missing", "weight")
"""Parameters that every indicator has."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of the model: the value it takes, those it may take, and what it rests on.

    Attributes
    ----------
    path : str
        ``level_1_families``, or ``social_housing_share.cutoff`` for that of an indicator.
    value : int, float, bool or str
        Value of the model, in `unit`.
    domain : Domain
        Values that it may take.
    tested : tuple
        Values that :func:`zonage.complementary.stability.stability` tries by default.
    unit : str
        Unit of a number; empty for words and flags.
    title_fr, title_en : str
        The choice in words.
    reason : str
        Why this value.
    basis, link : str
        What the reason rests on, and where it can be read (empty where it is a judgement of ours).
    valid_from : date
        First day of this version of the value.
    """

    path: str
    value: Value
    domain: Domain
    tested: tuple[Value, ...]
    unit: str
    title_fr: str
    title_en: str
    reason: str
    basis: str
    link: str
    valid_from: date

    def to_dict(self) -> dict[str, Any]:
        """Return the choice as plain values that JSON can hold."""
        return {
            "model_value": self.value,
            "unit": self.unit,
            "allowed": str(self.domain),
            "tested": list(self.tested),
            "title_fr": self.title_fr,
            "title_en": self.title_en,
            "reason": self.reason,
            "basis": self.basis,
            "link": self.link,
            "valid_from": self.valid_from.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Condition:
    """What the rule asks of one indicator.

    Attributes
    ----------
    indicator : str
        Its name.
    scale : {"absolute", "quantile"}
        Whether the cut-off is a value, or that of the most fragile share of inhabitants.
    cutoff : float
        In the indicator's unit; counts where the scale is absolute.
    quantile : float
        Share of the inhabitants of all tiles whose value is known, the most fragile; counts where
        the scale is a quantile.
    ties : {"inclusive", "strict"}
        Whether a tile exactly at the cut-off meets it.
    missing : {"absent", "ignore", "refuse"}
        What a tile without a value counts as: not met; left out, the needed number scaled; an
        error.
    weight : float
        Weight in the score.
    """

    indicator: str
    scale: Literal["absolute", "quantile"]
    cutoff: float
    quantile: float
    ties: Literal["inclusive", "strict"]
    missing: Missing
    weight: float


@dataclass(frozen=True, slots=True)
class Model:
    """All choices of the model, with what is to be said wherever it is used.

    Attributes
    ----------
    name : str
        First part of the paths of its parameters.
    title_fr, title_en, remark : str
        What it is called, and that it is a model.
    choices : tuple of Choice
        Every choice.
    indicators : tuple of str
        Names of all indicators that it knows, used or not.
    place : dict of str to int
        Where each choice is, by path.
    """

    name: str
    title_fr: str
    title_en: str
    remark: str
    choices: tuple[Choice, ...]
    indicators: tuple[str, ...] = field(init=False, compare=False)
    place: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        place = {choice.path: number for number, choice in enumerate(self.choices)}
        names = tuple(path.removesuffix(".used") for path in place if path.endswith(".used"))
        object.__setattr__(self, "place", place)
        object.__setattr__(self, "indicators", names)

    def number(self, path: str) -> int:
        """Return where a choice is.

        Raises
        ------
        BadInput
            For a path that the model does not have, with the nearest ones.
        """
        if not isinstance(path, str):
            raise BadInput("a parameter is named by text", found=reprlib.repr(path))
        short = path.removeprefix(f"{self.name}.")
        if short not in self.place:
            raise BadInput(
                f"the model {self.name} has no such parameter",
                column=path,
                hint=suggestion(short, self.place),
            )
        return self.place[short]


def in_thousandths(path: str) -> bool:
    """Whether a value is held in whole thousandths, so that the test it decides is exact."""
    return path.endswith((".weight", ".quantile", "_score"))


@lru_cache(maxsize=4096)
def thousandths(value: Value) -> int:
    """Return a weight, a score or a quantile in whole thousandths."""
    return int(decimal(value) * 1000)
