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


def parse(body: bytes) -> etree._Element:
    """Return the root of a document.

    Raises:
        UnusableDocument: the body is not well-formed XML, or is longer than any useful answer.
    """
    if len(body) > DOCUMENT_MAX_BYTES:
        raise UnusableDocument(f"the answer is longer than {DOCUMENT_MAX_BYTES} bytes")
    try:
        return untrusted_xml.parse(body)
    except untrusted_xml.NotWellFormed as error:
        raise UnusableDocument("the answer is not well-formed XML") from error
    except untrusted_xml.HasDoctype as error:
        raise UnusableDocument("the document has a document type definition") from error


def local_name(element: etree._Element) -> str:
    """Return the name of an element without its namespace."""
    return etree.QName(element).localname


def children(element: etree._Element, *names: str) -> list[etree._Element]:
    """Return the first hundred children with one of these names, in document order."""
    elements = [child for child in element if local_name(child) in names]
    return elements[:SECTIONS_MAX]


def elements_at(element: etree._Element, *path: str) -> list[etree._Element]:
    """Return the elements at a path of names."""
    elements = [element]
    for name in path:
        elements = [child for element in elements for child in children(element, name)]
    return elements[:SECTIONS_MAX]


def child_texts(element: etree._Element, name: str) -> list[str]:
    """Return the texts of all children with a name, unchanged."""
    return [child.text or "" for child in children(element, name)]


def child_text(element: etree._Element, name: str) -> str:
    """Return the text of the first child with a name; empty if there is none."""
    return next(iter(child_texts(element, name)), "")


def find_response(root: etree._Element, namespace: str) -> etree._Element | None:
    """Return the Response of an Autodiscover answer; None if the first is in another namespace."""
    response = next(iter(elements_at(root, "Response")), None)
    if response is None or response.tag != f"{{{namespace}}}Response":
        return None
    return response


def find_provider(body: bytes) -> etree._Element:
    """Return the provider's element of an Autoconfig document.

    Raises:
        UnusableDocument: the answer is not an Autoconfig document.
    """
    root = parse(body)
    if local_name(root) != "clientConfig":
        raise UnusableDocument(
            f"the root of the document is {local_name(root)[:40]}, not clientConfig"
        )
    provider = next(iter(children(root, "emailProvider")), None)
    if provider is None:
        raise UnusableDocument("there is no emailProvider")
    return provider


def parse_port(value: str) -> int:
    """Parse a port.

    Raises:
        UnusableDocument: the value is not a port.
    """
    if not (value.isascii() and value.isdigit() and len(value) < 6 and 1 <= int(value) <= 65535):
        raise UnusableDocument(f"port {value[:20]!r} is invalid")
    return int(value)


def expand_placeholders(value: str, address: EmailAddress) -> str:
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
        UnusableDocument: one of them is missing.
    """
    elements = []
    for name, kind in (("incomingServer", "imap"), ("outgoingServer", "smtp")):
        section = next(
            (section for section in children(provider, name) if section.get("type") == kind), None
        )
        if section is None:
            raise UnusableDocument(f"there is no {name} of the type {kind}")
        elements.append(section)
    return elements[0], elements[1]


def first_section(provider: etree._Element, name: str, kind: str) -> etree._Element:
    """Return the first section with a name, for clients that read no other.

    Raises:
        UnusableDocument: there is none, or its type is another one.
    """
    section = next(iter(children(provider, name)), None)
    if section is None or section.get("type") != kind:
        raise UnusableDocument(f"the first {name} is not of the type {kind}")
    return section


def read_sections(
    sections: Iterable[etree._Element], read_section: Callable[[etree._Element], MailServer]
) -> tuple[list[MailServer], list[str]]:
    """Read sections; a bad section does not affect the others.

    Returns:
        The servers that were read, and the reason for each other section.
    """
    servers, reasons = [], []
    for section in sections:
        try:
            servers.append(read_section(section))
        except UnusableDocument as error:
            kind = (section.get("type") or local_name(section))[:40]
            reasons.append(f"{kind}: {error}")
    return servers, reasons


def first_server(servers: Iterable[MailServer], *kinds: str) -> MailServer | None:
    """Return the first server of the first of these kinds that occurs."""
    candidates = list(servers)
    return next(
        (candidate for kind in kinds for candidate in candidates if candidate.kind == kind), None
    )


def protocols(root: etree._Element) -> Iterator[etree._Element]:
    """Yield the Protocol elements of an Autodiscover answer, in their order."""
    yield from elements_at(root, "Response", "Account", "Protocol")


def mail_kind(protocol: etree._Element) -> str:
    """Return the kind of service that a Protocol describes: `imap`, `pop3` or `smtp`.

    Raises:
        UnusableDocument: its Type is another one; case matters.
    """
    kind = _MAIL_TYPES.get(child_text(protocol, "Type"))
    if kind is None:
        raise UnusableDocument("unsupported Type")
    return kind


def error_code(root: etree._Element) -> str:
    """Return the ErrorCode of an Autodiscover answer; empty if there is none."""
    for error in elements_at(root, "Response", "Error"):
        return child_text(error, "ErrorCode")[:8]
    return ""
