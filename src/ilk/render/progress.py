"""How far an ingest is, on a terminal's stderr."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ilk.records import AddReport

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 90
"""From this many columns on there is room for a longer title and bar."""


class Silent:
    """Progress nobody watches."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def update(self, *, done: int, total: int | None, report: AddReport) -> None:
        """Say nothing."""


class ProgressBar:
    """A bar with rate and time left. On anything but a terminal it says nothing, and rich is not imported.

    The rate counts pictures that went through the model: pictures passed over as unchanged would make it lie.
    The line never fills the terminal: the ``^C`` that a terminal echoes would wrap it, and what has wrapped cannot
    be erased.

    Parameters
    ----------
    title
        What is being read; its beginning is shown.
    console
        Where to; stderr if it is a terminal, otherwise nowhere.
    """

    def __init__(self, title: str, *, console: Console | None = None) -> None:
        self._progress = None
        if console is None and not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        from ilk.render.terminal import visible

        console = console or Console(stderr=True)
        longest, bar = (20, 24) if console.width >= WIDE else (12, 10)
        self._progress = Progress(
            TextColumn(
                "{task.description}",
                markup=False,
                table_column=Column(max_width=longest, no_wrap=True, overflow="ellipsis"),
            ),
            BarColumn(bar_width=bar, table_column=Column(min_width=bar)),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[rate]}", style="progress.data.speed"),
            TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[failed]}", style="red"),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task(visible(title), total=None, rate="", failed="")

    def __enter__(self) -> Self:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def update(self, *, done: int, total: int | None, report: AddReport) -> None:
        """Show it."""
        if not self._progress:
            return
        rate = report.encoded / report.took_s if report.took_s else 0.0
        self._progress.update(
            self._task,
            completed=done,
            total=total,
            rate=_rate(rate) if rate else "",
            failed=f"{report.failed:,} failed" if report.failed else "",
        )


def _rate(each_second: float) -> str:
    """With a digit after the point while that still says something.

    >>> _rate(0.3), _rate(42.7)
    ('0.3/s', '43/s')
    """
    return f"{each_second:.1f}/s" if each_second < 10 else f"{each_second:,.0f}/s"  # noqa: PLR2004 -- one digit
