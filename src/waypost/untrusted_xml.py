"""XML that strangers write: clients' requests, servers' answers, documents from elsewhere.

All of it is parsed here: no DTD is read, no entity is expanded, nothing is fetched, and what only
a hostile document needs is refused. There are two ways. `read` leaves nothing behind, so a process
that answers strangers for ever uses it. `parse` gives what lxml knows more of (lines, XPath,
RELAX NG), and is for commands, which end: docs/decisions/0011-requests-by-expat.md.
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
"""How deep elements may stand in one another; libxml2 has the same limit."""

# No character of XML 1.0 (s2.2), so no name of a namespace holds it.
_SEPARATOR: Final = "\x01"

# What a document may be written in, as Python calls it. Python imports a module for a name that it
# does not know, and remembers the name for ever; so it is never asked for one of a stranger.
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
# XML 1.0 s2.8: before the DTD there are only comments, instructions and white space. The groups
# give nothing back, so the time is that of one look at each character.
_DOCTYPE: Final = re.compile(r"(?>[ \t\r\n]+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)


class NotWellFormed(ValueError):
    """Bytes are not XML that can be read; the message says why, in the parser's own words.

    Attributes:
        line: where that was seen; None where it is about no line.
    """

    def __init__(self, why: str, line: int | None = None) -> None:
        """Take the reason and its line."""
        super().__init__(why)
        self.line = line


class HasDoctype(ValueError):
    """A document has a document type definition, which none that Waypost reads has a use for."""


@dataclass(slots=True, eq=False)
class Element:
    """An element, without attributes, which no request has a use for.

    Attributes:
        name: without its prefix.
        namespace: empty where it has none.
        text: what stands before the first of the elements in it.
        children: the first of each name, whatever its namespace.
    """

    name: str
    namespace: str
    text: str = ""
    children: dict[str, "Element"] = field(default_factory=dict)


def read(data: bytes, encoding: str | None = None, names: frozenset[str] | None = None) -> Element:
    """Return the root of a document, and keep nothing of it in the process.

    White space in front of the document is passed over. How long a document may be is for the
    caller to say, before it is read.

    Args:
        data: in UTF-8, UTF-16, or another encoding that the document declares.
        encoding: what the transport says, which is believed more than the declaration.
        names: of the elements below the root that are wanted; others are passed over, with all
            that is in them, which saves time where somebody invents many. None wants all.

    Raises:
        NotWellFormed: no XML 1.0, an encoding that is unknown or not the declared one, an entity
            other than XML's own five, or more than `MAX_DEPTH` elements in one another.
        HasDoctype: a document type definition; it is refused before any of it is read.
    """
    text = _text(data.lstrip(), encoding)
    # XML 1.0 s2.2, s4.3.3. expat would take what begins with "<", NUL for UTF-16, whatever it is
    # told, and pass over a second byte order mark: another text than the one that is looked at.
    if "\0" in text or text.startswith("\ufeff"):
        raise NotWellFormed("no document begins so, or there is a NUL")
    if _DOCTYPE.match(text) is not None:
        raise HasDoctype("there is a document type definition")
    reader = _Reader(names)
    # The text is decoded already, so that the parser does not look at the declaration. Names are
    # kept by the parser, and end with it.
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
    """Builds the elements."""

    def __init__(self, names: frozenset[str] | None) -> None:
        self.document = Element("", "")
        self._names = names
        self._open = [self.document]
        self._depth = 0
        self._passed_over = 0  # at this depth; 0 where nothing is
        self._text_of: Element | None = None

    def start(self, name: str, _: object) -> None:
        self._depth += 1
        # expat goes on to the end of the bytes after an error of ours, without calling again.
        if self._depth > MAX_DEPTH:
            raise NotWellFormed(f"elements stand more than {MAX_DEPTH} deep")
        self._text_of = None
        if self._passed_over:
            return
        namespace, _, local_name = name.rpartition(_SEPARATOR)
        siblings = self._open[-1].children
        if local_name in siblings or not self._is_wanted(local_name):
            self._passed_over = self._depth
            return
        self._text_of = siblings[local_name] = Element(local_name, namespace)
        self._open.append(self._text_of)

    def _is_wanted(self, name: str) -> bool:
        return self._names is None or self._depth == 1 or name in self._names

    def end(self, _: str) -> None:
        if not self._passed_over:
            self._open.pop()
        elif self._passed_over == self._depth:
            self._passed_over = 0
        self._depth -= 1
        self._text_of = None

    def text(self, text: str) -> None:
        if self._text_of is not None:
            self._text_of.text += text

    def doctype(self, *_: object) -> None:
        """Refuse what was refused before; if that ever fails, this is the second lock."""
        raise HasDoctype("there is a document type definition")


def _text(data: bytes, encoding: str | None) -> str:
    """Decode a document, which XML 1.0 app. F and what it declares allow without guessing."""
    codec = _codec(encoding) if encoding is not None else _shown(data)
    # RFC 2781 s4.3 has this for the other order; libxml2 takes the one of nearly all machines.
    if codec == "utf_16" and not data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        codec = "utf_16_le"
    try:
        text = data.decode(codec)
        return text if codec == "utf_16" else text.removeprefix("\ufeff")
    except UnicodeDecodeError:
        # Not "from": such an error holds the bytes.
        raise NotWellFormed(f"it is not in the encoding {codec}") from None


def _codec(encoding: str) -> str:
    usual = normalize_encoding(encoding.lower())
    codec = aliases.get(usual, usual)
    if codec not in _CODECS:
        raise NotWellFormed("the encoding is unknown")
    return codec


def _shown(data: bytes) -> str:
    """Tell the encoding by the first bytes, and then by the declaration (XML 1.0 app. F)."""
    if data.startswith(BOM_UTF8):
        return "utf_8"
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf_16"
    if data.startswith("<?".encode("utf-16-le")):
        return "utf_16_le"
    if data.startswith("<?".encode("utf-16-be")):
        return "utf_16_be"
    begin = data[:_DECLARATION_MAX_BYTES].decode("latin-1")
    declared = _DECLARED.match(begin)
    if declared is None:
        return "utf_8"
    codec = _codec(declared[1] or declared[2])
    if codec.startswith("utf_16"):
        raise NotWellFormed(f"it declares {codec}, and is not in that encoding")
    return codec


def parse(data: bytes, encoding: str | None = None) -> etree._Element:
    """Return the root of a document, without its comments and processing instructions.

    libxml2 keeps each name that it ever read until the thread ends, so a process that answers
    strangers must use `read`.

    White space in front of the document is passed over. How long a document may be is for the
    caller to say, before it is parsed.

    Args:
        data: in any encoding that XML declares, or shows by its first bytes (XML 1.0 app. F).
        encoding: what the transport says, which is believed more than the declaration.

    Raises:
        NotWellFormed: no XML 1.0, an encoding that is unknown or not the declared one, an entity
            other than XML's own five, or more depth or text in one piece than libxml2 allows.
        HasDoctype: a document type definition, an empty one too.
    """
    try:
        root = etree.fromstring(data.lstrip(), _parser(encoding))
    except etree.XMLSyntaxError as error:
        raise NotWellFormed(error.msg, error.lineno or 1) from error
    except (ValueError, LookupError) as error:
        raise NotWellFormed(str(error)) from error
    # An internal DTD is parsed even so; what it defines is not expanded, and it is refused here.
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
