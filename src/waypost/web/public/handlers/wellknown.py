"""Well-known URLs that redirect to a service: RFC 6764 s5, RFC 8620 s2.2."""

import string
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final
from urllib.parse import quote, urlsplit

from waypost.core.address import DomainName
from waypost.core.errors import DomainNotServed, StoreError, StoreUnavailable
from waypost.core.model import ClientConfig, Format, ServiceType, UrlEndpoint
from waypost.core.placeholders import shared_url
from waypost.core.preference import is_protected
from waypost.web.app_context import AccessLogEntry, AppContext, Handler
from waypost.web.public.hosts import mail_domain
from waypost.web.public.origin.schemes import is_redirect_loop
from waypost.web.public.request import Request
from waypost.web.public.response import TEXT, Response, not_found

PREFIX: Final = "/.well-known/"  # RFC 8615 s3
TYPES: Final[Mapping[str, ServiceType]] = {
    "caldav": ServiceType.CALDAV,
    "carddav": ServiceType.CARDDAV,
    "jmap": ServiceType.JMAP,
}
PATHS: Final = tuple(f"{PREFIX}{name}" for name in TYPES)
# RFC 6764 s5 and s6: clients use PROPFIND as well; WebDAV clients send OPTIONS before it.
METHODS: Final = ("GET", "PROPFIND", "OPTIONS")
# How many labels above a service's host its domain is searched.
_PARENTS_MAX: Final = 4


def handlers(kind: ServiceType) -> dict[str, Handler]:
    """Return the handlers of one of the URLs, by method."""

    async def redirect(
        context: AppContext, request: Request, log_entry: AccessLogEntry
    ) -> Response:
        return await _redirect(kind, context, request, log_entry)

    return dict.fromkeys(METHODS, redirect)


async def _redirect(
    kind: ServiceType, context: AppContext, request: Request, log_entry: AccessLogEntry
) -> Response:
    """Redirect a client to the service; 404 if there is none. The answer repeats no client text.

    A 307, which RFC 6764 s5 names: the method stays the same, PROPFIND too (RFC 9110 s15.4.8), and
    no client keeps it without end, as it may keep a 301.
    """
    host = await mail_domain(context, request)
    if host is None:
        return not_found(DomainNotServed.code, "Host is not a domain name")
    log_entry.domain = host.ascii
    urls = await _service_urls(kind, context, host)
    # No redirect to the requested URL, nor to one that redirects there.
    url = next((url for url in urls if not is_redirect_loop(request, url, *PATHS)), None)
    if url is None:
        return not_found("no_usable_service", f"no {kind} service is known here")
    headers = (
        ("location", url),
        ("cache-control", f"public, max-age={context.max_age_seconds}"),
    )
    return Response(307, TEXT, b"", headers, "redirected")


async def _service_urls(kind: ServiceType, context: AppContext, host: DomainName) -> list[str]:
    """Return the URLs for a served domain, or for the host of a service of a domain above it.

    The host of a service comes first: a pattern may match such a host as if it were a mail domain.
    """
    urls = await _urls_of_domain(kind, context, host)
    if not any(_host(url) == host.ascii for url in urls):
        try:
            urls = await _urls_of_parents(kind, context, host) or urls
        except (StoreUnavailable, StoreError):
            if not urls:
                raise
    return urls


async def _urls_of_parents(kind: ServiceType, context: AppContext, host: DomainName) -> list[str]:
    """Return the URLs at a host, of the nearest domain above it that has some."""
    for parent in islice(host.parents(), _PARENTS_MAX):
        urls = [
            url for url in await _urls_of_domain(kind, context, parent) if _host(url) == host.ascii
        ]
        if urls:
            return urls
    return []


async def _urls_of_domain(kind: ServiceType, context: AppContext, domain: DomainName) -> list[str]:
    try:
        return list(_shared_urls(kind, await context.lookup.for_domain(domain)))
    except DomainNotServed:
        return []


def _shared_urls(kind: ServiceType, config: ClientConfig) -> Iterator[str]:
    """Yield the URLs of a service that are the same for all users, the TLS ones first.

    RFC 6764 s6: a client finds its principal from there, so the part above the user's own is
    enough.
    """
    candidates = config.for_format(Format.DNS).of_type(kind)
    services = sorted(candidates, key=lambda service: not is_protected(service))
    for service in services:
        if isinstance(service.endpoint, UrlEndpoint):
            url = shared_url(service.endpoint.url)
            if url is not None:
                # RFC 9110 s10.2.2: Location is a URI reference, ASCII alone.
                yield quote(url, safe=string.punctuation)


def _host(url: str) -> str:
    """Return the host of a URL as in DNS (RFC 3986 s3.2.2: any case, a dot at its end)."""
    return (urlsplit(url).hostname or "").rstrip(".")
