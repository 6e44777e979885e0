"""What the formats in XML share: building elements, and the bytes of a document."""

from collections.abc import Mapping
from typing import cast

from lxml import etree


def in_namespace(name: str, namespace: str) -> etree._Element:
    """Make an element that sets the default namespace for what is in it."""
    # lxml takes None for the default namespace; its type stubs do not know that.
    nsmap = cast("Mapping[str, str]", {None: namespace})
    return etree.Element(f"{{{namespace}}}{name}", nsmap=nsmap)


def child(
    parent: etree._Element, name: str, text: str | None = None, /, **attributes: str
) -> etree._Element:
    """Add an element in the namespace of its parent.

    Args:
        parent: gets the element as its last one.
        name: local name.
        text: its only content, kept to the letter; None for an element that gets children.
        attributes: in the order in which they are written.
    """
    braces = parent.tag.rfind("}") + 1
    element = etree.SubElement(parent, parent.tag[:braces] + name, attributes)
    element.text = text
    return element


def to_bytes(root: etree._Element) -> bytes:
    """Write a document in UTF-8 with its declaration, one element a line, values untouched."""
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)
