"""Which headers show that a request was forwarded."""

import pytest

from waypost.web.public.origin import schemes
from waypost.web.public.origin.forwarding import is_forwarded, is_forwarding

FORWARDING = [
    # the standards, and what most proxies send
    *("Forwarded", "Via", "CDN-Loop", "Client-Cert", "X-Real-IP", "X-Real-Port", "X-Client-IP"),
    *("X-Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port"),
    *("X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Scheme"),
    *("X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-By", "X-Forwarded-Path"),
    *("X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Client-Cert"),
    *("X-Forwarded-Tls-Client-Cert", "Forwarded-For", "Forwarded-For-Ip", "Forwarded-Proto"),
    *("X-Original-Forwarded-For", "X-Original-Host", "X-Original-Proto", "X-Original-URL"),
    *("X-Original-Remote-Addr", "X-Scheme", "X-Url-Scheme", "Front-End-Https", "X-Script-Name"),
    # products
    *("X-Cluster-Client-IP", "X-Envoy-External-Address", "X-Envoy-Original-Path"),
    *("X-ProxyUser-Ip", "WL-Proxy-Client-IP", "WL-Proxy-SSL", "Proxy-Client-IP", "X-Varnish"),
    *("X-ARR-LOG-ID", "X-ARR-SSL", "X-Azure-ClientIP", "X-Azure-SocketIP", "X-Azure-FDID"),
    *("X-MS-Forwarded-Client-IP", "SSL-Client-Verify", "X-SSL-Client-DN", "X-Traefik-Router"),
    # content networks
    *("CF-Connecting-IP", "CF-Connecting-IPv6", "CF-Ray", "CF-Visitor", "True-Client-IP"),
    *("Fastly-Client-IP", "Fastly-FF", "Fastly-SSL", "CloudFront-Viewer-Address"),
    *("CloudFront-Forwarded-Proto", "X-Amz-Cf-Id", "X-Amzn-Trace-Id", "X-Akamai-Edgescape"),
    *("X-Appengine-User-IP", "X-Cloud-Trace-Context", "Fly-Client-IP", "Fly-Forwarded-Proto"),
    *("DO-Connecting-IP", "X-Nf-Client-Connection-Ip", "X-Vercel-Forwarded-For"),
    *("X-Sucuri-ClientIP", "Incap-Client-IP", "Ali-CDN-Real-IP", "CDN-Src-IP"),
    # as CGI spells them
    *("X_Forwarded_For", "X_Real_IP"),
]
ORDINARY = [
    *("Host", "User-Agent", "Accept", "Accept-Encoding", "Accept-Language", "Connection"),
    *("Content-Type", "Content-Length", "Authorization", "Cookie", "Origin", "Referer"),
    *("Upgrade-Insecure-Requests", "Sec-Fetch-Site", "X-MapiHttpCapability", "X-User-Identity"),
    *("X-AnchorMailbox", "X-Requested-With", "Cache-Control", "Expect", "Transfer-Encoding"),
]


@pytest.mark.parametrize("name", FORWARDING)
def test_forwarding(name: str) -> None:
    """A header that a proxy, a load balancer or a content network adds is recognized."""
    assert is_forwarding(name.lower().encode())
    assert is_forwarded([(b"host", b"localhost"), (name.lower().encode(), b"")])


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary(name: str) -> None:
    """A header that mail clients, browsers and shells send is not one of them."""
    assert not is_forwarded([(name.lower().encode(), b"x")])


def test_schemes() -> None:
    """Each header where a web server sends the scheme is one of them."""
    assert all(map(is_forwarding, schemes.WEB_SERVER_HEADERS))
