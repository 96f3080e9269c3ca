"""What a download shows."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ilk.render.fetching import FetchBar

NAME = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"


def test_a_bar_says_how_much_is_here_on_one_line() -> None:
    """With the end of a long name, on 80 columns."""
    written = io.StringIO()
    with FetchBar(NAME, console=Console(file=written, width=80, force_terminal=True, no_color=True)) as bar:
        bar.update(302_500_000, 605_000_000)
        assert bar._progress is not None
        bar._progress.refresh()
    shown = written.getvalue()
    assert "302.5/605.0 MB" in shown
    assert "…" in shown
    assert NAME[-20:] in shown


def test_nothing_is_shown_where_nothing_is_fetched() -> None:
    """A model that is here already."""
    written = io.StringIO()
    with FetchBar(NAME, console=Console(file=written, width=80, force_terminal=True)):
        pass
    assert "Fetching" not in written.getvalue()


def test_what_is_no_terminal_hears_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Logs stay readable."""
    with FetchBar(NAME) as bar:
        bar.update(1, 2)
    assert capsys.readouterr() == ("", "")
