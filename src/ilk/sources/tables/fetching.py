"""What fetches the URLs of a table, for as long as it is listed."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from ilk import pictures
from ilk.errors import PictureError

if TYPE_CHECKING:
    from ilk.sources.fetch import Fetcher, FetchLimits


class Fetching:
    """One fetcher for a whole listing, made for the first URL and closed with the last entry.

    Attributes
    ----------
    permitted
        Codes of failures that only happen where less is permitted.
    """

    def __init__(self, limits: FetchLimits | None, *, allow_private: bool, heed_opt_out: bool = True) -> None:
        self._limits = limits
        self._allow_private = allow_private
        self._heed_opt_out = heed_opt_out
        self._lock = threading.Lock()
        self._fetcher: Fetcher | None = None
        self._stopped = False
        self.permitted = frozenset(
            code for code, given in (("forbidden-address", allow_private), ("opted-out", not heed_opt_out)) if given
        )

    def begin(self) -> None:
        """Fetch again, after a stop."""
        with self._lock:
            self._stopped = False

    def stop(self) -> None:
        """End what is being fetched; until `begin` nothing is."""
        with self._lock:
            self._stopped = True
            fetcher, self._fetcher = self._fetcher, None
        if fetcher is not None:
            fetcher.close()

    def fetch(self, url: str) -> bytes:
        """The bytes at a URL.

        Raises
        ------
        ilk.errors.PictureError
            If they cannot be had.
        """
        with self._lock:
            if self._stopped:
                raise PictureError("Reading was stopped before the picture's turn came.", code=pictures.UNREADABLE)
            if self._fetcher is None:
                from ilk.sources.fetch import Fetcher, FetchLimits

                self._fetcher = Fetcher(
                    self._limits or FetchLimits(), allow_private=self._allow_private, heed_opt_out=self._heed_opt_out
                )
                weakref.finalize(self, self._fetcher.close)
            fetcher = self._fetcher
        return fetcher.fetch(url)
