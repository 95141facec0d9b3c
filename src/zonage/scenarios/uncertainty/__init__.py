"""How sure is a zoning: Monte Carlo over what is not known, and a check against official outlines.

Each draw zones the tiles anew with other errors. A draw has a number, and each of its components a
random stream of its own, keyed by seed, draw and component: what a draw gives depends on neither
the number of threads nor the other draws, and switching one component off leaves the others as
they were. Counts are whole numbers, so that parts add up to the same bytes in any order.

Where things are: what is drawn and how large each error is (`error_sizes`), the tiles that share
one error (`imputation`), the draws (`draws`), what they give (`result`), probabilities held against
official outlines (`verification`).
"""

from zonage.scenarios.uncertainty.draws import CHUNK, monte_carlo
from zonage.scenarios.uncertainty.error_sizes import COMPONENTS, SOURCES, Errors
from zonage.scenarios.uncertainty.imputation import GROUP_SQUARE_M, imputation_groups
from zonage.scenarios.uncertainty.result import LEVELS, TOTALS, Uncertainty
from zonage.scenarios.uncertainty.verification import Reliability, ReliabilityBin, reliability

__all__ = [
    "CHUNK",
    "COMPONENTS",
    "GROUP_SQUARE_M",
    "LEVELS",
    "SOURCES",
    "TOTALS",
    "Errors",
    "Reliability",
    "ReliabilityBin",
    "Uncertainty",
    "imputation_groups",
    "monte_carlo",
    "reliability",
]
