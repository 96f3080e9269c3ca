from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from ilk import pictures
from ilk.errors import PictureError
from ilk.sources.fetch import Fetcher, FetchLimits
from sources.fetch.conftest import SHORT, refusal
from sources.web import Web, picture


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("status/404/a.jpg", "not-found", "404 Not Found"),
        ("status/410/a.jpg", "not-found", "410 Gone"),
        ("status/401/a.jpg", "refused", "401"),
        ("status/403/a.jpg", "refused", "403 Forbidden"),
        ("status/451/a.jpg", "refused", "451"),
        ("status/400/a.jpg", "refused", "400"),
        ("status/500/a.jpg", "server-error", "500"),
        ("status/501/a.jpg", "server-error", "501"),
        ("status/999/a.jpg", "server-error", "999"),
        ("status/304/a.jpg", "server-error", "304"),
        ("status/302/a.jpg", "server-error", "302"),
        ("status/204/a.jpg", "empty", "204"),
        ("empty/a.jpg", "empty", "is empty"),
        ("drip/a.jpg", "timeout", "longer than 2 s"),
        ("drip-headers/a.jpg", "timeout", "longer than 2 s"),
        ("silent/a.jpg", "timeout", "silent for 0.4 s"),
        ("hang-up/a.jpg", "no-connection", "the connection failed"),
        ("garbage/a.jpg", "server-error", "cannot be understood"),
        ("endless/a.jpg", "too-many-bytes", "1 MiB"),
        ("large/a.jpg", "too-many-bytes", "1 MiB"),
        ("bomb/a.jpg", "too-many-bytes", "1 MiB"),
        ("gzip-not/a.jpg", "damaged", "not compressed as it says"),
        ("gzip-cut/a.jpg", "truncated", "broke off"),
        ("brotli/a.jpg", "unsupported", "br"),
        ("short/a.jpg", "truncated", "broke off after"),
        ("page/a.jpg", "not-a-picture", "a web page"),
        ("text/a.png?body={%22a%22:1}", "not-a-picture", "JSON"),
        ("ring/a.jpg", "too-many-redirects", "more than 5 times"),
        ("redirect?to=file:///etc/passwd", "forbidden-address", "file:///etc/passwd"),
        ("redirect?to=http://[", "bad-url", "what is no URL"),
        ("redirect?to=http://a%20b/", "bad-url", "what is no URL"),
        ("opted-out/a.jpg", "opted-out", "noai"),
    ],
)
def test_what_goes_wrong_has_a_code_and_a_sentence(web: Web, fetcher: Fetcher, path: str, code: str, said: str) -> None:
    """The sentence names the URL; what may pass is said to be worth another try."""
    began = time.monotonic()
    found = refusal(fetcher, web.url(path))
    assert (found.code, said in str(found)) == (code, True), str(found)
    assert web.url(path).split("?")[0] in str(found)
    assert ("--retry-failed" in str(found)) == ("Tried 3 times" in str(found))
    assert found.__context__ is None  # its frames would keep the bytes
    assert time.monotonic() - began < SHORT.whole_s + 0.7


@pytest.mark.parametrize("path", ["picture/7.jpg", "gzip/7.jpg", "slow/7.jpg", "hops/5/7.jpg", "flaky/500/2/7.jpg"])
def test_what_goes_right_gives_the_bytes(web: Web, fetcher: Fetcher, path: str) -> None:
    """Straight, compressed although nobody asked, late, by detours, and at the last try."""
    assert fetcher.fetch(web.url(path)) == picture(7)


def test_a_file_that_is_cut_short_is_left_to_decoding(web: Web, fetcher: Fetcher) -> None:
    """All bytes came; that they are not the whole picture, decoding sees."""
    data = fetcher.fetch(web.url("cut/7.jpg"))
    with pytest.raises(PictureError) as caught:
        pictures.load(data)
    assert caught.value.code == "truncated"


def test_a_body_may_be_as_large_as_the_limit(web: Web) -> None:
    """And not a byte more."""
    size = len(picture(1))
    with Fetcher(FetchLimits(size_bytes=size), allow_private=True) as fetcher:
        assert len(fetcher.fetch(web.url("picture/1.jpg"))) == size
        assert len(fetcher.fetch(web.url("gzip/1.jpg"))) == size
    with Fetcher(FetchLimits(size_bytes=size - 1), allow_private=True) as fetcher:
        assert refusal(fetcher, web.url("picture/1.jpg")).code == "too-many-bytes"
        assert refusal(fetcher, web.url("gzip/1.jpg")).code == "too-many-bytes"


