"""Hypothesis strategies: small territories and what lies on them."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


@dataclass(frozen=True)
class Territory:
    """Tiles of a small grid, sorted by group, row and column."""

    shape: tuple[int, int]
    row: np.ndarray
    column: np.ndarray
    group: np.ndarray
    start: np.ndarray

    def __len__(self):
        return len(self.row)


@st.composite
def territories(draw, max_side=7, max_groups=3):
    shape = draw(st.integers(1, max_side)), draw(st.integers(1, max_side))
    groups = draw(st.integers(1, max_groups))
    owner = draw(hnp.arrays(np.int64, shape, elements=st.integers(-1, groups - 1)))
    row, column = (index.astype(np.int32) for index in np.nonzero(owner >= 0))
    group = owner[row, column]
    order = np.lexsort((column, row, group))
    start = np.searchsorted(group[order], np.arange(groups + 1))
    return Territory(shape, row[order], column[order], group[order], start)


def arrays(dtype, size, elements):
    return hnp.arrays(dtype, size, elements=elements)


connectivities = st.sampled_from([4, 8])
incomes = st.floats(1_000, 200_000)
shares = st.floats(0.001, 0.999)
