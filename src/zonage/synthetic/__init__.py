"""Seeded territories that look like the real tiles, with the truth behind them known.

Towns and correlated noise give a density to every cell; the densest cells are inhabited, and their
rank decides how many households they hold. Each household is then drawn, with its size and its
income, so that counts, poverty and incomes agree with each other as they do in life. What would be
published is made from the households by INSEE's own rules: tiles of fewer than 11 households carry
the values of a group of neighbours, incomes are winsorised, poverty is capped at 80 %.

The shapes are measured on the tiles of the Lille block (INSEE, Filosofi 2019) and, for France, on
the figures that INSEE gives with the file (79 % of tiles and 20 % of people are imputed, 62.6
million inhabitants in 2.3 million tiles, at most 2 210 households in one).

Where things are: the two territories and how one is made (`territories`), what makes one differ
from another (`plan`), where towns lie and people live (`land`, `noise`), how many households stand
on each tile and how rich they are (`wealth`), the households themselves (`households`), medians of
declared income (`declared`), what is published of them (`publication`) and its rules (`rules`).
"""

from zonage.synthetic.declared import NATIONAL_DECLARED_MEDIAN, declared_income
from zonage.synthetic.publication import secrecy_groups
from zonage.synthetic.rules import POVERTY_CAP, POVERTY_LINE, SECRECY, VINTAGE, WINSORISED
from zonage.synthetic.territories import SyntheticTerritory, france, metropolis

__all__ = [
    "NATIONAL_DECLARED_MEDIAN",
    "POVERTY_CAP",
    "POVERTY_LINE",
    "SECRECY",
    "VINTAGE",
    "WINSORISED",
    "SyntheticTerritory",
    "declared_income",
    "france",
    "metropolis",
    "secrecy_groups",
]
