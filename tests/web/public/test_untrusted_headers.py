"""The warning about forwarding headers from a peer that is not trusted."""

import ipaddress

import pytest

from waypost.web.public.asgi_request import asgi_request
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.origin.untrusted_headers import UntrustedHeaders
from waypost.web.public.request import Request

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def request(trust: ProxyTrust, peer: str | None, *headers: tuple[bytes, bytes]) -> Request:
    """Return a GET with these headers."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": list(headers),
        "scheme": "http",
        "http_version": "1.1",
        "client": None if peer is None else (peer, 1),
    }

    async def receive() -> dict[str, object]:
        raise AssertionError

    return asgi_request(scope, receive, trust)


WARNED = [
    # trust, peer, header, option in the fix
    (ProxyTrust(), "127.0.0.1", b"x-forwarded-for", "proxy_count = 1"),
    (ProxyTrust(), "::1", b"forwarded", "proxy_count = 1"),
    (ProxyTrust(), None, b"x-forwarded-proto", "proxy_count = 1"),
    (ProxyTrust(), "192.0.2.7", b"x-forwarded-host", 'trusted_proxies = ["192.0.2.7/32"]'),
    (ProxyTrust(0, LOOPBACK), "2001:db8::7", b"forwarded", 'trusted_proxies = ["2001:db8::7/128"]'),
]


@pytest.mark.parametrize(("trust", "peer", "header", "option"), WARNED)
def test_untrusted_header(trust: ProxyTrust, peer: str | None, header: bytes, option: str) -> None:
    """The first such header is reported with its sender and the option; the next ones are not."""
    lines: list[tuple[str, str, str]] = []
    check = UntrustedHeaders(trust, lambda *line: lines.append(line))
    for _ in range(2):
        check.check(request(trust, peer, (b"host", b"example.com"), (header, b"x")))
    ((name, sender, fix),) = lines
    assert (name, sender) == (header.decode(), peer or "unknown")
    assert option in fix


SILENT = [
    # trust, peer, header
    (ProxyTrust(1), "192.0.2.7", b"x-forwarded-for"),
    (ProxyTrust(0, LOOPBACK), "127.0.0.1", b"x-forwarded-for"),
    (ProxyTrust(0, LOOPBACK, by_unix_socket=True), None, b"x-forwarded-for"),
    (ProxyTrust(), "127.0.0.1", b"via"),
]


@pytest.mark.parametrize(("trust", "peer", "header"), SILENT)
def test_nothing_to_report(trust: ProxyTrust, peer: str | None, header: bytes) -> None:
    """Headers of a trusted proxy, and headers that Waypost never reads, are not reported."""
    lines: list[tuple[str, str, str]] = []
    UntrustedHeaders(trust, lambda *line: lines.append(line)).check(
        request(trust, peer, (header, b"x"))
    )
    assert lines == []
