from __future__ import annotations

import time
from contextlib import suppress
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilk.errors import PictureError
from ilk.sources.fetch.answers import check_kind, opted_out, retry_after
from sources.web import PAGE, picture


@pytest.mark.parametrize(
    "headers",
    [
        ["noai"],
        ["noimageai"],
        ["NoAI, NoImageAI"],
        ["noindex, noai"],
        ["noindex", "noimageai"],
        ["ilk: noai"],
        ["googlebot: noindex, ilk: noimageai"],
        ["*: noai"],
        ["unavailable_after: 25 Jun 2030 15:00:00 PST, noai"],
        ["max-image-preview: large,noai"],
        ["googlebot: noindex", "noai"],
    ],
)
def test_a_picture_that_is_kept_from_learning_is_recognised(headers: list[str]) -> None:
    """In any spelling, in lists, in several headers, to everybody or to this program."""
    assert opted_out(headers) in {"noai", "noimageai"}


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [""],
        ["all"],
        ["noindex, nofollow, noimageindex"],
        ["otherbot: noai"],
        ["otherbot: noindex, noai"],
        ["noaix"],
        ["x-noai: none"],
        ["unavailable_after: noai"],
    ],
)
def test_other_wishes_are_not_mistaken_for_it(headers: list[str]) -> None:
    """What is said to search engines of the public, or to another program, is not said to this one."""
    assert opted_out(headers) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("3", 3), (" 120 ", 120), ("0", 0), ("soon", None), ("-5", None), ("²", None), ("9" * 5000, 1e12)],
)
def test_a_wait_is_read_in_seconds(value: str | None, seconds: float | None) -> None:
    """What says nothing is no wait."""
    assert retry_after(value) == (None if seconds is None else pytest.approx(seconds))


def test_a_wait_is_read_as_a_date() -> None:
    """A date that is past is no wait either."""
    assert retry_after(formatdate(time.time() + 100, usegmt=True)) == pytest.approx(100, abs=2)
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("Wed, 99 Oct 2015 07:28:00 GMT") is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PAGE, "a web page"),
        (b"<html lang=en>", "a web page"),
        (b"\xef\xbb\xbf<!doctype HTML>", "a web page"),
        (b"<!-- made by hand -->\n<html>", "a web page"),
        (b"<head><title>404</title>", "a web page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "XML"),
        (b"<Error><Code>AccessDenied</Code></Error>", "XML"),
        (b'{"error": "gone"}', "JSON"),
        (b"[]", "JSON"),
        (b'[{"a": 1}]', "JSON"),
    ],
)
def test_text_for_programs_is_called_what_it_is(body: bytes, kind: str) -> None:
    """So that it can be told from a picture that is broken."""
    with pytest.raises(PictureError, match=f"is {kind}, not a picture") as caught:
        check_kind(body, url='"x"')
    assert caught.value.code == "not-a-picture"


@pytest.mark.parametrize(
    "body",
    [
        picture(),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0'?><svg/>",
        b"P3 1 1 255 0 0 0",
        b"/* XPM */ static char *a[] = {};",
        b"#define a_width 8",
        b"nothing in particular",
        b"{\0\0",
    ],
)
def test_what_may_be_a_picture_is_left_to_decoding(body: bytes) -> None:
    """That knows all formats, and names drawings and documents."""
    check_kind(body, url='"x"')


@given(st.binary(max_size=200))
def test_looking_at_a_body_takes_no_time(body: bytes) -> None:
    """No bytes make the patterns go round in circles."""
    began = time.perf_counter()
    for prefix in (b"", b"<!--", b"<!--" * 200, b"[" * 1000, b"<a:" * 300):
        with suppress(PictureError):
            check_kind(prefix + body, url='"x"')
    assert time.perf_counter() - began < 0.5
