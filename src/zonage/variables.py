"""The registry: every variable the engine knows, with its unit, kind, INSEE column and texts.

Readers, validation, outputs, docs and figures all read this list; a name is declared here once.

Counted quantities are held as ``int64`` in thousandths (:data:`FIXED_POINT`). INSEE publishes
tenths (inhabitants come in halves, imputed values in tenths), so every published figure is held
exactly, sums are exact and do not depend on their order, and 1 000 inhabitants are 1 000.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

FIXED_POINT = 1000
"""Units of the int64 fixed point per unit of a counted quantity: values are held in thousandths."""


class Kind(Enum):
    """How a variable is held: a count in fixed point, a flag, a code, or a derived float."""

    COUNT = "count"
    FLAG = "flag"
    CODE = "code"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class Variable:
    """A named variable of the engine.

    Attributes
    ----------
    name : str
        The engine's name.
    kind : Kind
        How it is held in memory.
    unit : str
        Unit in the words of the CF convention where it has one ("1" for a pure number).
    english, french : str
        One line for readers of outputs and figures.
    insee : dict of int to str
        INSEE's column, by vintage of the tile files; empty for derived variables.
    """

    name: str
    kind: Kind
    unit: str
    english: str
    french: str
    insee: dict[int, str]

    def column(self, vintage: int) -> str | None:
        """INSEE's column of this variable in a vintage, or None where it is not published.

        Examples
        --------
        >>> REGISTRY["population"].column(2015)
        'Ind'
        """
        return self.insee.get(vintage)


VINTAGES = (2015, 2017, 2019, 2021)
"""Vintages of the Filosofi 200 m tiles whose layout is known."""


def _published(lower: str, **by_vintage: str) -> dict[int, str]:
    """Columns by vintage: capitalised until 2017, lower case since 2019, unless said otherwise."""
    columns = {
        vintage: lower if vintage >= 2019 else lower[0].upper() + lower[1:] for vintage in VINTAGES
    }
    columns.update({int(vintage[1:]): name for vintage, name in by_vintage.items()})
    return columns


def _count(name: str, column: str, unit: str, english: str, french: str) -> Variable:
    return Variable(name, Kind.COUNT, unit, english, french, _published(column))


def _derived(name: str, unit: str, english: str, french: str) -> Variable:
    return Variable(name, Kind.DERIVED, unit, english, french, {})


_PEOPLE, _HOUSEHOLDS, _DWELLINGS = "inhabitants", "households", "dwellings"

_VARIABLES = (
    _count("population", "ind", _PEOPLE, "Inhabitants", "Individus"),
    _count("households", "men", _HOUSEHOLDS, "Households", "Ménages"),
    _count("poor_households", "men_pauv", _HOUSEHOLDS, "Poor households", "Ménages pauvres"),
    _count(
        "income_sum",
        "ind_snv",
        "EUR year-1",
        "Sum over inhabitants of the winsorised niveau de vie",
        "Somme des niveaux de vie winsorisés des individus",
    ),
    _count("social_dwellings", "log_soc", _DWELLINGS, "Social dwellings", "Logements sociaux"),
    _count(
        "one_person_households",
        "men_1ind",
        _HOUSEHOLDS,
        "Households of one person",
        "Ménages d'un seul individu",
    ),
    _count(
        "large_households",
        "men_5ind",
        _HOUSEHOLDS,
        "Households of five persons or more",
        "Ménages de cinq individus ou plus",
    ),
    _count(
        "owner_households", "men_prop", _HOUSEHOLDS, "Owner households", "Ménages propriétaires"
    ),
    _count(
        "single_parent_households",
        "men_fmp",
        _HOUSEHOLDS,
        "Single-parent households",
        "Ménages monoparentaux",
    ),
    _count("floor_area", "men_surf", "m2", "Floor area of dwellings", "Surface des logements"),
    _count(
        "flat_households",
        "men_coll",
        _HOUSEHOLDS,
        "Households in collective housing",
        "Ménages en logement collectif",
    ),
    _count(
        "house_households", "men_mais", _HOUSEHOLDS, "Households in houses", "Ménages en maison"
    ),
    _count("dwellings_before_1945", "log_av45", _DWELLINGS, "Built before 1945", "Avant 1945"),
    _count("dwellings_1945_1969", "log_45_70", _DWELLINGS, "Built 1945 to 1969", "De 1945 à 1969"),
    _count("dwellings_1970_1989", "log_70_90", _DWELLINGS, "Built 1970 to 1989", "De 1970 à 1989"),
    _count("dwellings_since_1990", "log_ap90", _DWELLINGS, "Built since 1990", "Depuis 1990"),
    _count("dwellings_unknown_age", "log_inc", _DWELLINGS, "Age unknown", "Date inconnue"),
    _count("age_0_3", "ind_0_3", _PEOPLE, "Aged 0 to 3", "De 0 à 3 ans"),
    _count("age_4_5", "ind_4_5", _PEOPLE, "Aged 4 to 5", "De 4 à 5 ans"),
    _count("age_6_10", "ind_6_10", _PEOPLE, "Aged 6 to 10", "De 6 à 10 ans"),
    _count("age_11_17", "ind_11_17", _PEOPLE, "Aged 11 to 17", "De 11 à 17 ans"),
    _count("age_18_24", "ind_18_24", _PEOPLE, "Aged 18 to 24", "De 18 à 24 ans"),
    _count("age_25_39", "ind_25_39", _PEOPLE, "Aged 25 to 39", "De 25 à 39 ans"),
    _count("age_40_54", "ind_40_54", _PEOPLE, "Aged 40 to 54", "De 40 à 54 ans"),
    _count("age_55_64", "ind_55_64", _PEOPLE, "Aged 55 to 64", "De 55 à 64 ans"),
    _count("age_65_79", "ind_65_79", _PEOPLE, "Aged 65 to 79", "De 65 à 79 ans"),
    _count("age_80_plus", "ind_80p", _PEOPLE, "Aged 80 or more", "80 ans ou plus"),
    _count("age_unknown", "ind_inc", _PEOPLE, "Age unknown", "Âge inconnu"),
    Variable(
        "imputed",
        Kind.FLAG,
        "1",
        "Values spread from a group of at least 11 households",
        "Valeurs approchées, imputées d'un groupe d'au moins 11 ménages",
        _published("i_est_200", v2015="I_est_cr"),
    ),
    Variable(
        "commune",
        Kind.CODE,
        "1",
        "Commune (official geographic code)",
        "Commune (code officiel géographique)",
        _published("lcog_geo", v2015="Depcom", v2017="lcog_geo"),
    ),
    Variable("urban_unit", Kind.CODE, "1", "Urban unit of 2020", "Unité urbaine 2020", {}),
    _derived(
        "income_mean",
        "EUR year-1",
        "Mean niveau de vie of inhabitants",
        "Niveau de vie moyen des individus",
    ),
    _derived("poverty_share", "1", "Share of households that are poor", "Part des ménages pauvres"),
    _derived(
        "income_median",
        "EUR year-1",
        "Estimated median disposable income per consumption unit",
        "Revenu disponible médian par unité de consommation, estimé",
    ),
    _derived(
        "share_below",
        "1",
        "Estimated share of inhabitants below the line",
        "Part estimée des individus sous le seuil",
    ),
    _derived(
        "threshold",
        "EUR year-1",
        "Line that the median is held against",
        "Seuil auquel le revenu médian est comparé",
    ),
    _derived("density", "inhabitants km-2", "Inhabitants per square kilometre", "Densité"),
    _derived("flag", "1", "Tile meets the income criterion", "Carreau sous le seuil de revenu"),
    _derived(
        "zone", "1", "Number of the computed quarter, 0 outside", "Numéro du quartier calculé"
    ),
    _derived(
        "reason", "1", "Why the tile is in or out", "Pourquoi le carreau est dedans ou dehors"
    ),
    _derived(
        "official_share",
        "1",
        "Share of the tile's area inside official outlines",
        "Part de la surface du carreau dans les périmètres officiels",
    ),
)

REGISTRY: dict[str, Variable] = {variable.name: variable for variable in _VARIABLES}
"""Every variable by the engine's name."""

CORE = ("population", "households", "poor_households", "income_sum", "social_dwellings")
"""The counts that the zoning and its summaries use, read by default where the file has them."""


def counts() -> Iterator[Variable]:
    """Iterate over the variables that are counted (held in fixed point).

    Examples
    --------
    >>> [variable.name for variable in counts()][:2]
    ['population', 'households']
    """
    return (variable for variable in _VARIABLES if variable.kind is Kind.COUNT)
