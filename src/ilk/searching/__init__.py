"""From queries to hits.

::

    retrieve ──▶ fuse ──▶ relevance ──▶ group ──▶ diversify ──▶ page

Every step is a module, and works on one query's candidates in the order of their ranks.
"""

from __future__ import annotations

from ilk.searching.options import SearchOptions

__all__ = ["SearchOptions"]
