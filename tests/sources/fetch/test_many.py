"""Everything at once, as tables have it."""

from __future__ import annotations

import gc
import random
import time
import tracemalloc
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from ilk import pictures
from ilk.errors import PictureError
from ilk.sources.fetch import Fetcher, FetchLimits
from sources.planting import PLANTED, plant
from sources.web import Web

LIMITS = FetchLimits(read_s=1, whole_s=4, size_bytes=2**20, backoff_s=0.02)
READERS = 32


def outcome(fetcher: Fetcher, url: str) -> str:
    """A code, or that there is a picture."""
    try:
        pictures.load(fetcher.fetch(url), size=64)
    except PictureError as error:
        return error.code
    return "picture"


@pytest.mark.parametrize("seed", [1, 2])
def test_each_url_has_the_outcome_that_was_planted(web: Web, seed: int) -> None:
    """Hundreds, of a dozen hosts, in any order, by as many threads as an index has."""
    rows = plant(web, 400, random.Random(seed))  # noqa: S311 -- an order, not a secret
    began = time.monotonic()
    with web.named(), Fetcher(LIMITS) as fetcher, ThreadPoolExecutor(READERS) as threads:
        found = list(threads.map(lambda row: outcome(fetcher, row.url), rows))
    assert found == [row.code for row in rows]
    assert Counter(found).keys() == set(PLANTED.values())
    # No row takes longer than its time, and they are fetched together.
    assert time.monotonic() - began < 30


def test_memory_does_not_grow_with_the_number_of_urls(web: Web) -> None:
    """What one URL took is given back before the next ones are done."""
    quick = {path: code for path, code in PLANTED.items() if not path.startswith(("drip", "silent"))}

    def fetch(count: int) -> tuple[int, int]:
        rows = plant(web, count, random.Random(count), kinds=quick)  # noqa: S311 -- as above
        tracemalloc.reset_peak()
        with ThreadPoolExecutor(READERS) as threads:
            for _ in threads.map(lambda row: outcome(fetcher, row.url), rows):
                pass
        web.forget()
        del rows
        gc.collect()  # of small rings, which httpcore makes with every answer
        return tracemalloc.get_traced_memory()

    with web.named(), Fetcher(LIMITS) as fetcher:
        fetch(100)
        tracemalloc.start()
        try:
            few, few_peak = fetch(100)
            many, many_peak = fetch(800)
        finally:
            tracemalloc.stop()
    assert many - few < 2**20
    assert many_peak - few_peak < 16 * 2**20


@pytest.mark.parametrize("path", ["endless", "bomb", "large-cut"])
def test_what_fails_gives_back_its_bytes_at_once(web: Web, path: str) -> None:
    """Not when Python next looks for rings, which in a large process is seldom: sixty-four megabytes a time."""
    limits = FetchLimits(size_bytes=2**20, tries=1)
    with Fetcher(limits, allow_private=True) as fetcher:
        outcome(fetcher, web.url(f"{path}/0"))
        gc.collect()
        gc.disable()
        tracemalloc.start()
        try:
            for n in range(20):
                assert outcome(fetcher, web.url(f"{path}/{n}")) in {"too-many-bytes", "truncated"}
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            gc.enable()
    assert kept < 8 * 2**20
