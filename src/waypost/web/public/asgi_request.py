"""A request from the scope and the messages of an ASGI server."""

import asyncio
from functools import partial
from typing import Final

from waypost.core.errors import RequestError, RequestTooLarge
from waypost.web.public.handlers.autodiscover_json import merge_slashes_outside_address
from waypost.web.public.mount import Mount, below_mount
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.request import Receive, Request, Scope

BODY_TIMEOUT_SECONDS: Final = 10.0
_WHOLE_SITE: Final = Mount()


def asgi_request(scope: Scope, receive: Receive, trust: ProxyTrust) -> Request:
    """Return the request of an HTTP scope.

    Args:
        scope: of type `http`.
        receive: returns the parts of the body.
        trust: the proxies whose headers are believed.
    """
    headers = scope["headers"]
    path, raw_path = scope["path"], scope.get("raw_path") or scope["path"].encode()
    mount = Mount.of(root_path) if (root_path := scope.get("root_path")) else _WHOLE_SITE
    if mount.path:
        path, raw_path = below_mount(path, raw_path, mount)
    client = scope.get("client")
    peer = client[0] if client else None
    return Request(
        method=scope["method"],
        path=merge_slashes_outside_address(path, raw_path),
        raw_path=raw_path,
        query_string=scope["query_string"],
        headers=headers,
        client=client,
        server=scope.get("server"),
        origin=trust.resolve(peer, scope["scheme"], headers),
        read_body=partial(_read_body, receive),
        http_version=str(scope["http_version"]),
        mount=mount,
    )


async def _read_body(receive: Receive, max_bytes: int) -> bytes:
    """Read the body in limited memory and time.

    Raises:
        RequestTooLarge: it is longer than `max_bytes`.
        RequestError: it did not arrive in time, or the client closed the connection.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RequestError("the client closed the connection")
                body += message.get("body", b"")
                if len(body) > max_bytes:
                    raise RequestTooLarge(max_bytes)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError as error:
        raise RequestError("the request took too long to arrive") from error
