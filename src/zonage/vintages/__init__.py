"""Two vintages of tiles held against each other: what changed, where, and for which reason."""

from zonage.vintages.compare import VintageChange, compare_vintages
from zonage.vintages.decomposition import Contribution, Decomposition

__all__ = ["Contribution", "Decomposition", "VintageChange", "compare_vintages"]
