"""What the docs show is what the code does."""

import doctest
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_examples_of_the_method_run():
    found = doctest.testfile(
        str(ROOT / "docs" / "method.md"), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert found.attempted > 5
    assert found.failed == 0
