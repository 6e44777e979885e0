"""Looking at the elements of an Autoconfig document."""

from collections.abc import Iterator

from lxml import etree


def children(element: etree._Element) -> Iterator[etree._Element]:
    """Give the elements in an element."""
    return element.iterchildren("*")


def local_name(element: etree._Element) -> str:
    """Give the name without its namespace, in lower case: clients disagree about both."""
    return etree.QName(element).localname.lower()


def text_of(element: etree._Element) -> str:
    """Give the text of an element with each run of white space as one space."""
    return " ".join("".join(str(text) for text in element.itertext()).split())


def line_of(element: etree._Element) -> int:
    """Give the line on which an element begins."""
    line: object = element.sourceline
    return line if isinstance(line, int) else 1


def shown(element: etree._Element) -> str:
    """Give the name as the document writes it, for messages."""
    return etree.QName(element).localname
