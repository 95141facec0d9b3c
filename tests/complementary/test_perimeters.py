"""Perimeters on maps worked by hand, and what must hold on any map."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from tests.complementary.pictures import (
    NAMES,
    VALUES,
    indicator,
    layer,
    layers_of,
    on_map,
    perimeters,
    rule_of,
    tiles_of,
    zoning_of,
)
from zonage.complementary.layers import INDICATORS, Layer
from zonage.complementary.perimeters import Part, complement
from zonage.complementary.rule_file import load_rule
from zonage.errors import BadInput

# ----- which tiles meet a level


def test_three_of_three_are_level_1_and_two_of_three_level_2():
    found = perimeters("""
f f n s
a n n p
b c . h
""")
    assert on_map(found, found.level) == ["1 1 0 0", "2 0 0 0", "2 2 . 0"]
    assert found.table["perimeter"] == [1, 2]
    assert found.table["level"] == [1, 2]
    assert found.table["within"] == [2, 0]
    assert found.table["population"] == [100.0, 250.0]
    assert found.table["population_level_1"] == [100.0, 100.0]


@pytest.mark.parametrize(
    ("ties", "level"), [("inclusive", ["2 2"]), ("strict", ["0 0"])], ids=["inclusive", "strict"]
)
@pytest.mark.parametrize("at", ["poverty", "school"])
def test_a_tile_at_the_cutoff_meets_it_unless_the_rule_is_strict(at, ties, level):
    cutoff = {"poverty": 0.5, "school": 80}[at]
    found = perimeters(
        """
a a
""",
        **{f"{at}.cutoff": cutoff, f"{at}.ties": ties},
    )
    assert on_map(found, found.level) == level


@pytest.mark.parametrize(
    ("missing", "level"),
    [
        ("absent", ["2 2 0 0"]),  # two of three hold
        ("ignore", ["1 1 0 0"]),  # two of two: as much as three of three
    ],
)
def test_an_unknown_value_counts_as_the_rule_says(missing, level):
    found = perimeters(
        """
v v u u
""",
        **{"school.missing": missing, "min_coverage": 0},
    )
    assert on_map(found, found.level) == level


def test_an_unknown_value_may_be_refused():
    with pytest.raises(BadInput, match="1 inhabited tiles, 50 inhabitants") as caught:
        perimeters(
            """
f v f
""",
            **{"school.missing": "refuse"},
        )
    assert caught.value.column == "school"


def test_where_one_indicator_alone_is_known_it_decides_alone_only_if_unknown_is_ignored():
    values = np.array([0.5, 0.5, 0.1, 0.1])
    unknown = np.array([np.nan, np.nan, 110, 110])
    layers = [
        layer("poverty", values),
        layer("school", unknown, direction="low"),
        layer("housing", np.where(np.isnan(unknown), np.nan, 0.1)),
    ]
    zoning = zoning_of(
        tiles_of("""
n n n n
""")
    )
    ignoring = rule_of(**{"school.missing": "ignore", "housing.missing": "ignore"})
    assert complement(zoning, layers, ignoring).level.tolist() == [1, 1, 0, 0]
    assert complement(zoning, layers, rule_of()).level.tolist() == [0, 0, 0, 0]


def test_families_count_once_however_many_of_their_indicators_hold():
    letters = "aasn"
    layers = [
        *layers_of(letters),
        layer("primary", [70, 70, 70, 120], direction="low", family="school"),
    ]
    rule = rule_of().adding(indicator("primary", "low", family="school"), cutoff=75)
    zoning = zoning_of(
        tiles_of("""
n n n n
""")
    )
    found = complement(zoning, layers, rule)
    assert found.evidence.families == NAMES
    assert found.level.tolist() == [2, 2, 0, 0]


def test_a_score_weighs_ranks_by_hand():
    # Inhabitants 100, 200, 300, 400. Poverty: 0, 0.1, 0.3 and 0.6 of them live in less poor tiles.
    # School, low is fragile: 0.7, 0.8, 0 and 0.3. Weights 3 and 1:
    # 0.7 / 4 = 0.175, (0.3 + 0.8) / 4 = 0.275, 0.9 / 4 = 0.225, (1.8 + 0.3) / 4 = 0.525.
    tiles = tiles_of(
        """
