"""Small readers of the three formats, written from the standards."""

import plistlib
from dataclasses import dataclass
from typing import Any

from lxml import etree

OUTLOOK = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"


@dataclass(frozen=True)
class Section:
    """One service of an answer, in the words of the format.

    Attributes:
        place: the host, or the URL.
        methods: of authentication.
    """

    kind: str
    place: str
    port: int | None
    security: str | None
    methods: tuple[str, ...]
    login: str | None


def texts(element: etree._Element, name: str) -> list[str]:
    """Return the texts of the children with a name, in any namespace."""
    return [child.text or "" for child in element if etree.QName(child).localname == name]


def text(element: etree._Element, name: str) -> str | None:
    """Return the text of the first such child, or None."""
    return next(iter(texts(element, name)), None)


def autoconfig(body: bytes) -> list[Section]:
    """Read all server sections of an Autoconfig document, in order."""
    root = etree.fromstring(body)
    sections = [element for element in root.iter() if "type" in element.attrib]
    return [
        Section(
            str(element.get("type")),
            text(element, "hostname") or text(element, "url") or "",
            int(port) if (port := text(element, "port")) else None,
            text(element, "socketType"),
            tuple(
                f"{child.get('system')}:{child.text}" if child.get("system") else child.text or ""
                for child in element
                if child.tag == "authentication"
            ),
            text(element, "username"),
        )
        for element in sections
    ]


def autodiscover(body: bytes) -> list[Section]:
    """Read all Protocol elements of an Autodiscover answer, in order."""
    root = etree.fromstring(body)
    return [
        Section(
            text(element, "Type") or "",
            text(element, "Server") or "",
            int(text(element, "Port") or 0),
            f"{text(element, 'SSL')} {text(element, 'Encryption')}",
            (text(element, "AuthRequired") or "", text(element, "SPA") or ""),
            text(element, "LoginName"),
        )
        for element in root.iter(f"{OUTLOOK}Protocol")
    ]


def payloads(body: bytes) -> list[dict[str, Any]]:
    """Read the payloads of a profile."""
    content: list[dict[str, Any]] = plistlib.loads(body)["PayloadContent"]
    return content
