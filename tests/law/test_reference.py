"""The line of an urban unit, and the reasons why there is none."""

import math
import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

from zonage.errors import BadInput
from zonage.law import Reference, ReferenceUnit, load_law

ROWS = [
    ("59702", "Lille", 1_047_075, 20290, "estimated"),
    ("00851", "Paris", 10_785_092, 24270, "published"),
    ("59001", "Small", 9_000, 20000, "published"),
    ("59002", "No median", 50_000, None, None),
    ("59003", "No population", None, 20000, "published"),
]
NAMES = ("code", "name", "population", "median", "certainty")
TABLE = [dict(zip(NAMES, row, strict=True), source="a table", communes=3) for row in ROWS]
NATIONAL = {
    "national_median": 21640,
    "year": 2019,
    "concept": "declared",
    "national_certainty": "published",
    "national_source": "national table",
}


@pytest.fixture
def reference():
    return Reference.from_rows(TABLE, **NATIONAL)


@pytest.fixture
def law():
    return load_law("qpv", on="2024-01-01")


def test_line_says_what_it_was_made_from(reference, law):
    line = reference.line(law, "59702")
    assert (line.threshold, line.qualifies, line.reason) == (12_800, True, None)
    assert (line.name, line.population, line.unit_median, line.national_median) == (
        "Lille",
        1_047_075,
        20290,
        21640,
    )
    assert (line.certainty, line.concept, line.year, line.source) == (
        "estimated",
        "declared",
        2019,
        "a table",
    )
    assert line.legal
    assert reference.line(law, "00851").threshold == 14_100


def test_line_is_as_certain_as_its_weaker_median(reference, law):
    assert reference.line(law, "00851").certainty == "published"
    guessed = replace(reference, national_certainty="estimated")
    assert guessed.line(law, "00851").certainty == "estimated"


def test_small_unit_has_a_line_and_does_not_qualify(reference, law):
    line = reference.line(law, "59001")
    assert line.threshold == 12_700  # 0.6 x (15148 + 6000) = 12688.8
    assert line.qualifies is False
    assert line.reason == "9000 inhabitants, 10000 needed"
    assert reference.line(law, "59001", listed_before=True).qualifies is True
    assert reference.line(law.reform(uu_min_population=9_000), "59001").qualifies is True


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        (None, "outside any urban unit"),
        ("99999", "unit 99999 is not in the reference"),
        ("59002", "the median income of No median is unknown"),
        ("59003", "the population of No population is unknown"),
    ],
)
def test_no_line_without_its_figures(reference, law, unit, reason):
    line = reference.line(law, unit)
    assert (line.threshold, line.qualifies, line.certainty) == (None, None, None)
    assert line.reason == reason
    assert not line.legal


def test_line_says_where_it_departs_from_the_law(reference, law):
    other = replace(reference, concept="disposable", year=2021)
    assert other.line(law, "59702").departures == (
        "disposable income instead of declared",
        "incomes of 2021 instead of Filosofi 2019",
    )
    reformed = law.reform(factor=0.65, min_population=800)
    line = reference.line(reformed, "59702")
    assert line.departures == ("qpv.factor 0.65 instead of 0.6",)  # the minimum moves no line
    assert not line.legal


def test_overseas_the_commune_is_tested_and_the_department_gives_the_median():
    law = load_law("qpv", on="2015-01-01", territory="martinique_reunion")
    reunion = ReferenceUnit("974", "La Réunion", 828_581, 12500, "estimated", "made up")
    reference = Reference(19000, 2011, "declared", "estimated", "made up", (reunion,))
    line = reference.line(law, "974", commune_population=15_000)
    assert (line.threshold, line.qualifies, line.population) == (8_700, True, 15_000)
    small = reference.line(law, "974", commune_population=14_999)
    assert (small.threshold, small.qualifies) == (8_700, False)
    unknown = reference.line(law, "974")
    assert (unknown.threshold, unknown.qualifies) == (8_700, None)
    assert unknown.reason == "the population of the commune was not given"


def test_reference_reads_as_a_mapping_and_is_frozen(reference):
    assert list(reference) == [row[0] for row in ROWS]
    assert len(reference) == 5
    assert reference["59702"].name == "Lille"
    assert "59702" in reference
    assert "99999" not in reference
    assert hash(reference) == hash(Reference.from_rows(TABLE, **NATIONAL))
    assert pickle.loads(pickle.dumps(reference)) == reference
    with pytest.raises(FrozenInstanceError):
        reference.year = 2021
    with pytest.raises(FrozenInstanceError):
        reference["59702"].median = 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("code", 59702),
        ("code", ""),
        ("name", None),
        ("population", -1),
        ("population", "1000"),
        ("median", 0),
        ("median", math.nan),
        ("certainty", None),
        ("certainty", "sure"),
        ("source", ""),
    ],
)
def test_wrong_row_is_refused_with_row_and_column(column, value):
    rows = [*TABLE[:1], {**TABLE[1], column: value}]
    with pytest.raises(BadInput) as caught:
        Reference.from_rows(rows, file="units.csv", **NATIONAL)
    assert (caught.value.file, caught.value.row, caught.value.column) == ("units.csv", 2, column)


def test_certainty_without_a_median_is_refused():
    with pytest.raises(BadInput, match="without a median"):
        Reference.from_rows([{**TABLE[0], "median": None}], **NATIONAL)


def test_missing_column_and_unit_given_twice_are_refused():
    bare = {name: value for name, value in TABLE[0].items() if name != "source"}
    with pytest.raises(BadInput, match="row 1, column source: missing"):
        Reference.from_rows([bare], **NATIONAL)
    with pytest.raises(BadInput, match="row 2, column code: unit given twice"):
        Reference.from_rows([TABLE[0], TABLE[0]], **NATIONAL)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("national_median", 0),
        ("year", "2019"),
        ("concept", "taxable"),
        ("national_certainty", "sure"),
    ],
)
def test_wrong_national_figure_is_refused(name, value):
    with pytest.raises(BadInput, match=name):
        Reference.from_rows(TABLE, **{**NATIONAL, name: value})
