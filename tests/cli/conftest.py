"""What every test of the command line may count on."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Ilk, Said
from ilk.cli import main


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Ctrl-C is heard, here and in what is started, though the tests may run behind a shell's ``&``."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def ilk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ilk:
    """Run ``ilk`` with these words."""
    monkeypatch.delenv("ILK_GALLERY", raising=False)

    def run(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["ilk", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        code = end.value.code
        return Said(code if isinstance(code, int) else int(code is not None), printed.out, printed.err)

    return run
