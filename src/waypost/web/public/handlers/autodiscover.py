"""Microsoft Autodiscover (POX) over HTTP: MS-OXDISCO s3.1.5, MS-OXDSCLI s3.2.5, MS-ASCMD s2.2.1."""

from contextlib import suppress
from typing import Final

from waypost.core.errors import (
    AddressError,
    DomainMoved,
    DomainNotServed,
    NoUsableService,
    RequestError,
    RequestTooLarge,
    ServiceNotOffered,
    StoreError,
    StoreUnavailable,
    WaypostError,
)
from waypost.formats.autodiscover import activesync, pox
from waypost.formats.autodiscover.request import BODY_MAX_BYTES
from waypost.web.app_context import AccessLogEntry, AppContext
from waypost.web.public.hosts import https_base, mail_domain
from waypost.web.public.origin.schemes import https_url, is_redirect_loop
from waypost.web.public.request import Request
from waypost.web.public.response import NO_STORE, Response, document, redirect

PATH: Final = pox.PATH
_RENDER: Final = {
    pox.ResponseSchema.OUTLOOK: pox.render,
    pox.ResponseSchema.MOBILESYNC: activesync.render,
}


async def post(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Answer Outlook or a phone. Refusals are ErrorCodes in a 200, as Exchange sends them."""
    try:
        body = await request.body(BODY_MAX_BYTES)
        parsed = pox.parse_request(body, request.header(b"content-type"))
        log_entry.address, log_entry.domain = (
            parsed.address,
            parsed.address.domain.ascii,
        )
        try:
            result = await context.lookup.find_by_address(parsed.address)
        except DomainMoved as moved:
            return _moved_response(request, parsed, moved)
        rendered = context.documents.render(_RENDER[parsed.response_schema], result)
        return document(pox.CONTENT_TYPE, rendered, result.entry, NO_STORE)
    except RequestTooLarge as error:
        # RFC 9110 s15.5.14: the connection may be closed on a client that continues to send.
        return _error_response(413, error)
    except (
        AddressError,
        DomainNotServed,
        NoUsableService,
        RequestError,
        ServiceNotOffered,
        StoreError,
        StoreUnavailable,
    ) as error:
        return _error_response(200, error)


async def get(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Answer Outlook's redirect probe (MS-OXDISCO s3.1.5.4) over plain http; refuse all else.

    A 2xx would end Delta Chat's search, so the refusal is a 405 around Exchange's XML.
    """
    # The redirect repeats the name that the client used, so it must be a name that this URL has.
    is_autodiscover_host = not request.origin.host.lower().startswith(
        ("autoconfig.", "ua-auto-config.")
    )
    url = None
    if is_autodiscover_host and context.scheme_check.is_plain_http(request):
        with suppress(DomainNotServed, StoreError, StoreUnavailable):
            url = await _probe_redirect_url(context, request, log_entry)
    if url is not None:
        return redirect(url)
    body = pox.render_error(600, "Invalid Request")
    return _response(405, body, "method_not_allowed").plus(("allow", "POST"))


async def _probe_redirect_url(
    context: AppContext, request: Request, log_entry: AccessLogEntry
) -> str | None:
    """Return the target of the redirect probe, or None if it gets no redirect.

    Raises:
        DomainNotServed: Host names no domain that is served.
        StoreUnavailable, StoreError: the store does not answer.
    """
    domain = await mail_domain(context, request)
    if domain is None:
        return None
    log_entry.domain = domain.ascii
    try:
        await context.lookup.for_domain(domain)
    except DomainMoved as moved:
        # Only the POST gets the new address, because only the POST says which address it is for.
        if moved.url is not None:
            return None if is_redirect_loop(request, moved.url) else moved.url
    base = https_base(context, request)
    return None if base is None else https_url(base, request)


def _moved_response(
    request: Request, parsed: pox.AutodiscoverRequest, moved: DomainMoved
) -> Response:
    """Send a client to the place of the new address or URL.

    Raises:
        DomainNotServed: the new URL is the one that the client has asked.
    """
    if moved.url is not None and is_redirect_loop(request, moved.url):
        raise DomainNotServed(f"{parsed.address.domain} is not served here")
    if parsed.response_schema is pox.ResponseSchema.OUTLOOK:
        body = pox.render_redirect(parsed.address, moved.address_domain, moved.url)
    elif moved.address_domain is not None:
        body = activesync.render_redirect(parsed.address, moved.address_domain)
    else:
        # MS-ASCMD has no element for a URL. MS-OXDSCLI s3.2.5: a 302 redirects to another one.
        return redirect(moved.url or "", moved.code)
    return _response(200, body, moved.code)


def _error_response(status: int, error: WaypostError) -> Response:
    return _response(status, pox.render_refusal(error), error.code)


def _response(status: int, body: bytes, code: str) -> Response:
    return Response(status, pox.CONTENT_TYPE, body, (NO_STORE,), code)
