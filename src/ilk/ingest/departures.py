"""What a source no longer has, and so leaves the gallery; unless it seems that a drive is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ilk.errors import EmptySourceError
from ilk.ingest.tally import Tally
from ilk.sources.base import Entry, Listing, OnDisk
from ilk.stores.base import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Departures:
    """Removes items that a listing speaks for and does not name.

    Attributes
    ----------
    listing, writer
        What there is, and where it goes. All ids of the listing have been noted by the writer.
    tally
        Told of what went, and of what was kept.
    remove_missing
        Whether items go whose folder is there and empty.
    """

    listing: Listing
    writer: Writer
    tally: Tally
    remove_missing: bool

    def watched(self) -> Iterator[Entry]:
        """The entries of the listing. One that is empty is believed only if that is asked for.

        Raises
        ------
        ilk.errors.EmptySourceError
            If it is not; it says how many items were kept.
        """
        try:
            yield from self.listing
        except EmptySourceError as error:
            scope = self.listing.scope
            left = 0 if scope is None else len(self.writer.unnoted(source=self.listing.kind, scope=scope))
            if not left:
                raise
            if not self.remove_missing:
                raise EmptySourceError(
                    f"{error} The gallery has {left:,} of it from before and keeps them: is a drive missing? If they "
                    "are gone for good, --remove-missing takes them out."
                ) from error

    def sweep(self) -> None:
        """Remove what the listing does not name, if it speaks for that and was seen whole."""
        scope = self.listing.scope
        if scope is None or not self.listing.complete:
            return
        kinds = kinds_of(self.listing)
        if isinstance(self.listing, OnDisk):
            for kind in kinds - {self.listing.kind}:
                named = self.writer.unnoted(source=kind, scope=scope)
                self.writer.still_there([id_ for id_, uri in named if self.listing.holds(uri)])
            for prefix in () if self.remove_missing else self.listing.empty:
                self.tally.miss(prefix, sum(self.writer.spare(source=kind, scope=prefix) for kind in kinds))
        self.tally.counts["removed"] += sum(self.writer.sweep(source=kind, scope=scope) for kind in kinds)


def kinds_of(listing: Listing) -> frozenset[str]:
    """The kinds of items that the pictures of a listing may be."""
    return listing.kinds if isinstance(listing, OnDisk) else frozenset({listing.kind})
