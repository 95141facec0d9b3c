"""Many territories, vintages, laws and scenarios: only what changed is computed again.

`file` reads what is asked, `plan` finds what is new, `work` computes it, `execution` does so on one
or more processes, `listing` and `changes` say what moved since the last batch, `report` words it.
"""

from zonage.batch.execution import Outcome, run_batch
from zonage.batch.file import Batch, read_batch

__all__ = ["Batch", "Outcome", "read_batch", "run_batch"]
