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
from waypost.core.model import ClientConfig
from waypost.formats.autodiscover import json as autodiscover_json
from waypost.formats.autodiscover import pox
from waypost.web.app_context import AccessLogEntry, AppContext
from waypost.web.public.origin.schemes import is_redirect_loop
from waypost.web.public.request import Request, decode_path
from waypost.web.public.response import NO_STORE, Response, document, redirect, with_retry_after

PATH: Final = "/autodiscover/autodiscover.json"
PREFIX: Final = f"{PATH}/"
# In an undecoded path: the part before an address. The local part may have slashes.
BEFORE_ADDRESS: Final = re.compile(
    r"/+autodiscover/+autodiscover\.json/+(?:v[0-9.]{1,5}/+)?", re.IGNORECASE | re.ASCII
)


def merge_slashes_outside_address(path: str, raw_path: bytes) -> str:
    """Return a path with one slash for several, except in an address.

    Args:
        path: decoded.
        raw_path: the same as the client sent it.
    """
    return path if b"//" not in raw_path else decode_path(raw_path, BEFORE_ADDRESS)


def names_user(path: str) -> bool:
    """Return whether a path names a user below this URL. The address may be in any script.

    The path may be decoded or not, and may have several slashes in place of one.
    """
    return BEFORE_ADDRESS.match(path) is not None


async def get(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Answer GET with `Email` and `Protocol`, or with the address in the path.

    Other parameters, such as `RedirectCount`, are not read. The answer never repeats a name or a
    URL that the client sent.
    """
    try:
        query = request.query(raw_plus=True)
        path_user = request.path[len(PREFIX) :]
        address = autodiscover_json.parse_user(path_user, query.get("email", ""))
        log_entry.address, log_entry.domain = address, address.domain.ascii
        protocol = autodiscover_json.parse_protocol(query.get("protocol", ""))
        try:
            result = await context.lookup.find_by_address(address)
        except DomainMoved as moved:
            url = _moved_url(address, protocol, moved)
            if moved.url is not None and is_redirect_loop(request, url, PATH):
                raise DomainNotServed(f"{address.domain} is not served here") from moved
            return redirect(url, moved.code)
        base = context.public_url and f"{context.public_url}{request.mount.url_path}"
        rendered = context.documents.render(_document, result, protocol, base)
        return document(autodiscover_json.CONTENT_TYPE, rendered, result.entry, NO_STORE)
    except (AddressError, DomainNotServed, RequestError, ServiceNotOffered) as error:
        return _error_response(error)
    except (StoreError, StoreUnavailable) as error:
        return with_retry_after(_error_response(error), error)


def _document(
    config: ClientConfig, protocol: autodiscover_json.Protocol, base: str | None
) -> bytes:
    """Render the answer, which may contain the URL of the XML form on this server."""
    return autodiscover_json.render(config, protocol, pox.own_url(base, config.domain))


def _moved_url(
    address: EmailAddress, protocol: autodiscover_json.Protocol, moved: DomainMoved
) -> str:
    """Return the URL that answers the same request for the domain that has moved."""
    base = f"https://autodiscover.{moved.address_domain}"
    email = f"{address.local_part}@{moved.address_domain}"
    if moved.address_domain is None:
        base = f"https://{urlsplit(moved.url or '').netloc}"
        email = str(address)
    return f"{base}{PATH}?{urlencode({'Email': email, 'Protocol': protocol.value})}"


def _error_response(error: WaypostError) -> Response:
    body = autodiscover_json.render_refusal(error)
    return _response(autodiscover_json.status_of(error), body, error.code)


def _response(status: int, body: bytes, code: str) -> Response:
    return Response(status, autodiscover_json.CONTENT_TYPE, body, (NO_STORE,), code)
