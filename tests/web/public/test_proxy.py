"""Which headers the listener believes about host, scheme and peer."""

from ipaddress import ip_network

import pytest

from tests.web.asgi import Client, settings
from tests.web.conftest import CATALOG
from waypost.web.public.origin.proxy import (
    ELEMENTS_MAX,
    ClientOrigin,
    ProxyTrust,
)

Header = tuple[bytes, bytes]

SPOOFED: list[Header] = [
    (b"host", b"waypost.example"),
    (b"x-forwarded-for", b"203.0.113.9, 198.51.100.7"),
    (b"x-forwarded-proto", b"http, https"),
    (b"x-forwarded-host", b"spoofed.example, autoconfig.example.com"),
]
FORWARDED: list[Header] = [
    (b"host", b"waypost.example"),
    (b"forwarded", b'for=203.0.113.9;proto=http;host=spoofed.example, for="[2001:db8::7]:4711"'),
    (b"forwarded", b'for=198.51.100.7;Proto=HTTPS;host="autoconfig.example.com"'),
]
LOCAL = ip_network("127.0.0.0/8")
INNER = ip_network("198.51.100.0/24")


@pytest.mark.rule("proxies-trust")
def test_no_proxy_is_trusted_by_default() -> None:
    """Without an option no header counts."""
    for headers in (SPOOFED, FORWARDED):
        origin = ProxyTrust().resolve("127.0.0.1", "http", headers)
        assert origin == ClientOrigin("127.0.0.1", "http", "waypost.example")


@pytest.mark.rule("proxies-trust")
@pytest.mark.parametrize("headers", [SPOOFED, FORWARDED])
def test_one_proxy(headers: list[Header]) -> None:
    """With one proxy only the value that the proxy added, the last one, counts."""
    origin = ProxyTrust(proxy_count=1).resolve("127.0.0.1", "http", headers)

    assert origin == ClientOrigin(
        "198.51.100.7", "https", "autoconfig.example.com", is_scheme_from_proxy=True
    )


def test_two_proxies() -> None:
    """With two proxies the value before the last counts."""
    origin = ProxyTrust(proxy_count=2).resolve("127.0.0.1", "https", SPOOFED)

    assert origin == ClientOrigin(
        "203.0.113.9", "http", "spoofed.example", is_scheme_from_proxy=True
    )


def test_fewer_values_than_proxies() -> None:
    """If a proxy added nothing, the connection itself counts."""
    origin = ProxyTrust(proxy_count=3).resolve("127.0.0.1", "http", SPOOFED)

    assert origin == ClientOrigin("127.0.0.1", "http", "waypost.example")


@pytest.mark.rule("proxies-trust")
def test_network_that_is_not_trusted() -> None:
    """A peer outside the trusted networks is not believed, with any proxy_count."""
    for count in (0, 1):
        trust = ProxyTrust(count, (LOCAL,))
        assert trust.resolve("192.0.2.1", "http", SPOOFED).host == "waypost.example"
        assert trust.resolve(None, "http", SPOOFED).host == "waypost.example"


def test_network_that_is_trusted() -> None:
    """A peer in the networks is believed, and so are the trusted proxies behind it."""
    one = ProxyTrust(0, (LOCAL,)).resolve("127.0.0.1", "http", SPOOFED)
    two = ProxyTrust(0, (LOCAL, INNER)).resolve("127.0.0.1", "http", SPOOFED)

    assert one == ClientOrigin(
        "198.51.100.7", "https", "autoconfig.example.com", is_scheme_from_proxy=True
    )
    assert two.peer == "203.0.113.9"


@pytest.mark.parametrize(
    ("trust", "believed"),
    [
        (ProxyTrust(by_unix_socket=True), False),
        (ProxyTrust(1, by_unix_socket=True), True),
        (ProxyTrust(0, (LOCAL,), by_unix_socket=True), True),
        (ProxyTrust(0, (LOCAL,)), False),
    ],
)
def test_peer_at_a_unix_socket(trust: ProxyTrust, believed: bool) -> None:
    """A peer without an address is believed at a Unix socket, if an option says so."""
    origin = trust.resolve(None, "http", SPOOFED)

    assert (origin.host == "autoconfig.example.com") is believed
    assert origin.peer == ("198.51.100.7" if believed else None)


