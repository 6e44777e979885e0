"""Whether a client used http or https, and redirects to https that cannot become a loop.

The scheme is what a web server in front sends, and that may be wrong: automx2's manual (2026.2,
its example for nginx) has `X-Forwarded-Proto http` in a server for port 80, and operators copy the
block to port 443. A redirect to https would then be a loop. Two rules prevent it:

* If anything in the request says https, the client is not redirected to https.
* Each redirect to https has a mark in its query. A request with the mark was sent to an https URL,
  whatever the web server says, and is not redirected again.

A client that invents such a sign loses only its own redirect. An attacker who can add the sign to
the request of another client can change the answer as well.
"""

import string
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.host import host_without_port
from waypost.web.public.log_texts import host_for_log
from waypost.web.public.request import Request, merge_slashes

REDIRECT_MARK: Final = "redirected=1"
"""In the query of a redirect to https."""
FIX: Final = (
    "configure the web server in front to send the scheme that the client used; "
    "nginx: proxy_set_header X-Forwarded-Proto $scheme;"
)
_USUAL_PORTS: Final = frozenset({80, 443})


# The headers of web servers, load balancers and content networks: one of these words in them
# says that the client used https.
_HTTPS_VALUES: Final[Mapping[bytes, tuple[str, ...]]] = {
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
WEB_SERVER_HEADERS: Final = frozenset(_HTTPS_VALUES)
# Maximum number of words of a header that count, from the right.
_VALUES_MAX: Final = 100
# RFC 9110 s7.2: a client omits the default port of the scheme, but a web server may add it.
_HOST_HEADERS: Final = (b"host", b"x-forwarded-host")
# W3C Fetch Metadata Request Headers s2: a browser sends these only to https (and to itself).
# Microsoft's Application Request Routing sends the certificate in the last one.
_HTTPS_ONLY_HEADERS: Final = (b"sec-fetch-dest", b"sec-fetch-mode", b"sec-fetch-site", b"x-arr-ssl")
# RFC 9110 s10.1.3, RFC 6454 s7: the page of this host that the client comes from.
_PAGE_HEADERS: Final = (b"origin", b"referer")


def https_evidence(request: Request) -> str | None:
    """Return what in a request says that its client used https, or None if nothing does."""
    return https_header(request) or (REDIRECT_MARK if _is_marked(request) else None)


def https_header(request: Request) -> str | None:
    """Return the header that says that the client used https, or None if no header does."""
    for name, raw in request.headers:
        if _is_evidence(name, raw.decode("latin-1").strip().lower(), request):
            return name.decode("latin-1")
    return None


def _is_evidence(name: bytes, value: str, request: Request) -> bool:
    if name in _HOST_HEADERS:
        return value.endswith(":443")
    if name in _HTTPS_ONLY_HEADERS:
        return bool(value)
    if name in _PAGE_HEADERS:
        return _is_own_page(value, request)
    https_values = _HTTPS_VALUES.get(name, ())
    if not https_values:
        return False
    last = value.replace(";", ",").rsplit(",", _VALUES_MAX)[-_VALUES_MAX:]
    return any(value_part.strip() in https_values for value_part in last)


def _is_marked(request: Request) -> bool:
    return REDIRECT_MARK.encode() in request.query_string.split(b"&")


def _is_own_page(value: str, request: Request) -> bool:
    scheme, _, rest = value.partition("://")
    host = host_without_port(rest.partition("/")[0])
    return scheme == "https" and _normalize_host(host) == _normalize_host(
        host_without_port(request.origin.host)
    )


LogSchemeWarning = Callable[[str, str, str, str], None]
"""Gets a line, the host of the request, what in the request says https, and the fix."""


class SchemeCheck:
    """A check which requests came over plain http; it warns once of a wrong scheme."""

    def __init__(self, log_warning: LogSchemeWarning | None = None) -> None:
        """Create a check that has not warned yet.

        Args:
            log_warning: writes a line to the log; None if there is no log.
        """
        self._warned: set[str] = set()
        self._log_warning = log_warning

    def is_plain_http(self, request: Request) -> bool:
        """Return whether nothing says that the client used https.

        Only then is a redirect to https not one to the URL that was asked.
        """
        if request.origin.scheme != "http":
            return False
        evidence = https_evidence(request)
        if evidence is None:
            return True
        if request.origin.is_scheme_from_proxy:
            line = "the web server in front sends the scheme http for requests that came by https"
            self._warn(request, line, evidence, FIX)
        elif evidence == REDIRECT_MARK:
            # Without a sign and without a trusted web server the scheme is not known.
            line = "the web server in front does not send the scheme of requests that came by https"
            self._warn(request, line, evidence, f"{FIX} and set proxy_count = 1 or trusted_proxies")
        return False

    def _warn(self, request: Request, line: str, evidence: str, fix: str) -> None:
        if self._log_warning is not None and line not in self._warned:
            self._warned.add(line)
            self._log_warning(line, host_for_log(request.origin.host), evidence, fix)


def https_url(base: str, request: Request) -> str:
    """Return the URL of the same path and query on https, with the mark.

    Args:
        base: scheme and host, from the configuration or of a domain that is served.
        request: has the path and the query, which has no mark yet.
    """
    # RFC 9110 s10.2.2: Location is a URI reference, ASCII alone.
    query = quote(request.query_string, safe=string.punctuation)
    return (
        f"{base}{request.mount.url_path}{request.path}?{query}{'&' if query else ''}{REDIRECT_MARK}"
    )


def is_redirect_loop(request: Request, url: str, *redirecting_paths: str) -> bool:
    """Return whether a URL is the one that the client asked, by its host, port and path.

    RFC 9110 s7.2: Host has the port unless it is the default one. The scheme does not count,
    because a web server that ends TLS may hide it; the query does not count either.

    Args:
        request: the client's request.
        url: the target of the redirect.
        redirecting_paths: paths of this server that redirect to the requested one.
    """
    parts = urlsplit(url)
    host = host_without_port(request.origin.host)
    if _normalize_host(host) != _normalize_host(parts.hostname or ""):
        return False
    if _non_default_port(request.origin.host) != _non_default_port(parts.netloc):
        return False
    # A web server may map the path of the protocol to the mount, so both count.
    mounts = ("", request.mount.path) if request.mount.path else ("",)
    own_paths = {
        _normalize_path(f"{mount}{path}")
        for mount in mounts
        for path in (request.path, *redirecting_paths)
    }
    return _normalize_path(unquote(parts.path)) in own_paths


def _normalize_host(host: str) -> str:
    """Return a host as in DNS (RFC 3986 s3.2.2: any case, a dot at its end, U-labels)."""
    try:
        return DomainName.parse(host).ascii
    except DomainError:
        return host.lower()


def _normalize_path(path: str) -> str:
    return merge_slashes(path).rstrip("/").lower()


def _non_default_port(host: str) -> int | None:
    """Return the port of a host (RFC 3986 s3.2.3: digits, or none) if it is not a default one."""
    port = host.rpartition(":")[2] if ":" in host else ""
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else None
    return None if number in _USUAL_PORTS else number