n n n n
""",
        people=np.array([100.0, 200, 300, 400]),
    )
    layers = [
        layer("poverty", [0.1, 0.2, 0.3, 0.4]),
        layer("school", [90, 80, 110, 100], direction="low"),
    ]
    rule = rule_of().reform({"housing.used": False, "level_1_families": 2})
    rule = rule.reform(
        {
            "decision": "score",
            "poverty.weight": 3,
            "school.weight": 1,
            "level_1_score": 0.5,
            "level_2_score": 0.275,
        }
    )
    found = complement(zoning_of(tiles), layers, rule)
    np.testing.assert_allclose(found.evidence.score, [0.175, 0.275, 0.225, 0.525], atol=1e-15)
    assert found.level.tolist() == [0, 2, 0, 1]
    assert found.under(rule.reform(level_2_score=0.276)).level.tolist() == [0, 0, 0, 1]
    np.testing.assert_allclose(found.evidence.margin(1)[3], 0.025)
    # The last tile has 0.075 without poverty and 0.45 without the school; the second 0.2 and 0.075.
    assert found.table["population"] == [400.0, 400.0, 200.0]
    assert found.table["hangs_on"] == ["poverty school", "poverty", "poverty school"]


@pytest.mark.parametrize(
    ("quantile", "ties", "holds"),
    [
        (0.0, "inclusive", [0, 0, 0, 0, 0]),
        (0.2, "inclusive", [0, 0, 0, 0, 1]),
        (0.2, "strict", [0, 0, 0, 0, 0]),
        (0.201, "inclusive", [0, 0, 1, 1, 1]),
        (0.6, "inclusive", [0, 0, 1, 1, 1]),
        (0.6, "strict", [0, 0, 0, 0, 1]),
        (1.0, "inclusive", [1, 1, 1, 1, 1]),
    ],
)
def test_a_quantile_takes_the_most_fragile_share_of_inhabitants(quantile, ties, holds):
    rule = rule_of(
        **{"poverty.scale": "quantile", "poverty.quantile": quantile, "poverty.ties": ties}
    )
    layers = [layer("poverty", [0.1, 0.2, 0.3, 0.3, 0.4]), *layers_of("nnnnn")[1:]]
    zoning = zoning_of(
        tiles_of("""
n n n n n
""")
    )
    found = complement(zoning, layers, rule)
    assert found.evidence.holds[0].astype(int).tolist() == holds


# ----- an indicator that is known for too few


def partly_known(known, **changes):
    """Ten tiles, the school known in the first `known`; only it misses in the last two."""
    layers = layers_of("ffnnnnnnbb")
    school = np.where(np.arange(10) < known, layers[1].value, np.nan)
    layers[1] = layer("school", school, direction="low")
    zoning = zoning_of(
        tiles_of("""
n n n n n n n n n n
""")
    )
    return complement(zoning, layers, rule_of(**changes))


def test_an_indicator_of_too_little_coverage_is_left_out_and_reported():
    found = partly_known(4)
    (left_out,) = found.left_out
    assert (left_out.indicator, left_out.coverage, left_out.min_coverage) == ("school", 0.4, 0.5)
    # Of the two families left, both are needed at both levels: 2/3 and 3/3 of 2, rounded up.
    assert found.level.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]
    assert "holds_school" not in found.table


def test_exactly_the_minimum_coverage_is_enough():
    found = partly_known(5)
    assert found.left_out == ()
    assert found.level.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 2, 2]


def test_too_little_coverage_may_be_refused():
    with pytest.raises(BadInput, match=r"40\.0 % of inhabitants; expected at least 50 %"):
        partly_known(4, low_coverage="refuse")
    with pytest.raises(BadInput, match="too few inhabitants"):
        partly_known(4, **{"poverty.used": False, "housing.used": False, "level_1_families": 1,
                           "level_2_families": 1})  # fmt: skip


# ----- contiguity, the minimum, the State's quarters


CUT = """
a a A a a a
"""


def test_a_perimeter_cut_by_a_quarter_is_two_and_each_part_is_tested():
    found = perimeters(CUT, min_population=150)
    assert on_map(found, found.level) == ["0 0 0 2 2 2"]
    both = perimeters(CUT, min_population=100)
    assert on_map(both, both.label[1]) == ["2 2 0 1 1 1"]
    assert on_map(both, both.part) == ["3 3 1 3 3 3"]


def test_quarters_may_stay_inside():
    found = perimeters(CUT, min_population=300, exclude_quarters=False)
    assert on_map(found, found.level) == ["2 2 2 2 2 2"]
    assert on_map(found, found.part) == ["3 3 1 3 3 3"]


def test_corners_join_by_8_and_not_by_4():
    picture = """
a a . .
. . a a
"""
    assert perimeters(picture, connectivity=8).count(2) == 1
    assert perimeters(picture, connectivity=4).count(2) == 2
    assert perimeters(picture, connectivity=4, min_population=101).count(2) == 0


def test_a_level_1_too_small_by_itself_is_part_of_level_2():
    found = perimeters("""
