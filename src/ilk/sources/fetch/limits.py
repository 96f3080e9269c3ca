"""How much and how long a URL may take."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from ilk.errors import InputError

_FEWEST = {"redirects": 0, "backoff_s": 0, "retry_after_s": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What fetching may ask of this machine and of others.

    Attributes
    ----------
    concurrency, concurrency_per_host
        URLs that are fetched at one time, in all and from one host. Eight is what browsers and hosts are used to.
    connect_s, read_s
        Seconds for a connection, from the look-up of the name to the end of the handshakes of TCP and of TLS each;
        and between one piece of an answer and the next.
    whole_s
        Seconds for one URL: all its redirects, its tries and the waits between them. Waiting for a turn does not
        count, neither for one of the places above nor for a host that asked everybody to wait.
    size_bytes
        Of a picture, after decompression if the server compressed it.
    redirects
        That are followed.
    tries
        Of what may pass: no connection, a time-out, an answer that breaks off, and the statuses 408, 429, 500, 502,
        503 and 504.
    backoff_s
        Before the second try; twice that before the third, and so on. Each is shortened at random by up to a half,
        so that those who failed together do not come back together.
    retry_after_s
        The longest wait a server may ask for (``Retry-After``) and get; if it asks for more, the URL has failed.

    Raises
    ------
    ilk.errors.InputError
        If one is too small to fetch anything, or no number.
    """

    concurrency: int = 32
    concurrency_per_host: int = 8
    connect_s: float = 10
    read_s: float = 15
    whole_s: float = 60
    size_bytes: int = 64 * 2**20
    redirects: int = 5
    tries: int = 3
    backoff_s: float = 0.5
    retry_after_s: float = 20

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name.endswith("_s"):
                least = "0 or more" if each.name in _FEWEST else "more than 0"
                fits = value >= 0 if each.name in _FEWEST else value > 0
                if not (fits and math.isfinite(value)):
                    raise InputError(f"The limit {each.name} is {value!r}; it has to be seconds, {least}.")
            elif not isinstance(value, int) or value < _FEWEST.get(each.name, 1):
                fewest = _FEWEST.get(each.name, 1)
                raise InputError(f"The limit {each.name} is {value!r}; it has to be a whole number, {fewest} or more.")


DEFAULT_LIMITS = FetchLimits()
