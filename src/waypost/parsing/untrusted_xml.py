"""Parse untrusted XML: requests of clients, responses of servers, documents to import.

No DTD is read, no entity is expanded, no other document is downloaded, and features that only an
attack needs are refused. There are two functions. `read` keeps nothing in memory, so a long-running
server uses `read`. `parse` returns an lxml tree (with lines, XPath, RELAX NG), and is for commands,
which end soon: docs/decisions/0011-requests-by-expat.md.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass, field
from encodings import normalize_encoding
from encodings.aliases import aliases
from typing import Final
from xml.parsers import expat

from lxml import etree

MAX_DEPTH: Final = 256
"""The deepest nesting of elements; libxml2 has the same limit."""

# Not a character of XML 1.0 (s2.2), so no name of a namespace contains it.
_SEPARATOR: Final = "\x01"

# The allowed encodings, by their names in Python. For an unknown name, Python imports a module and
# remembers the name until the process ends; so Waypost never passes a client's name to Python.
_CODECS: Final = frozenset(
    {
        *("utf_8", "utf_16", "utf_16_le", "utf_16_be", "ascii", "latin_1", "koi8_r", "koi8_u"),
        *(f"iso8859_{part}" for part in range(2, 17) if part != 12),
        *(f"cp{page}" for page in (*range(1250, 1259), 850, 862, 866, 874, 932, 949, 950)),
        *("mac_roman", "tis_620", "gb2312", "gbk", "gb18030", "big5", "big5hkscs", "johab", "hz"),
        *("shift_jis", "euc_jp", "euc_kr", "iso2022_jp", "iso2022_kr"),
    }
)
# XML 1.0 s2.8, s4.3.3: the declaration, up to the name of the encoding.
_DECLARED: Final = re.compile(
    r"""<\?xml\s+version\s*=\s*(?:"[^"<>]{0,20}"|'[^'<>]{0,20}')\s+encoding\s*=\s*"""
    r"""(?:"([A-Za-z][A-Za-z0-9._-]{0,39})"|'([A-Za-z][A-Za-z0-9._-]{0,39})')"""
)
_DECLARATION_MAX_BYTES: Final = 400
# XML 1.0 s2.8: before the DTD there are only comments, instructions and white space. The groups do
# not backtrack, so each character is read only once.
_DOCTYPE: Final = re.compile(r"(?>[ \t\r\n]+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)


class NotWellFormed(ValueError):
    """Bytes are not well-formed XML; the message is that of the parser.

    Attributes:
        line: the line of the mistake; None if the mistake has no line.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        """Create an error with its reason and its line."""
        super().__init__(reason)
        self.line = line


class HasDoctype(ValueError):
    """A document has a document type definition, which no document for Waypost needs."""


@dataclass(slots=True, eq=False)
class Element:
    """An element without its attributes, which no request needs.

    Attributes:
        name: without its prefix.
        namespace: empty if there is none.
        text: the text before the first child element.
        children: the first child element of each name, in any namespace.
    """

    name: str
    namespace: str
    text: str = ""
    children: dict[str, "Element"] = field(default_factory=dict)


def read(data: bytes, encoding: str | None = None, names: frozenset[str] | None = None) -> Element:
    """Return the root of a document; the process keeps nothing else of the document.

    White space before the document is ignored. The caller must limit the length of the document.

    Args:
        data: in UTF-8, UTF-16, or another encoding that the document declares.
        encoding: from the transport; it has precedence over the declaration.
        names: the names of the wanted elements below the root. Other elements are skipped with
            their content, which saves time if a document has very many of them. None: all elements.

    Raises:
        NotWellFormed: the bytes are not XML 1.0, the encoding is unknown or not the declared one,
            an entity is not one of XML's own five, or more than `MAX_DEPTH` elements are nested.
        HasDoctype: there is a document type definition; it is refused before it is read.
    """
    text = _text(data.lstrip(), encoding)
    # XML 1.0 s2.2, s4.3.3. expat reads bytes that begin with "<", NUL as UTF-16, even if the
    # caller sets the encoding, and ignores a second byte order mark. Then expat would parse another
    # text than the one that is checked here.
    if "\0" in text or text.startswith("\ufeff"):
        raise NotWellFormed("there is a NUL character or a second byte order mark")
    if _DOCTYPE.match(text) is not None:
        raise HasDoctype("there is a document type definition")
    reader = _Reader(names)
    # The text is decoded already, so the parser ignores the declaration. The parser keeps names
    # only as long as it exists.
    parser = expat.ParserCreate("utf-8", _SEPARATOR)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise NotWellFormed(expat.ErrorString(error.code), error.lineno) from error
    (root,) = reader.document.children.values()
    return root


class _Reader:
    """A builder of the elements, from the events of the parser."""

    def __init__(self, names: frozenset[str] | None) -> None:
        self.document = Element("", "")
        self._names = names
        self._open = [self.document]
        self._depth = 0
        self._skipped_depth = 0  # The depth of the skipped element; 0 if no element is skipped.
        self._current: Element | None = None

    def start(self, name: str, _: object) -> None:
        self._depth += 1
        # After this error, expat reads on to the end of the bytes, but calls no handler.
        if self._depth > MAX_DEPTH:
            raise NotWellFormed(f"elements are nested more than {MAX_DEPTH} deep")
        self._current = None
        if self._skipped_depth:
            return
        namespace, _, local_name = name.rpartition(_SEPARATOR)
        siblings = self._open[-1].children
        if local_name in siblings or not self._is_wanted(local_name):
            self._skipped_depth = self._depth
            return
        self._current = siblings[local_name] = Element(local_name, namespace)
        self._open.append(self._current)

    def _is_wanted(self, name: str) -> bool:
        return self._names is None or self._depth == 1 or name in self._names

    def end(self, _: str) -> None:
        if not self._skipped_depth:
            self._open.pop()
        elif self._skipped_depth == self._depth:
            self._skipped_depth = 0
        self._depth -= 1
        self._current = None

    def text(self, text: str) -> None:
        if self._current is not None:
            self._current.text += text

    def doctype(self, *_: object) -> None:
        """Refuse a document type definition that the first check did not find."""
        raise HasDoctype("there is a document type definition")


def _text(data: bytes, encoding: str | None) -> str:
    """Decode a document by the rules of XML 1.0 app. F, without guessing."""
    codec = _codec(encoding) if encoding is not None else _detect_encoding(data)
    # RFC 2781 s4.3 says big-endian here; libxml2 uses little-endian, as nearly all machines do.
    if codec == "utf_16" and not data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        codec = "utf_16_le"
    try:
        text = data.decode(codec)
        return text if codec == "utf_16" else text.removeprefix("\ufeff")
    except UnicodeDecodeError:
        # Not "from error": that error contains the bytes.
        raise NotWellFormed(f"the document is not in the encoding {codec}") from None


def _codec(encoding: str) -> str:
    name = normalize_encoding(encoding.lower())
    codec = aliases.get(name, name)
    if codec not in _CODECS:
        raise NotWellFormed("the encoding is unknown")
    return codec


def _detect_encoding(data: bytes) -> str:
    """Return the encoding by the first bytes, then by the declaration (XML 1.0 app. F)."""
    if data.startswith(BOM_UTF8):
        return "utf_8"
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf_16"
    if data.startswith("<?".encode("utf-16-le")):
        return "utf_16_le"
    if data.startswith("<?".encode("utf-16-be")):
        return "utf_16_be"
    head = data[:_DECLARATION_MAX_BYTES].decode("latin-1")
    declared = _DECLARED.match(head)
    if declared is None:
        return "utf_8"
    codec = _codec(declared[1] or declared[2])
    if codec.startswith("utf_16"):
        raise NotWellFormed(f"the document declares {codec}, but is not in that encoding")
    return codec


def parse(data: bytes, encoding: str | None = None) -> etree._Element:
    """Return the root of a document, without its comments and processing instructions.

    libxml2 keeps each name that it has read until the thread ends, so a long-running server must
    use `read`.

    White space before the document is ignored. The caller must limit the length of the document.

    Args:
        data: in any encoding that XML declares or shows by its first bytes (XML 1.0 app. F).
        encoding: from the transport; it has precedence over the declaration.

    Raises:
        NotWellFormed: the bytes are not XML 1.0, the encoding is unknown or not the declared one,
            an entity is not one of XML's own five, or a limit of libxml2 on depth or text length is
            exceeded.
        HasDoctype: there is a document type definition, even an empty one.
    """
    try:
        root = etree.fromstring(data.lstrip(), _parser(encoding))
    except etree.XMLSyntaxError as error:
        raise NotWellFormed(error.msg, error.lineno or 1) from error
    except (ValueError, LookupError) as error:
        raise NotWellFormed(str(error)) from error
    # libxml2 still parses an internal DTD, but does not expand its entities; it is refused here.
    dtd: object = root.getroottree().docinfo.internalDTD
    if dtd is not None:
        raise HasDoctype("there is a document type definition")
    return root


def _parser(encoding: str | None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
