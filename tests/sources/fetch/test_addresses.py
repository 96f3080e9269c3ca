from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilk.sources.fetch import Fetcher, transport
from ilk.sources.fetch.addresses import is_public, resolve
from sources.fetch.conftest import refusal
from sources.web import PUBLIC, Web, picture

PRIVATE = [
    "0.0.0.0",  # noqa: S104 -- nothing is bound here
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.0.9",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
ANYBODYS = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82a::200e",
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_this_machine_and_its_network_are_not_public(address: str) -> None:
    """However they are written, and whatever they are wrapped in."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ANYBODYS)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    """Also where IPv6 only wraps them, as it does on networks that have nothing else."""
    assert is_public(address)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_wrapping_an_address_does_not_make_it_public(address: IPv4Address) -> None:
    """An IPv6 address is public only if the IPv4 address is that it leads to."""
    number = int(address)
    mapped = IPv6Address(0xFFFF << 32 | number)
    translated = IPv6Address(int(IPv6Address("64:ff9b::")) | number)
    six_to_four = IPv6Address(0x2002 << 112 | number << 80 | 1)
    for wrapped in (mapped, translated, six_to_four):
        assert is_public(str(wrapped)) == is_public(str(address))


@pytest.mark.parametrize("written", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost"])
def test_other_ways_to_write_an_address_are_seen_through(written: str) -> None:
    """The system resolves them, and what it makes of them is what is checked."""
    assert not any(map(is_public, resolve(written, 80)))


def test_a_label_that_is_too_long_is_a_name_that_nobody_knows() -> None:
    """Python refuses to encode it, which is no reason to stop."""
    with pytest.raises(OSError, match="no such name"):
        resolve("a" * 64 + ".test", 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "127.1", "localhost"])
def test_this_machine_is_not_asked(web: Web, careful: Fetcher, host: str) -> None:
    """Not one byte goes there, and the message says how to permit it."""
    found = refusal(careful, web.url("picture/1.jpg", host=host))
    assert found.code == "forbidden-address"
    assert "127.0.0.1" in str(found)
    assert "--allow-private" in str(found)
    assert web.connections == 0


def test_this_machine_is_asked_if_that_is_allowed(web: Web, fetcher: Fetcher) -> None:
    """Somebody may well have a server of pictures."""
    assert fetcher.fetch(web.url("picture/1.jpg")) == picture(1)


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", f"{PUBLIC} 127.0.0.1", "::ffff:127.0.0.1"])
def test_a_name_with_any_address_inside_is_refused(web: Web, careful: Fetcher, address: str) -> None:
    """One good address does not vouch for the others."""
    with web.named(inside_example=address):
        assert refusal(careful, web.url("picture/1.jpg", host="inside.example")).code == "forbidden-address"
    assert web.connections == 0


def test_the_connection_goes_to_the_address_that_was_checked(
    web: Web, careful: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is looked up once: one that would be another's the second time leads nowhere else."""
    from ilk.sources.fetch import addresses

    answers, dialled = iter([(PUBLIC,), ("127.0.0.1",)]), []
    monkeypatch.setattr(addresses, "resolve", lambda host, port: next(answers))
    dial = transport.dial

    async def watch(address: str, port: int, timeout_s: float | None) -> object:
        dialled.append(address)
        return await dial("127.0.0.1", port, timeout_s)

    monkeypatch.setattr(transport, "dial", watch)
    assert careful.fetch(web.url("picture/1.jpg", host="rebound.example")) == picture(1)
    assert dialled == [PUBLIC]
    assert web.headers["/picture/1.jpg"]["host"] == f"rebound.example:{web.port}"


def test_the_next_address_is_tried_when_one_fails(web: Web, careful: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many hosts have an IPv6 address that does not work from here. The first try finds the one that does."""
    import asyncio

    import httpcore

    from ilk.sources.fetch import addresses

    dial = transport.dial

    async def choose(address: str, port: int, timeout_s: float | None) -> object:
        if address == "2606:4700::1":
            raise httpcore.ConnectError("unreachable")
        if address == "2606:4700::2":
            assert timeout_s is not None
            await asyncio.sleep(timeout_s)
            raise httpcore.ConnectTimeout("silent")
        return await dial("127.0.0.1", port, timeout_s)

    monkeypatch.setattr(addresses, "resolve", lambda host, port: ("2606:4700::1", "2606:4700::2", PUBLIC))
    monkeypatch.setattr(transport, "dial", choose)
    assert careful.fetch(web.url("picture/1.jpg", host="many.example")) == picture(1)
    assert web.asked["/picture/1.jpg"] == 1
