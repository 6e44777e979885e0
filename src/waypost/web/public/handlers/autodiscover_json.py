"""Microsoft Autodiscover V2 (JSON) over HTTP."""

import re
from typing import Final
from urllib.parse import urlencode, urlsplit

from waypost.core.address import EmailAddress
from waypost.core.errors import (
    AddressError,
    DomainMoved,
    DomainNotServed,
    RequestError,
    ServiceNotOffered,
    StoreError,
    StoreUnavailable,
    WaypostError,
)
from waypost.formats.autodiscover import json as autodiscover_json
from waypost.formats.autodiscover import pox
from waypost.web.app_context import AppContext, RequestLog
from waypost.web.public.origin.schemes import leads_back
from waypost.web.public.request import Request, decoded_path
from waypost.web.public.response import Response, redirect, with_retry_after

PATH: Final = "/autodiscover/autodiscover.json"
PREFIX: Final = f"{PATH}/"
# In an undecoded path: the part before an address. The local part may have slashes.
BEFORE_ADDRESS: Final = re.compile(
    r"/+autodiscover/+autodiscover\.json/+(?:v[0-9.]{1,5}/+)?", re.IGNORECASE | re.ASCII
)


def one_slash_outside_address(path: str, raw_path: bytes) -> str:
    """Return a path with one slash for several, except in an address.

    Args:
        path: decoded.
        raw_path: the same as the client sent it.
    """
    return path if b"//" not in raw_path else decoded_path(raw_path, BEFORE_ADDRESS)


def is_below(path: str) -> bool:
    """Return whether a path names a user below this URL. The address may be in any script.

    The path may be decoded or not, and may have several slashes in place of one.
    """
    return BEFORE_ADDRESS.match(path) is not None


async def get(context: AppContext, request: Request, noted: RequestLog) -> Response:
    """Answer GET with `Email` and `Protocol`, or with the address in the path.

    Other parameters, such as `RedirectCount`, are not read. The answer never repeats a name or a
    URL that the client sent.
    """
    try:
        query = request.query(raw_plus=True)
        rest = request.path[len(PREFIX) :]
        address = autodiscover_json.parse_user(rest, query.get("email", ""))
        noted.address, noted.domain = address, address.domain.ascii
        protocol = autodiscover_json.parse_protocol(query.get("protocol", ""))
        try:
            found = await context.lookup.about_address(address)
        except DomainMoved as moved:
            url = _elsewhere(address, protocol, moved)
            if moved.url is not None and leads_back(request, url, PATH):
                raise DomainNotServed(f"{address.domain} is not served here") from moved
            return redirect(url, moved.code)
        base = context.public_url and f"{context.public_url}{request.mount.url_path}"
        xml_url = pox.own_url(base, address.domain)
        body = context.documents.render(autodiscover_json.render, found, protocol, xml_url)
        return _reply(200, body, "ok")
    except (AddressError, DomainNotServed, RequestError, ServiceNotOffered) as error:
        return _refuse(error)
    except (StoreError, StoreUnavailable) as error:
        return with_retry_after(_refuse(error), error)


def _elsewhere(
    address: EmailAddress, protocol: autodiscover_json.Protocol, moved: DomainMoved
) -> str:
    """Return the URL that answers the same request for the domain that has moved."""
    base = f"https://autodiscover.{moved.address_domain}"
    email = f"{address.local_part}@{moved.address_domain}"
    if moved.address_domain is None:
        base = f"https://{urlsplit(moved.url or '').netloc}"
        email = str(address)
    return f"{base}{PATH}?{urlencode({'Email': email, 'Protocol': protocol.value})}"


def _refuse(error: WaypostError) -> Response:
    body = autodiscover_json.render_refusal(error)
    return _reply(autodiscover_json.status_of(error), body, error.code)


def _reply(status: int, body: bytes, code: str) -> Response:
    headers = (("cache-control", "no-store"),)
    return Response(status, autodiscover_json.CONTENT_TYPE, body, headers, code)
