"""Reading of answers as untrusted XML, for the records of clients.

The record of each client says which names, values and defaults count.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from lxml import etree

from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients.session import MailServer, UnusableDocument
from waypost.parsing import untrusted_xml

DOCUMENT_MAX_BYTES: Final = 256 * 1024
SECTIONS_MAX: Final = 100
_MAIL_TYPES: Final = {"IMAP": "imap", "POP3": "pop3", "SMTP": "smtp"}
# [code] Case matters; every client but aerc leaves `%emailaddress%` as it is.
_PLACEHOLDER: Final = re.compile("%(EMAILADDRESS|EMAILLOCALPART|EMAILDOMAIN)%")


def parsed(body: bytes) -> etree._Element:
    """Return the root of a document.

    Raises:
        Unusable: the body is not well-formed XML, or is longer than any useful answer.
    """
    if len(body) > DOCUMENT_MAX_BYTES:
        raise UnusableDocument(f"the answer is longer than {DOCUMENT_MAX_BYTES} bytes")
    try:
        return untrusted_xml.parse(body)
    except untrusted_xml.NotWellFormed as error:
        raise UnusableDocument("the answer is not well-formed XML") from error
    except untrusted_xml.HasDoctype as error:
        raise UnusableDocument("the document has a document type definition") from error


def name_of(element: etree._Element) -> str:
    """Return the name of an element without its namespace."""
    return etree.QName(element).localname


def children(element: etree._Element, *names: str) -> list[etree._Element]:
    """Return the first hundred children with one of these names, in document order."""
    found = [child for child in element if name_of(child) in names]
    return found[:SECTIONS_MAX]


def below(element: etree._Element, *path: str) -> list[etree._Element]:
    """Return the elements at a path of names."""
    found = [element]
    for name in path:
        found = [child for one in found for child in children(one, name)]
    return found[:SECTIONS_MAX]


def texts(element: etree._Element, name: str) -> list[str]:
    """Return the texts of all children with a name, unchanged."""
    return [child.text or "" for child in children(element, name)]


def text(element: etree._Element, name: str) -> str:
    """Return the text of the first child with a name; empty if there is none."""
    return next(iter(texts(element, name)), "")


def response_of(root: etree._Element, namespace: str) -> etree._Element | None:
    """Return the Response of an Autodiscover answer; None if the first is in another namespace."""
    response = next(iter(below(root, "Response")), None)
    if response is None or response.tag != f"{{{namespace}}}Response":
        return None
    return response


def provider_of(body: bytes) -> etree._Element:
    """Return the provider's element of an Autoconfig document.

    Raises:
        Unusable: the answer is not an Autoconfig document.
    """
    root = parsed(body)
    if name_of(root) != "clientConfig":
        raise UnusableDocument(
            f"the root of the document is {name_of(root)[:40]}, not clientConfig"
        )
    provider = next(iter(children(root, "emailProvider")), None)
    if provider is None:
        raise UnusableDocument("there is no emailProvider")
    return provider


def port(value: str) -> int:
    """Parse a port.

    Raises:
        Unusable: the value is not a port.
    """
    if not (value.isascii() and value.isdigit() and len(value) < 6 and 1 <= int(value) <= 65535):
        raise UnusableDocument(f"port {value[:20]!r} is invalid")
    return int(value)


def filled(value: str, address: EmailAddress) -> str:
    """Replace placeholders with the address or its parts.

    Args:
        value: a login name or a host name.
        address: the address of the account.
    """
    values = {
        "EMAILADDRESS": str(address),
        "EMAILLOCALPART": address.local_part,
        "EMAILDOMAIN": address.domain.ascii,
    }
    return _PLACEHOLDER.sub(lambda match: values[match[1]], value)


def first_imap_and_smtp(provider: etree._Element) -> tuple[etree._Element, etree._Element]:
    """Return the first IMAP and the first SMTP section, usable or not.

    Raises:
        Unusable: one of them is missing.
    """
    found = []
    for name, kind in (("incomingServer", "imap"), ("outgoingServer", "smtp")):
        section = next((one for one in children(provider, name) if one.get("type") == kind), None)
        if section is None:
            raise UnusableDocument(f"there is no {name} of the type {kind}")
        found.append(section)
    return found[0], found[1]


def first_is(provider: etree._Element, name: str, kind: str) -> etree._Element:
    """Return the first section with a name, for clients that read no other.

    Raises:
        Unusable: there is none, or its type is another one.
    """
    section = next(iter(children(provider, name)), None)
    if section is None or section.get("type") != kind:
        raise UnusableDocument(f"the first {name} is not of the type {kind}")
    return section


def usable(
    sections: Iterable[etree._Element], read: Callable[[etree._Element], MailServer]
) -> tuple[list[MailServer], list[str]]:
    """Read sections; a bad section does not affect the others.

    Returns:
        The servers that were read, and the reason for each other section.
    """
    servers, reasons = [], []
    for section in sections:
        try:
            servers.append(read(section))
        except UnusableDocument as error:
            kind = (section.get("type") or name_of(section))[:40]
            reasons.append(f"{kind}: {error}")
    return servers, reasons


def first_of(servers: Iterable[MailServer], *kinds: str) -> MailServer | None:
    """Return the first server of the first of these kinds that occurs."""
    held = list(servers)
    return next((one for kind in kinds for one in held if one.kind == kind), None)


def protocols(root: etree._Element) -> Iterator[etree._Element]:
    """Yield the Protocol elements of an Autodiscover answer, in their order."""
    yield from below(root, "Response", "Account", "Protocol")


def mail_kind(protocol: etree._Element) -> str:
    """Return the kind of service that a Protocol describes: `imap`, `pop3` or `smtp`.

    Raises:
        Unusable: its Type is another one; case matters.
    """
    kind = _MAIL_TYPES.get(text(protocol, "Type"))
    if kind is None:
        raise UnusableDocument("unsupported Type")
    return kind


def refusal(root: etree._Element) -> str:
    """Return the ErrorCode of an Autodiscover answer; empty if there is none."""
    for error in below(root, "Response", "Error"):
        return text(error, "ErrorCode")[:8]
    return ""
