"""What the docs show is what the code does."""

import doctest
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_examples_of_the_method_run():
    found = doctest.testfile(
        str(ROOT / "docs" / "method.md"), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert found.attempted > 5
    assert found.failed == 0


def test_the_script_of_the_planner_runs(capsys):
    runpy.run_path(str(ROOT / "docs" / "planner.py"))
    said = capsys.readouterr().out
    assert "30 with 213780 inhabitants" in said
    assert "line of Lille 13100 EUR declared" in said
