"""What moves when the rule moves: what-ifs, sweeps, inverse questions, uncertainty, sensitivity."""

from zonage.scenarios.change import Change, QuarterChange, change
from zonage.scenarios.what_if import parse_settings, reform

__all__ = ["Change", "QuarterChange", "change", "parse_settings", "reform"]
