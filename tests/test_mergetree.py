import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

import zonage as zn
from tests import naive
from tests.strategies import arrays, connectivities
from zonage.errors import BadInput
from zonage.kernels.components import label
from zonage.mergetree import MergeTree, merge_tree
from zonage.synthetic import metropolis
from zonage.tiles import Codes, Tiles

UNITS = ["", "00752", "59702", "75056"]
criteria = st.integers(0, 6).map(float) | st.sampled_from([np.nan, np.inf])
minima = st.integers(1, 12).map(float)
lines = st.integers(-1, 15).map(lambda half: half / 2)


def make_tiles(row, column, population, unit=None, **columns):
    counts = {"population": np.asarray(population, float), **columns}
    codes = None if unit is None else Codes.encode(unit)
    return Tiles.from_columns(-np.asarray(row), np.asarray(column), counts, urban_unit=codes)


@st.composite
def territories(draw, units=3):
    """Draw tiles of a few units, some of one tile, with ties and NaN in their criterion."""
    shape = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    unit = draw(arrays(np.int64, shape, st.integers(-1, units)))
    unit[0, 0] = max(unit[0, 0], 0)
    row, column = np.nonzero(unit >= 0)
    size = len(row)
    population = draw(arrays(np.float64, size, st.integers(0, 5).map(float)))
    tiles = make_tiles(row, column, population, [UNITS[k] for k in unit[row, column]])
    return tiles, draw(arrays(np.float64, size, criteria))


def relabelled(tiles, criterion, connectivity, neighbours, minimum, line):
    """Flag, label, sum and keep by the compiled labelling; return the labels of what is kept."""
    labels = np.empty(len(tiles), np.int32)
    count = label(criterion < line, neighbours, connectivity, labels)
    people = np.bincount(labels, tiles.values("population"), count + 1)
    kept = (people >= minimum)[labels] & (labels > 0)
    label(kept, neighbours, connectivity, labels)
    return labels


