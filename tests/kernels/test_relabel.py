import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from tests.kernels.test_mergetree import cases, row_of_tiles
from tests.strategies import arrays, connectivities
from zonage.kernels.relabel import relabel


@given(
    st.data(),
    cases(),
    connectivities,
    st.integers(0, 10),
    st.integers(0, 20),
    st.integers(0, 3),
)
def test_equals_labelling_line_by_line(data, case, connectivity, minimum, maximum, density):
    _, neighbours, criterion, population = case
    lines = data.draw(arrays(np.float64, st.integers(0, 5), st.integers(-1, 8).map(float)))
    out = np.empty((len(lines), 3), np.int64)
    relabel(
        criterion,
        neighbours,
        connectivity,
        population,
        lines,
        out,
        min_population=minimum,
        max_population=maximum,
        min_per_tile=density,
    )
    for found, line in zip(out.tolist(), lines, strict=True):
        count, labels = naive.label(criterion < line, neighbours, connectivity)
        zones = [labels == zone for zone in range(1, count + 1)]
        kept = [
            zone
            for zone in zones
            if minimum <= population[zone].sum() <= maximum
            and population[zone].sum() >= density * zone.sum()
        ]
        tiles = sum(int(zone.sum()) for zone in kept)
        assert found == [len(kept), tiles, sum(int(population[zone].sum()) for zone in kept)]


def test_wrong_arguments_are_refused():
    criterion, people, lines = np.array([1.0, 2.0]), np.ones(2, np.int64), np.ones(1)
    table, out = row_of_tiles(2), np.empty((1, 3), np.int64)
    with pytest.raises(ValueError, match="4 or 8"):
        relabel(criterion, table, 5, people, lines, out)
    with pytest.raises(ValueError, match="do not fit"):
        relabel(criterion, table, 8, people, lines, out[:0])
    with pytest.raises(ValueError, match="comes after"):
        relabel(criterion, table[::-1], 8, people, lines, out)
