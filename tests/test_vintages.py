"""Two vintages of tiles: what changed, and where the change comes from."""

import csv
import itertools
import json
import math
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zonage as zn
from tests.projects import DEMO, command, write_project
from zonage.errors import BadInput
from zonage.synthetic import metropolis
from zonage.tiles import Codes, Tiles
from zonage.vintages import compare_vintages
from zonage.vintages.decomposition import apportioned, shapley
from zonage.vintages.union import union_of_vintages


def tiles_of(places, population, mean, units=None, **more):
    """Tiles on one row of the lattice."""
    population = np.array(population, float)
    values = {"population": population, "income_sum": population * np.array(mean, float), **more}
    return Tiles.from_columns(
        np.full(len(places), 100),
        np.array(places),
        values,
        urban_unit=Codes.encode(units or ["59702"] * len(places)),
        vintage=2019,
    )


@pytest.fixture(scope="module")
def town():
    return metropolis(3, inhabitants=60_000, size=40, truth=True)


@pytest.fixture(scope="module")
def law():
    return zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)


@pytest.fixture(scope="module")
def zoning(town, law):
    return zn.qpv(town.tiles, law, town.reference)


def with_counts(tiles, **columns):
    return replace(tiles, counts=MappingProxyType({**tiles.counts, **columns}))


# ---- one table for both --------------------------------------------------------------------------


def test_tiles_of_either_vintage_are_on_the_table_and_nobody_lives_where_one_has_none():
    old = tiles_of([1, 2, 3], [10, 20, 30], [9000, 9000, 9000])
    new = tiles_of([2, 3, 5], [21, 30, 50], [9500, 9000, 9000])
    both = union_of_vintages(old, new)
    assert both.before.easting.tolist() == both.after.easting.tolist() == [1, 2, 3, 5]
    assert both.before.values("population").tolist() == [10, 20, 30, 0]
    assert both.after.values("population").tolist() == [0, 21, 30, 50]


def test_a_mixture_takes_people_from_one_vintage_and_means_from_the_other():
    shares = {"households": np.array([4.0, 5.0, 6.0]), "poor_households": np.array([1.0, 1, 3])}
    old = tiles_of([1, 2, 3], [10, 20, 30], [9000, 8000, 7000], **shares)
    shares = {"households": np.array([6.0, 6.0, 8.0]), "poor_households": np.array([3.0, 3, 2])}
    new = tiles_of([2, 3, 5], [40, 30, 50], [9900, 9900, 6000], **shares)
    mixed = union_of_vintages(old, new).mixed(people_after=True, income_after=False)
    assert mixed.values("population").tolist() == [0, 40, 30, 50]
    # Tile 5 is not in the older vintage: it keeps the mean of the newer one.
    assert mixed.values("income_sum").tolist() == [0, 40 * 8000, 30 * 7000, 50 * 6000]
    assert mixed.values("poor_households").tolist() == [0, 6 / 5, 6 * 3 / 6, 2]


def test_columns_of_one_vintage_alone_are_left_out_of_both():
    old = tiles_of([1, 2], [10, 20], [9000, 9000], social_dwellings=np.array([1.0, 2.0]))
    new = tiles_of([1, 2], [10, 20], [9000, 9000])
    both = union_of_vintages(old, new)
    assert both.dropped == ("social_dwellings",)
    assert "social_dwellings" not in both.before.counts


def test_the_unit_of_the_later_vintage_is_taken_for_both():
    old = tiles_of([1, 2, 3], [10, 20, 30], [9000] * 3, units=["59702", "59702", "00752"])
    new = tiles_of([2, 3], [20, 30], [9000] * 2, units=["00752", "00752"])
    both = union_of_vintages(old, new)
    assert both.moved == 1
    found = dict(zip(both.before.easting.tolist(), both.before.urban_unit.decode(), strict=True))
    assert found == {1: "59702", 2: "00752", 3: "00752"}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (dict(crs=2975), "different lattices"),
        (dict(easting=np.array([11, 12], np.int32)), "share no tile"),
    ],
)
def test_vintages_of_other_places_are_refused(other, words):
    old = tiles_of([1, 2], [10, 20], [9000, 9000])
    with pytest.raises(BadInput, match=words):
        union_of_vintages(old, replace(old, **other))


# ---- shares of the change ------------------------------------------------------------------------


@given(st.integers(1, 4).flatmap(lambda n: st.tuples(
    st.just(n), st.lists(st.integers(-10**12, 10**12), min_size=2**n, max_size=2**n)
)))  # fmt: skip
def test_shapley_shares_are_the_means_over_all_orders_and_add_up(case):
    count, values = case
    factors = "abcd"[:count]
    states = [
        frozenset(some)
        for size in range(count + 1)
        for some in itertools.combinations(factors, size)
    ]
    value = dict(zip(states, values, strict=True))
    orders = list(itertools.permutations(factors))
    expected = dict.fromkeys(factors, Fraction(0))
    for order in orders:
        done = frozenset()
        for factor in order:
            expected[factor] += Fraction(value[done | {factor}] - value[done], len(orders))
            done |= {factor}
    found = shapley(factors, value)
    assert found == expected
    assert sum(found.values()) == value[frozenset(factors)] - value[frozenset()]


