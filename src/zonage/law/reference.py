"""Reference incomes, and the income line that a law draws from them for an urban unit."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from zonage.errors import BadInput
from zonage.law.exact import exact
from zonage.law.model import Law

CONCEPTS = ("declared", "disposable")
MEDIAN_CERTAINTIES = ("published", "estimated")
LINE_PARAMETERS = (  # those that decide the line of a unit, or whether the unit has one
    "uu_min_population",
    "uu_population_rounding",
    "uu_derogation",
    "commune_min_population",
    "income_concept",
    "income_vintage",
    "factor",
    "national_weight",
    "unit_weight",
    "big_uu_population",
    "big_uu_national_weight",
    "big_uu_unit_weight",
    "threshold_rounding",
)


@dataclass(frozen=True, slots=True)
class ReferenceUnit:
    """One urban unit (overseas, one department) of a table of reference incomes.

    Attributes
    ----------
    code, name : str
        Code of INSEE, with its leading zeros, and name.
    population : int or float or None
        Inhabitants (population totale); None where unknown.
    median : int or float or None
        Median income per consumption unit, EUR a year; None where unknown.
    certainty : {"published", "estimated"} or None
        How the median is known; None where there is none.
    source : str
        Where both figures come from.
    """

    code: str
    name: str
    population: int | float | None
    median: int | float | None
    certainty: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Line:
    """The income line of one urban unit, and what it was made from.

    Attributes
    ----------
    unit : str or None
        Code of the urban unit; None outside any unit.
    name : str or None
        Its name, None where the unit is unknown.
    threshold : int or None
        EUR a year; None where there is no line.
    qualifies : bool or None
        Whether the unit (overseas, the commune) is populous enough; None where that is not known.
    reason : str or None
        Why there is no line, or why the unit does not qualify or was not tested; None otherwise.
    certainty : {"published", "estimated"} or None
        The weaker of the marks of both medians.
    national_median, unit_median : int or float or None
        EUR a year per consumption unit.
    population : int or float or None
        Inhabitants that were tested.
    concept : {"declared", "disposable"}
        Income that the medians measure.
    year : int
        Year of the incomes.
    source : str or None
        Source of the unit's figures.
    departures : tuple of str
        In what the line is not the legal one: another income, another year, a reform.
    """

    unit: str | None
    name: str | None
    threshold: int | None
    qualifies: bool | None
    reason: str | None
    certainty: str | None
    national_median: int | float
    unit_median: int | float | None
    population: int | float | None
    concept: str
    year: int
    source: str | None
    departures: tuple[str, ...]

    @property
    def legal(self) -> bool:
        """Whether the line exists and departs from the law in nothing."""
        return self.threshold is not None and not self.departures


@dataclass(frozen=True, slots=True)
class Reference:
    """Median incomes of one year from which lines are drawn; immutable and hashable.

    Attributes
    ----------
    national_median : int or float
        Metropolitan France, EUR a year per consumption unit.
    year : int
        Year of the incomes.
    concept : {"declared", "disposable"}
        Income that the medians measure.
    national_certainty : {"published", "estimated"}
        How the national median is known.
    national_source : str
        Where it comes from.
    units : tuple of ReferenceUnit
        The urban units (overseas, the departments); `reference[code]` is one of them.

    Raises
    ------
    BadInput
        If a value is not one of those above, or a code comes twice.

    Examples
    --------
    >>> from zonage.law import load_law
    >>> lille = ReferenceUnit("59702", "Lille", 1_047_075, 20290, "estimated", "IRIS deciles")
    >>> reference = Reference(21640, 2019, "declared", "estimated", "IRIS rates", (lille,))
    >>> reference.line(load_law("qpv", on="2024-01-01"), "59702").threshold
    12800
    """

    national_median: int | float
    year: int
    concept: str
    national_certainty: str
    national_source: str
    units: tuple[ReferenceUnit, ...]
    _by_code: dict[str, ReferenceUnit] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        exact(self.national_median, "national_median", positive=True)
        if isinstance(self.year, bool) or not isinstance(self.year, int):
            raise BadInput(
                "not a year", column="year", found=reprlib.repr(self.year), expected="an int"
            )
        _check_word(self.concept, CONCEPTS, "concept")
        _check_word(self.national_certainty, MEDIAN_CERTAINTIES, "national_certainty")
        by_code: dict[str, ReferenceUnit] = {}
        object.__setattr__(self, "units", tuple(self.units))
        for row, unit in enumerate(self.units, start=1):
            try:
                _check_unit(unit)
            except BadInput as error:
                raise error.located(row=row) from None
            if unit.code in by_code:
                raise BadInput("unit given twice", row=row, column="code", found=unit.code)
            by_code[unit.code] = unit
        object.__setattr__(self, "_by_code", by_code)

    def __getitem__(self, code: str) -> ReferenceUnit:
        return self._by_code[code]

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self.units)

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Mapping[str, Any]],
        *,
        national_median: int | float,
        year: int,
        concept: str,
        national_certainty: str,
        national_source: str,
        file: str | None = None,
    ) -> Reference:
        """Return the reference held by the rows of a table.

        Parameters
        ----------
        rows : iterable of mappings
            With `code`, `name`, `population` (inhabitants or None), `median` (EUR a year or None),
            `certainty` (of the median) and `source`; other keys are left aside.
        national_median, year, concept, national_certainty, national_source
            As the attributes.
        file : str, optional
            Named in errors.

        Raises
        ------
        BadInput
            With the row and the column at fault.

        Examples
        --------
        >>> row = dict(code="81004", name="Albi", population=None, median=20940,
        ...            certainty="estimated", source="IRIS deciles")
        >>> Reference.from_rows([row], national_median=21640, year=2019, concept="declared",
        ...     national_certainty="estimated", national_source="IRIS rates")["81004"].median
        20940
        """
        columns = ("code", "name", "population", "median", "certainty", "source")
        units = []
        for number, row in enumerate(rows, start=1):
            missing = [name for name in columns if name not in row]
            if missing:
                raise BadInput("missing column", file=file, row=number, column=missing[0])
            units.append(ReferenceUnit(**{name: row[name] for name in columns}))
        try:
            return cls(
                national_median, year, concept, national_certainty, national_source, tuple(units)
            )
        except BadInput as error:
            raise error.located(file=file) from None

    def line(
        self,
        law: Law,
        unit: str | None,
        *,
        commune_population: int | float | None = None,
        listed_before: bool = False,
    ) -> Line:
        """Return the income line of one unit under a law, or the reason why there is none.

        Parameters
        ----------
        law : Law
            The law, reformed or not.
        unit : str or None
            Code of the urban unit (in Martinique and La Réunion, of the department); None outside
            any unit.
        commune_population : int or float, optional
            Inhabitants of the commune, tested where the law tests the commune.
        listed_before : bool
            Whether the quarter was on the list before, which counts during the derogation.
        """
        known = None if unit is None else self._by_code.get(unit)
        population = None if known is None else known.population
        if law.tests_commune:
            population = commune_population
        threshold = qualifies = certainty = small = None
        if known is not None:
            qualifies, small = _size_test(law, population, listed_before)
        reason = self._obstacle(law, unit)
        if reason is not None and qualifies is not False:
            qualifies = None
        if known is not None and known.median is not None and reason is None:
            threshold = law.threshold(self.national_median, known.median, known.population)
            estimated = "estimated" in (self.national_certainty, known.certainty)
            certainty = "estimated" if estimated else "published"
        return Line(
            unit=unit,
            name=None if known is None else known.name,
            threshold=threshold,
            qualifies=qualifies,
            reason=small if qualifies is False else reason or small,
            certainty=certainty,
            national_median=self.national_median,
            unit_median=None if known is None else known.median,
            population=population,
            concept=self.concept,
            year=self.year,
            source=None if known is None else known.source,
            departures=self.departures(law),
        )

    def _obstacle(self, law: Law, unit: str | None) -> str | None:
        """Return why a unit has no line, None where it has one."""
        if unit is None:
            return "outside any urban unit"
        known = self._by_code.get(unit)
        if known is None:
            return f"unit {unit} is not in the reference"
        if known.median is None:
            return f"the median income of {known.name} is unknown"
        if known.population is None and not law.tests_commune:
            return f"the population of {known.name} is unknown"
        return None

    def departures(self, law: Law) -> tuple[str, ...]:
        """Return in what a line drawn from these incomes is not the legal one.

        Examples
        --------
        >>> from zonage.law import load_law
        >>> Reference(21730, 2018, "disposable", "published", "Filosofi", ()).departures(
        ...     load_law("qpv", on="2024-01-01"))
        ('disposable income instead of declared', 'incomes of 2018 instead of Filosofi 2019')
        """
        concept = law.parameter("income_concept").value
        vintage = str(law.parameter("income_vintage").value)
        found = []
        if self.concept != concept:
            found.append(f"{self.concept} income instead of {concept}")
        if vintage.split()[-1] != str(self.year):
            found.append(f"incomes of {self.year} instead of {vintage}")
        found += [
            f"{item.path} {item.value} instead of {item.legal_value}"
            for item in law.reforms
            if item.path.rpartition(".")[2] in LINE_PARAMETERS
        ]
        return tuple(found)


def _size_test(
    law: Law, population: int | float | None, listed_before: bool
) -> tuple[bool | None, str | None]:
    """Return whether a unit or commune is populous enough, and why not or why nobody knows."""
    if population is None:
        return None, "the population of the commune was not given"
    if law.unit_qualifies(population, listed_before=listed_before):
        return True, None
    return False, f"{population} inhabitants, {law.unit_minimum.value} needed"


def _check_unit(unit: ReferenceUnit) -> None:
    for column in ("code", "name", "source"):
        value = getattr(unit, column)
        if not isinstance(value, str) or not value.strip():
            raise BadInput(
                "not a text", column=column, found=reprlib.repr(value), expected="a text"
            )
    if unit.population is not None:
        exact(unit.population, "population")
    if unit.median is not None:
        exact(unit.median, "median", positive=True)
        _check_word(unit.certainty, MEDIAN_CERTAINTIES, "certainty")
    elif unit.certainty is not None:
        raise BadInput("a certainty without a median", column="certainty", found=unit.certainty)


def _check_word(value: object, words: tuple[str, ...], column: str) -> None:
    if value not in words:
        raise BadInput(
            "unknown word", column=column, found=reprlib.repr(value), expected=" or ".join(words)
        )
