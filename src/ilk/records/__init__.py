"""What goes into a gallery and what comes out of it: plain, frozen, typed."""

from __future__ import annotations

from ilk.records.hits import Hit, Hits, SearchedIn, SearchPlan
from ilk.records.items import Comparing, Failure, Item, Metadata, MetadataValue, Metric, Neighbour, Space, SpaceName
from ilk.records.reports import AddReport, GalleryInfo, IndexState

__all__ = [
    "AddReport",
    "Comparing",
    "Failure",
    "GalleryInfo",
    "Hit",
    "Hits",
    "IndexState",
    "Item",
    "Metadata",
    "MetadataValue",
    "Metric",
    "Neighbour",
    "SearchPlan",
    "SearchedIn",
    "Space",
    "SpaceName",
]
