"""The law of one day as dated parameters, and its reforms.

A `Law` is frozen and hashable; a reform is another `Law` whose parameters remember their legal
values. Arithmetic that decides a legal test is exact.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any

from zonage.errors import BadInput, suggestion
from zonage.law.exact import decimal, exact
from zonage.law.parameters import Parameter, Reform, Value, check_sums

Amount = int | float | Fraction


@dataclass(frozen=True, slots=True, repr=False)
class Law:
    """The parameters of one law, in one territory, on one day; immutable and hashable.

    A parameter's value reads as an attribute (`law.min_population`), everything known about it as
    `law.parameter("min_population")`.

    Attributes
    ----------
    name : str
        Name of the law file, the first part of a reform's path.
    on : date
        The day.
    territory : str
        Key of the territory in the law file.
    parameters : tuple of Parameter
        Those in force on that day, in the order of the file.
    sums_to_one : tuple of pairs of str
        Weights whose sum must stay 1.
    absent : tuple of pairs of str
        Parameters that the law file knows and this law does not have: name, and where or when it
        has them.

    Examples
    --------
    >>> from zonage.law import load_law
    >>> law = load_law("qpv", on="2024-01-01")
    >>> law.min_population, law.reform(min_population=800).min_population
    (1000, 800)
    >>> law.threshold(21640, 20290, 1_047_075)
    12800
    """

    name: str
    on: date
    territory: str
    parameters: tuple[Parameter, ...]
    sums_to_one: tuple[tuple[str, str], ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    _by_name: dict[str, Parameter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {item.name: item for item in self.parameters})

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # also while an instance is being unpickled and has no fields yet
            raise AttributeError(name)
        try:
            return self._by_name[name].value
        except KeyError:
            raise AttributeError(str(self._no_parameter(name))) from None

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *self._by_name]

    def __repr__(self) -> str:
        lines = [f"Law {self.name}, {self.territory}, on {self.on}"]
        width = max((len(item.name) for item in self.parameters), default=0)
        for item in self.parameters:
            value = f"{item.value} {item.unit}".rstrip()
            legal = f" (legal value {item.legal_value})" if item.reformed else ""
            source = f"[art. {item.article}, {item.certainty}]"
            lines.append(f"  {item.name:<{width}}  {value}{legal}  {source}")
        return "\n".join(lines)

    def parameter(self, name: str) -> Parameter:
        """Return everything known about one parameter.

        Raises
        ------
        BadInput
            If the law has no such parameter on this day.

        Examples
        --------
        >>> from zonage.law import load_law
        >>> load_law("qpv", on="2024-01-01").parameter("income_vintage").value
        'Filosofi 2019'
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise self._no_parameter(name) from None

    def get(self, name: str, default: Value) -> Value:
        """Return a parameter's value, or `default` where the law has none on this day.

        Raises
        ------
        BadInput
            If the law has no such parameter on any day, so that a misspelt name is not silent.

        Examples
        --------
        >>> from zonage.law import load_law
        >>> load_law("qpv", on="2015-01-01").get("uu_derogation", False)
        False
        """
        if name not in self._by_name and name in dict(self.absent):
            return default
        return self.parameter(name).value

    def _no_parameter(self, name: str) -> BadInput:
        where = f"law {self.name} in {self.territory} on {self.on}"
        elsewhere = dict(self.absent).get(name)
        if elsewhere is not None:
            return BadInput(f"{where} has no parameter {name!r}", hint=f"it is set {elsewhere}")
        return BadInput(f"{where} has no parameter {name!r}", hint=suggestion(name, self._by_name))

    # ----- reforms

    @property
    def reforms(self) -> tuple[Reform, ...]:
        """What was changed, and from which legal value."""
        return tuple(
            Reform(f"{self.name}.{item.name}", item.value, item.legal_value)
            for item in self.parameters
            if item.reformed
        )

    @property
    def base(self) -> Law:
        """The law without its reforms."""
        legal = tuple(replace(item, value=item.legal_value) for item in self.parameters)
        return replace(self, parameters=legal)

    def reform(self, overrides: Mapping[str, Value] | None = None, /, **changes: Value) -> Law:
        """Return a law with some values changed; this one stays as it is.

        Parameters
        ----------
        overrides : mapping of str to value, optional
            By path (`"qpv.min_population"`) or by name.
        **changes : value
            By name.

        Raises
        ------
        BadInput
            If a parameter is unknown, not in force on this day or named twice, if its value is of
            the wrong type or out of range, or if weights no longer sum to 1.

        Examples
        --------
        >>> from zonage.law import load_law
        >>> reformed = load_law("qpv", on="2024-01-01").reform({"qpv.factor": 0.65})
        >>> reformed.reforms
        (Reform(path='qpv.factor', value=0.65, legal_value=0.6),)
        """
        named: dict[str, Value] = {}
        for path, value in [*(overrides or {}).items(), *changes.items()]:
            name = self._name_of(path)
            if name in named:
                raise BadInput("parameter changed twice in one reform", column=name)
            domain = self.parameter(name).domain
            accepted = domain.accept(value)
            if accepted is None:
                raise BadInput(
                    "value not allowed in a reform",
                    column=f"{self.name}.{name}",
                    found=reprlib.repr(value),
                    expected=str(domain),
                )
            named[name] = accepted
        changed = tuple(
            replace(item, value=named[item.name]) if item.name in named else item
            for item in self.parameters
        )
        law = replace(self, parameters=changed)
        check_sums(law.sums_to_one, law.parameters, place=self.name)
        return law

    def _name_of(self, path: str) -> str:
        if not isinstance(path, str):
            raise BadInput("a reform names parameters by text", found=reprlib.repr(path))
        prefix, dot, name = path.rpartition(".")
        if dot and prefix != self.name:
            raise BadInput(
                "the reform names another law", found=path, expected=f"{self.name}.<parameter>"
            )
        return name

    # ----- the rule

    def threshold(
        self,
        national_median: Amount,
        unit_median: Amount,
        unit_population: Amount | None = None,
    ) -> int:
        """Return the income line below which a quarter's median must lie.

        The weighted sum of both medians times `factor`, rounded up to `threshold_rounding`. The
        arithmetic is exact, so that a line on a multiple of the step stays there.

        Parameters
        ----------
        national_median : int, float or Fraction
            Median income per consumption unit of metropolitan France, EUR a year.
        unit_median : int, float or Fraction
            That of the urban unit or, in Martinique and La Réunion, of the department, EUR a year.
        unit_population : int, float or Fraction, optional
            Inhabitants of the urban unit, which choose the weights; not needed where the law has
            the same weights for all.

        Returns
        -------
        int
            EUR a year.

        Raises
        ------
        BadInput
            If a median is not a positive finite number, or the population is needed and missing.

        Notes
        -----
        Décret n° 2014-767, article 4; décret n° 2014-1575, article 2.

        Examples
        --------
        >>> from zonage.law import load_law
        >>> load_law("qpv", on="2015-01-01").threshold(20_000, 20_000, 50_000)
        12000
        """
        national = exact(national_median, "national_median", positive=True)
        unit = exact(unit_median, "unit_median", positive=True)
        big = self._is_big(unit_population)
        national_weight = self.parameter("big_uu_national_weight" if big else "national_weight")
        unit_weight = self.parameter("big_uu_unit_weight" if big else "unit_weight")
        line = self._fraction("factor") * (
            decimal(national_weight.value) * national + decimal(unit_weight.value) * unit
        )
        step = self._fraction("threshold_rounding")
        return int(step * math.ceil(line / step))

    def _is_big(self, unit_population: Amount | None) -> bool:
        if "big_uu_population" not in self:
            return False
        if unit_population is None:
            raise BadInput(
                "the population of the urban unit is needed to choose the weights of the medians",
                column="unit_population",
            )
        population = exact(unit_population, "unit_population")
        return population >= self._fraction("big_uu_population")

    def _fraction(self, name: str) -> Fraction:
        return decimal(self.parameter(name).value)

    def unit_qualifies(self, population: Amount, *, listed_before: bool = False) -> bool:
        """Return whether an urban unit (overseas, a commune) is large enough to hold quarters.

        Parameters
        ----------
        population : int, float or Fraction
            Inhabitants (population totale), before the legal rounding.
        listed_before : bool
            Whether the quarter was on the list before this one, which counts during the derogation.

        Raises
        ------
        BadInput
            If the population is not a finite number of at least 0.

        Notes
        -----
        Décret n° 2014-767, article 2; décret n° 2014-1575, article 1.

        Examples
        --------
        >>> from zonage.law import load_law
        >>> law = load_law("qpv", on="2024-01-01")
        >>> law.unit_qualifies(9_901), law.unit_qualifies(9_900)
        (True, False)
        """
        step = decimal(self.get("uu_population_rounding", 1))
        rounded = step * math.ceil(exact(population, "population") / step)
        if rounded >= decimal(self.unit_minimum.value):
            return True
        return listed_before and bool(self.get("uu_derogation", False))

    @property
    def unit_minimum(self) -> Parameter:
        """The minimum population of an urban unit or, overseas, of a commune."""
        return self.parameter(
            "commune_min_population" if self.tests_commune else "uu_min_population"
        )

    @property
    def tests_commune(self) -> bool:
        """Whether the minimum population is that of the commune, not of an urban unit."""
        return "commune_min_population" in self

    def income_qualifies(self, median: Amount, line: Amount) -> bool:
        """Return whether a median income meets the income test of a line, both in EUR a year.

        Examples
        --------
        >>> from zonage.law import load_law
        >>> law = load_law("qpv", on="2024-01-01")
        >>> law.income_qualifies(12_799, 12_800), law.income_qualifies(12_800, 12_800)
        (True, False)
        """
        left, right = exact(median, "median"), exact(line, "line")
        return left < right or (left == right and self.parameter("comparison").value == "inclusive")

    def to_dict(self) -> dict[str, Any]:
        """Return the law as plain values that JSON can hold, for a manifest.

        Examples
        --------
        >>> from zonage.law import load_law
        >>> load_law("qpv", on="2024-01-01").to_dict()["on"]
        '2024-01-01'
        """
        return {
            "law": self.name,
            "on": self.on.isoformat(),
            "territory": self.territory,
            "reforms": {
                item.path: {"value": item.value, "legal_value": item.legal_value}
                for item in self.reforms
            },
            "parameters": {item.name: item.to_dict() for item in self.parameters},
        }
