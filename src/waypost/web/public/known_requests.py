"""Requests that differ only in the address: divided around it, without a parser.

Only the bytes of requests that the router has parsed count as known; this module finds the place of
the address in them, and refuses what two parsers could read in two ways.
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from waypost.core.address import ANONYMOUS_LOCAL_PART, DomainName, EmailAddress
from waypost.core.clients import log_name_of
from waypost.web.app_context import AccessLogEntry
from waypost.web.public.hosts import WWW
from waypost.web.public.request import Request

REQUEST_MAX_BYTES: Final = 1024
"""Longer requests are not kept: any client can invent as many as the tables hold."""
_LOCAL_PART: Final = rb"([A-Za-z0-9._-]{1,64})"
_DOMAIN: Final = rb"([a-z0-9.-]{1,189})"
_GET: Final = re.compile(
    # No address in the path.
    rb"(GET [^?@% \r\n]{1,60}\?[A-Za-z]{1,20}=)"
    + _LOCAL_PART
    + b"(?:@|%40)"
    + _DOMAIN
    + rb"((?:&[A-Za-z]{1,20}=[A-Za-z0-9]{1,20}){0,2} HTTP/1\.1\r\n)"
)
_BODY: Final = re.compile(rb">" + _LOCAL_PART + b"@" + _DOMAIN + b"<")
END_OF_HEAD: Final = b"\r\n\r\n"
# Answers do not depend on these fields. All others are read by the router and the handlers.
# `From` is not one of them: it would keep the addresses of users in memory.
_IGNORED: Final = frozenset(
    {
        *(b"host", b"user-agent", b"dnt", b"priority", b"pragma"),
        *(b"accept", b"accept-charset", b"accept-encoding", b"accept-language"),
        *(b"cache-control", b"content-type", b"content-length", b"connection"),
    }
)
_CLOSES: Final = {b"": False, b"keep-alive": False, b"close": True}
_ANONYMOUS_LOCAL_PART: Final = ANONYMOUS_LOCAL_PART.encode()


class RequestParts(NamedTuple):
    """A request, divided around the address; `other_bytes` are the same for all users."""

    other_bytes: tuple[bytes, ...]
    local_part: bytes
    domain: bytes
    header_block: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """What a block of header fields means, byte for byte."""

    client: str
    closes: bool
    body_length: int
    content_type: bytes | None


def split_request(data: bytes) -> RequestParts | None:
    """Divide a request around the address; None if it is not one of the usual requests."""
    if len(data) > REQUEST_MAX_BYTES:
        return None
    if (found := _GET.match(data)) is None:
        return _split_other_request(data)
    before, local_part, domain, after = found.groups()
    if local_part == _ANONYMOUS_LOCAL_PART:
        return None
    return RequestParts((before, after), local_part, domain, data[found.end() :], b"")


def _split_other_request(data: bytes) -> RequestParts | None:
    """Divide a request with the address in its body, or without an address."""
    head, end, body = data.partition(END_OF_HEAD)
    line, _, block = head.partition(b"\r\n")
    if not end:
        return None
    if not body:
        return RequestParts((data,), b"", b"", block, b"")
    if (found := _BODY.search(body)) is None:
        return None
    local_part, domain = found.groups()
    other_bytes = (line, body[: found.start(1)], body[found.end(2) :])
    return RequestParts(other_bytes, local_part, domain, block, body)


def header_block(data: bytes, request: Request, parts: RequestParts) -> HeaderBlock | None:
    """Return what the header fields of a request mean; None if an answer may depend on them."""
    fields = dict(request.headers)
    lines = data.partition(END_OF_HEAD)[0]
    is_usual = (
        request.method in {"GET", "POST"}
        and request.http_version == "1.1"
        and fields.keys() <= _IGNORED
        # One request, and each field in its own line.
        and len(fields) == len(request.headers) == lines.count(b"\n") == lines.count(b"\r\n")
        and len(data) == len(lines) + len(END_OF_HEAD) + len(parts.body)
        and fields.get(b"content-length", b"0") == b"%d" % len(parts.body)
    )
    closes = _CLOSES.get(fields.get(b"connection", b"").lower())
    if not is_usual or closes is None:
        return None
    client = log_name_of(fields.get(b"user-agent", b"").decode("latin-1"))
    return HeaderBlock(client, closes, len(parts.body), fields.get(b"content-type"))


def names_logged_address(request: Request, log_entry: AccessLogEntry, parts: RequestParts) -> bool:
    """Return whether the handler has read the address, or the host, that was cut out."""
    if not parts.local_part:
        # `other_bytes` has the host name, and would have the query, which may name a user.
        host = None if request.query_string else request.host_domain()
        # A host name that begins with `www.` depends on two entries.
        if log_entry.address is not None or host is None or host.ascii.startswith(WWW):
            return False
        return host.ascii == log_entry.domain
    # A comment or a reference could be read in another way than the text that was cut out, and the
    # address could be there once more, in another spelling. LegacyDN names the user as well.
    if any(sign in parts.body for sign in (b"&", b"<!", b"LegacyDN")):
        return False
    if parts.body.rfind(b"<?") > 0 or parts.body.count(b"@") > 1:
        return False
    cut_out = EmailAddress(parts.local_part.decode(), DomainName(parts.domain.decode()))
    return log_entry.address == cut_out and log_entry.domain == cut_out.domain.ascii
