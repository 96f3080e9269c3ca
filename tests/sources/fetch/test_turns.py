from __future__ import annotations

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ilk.errors import PictureError
from ilk.sources.fetch import Fetcher, FetchLimits
from sources.fetch.conftest import SHORT, refusal
from sources.web import Web, picture


def test_one_host_is_asked_by_so_many_at_once(web: Web) -> None:
    """All of its places are used, and none beyond."""
    limits = FetchLimits(concurrency=12, concurrency_per_host=3)
    with Fetcher(limits, allow_private=True) as fetcher, ThreadPoolExecutor(24) as threads:
        urls = [web.url(f"slow/{n}.jpg") for n in range(30)]
        assert list(threads.map(fetcher.fetch, urls)) == [picture(n) for n in range(30)]
    assert web.most == web.most_of_host["127.0.0.1"] == 3
    assert web.connections <= 3 + 1  # one may be closing when the next is opened


def test_all_hosts_together_are_asked_by_so_many_at_once(web: Web) -> None:
    """However many hosts there are."""
    limits = FetchLimits(concurrency=7, concurrency_per_host=2)
    with web.named(), Fetcher(limits) as fetcher, ThreadPoolExecutor(32) as threads:
        urls = [web.url(f"slow/{n}.jpg", host=f"h{n % 10}.test") for n in range(80)]
        assert list(threads.map(fetcher.fetch, urls)) == [picture(n) for n in range(80)]
    assert web.most == 7
    assert len(web.most_of_host) == 10
    assert max(web.most_of_host.values()) <= 2


def test_a_host_that_is_slow_does_not_keep_others_waiting(web: Web) -> None:
    """Those who wait for it take no place from the rest."""
    limits = FetchLimits(concurrency=4, concurrency_per_host=2, read_s=2, tries=1)
    with web.named(), Fetcher(limits) as fetcher, ThreadPoolExecutor(12) as threads:
        stuck = [threads.submit(fetcher.fetch, web.url(f"silent/{n}", host="slow.test")) for n in range(6)]
        time.sleep(0.2)
        began = time.monotonic()
        for n in range(20):
            fetcher.fetch(web.url(f"picture/{n}.jpg", host="fast.test"))
        assert time.monotonic() - began < 1
        assert not any(future.done() for future in stuck[2:])
        fetcher.close()


def test_a_redirect_waits_for_its_turn_at_the_new_host(web: Web) -> None:
    """The limit of a host counts also those that others send."""
    limits = FetchLimits(concurrency=16, concurrency_per_host=2)
    with web.named(), Fetcher(limits) as fetcher, ThreadPoolExecutor(16) as threads:
        target = web.url("slow/1.jpg", host="target.test")
        urls = [web.url(f"redirect?to={target}", host=f"h{n}.test") for n in range(16)]
        assert list(threads.map(fetcher.fetch, urls)) == [picture(1)] * 16
    assert web.most_of_host["target.test"] == 2


def test_waiting_for_a_turn_is_no_time_out(web: Web) -> None:
    """Only what is done for a URL counts."""
    web.slow_s = 0.2
    limits = FetchLimits(concurrency_per_host=1, whole_s=0.6)
    with Fetcher(limits, allow_private=True) as fetcher, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(fetcher.fetch, [web.url("slow/1.jpg")] * 8)) == [picture(1)] * 8


def test_waiting_for_other_hosts_is_no_time_out_either(web: Web) -> None:
    """The places that all hosts share are waited for in the same way."""
    web.slow_s = 0.2
    with web.named(), Fetcher(FetchLimits(concurrency=1, whole_s=0.6)) as fetcher, ThreadPoolExecutor(8) as threads:
        urls = [web.url("slow/1.jpg", host=f"h{n}.test") for n in range(8)]
        assert list(threads.map(fetcher.fetch, urls)) == [picture(1)] * 8


def test_connections_are_used_again(web: Web, fetcher: Fetcher) -> None:
    """Also after pages that nobody wants, if they are short."""
    for n in range(20):
        fetcher.fetch(web.url(f"picture/{n}.jpg"))
        refusal(fetcher, web.url(f"status/404/{n}.jpg"))
        refusal(fetcher, web.url(f"opted-out/{n}.jpg"))
        fetcher.fetch(web.url(f"hops/2/{n}.jpg"))
    assert web.connections == 1


@pytest.mark.parametrize("path", ["drip/1", "drip-headers/1"])
def test_a_drip_ends_with_the_time_that_a_url_has(web: Web, path: str) -> None:
    """Each drop comes within every time-out; all of them together do not."""
    with Fetcher(FetchLimits(read_s=5, whole_s=0.7), allow_private=True) as fetcher:
        began = time.monotonic()
        assert refusal(fetcher, web.url(path)).code == "timeout"
        assert 0.6 < time.monotonic() - began < 1.2


def test_closing_ends_what_is_being_fetched(web: Web) -> None:
    """At once, with a reason that is tried again the next time."""
    fetcher = Fetcher(allow_private=True)
    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(fetcher.fetch, web.url(f"silent/{n}")) for n in range(4)]
        while web.most < 4:
            time.sleep(0.005)
        began = time.monotonic()
        fetcher.close()
        for future in futures:
            found = future.exception()
            assert isinstance(found, PictureError)
            assert found.code == "unreadable"
        assert time.monotonic() - began < 1
    assert refusal(fetcher, web.url("picture/1.jpg")).code == "unreadable"
    fetcher.close()


def test_nothing_is_left_of_a_fetcher_that_nobody_closed(web: Web) -> None:
    """Its thread ends with it."""
    fetcher = Fetcher(SHORT, allow_private=True)
    fetcher.fetch(web.url("picture/1.jpg"))
    assert any(thread.name == "ilk-fetch" for thread in threading.enumerate())
    del fetcher
    gc.collect()
    assert not any(thread.name == "ilk-fetch" for thread in threading.enumerate())


def test_nothing_is_remembered_of_hosts_that_are_done_with(web: Web, careful: Fetcher) -> None:
    """A table has more hosts than memory has room for."""
    with web.named():
        for n in range(50):
            careful.fetch(web.url("picture/1.jpg", host=f"h{n}.test"))
    running = careful._thread
    assert running is not None
    assert not running.engine._hosts._hosts
    assert not running.engine._hosts._missed
