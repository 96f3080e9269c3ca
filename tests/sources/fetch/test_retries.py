from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Never

import httpcore
import pytest

from ilk.sources.fetch import Fetcher, FetchLimits, hosts, transport
from sources.fetch.conftest import SHORT, refusal
from sources.web import Web, picture


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(web: Web, fetcher: Fetcher, status: int) -> None:
    """As often as the limits say, and no more often."""
    assert fetcher.fetch(web.url(f"flaky/{status}/2/1.jpg")) == picture(1)
    assert web.asked[f"/flaky/{status}/2/1.jpg"] == 3
    refusal(fetcher, web.url(f"flaky/{status}/3/1.jpg"))
    assert web.asked[f"/flaky/{status}/3/1.jpg"] == 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 410, 418, 451, 501, 505])
def test_what_will_not_pass_is_asked_once(web: Web, fetcher: Fetcher, status: int) -> None:
    """To ask again would only trouble the server."""
    refusal(fetcher, web.url(f"status/{status}/1.jpg"))
    assert web.asked[f"/status/{status}/1.jpg"] == 1


@pytest.mark.parametrize(
    ("path", "times"),
    [
        ("hang-up/1", 3),
        ("silent/1", 3),
        ("short/1", 3),
        ("gzip-cut/1", 3),
        ("garbage/1", 1),
        ("drip/1", 1),
        ("page/1", 1),
        ("empty/1", 1),
        ("endless/1", 1),
        ("bomb/1", 1),
        ("opted-out/1", 1),
        ("ring/1", 6),
    ],
)
def test_each_failure_costs_so_many_requests(web: Web, fetcher: Fetcher, path: str, times: int) -> None:
    """Three where the connection is at fault, one where the answer is."""
    refusal(fetcher, web.url(path))
    assert web.asked[f"/{path}"] == times


def test_a_redirect_is_followed_anew_at_each_try(web: Web, fetcher: Fetcher) -> None:
    """It may lead elsewhere the next time."""
    assert fetcher.fetch(web.url("redirect?to=/flaky/503/1/1.jpg")) == picture(1)
    assert (web.asked["/redirect"], web.asked["/flaky/503/1/1.jpg"]) == (2, 2)


def test_waits_between_tries_double(web: Web) -> None:
    """Each is shortened by up to a half, at random."""
    with Fetcher(FetchLimits(backoff_s=0.2), allow_private=True) as fetcher:
        began = time.monotonic()
        assert fetcher.fetch(web.url("flaky/500/2/1.jpg")) == picture(1)
        assert 0.1 + 0.2 <= time.monotonic() - began < 0.2 + 0.4 + 0.5


def test_a_server_gets_the_wait_that_it_asks_for(web: Web, fetcher: Fetcher) -> None:
    """Within reason."""
    began = time.monotonic()
    assert fetcher.fetch(web.url("flaky/429/1/1.jpg?retry-after=1")) == picture(1)
    assert 1 <= time.monotonic() - began < 2


def test_a_server_that_asks_for_too_long_a_wait_is_left_alone(web: Web, fetcher: Fetcher) -> None:
    """The URL has failed, now rather than in an hour, and the message says why."""
    found = refusal(fetcher, web.url("flaky/503/1/1.jpg?retry-after=3600"))
    assert (found.code, "3,600 s" in str(found)) == ("server-error", True)
    assert web.asked["/flaky/503/1/1.jpg"] == 1


def test_a_host_that_asks_to_wait_gets_it_from_all(web: Web, fetcher: Fetcher) -> None:
    """Its other URLs wait too, instead of being refused one by one."""
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(fetcher.fetch, web.url("flaky/429/1/0.jpg?retry-after=1"))
        while not web.asked["/flaky/429/1/0.jpg"]:
            time.sleep(0.005)
        time.sleep(0.1)
        began = time.monotonic()
        for future in [threads.submit(fetcher.fetch, web.url(f"picture/{n}.jpg")) for n in range(8)]:
            future.result()
        assert 0.5 < time.monotonic() - began < 1.5
        assert first.result() == picture(0)


def test_no_try_begins_that_could_not_end(web: Web) -> None:
    """The waits are part of the time that a URL has."""
    limits = FetchLimits(read_s=0.3, whole_s=0.5, backoff_s=1, tries=5)
    with Fetcher(limits, allow_private=True) as fetcher:
        began = time.monotonic()
        assert refusal(fetcher, web.url("silent/1.jpg")).code == "timeout"
        assert time.monotonic() - began < 0.6
    assert web.asked["/silent/1.jpg"] == 1


def test_a_host_that_nothing_can_reach_is_not_waited_for_by_all(
    web: Web, careful: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three connections in a row that failed so, its URLs fail at once, for a minute. Others do not."""
    dialled = []
    dial = transport.dial

    async def get_lost(address: str, port: int, timeout_s: float | None) -> Never:
        dialled.append(address)
        raise httpcore.ConnectTimeout("nobody")

    with web.named():
        monkeypatch.setattr(transport, "dial", get_lost)
        assert [refusal(careful, f"http://gone.test/{n}.jpg").code for n in range(5)] == ["timeout"] * 5
        assert len(dialled) == SHORT.tries
        monkeypatch.setattr(transport, "dial", dial)
    with web.named():
        assert careful.fetch(web.url("picture/1.jpg", host="here.test")) == picture(1)
        assert "a moment ago" in str(refusal(careful, web.url("picture/1.jpg", host="gone.test")))
        monkeypatch.setattr(hosts, "ABSENT_S", 0)
        assert careful.fetch(web.url("picture/1.jpg", host="gone.test")) == picture(1)


def test_one_answer_makes_a_host_present(web: Web, careful: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only connections that fail in a row count."""
    with web.named():
        dial, turns = transport.dial, iter([False, False, True] * 3)

        async def now_and_then(address: str, port: int, timeout_s: float | None) -> object:
            if next(turns):
                return await dial(address, port, timeout_s)
            raise httpcore.ConnectTimeout("nobody")

        monkeypatch.setattr(transport, "dial", now_and_then)
        for n in range(3):
            # A connection is not kept after an answer that ends with it.
            url = web.url(f"status/404/{n}?connection=close", host="rare.test")
            assert refusal(careful, url).code == "not-found"
