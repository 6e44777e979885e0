"""Autodiscover requests: MS-OXDSCLI and MS-ASCMD, element Autodiscover in the request."""

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from waypost.core.address import EmailAddress
from waypost.core.errors import RequestError, RequestTooLarge, UnknownSchema
from waypost.parsing import untrusted_xml
from waypost.parsing.untrusted_xml import Element

BODY_MAX_BYTES: Final = 64 * 1024


class ResponseSchema(enum.StrEnum):
    """The schema of the answer that the client requests."""

    OUTLOOK = "outlook"
    MOBILESYNC = "mobilesync"


# MS-OXDSCLI and MS-ASCMD, element AcceptableResponseSchema.
_RESPONSE_SCHEMAS: Final = {
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a": (
        ResponseSchema.OUTLOOK
    ),
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006": (
        ResponseSchema.OUTLOOK
    ),
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006": (
        ResponseSchema.MOBILESYNC
    ),
}
_MOBILESYNC_REQUEST: Final = (
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006"
)

# The elements below the root that Waypost reads.
_NAMES: Final = frozenset({"Request", "EMailAddress", "AcceptableResponseSchema"})
_BYTE_ORDER_MARKS: Final = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")
_CHARSET: Final = re.compile(r""";\s*charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_LABELLED_UTF16: Final = re.compile(
    rb"""\s*<\?xml[^>]{0,80}encoding\s*=\s*["']utf-?16""", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class AutodiscoverRequest:
    """A request that Waypost can answer.

    Attributes:
        address: the address of the user.
        response_schema: the schema of the answer; if the client names none, that of the request.
    """

    address: EmailAddress
    response_schema: ResponseSchema = ResponseSchema.OUTLOOK


def parse_request(body: bytes, content_type: str = "") -> AutodiscoverRequest:
    """Parse a request: any prefix, any order, extra elements, any encoding.

    The parser reads no DTD, expands no entity, and fetches nothing.

    Args:
        body: the bytes as received.
        content_type: the header's value; only its `charset` is used.

    Raises:
        RequestTooLarge: the body is larger than 64 KiB.
        RequestError: the body is not XML, has a DTD, is not a request, or has no address.
        AddressError: the address breaks a rule.
        UnknownSchema: the client requests a schema that Waypost does not write.
    """
    if len(body) > BODY_MAX_BYTES:
        raise RequestTooLarge(BODY_MAX_BYTES)
    root = _root(body, content_type)
    request = root.children.get("Request")
    if request is None:
        raise RequestError("there is no element Request")
    # Outlook adds LegacyDN, or sends it alone: it names a mailbox of an Exchange organisation.
    address = _text(request, "EMailAddress")
    if not address:
        raise RequestError("there is no element EMailAddress")
    parsed = EmailAddress.parse(address)
    return AutodiscoverRequest(
        parsed, _response_schema(root, _text(request, "AcceptableResponseSchema"))
    )


def _response_schema(root: Element, schema: str) -> ResponseSchema:
    if not schema:
        request_schema = _normalize_schema(root.namespace)
        return (
            ResponseSchema.MOBILESYNC
            if request_schema == _MOBILESYNC_REQUEST
            else ResponseSchema.OUTLOOK
        )
    response_schema = _RESPONSE_SCHEMAS.get(_normalize_schema(schema))
    if response_schema is None:
        raise UnknownSchema("Waypost does not write the requested schema")
    return response_schema


def _normalize_schema(schema: str) -> str:
    """Return the usual spelling of a schema's name.

    Microsoft's pages print the names with https by mistake, and some clients copy it.
    """
    return schema.lower().replace("https://", "http://", 1)


def _root(body: bytes, content_type: str) -> Element:
    root = None
    for encoding in _encodings(body, content_type):
        try:
            root = untrusted_xml.read(body, encoding, _NAMES)
        except untrusted_xml.NotWellFormed:
            continue
        except untrusted_xml.HasDoctype as error:
            raise RequestError("the request has a document type definition") from error
        break
    if root is None:
        raise RequestError("the request is not well-formed XML")
    if root.name != "Autodiscover":
        raise RequestError("the root is not the element Autodiscover")
    return root


def _encodings(body: bytes, content_type: str) -> Iterator[str | None]:
    """Yield the encodings to try, the most reliable first; None means the document's own.

    RFC 7303 s3: a byte order mark, then the transport's `charset`, then the XML declaration.
    """
    charset = _CHARSET.search(content_type)
    if charset is not None and not body.startswith(_BYTE_ORDER_MARKS):
        yield charset[1]
        if charset[1].lower() == "utf-16":
            # RFC 2781 s4.3: without a byte order mark, the byte order may be either.
            yield "utf-16be"
    yield None
    # XML that .NET wrote in memory declares UTF-16, although it is sent in another encoding.
    if _LABELLED_UTF16.match(body):
        yield "utf-8"


def _text(parent: Element, name: str) -> str:
    element = parent.children.get(name)
    return "" if element is None else element.text.strip()
