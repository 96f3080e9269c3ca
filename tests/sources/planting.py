"""URLs of `Web` with the outcome that each should have."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import NamedTuple

from sources.web import Web

PLANTED: dict[str, str] = {
    "picture": "picture",
    "slow": "picture",
    "gzip": "picture",
    "hops/2": "picture",
    "flaky/500/2": "picture",
    "flaky/429/1": "picture",
    "status/404": "not-found",
    "status/410": "not-found",
    "status/403": "refused",
    "status/500": "server-error",
    "garbage": "server-error",
    "hang-up": "no-connection",
    "drip": "timeout",
    "silent": "timeout",
    "endless": "too-many-bytes",
    "bomb": "too-many-bytes",
    "page": "not-a-picture",
    "cut": "truncated",
    "short": "truncated",
    "empty": "empty",
    "ring": "too-many-redirects",
    "opted-out": "opted-out",
    "redirect/inside": "forbidden-address",
    "redirect/file": "forbidden-address",
    "nowhere": "no-connection",
    "no-url": "bad-url",
}
"""Path, or what stands for one, to the code that `ilk.errors.PictureError` has for it."""

COSTLY = frozenset({"drip", "silent", "endless", "bomb"})
"""Each of these takes seconds or megabytes: they are planted by the one, the rest by the score."""


class Row(NamedTuple):
    """A URL and what should become of it."""

    url: str
    code: str


def plant(
    web: Web, count: int, chance: random.Random, *, kinds: Mapping[str, str] = PLANTED, hosts: int = 12
) -> list[Row]:
    """So many rows, at least one of each kind, half of them pictures, in any order; each URL is another."""
    chosen = list(kinds)
    rare = [kind for kind in kinds if kind in COSTLY]
    usual = [kind for kind in kinds if kind not in COSTLY]
    while len(chosen) < count:
        turn = len(chosen)
        chosen.append(
            "picture" if turn % 2 else rare[turn // 50 % len(rare)] if rare and turn % 50 == 0 else chance.choice(usual)
        )
    chance.shuffle(chosen)
    return [
        Row(_url(web, kind, number, f"h{chance.randrange(hosts)}.test"), kinds[kind])
        for number, kind in enumerate(chosen[:count])
    ]


def _url(web: Web, kind: str, number: int, host: str) -> str:
    name = f"{number}.jpg"
    if kind == "redirect/inside":
        return web.url(f"redirect/{name}?to=http://127.0.0.1:{web.port}/picture/{name}", host=host)
    if kind == "redirect/file":
        return web.url(f"redirect/{name}?to=file:///etc/{name}", host=host)
    if kind == "nowhere":
        return f"http://h{number}.invalid/{name}"
    if kind == "no-url":
        return f"http:///{name}"
    return web.url(f"{kind}/{name}", host=host)
