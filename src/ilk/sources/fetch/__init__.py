"""Pictures from URLs: many at once, with a limit on everything, and an outcome for each.

::

    fetcher    what sources use: `Fetcher.fetch`, from any thread
    limits     how much and how long
    engine     one URL's way: tries, redirects, the answer; all on one event loop, in a thread of its own
    hosts      who may ask now: so many at once in all and per host
    room       memory for what comes in at one time
    transport  connections, to addresses that were looked at
    addresses  which addresses are anybody's
    answers    what a status, a header and a body say
    outcomes   every way to fail, as a `PictureError`
    locators   URLs as people write them, and as messages show them

httpx is loaded when the first URL is fetched.
"""

from __future__ import annotations

from ilk.sources.fetch.fetcher import Fetcher
from ilk.sources.fetch.limits import FetchLimits

__all__ = ["FetchLimits", "Fetcher"]
