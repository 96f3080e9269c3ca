"""Datasets of Hugging Face's library: from its Hub, from a folder, or as the object that one has.

::

    name, folder, object ──▶ one split ──▶ columns ──▶ listing ──▶ entries
    opening                               readers,    as of a table, but that rows which can be had again by their
                                          choosing    number are not read before they are wanted
"""

from __future__ import annotations

from ilk.sources.datasets.source import Dataset, dataset

__all__ = ["Dataset", "dataset"]
