"""Law files: what the packaged one says on a day; a wrong one is refused at the key."""

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest
import yaml

from zonage.errors import BadInput
from zonage.law import load_law, parse_law

CASES = Path(__file__).parent / "cases"
VALID = (CASES / "valid.yaml").read_text(encoding="utf-8")
INVALID = yaml.safe_load((CASES / "invalid.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def law():
    return load_law("qpv", on="2024-01-01")


# ----- reading a file


def test_valid_file_gives_the_value_of_each_day():
    file = parse_law(VALID, file="small.yaml")
    assert (file.name, file.territories) == ("small", ("here",))
    days = ["2015-01-01", "2019-12-31", "2020-01-01", "2050-01-01"]
    assert [file.at(day, "here").first_weight for day in days] == [0.7, 0.7, 0.6, 0.6]
    people = file.at("2015-01-01", "here").parameter("people")
    assert (people.value, people.unit, people.article, people.note) == (
        1000,
        "inhabitants",
        "2",
        "A note.",
    )
    assert (people.text, people.link) == ("Décret", "https://example.org/decree")
    assert (people.title_fr, people.title_en, people.certainty) == (
        "Habitants",
        "Inhabitants",
        "recalled",
    )


@pytest.mark.parametrize("case", [pytest.param(item, id=item["case"]) for item in INVALID])
def test_wrong_file_is_refused_at_the_key(case):
    assert VALID.count(case["replace"]) == 1
    with pytest.raises(BadInput) as caught:
        parse_law(VALID.replace(case["replace"], case["by"]), file="small.yaml")
    assert caught.value.file == "small.yaml"
    assert caught.value.column == case["key"]
    assert case["says"] in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "law", "\0", "? [a, b]\n: 1", "- " * 200_000 + "x", "&a [*a]", "{a: " * 200_000],
    ids=["empty", "list", "word", "NUL", "list as key", "deep list", "loop", "deep block"],
)
def test_what_is_no_law_file_is_refused(text):
    with pytest.raises(BadInput, match=r"^small\.yaml"):
        parse_law(text, file="small.yaml")


def test_law_without_parameters_is_refused():
    head, _, _ = VALID.partition("    sums_to_one")
    with pytest.raises(BadInput, match="no parameter"):
        parse_law(head + "    parameters: {}\n", file="small.yaml")
    head, _, _ = VALID.partition("  here:")
    with pytest.raises(BadInput, match="no territory"):
        parse_law(head.rstrip() + " {}\n", file="small.yaml")


# ----- what the law says on a day


def test_lists_of_2015_and_2024_differ_in_what_the_decree_of_2023_changed():
    old = load_law("qpv", on="2023-12-31")
    new = load_law("qpv", on="2024-01-01")
    values = [{item.name: item.value for item in law.parameters} for law in (old, new)]
    changed = {
        name: (values[0].get(name), values[1].get(name))
        for name in values[0] | values[1]
        if values[0].get(name) != values[1].get(name)
    }
    assert changed == {
        "uu_zoning": ("UU2010", "UU2020"),
        "uu_population_vintage": (None, 2019),
        "uu_derogation": (None, True),
        "income_vintage": ("RFL 2011", "Filosofi 2019"),
    }


def test_values_of_the_decree():
    law = load_law("qpv", on="2015-01-01")
    assert {item.name: item.value for item in law.parameters} == {
        "uu_min_population": 10_000,
        "uu_population_rounding": 100,
        "uu_zoning": "UU2010",
        "min_population": 1_000,
        "tile_size_m": 200,
        "income_concept": "declared",
        "comparison": "strict",
        "factor": 0.6,
        "national_weight": 0.7,
        "unit_weight": 0.3,
        "big_uu_population": 5_000_000,
        "big_uu_national_weight": 0.3,
        "big_uu_unit_weight": 0.7,
        "threshold_rounding": 100,
        "income_vintage": "RFL 2011",
    }
    assert law.parameter("uu_zoning").certainty == "recalled"


def test_every_value_has_its_source_and_titles():
    for on, territory in [
        ("2015-01-01", "metropole"),
        ("2024-01-01", "metropole"),
        ("2015-01-01", "martinique_reunion"),
    ]:
        for item in load_law("qpv", on=on, territory=territory).parameters:
            assert item.link.startswith("https://")
            assert item.certainty == "verified" or item.note  # the note says what it rests on
            assert item.title_fr != item.title_en


def test_law_of_martinique_and_la_reunion():
    law = load_law("qpv", on="2024-12-31", territory="martinique_reunion")
    assert (law.commune_min_population, law.min_density, law.min_population) == (
        15_000,
        2_000,
        1_000,
    )
    assert (law.national_weight, law.unit_weight, law.factor) == (0.3, 0.7, 0.6)
    assert law.tests_commune
    assert law.unit_minimum.value == 15_000


@pytest.mark.parametrize(
    ("on", "territory", "period"),
    [
        ("2014-12-31", "metropole", "since 2015-01-01"),
        ("2025-01-01", "martinique_reunion", "from 2015-01-01 to 2024-12-31"),
    ],
)
def test_day_without_law_is_refused_with_the_period(on, territory, period):
    with pytest.raises(BadInput, match=period):
        load_law("qpv", on=on, territory=territory)


@pytest.mark.parametrize("on", [date(2024, 1, 1), datetime(2024, 1, 1, 12), "2024-01-01"])
def test_day_as_text_or_date(on, law):
    assert load_law("qpv", on=on) == law


@pytest.mark.parametrize("on", ["2024-13-01", "January", "", None, 2024])
def test_day_that_is_none_is_refused(on):
    with pytest.raises(BadInput, match="YYYY-MM-DD"):
        load_law("qpv", on=on)


@pytest.mark.parametrize("name", ["qvp", "../qpv", "model"])
def test_unknown_law_is_refused(name):
    with pytest.raises(BadInput, match="qpv"):
        load_law(name, on="2024-01-01")


def test_unknown_territory_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="did you mean metropole"):
        load_law("qpv", on="2024-01-01", territory="metropol")


def test_the_law_needs_no_heavy_library():
    code = (
        "import sys; from zonage.law import load_law; load_law('qpv', on='2024-01-01');"
        "print(sorted({'numpy', 'pandas', 'numba', 'pydantic', 'xarray'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
