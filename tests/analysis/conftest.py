"""What tests of analyses may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ilk.analysis import rows as rows_module
from planted import Planted


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Planted]:
    made = Planted(tmp_path)
    yield made
    made.gallery.close()


@pytest.fixture(params=[7, 4096])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How much is read at once changes nothing."""
    monkeypatch.setattr(rows_module, "BLOCK", request.param)
    monkeypatch.setattr("ilk.analysis.retrieval.TEXTS", request.param)
    return int(request.param)
