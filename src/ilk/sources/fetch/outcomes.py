"""Every way to fail, as a `PictureError` that says what was wrong and what helps."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

import httpcore
import httpx

from ilk.errors import PictureError
from ilk.sources.fetch.limits import FetchLimits

CONNECT_TIMEOUTS = (httpx.ConnectTimeout, httpcore.ConnectTimeout)
TIMEOUTS = (httpx.TimeoutException, httpcore.TimeoutException)
BREAKS = (httpx.NetworkError, httpcore.NetworkError)
GARBLED = (httpx.RemoteProtocolError, httpcore.RemoteProtocolError)
DISCONNECTED = "Server disconnected"
"""How httpcore's errors of protocol begin that are no more than an early end."""
PROXIES = (httpx.ProxyError, httpcore.ProxyError)


class FetchError(PictureError):
    """Why a URL gave no picture.

    Parameters
    ----------
    message, code
        As of any `PictureError`.
    passing
        Whether trying again may help.
    wait_s
        Seconds that the server asked to be left alone for.
    absent
        Whether nothing answered at that address within the time for a connection.

    Attributes
    ----------
    ours
        Whether the connection was cut from here, for what another URL did on it: no fault of this one.
    """

    def __init__(
        self, message: str, *, code: str, passing: bool = False, wait_s: float | None = None, absent: bool = False
    ) -> None:
        super().__init__(message, code=code)
        self.passing = passing
        self.wait_s = wait_s
        self.absent = absent
        self.ours = False

    def saying(self, message: str) -> FetchError:
        """The same in other words."""
        return FetchError(message, code=self.code, passing=self.passing, wait_s=self.wait_s, absent=self.absent)


class ForbiddenAddressError(Exception):
    """A host has an address that is not anybody's."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(host, address)
        self.host = host
        self.address = address


def explain(  # noqa: PLR0911 -- a table of causes, read from above
    error: Exception, *, url: str, limits: FetchLimits, received: int | None, proxies: bool
) -> FetchError:
    """The outcome that something raised on the way means.

    Parameters
    ----------
    url
        As messages show it.
    received
        Bytes of the picture that had come, None if there was no answer yet.
    proxies
        Whether the environment names proxies that were not used.
    """
    if isinstance(error, FetchError):
        return error
    if isinstance(error, ForbiddenAddressError):
        return _forbidden(error, url)
    if isinstance(error, CONNECT_TIMEOUTS):
        message = f"{url} could not be reached within {limits.connect_s:g} s.{_hint(proxies=proxies)}"
        return FetchError(message, code="timeout", passing=True, absent=True)
    if isinstance(error, TIMEOUTS):
        return FetchError(f"{url} was silent for {limits.read_s:g} s.", code="timeout", passing=True)
    if isinstance(error, TimeoutError):
        return FetchError(f"{url} took longer than {limits.whole_s:g} s.", code="timeout")
    if isinstance(error, MemoryError):
        return FetchError(f"{url} was too large for the memory that is left just now.", code="unreadable")
    ended = isinstance(error, GARBLED) and (received is not None or str(error).startswith(DISCONNECTED))
    if ended or isinstance(error, (*BREAKS, *PROXIES, OSError)):
        return _broken(error, url, received, proxies=proxies)
    # Servers can answer in ways that no library expects. None of them may stop the others.
    return FetchError(f"{url} answered in a way that cannot be understood{_reason(error)}.", code="server-error")


def _forbidden(error: ForbiddenAddressError, url: str) -> FetchError:
    where = error.address if error.address == error.host else f"{error.host} is {error.address}"
    return FetchError(
        f"{url} leads into this machine or its network ({where}). If it is meant to, --allow-private (in Python "
        "allow_private=True) permits it.",
        code="forbidden-address",
    )


def _broken(error: Exception, url: str, received: int | None, *, proxies: bool) -> FetchError:
    # Those two are how TLS waits; they are in the chain of whatever came meanwhile.
    causes = [cause for cause in _causes(error) if not isinstance(cause, ssl.SSLWantReadError | ssl.SSLWantWriteError)]
    if received is not None:
        message = f"{url} broke off after {received:,} bytes{_reason(error)}."
        return FetchError(message, code="truncated", passing=True)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            message = f"{url} cannot prove who it is: {cause.verify_message or cause.reason}."
            return FetchError(message, code="no-connection")
        if isinstance(cause, socket.gaierror):
            unknown = cause.errno != socket.EAI_AGAIN
            what = "is of a host that nobody knows" if unknown else "is of a host whose address could not be asked for"
            return FetchError(f"{url} {what}.{_hint(proxies=proxies)}", code="no-connection", passing=not unknown)
    message = f"{url} could not be asked for: the connection failed{_reason(causes[-1])}.{_hint(proxies=proxies)}"
    return FetchError(message, code="no-connection", passing=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it, the newest first."""
    seen: BaseException | None = error
    for _ in range(10):  # some chains are rings
        if seen is None:
            return
        yield seen
        # A group holds one failure for each address that was tried.
        first = seen.exceptions[0] if isinstance(seen, BaseExceptionGroup) else None
        seen = first or seen.__cause__ or seen.__context__


def _reason(error: BaseException) -> str:
    # asyncio's own words name the address, but not what happened.
    system = isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.errno
    said = os.strerror(system) if system else str(error)
    said = " ".join(said.split()).strip(" .")[:120] or type(error).__name__
    return f" ({said})"


def _hint(*, proxies: bool) -> str:
    if not proxies:
        return ""
    return (
        " The proxy that the environment names was not used, since behind it nobody can see which addresses are "
        "private; --allow-private (in Python allow_private=True) uses it."
    )
