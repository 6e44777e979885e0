"""Headers that show that a proxy, a load balancer or a content network forwarded a request."""

from collections.abc import Sequence
from typing import Final

Headers = Sequence[tuple[bytes, bytes]]

_NAMES: Final = frozenset(
    {
        *(b"forwarded", b"via"),  # RFC 7239, RFC 9110 s7.6.3
        *(b"cdn-loop", b"cdn-src-ip", b"client-cert", b"client-cert-chain"),  # RFC 8586, RFC 9440
        *(b"client-ip", b"clientip", b"remote-addr", b"remote-ip", b"remote-host"),
        *(b"x-remote-addr", b"x-remote-ip", b"x-host", b"x-originating-ip", b"x-coming-from"),
        *(b"x-scheme", b"x-url-scheme", b"x-real-scheme", b"x-real-port", b"x-https"),
        *(b"front-end-https", b"x-request-start", b"x-queue-start", b"x-script-name"),
        *(b"x-cloud-trace-context", b"x-proxyuser-ip", b"x-varnish", b"x-nginx-proxy"),
        *(b"x-cdn", b"x-bluecoat-via", b"x-ssl"),
    }
)
# Of one product each, or of the many forms of one header.
_PREFIXES: Final = (
    *(b"x-forwarded", b"x-forward-", b"x-original-", b"x-orig-", b"x-proxy-", b"x-ssl-"),
    *(b"x-envoy-", b"x-azure-", b"x-arr-", b"x-ms-forwarded-", b"x-appengine-", b"x-gfe-"),
    *(b"cf-", b"cloudfront-", b"fastly-", b"fly-", b"x-amz-cf-", b"x-amzn-", b"x-akamai-"),
    *(b"x-vercel-", b"x-nf-", b"x-sucuri-", b"incap-", b"ali-cdn-", b"x-edge-", b"x-bunny-"),
    *(b"wl-proxy-", b"proxy-client-", b"ssl-client-", b"x-haproxy-", b"x-traefik-", b"x-b3-"),
    *(b"x-varnish-", b"akamai-", b"x-nginx-"),
)
# Anywhere in a name, of whatever product.
_PARTS: Final = (b"forwarded", b"client-ip", b"clientip", b"real-ip", b"connecting-ip")


def is_forwarding(name: bytes) -> bool:
    """Return whether a header shows that its request was forwarded.

    Args:
        name: in lower case.
    """
    # CGI and some proxies write "_" instead of "-".
    plain = name.replace(b"_", b"-")
    return plain in _NAMES or plain.startswith(_PREFIXES) or any(part in plain for part in _PARTS)


def is_forwarded(headers: Headers) -> bool:
    """Return whether a request came through any proxy, trusted or not."""
    return any(is_forwarding(name) for name, _ in headers)
