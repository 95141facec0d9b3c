"""A browser for each module of tests: while one is open no other can be started."""

import pytest

from tests.explorer.browser import chromium


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started