@given(st.lists(st.fractions(-(10**6), 10**6, max_denominator=120), min_size=1, max_size=7))
def test_apportioned_shares_keep_their_sum_and_move_by_less_than_one(shares):
    shares[0] += math.ceil(sum(shares)) - sum(shares)
    found = apportioned(shares)
    assert sum(found) == sum(shares)
    assert all(abs(whole - share) < 1 for whole, share in zip(found, shares, strict=True))


def test_a_vintage_against_itself_has_no_factor_that_counts(zoning):
    found = compare_vintages(zoning, zoning)
    assert found.totals["before"] == found.totals["after"]
    assert [one.population for one in found.decomposition.contributions] == [0, 0]
    assert found.change.statuses() == {"unchanged": zoning.zone_count}
    assert {drift.gap_before - drift.gap_after for drift in found.drifts} == {0}


def test_each_side_is_zoned_on_the_table_as_by_itself(town, law, zoning):
    rng = np.random.default_rng(0)
    kept = rng.random(len(town.tiles)) < 0.97
    later = zn.qpv(town.tiles.take(kept), law, town.reference)
    found = compare_vintages(zoning, later)
    at = found.union.after.count("population") > 0
    np.testing.assert_array_equal(found.change.before.label, zoning.label)
    np.testing.assert_array_equal(found.change.after.label[at], later.label)
    assert not found.change.after.inside[~at].any()


def test_a_change_of_one_thing_is_due_to_that_thing_alone(town, law, zoning):
    higher = replace(town.reference, national_median=town.reference.national_median + 1500)
    later = zn.qpv(town.tiles, law, higher)
    found = compare_vintages(zoning, later)
    shares = {one.factor: one.population for one in found.decomposition.contributions}
    moved = found.totals["after"]["population"] - found.totals["before"]["population"]
    assert moved > 0
    assert shares == {"population": 0, "income": 0, "national_median": moved}


def test_shares_of_a_change_of_everything_add_up_exactly(town, law, zoning):
    rng = np.random.default_rng(1)
    people = town.tiles.count("population")
    grown = np.rint(people * rng.uniform(0.8, 1.2, len(people))).astype(np.int64)
    income = np.rint(town.tiles.count("income_sum") * rng.uniform(0.8, 1.2, len(people)))
    tiles = with_counts(town.tiles, population=grown, income_sum=income.astype(np.int64))
    reference = replace(town.reference, national_median=town.reference.national_median + 700)
    later = zn.qpv(tiles, law.reform(min_population=700), reference)
    found = compare_vintages(zoning, later)
    contributions = found.decomposition.contributions
    assert [one.factor for one in contributions] == [
        "population",
        "income",
        "national_median",
        "law",
    ]
    sides = found.totals["before"], found.totals["after"]
    thousandths = [round(side["population"] * 1000) for side in sides]
    assert sum(round(one.population * 1000) for one in contributions) == (
        thousandths[1] - thousandths[0]
    )
    for name in ("tiles", "quarters"):
        whole = sides[1][name] - sides[0][name]
        assert sum(getattr(one, name) for one in contributions) == pytest.approx(whole, abs=1e-9)


def test_a_drift_is_that_of_the_quarters_people(town, law, zoning):
    richer = np.rint(town.tiles.count("income_sum") * 1.1).astype(np.int64)
    poor = np.rint(town.tiles.count("poor_households") * 0.5).astype(np.int64)
    tiles = with_counts(town.tiles, income_sum=richer, poor_households=poor)
    found = compare_vintages(zoning, zn.qpv(tiles, law, town.reference))
    kept = [drift for drift in found.drifts if drift.status == "unchanged"]
    for drift in found.drifts:
        assert drift.gap_after > drift.gap_before
    for drift in kept:
        assert drift.population_before in (zoning.zone_population / 1000).tolist()
        assert drift.median_before in zoning.zone_median.tolist()