def by_scipy(tiles, criterion, connectivity, minimum, line):
    """Return the tiles inside, each unit on a grid of its own."""
    inside = np.zeros(len(tiles), bool)
    row, column = tiles.grid().rows_columns(tiles.northing, tiles.easting)
    structure = ndimage.generate_binary_structure(2, connectivity // 4)
    for unit in np.unique(tiles.urban_unit.index):
        member = tiles.urban_unit.index == unit
        flag = np.zeros(tiles.grid().shape, bool)
        flag[row[member], column[member]] = criterion[member] < line
        labels, _ = ndimage.label(flag, structure)
        of_tile = labels[row[member], column[member]]
        people = np.bincount(of_tile, tiles.values("population")[member])
        inside[member] = (people >= minimum)[of_tile] & (of_tile > 0)
    return inside


@given(territories(), connectivities, minima, st.booleans(), lines)
def test_every_line_equals_labelling_anew(case, connectivity, minimum, within, line):
    tiles, criterion = case
    tree = merge_tree(
        tiles, criterion, min_population=minimum, connectivity=connectivity, within_units=within
    )
    neighbours = tiles.neighbours_within_units if within else tiles.neighbours
    expected = relabelled(tiles, criterion, connectivity, neighbours, minimum, line)
    np.testing.assert_array_equal(tree.labels(line), expected)
    inside = tree.inside(line)
    np.testing.assert_array_equal(inside, expected > 0)
    people = tiles.count("population")
    np.testing.assert_array_equal(
        inside,
        naive.inside(criterion, neighbours, connectivity, people, minimum * 1000, line),
    )
    if within:
        np.testing.assert_array_equal(
            inside, by_scipy(tiles, criterion, connectivity, minimum, line)
        )
    assert tree.zones(line) == expected.max()
    assert tree.population(line) == tiles.values("population")[inside].sum()


@given(st.data(), territories(), connectivities, minima)
def test_a_line_for_each_unit(data, case, connectivity, minimum):
    tiles, criterion = case
    tree = merge_tree(tiles, criterion, min_population=minimum, connectivity=connectivity)
    some = lines | st.just(np.nan)
    shape = (data.draw(st.integers(0, 4)), len(tree.units))
    scenarios = data.draw(arrays(np.float64, shape, some))
    response = tree.response(scenarios)
    neighbours = tiles.neighbours_within_units
    for i, scenario in enumerate(scenarios):
        of_tile = np.repeat(scenario, np.diff(tiles.unit_start))
        labels = relabelled(tiles, criterion, connectivity, neighbours, minimum, of_tile)
        np.testing.assert_array_equal(tree.labels(scenario), labels)
        assert response["zones"][i] == labels.max()
        assert response["tiles"][i] == (labels > 0).sum()
        assert response["population"][i] == tiles.values("population")[labels > 0].sum()


@given(territories(), connectivities, st.lists(minima, max_size=4), st.lists(lines, max_size=4))
def test_minimum_populations_in_one_pass(case, connectivity, populations, some_lines):
    tiles, criterion = case
    tree = merge_tree(tiles, criterion, min_population=1, connectivity=connectivity)
    table = tree.for_minimum(populations, some_lines)
    by_unit = np.repeat(np.sort(some_lines)[:, np.newaxis], len(tree.units), axis=1)
    table_by_unit = tree.for_minimum(populations, by_unit)
    rank = np.argsort(some_lines, kind="stable")
    for j, minimum in enumerate(populations):
        other = merge_tree(
            tiles, criterion, min_population=minimum, connectivity=connectivity
        ).response(some_lines)
        for name in ("zones", "tiles", "population"):
            np.testing.assert_array_equal(table[name][:, j], other[name])
            np.testing.assert_array_equal(table_by_unit[name][:, j], other[name][rank])


@given(territories(), minima)
def test_a_quarter_exists_from_its_birth_to_its_death(case, minimum):
    tiles, criterion = case
    tree = merge_tree(tiles, criterion, min_population=minimum)
    quarters = tree.quarters
    population = tiles.values("population")
    assert (quarters.persistence > 0).all()
    for line in np.arange(0.5, 8):
        at = tree.quarter_at(line)
        alive = np.flatnonzero((quarters.birth < line) & (line <= quarters.death))
        assert set(at[at >= 0].tolist()) == set(alive.tolist())
        for quarter in alive:
            assert at[quarters.seed[quarter]] == quarter
            assert population[at == quarter].sum() >= minimum
    for quarter in range(len(quarters)):
        above = np.nextafter(quarters.birth[quarter], np.inf)
        newborn = tree.quarter_at(above) == quarter
        assert quarters.seed[quarter] == np.flatnonzero(newborn)[0]
        assert quarters.population_at_birth[quarter] == population[newborn].sum()
        last = tree.quarter_at(quarters.death[quarter]) == quarter
        assert quarters.population_at_end[quarter] == population[last].sum()
        survivor = quarters.into[quarter]
        if survivor < 0:
            assert np.isinf(quarters.death[quarter])
            continue
        after = tree.quarter_at(np.nextafter(quarters.death[quarter], np.inf))
        assert (after[last] == survivor).all()
        before = tree.quarter_at(quarters.death[quarter]) == survivor
        assert population[before].sum() >= quarters.population_at_end[quarter]


@given(territories(), minima, lines, lines)
def test_changes_account_for_every_quarter_and_tile(case, minimum, before, after):
    tiles, criterion = case
    tree = merge_tree(tiles, criterion, min_population=minimum)
    changes = tree.changes(before, after)
    was, remains = tree.inside(before), tree.inside(after)
    np.testing.assert_array_equal(was & ~changes.leaves | changes.enters, remains)
    table = changes.quarters
    existed = np.isin(table["change"], ["unchanged", "grows", "shrinks", "leaves", "merges"])
    exists = np.isin(table["change"], ["unchanged", "grows", "shrinks", "enters", "splits"])
    assert existed.sum() == tree.zones(before)
    assert exists.sum() == tree.zones(after)
    assert table["population_before"].sum() == tree.population(before)
    assert table["population_after"].sum() == tree.population(after)
    merged = table["change"] == "merges"
    at_before, at_after = tree.quarter_at(before), tree.quarter_at(after)
    for quarter, other in zip(table["quarter"][merged], table["other"][merged], strict=True):
        assert (at_after[at_before == quarter] == other).all()
    back = tree.changes(after, before).quarters
    mirrored = {"grows": "shrinks", "enters": "leaves", "merges": "splits"}
    mirrored |= {there: here for here, there in mirrored.items()} | {"unchanged": "unchanged"}
    assert [mirrored[change] for change in table["change"].tolist()] == back["change"].tolist()


ROW = make_tiles([0] * 7, range(7), [600, 500, 10, 700, 20, 800, 30])
ROW_CRITERION = np.array([1.0, 2, 8, 3, 5, 2, np.nan])


def test_a_row_worked_by_hand():
    """600 and 500 make a quarter above 2; 700, 20 and 800 one above 5; both meet above 8."""
    tree = merge_tree(ROW, ROW_CRITERION, min_population=1000)
    assert tree.entry.tolist() == [2, 2, 8, 5, 5, 5, np.inf]
    quarters = tree.quarters
    assert quarters.birth.tolist() == [2, 5]
    assert quarters.death.tolist() == [8, np.inf]
    assert quarters.into.tolist() == [1, -1]
    assert quarters.seed.tolist() == [0, 3]
    assert quarters.population_at_birth.tolist() == [1100, 1520]
    assert quarters.population_at_end.tolist() == [1100, 2630]
    response = tree.response([9, 2, 2.5, 6])
    assert response["zones"].tolist() == [1, 0, 1, 2]
    assert response["population"].tolist() == [2630, 0, 1100, 2620]
    changes = tree.changes(6, 9).quarters
    assert changes["change"].tolist() == ["merges", "grows"]
    assert changes["other"].tolist() == [1, -1]
    assert tree.changes(3, 6).quarters["change"].tolist() == ["unchanged", "enters"]


def test_equal_quarters_that_meet_leave_the_first():
    tiles = make_tiles([0] * 3, range(3), [1000, 0, 1000])
    quarters = merge_tree(tiles, np.array([1.0, 2, 1]), min_population=1000).quarters
    assert quarters.into.tolist() == [-1, 0]


def test_three_quarters_that_meet_at_one_line_merge_into_the_largest():
    tiles = make_tiles([0] * 5, range(5), [1000, 0, 1100, 0, 1200])
    quarters = merge_tree(tiles, np.array([1.0, 2, 1, 2, 1]), min_population=1000).quarters
    last = int(np.argmax(quarters.population_at_birth))
    assert quarters.into.tolist() == [-1 if k == last else last for k in range(3)]
    assert quarters.death.tolist() == [np.inf if k == last else 2 for k in range(3)]


def test_an_inclusive_line_takes_in_the_tiles_on_it():
    strict = merge_tree(ROW, ROW_CRITERION, min_population=1000)
    tree = merge_tree(ROW, ROW_CRITERION, min_population=1000, inclusive=True)
    for line in range(10):
        np.testing.assert_array_equal(tree.labels(line), strict.labels(line + 0.5))
        assert tree.response([line])["zones"] == strict.response([line + 0.5])["zones"]
    assert tree.line_for_share(1100 / 2660).line == 2


@given(territories(), minima, st.floats(0.01, 1))
def test_the_line_for_a_share_is_the_lowest(case, minimum, share):
    tiles, criterion = case
    tree = merge_tree(tiles, criterion, min_population=minimum)
    total = tiles.total("population")
    most = tree.population(np.inf) / total if total else 0
    if most < share:
        with pytest.raises(BadInput, match="no line"):
            tree.line_for_share(share)
        return
    found = tree.line_for_share(share)
    assert found.share >= share
    for line in (found.line, found.up_to):
        assert tree.population(line) == found.population == pytest.approx(found.share * total)
    assert tree.population(np.nextafter(found.line, -np.inf)) / total < share


@given(territories(), lines, st.integers(1, 5))
def test_the_minimum_for_a_count_is_the_highest(case, line, quarters):
    tiles, criterion = case
    tree = merge_tree(tiles, criterion, min_population=1)
    if tree.zones(line) < quarters:
        with pytest.raises(BadInput, match="no minimum"):
            tree.minimum_for_count(line, quarters)
        return
    found = tree.minimum_for_count(line, quarters)
    kept = [found.minimum, found.above + 0.001, found.minimum + 0.001]
    counts = tree.for_minimum(kept, line)["zones"][0]
    assert counts[0] == counts[1] == found.quarters >= quarters > counts[2]


@given(territories(), minima, st.booleans())
def test_saved_and_read_it_is_the_same(case, minimum, within):
    tiles, criterion = case
    tree = merge_tree(tiles, criterion, min_population=minimum, within_units=within)
    stream = io.BytesIO()
    np.savez(stream, **tree.to_arrays())
    stream.seek(0)
    read = MergeTree.from_arrays(np.load(stream))
    np.testing.assert_array_equal(read.entry, tree.entry)
    assert read.units == tree.units
    for name, values in tree.response([3, 5]).items():
        np.testing.assert_array_equal(read.response([3, 5])[name], values)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("criterion", None, "missing"),
        ("criterion", np.zeros(3), "does not fit"),
        ("northing", np.zeros(7), "does not fit"),
        ("northing", np.zeros((7, 1), np.int32), "does not fit"),
        ("entry", np.zeros(7), "not those of the tiles"),
        ("count_population", np.full(7, -1), "negative"),
        ("easting", np.zeros(7, np.int32), "twice"),
        ("easting", np.arange(7)[::-1].astype(np.int32), "not in their order"),
        ("format", np.array(2), "another version"),
        ("connectivity", np.array(6), "4 or 8"),
        ("min_population", np.array(np.nan), "minimum population"),
    ],
)
def test_damaged_arrays_are_refused(name, value, message):
    saved = merge_tree(ROW, ROW_CRITERION, min_population=1000).to_arrays()
    if value is None:
        del saved[name]
    else:
        saved[name] = value
    with pytest.raises(BadInput, match=message):
        MergeTree.from_arrays(saved)