@pytest.mark.parametrize(("peer", "believed"), [("127.0.0.1", True), ("192.0.2.7", False)])
def test_peer_with_an_address_beside_a_unix_socket(peer: str, believed: bool) -> None:
    """If a service manager passes a Unix socket and a TCP socket, the networks are for TCP."""
    trust = ProxyTrust(0, (LOCAL,), by_unix_socket=True)

    assert trust.trusts(peer) is believed


@pytest.mark.parametrize(
    "value",
    [b"", b",", b";;;", b'for="', b"for=;proto=;host=", b"proto=gopher", b"for", b"\xff" * 100],
)
def test_nonsense_in_headers(value: bytes) -> None:
    """Invalid headers are ignored."""
    headers = [(b"host", b"h"), (b"forwarded", value), (b"x-forwarded-proto", value)]
    origin = ProxyTrust(proxy_count=1).resolve("127.0.0.1", "http", headers)

    assert (origin.scheme, origin.host, origin.is_scheme_from_proxy) == ("http", "h", False)


LONG = [
    # what the proxy in front adds to the client's headers
    (b"x-forwarded-for", b"," * 30_000, b"198.51.100.7", "198.51.100.7"),
    (b"x-forwarded-for", b"1.1.1.1," * 3000, b"198.51.100.7", "198.51.100.7"),
    (b"forwarded", b"," * 30_000, b"for=198.51.100.7;proto=https", "198.51.100.7"),
    (b"forwarded", b"for=1.1.1.1;" * 2000, b"for=198.51.100.7", "198.51.100.7"),
    (b"forwarded", b"a=b;" * 7000 + b"for=1.1.1.1", b"for=198.51.100.7", "198.51.100.7"),
]


@pytest.mark.parametrize(("name", "sent", "added", "peer"), LONG)
def test_long_headers(name: bytes, sent: bytes, added: bytes, peer: str) -> None:
    """A client that sends thousands of values does not hide the value that the proxy adds."""
    headers = [(b"host", b"h"), (name, sent + b", " + added)]
    for trust in (ProxyTrust(proxy_count=1), ProxyTrust(0, (LOCAL,))):
        assert trust.resolve("127.0.0.1", "http", headers).peer == peer


def test_the_greatest_proxy_count() -> None:
    """As many values count as there may be proxies."""
    values = b", ".join(b"192.0.2.%d" % number for number in range(1, 201))
    headers = [(b"host", b"h"), (b"x-forwarded-for", values)]
    origin = ProxyTrust(proxy_count=ELEMENTS_MAX).resolve("127.0.0.1", "http", headers)
    assert origin.peer == f"192.0.2.{201 - ELEMENTS_MAX}"


def test_x_forwarded_wins_over_forwarded() -> None:
    """If both kinds are there, the common ones count: a client may have sent the other."""
    origin = ProxyTrust(proxy_count=1).resolve("127.0.0.1", "http", [*SPOOFED, *FORWARDED[1:2]])

    assert origin.host == "autoconfig.example.com"


def test_host_of_a_proxy_decides_only_when_trusted() -> None:
    """The domain comes from X-Forwarded-Host behind a trusted proxy, and from Host otherwise."""
    headers = {"X-Forwarded-Host": "autoconfig.customer.example"}
    path = "/mail/config-v1.1.xml"
    trusting = Client(CATALOG, settings(proxy_count=1))
    wary = Client(CATALOG)

    assert trusting.get(path, headers=headers).value("domain") == "customer.example"
    assert wary.get(path, headers=headers).value("domain") == "example.com"
    trusting.close()
    wary.close()


def test_https_at_the_proxy_is_not_redirected() -> None:
    """Behind a trusted proxy that ends TLS the redirect probe gets no redirect loop."""
    client = Client(CATALOG, settings(trusted_proxies=["127.0.0.0/8"]))
    answer = client.get(
        "/autodiscover/autodiscover.xml",
        host="autodiscover.example.com",
        scheme="http",
        headers={"X-Forwarded-Proto": "https"},
    )
    client.close()

    assert answer.status == 405
