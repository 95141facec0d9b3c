"""The border rule: tiles that the zone around them takes in, at every line at once."""

import numpy as np
import numpy.typing as npt

from zonage.kernels._jit import kernel

Floats = npt.NDArray[np.float64]


@kernel
def border_lines(
    criterion: Floats,
    neighbours: npt.NDArray[np.int32],
    population: npt.NDArray[np.int64],
    share: float,
    margin: float,
    out: Floats,
) -> None:
    """Lowest line from which each tile is inside by itself or by its surroundings.

    At line s a tile is inside by itself where its criterion is below s. It is inside by its
    surroundings where its criterion is below ``(1 + margin) s`` and those of its eight neighbours
    that are inside by themselves hold at least `share` of them, counted half by cells (of eight)
    and half by inhabitants. Both only gain as the line rises, so one number tells all lines: the
    tile is inside at s where ``out < s``.

    Parameters
    ----------
    criterion
        Shape (n,): what is held against the line; NaN = never inside.
    neighbours
        Shape (n, 8): table made by `zonage.kernels.neighbours.neighbour_table`.
    population
        Shape (n,), int64.
    share
        Above 0.
    margin
        How far above the line, as a share of it, a tile may be that its surroundings take in.
    out
        Output, shape (n,).

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> neighbours = np.full((2, 8), -1, np.int32)
    >>> neighbours[0, 0], neighbours[1, 3] = 1, 0
    >>> out = np.empty(2)
    >>> people = np.array([10, 10])
    >>> border_lines(np.array([11.0, 8.0]), neighbours, people, 0.5, 0.1, out)
    >>> out.tolist()
    [10.0, 8.0]
    """
    n = criterion.size
    if neighbours.shape[0] != n or neighbours.shape[1] != 8:
        raise ValueError("border_lines: the table of neighbours does not fit")
    if population.size != n or out.size != n:
        raise ValueError("border_lines: criterion, population and out differ in length")
    near = np.empty(8, np.int64)
    for tile in range(n):
        if np.isnan(criterion[tile]):
            out[tile] = criterion[tile]
            continue
        known = 0
        around = 0
        for side in range(8):
            other = np.int64(neighbours[tile, side])
            if other < 0:
                continue
            around += population[other]
            if np.isnan(criterion[other]):
                continue
            # Insertion keeps the neighbours in order of their criterion.
            place = known
            while place > 0 and criterion[near[place - 1]] > criterion[other]:
                near[place] = near[place - 1]
                place -= 1
            near[place] = other
            known += 1
        own = criterion[tile]
        out[tile] = own
        held = 0
        for place in range(known):
            held += population[near[place]]
            by_people = held / around if around > 0 else 0.0
            if 0.5 * (place + 1) / 8 + 0.5 * by_people >= share:
                out[tile] = min(own, max(own / (1.0 + margin), criterion[near[place]]))
                break
