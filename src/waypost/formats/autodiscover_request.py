"""What Autodiscover clients send: MS-OXDSCLI, element Autodiscover in the request."""

from dataclasses import dataclass
from typing import Final

from lxml import etree

from waypost import untrusted_xml
from waypost.address import EmailAddress
from waypost.errors import RequestError, RequestTooLarge, UnknownSchema

BODY_MAX_OCTETS: Final = 64 * 1024

_OUTLOOK_SCHEMAS: Final = frozenset(
    {
        "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a",
        "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006",
    }
)


@dataclass(frozen=True, slots=True)
class AutodiscoverRequest:
    """A question that Waypost can answer in Outlook's schema.

    Attributes:
        address: whose settings are wanted.
        response_schema: as sent; None where the client did not say.
    """

    address: EmailAddress
    response_schema: str | None


def parse_request(body: bytes) -> AutodiscoverRequest:
    """Read a request: any prefix, any order, extra elements, any encoding that XML declares.

    No DTD is read, no entity is expanded, nothing is fetched.

    Raises:
        RequestTooLarge: more than 64 KiB.
        RequestError: not XML, a DTD, not a request, or without an address.
        AddressError: the address breaks a rule.
        UnknownSchema: the answer is wanted in a schema that is not Outlook's.
    """
    if len(body) > BODY_MAX_OCTETS:
        raise RequestTooLarge(f"the request is longer than {BODY_MAX_OCTETS} octets")
    request = _child(_root(body), "Request")
    if request is None:
        raise RequestError("there is no element Request")
    address = _text(request, "EMailAddress")
    if not address:
        raise RequestError("there is no element EMailAddress")
    schema = _text(request, "AcceptableResponseSchema")
    parsed = EmailAddress.parse(address)
    # Microsoft's pages print the names of schemas with https by mistake, and some clients copy it.
    if schema and schema.replace("https://", "http://", 1).lower() not in _OUTLOOK_SCHEMAS:
        raise UnknownSchema("the wanted schema is not Outlook's")
    return AutodiscoverRequest(parsed, schema or None)


def _root(body: bytes) -> etree._Element:
    try:
        root = untrusted_xml.parse(body)
    except untrusted_xml.NotWellFormed as error:
        raise RequestError("the request is not well-formed XML") from error
    except untrusted_xml.HasDoctype as error:
        raise RequestError("the request has a document type definition") from error
    if _local_name(root) != "Autodiscover":
        raise RequestError("the root is not the element Autodiscover")
    return root


def _child(parent: etree._Element, name: str) -> etree._Element | None:
    return next((element for element in parent if _local_name(element) == name), None)


def _text(parent: etree._Element, name: str) -> str:
    element = _child(parent, name)
    return "" if element is None else (element.text or "").strip()


def _local_name(element: etree._Element) -> str:
    return etree.QName(element).localname
