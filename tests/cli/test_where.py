from __future__ import annotations

import sys
from pathlib import Path

import pytest

from galleries import paint
from ilk.cli import main


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (
            "year >= and place = 'x'",
            "true or 2021-05-01, found 'and'.\n  year >= and place = 'x'\n          ^\n",
        ),
        (
            '{"year": {"$gtr": 3}}',
            "ilk: '$gtr' is no operator of the field 'year': did you mean $gt?\n",
        ),
        ("x == '\x1b[31m", "the text that begins here has no end.\n  x == ' [31m\n       ^\n"),
    ],
)
def test_a_filter_that_cannot_be_read_is_shown_with_its_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: str, expected: str
) -> None:
    """A sentence, the piece, and a caret below; nothing that the terminal would obey; exit code 2."""
    paint(tmp_path / "red.png", (200, 0, 0))
    for words in (["index", str(tmp_path)], ["search", "red", "--gallery", str(tmp_path / ".ilk"), "--where", where]):
        monkeypatch.setattr(sys, "argv", ["ilk", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
    assert end.value.code == 2
    assert said.out == ""
    assert said.err.endswith(expected)


def test_a_field_that_nothing_has_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is found for it: most often it was meant to be another."""
    paint(tmp_path / "red.png", (200, 0, 0))
    for words in (
        ["index", str(tmp_path)],
        ["search", "red", "--gallery", str(tmp_path / ".ilk"), "--where", "widht > 3"],
    ):
        monkeypatch.setattr(sys, "argv", ["ilk", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
    assert (end.value.code, said.out) == (1, "")
    assert said.err == 'No picture has a field "widht": did you mean "width"?\n'
