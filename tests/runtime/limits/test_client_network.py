"""Which clients count as one."""

import pytest

from waypost.runtime.limits.client_network import client_key

SAME = [
    # An IPv6 customer may use each address of a /64 (RFC 6177 s2).
    ("2001:db8::1", "2001:db8::ffff:2"),
    ("2001:db8::1", "2001:DB8:0:0:1::"),
    # An address of this machine may have the zone of its interface (RFC 4007 s11).
    ("fe80::1%eth0", "fe80::2%eth1"),
    # A listener for IPv6 also has IPv4 clients (RFC 4291 s2.5.5.2).
    ("::ffff:192.0.2.1", "192.0.2.1"),
    ("unknown", "unknown"),
]
OTHER = [
    ("2001:db8::1", "2001:db8:0:1::1"),
    ("192.0.2.1", "192.0.2.2"),
    ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
    ("unknown", "_hidden"),
    (None, "192.0.2.1"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_client(one: str, other: str) -> None:
    """The clients of an IPv4 address, and those of an IPv6 /64, have one key."""
    assert client_key(one) == client_key(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_several_clients(one: str | None, other: str) -> None:
    """Other networks have other keys, and so have texts that are no addresses."""
    assert client_key(one) != client_key(other)
