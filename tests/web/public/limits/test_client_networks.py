"""Which clients count as one, and which have no limits."""

from ipaddress import ip_network

import pytest

from tests.web.asgi import settings
from waypost.web.public.limits.client_networks import ClientNetworks

DEFAULT = ClientNetworks(settings().rate_limit_exempt)

SAME = [
    ("192.0.2.7", "192.0.2.7"),
    ("192.0.2.7", "::ffff:192.0.2.7"),  # RFC 4291 s2.5.5.2
    ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9"),
    ("2001:db8::1", "2001:DB8:0:0::2%eth0"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same_network(one: str, other: str) -> None:
    """An IPv4 address is one client, and so are all addresses of an IPv6 /64."""
    assert DEFAULT.find(one) == DEFAULT.find(other) is not None


@pytest.mark.parametrize(
    ("one", "other"), [("192.0.2.7", "192.0.2.8"), ("2001:db8:0:1::1", "2001:db8:0:2::1")]
)
def test_other_network(one: str, other: str) -> None:
    """Neighbours do not share a limit."""
    assert DEFAULT.find(one) != DEFAULT.find(other)


EXEMPT = [
    *("127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"),  # loopback
    *("10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.1.1", "::ffff:10.0.0.1"),  # RFC 1918
    *("100.64.0.1", "169.254.1.1", "fd00::1", "fe80::1%eth0"),  # RFC 6598, 3927, 4193, 4291
    *(None, "", "unknown", "_hidden", "not an address", "1" * 40_000),  # RFC 7239 s6
]


@pytest.mark.parametrize("address", EXEMPT, ids=lambda address: str(address)[:20])
def test_exempt_by_default(address: str | None) -> None:
    """A web server in a private network, which no operator configured, has no limits."""
    assert DEFAULT.find(address) is None


def test_exempt_networks_are_an_option() -> None:
    """The operator's list replaces the default, but loopback never has limits."""
    networks = ClientNetworks([ip_network("203.0.113.0/24")])
    assert networks.find("203.0.113.9") is None
    assert networks.find("10.1.2.3") is not None
    assert networks.find("127.0.0.1") is networks.find("::1") is None
    assert ClientNetworks().find("::ffff:127.0.0.1") is None
