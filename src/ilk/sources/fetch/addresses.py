"""Which addresses are anybody's, and which belong to this machine or its network.

A table of URLs is other people's writing. One that names ``http://169.254.169.254/`` asks a machine in a cloud for its
credentials, and one that names ``http://192.168.1.1/`` talks to a router, from inside.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64's prefix (RFC 6052): the last 32 bits are the IPv4 address that is really reached."""

COMPATIBLE = IPv6Network("::/96")
"""IPv4 addresses as the first IPv6 networks wrote them (RFC 4291, 2.5.5.1)."""

MORE_PRIVATE = (
    IPv4Network("192.0.0.0/24"),  # between protocols; Oracle's cloud hands out settings there. Python 3.11 misses it
    IPv4Network("168.63.129.16/32"),  # looks public, and is where Azure hands out a machine's settings
    IPv6Network("fec0::/10"),  # of a site, before there were unique local addresses
)
"""Beyond those that Python knows of."""


def is_public(address: str) -> bool:
    """Whether an address can be anybody's on the internet.

    Private, loopback, link-local, shared (carriers' NAT), multicast, reserved and documentation addresses are not; nor
    is an IPv6 address that leads to such an IPv4 address: mapped, compatible, 6to4, Teredo or NAT64.

    Raises
    ------
    ValueError
        If it is no address.
    """
    found = ip_address(address.partition("%")[0])  # without the interface that an address of a link may name
    inner = _embedded(found) if isinstance(found, IPv6Address) else ()
    if inner:
        return all(map(_is_global, inner))
    return _is_global(found)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    special = (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or any(address in network for network in MORE_PRIVATE)
    )
    return address.is_global and not special


def _embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address leads to or through."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in TRANSLATED or address in COMPATIBLE:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def resolve(host: str, port: int) -> tuple[str, ...]:
    """Every address of a host, in the order in which this machine prefers them. Takes as long as the network does.

    What looks like a number (``127.1``, ``2130706433``, ``0x7f000001``) is one: the system reads it as its own programs
    do, so that it is seen for what it is.

    Raises
    ------
    OSError
        If the name is unknown, or nobody can be asked.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label of more than 63 characters
        raise socket.gaierror(socket.EAI_NONAME, "no such name can exist") from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
