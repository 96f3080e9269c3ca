"""The gallery on this machine: one SQLite file that holds the truth, and index files derived from it.

::

    .ilk/
    ├── gallery.sqlite        items, captions, metadata, exact vectors
    ├── vectors-1-4.faiss     space 1, fourth build: a cache, may be deleted at any time
    ├── writer.lock           locked by the process that writes
    └── writer.json           who that is
"""

from ilk.stores.local.index import IndexPolicy
from ilk.stores.local.store import LocalStore

__all__ = ["IndexPolicy", "LocalStore"]
