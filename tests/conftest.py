"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real pictures that are not part of the project; tests that need them skip without them."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    data = Path(os.environ.get("ILK_TEST_DATA", beside))
    if not data.is_dir():
        pytest.skip(f"there are no shared pictures at {data} (ILK_TEST_DATA names another place)")
    return data
