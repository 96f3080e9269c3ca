"""How far an ingest is, on a terminal's stderr."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from ilk.records import AddReport


class Silent:
    """Progress nobody watches."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def update(self, *, done: int, total: int | None, report: AddReport) -> None:
        """Say nothing."""


class ProgressBar:
    """A bar with rate and time left. On anything but a terminal it says nothing.

    The rate counts pictures that went through the model: pictures passed over as unchanged would make it lie.
    """

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", style="progress.data.speed"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[failed]}", style="red"),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
            transient=True,
        )
        self._task = self._progress.add_task(title, total=None, rate="", failed="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self, *, done: int, total: int | None, report: AddReport) -> None:
        """Show it."""
        rate = report.encoded / report.took_s if report.took_s else 0.0
        self._progress.update(
            self._task,
            completed=done,
            total=total,
            rate=f"{rate:.0f} pictures/s" if rate else "",
            failed=f"{report.failed:,} failed" if report.failed else "",
        )
