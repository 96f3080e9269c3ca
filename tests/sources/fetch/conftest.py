"""A server, and limits that tests have the patience for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ilk.errors import PictureError
from ilk.sources.fetch import Fetcher, FetchLimits
from sources.web import Web

SHORT = FetchLimits(connect_s=2, read_s=0.4, whole_s=2, size_bytes=2**20, backoff_s=0.02, retry_after_s=2)


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        yield server


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    """One that may reach the server where it is."""
    with Fetcher(SHORT, allow_private=True) as each:
        yield each


@pytest.fixture
def careful() -> Iterator[Fetcher]:
    """One that may reach the server only by a name that pretends (`Web.named`)."""
    with Fetcher(SHORT) as each:
        yield each


def refusal(fetcher: Fetcher, url: str) -> PictureError:
    """Why a URL gives no picture."""
    with pytest.raises(PictureError) as caught:
        fetcher.fetch(url)
    return caught.value