def test_wrong_questions_get_clear_errors():
    tree = merge_tree(ROW, ROW_CRITERION, min_population=1000)
    for wrong in ([1.0, 2.0], [[1.0]]):
        with pytest.raises(BadInput, match="do not fit"):
            tree.inside(wrong)
    with pytest.raises(BadInput, match="do not fit"):
        tree.response(np.ones((3, 2)))
    for share in (0, 1.1, np.nan):
        with pytest.raises(BadInput, match="not a share"):
            tree.line_for_share(share)
    with pytest.raises(BadInput, match="minimum populations"):
        tree.for_minimum([-1], [3])
    with pytest.raises(BadInput, match="missing"):
        tree.for_minimum([1], [np.nan])
    with pytest.raises(BadInput, match="criterion"):
        merge_tree(ROW, ROW_CRITERION[:3], min_population=1000)
    with pytest.raises(FrozenInstanceError):
        tree.entry = None


@pytest.fixture(scope="module")
def town():
    return metropolis(size=48, seed=11, truth=True)


@pytest.mark.parametrize("comparison", ["strict", "inclusive"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"border_share": 0.375, "connectivity": 4},
        {"within_units": False, "estimator": "mean", "smoothing": 0.6},
    ],
)
def test_the_tree_of_a_zoning_holds_its_zonings_at_all_lines(town, options, comparison):
    law = zn.law("qpv", on="2024-01-01").reform(comparison=comparison, min_population=500)
    method = zn.Method.plain(**options)
    base = zn.qpv(town.tiles, law, town.reference, method=method)
    tree = MergeTree.of(base)
    counts = []
    steps = np.unique(tree.entry[np.isfinite(tree.entry)])
    steps = steps[:: max(1, len(steps) // 10)]
    if method.border_share:  # held against the line as a ratio there: equal up to rounding only
        steps = steps + 0.01
    for line in [*range(12_000, 24_000, 1_000), *steps]:
        again = zn.qpv(town.tiles, law, town.reference, method=method, line=line)
        np.testing.assert_array_equal(tree.inside(line), again.inside)
        assert tree.zones(line) == again.zone_count
        assert tree.population(line) == again.zone_population.sum() / 1000
        counts.append(again.zone_count)
    assert len(set(counts)) > 3


def test_any_number_of_threads_gives_the_same_bytes():
    generator = np.random.default_rng(3)
    row, column = np.nonzero(generator.random((120, 120)) < 0.5)
    unit = np.char.add("U", (row // 20 * 6 + column // 20).astype(str))
    tiles = make_tiles(row, column, generator.integers(0, 300, len(row)), unit)
    criterion = generator.integers(0, 500, len(tiles)).astype(float)
    scenarios = generator.uniform(0, 500, (50, len(tiles.unit_start) - 1))

    def answers(threads):
        numba.set_num_threads(threads)
        tree = merge_tree(tiles, criterion, min_population=1000)
        parts = [tree.entry, *vars(tree.quarters).values(), tree.labels(300)]
        parts += [*tree.response(scenarios).values()]
        parts += [*tree.for_minimum([500, 1000], [100, 200, 300]).values()]
        return [part.tobytes() for part in parts]

    try:
        most = numba.config.NUMBA_NUM_THREADS
        assert answers(1) == answers(most)
        tree = merge_tree(tiles, criterion, min_population=1000)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(tree.labels, range(0, 500, 25)))
        for line, labels in zip(range(0, 500, 25), found, strict=True):
            np.testing.assert_array_equal(labels, tree.labels(line))
    finally:
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)


def test_a_tree_is_saved_and_loaded_whole(tmp_path):
    saved = merge_tree(ROW, ROW_CRITERION, min_population=1000)
    path = saved.save(tmp_path / "row.tree")
    assert [item.name for item in tmp_path.iterdir()] == ["row.tree"]
    loaded = MergeTree.load(path)
    np.testing.assert_array_equal(loaded.entry, saved.entry)
    assert loaded.tiles.counts.keys() == saved.tiles.counts.keys()


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut short"])
def test_a_file_that_is_no_tree_is_refused(tmp_path, content):
    path = tmp_path / "row.tree"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not a tree") as caught:
        MergeTree.load(path)
    assert caught.value.file == str(path)
    with pytest.raises(BadInput, match="no such file"):
        MergeTree.load(tmp_path / "none")


def test_pickled_objects_in_a_file_are_never_run(tmp_path):
    path = tmp_path / "row.tree"
    with path.open("wb") as file:
        np.savez(file, format=np.array([object()], dtype=object))
    with pytest.raises(BadInput, match="not a tree"):
        MergeTree.load(path)
