"""Requests that differ only in the address: divided around it, without a parser.

Only the bytes of requests that the router has parsed count as known; this module finds the place of
the address in them, and refuses what two parsers could read in two ways.
"""

import re
import string
from dataclasses import dataclass
from typing import Final, NamedTuple

from waypost.core.address import ANONYMOUS_LOCAL_PART, DomainName, EmailAddress
from waypost.core.clients import log_name_of
from waypost.web.app_context import AccessLogEntry
from waypost.web.public.hosts import WWW
from waypost.web.public.origin.schemes import WEB_SERVER_HEADERS, https_header
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
    + rb"((?:&[A-Za-z]{1,20}=[A-Za-z0-9]{1,20}){0,2} )(?=HTTP/1\.[01]\r\n)"
)
_BODY: Final = re.compile(rb">" + _LOCAL_PART + b"@" + _DOMAIN + b"<")
END_OF_HEAD: Final = b"\r\n\r\n"
# Answers depend on these fields in no other way than `HeaderBlock` says. All others are read by the
# router and the handlers. `From` is not one of them: it would keep addresses of users in memory.
_KNOWN_FIELDS: Final = frozenset(
    {
        *(b"host", b"user-agent", b"dnt", b"priority", b"pragma"),
        *(b"accept", b"accept-charset", b"accept-encoding", b"accept-language"),
        *(b"cache-control", b"content-type", b"content-length", b"connection"),
        *(b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-server", b"x-real-ip", b"via"),
        # `Forwarded` names the client among other things.
        *(WEB_SERVER_HEADERS - {b"forwarded"}),
    }
)
_CLOSES: Final = {b"": False, b"keep-alive": False, b"close": True}
_ADDRESS_CHARACTERS: Final = b"0123456789ABCDEFabcdef.:, "
# Without a colon: port 443 is a sign of https.
_NAME_CHARACTERS: Final = (string.ascii_letters + string.digits + ".-").encode()
_FORWARDED_FOR: Final = (b"\r\nX-Forwarded-For: ", b"\r\nx-forwarded-for: ")
# The fields whose values differ between the clients of a site, as web servers write them, and the
# characters of the values that are cut out.
_CLIENT_FIELDS: Final = tuple(
    (field, _ADDRESS_CHARACTERS)
    for field in (
        *_FORWARDED_FOR,
        *(b"\r\nX-Real-IP: ", b"\r\nX-Real-Ip: ", b"\r\nx-real-ip: "),
    )
)
_CLIENT_FIELD_NAMES: Final = frozenset(dict(_CLIENT_FIELDS))
# The fields whose values differ between domains. If the address has the domain, no answer depends
# on them.
_HOST_FIELDS: Final = (
    (b"\r\nHost: ", _NAME_CHARACTERS),
    (b"\r\nhost: ", _NAME_CHARACTERS),
    (b"\r\nX-Forwarded-Host: ", _NAME_CHARACTERS),
    (b"\r\nx-forwarded-host: ", _NAME_CHARACTERS),
)
_CLIENT_AND_HOST_FIELDS: Final = _CLIENT_FIELDS + _HOST_FIELDS
_ANONYMOUS_LOCAL_PART: Final = ANONYMOUS_LOCAL_PART.encode()


class RequestParts(NamedTuple):
    """A request, divided around the address; `other_bytes` are the same for all users."""

    other_bytes: tuple[bytes, ...]
    local_part: bytes
    domain: bytes
    header_block: bytes  # with the HTTP version in front
    body: bytes


class GeneralBlock(NamedTuple):
    """A block of header fields without the values that differ between clients and domains.

    Attributes:
        other_bytes: the rest.
        forwarded_for: the value of X-Forwarded-For, or nothing.
        names_client: whether a value of this client was removed.
    """

    other_bytes: tuple[bytes, ...]
    forwarded_for: bytes
    names_client: bool


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """What a block of header fields means, byte for byte.

    Attributes:
        client: the family of the client, for the log.
        closes: whether the connection is closed after the answer.
        body_length: in bytes.
        variant: what the answer may depend on: the type of the body, the scheme, and which of
            several values of proxies count.
    """

    client: str
    closes: bool
    body_length: int
    variant: str


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
    end_of_target = head.rfind(b" ", 0, head.find(b"\r\n"))
    if not end or end_of_target < 0:
        return None
    target, block = head[:end_of_target], head[end_of_target:]
    if not body:
        general = without_values(block, has_address=False)
        return RequestParts((target, *general.other_bytes), b"", b"", block, b"")
    # Other methods have an address in the query, if at all, whatever is in the body.
    if not target.startswith(b"POST ") or (found := _BODY.search(body)) is None:
        return None
    local_part, domain = found.groups()
    other_bytes = (target, body[: found.start(1)], body[found.end(2) :])
    return RequestParts(other_bytes, local_part, domain, block, body)


def without_values(block: bytes, *, has_address: bool) -> GeneralBlock:
    """Remove the values that differ between clients, and between domains, from header fields.

    Args:
        block: the fields, with the HTTP version in front.
        has_address: whether the request has an address, so that its host does not matter.
    """
    found: list[bytes] = []
    forwarded_for = b""
    for field, characters in _CLIENT_AND_HOST_FIELDS if has_address else _CLIENT_FIELDS:
        start = block.find(field)
        if start < 0:
            continue
        start += len(field)
        end = block.find(b"\r\n", start)
        value = block[start:end]
        if end <= start or value.translate(None, characters):
            continue
        block = block[:start] + block[end:]
        found.append(field)
        if field in _FORWARDED_FOR:
            forwarded_for = value
    # With the names, because a field without a value has the same bytes.
    names_client = not _CLIENT_FIELD_NAMES.isdisjoint(found)
    return GeneralBlock((block, *found), forwarded_for, names_client)


def header_block(
    data: bytes, request: Request, parts: RequestParts, general: GeneralBlock, depth: int
) -> HeaderBlock | None:
    """Return what the header fields of a request mean; None if an answer may depend on others.

    Args:
        data: what the connection received: the request, and perhaps more.
        request: the request.
        parts: the same, divided.
        general: its header fields, as `without_values` returns them.
        depth: the position of the values of proxies that count, as `ProxyTrust.depth` returns it.
    """
    fields = dict(request.headers)
    lines = data.partition(END_OF_HEAD)[0]
    is_usual = (
        request.method in {"GET", "POST"}
        and request.http_version in {"1.0", "1.1"}
        and fields.keys() <= _KNOWN_FIELDS
        # One request, and each field in its own line.
        and len(fields) == len(request.headers) == lines.count(b"\n") == lines.count(b"\r\n")
        and len(data) == len(lines) + len(END_OF_HEAD) + len(parts.body)
        and fields.get(b"content-length", b"0") == b"%d" % len(parts.body)
    )
    if b"x-forwarded-for" in fields and not general.forwarded_for:
        return None
    closes = _CLOSES.get(fields.get(b"connection", b"").lower())
    if not is_usual or closes is None:
        return None
    return HeaderBlock(
        client=log_name_of(fields.get(b"user-agent", b"").decode("latin-1")),
        closes=closes or request.http_version == "1.0",
        body_length=len(parts.body),
        variant=f"{depth} {_variant(request, fields.get(b'content-type'))}",
    )


def _variant(request: Request, content_type: bytes | None) -> str:
    """Return what an answer depends on, besides the target, the body and the domain, as a key.

    The same header fields can come with any target, so nothing here may depend on the target.
    """
    origin = request.origin
    is_https_seen = https_header(request) is not None
    return f"{origin.scheme} {origin.is_scheme_from_proxy} {is_https_seen} {content_type!r}"


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
