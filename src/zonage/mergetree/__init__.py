"""Every threshold at once: the merge tree of a territory.

As the line rises tiles only join and zones only merge. One pass over the tiles sorted by their
criterion, urban unit by urban unit, therefore holds the zones of *every* line: each tile has one
number, its *entry*, the lowest line at which it lies in a zone of enough people. The zoning at line
s is ``entry < s``, and whatever adds up over tiles is, at any line, one search in a running sum.

The tree holds rules that only gain as the line rises: an income test tile by tile (with the border
rule or without), joining, a minimum population. Rules that complete, bridge or cut zones, and tests
on the median of a whole zone, are not in it.

Where things are: how a tree is made (`build`), what it answers (`result`), the life of its quarters
and what moves between two lines (`quarters`), questions put the other way round (`inverse`), the
arrays that a file holds (`arrays`).
"""

from zonage.mergetree.arrays import FORMAT
from zonage.mergetree.build import merge_tree, tree, tree_of_rule
from zonage.mergetree.inverse import LineForShare, MinimumForCount
from zonage.mergetree.quarters import Changes, Quarters
from zonage.mergetree.result import MergeTree

__all__ = [
    "FORMAT",
    "Changes",
    "LineForShare",
    "MergeTree",
    "MinimumForCount",
    "Quarters",
    "merge_tree",
    "tree",
    "tree_of_rule",
]
