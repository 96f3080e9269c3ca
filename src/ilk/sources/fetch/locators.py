"""URLs as people write them, and as a message shows them."""

from __future__ import annotations

import re

import httpx

from ilk.sources import names
from ilk.sources.fetch.outcomes import FetchError

LONGEST_SHOWN = 120
"""Characters of a URL in a message. The whole of it is the item's uri."""

LONGEST = 8192
"""Characters of a URL. Servers refuse longer ones; what is that long is a picture in base64, or a mistake."""

LAST_PORT = 65535

_USERINFO = re.compile(r"//[^/?#\s]*@")
_SECRET = re.compile(r"([?&;][^=&;]*(?:auth|cred|key|pass|secret|sig|token)[^=&;]*=)[^&;#]*", re.IGNORECASE)


def parse(text: str) -> httpx.URL:
    """A URL that can be asked for. Spaces and letters beyond ASCII are encoded, in names of hosts as IDNA has it.

    Raises
    ------
    FetchError
        With the code ``"bad-url"``.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise FetchError(f"{show(text)} is longer than any URL, {len(text):,} characters.", code="bad-url")
    try:
        url = httpx.URL(text)
        _ = url.host  # decodes what looks like IDNA, and may fail at it only now
    except (httpx.InvalidURL, ValueError) as error:  # ValueError: lone surrogates, and what idna refuses
        raise FetchError(f"{show(text)} is no URL: {names.escape(str(error)).rstrip('.')}.", code="bad-url") from error
    if url.scheme not in {"http", "https"}:
        raise FetchError(f"{show(text)} does not begin with http:// or https://.", code="bad-url")
    host = host_of(url)
    if not host:
        raise FetchError(f"{show(text)} names no host.", code="bad-url")
    if "%" in host and ":" not in host:  # a space, or the like
        raise FetchError(f"{show(text)} has a host of no possible name.", code="bad-url")
    if url.port is not None and not 0 < url.port <= LAST_PORT:
        raise FetchError(f"{show(text)} has a port that cannot be.", code="bad-url")
    return url


def follow(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads.

    The name and password that a URL may hold go along while scheme, host and port stay the same, and those that a
    server puts into a redirect are never used.

    Raises
    ------
    FetchError
        With the code ``"forbidden-address"`` if it leads out of the web, ``"bad-url"`` if nowhere.
    """
    try:
        target = url.join(location.strip())
    except (httpx.InvalidURL, ValueError) as error:
        raise _astray(url, location) from error
    if target.scheme not in {"http", "https"}:
        raise FetchError(
            f"{show(url)} redirects out of the web, to {show(location)}, which is not followed.",
            code="forbidden-address",
        )
    same = (target.scheme, target.raw_host, target.port) == (url.scheme, url.raw_host, url.port)
    try:
        return parse(str(target.copy_with(userinfo=url.userinfo if same else b"", fragment=None)))
    except FetchError as error:
        raise _astray(url, location) from error


def _astray(url: httpx.URL, location: str) -> FetchError:
    return FetchError(f"{show(url)} redirects to what is no URL, {show(location)}.", code="bad-url")


def host_of(url: httpx.URL) -> str:
    """The name of the host, as the network knows it: `httpx.URL.host` is as people read it, if they can."""
    return url.raw_host.decode("ascii")


def show(url: httpx.URL | str) -> str:
    """As a message names it: short, on one line, without names, passwords, keys and signatures."""
    # A httpx.URL would hide its password as text, but not its user, which is as often the secret.
    text = _SECRET.sub(r"\1…", _USERINFO.sub("//", names.escape(str(url).strip()[: 2 * LONGEST])))
    if len(text) > LONGEST_SHOWN:
        text = f"{text[: LONGEST_SHOWN - 31]}…{text[-30:]}"
    return f'"{text}"'
