"""Looking at the elements of an Autoconfig document."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

_LINE_END: Final = re.compile(r" *[\t\r\n][ \t\r\n]*")


def children(element: etree._Element) -> Iterator[etree._Element]:
    """Give the elements in an element."""
    return element.iterchildren("*")


def local_name(element: etree._Element) -> str:
    """Give the name without its namespace, in lower case: clients disagree about both."""
    return etree.QName(element).localname.lower()


def text_of(element: etree._Element) -> str:
    """Give the text of an element, without space around it, and with line ends as spaces."""
    text = "".join(str(part) for part in element.itertext())
    return _LINE_END.sub(" ", text).strip(" ")


def line_of(element: etree._Element) -> int:
    """Give the line on which an element begins."""
    line: object = element.sourceline
    return line if isinstance(line, int) else 1


def shown(element: etree._Element) -> str:
    """Give the name as the document writes it, for messages."""
    return etree.QName(element).localname
