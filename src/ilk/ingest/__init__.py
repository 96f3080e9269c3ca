"""From a source into a store, all at once and in bounded memory."""

from __future__ import annotations

from ilk.ingest.run import Ingest
from ilk.ingest.tally import Progress

__all__ = ["Ingest", "Progress"]