f a a
""")
    assert on_map(found, found.level) == ["2 2 2"]


def test_perimeters_cross_urban_units():
    tiles = tiles_of(
        """
n n
""",
        units=["A", "B"],
    )
    found = complement(zoning_of(tiles), layers_of("aa"), rule_of())
    assert found.count(2) == 1


def test_uninhabited_tiles_join_nothing():
    tiles = tiles_of(
        """
n n n
""",
        people=np.array([100.0, 0, 100]),
    )
    found = complement(zoning_of(tiles), layers_of("aaa"), rule_of())
    assert found.label[1].tolist() == [1, 0, 2]


def test_the_computed_quarters_are_the_default():
    tiles = tiles_of("""
n n
""")
    zoning = zoning_of(tiles)
    found = complement(zoning, layers_of("aa"), rule_of())
    assert (found.quarters_source, found.quarters.tolist()) == ("computed", [False, False])


def test_the_packaged_rule_is_the_default():
    used = [condition.indicator for condition in load_rule().conditions]
    fragile = {"very_low_income_share": 0.6, "social_housing_share": 0.9}
    layers = [
        Layer(
            INDICATORS[name],
            np.where(np.arange(10) < 2, fragile.get(name, 60.0), 0.0 if name in fragile else 120.0),
            source="drawn",
            how="drawn",
        )
        for name in used
    ]
    tiles = tiles_of(
        """
n n n n n n n n n n
""",
        people=300.0,
    )
    found = complement(zoning_of(tiles), layers)
    assert found.rule == load_rule()
    assert found.level.tolist() == [1, 1, *[0] * 8]


def test_the_ring_is_around_quarters_or_around_all():
    picture = """
n n n n n
N n n a a
n n n n n
"""
    quarters = perimeters(picture)
    assert on_map(quarters, quarters.part) == ["4 0 0 0 0", "1 4 0 3 3", "4 0 0 0 0"]
    assert quarters.distance_to_quarters[8] == 600
    wider = quarters.reform({"buffer": 283})
    assert on_map(wider, wider.part) == ["4 4 0 0 0", "1 4 0 3 3", "4 4 0 0 0"]
    everywhere = quarters.reform({"buffer_around": "all"})
    assert on_map(everywhere, everywhere.part) == ["4 0 0 4 4", "1 4 4 3 3", "4 0 0 4 4"]
    none = perimeters("""
a a
""")
    assert none.distance_to_quarters.tolist() == [math.inf, math.inf]
    assert none.part.tolist() == [Part.LEVEL_2, Part.LEVEL_2]


# ----- what is said of each perimeter


MIXED = """
f b n N
f b n n
. . n n
a a . n
"""


def test_the_table_by_hand():
    found = perimeters(MIXED, min_population=100)
    table = found.table
    assert table["level"] == [1, 2, 2]
    assert table["within"] == [2, 0, 0]
    assert table["tiles"] == [2, 4, 2]
    assert table["population"] == [100.0, 200.0, 100.0]
    assert table["communes"] == ["59001", "59001", "59001"]
    assert table["mean_poverty"] == [0.5, 0.5, 0.5]
    assert table["mean_school"] == [80.0, 95.0, 80.0]
    assert table["holds_school"] == [1.0, 0.5, 1.0]
    assert table["holds_housing"] == [1.0, 1.0, 0.0]
    # Six of thirteen tiles are poor, and seven less so: a poor tile is just at the cut-off.
    assert table["strength_poverty"] == [0.0, 0.0, 0.0]
    assert table["distance_to_quarters"] == [600.0, 400.0, pytest.approx(200 * math.sqrt(13))]
    assert table["adjacent_to_quarters"] == [False, False, False]
    assert len(found.perimeters) == 3
    np.testing.assert_allclose(found.perimeters.area, [2 * 200**2, 4 * 200**2, 2 * 200**2])


def test_a_perimeter_hangs_on_the_indicators_without_which_it_falls():
    found = perimeters(MIXED, min_population=100)
    # Level 1 needs all three. Without the school the level 2 around it keeps poverty and housing;
    # without one of these only its half with three indicators is left: 100 of 200 inhabitants.
    assert found.table["hangs_on"] == ["poverty school housing", "", "poverty school"]
    smaller = perimeters(MIXED, min_population=101)
    assert smaller.table["hangs_on"] == ["poverty housing"]


def test_strength_is_the_share_of_inhabitants_between_cutoff_and_tile():
    layers = layers_of("aaaa")
    layers[0] = layer("poverty", [0.1, 0.4, 0.5, 0.6])
    layers[1] = layer("school", [80, 70, 80, np.nan], direction="low")
    zoning = zoning_of(
        tiles_of("""
