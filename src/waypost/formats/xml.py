"""Functions for all XML formats: build elements, and serialize a document."""

from collections.abc import Mapping
from typing import cast

from lxml import etree


def in_namespace(name: str, namespace: str) -> etree._Element:
    """Build an element that sets the default namespace for its content."""
    # lxml uses the key None for the default namespace, but its type stubs do not allow it.
    nsmap = cast("Mapping[str, str]", {None: namespace})
    return etree.Element(f"{{{namespace}}}{name}", nsmap=nsmap)


def child(
    parent: etree._Element, name: str, text: str | None = None, /, **attributes: str
) -> etree._Element:
    """Add an element in the namespace of its parent.

    Args:
        parent: the parent; the new element becomes its last child.
        name: the local name.
        text: the text content, written unchanged; None for an element that gets children.
        attributes: the attributes, written in this order.
    """
    braces = parent.tag.rfind("}") + 1
    element = etree.SubElement(parent, parent.tag[:braces] + name, attributes)
    element.text = text
    return element


def to_bytes(root: etree._Element) -> bytes:
    """Return a document in UTF-8 with its declaration, one element per line, values unchanged."""
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)
