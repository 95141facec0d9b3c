"""What the command line says, as text: one module for each topic of :mod:`zonage.commands`."""
