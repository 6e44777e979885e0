"""Microsoft Autodiscover (POX) over HTTP: MS-OXDISCO s3.1.5, MS-OXDSCLI s3.2.5, MS-ASCMD s2.2.1."""

from typing import Final

from waypost.address import DomainName
from waypost.errors import (
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
from waypost.formats import activesync, autodiscover
from waypost.formats.autodiscover_request import BODY_MAX_OCTETS
from waypost.web.public.context import Context, Noted
from waypost.web.public.proxy import claims_https
from waypost.web.public.reply import Reply, on_https, redirect
from waypost.web.public.request import Request

PATH: Final = "/autodiscover/autodiscover.xml"
_RENDER: Final = {
    autodiscover.ResponseSchema.OUTLOOK: autodiscover.render,
    autodiscover.ResponseSchema.MOBILESYNC: activesync.render,
}


async def post(context: Context, request: Request, noted: Noted) -> Reply:
    """Answer Outlook's question, or a phone's. Refusals are ErrorCodes in a 200, as Exchange's."""
    try:
        body = await request.body(BODY_MAX_OCTETS)
        asked = autodiscover.parse_request(body, request.header(b"content-type"))
        noted.address, noted.domain = asked.address, asked.address.domain.ascii
        try:
            found = await context.lookup.about_address(asked.address)
        except DomainMoved as moved:
            return _moved(asked, moved)
        return _reply(200, context.documents.render(_RENDER[asked.wanted], found), "ok")
    except RequestTooLarge as error:
        # RFC 9110 s15.5.14: who goes on sending may be cut off.
        return _refuse(413, error).plus(("connection", "close"))
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


async def get(context: Context, request: Request, noted: Noted) -> Reply:
    """Answer Outlook's redirect probe (MS-OXDISCO s3.1.5.4) over plain http; refuse all else.

    A 2xx would end Delta Chat's search, so the refusal is a 405 around Exchange's XML.
    """
    domain = request.host_domain()
    # The name that the client used is told back, so it must be one that this URL has.
    named = not request.origin.host.lower().startswith(("autoconfig.", "ua-auto-config."))
    if _is_over_http(request) and domain is not None and named:
        noted.domain = domain.ascii
        try:
            await context.lookup.for_domain(domain)
            return _to_https(context, request, domain)
        except DomainMoved as moved:
            # A new address is told to the POST only, which says whose it is.
            return _to_https(context, request, domain) if moved.url is None else redirect(moved.url)
        except (DomainNotServed, StoreError, StoreUnavailable):
            pass
    body = autodiscover.render_error(600, "Invalid Request")
    return _reply(405, body, "method_not_allowed").plus(("allow", "POST"))


def _is_over_http(request: Request) -> bool:
    """Tell whether a redirect to https leads elsewhere than here.

    Behind a web server that is not believed all requests seem to come over http. The redirect of
    one that came by https would be a circle, and there the refusal is right.
    """
    origin = request.origin
    if origin.scheme != "http":
        return False
    return origin.scheme_is_told or not claims_https(request.headers)


def own_url(public_url: str | None, domain: DomainName) -> str:
    """Give the https URL at which clients of a served domain reach this format."""
    return f"{_base_url(public_url, domain)}{PATH}"


def _base_url(public_url: str | None, domain: DomainName) -> str:
    return public_url or f"https://autodiscover.{domain.ascii}"


def _to_https(context: Context, request: Request, domain: DomainName) -> Reply:
    """Redirect to the same URL on https; its host is configured, or the served domain's."""
    base = _base_url(context.public_url, domain)
    with_prefix = request.origin.host.lower().startswith("autodiscover.")
    if context.public_url is None and not with_prefix:
        base = f"https://{domain.ascii}"
    return on_https(base, request)


def _moved(asked: autodiscover.AutodiscoverRequest, moved: DomainMoved) -> Reply:
    """Tell a client where to ask instead."""
    if asked.wanted is autodiscover.ResponseSchema.OUTLOOK:
        body = autodiscover.render_redirect(asked.address, moved.address_domain, moved.url)
    elif moved.address_domain is not None:
        body = activesync.render_redirect(asked.address, moved.address_domain)
    else:
        # MS-ASCMD has no element for a URL. MS-OXDSCLI s3.2.5: a 302 leads to another one.
        return redirect(moved.url or "", moved.code)
    return _reply(200, body, moved.code)


def _refuse(status: int, error: WaypostError) -> Reply:
    return _reply(status, autodiscover.render_refusal(error), error.code)


def _reply(status: int, body: bytes, code: str) -> Reply:
    return Reply(status, autodiscover.CONTENT_TYPE, body, (("cache-control", "no-store"),), code)
