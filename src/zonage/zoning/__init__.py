"""The State's priority quarters: flag tiles, join them into zones, test each zone.

The law tests a *quarter* (its inhabitants and their median income); how tiles become quarters it
does not say. The rule of the law comes from :mod:`zonage.law`; every choice of ours is an option of
:class:`Method`, labelled as such in each result.

The way of a tile: its line (`lines`), its flag (`flags`), its zone (`joining`), the reason it is in
or out (`criteria`), the row of its zone (`table`).
"""

from zonage.zoning.criteria import qpv, rezone
from zonage.zoning.flags import bordered, meets
from zonage.zoning.lines import Circumstances, UnitLine
from zonage.zoning.method import REASON_TEXTS, Method, Reason
from zonage.zoning.result import Zoning

__all__ = [
    "REASON_TEXTS",
    "Circumstances",
    "Method",
    "Reason",
    "UnitLine",
    "Zoning",
    "bordered",
    "meets",
    "qpv",
    "rezone",
]
