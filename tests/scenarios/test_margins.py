import numpy as np
import pytest

import zonage as zn
from tests.test_comparison import perimeters_of
from tests.zoning.test_rules import LAW, drawn, reference_of
from zonage.errors import BadInput
from zonage.mergetree import MergeTree
from zonage.scenarios.margins import (
    PRECISION,
    REACH,
    minimum_for_quarters,
    quarter_margins,
    shift_for_share,
    shifted,
    zone_margins,
)
from zonage.synthetic import metropolis

LOOSE = LAW.reform(uu_min_population=0)
RULES = {
    "default": zn.Method(),
    "monotone": zn.Method(complete_from=1.0, zone_median=False),
    "plain": zn.Method.plain(),
}


@pytest.fixture(scope="module", params=list(RULES))
def base(request):
    town = metropolis(5, inhabitants=120_000, size=60, units=3, truth=True)
    return zn.qpv(town.tiles, LOOSE, town.reference, method=RULES[request.param])


def test_a_zone_is_there_just_above_its_margin_and_gone_just_below(base):
    margins = zone_margins(base)
    assert len(margins) == base.zone_count
    known = [margin for margin in margins if margin.eur is not None]
    assert known
    for margin in known:
        here = base.label == int(margin.quarter)
        assert -REACH <= margin.eur < 0
        assert not shifted(base, margin.eur).inside[here].any()
        assert shifted(base, margin.eur + PRECISION).inside[here].any()


def test_margins_of_a_monotone_rule_are_those_of_the_merge_tree():
    town = metropolis(5, inhabitants=120_000, size=60, units=3, truth=True)
    base = zn.qpv(town.tiles, LOOSE, town.reference, method=RULES["monotone"])
    entry = MergeTree.of(base).entry
    for margin in zone_margins(base):
        here = base.label == int(margin.quarter)
        # Gone at the line at which its first tile enters; inside at every line above.
        exact = entry[here].min() - base.line[here][0]
        if margin.eur is None:
            assert exact < -REACH
        else:
            assert exact - PRECISION <= margin.eur <= exact


def test_a_named_quarter_changes_sides_at_its_margin():
    # Two tiles at 9 077 EUR, in at the line of 12 000; two at 13 616 in an outline of their own.
    tiles = drawn("""
P P . . b b
""")
    base = zn.qpv(
        tiles, LAW.reform(min_population=100), reference_of("A"), method=zn.Method.plain()
    )
    outlines = perimeters_of({"in": [(0, 100, 2, 101)], "out": [(4, 100, 6, 101)]})
    table = zn.coverage(outlines, tiles)
    inside, outside = quarter_margins(base, table)
    medians = np.unique(base.criterion)
    assert (inside.quarter, inside.inside) == ("in", True)
    assert inside.eur == pytest.approx(medians[0] - 12_000, abs=PRECISION)
    assert (outside.quarter, outside.inside) == ("out", False)
    assert outside.eur == pytest.approx(medians[1] - 12_000, abs=PRECISION)
    (zone,) = zone_margins(base)
    assert (zone.spare_inhabitants, zone.inhabitants) == (0, 100)


def test_the_shift_for_a_share_gives_it_to_within_one_tile(base):
    population = base.tiles.count("population")
    total = int(population.sum())
    for share in (0.05, 0.2, 0.4):
        answer = shift_for_share(base, share)
        inside = int(population[answer.zoning.inside].sum())
        assert inside >= share * total
        before = int(population[shifted(base, answer.value - 1e-5).inside].sum())
        assert before < share * total


def test_the_minimum_population_keeps_the_wanted_quarters(base):
    wanted = base.zone_count + 2
    answer = minimum_for_quarters(base, wanted)
    assert answer.zoning.zone_count >= wanted
    assert answer.value < base.law.min_population
    law = base.law.reform(min_population=int(answer.value) + 1)
    assert zn.qpv(base.tiles, law, base.reference, method=base.method).zone_count < wanted


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_a_share_that_is_none_is_refused(base, share):
    with pytest.raises(BadInput, match="not a share"):
        shift_for_share(base, share)


def test_an_unreachable_share_or_number_says_what_can_be_had(base):
    small = zn.qpv(
        base.tiles,
        base.law.reform(uu_min_population=60_000),
        base.reference,
        method=base.method,
    )
    with pytest.raises(BadInput, match="no line puts that share"):
        shift_for_share(small, 0.999)
    with pytest.raises(BadInput, match="no minimum population"):
        minimum_for_quarters(base, 100_000)
