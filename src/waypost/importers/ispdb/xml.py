"""Read the elements of an Autoconfig document."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from waypost.importers.import_result import ImportNotes
from waypost.providers_file.models.texts import LONG_TEXT_MAX_CHARS
from waypost.providers_file.validators import RuleBroken, check_text, check_web_url

_LINE_END: Final = re.compile(r" *[\t\r\n][ \t\r\n]*")


def children(element: etree._Element) -> Iterator[etree._Element]:
    """Return the elements in an element."""
    return element.iterchildren("*")


def local_name(element: etree._Element) -> str:
    """Return the name without its namespace, in lower case, because clients disagree on both."""
    return etree.QName(element).localname.lower()


def text_of(element: etree._Element) -> str:
    """Return the text of an element, without outer spaces, and with line breaks as spaces."""
    text = "".join(str(part) for part in element.itertext())
    return _LINE_END.sub(" ", text).strip(" ")


def line_of(element: etree._Element) -> int:
    """Return the line on which an element begins."""
    line: object = element.sourceline
    return line if isinstance(line, int) else 1


def tag_name(element: etree._Element) -> str:
    """Return the name in the spelling of the document, for messages."""
    return etree.QName(element).localname


def page_url(element: etree._Element, notes: ImportNotes, attribute: str) -> str | None:
    """Read a URL from an attribute; add a note and return None if it cannot be used."""
    line, what = line_of(element), tag_name(element)
    url, hash_sign, fragment = (element.get(attribute) or "").strip().partition("#")
    try:
        check_text(url, LONG_TEXT_MAX_CHARS)
        check_web_url(url)
    except RuleBroken as broken:
        notes.leave_out(line, what, f"its {attribute} {broken}")
        return None
    if hash_sign and fragment:
        notes.leave_out(line, what, f"its {attribute} was cut at the fragment #{fragment[:60]}")
    return url
