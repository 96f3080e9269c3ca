"""What every engine is asked to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Setting = Mapping[str, int]

BATCH = 5_000
"""Rows given to an engine at once: Chroma takes no more than 5,461."""


class Engine(Protocol):
    """An index over unit rows, each with a whole number beside it, its ``roll``, to filter by.

    Attributes
    ----------
    package
        Its name in the package registry.
    settings
        Search settings, from the quickest to the most thorough. The first that reaches the recall is the one timed.
    """

    package: ClassVar[str]
    settings: ClassVar[Sequence[Setting]]

    def build(self, place: Path, vectors: Rows, rolls: Numbers) -> None:
        """Make the index in an empty folder."""
        ...

    def open(self, place: Path) -> None:
        """Open what was built, as a process that only searches would."""
        ...

    def search(self, query: Rows, k: int, setting: Setting) -> Sequence[int]:
        """The rows nearest to a query of shape (d,) by cosine, nearest first."""
        ...

    def search_below(self, query: Rows, k: int, limit: int, setting: Setting) -> Sequence[int] | None:
        """The same among rows with a roll below the limit; None if the engine cannot filter."""
        ...
