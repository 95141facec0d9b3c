"""The outputs of a comparison of two vintages."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from zonage.outputs.figures import save_figures
from zonage.outputs.folder import MANIFEST, usable_folder, whole
from zonage.outputs.writing import (
    digest,
    provenance,
    write_csv,
    write_json,
    write_layer,
    write_table,
)
from zonage.pipeline import Run
from zonage.vintages import VintageChange


def write_vintages(before: Run, after: Run, found: VintageChange, folder: str | Path) -> Path:
    """Write what changed between two vintages, all of it or nothing.

    ``quarters.csv`` and ``quarters.gpkg`` (what enters, leaves and stays, each side on the people
    of its own vintage), ``drifts.csv`` (how each quarter stands to its line),
    ``contributions.csv`` (where the change comes from), ``vintages.png`` and ``vintages.json``.

    Parameters
    ----------
    before, after : Run
        The runs of both vintages.
    found : VintageChange
        What changed.
    folder : str or Path
        Replaced as a whole, or not at all.
    """
    from zonage.figures import vintages_map

    target = usable_folder(folder)
    with whole(target) as draft:
        write_table(draft / "quarters.csv", found.quarters)
        write_layer(draft / "quarters.gpkg", "quarters", found.outlines)
        write_table(draft / "drifts.csv", found.table())
        contributions = [asdict(one) for one in found.decomposition.contributions]
        header = ("factor", "population", "tiles", "quarters")
        write_csv(
            draft / "contributions.csv",
            header,
            [[one[name] for name in header] for one in contributions],
        )
        save_figures({"vintages": vintages_map(before, after, found)}, draft)
        content = {
            "tiles": found.tiles,
            "totals": found.totals,
            "contributions": contributions,
            "statuses": found.change.statuses(),
            "columns_left_out": found.union.dropped,
        }
        write_json(draft / "vintages.json", content)
        write_json(
            draft / MANIFEST,
            {
                **provenance(),
                "command": "compare",
                "project": json.loads(before.project.model_dump_json()),
                "against": json.loads(after.project.model_dump_json()),
                "inputs": {str(path): digest(path) for path in (*before.inputs, *after.inputs)},
                "outputs": {path.name: digest(path) for path in sorted(draft.iterdir())},
            },
        )
    return target