def test_a_body_that_says_it_is_too_large_is_not_waited_for(web: Web, fetcher: Fetcher) -> None:
    """It would take for ever to come."""
    began = time.monotonic()
    assert refusal(fetcher, web.url("large/a.jpg")).code == "too-many-bytes"
    assert time.monotonic() - began < SHORT.whole_s / 2


def test_a_picture_that_opted_out_is_had_if_that_is_not_heeded(web: Web) -> None:
    """Whose pictures they are knows best."""
    with Fetcher(SHORT, allow_private=True, heed_opt_out=False) as fetcher:
        assert fetcher.fetch(web.url("opted-out/1.jpg")) == picture(1)


def test_the_wish_on_a_page_that_is_not_there_means_nothing(web: Web, fetcher: Fetcher) -> None:
    """What counts is that there is no picture."""
    assert refusal(fetcher, web.url("status/404/a.jpg?x-robots-tag=noai")).code == "not-found"


def test_the_wish_on_a_redirect_is_heeded(web: Web, fetcher: Fetcher) -> None:
    """It is on the way to the picture, and said by whoever published its URL."""
    path = "status/302/a.jpg?x-robots-tag=noai&location=/picture/1.jpg"
    assert refusal(fetcher, web.url(path)).code == "opted-out"
    assert not web.asked["/picture/1.jpg"]


@pytest.fixture
def closed_port() -> Iterator[int]:
    """One at which nobody listens, and nobody will meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_nobody_at_home_is_no_connection(fetcher: Fetcher, closed_port: int) -> None:
    """The port is closed."""
    found = refusal(fetcher, f"http://127.0.0.1:{closed_port}/a.jpg")
    assert found.code == "no-connection"
    assert "refused" in str(found)


def test_a_name_that_nobody_knows_is_no_connection(fetcher: Fetcher) -> None:
    """And is asked for once: it will not be known in a second either."""
    found = refusal(fetcher, "http://no-such-host.invalid/a.jpg")
    assert (found.code, "nobody knows" in str(found)) == ("no-connection", True)


def test_requests_say_who_asks_and_what_for(web: Web, fetcher: Fetcher) -> None:
    """The program and its version; pictures, uncompressed; and nothing of this machine."""
    import ilk

    fetcher.fetch(web.url("cookie/1.jpg"))
    fetcher.fetch(web.url("picture/1.jpg"))
    assert web.headers["/picture/1.jpg"] == {
        "host": f"127.0.0.1:{web.port}",
        "connection": "keep-alive",
        "user-agent": f"ilk/{ilk.__version__} (image search)",
        "accept": "image/*",
        "accept-encoding": "identity",
    }


def test_credentials_in_a_url_go_to_its_host_only(web: Web, careful: Fetcher) -> None:
    """A redirect elsewhere does not take them along, and no message shows them."""
    with web.named():
        there = web.url("picture/1.jpg", host="b.test")
        careful.fetch(web.url(f"redirect?to={there}", host="ann:s3cret@a.test"))
        missing = refusal(careful, web.url("status/404", host="ann:s3cret@a.test"))
    assert web.headers["/redirect"]["authorization"] == "Basic YW5uOnMzY3JldA=="
    assert "authorization" not in web.headers["/picture/1.jpg"]
    assert "s3cret" not in str(missing)
    assert "ann" not in str(missing)


@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}/picture/1.jpg", "http://169.254.169.254/latest"])
def test_a_redirect_inside_is_forbidden(web: Web, careful: Fetcher, target: str) -> None:
    """A public server leads here, and is not followed."""
    with web.named():
        found = refusal(careful, web.url(f"redirect?to={target.format(port=web.port)}", host="a.test"))
    assert found.code == "forbidden-address"
    assert "redirects" in str(found)
    assert not web.asked["/picture/1.jpg"]


@pytest.mark.parametrize("allow_private", [False, True])
def test_a_proxy_is_used_only_where_addresses_are_not_checked(
    web: Web, monkeypatch: pytest.MonkeyPatch, *, allow_private: bool
) -> None:
    """The proxy connects, so nobody here could see whereto. Who needs one is told."""
    monkeypatch.setenv("http_proxy", web.url(""))
    with Fetcher(SHORT, allow_private=allow_private) as fetcher:
        url = "http://no-such-host.invalid/picture/1.jpg"
        if allow_private:
            # A proxy is asked for the whole URL, and this server looks at the path alone.
            assert fetcher.fetch(url) == picture(1)
        else:
            found = refusal(fetcher, url)
            assert (found.code, "proxy" in str(found)) == ("no-connection", True)
            assert web.connections == 0
