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
from waypost.web.app_context import AppContext, RequestLog
from waypost.web.public.hosts import https_base, mail_domain
from waypost.web.public.origin.schemes import https_url, leads_back
from waypost.web.public.request import Request
from waypost.web.public.response import Response, redirect

PATH: Final = pox.PATH
_RENDER: Final = {
    pox.ResponseSchema.OUTLOOK: pox.render,
    pox.ResponseSchema.MOBILESYNC: activesync.render,
}


async def post(context: AppContext, request: Request, noted: RequestLog) -> Response:
    """Answer Outlook or a phone. Refusals are ErrorCodes in a 200, as Exchange sends them."""
    try:
        body = await request.body(BODY_MAX_BYTES)
        asked = pox.parse_request(body, request.header(b"content-type"))
        noted.address, noted.domain = asked.address, asked.address.domain.ascii
        try:
            found = await context.lookup.about_address(asked.address)
        except DomainMoved as moved:
            return _moved(request, asked, moved)
        return _reply(200, context.documents.render(_RENDER[asked.wanted], found), "ok")
    except RequestTooLarge as error:
        # RFC 9110 s15.5.14: the connection may be closed on a client that continues to send.
        return _refuse(413, error)
    except (
        AddressError,
        DomainNotServed,
        NoUsableService,
        RequestError,
        ServiceNotOffered,
        StoreError,
        StoreUnavailable,
    ) as error:
        return _refuse(200, error)


async def get(context: AppContext, request: Request, noted: RequestLog) -> Response:
    """Answer Outlook's redirect probe (MS-OXDISCO s3.1.5.4) over plain http; refuse all else.

    A 2xx would end Delta Chat's search, so the refusal is a 405 around Exchange's XML.
    """
    # The redirect repeats the name that the client used, so it must be a name that this URL has.
    named = not request.origin.host.lower().startswith(("autoconfig.", "ua-auto-config."))
    url = None
    if named and context.schemes.is_plain_http(request):
        with suppress(DomainNotServed, StoreError, StoreUnavailable):
            url = await _probed(context, request, noted)
    if url is not None:
        return redirect(url)
    body = pox.render_error(600, "Invalid Request")
    return _reply(405, body, "method_not_allowed").plus(("allow", "POST"))


async def _probed(context: AppContext, request: Request, noted: RequestLog) -> str | None:
    """Return the target of the redirect probe, or None if it gets no redirect.

    Raises:
        DomainNotServed: Host names no domain that is served.
        StoreUnavailable, StoreError: the store does not answer.
    """
    domain = await mail_domain(context, request)
    if domain is None:
        return None
    noted.domain = domain.ascii
    try:
        await context.lookup.for_domain(domain)
    except DomainMoved as moved:
        # Only the POST gets the new address, because only the POST says which address it is for.
        if moved.url is not None:
            return None if leads_back(request, moved.url) else moved.url
    base = https_base(context, request)
    return None if base is None else https_url(base, request)


def _moved(request: Request, asked: pox.AutodiscoverRequest, moved: DomainMoved) -> Response:
    """Send a client to the place of the new address or URL.

    Raises:
        DomainNotServed: the new URL is the one that the client has asked.
    """
    if moved.url is not None and leads_back(request, moved.url):
        raise DomainNotServed(f"{asked.address.domain} is not served here")
    if asked.wanted is pox.ResponseSchema.OUTLOOK:
        body = pox.render_redirect(asked.address, moved.address_domain, moved.url)
    elif moved.address_domain is not None:
        body = activesync.render_redirect(asked.address, moved.address_domain)
    else:
        # MS-ASCMD has no element for a URL. MS-OXDSCLI s3.2.5: a 302 redirects to another one.
        return redirect(moved.url or "", moved.code)
    return _reply(200, body, moved.code)


def _refuse(status: int, error: WaypostError) -> Response:
    return _reply(status, pox.render_refusal(error), error.code)


def _reply(status: int, body: bytes, code: str) -> Response:
    return Response(status, pox.CONTENT_TYPE, body, (("cache-control", "no-store"),), code)
