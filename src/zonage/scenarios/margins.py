"""Inverse questions: how far is each quarter from the line, and which rule gives a wanted result?

A *margin* is the smallest shift of the line, in EUR a year of disposable income and the same in
every urban unit, that lets a quarter in or out. The line is moved step by step away from the one in
force and the first change is narrowed down to :data:`PRECISION`; this holds for every rule, also
for those under which zones can shrink as the line rises. A quarter that comes and goes within one
step of :data:`STEP` is not seen.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput
from zonage.variables import FIXED_POINT
from zonage.zoning import Zoning, rezone

if TYPE_CHECKING:
    from zonage.raster import Coverage

STEP, REACH, PRECISION = 25.0, 3_000.0, 1.0
"""EUR a year: steps of the search, how far it goes either way, and how near it comes."""

FOUND = 0.5
"""Share of its inhabitants in computed zones from which an official quarter counts as in."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How far one quarter is from a change.

    Attributes
    ----------
    quarter : str
        Number of a computed zone, or code of an official quarter.
    name : str
        Communes of a zone, or name of an official quarter.
    inside : bool
        Whether it is in under the rule in force. A computed zone is in as long as any of its tiles
        is; an official quarter where at least half of its inhabitants are in computed zones.
    inhabitants : float
        Inhabitants.
    eur : float or None
        Shift of the line after which that is no longer so: negative for a quarter that a lower line
        loses, positive for one that a higher line lets in; None if no shift within reach does. One
        EUR nearer to 0 it is still so.
    spare_inhabitants : float or None
        For a computed zone, inhabitants above the minimum population.
    """

    quarter: str
    name: str
    inside: bool
    inhabitants: float
    eur: float | None
    spare_inhabitants: float | None


def shifted(base: Zoning, shift: float) -> Zoning:
    """Zone anew with the line of every unit moved by some EUR a year of disposable income."""
    if shift == 0:
        return base
    return rezone(base, told=replace(base.told, shift=base.told.shift + shift))


def zone_margins(base: Zoning) -> tuple[Margin, ...]:
    """Say for each computed zone how far the line may fall before the zone is gone.

    Parameters
    ----------
    base : Zoning
        The zoning; its rule may be any.

    Returns
    -------
    tuple of Margin
        One a zone, in the order of their numbers.
    """
    count = base.zone_count

    def present(zoning: Zoning) -> NDArray[np.bool_]:
        left = np.zeros(count + 1, np.bool_)
        left[base.label[zoning.inside]] = True
        return left[1:]

    shifts = _first_changes(base, present, np.ones(count, np.bool_))
    minimum = round(base.law.min_population * FIXED_POINT)
    return tuple(
        Margin(
            quarter=str(zone + 1),
            name=base.table["communes"][zone],
            inside=True,
            inhabitants=int(base.zone_population[zone]) / FIXED_POINT,
            eur=shifts[zone],
            spare_inhabitants=(int(base.zone_population[zone]) - minimum) / FIXED_POINT,
        )
        for zone in range(count)
    )


def quarter_margins(base: Zoning, official: Coverage) -> tuple[Margin, ...]:
    """Say for each named quarter how far the line must move to let it in or out.

    Parameters
    ----------
    base : Zoning
        The zoning.
    official : Coverage
        Shares of the tiles inside the outlines of the quarters.

    Returns
    -------
    tuple of Margin
        One for each outline with inhabitants among the tiles.
    """
    tile, perimeter, share = official.on(base.tiles)
    people = share * base.tiles.values("population")[tile]
    inhabitants = np.bincount(perimeter, people, minlength=len(official.codes))
    known = np.flatnonzero(inhabitants > 0)

    def found(zoning: Zoning) -> NDArray[np.bool_]:
        inside = np.bincount(perimeter, people * zoning.inside[tile], minlength=len(official.codes))
        return inside[known] >= FOUND * inhabitants[known]

    now = found(base)
    shifts = _first_changes(base, found, now)
    return tuple(
        Margin(
            quarter=official.codes[index],
            name=official.names[index],
            inside=bool(now[place]),
            inhabitants=float(inhabitants[index]),
            eur=shifts[place],
            spare_inhabitants=None,
        )
        for place, index in enumerate(known)
    )


def _first_changes(
    base: Zoning, state: Callable[[Zoning], NDArray[np.bool_]], now: NDArray[np.bool_]
) -> list[float | None]:
    """Find for each quarter the nearest shift that changes its state.

    Quarters that are in are looked for below the line in force, the others above it.
    """
    changes: list[float | None] = [None] * len(now)
    for sign, waiting in ((-1, set(np.flatnonzero(now))), (1, set(np.flatnonzero(~now)))):
        for step in itertools.count(1):
            far = sign * step * STEP
            if not waiting or abs(far) > REACH:
                break
            differs = state(shifted(base, far)) != now
            for quarter in sorted(int(quarter) for quarter in waiting if differs[quarter]):
                changes[quarter] = _narrowed(base, state, now, quarter, far - sign * STEP, far)
                waiting.discard(quarter)
    return changes


def _narrowed(
    base: Zoning,
    state: Callable[[Zoning], NDArray[np.bool_]],
    now: NDArray[np.bool_],
    quarter: int,
    near: float,
    far: float,
) -> float:
    """Halve between a shift that keeps the state and one that changes it."""
    while abs(far - near) > PRECISION:
        middle = (near + far) / 2
        if state(shifted(base, middle))[quarter] == now[quarter]:
            near = middle
        else:
            far = middle
    return far


@dataclass(frozen=True, slots=True)
class Answer:
    """A rule that gives a wanted result.

    Attributes
    ----------
    value : float
        Shift of the line in EUR a year, or minimum population.
    zoning : Zoning
        The zoning under it.
    """

    value: float
    zoning: Zoning


def shift_for_share(base: Zoning, share: float) -> Answer:
    """Find the smallest shift of the line that puts a share of inhabitants in quarters.

    Parameters
    ----------
    base : Zoning
        The zoning.
    share : float
        Wanted share of the inhabitants of the tiles, above 0 and below 1.

    Raises
    ------
    BadInput
        If the share is none, or no shift within 20 000 EUR reaches it.
    """
    if not 0 < share < 1:
        raise BadInput("not a share of the inhabitants", found=share, expected="between 0 and 1")
    population = base.tiles.count("population")
    wanted = share * int(population.sum())
    lowest = min(unit.line for unit in base.units if unit.line is not None)
    near, far = 1.0 - lowest, 20_000.0

    def enough(shift: float) -> bool:
        return int(population[shifted(base, shift).inside].sum()) >= wanted

    if not enough(far):
        reached = int(population[shifted(base, far).inside].sum()) / int(population.sum())
        raise BadInput(
            "no line puts that share of the inhabitants in quarters",
            found=share,
            expected=f"at most {reached:.3f}",
        )
    # To the last bit but a few: the next tile that enters is told from the one before.
    while far - near > 1e-6:
        middle = (near + far) / 2
        near, far = (near, middle) if enough(middle) else (middle, far)
    return Answer(far, shifted(base, far))


def minimum_for_quarters(base: Zoning, quarters: int) -> Answer:
    """Find the highest minimum population that keeps at least a number of quarters.

    Parameters
    ----------
    base : Zoning
        The zoning.
    quarters : int
        Wanted number of quarters.

    Raises
    ------
    BadInput
        If no minimum population does.
    """

    def count(minimum: int) -> int:
        return rezone(base, law=base.law.reform(min_population=minimum)).zone_count

    most = max(count(minimum) for minimum in (0, 1, 10, 100, 1000))
    if not 1 <= quarters <= most:
        raise BadInput(
            "no minimum population keeps that many quarters",
            found=quarters,
            expected=f"1 to {most}",
        )
    low, high = 0, 1
    while count(high) >= quarters:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) >= quarters else (low, middle)
    return Answer(float(low), rezone(base, law=base.law.reform(min_population=low)))