n n n n
""")
    )
    evidence = complement(zoning, layers, rule_of()).evidence
    np.testing.assert_allclose(evidence.strength[0], [-0.25, 0, 0.25, 0.5])
    np.testing.assert_allclose(evidence.strength[1], [0, 2 / 3, 0, np.nan])
    # Two of three: the weaker of poverty and school; housing never holds (strength below 0).
    np.testing.assert_allclose(evidence.margin(2)[:3], [-0.25, 0, 0])


def test_communes_are_counted_by_part():
    found = perimeters("""
a a a a F n
""")
    assert found.communes == {
        "commune": ["59001", "59002"],
        "population_outside": [0.0, 0.0],
        "population_quarter": [0.0, 50.0],
        "population_level_1": [0.0, 0.0],
        "population_level_2": [150.0, 50.0],
        "population_ring": [0.0, 50.0],
        "tiles_outside": [0, 0],
        "tiles_quarter": [0, 1],
        "tiles_level_1": [0, 0],
        "tiles_level_2": [3, 1],
        "tiles_ring": [0, 1],
    }


def test_the_dataset_and_the_outlines_hold_the_product():
    found = perimeters(MIXED)
    data = found.to_dataset()
    assert data["part"].values[0].tolist() == [2, 3, 4, 1]
    assert data["part"].values[2, 0] == 255
    assert data["school"].values[0].tolist() == [80, 110, 110, 110]
    assert data["part"].attrs["flag_meanings"].split()[2] == "level_1"
    assert data["school"].attrs["long_name_fr"] == "school"
    parts = found.parts.set_index("part")
    assert parts["tiles"].to_dict() == {"quarter": 1, "level_1": 2, "level_2": 4, "ring": 2}
    np.testing.assert_allclose(parts.area, parts["tiles"] * 200**2)
    assert parts.loc["ring", "name_fr"] == "anneau autour"


def test_a_manifest_says_what_was_held_against_what():
    found = partly_known(4, **{"poverty.scale": "quantile", "poverty.quantile": 0.4})
    said = json.loads(json.dumps(found.to_dict()))
    assert [one["name"] for one in said["indicators"]] == ["poverty", "housing"]
    assert (said["indicators"][0]["cutoff"], said["indicators"][0]["coverage"]) == (0.5, 1.0)
    assert said["left_out"] == [{"indicator": "school", "coverage": 0.4, "min_coverage": 0.5}]
    assert said["perimeters"] == {"level_1": 2, "level_2": 2}
    assert said["parts"]["level_1"] == {"tiles": 4, "population": 200.0}
    assert said["rule"]["changes"]["complement.poverty.quantile"] == 0.4


# ----- errors


def test_layers_that_do_not_fit_are_refused():
    zoning = zoning_of(
        tiles_of("""
n n
""")
    )
    layers, rule = layers_of("aa"), rule_of()
    for wrong, says in (
        ([layer("poverty", [1.0]), *layers[1:]], "a layer is not of these tiles"),
        ([*layers, layers[0]], "two layers of one indicator"),
        ([*layers, layer("vacancy", [0.0, 1.0])], "add the indicator to the rule"),
        (layers[:2], r"give its layer, or set complement\.housing\.used=false"),
    ):
        with pytest.raises(BadInput, match=says):
            complement(zoning, wrong, rule)
    with pytest.raises(BadInput, match=r"found 3; expected at most 2 \(poverty, school\)"):
        complement(zoning, layers, rule.reform({"housing.used": False}))
    for official in (np.ones(3, np.bool_), np.ones(2)):
        with pytest.raises(BadInput, match="not a mask of the tiles"):
            complement(zoning, layers, rule, official=official)


# ----- on any map


@st.composite
def towns(draw):
    """Rows of letters with people in each tile; capital letters are State's quarters."""
    letters = st.sampled_from([*VALUES, *(letter.upper() for letter in "nafb"), "."])
    width = draw(st.integers(1, 6))
    rows = draw(st.lists(st.lists(letters, min_size=width, max_size=width), min_size=1, max_size=6))
    picture = "\n".join(["", *(" ".join(row) for row in rows), ""])
    count = sum(letter != "." for row in rows for letter in row)
    people = draw(st.lists(st.sampled_from([0, 40, 50.5, 200]), min_size=count, max_size=count))
    return picture, np.array(people, np.float64)


def usable(town):
    return len(town[1]) > 0 and town[1].sum() > 0


