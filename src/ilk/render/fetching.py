"""How far a download is, on a terminal's stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console

LONGEST = 32
"""Characters of a name that leave room for the rest on 80 columns."""


class FetchBar:
    """A bar with bytes, rate and time left, from the first bytes on. On anything but a terminal it says nothing.

    Parameters
    ----------
    name
        Of what is fetched; its end is shown, which tells models of one organisation apart.
    console
        Where to; stderr if it is a terminal, otherwise nowhere.
    """

    def __init__(self, name: str, *, console: Console | None = None) -> None:
        self._progress = None
        if console is None and not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=12),
            DownloadColumn(),
            TimeRemainingColumn(compact=True),
            console=console or Console(stderr=True),
            transient=True,
        )
        title = name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"
        self._task = self._progress.add_task(f"Fetching {title}", total=None, visible=False)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def update(self, done: int, total: int) -> None:
        """Show that so many bytes of so many are here."""
        if self._progress is not None:
            self._progress.update(self._task, completed=done, total=total, visible=True)
