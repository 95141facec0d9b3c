"""What the packaged rule of the complementary perimeters says that its cut-offs rest on."""

import csv

import pytest

from zonage.complementary.rule_file import load_rule


def least_favoured(path, share, column="ips"):
    """Value up to which a share of the pupils is schooled, the lowest values first."""
    with path.open(encoding="utf-8") as file:
        rows = [
            (float(row[column].replace(",", ".")), float(row["effectifs"]))
            for row in csv.DictReader(file, delimiter=";")
            if row[column] and row["effectifs"]
        ]
    rows.sort()
    wanted, counted = share * sum(pupils for _, pupils in rows), 0.0
    for ips, pupils in rows:
        counted += pupils
        if counted >= wanted:
            return ips
    raise AssertionError("no school")


@pytest.mark.parametrize(("level", "plural"), [("college", "colleges"), ("ecole", "ecoles")])
def test_the_least_favoured_fifth_of_pupils_is_below_the_cutoff(shared, level, plural):
    edge = least_favoured(shared / "schools" / f"fr-en-ips-{plural}-ap2022.csv", 0.2)
    choice = load_rule().choice(f"school_ips_{level}.cutoff")
    assert f"{edge:.1f}" in choice.reason
    assert choice.value == round(edge)


def test_the_least_mixed_fifth_of_pupils_is_below_the_cutoff(shared):
    path = shared / "schools" / "fr-en-ips-colleges-ap2022.csv"
    edge = least_favoured(path, 0.2, "ecart_type_de_l_ips")
    choice = load_rule().choice("school_spread_college.cutoff")
    assert f"{edge:.1f}" in choice.reason
    assert choice.value == edge
