"""The rule of the complementary perimeters: a dated model whose every choice is a parameter.

It is a model of ours, never a law: the métropole of Lille published a map of its first level and no
numeric rule. `law/complement.yaml` holds every value with what it rests on,
:func:`zonage.complementary.rule_file.load_rule` reads it, :meth:`Rule.reform` changes it.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from zonage.complementary.choices import (
    LEVELS,
    MAX_INDICATORS,
    OF_INDICATORS,
    Choice,
    Condition,
    Model,
    in_thousandths,
)
from zonage.errors import BadInput
from zonage.law.exact import decimal
from zonage.law.parameters import Domain, Value

if TYPE_CHECKING:
    from zonage.complementary.layers import Indicator, Missing


@dataclass(frozen=True, slots=True, repr=False)
class Rule:
    """A rule of the complementary perimeters; immutable and hashable.

    A value reads as ``rule["min_population"]`` or ``rule["social_housing_share.cutoff"]``.

    Attributes
    ----------
    model : Model
        The model, with its own values.
    values : tuple
        The value of each choice under this rule, in the order of the model.
    conditions : tuple of Condition
        What the rule asks of each indicator that it uses.

    Examples
    --------
    >>> from zonage.complementary.rule_file import load_rule
    >>> rule = load_rule()
    >>> fewer = rule.reform({"complement.min_population": 300})
    >>> fewer["min_population"], fewer.changes == {"complement.min_population": 300}
    (300, True)
    """

    model: Model
    values: tuple[Value, ...]
    conditions: tuple[Condition, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        used = [self._condition(name) for name in self.indicators if self[f"{name}.used"]]
        object.__setattr__(self, "conditions", tuple(used))

    def __getitem__(self, path: str) -> Value:
        place = self.model.place.get(path)
        return self.values[self.model.number(path) if place is None else place]

    def __repr__(self) -> str:
        lines = [f"Model {self.name}: {self.model.title_en}"]
        for choice, value in zip(self.model.choices, self.values, strict=True):
            changed = "" if value == choice.value else f" (model value {choice.value})"
            lines.append(f"  {choice.path}  {value} {choice.unit}".rstrip() + changed)
        return "\n".join(lines)

    @property
    def name(self) -> str:
        """Name of the model, the first part of all paths."""
        return self.model.name

    @property
    def indicators(self) -> tuple[str, ...]:
        """Names of all indicators that the model knows, used or not."""
        return self.model.indicators

    def choice(self, path: str) -> Choice:
        """Return everything known about one parameter.

        Raises
        ------
        BadInput
            For a path that the model does not have, with the nearest ones.
        """
        return self.model.choices[self.model.number(path)]

    @property
    def paths(self) -> list[str]:
        """Full paths of all parameters, as settings name them."""
        return [f"{self.name}.{choice.path}" for choice in self.model.choices]

    def _condition(self, name: str) -> Condition:
        values: list[Any] = [self[f"{name}.{part}"] for part in OF_INDICATORS[1:]]
        return Condition(name, *values)

    def needed(self, level: int) -> int:
        """Families of indicators that must hold at a level."""
        return int(self[f"level_{level}_families"])

    @property
    def changes(self) -> dict[str, Value]:
        """Parameters whose value is not that of the model, by full path."""
        pairs = zip(self.model.choices, self.values, strict=True)
        return {f"{self.name}.{one.path}": value for one, value in pairs if value != one.value}

    def reform(self, overrides: Mapping[str, Value] | None = None, /, **changes: Value) -> Rule:
        """Return a rule with some values changed; this one stays as it is.

        Parameters
        ----------
        overrides : mapping of str to value, optional
            By path, such as ``{"complement.social_housing_share.cutoff": 0.3}``.
        **changes : value
            By name, for parameters that belong to no indicator.

        Raises
        ------
        BadInput
            If a parameter is unknown or named twice, if a value is of the wrong type or out of
            range, or if the values do not fit together.

        Examples
        --------
        >>> from zonage.complementary.rule_file import load_rule
        >>> load_rule().reform(min_population=300)["min_population"]
        300
        """
        changed: dict[str, Value] = {}
        for path, value in [*(overrides or {}).items(), *changes.items()]:
            short = self.choice(path).path
            if short in changed:
                raise BadInput("parameter changed twice in one reform", column=path)
            changed[short] = value
        rule = self._with(changed)
        for path in changed:
            why = rule.idle(path)
            if why:
                raise BadInput(
                    f"this parameter does not count, since {why}", column=f"{self.name}.{path}"
                )
        return rule

    def variant(self, changes: Mapping[str, Value]) -> Rule:
        """Return the rule with those of some changes that count; as :meth:`reform` otherwise.

        Two variants are equal where they decide the same, whatever the values that do not count.
        """
        rule = self._with({self.choice(path).path: value for path, value in changes.items()})
        counting = {path: rule[path] for path in changes if rule.idle(path) is None}
        return rule if len(counting) == len(changes) else self._with(counting)

    def _with(self, changes: Mapping[str, Value]) -> Rule:
        values = list(self.values)
        for path, value in changes.items():
            number = self.model.number(path)
            values[number] = self._accepted(self.model.choices[number], value)
        rule = Rule(self.model, tuple(values))
        rule._check()
        return rule

    def accepted(self, path: str, value: object) -> Value:
        """Return a value as the plain type of a parameter.

        Raises
        ------
        BadInput
            If the parameter is unknown, or the value of the wrong type or out of range.
        """
        return self._accepted(self.choice(path), value)

    def _accepted(self, choice: Choice, value: object) -> Value:
        accepted = choice.domain.accept(value)
        if accepted is None:
            raise BadInput(
                "value not allowed in the model",
                column=f"{self.name}.{choice.path}",
                found=reprlib.repr(value),
                expected=str(choice.domain),
            )
        if in_thousandths(choice.path) and (decimal(accepted) * 1000).denominator != 1:
            raise BadInput(
                "more than three decimals", column=f"{self.name}.{choice.path}", found=accepted
            )
        return accepted

    def adding(
        self,
        indicator: Indicator,
        *,
        cutoff: float | None = None,
        quantile: float | None = None,
        ties: str = "inclusive",
        missing: Missing | None = None,
        weight: float = 1.0,
    ) -> Rule:
        """Return a rule that also uses an indicator which the model does not have.

        Parameters
        ----------
        indicator : Indicator
            What the layer of a user measures.
        cutoff : float, optional
            In its unit.
        quantile : float, optional
            Instead of `cutoff`: the most fragile share of inhabitants, from 0 to 1.
        ties, missing, weight : optional
            As in :class:`Condition`; `missing` is the indicator's own policy if not given.

        Raises
        ------
        BadInput
            If the model has the indicator, if neither or both of cut-off and quantile are given,
            or for a value that is not allowed.
        """
        if indicator.name in self.indicators:
            raise BadInput(
                "the model has this indicator already",
                column=f"{self.name}.{indicator.name}",
                hint="change its parameters with reform",
            )
        if (cutoff is None) == (quantile is None):
            raise BadInput(
                "an indicator needs a cut-off or a quantile, not both", column=indicator.name
            )
        given: dict[str, Value] = {
            "used": True,
            "scale": "absolute" if quantile is None else "quantile",
            "cutoff": 0.0 if cutoff is None else cutoff,
            "quantile": 0.0 if quantile is None else quantile,
            "ties": ties,
            "missing": missing or indicator.missing,
            "weight": weight,
        }
        choices = [self._of_user(indicator, part, given[part]) for part in OF_INDICATORS]
        rule = Rule(
            replace(self.model, choices=(*self.model.choices, *choices)),
            (*self.values, *(choice.value for choice in choices)),
        )
        rule._check()
        return rule

    def _of_user(self, indicator: Indicator, part: str, value: Value) -> Choice:
        like = self.choice(f"{self.indicators[0]}.{part}")
        choice = replace(
            like,
            path=f"{indicator.name}.{part}",
            domain=Domain("number") if part == "cutoff" else like.domain,
            unit=indicator.unit if part == "cutoff" else like.unit,
            tested=(),
            title_fr=f"{indicator.label['fr']} : {like.title_fr.rpartition(' : ')[2]}",
            title_en=f"{indicator.label['en']}: {like.title_en.rpartition(': ')[2]}",
            reason="Set by the user, who brought the indicator.",
            basis="",
            link="",
        )
        return replace(choice, value=self._accepted(choice, value))

    def _check(self) -> None:
        """Refuse values that do not fit together."""
        for name in ("families", "score"):
            first, second = (self[f"level_{level}_{name}"] for level in LEVELS)
            if first < second:  # type: ignore[operator]
                raise BadInput(
                    "level 1 must ask for at least as much as level 2",
                    column=f"{self.name}.level_1_{name}",
                    found=first,
                    expected=f"at least {second}",
                )
        conditions = self.conditions
        if not 1 <= len(conditions) <= MAX_INDICATORS:
            raise BadInput(
                f"the rule needs 1 to {MAX_INDICATORS} indicators",
                column=f"{self.name}.<indicator>.used",
                found=len(conditions),
            )
        if self["decision"] == "score" and not any(one.weight for one in conditions):
            raise BadInput("all weights of the score are 0", column=f"{self.name}.decision")
        if self["connectivity"] not in (4, 8):
            raise BadInput(
                "value not allowed in the model",
                column=f"{self.name}.connectivity",
                found=self["connectivity"],
                expected="4 or 8",
            )

    def idle(self, path: str) -> str | None:
        """Say why a parameter decides nothing under the other values, None where it does.

        Examples
        --------
        >>> from zonage.complementary.rule_file import load_rule
        >>> load_rule().idle("level_1_score")
        'decision is count'
        """
        name, dot, part = path.removeprefix(f"{self.name}.").rpartition(".")
        if dot and part != "used" and not self[f"{name}.used"]:
            return f"{name}.used is false"
        for parts, switch, value in (
            (("cutoff",), f"{name}.scale", "quantile"),
            (("quantile",), f"{name}.scale", "absolute"),
            (("weight", "level_1_score", "level_2_score"), "decision", "count"),
            (("level_1_families", "level_2_families"), "decision", "score"),
        ):
            if part in parts and self[switch] == value:
                return f"{switch} is {value}"
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as plain values that JSON can hold, for a manifest.

        Examples
        --------
        >>> from zonage.complementary.rule_file import load_rule
        >>> load_rule().to_dict()["parameters"]["connectivity"]["value"]
        8
        """
        pairs = zip(self.model.choices, self.values, strict=True)
        return {
            "model": self.name,
            "title_fr": self.model.title_fr,
            "title_en": self.model.title_en,
            "remark": self.model.remark,
            "changes": self.changes,
            "parameters": {one.path: {"value": value} | one.to_dict() for one, value in pairs},
        }
