"""The generator: what it promises of its tiles, and that the truth it tells is true."""

import hashlib
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zonage import synthetic
from zonage.errors import BadInput
from zonage.law import Reference
from zonage.synthetic.declared import HISTOGRAM_BINS, add_to_histogram, declared_medians
from zonage.synthetic.households import _sum_people
from zonage.synthetic.publication import _spread
from zonage.variables import CORE


@pytest.fixture(scope="module")
def town():
    return synthetic.metropolis(5, inhabitants=150_000, size=70, units=3, truth=True)


@pytest.fixture(scope="module")
def country():
    return synthetic.france(1, tiles=40_000, units=50, truth=True)


@pytest.fixture(params=["town", "country"])
def territory(request):
    return request.getfixturevalue(request.param)


def digest(tiles):
    columns = [tiles.northing, tiles.easting, tiles.imputed, *(tiles.count(name) for name in CORE)]
    columns += [tiles.commune.index, tiles.urban_unit.index]
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()


def test_same_seed_same_bytes():
    first, again, other = (
        digest(synthetic.metropolis(seed, inhabitants=20_000, size=30, units=2))
        for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other


def test_asking_for_the_truth_does_not_change_the_tiles(town):
    assert digest(synthetic.metropolis(5, inhabitants=150_000, size=70, units=3)) == digest(
        town.tiles
    )


def test_size_asked_for_is_size_given(town, country):
    assert town.tiles.total("population") == pytest.approx(150_000, rel=0.08)
    assert len(country.tiles) == 40_000
    assert country.tiles.total("population") / 40_000 == pytest.approx(27.2, rel=0.05)


def test_imputation_of_france(country):
    imputed, people = country.tiles.imputed, country.tiles.values("population")
    assert imputed.mean() == pytest.approx(0.79, abs=0.01)
    assert people[imputed].sum() / people.sum() == pytest.approx(0.20, abs=0.03)


def test_published_values_have_the_form_of_the_real_ones(territory):
    tiles = territory.tiles
    imputed = tiles.imputed
    assert (tiles.count("population") % 500 == 0).all()
    for name in ("households", "poor_households", "income_sum", "social_dwellings"):
        assert (tiles.count(name) % 100 == 0).all()
    households, poor = tiles.count("households"), tiles.count("poor_households")
    assert (10 * poor <= 8 * households).all()
    assert (households[~imputed] >= 11_000).all()
    assert (households[~imputed] % 1000 == 0).all()
    assert (households[imputed] % 1000 > 0).mean() > 0.8
    assert (tiles.count("social_dwellings")[~imputed] <= households[~imputed]).all()
    low, high = synthetic.WINSORISED
    whole = tiles.income_mean[~imputed]
    assert low <= whole.min()
    assert whole.max() <= high


def test_ids_and_codes_are_those_of_france(territory):
    tiles = territory.tiles
    assert (tiles.crs, tiles.resolution) == (3035, 200)
    assert tiles.northing.min() > 10_000
    assert tiles.northing.max() < 15_750
    assert tiles.easting.min() >= 16_000
    assert tiles.easting.max() <= 21_000
    assert {len(code) for code in tiles.commune.labels + tiles.urban_unit.labels} == {5}
    assert (tiles.commune.index >= 0).all()


def test_a_commune_lies_in_one_urban_unit(territory):
    commune, unit = territory.tiles.commune.index, territory.tiles.urban_unit.index
    pairs = np.unique(np.stack([commune, unit]), axis=1)
    assert pairs.shape[1] == len(np.unique(commune))


def test_reference_counts_the_inhabitants_of_the_tiles(territory):
    tiles, reference = territory.tiles, territory.reference
    assert isinstance(reference, Reference)
    units = tiles.urban_unit.decode()
    assert {unit.code for unit in reference.units} == set(units) - {""}
    for unit in reference.units:
        here = units == unit.code
        assert unit.population == tiles.values("population")[here].sum()
        medians = territory.income_median[here]
        declared = synthetic.declared_income(np.array([medians.min(), medians.max()]))
        assert declared[0] <= unit.median <= declared[1]


def test_national_median_is_near_that_of_metropolitan_france(country):
    assert country.reference.national_median == pytest.approx(21_645, rel=0.05)


def test_true_median_goes_with_the_published_mean(territory):
    whole = ~territory.tiles.imputed
    mean, median = territory.tiles.income_mean[whole], territory.income_median[whole]
    assert np.corrcoef(mean, median)[0, 1] > 0.9
    assert 1.0 < np.median(mean / median) < 1.15


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 12)), min_size=1, max_size=9),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_sums_and_medians_of_tiles_person_by_person(families):
    """Against a list of all half persons, tile by tile."""
    households = np.array([len(tile) for tile in families])
    tile = np.repeat(np.arange(len(families), dtype=np.int32), households)
    income, halves = (np.array(column) for column in zip(*chain(*families), strict=True))
    people = _sum_people(
        tile, income.astype(np.int32), halves.astype(np.int8), households, truth=True
    )
    low, high = synthetic.WINSORISED
    for number, family in enumerate(families):
        persons = sorted(income for income, halves in family for _ in range(halves))
        assert people.half_persons[number] == len(persons)
        assert people.income_median[number] == persons[(len(persons) - 1) // 2]
        assert people.poor_households[number] == sum(
            income < synthetic.POVERTY_LINE for income, _ in family
        )
        assert people.half_income[number] == sum(min(max(x, low), high) for x in persons)


def test_unit_median_from_the_histogram():
    """Persons spread evenly over two classes: the median lies where half of them are below."""
    histogram = np.zeros((2, HISTOGRAM_BINS), np.int64)
    unit, halves = np.zeros(4, np.int32), np.array([2, 2, 2, 6], np.int8)
    income = np.array([20_010, 20_020, 20_060, 20_070], np.int32)
    add_to_histogram(histogram, unit + 1, income, halves)
    assert histogram.sum(axis=1).tolist() == [0, 12]
    # 2 of 6 persons stand below 20 050, and 4 between it and 20 100: the third is a quarter along.
    expected = synthetic.declared_income(np.array([20_062.5]))
    assert declared_medians(histogram[1:]).tolist() == expected.tolist()


def test_declared_income_passes_through_the_published_medians():
    """The tables' medians of 2019: 21 930 and 21 645 for France, 20 820 and 20 290 for Lille."""
    declared = synthetic.declared_income(np.array([21_930.0, 20_820.0]))
    assert declared == pytest.approx([21_645, 20_290], abs=100)
    assert (np.diff(synthetic.declared_income(np.arange(9_000.0, 60_000.0, 10))) > 0).all()


@given(st.integers(0, 2**32), st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_secrecy_groups_hold_eleven_households(seed, size):
    rng = np.random.default_rng(seed)
    cells = rng.choice(900, size, replace=False)
    row, column = np.divmod(cells, 30)
    households = rng.integers(1, 20, size)
    group = synthetic.secrecy_groups(row, column, households)
    assert ((group >= 0) == (households < 11)).all()
    grouped = group >= 0
    if households[grouped].sum() >= 11:
        assert (np.bincount(group[grouped], weights=households[grouped]) >= 11).all()


def test_group_values_are_spread_by_inhabitants():
    """A group of 6 + 8 households, 10 and 20 half persons, becomes 14 shared one to two."""
    group, persons = np.array([0, -1, 0]), np.array([10, 99, 20])
    spread = _spread(np.array([60, 500, 80]), group, persons)
    assert spread.tolist() == [47, 500, 93]


def test_neighbours_are_grouped_before_strangers():
    row, column = np.array([0, 0, 40, 40]), np.array([0, 1, 40, 41])
    group = synthetic.secrecy_groups(row, column, np.array([9, 9, 9, 9]))
    assert group[0] == group[1] != group[2] == group[3]


@pytest.mark.parametrize(
    ("make", "column"),
    [
        (lambda: synthetic.metropolis(inhabitants=10), "inhabitants"),
        (lambda: synthetic.metropolis(size=3), "size"),
        (lambda: synthetic.metropolis(units=0), "units"),
        (lambda: synthetic.france(tiles=10), "tiles"),
        (lambda: synthetic.france(units=0), "units"),
    ],
)
def test_too_small_a_territory_is_refused(make, column):
    with pytest.raises(BadInput) as caught:
        make()
    assert caught.value.column == column


def test_smallest_territories_are_possible():
    assert len(synthetic.metropolis(inhabitants=1000, size=10, units=4)) == 10
    assert len(synthetic.france(tiles=1000, units=200)) == 1000
