"""The commands: what each takes, does and returns as text; :mod:`zonage.cli` prints it."""

from zonage.commands import (
    batch,
    complement,
    explore,
    fetch,
    figures,
    main_job,
    simulation,
)

TOPICS = (main_job, simulation, complement, explore, figures, fetch, batch)
"""Modules of commands, in the order of the help page."""
