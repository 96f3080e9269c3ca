"""How far an ingest is, and what has come of it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from ilk.records import AddReport, Failure

MAX_FAILURES = 1_000
"""Failures spelt out in a report; beyond that they are only counted. The store keeps them all."""


MAX_FOLDERS = 100
"""Empty folders named in a report."""


class Progress(Protocol):
    """Told how far an ingest is. Called on the thread that runs it, some times a second."""

    def update(self, *, done: int, total: int | None, report: AddReport) -> None:
        """`done` of `total` entries are dealt with; `total` is None while unknown."""
        ...


@dataclass(slots=True, kw_only=True)
class Tally:
    """An `AddReport` in the making."""

    started: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    interrupted: bool = False
    computed_by: str = ""
    missing_folders: list[str] = field(default_factory=list)

    def fail(self, failure: Failure) -> None:
        """Count a failure."""
        self.counts["failed"] += 1
        self.reasons[failure.code] += 1
        if len(self.failures) < MAX_FAILURES:
            self.failures.append(failure)

    def miss(self, prefix: str, count: int) -> None:
        """Count items that were kept although their folder is empty."""
        if count:
            self.counts["missing"] += count
            self.missing_folders.append(prefix or "./")

    def report(self) -> AddReport:
        """What has been counted so far."""
        return AddReport(
            **self.counts,
            interrupted=self.interrupted,
            computed_by=self.computed_by,
            took_s=time.monotonic() - self.started,
            failed_by_reason=dict(self.reasons),
            failures=tuple(self.failures),
            missing_folders=tuple(self.missing_folders[:MAX_FOLDERS]),
        )
