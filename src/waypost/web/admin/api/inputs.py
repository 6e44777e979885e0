"""The body and the conditions of a request to the API."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from starlette.requests import ClientDisconnect

from waypost.core.errors import ProvidersError
from waypost.providers_file.document import parse
from waypost.web.admin.api.problems import ApiError

OBJECT_MAX_BYTES: Final = 1024 * 1024
OBJECT_MAX_COMMAS: Final = 20_000
"""Each value of an object may be a mistake, which takes much more memory than the value."""
_JSON_TYPE: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json(?:\s*;.*)?", re.IGNORECASE)
# RFC 9110 s8.8.3; Waypost's versions have no quotes.
_ETAGS: Final = re.compile(r'\s*"([\x21\x23-\x7e]*)"\s*')


async def read_object(request: Request, max_bytes: int = OBJECT_MAX_BYTES) -> dict[str, Any]:
    """Return the JSON object in the body of a request.

    Raises:
        ApiError: 400 if the body is no JSON object, 413 if it is too large, 415 if the media type
            is another one.
    """
    media_type = request.headers.get("content-type", "application/json")
    if _JSON_TYPE.fullmatch(media_type) is None:
        raise ApiError(415, "unsupported_media_type", "the body must be application/json")
    body = bytearray()
    async for part in body_parts(request):
        body += part
        if len(body) > max_bytes:
            detail = f"the body is longer than {max_bytes} bytes"
            raise ApiError(413, "too_large", detail, {"connection": "close"})
    if body.count(b",") > OBJECT_MAX_COMMAS:
        raise ApiError(413, "too_large", f"the body has more than {OBJECT_MAX_COMMAS} commas")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ApiError(400, "bad_request", "the body is not UTF-8") from error
    if "\0" in text:
        raise ApiError(400, "bad_request", "the body contains a NUL character")
    try:
        return parse(text, "body", "json")
    except ProvidersError as error:
        raise ApiError(400, "bad_request", "; ".join(error.problems)) from error


async def body_parts(request: Request) -> AsyncIterator[bytes]:
    """Yield the parts of the body of a request.

    Raises:
        ApiError: 400 if the connection ended first, which is no defect and no line in the log.
    """
    try:
        async for part in request.stream():
            yield part
    except ClientDisconnect as error:
        raise ApiError(400, "bad_request", "the body is not complete") from error


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of a change (RFC 9110 s13.1).

    Attributes:
        if_match: the version that is changed; `*` for any version that exists.
        if_none_match: `*` if the object must not exist.
    """

    if_match: str | None = None
    if_none_match: str | None = None


def read_conditions(request: Request) -> Conditions:
    """Return the conditions of a request.

    Raises:
        ApiError: 400 if a header is not one strong entity tag, or `*` in If-None-Match.
    """
    match_header, none_match = (request.headers.get(name) for name in ("if-match", "if-none-match"))
    if none_match not in {None, "*"}:
        raise ApiError(400, "bad_request", "If-None-Match must be * for a change")
    if match_header is None or match_header.strip() == "*":
        return Conditions(None if match_header is None else "*", none_match)
    found = _ETAGS.fullmatch(match_header)
    if found is None:
        raise ApiError(400, "bad_request", "If-Match must be one entity tag, such as the ETag sent")
    return Conditions(found[1], none_match)


def etag(version: str) -> str:
    """Return a version as an entity tag."""
    return f'"{version}"'


def is_unchanged(request: Request, version: str) -> bool:
    """Return whether a client that reads has this version already (RFC 9110 s13.1.2)."""
    known = request.headers.get("if-none-match", "")
    tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
    return etag(version) in tags
