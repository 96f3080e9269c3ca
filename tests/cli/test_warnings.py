"""What ilk warns of is one plain sentence a line on standard error."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from PIL import Image

import ilk
from ilk.cli.output import plain_warnings


def test_a_query_that_is_cut_says_so_in_one_line(tmp_path: Path) -> None:
    """The answer is there, and beside it one sentence without colour, file or line of code."""
    Image.new("RGB", (60, 40), (200, 30, 30)).save(tmp_path / "red.png")
    command = [sys.executable, "-m", "ilk"]
    subprocess.run([*command, "index", str(tmp_path), "--quiet"], check=True, capture_output=True)
    query = "a long walk along the beach and " * 40
    done = subprocess.run(
        [*command, "search", query, "--paths"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("red.png")
    (line,) = done.stderr.splitlines()
    assert line.startswith("ilk: The text 'a long walk along the beach")
    assert line.endswith("on it was left out.")


def test_many_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """The first are said, each once, the others only counted."""
    with plain_warnings():
        for number in (1, 1, 2, 3, 4, 5):
            warnings.warn(f"Text {number} was cut.", ilk.TextCutWarning, stacklevel=1)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == ["ilk: Text 1 was cut.", "ilk: Text 2 was cut.", "ilk: Text 3 was cut."]
    assert lines[3:] == ["ilk: 2 more texts were longer than the model reads, and were cut."]


def test_other_warnings_stay_as_they_are() -> None:
    """What others warn of is shown, or raised, as the program was told to."""
    with plain_warnings(), pytest.raises(UserWarning, match="unlike"):
        warnings.warn("quite unlike", UserWarning, stacklevel=1)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with plain_warnings():
            warnings.warn("shown as ever", UserWarning, stacklevel=1)
    assert [str(each.message) for each in seen] == ["shown as ever"]
