"""How many rows to give a model at once, found out from the work itself.

Half the batches that people choose by hand are too small for the device, the other half do not fit it. Here the
first batches of real work are the experiment: sizes are doubled as long as that brings more rows a second, and halved
for good when the memory does not suffice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

WORTH = 1.05
"""A size twice as large must be this much faster, or the smaller one, which answers sooner, is kept."""


@dataclass(slots=True)
class BatchSize:
    """The number of rows that goes through a tower at once. Thread-safe.

    Attributes
    ----------
    smallest, largest
        Where to begin, and where to stop.
    chosen
        What to use now.
    settled
        Whether it changes no more, but for want of memory.
    """

    smallest: int
    largest: int
    chosen: int = field(init=False)
    settled: bool = field(default=False, init=False)
    _best_rate: float = field(default=0.0, init=False)
    _warm: bool = field(default=False, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self.chosen = min(self.smallest, self.largest)
        self.settled = self.chosen == self.largest

    def took(self, rows: int, seconds: float) -> None:
        """Learn from a batch. Only full ones say something, and the first one pays for warming up."""
        with self._lock:
            if self.settled or rows != self.chosen or seconds <= 0:
                return
            if not self._warm:
                self._warm = True
                return
            rate = rows / seconds
            if rate > self._best_rate * WORTH:
                self._best_rate = rate
                if self.chosen * 2 <= self.largest:
                    self.chosen *= 2
                    self._warm = False
                else:
                    self.settled = True
            else:
                self.chosen //= 2
                self.settled = True

    def did_not_fit(self, rows: int) -> int:
        """Halve after a batch of so many rows found no memory; the size to try next, 0 if a single one did not fit."""
        with self._lock:
            self.largest = self.chosen = min(self.chosen, max(1, rows // 2))
            self.settled = True
            return 0 if rows <= 1 else self.chosen