changes = st.fixed_dictionaries(
    {},
    optional={
        "level_1_families": st.sampled_from([2, 3]),
        "level_2_families": st.sampled_from([1, 2]),
        "min_population": st.sampled_from([0, 100, 250]),
        "connectivity": st.sampled_from([4, 8]),
        "exclude_quarters": st.booleans(),
        "min_coverage": st.just(0),
        "school.missing": st.sampled_from(["absent", "ignore"]),
        "poverty.cutoff": st.sampled_from([0.1, 0.5, 0.7]),
        "school.ties": st.sampled_from(["inclusive", "strict"]),
        "school.cutoff": st.sampled_from([80, 90]),
    },
)


def naive_levels(found):
    """Levels by counting in plain Python and labelling by scipy on the grid."""
    rule, tiles = found.rule, found.tiles
    row, column = 100 - tiles.northing, tiles.easting
    population = tiles.count("population")
    people = np.zeros((row.max() + 1, column.max() + 1), np.int64)
    people[row, column] = population
    corners = np.ones((3, 3)) if rule["connectivity"] == 8 else None
    inside = []
    for level in (1, 2):
        flag = np.zeros(people.shape, bool)
        for tile in range(len(tiles)):
            if population[tile] == 0 or (rule["exclude_quarters"] and found.quarters[tile]):
                continue
            held = known = 0
            for one in found.layers:
                value, cutoff = one.layer.value[tile], rule[f"{one.name}.cutoff"]
                strict = rule[f"{one.name}.ties"] == "strict"
                if np.isnan(value):
                    known += rule[f"{one.name}.missing"] == "absent"
                    continue
                known += 1
                beyond = value > cutoff if one.layer.indicator.direction == "high" else (
                    value < cutoff
                )  # fmt: skip
                held += beyond or (value == cutoff and not strict)
            needed = math.ceil(rule.needed(level) * known / 3)
            flag[row[tile], column[tile]] = held >= max(needed, 1)
        zones, count = ndimage.label(flag, corners)
        size = ndimage.sum_labels(people, zones, np.arange(count + 1))
        kept = (size >= 1000 * rule["min_population"]) & (np.arange(count + 1) > 0)
        inside.append(kept[zones][row, column])
    return np.where(inside[0], 1, np.where(inside[1], 2, 0))


@given(towns().filter(usable), changes)
@settings(max_examples=60)
def test_levels_are_those_counted_in_plain_python_and_labelled_by_scipy(town, rule):
    found = perimeters(*town, **({"min_coverage": 0} | rule))
    assert found.level.tolist() == naive_levels(found).tolist()
    # Levels nest, and every part of the product is counted once.
    assert not (found.label[0] > 0)[found.label[1] == 0].any()
    assert found.parts["population"].sum() <= found.tiles.total("population")
    inside = sum(
        sum(found.communes[f"tiles_{part}"]) for part in ("quarter", "level_1", "level_2", "ring")
    )
    assert inside == np.count_nonzero(found.part)


@given(towns().filter(usable), changes, st.permutations([0, 1, 2]))
@settings(max_examples=30)
def test_the_order_of_layers_changes_nothing(town, rule, order):
    found = perimeters(*town, **({"min_coverage": 0} | rule))
    layers = [one.layer for one in found.layers]
    other = complement(
        found.zoning, [layers[place] for place in order], found.rule, official=found.quarters
    )
    assert other.table == found.table or repr(other.table) == repr(found.table)
    assert other.part.tolist() == found.part.tolist()


@given(towns().filter(usable), changes, st.sampled_from(NAMES))
@settings(max_examples=30)
def test_a_stricter_cutoff_never_enlarges(town, rule, name):
    found = perimeters(*town, **({"min_coverage": 0} | rule))
    stricter = {"poverty": 0.55, "school": 79, "housing": 0.65}[name]
    less = found.reform({f"{name}.cutoff": stricter})
    wider = {"poverty": 0.05, "school": 120, "housing": 0.05}[name]
    more = found.reform({f"{name}.cutoff": wider})
    assert ((less.label > 0) <= (more.label > 0)).all()
    if found.rule[f"{name}.cutoff"] != 0.7:
        assert ((less.label > 0) <= (found.label > 0)).all()


@given(towns().filter(usable), changes)
@settings(max_examples=20)
def test_a_reform_gives_what_a_run_from_the_start_gives(town, rule):
    start = perimeters(*town, min_coverage=0)
    reformed = start.reform(rule)
    again = perimeters(*town, **({"min_coverage": 0} | rule))
    np.testing.assert_array_equal(reformed.label, again.label)