def test_each_side_of_a_quarter_counts_the_people_of_its_own_vintage(town, law, zoning):
    rng = np.random.default_rng(2)
    people = town.tiles.count("population")
    grown = np.rint(people * rng.uniform(0.7, 1.3, len(people))).astype(np.int64)
    later = zn.qpv(with_counts(town.tiles, population=grown), law, town.reference)
    found = compare_vintages(zoning, later)
    was, now = found.change.before.inside, found.change.after.inside
    expected = {
        "before": people[was],
        "after": grown[now],
        "entering": grown[now & ~was],
        "leaving": people[was & ~now],
    }
    table = found.quarters
    assert sum(table["population_entering"]) > 0
    assert sum(table["population_leaving"]) > 0
    for side, some in expected.items():
        assert round(sum(table[f"population_{side}"]) * 1000) == some.sum()
    frame = found.outlines
    for part, mask in (("enters", now & ~was), ("leaves", was & ~now), ("stays", was & now)):
        rows = frame[frame["part"] == part]
        np.testing.assert_allclose(rows.area.sum(), mask.sum() * 200**2)
        for side, count in (("before", people), ("after", grown)):
            assert round(rows[f"population_{side}"].sum() * 1000) == count[mask].sum()


def test_vintages_without_a_quarter_have_tables_without_rows(town, law):
    zoning = zn.qpv(town.tiles, law.reform(min_population=10_000_000), town.reference)
    found = compare_vintages(zoning, zoning)
    for table in (found.quarters, found.table()):
        assert len(table) > 5
        assert set(map(len, table.values())) == {0}
    assert len(found.outlines) == 0


def test_other_kinds_of_income_and_told_tiles_are_refused(town, zoning):
    disposable = replace(zoning, reference=replace(zoning.reference, concept="disposable"))
    with pytest.raises(BadInput, match="different kinds of income"):
        compare_vintages(zoning, disposable)
    told = replace(zoning.told, frozen=zoning.inside)
    with pytest.raises(BadInput, match="frozen"):
        compare_vintages(zoning, replace(zoning, told=told))


# ---- the embedded vintages -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vintages") / "out"
    result = command(
        "compare", DEMO / "project.toml", DEMO / "project_2021.toml", "--output", folder
    )
    assert result.code == 0, result.error
    return result.out, folder


def test_the_embedded_vintages_hold_what_a_plain_count_says(compared):
    content = json.loads((compared[1] / "vintages.json").read_text(encoding="utf-8"))
    sides = []
    for year in (2019, 2021):
        with (DEMO / f"tiles_{year}.csv").open(encoding="utf-8") as file:
            sides.append({row["idcar_200m"]: float(row["ind"]) for row in csv.DictReader(file)})
    gone, new = sides[0].keys() - sides[1].keys(), sides[1].keys() - sides[0].keys()
    tiles = content["tiles"]
    assert (tiles["vanishing"]["tiles"], tiles["appearing"]["tiles"]) == (len(gone), len(new))
    assert tiles["vanishing"]["population_before"] == sum(sides[0][one] for one in gone)
    assert tiles["appearing"]["population_after"] == sum(sides[1][one] for one in new)
    assert content["totals"]["after"]["population_of_all_tiles"] == 1028002


def test_the_shares_of_the_embedded_change_add_up_in_the_files(compared):
    out, folder = compared
    content = json.loads((folder / "vintages.json").read_text(encoding="utf-8"))
    with (folder / "contributions.csv").open(encoding="utf-8") as file:
        shares = [round(float(row["population"]) * 1000) for row in csv.DictReader(file)]
    before, after = (content["totals"][side]["population"] for side in ("before", "after"))
    assert sum(shares) == round(after * 1000) - round(before * 1000)
    assert "both sides are estimated without them" in out
    assert "QN05985M" in out


def test_the_quarters_in_the_files_add_up_to_the_totals(compared):
    content = json.loads((compared[1] / "vintages.json").read_text(encoding="utf-8"))
    with (compared[1] / "quarters.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for side in ("before", "after"):
        thousandths = sum(round(float(row[f"population_{side}"]) * 1000) for row in rows)
        assert thousandths == round(content["totals"][side]["population"] * 1000)


def test_territories_that_differ_are_said(tmp_path):
    whole = write_project(tmp_path).rename(tmp_path / "whole.toml")
    chosen = f'communes_table = "{DEMO}/communes.csv"\ncommunes = ["59599"]'
    part = write_project(tmp_path, territory=chosen)
    words = "the two projects choose different territories"
    for after, said in ((part, True), (whole, False)):
        result = command("compare", whole, after, "--output", tmp_path / "out")
        assert result.code == 0, result.error
        assert (words in result.out) == said


def test_a_project_of_other_tiles_is_refused(tmp_path, compared):
    project = (DEMO / "project.toml").read_text(encoding="utf-8")
    for name in ("tiles_2019.csv", "communes.csv", "coverage_2024.csv", "quarters_2024.csv"):
        project = project.replace(f'"{name}"', f'"{DEMO / name}"')
    (tmp_path / "other.toml").write_text(project.replace('"declared"', '"disposable"'))
    result = command(
        "compare", DEMO / "project_2021.toml", tmp_path / "other.toml", "--output", tmp_path / "out"
    )
    assert result.code == 2
    assert "different kinds of income" in result.error
    assert not (tmp_path / "out").exists()
