"""Whether a client used http or https, and redirects to https that cannot become a loop.

The scheme is what a web server in front says, and that may be wrong: automx2's manual (2026.2,
its example for nginx) writes `X-Forwarded-Proto http` into a server for port 80, and operators copy
the block to port 443. A redirect to https would then be a loop. Two things prevent it:

* If anything in the request says https, the client is not sent to https.
* Each redirect to https carries a mark in its query. What comes back with the mark was asked at an
  https URL, whatever the web server says, and is not redirected again.

A client that invents such a sign loses its own redirect, and no other client's. An attacker who can
add it to the request of another client can change the answer as well.
"""

import string
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import structlog

from waypost.address import DomainName
from waypost.errors import DomainError
from waypost.web.public.log_texts import host_text
from waypost.web.public.proxy import host_without_port
from waypost.web.public.request import Request, one_slash_each

MARK: Final = "redirected=1"
"""In the query of a redirect to https."""
FIX: Final = (
    "let the web server in front send the scheme that the client used; "
    "nginx: proxy_set_header X-Forwarded-Proto $scheme;"
)
_USUAL_PORTS: Final = frozenset({80, 443})


# What web servers, load balancers and content networks write, by header: one of the words in it
# says that the client used https.
_WORDS: Final[Mapping[bytes, tuple[str, ...]]] = {
    b"x-forwarded-proto": ("https",),
    b"x-forwarded-protocol": ("https", "ssl"),
    b"x-forwarded-scheme": ("https",),
    b"x-scheme": ("https",),
    b"x-url-scheme": ("https",),
    b"x-original-proto": ("https",),
    b"cloudfront-forwarded-proto": ("https",),
    b"x-forwarded-ssl": ("on",),
    b"x-forwarded-https": ("on", "1", "true"),
    b"front-end-https": ("on",),
    b"x-appengine-https": ("on",),
    b"fastly-ssl": ("1",),
    b"x-forwarded-port": ("443",),
    b"cf-visitor": ('{"scheme":"https"}',),
    # RFC 7239 s5.4, in any of its elements.
    b"forwarded": ("proto=https", 'proto="https"'),
}
FROM_WEB_SERVERS: Final = frozenset(_WORDS)
# So many words of a header count, from the right.
_WORDS_MAX: Final = 100
# RFC 9110 s7.2: a client leaves the usual port of the scheme out, but a web server may add it.
_HOSTS: Final = (b"host", b"x-forwarded-host")
# W3C Fetch Metadata Request Headers s2: a browser sends these to https alone (and to itself).
# Microsoft's Application Request Routing says in the last one with which certificate.
_NOT_EMPTY: Final = (b"sec-fetch-dest", b"sec-fetch-mode", b"sec-fetch-site", b"x-arr-ssl")
# RFC 9110 s10.1.3, RFC 6454 s7: the page of this host that the client comes from.
_PAGES: Final = (b"origin", b"referer")


def https_sign(request: Request) -> str | None:
    """Return what in a request says that its client used https, or None if nothing does."""
    for name, raw in request.headers:
        if _is_sign(name, raw.decode("latin-1").strip().lower(), request):
            return name.decode("latin-1")
    return MARK if _is_marked(request) else None


def _is_sign(name: bytes, value: str, request: Request) -> bool:
    if name in _HOSTS:
        return value.endswith(":443")
    if name in _NOT_EMPTY:
        return bool(value)
    if name in _PAGES:
        return _is_own_page(value, request)
    words = _WORDS.get(name, ())
    if not words:
        return False
    last = value.replace(";", ",").rsplit(",", _WORDS_MAX)[-_WORDS_MAX:]
    return any(word.strip() in words for word in last)


def _is_marked(request: Request) -> bool:
    return MARK.encode() in request.query_string.split(b"&")


def _is_own_page(value: str, request: Request) -> bool:
    scheme, _, rest = value.partition("://")
    host = host_without_port(rest.partition("/")[0])
    return scheme == "https" and _host(host) == _host(host_without_port(request.origin.host))


class SchemeCheck:
    """Decides which requests came over plain http, and warns once of a wrong scheme."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._warned: set[str] = set()
        self._log = structlog.get_logger(__name__)

    def is_plain_http(self, request: Request) -> bool:
        """Return whether nothing says that the client used https.

        Only then is a redirect to https not one to the URL that was asked.
        """
        if request.origin.scheme != "http":
            return False
        sign = https_sign(request)
        if sign is None:
            return True
        if request.origin.scheme_is_told:
            line = "the web server in front sends the scheme http for requests that came by https"
            self._warn(request, line, sign, FIX)
        elif sign == MARK:
            # Without a sign and without a believed web server nothing is known of the scheme.
            line = "the web server in front does not send the scheme of requests that came by https"
            self._warn(request, line, sign, f"{FIX} and set proxy_count = 1 or trusted_proxies")
        return False

    def _warn(self, request: Request, line: str, sign: str, fix: str) -> None:
        if line not in self._warned:
            self._warned.add(line)
            host = host_text(request.origin.host)
            self._log.warning(line, host=host, https_seen_in=sign, fix=fix)


def https_url(base: str, request: Request) -> str:
    """Return the URL of the same path and query on https, with the mark.

    Args:
        base: scheme and host, from the configuration or of a domain that is served.
        request: says path and query, which has no mark yet.
    """
    # RFC 9110 s10.2.2: Location is a URI reference, ASCII alone.
    query = quote(request.query_string, safe=string.punctuation)
    return f"{base}{request.path}?{query}{'&' if query else ''}{MARK}"


def leads_back(request: Request, url: str, *others: str) -> bool:
    """Return whether a URL is the one that the client asked, as far as host, port and path tell.

    RFC 9110 s7.2: Host has the port unless it is the usual one. Of which scheme does not count,
    because a web server that ends TLS may hide it; nor does the query.

    Args:
        request: what the client asked.
        url: where it would be sent.
        others: paths of this server that lead to the one that was asked.
    """
    parts = urlsplit(url)
    host = host_without_port(request.origin.host)
    if _host(host) != _host(parts.hostname or ""):
        return False
    if _port_behind(request.origin.host) != _port_behind(parts.netloc):
        return False
    return _path(unquote(parts.path)) in {_path(one) for one in (request.path, *others)}


def _host(host: str) -> str:
    """Return a host as DNS knows it (RFC 3986 s3.2.2: any case, a dot at its end, U-labels)."""
    try:
        return DomainName.parse(host).ascii
    except DomainError:
        return host.lower()


def _path(path: str) -> str:
    return one_slash_each(path).rstrip("/").lower()


def _port_behind(host: str) -> int | None:
    """Return a port behind a host (RFC 3986 s3.2.3: digits, or none) that is not a usual one."""
    port = host.rpartition(":")[2] if ":" in host else ""
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else None
    return None if number in _USUAL_PORTS else number
