"""Pictures in tars and zips, read where they lie.

::

    pattern ──▶ files ──▶ members ──▶ samples ──▶ entries
    shards      opening   headers,    pictures    listing, samples (what is read later, on another thread)
                          tars, zips  and texts
"""

from __future__ import annotations

from ilk.sources.archives.source import Archive, archive
from ilk.sources.archives.uris import is_member, open_member

__all__ = ["Archive", "archive", "is_member", "open_member"]
