"""Reference tables: those that come with zonage, and made-up ones."""

import pytest

from zonage.errors import BadInput
from zonage.law import load_law
from zonage.sources.references import poverty_line, read_reference

LAW = load_law("qpv", on="2024-01-01")


def test_the_line_of_lille():
    reference = read_reference()
    assert (reference.national_median, reference.national_certainty) == (21640, "estimated")
    assert reference["59702"].median == 20290
    assert reference["59702"].population == 1_063_720
    assert "COG 2026" in reference["59702"].source
    line = reference.line(LAW, "59702")
    assert (line.threshold, line.qualifies, line.certainty) == (12800, True, "estimated")


def test_disposable_medians():
    reference = read_reference("disposable")
    assert (reference.national_median, reference.national_certainty) == (21930, "published")
    assert reference["59702"].median == 20820


def test_units_without_a_median_are_there():
    marquillies = read_reference()["59132"]
    assert (marquillies.median, marquillies.certainty) == (None, None)
    assert 0 < marquillies.population < 10_000
    assert read_reference("disposable", 2018).national_median == 21730
    assert read_reference("disposable", 2014).national_median == 20369.3


def test_every_unit_is_marked_as_an_estimate_with_its_source():
    reference = read_reference()
    assert len(reference) == 562
    for code in reference:
        unit = reference[code]
        assert unit.certainty == (None if unit.median is None else "estimated")
        assert unit.median is None or "estimate made for this project" in unit.source


def test_figures_that_the_tables_lack():
    with pytest.raises(BadInput, match="no national median") as caught:
        read_reference("declared", 2015)
    assert "declared 2019" in caught.value.expected
    with pytest.raises(BadInput, match="no poverty line") as caught:
        poverty_line(2020)
    assert "2019" in caught.value.expected


@pytest.mark.parametrize("vintage", [2015, 2016, 2017, 2018, 2019])
def test_poverty_lines_are_sixty_percent_of_the_median(vintage):
    median = read_reference("disposable", vintage).national_median
    line = poverty_line(vintage)
    assert line.line == pytest.approx(0.6 * median, abs=0.005)
    assert line.certainty == "derived"


NATIONAL = "year,concept,median,certainty,source\n2019,declared,21640,estimated,made up\n"
UNITS = (
    "code,name,population,population_source,declared_median,disposable_median,year,certainty,source\n"
    "59702,Lille,1000000,census,20290.5,,2019,published,made up\n"
)


def written(tmp_path, national=NATIONAL, units=UNITS):
    (tmp_path / "national.csv").write_text(national)
    (tmp_path / "units.csv").write_text(units)
    return {"national": tmp_path / "national.csv", "units": tmp_path / "units.csv"}


def test_tables_of_ones_own(tmp_path):
    unit = read_reference(**written(tmp_path))["59702"]
    assert (unit.median, unit.certainty, unit.source) == (
        20290.5,
        "published",
        "made up; population: census",
    )


@pytest.mark.parametrize(
    ("tables", "row", "column"),
    [
        ({"units": UNITS.replace("20290.5", "nan")}, 1, "declared_median"),
        ({"units": UNITS.replace("20290.5", "-3")}, 1, "declared_median"),
        ({"units": UNITS.replace("1000000", "many")}, 1, "population"),
        ({"units": UNITS.replace("published", "sure")}, 1, "certainty"),
        ({"units": UNITS + UNITS.splitlines()[1]}, 2, "code"),
        ({"national": NATIONAL.replace("21640", "0")}, 1, "median"),
    ],
)
def test_bad_figures_are_named(tmp_path, tables, row, column):
    with pytest.raises(BadInput) as caught:
        read_reference(**written(tmp_path, **tables))
    assert (caught.value.row, caught.value.column) == (row, column)
