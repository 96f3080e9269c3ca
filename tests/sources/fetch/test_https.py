from __future__ import annotations

import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

from ilk.sources.fetch import Fetcher, FetchLimits
from sources.fetch.conftest import SHORT, refusal
from sources.fetch.second_web import SecondWeb
from sources.web import Web, picture


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have certificates of the authority believed, as the environment can say."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """What a server of these names needs."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(made)
    return made


@pytest.mark.usefixtures("trusted")
def test_certificates_are_held_against_the_name(authority: trustme.CA) -> None:
    """The connection goes to an address; the handshake and the certificate still speak of the name."""
    with Web(tls=context(authority, "good.test")) as web, web.named(), Fetcher(SHORT) as fetcher:
        assert fetcher.fetch(web.url("picture/1.jpg", host="good.test")) == picture(1)
        found = refusal(fetcher, web.url("picture/2.jpg", host="bad.test"))
        assert found.code == "no-connection"
        assert "prove who it is" in str(found)
        assert not web.asked["/picture/2.jpg"]
        assert web.connections == 1  # a handshake that fails is none, and is not tried again


def test_a_certificate_that_nobody_vouches_for_is_refused(authority: trustme.CA) -> None:
    """And nothing is asked for over such a connection."""
    with Web(tls=context(authority, "127.0.0.1")) as web, Fetcher(SHORT, allow_private=True) as fetcher:
        found = refusal(fetcher, web.url("picture/1.jpg"))
        assert (found.code, "prove who it is" in str(found)) == ("no-connection", True)
        assert not web.asked


def test_a_server_without_tls_is_no_connection(web: Web) -> None:
    """Its bytes are no handshake."""
    with Fetcher(SHORT, allow_private=True) as fetcher:
        found = refusal(fetcher, web.url("hang-up/1.jpg").replace("http:", "https:"))
        assert found.code in {"no-connection", "timeout"}


@pytest.mark.usefixtures("trusted")
def test_http_2_is_spoken_where_it_is_offered(authority: trustme.CA) -> None:
    """Many URLs at once then share one connection."""
    server = SecondWeb(context(authority, "127.0.0.1"))
    with (
        server.running() as port,
        Fetcher(FetchLimits(), allow_private=True) as fetcher,
        ThreadPoolExecutor(8) as threads,
    ):
        url = f"https://127.0.0.1:{port}/picture.jpg"
        fetcher.fetch(url)
        assert list(threads.map(fetcher.fetch, [url] * 64)) == [picture(1)] * 64
    assert server.connections == 1
    assert server.together > 1


@pytest.mark.usefixtures("trusted")
def test_a_stream_that_stands_still_has_no_more_time_than_others(authority: trustme.CA) -> None:
    """Though its connection is busy all the while."""
    server = SecondWeb(context(authority, "127.0.0.1"))
    with (
        server.running() as port,
        Fetcher(FetchLimits(whole_s=1, tries=1), allow_private=True) as fetcher,
        ThreadPoolExecutor(4) as threads,
    ):
        stuck = threads.submit(refusal, fetcher, f"https://127.0.0.1:{port}/stuck")
        began, fetched = time.monotonic(), 0
        while not stuck.done():
            assert time.monotonic() < began + 2
            fetched += fetcher.fetch(f"https://127.0.0.1:{port}/picture.jpg") == picture(1)
        assert stuck.result().code == "timeout"
        assert fetched > 3


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("path", "code"), [("endless", "too-many-bytes"), ("opted-out", "opted-out")])
def test_bodies_that_nobody_reads_do_not_stop_a_host(authority: trustme.CA, path: str, code: str) -> None:
    """What comes of them would fill what one connection may hold, and the next URLs would wait in vain.

    That their connection is cut is no fault of others that share it, and costs them no try.
    """
    server = SecondWeb(context(authority, "127.0.0.1"))
    limits = FetchLimits(size_bytes=2**20, read_s=5, tries=1)
    with server.running() as port, Fetcher(limits, allow_private=True) as fetcher:
        began = time.monotonic()
        for _ in range(4):
            assert refusal(fetcher, f"https://127.0.0.1:{port}/{path}").code == code
            assert fetcher.fetch(f"https://127.0.0.1:{port}/picture.jpg") == picture(1)
        assert time.monotonic() - began < 4
