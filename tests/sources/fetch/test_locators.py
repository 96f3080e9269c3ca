from __future__ import annotations

from collections.abc import Callable
from functools import partial

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilk.errors import PictureError
from ilk.sources.fetch import Fetcher
from ilk.sources.fetch.locators import LONGEST_SHOWN, follow, parse, show
from sources.fetch.conftest import refusal
from sources.web import Web


@pytest.mark.parametrize(
    "url",
    [
        "",
        "picture.jpg",
        "//host/picture.jpg",
        "data:image/png;base64,iVBORw0KGgo=",
        "file:///etc/passwd",
        "ftp://host/picture.jpg",
        "http://",
        "http:///picture.jpg",
        "http://host:0/",
        "http://host:99999/",
        "http://host:port/",
        "http://[::1/",
        "http://a b/",
        "http://xn--/",
        "http://\ud800/",
        "http://host/\0",
        "https://host/" + "a" * 10_000,
    ],
)
def test_what_is_no_url_is_said_to_be_none(fetcher: Fetcher, url: str) -> None:
    """Before anybody is asked, and in a sentence that text can hold."""
    found = refusal(fetcher, url)
    assert found.code == "bad-url"
    assert str(found).encode()
    assert str(found).isprintable()
    assert len(str(found)) < 3 * LONGEST_SHOWN


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("echo/a b.jpg", "/echo/a b.jpg"),
        ("echo/a%20b.jpg", "/echo/a b.jpg"),
        ("echo/blåbær ü.jpg", "/echo/blåbær ü.jpg"),
        ("echo/100%.jpg", "/echo/100%.jpg"),
        ("echo/a.jpg#top", "/echo/a.jpg"),
        ("echo/a.jpg \n", "/echo/a.jpg"),
    ],
)
def test_urls_are_encoded_as_needed(web: Web, fetcher: Fetcher, path: str, asked: str) -> None:
    """Spaces and letters beyond ASCII, but not what is encoded already."""
    assert fetcher.fetch(web.url(path)) == b"\0" + asked.encode()


def test_names_beyond_ascii_are_found(web: Web, careful: Fetcher) -> None:
    """They are asked for in the form that the network knows."""
    with web.named():
        careful.fetch(web.url("picture/1.jpg", host="bücher.test"))
    assert web.headers["/picture/1.jpg"]["host"] == f"xn--bcher-kva.test:{web.port}"


def test_a_message_shows_no_secrets() -> None:
    """Neither names and passwords nor keys and signatures, however they are called."""
    shown = show("https://ann:s3cret@host/a.jpg?w=64&X-Amz-Signature=abcdef&access_token=ghijkl#x")
    assert shown == '"https://host/a.jpg?w=64&X-Amz-Signature=…&access_token=…#x"'
    assert show(parse("https://ann@host/?sig=abc&size=2")) == '"https://host/?sig=…&size=2"'
    assert "s3cret" not in show("https://ann:s3@cret@host/")


def test_a_message_shows_both_ends_of_a_long_url() -> None:
    """The host and the name of the file say most."""
    shown = show("https://host.example/" + "a" * 500 + "/winter.jpg")
    assert shown.startswith('"https://host.example/aaa')
    assert shown.endswith('aaa/winter.jpg"')
    assert len(shown) == LONGEST_SHOWN + 2


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b.jpg", "http://ann:pw@host/b.jpg"),
        ("b.jpg", "http://ann:pw@host/a/b.jpg"),
        ("http://host/b.jpg", "http://ann:pw@host/b.jpg"),
        ("http://host:8080/b.jpg", "http://host:8080/b.jpg"),
        ("https://host/b.jpg", "https://host/b.jpg"),
        ("//other/b.jpg", "http://other/b.jpg"),
        ("http://eve:pw@other/b.jpg", "http://other/b.jpg"),
        ("http://other/b c.jpg#d", "http://other/b%20c.jpg"),
    ],
)
def test_a_redirect_takes_credentials_nowhere_else(location: str, target: str) -> None:
    """Another scheme or port is another place, and a redirect brings none of its own."""
    assert follow(parse("http://ann:pw@host/a/a.jpg"), location) == parse(target)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://host/a", "data:,a", "javascript:alert(1)"])
def test_a_redirect_out_of_the_web_is_forbidden(location: str) -> None:
    """Whatever may open such things elsewhere."""
    with pytest.raises(PictureError, match="not followed") as caught:
        follow(parse("http://host/a.jpg"), location)
    assert caught.value.code == "forbidden-address"


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_a_url_or_said_to_be_none(before: str, after: str) -> None:
    """Cells of tables hold anything, and so do redirects."""
    for text in (before, f"http://{before}/{after}", f"https://{after}", "http://a/b"):
        url, reason = tried(partial(parse, text))
        assert reason in {None, "bad-url"}
        if url is not None:
            _, reason = tried(partial(follow, url, after))
            assert reason in {None, "bad-url", "forbidden-address"}


def tried(work: Callable[[], httpx.URL]) -> tuple[httpx.URL | None, str | None]:
    """A URL with a host, or the code of the reason why there is none."""
    try:
        url = work()
    except PictureError as error:
        return None, error.code
    assert url.raw_host
    return url, None
