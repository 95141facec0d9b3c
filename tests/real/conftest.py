"""Tests on real public statistics, which are not part of the repository."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the real data beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("the real data folder (shared/data beside the repository) is absent")
    return SHARED
