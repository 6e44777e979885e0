"""XML of strangers: what is read, and which rule refuses the rest."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.untrusted_xml import HasDoctype, NotWellFormed, parse

DEEP = 20_000
HUGE = 10_000_001  # libxml2's XML_MAX_TEXT_LENGTH, and one more
NAME = 50_001  # its XML_MAX_NAME_LENGTH, and one more
# A parser that has counted enough says so before it comes to the end of the definition.
EITHER = (HasDoctype, NotWellFormed)
IN_OCTETS = '<?xml version="1.0" encoding="{}"?><a>ü</a>'


def laughs(count: int = 30) -> bytes:
    """Write the billion laughs: each entity is ten times the one before."""
    entities = '<!ENTITY e0 "ha">'
    entities += "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, count))
    return f"<!DOCTYPE a [{entities}]><a>&e{count - 1};</a>".encode()


GOOD = [
    # octets, the text of the root
    ("<a>ü</a>".encode(), "ü"),
    (b"\xef\xbb\xbf" + "<a>ü</a>".encode(), "ü"),
    ("\r\n\t <a>ü</a>\n".encode(), "ü"),
    (IN_OCTETS.format("utf-8").encode(), "ü"),
    (IN_OCTETS.format("iso-8859-1").encode("latin-1"), "ü"),
    (IN_OCTETS.format("windows-1252").encode("cp1252"), "ü"),
    (IN_OCTETS.format("utf-16").encode("utf-16"), "ü"),
    ("\ufeff<a>ü</a>".encode("utf-16-le"), "ü"),
    ("\ufeff<a>ü</a>".encode("utf-16-be"), "ü"),
    (IN_OCTETS.format("utf-16").encode("utf-16-le"), "ü"),
    (IN_OCTETS.format("utf-16").encode("utf-16-be"), "ü"),
    (b"<a>&lt;&gt;&amp;&quot;&apos;&#xfc;&#252;</a>", "<>&\"'üü"),
    (b"<a><![CDATA[<b>&c;</b>]]></a>", "<b>&c;</b>"),
    (b"<!-- x --><?y z?><a><!-- x -->b<?y z?></a><!-- x -->", "b"),
    (b'<?xml-stylesheet href="file:///etc/passwd"?><a>b</a>', "b"),
    (b"<a>" + b"x" * (HUGE - 1) + b"</a>", "x" * (HUGE - 1)),
]


@pytest.mark.parametrize(("octets", "text"), GOOD, ids=lambda value: repr(value[:40]))
def test_good(octets: bytes, text: str) -> None:
    """A document is read in any encoding that XML knows, without comments and instructions."""
    root = parse(octets)

    assert (root.tag, len(root), root.text) == ("a", 0, text)


HOSTILE = [
    # octets, the error, the rule that is broken
    (b"", NotWellFormed, "a document has a root: XML 1.0 s2.1"),
    (b" \r\n", NotWellFormed, "the same"),
    (b"a", NotWellFormed, "the same"),
    (b"<a>", NotWellFormed, "what begins also ends"),
    (b"<a></b>", NotWellFormed, "it ends by the name that it began with"),
    (b"<a/><b/>", NotWellFormed, "there is one root"),
    (b"<a/>b", NotWellFormed, "text stands in an element"),
    (b"<a b='c' b='d'/>", NotWellFormed, "an attribute stands once: XML 1.0 s3.1"),
    (b"<a b='<'/>", NotWellFormed, "no < in a value: XML 1.0 s3.1"),
    (b"<x:a/>", NotWellFormed, "a prefix is declared: Namespaces in XML s5"),
    (b"<a>\x01</a>", NotWellFormed, "no control characters: XML 1.0 s2.2"),
    (b"<a>&#1;</a>", NotWellFormed, "not by their number either: XML 1.0 s4.1"),
    (b"\x00", NotWellFormed, "no NUL"),
    (b"\x00<a/>", NotWellFormed, "the same in front"),
    (b"<a>b\x00c</a>", NotWellFormed, "the same in a text"),
    (b"<a b='\x00'/>", NotWellFormed, "the same in a value"),
    (b"<a\x00/>", NotWellFormed, "the same in a name"),
    (b"<a/>\x00<b/>", NotWellFormed, "the same at the end"),
    (b"<a>&#0;</a>", NotWellFormed, "the same by its number"),
    (b"<a>&nbsp;</a>", NotWellFormed, "an entity is one of XML's own five"),
    (b"<a b='&nbsp;'/>", NotWellFormed, "the same in a value"),
    (laughs(2), HasDoctype, "no definitions: a few laughs"),
    (laughs(), EITHER, "the same: a billion laughs"),
    (laughs().replace(b"<a>&e29;", b"<a b='&e29;'>"), EITHER, "the same in a value"),
    (
        b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 50_000 + b'">]><a>' + b"&b;" * 50_000 + b"</a>",
        EITHER,
        "the same squared instead of nested",
    ),
    (b'<!DOCTYPE a [<!ENTITY b "&c;"><!ENTITY c "&b;">]><a>&b;</a>', NotWellFormed, "no circles"),
    (
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        HasDoctype,
        "no files",
    ),
    (
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "http://127.0.0.1:9/">]><a>&b;</a>',
        HasDoctype,
        "no network",
    ),
    (
        b'<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/passwd"> %b;]><a/>',
        HasDoctype,
        "no parameter entities",
    ),
    (b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>', HasDoctype, "no default values"),
    (b"<!DOCTYPE a [<!ELEMENT a ANY>]><a/>", HasDoctype, "no grammar"),
    (b"<!DOCTYPE a []><a/>", HasDoctype, "not even an empty one"),
    (b"<!DOCTYPE a><a/>", HasDoctype, "nor one that only names the root"),
    (b'<!DOCTYPE a SYSTEM "a.dtd"><a/>', HasDoctype, "nor one that stands elsewhere"),
    (b'<!DOCTYPE a PUBLIC "-//x" "http://127.0.0.1:9/a.dtd"><a/>', HasDoctype, "the same"),
    ("\ufeff<!DOCTYPE a><a/>".encode("utf-16-le"), HasDoctype, "in any encoding"),
    (
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16-be"),
        HasDoctype,
        "the same without a mark",
    ),
    (
        b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4APA-a/+AD4-',
        EITHER,
        "the same where a filter of octets sees no <!",
    ),
    ("<a>ü</a>".encode("latin-1"), NotWellFormed, "without a declaration it is UTF-8"),
    (IN_OCTETS.format("utf-8").encode("latin-1"), NotWellFormed, "it is what it declares"),
    (IN_OCTETS.format("us-ascii").encode(), NotWellFormed, "the same"),
    (IN_OCTETS.format("utf-16").encode(), NotWellFormed, "the same"),
    (IN_OCTETS.format("x-none").encode(), NotWellFormed, "it declares a known encoding"),
    (b"\xef\xbb\xbf" + IN_OCTETS.format("utf-8").encode("latin-1"), NotWellFormed, "the same"),
    ("<a>ü</a>".encode("utf-16-le"), NotWellFormed, "UTF-16 has a mark or a declaration"),
    ("<a>ü</a>".encode("utf-16-be"), NotWellFormed, "the same"),
    (b"\xff\xfe" + "<a>ü</a>".encode("utf-16-be"), NotWellFormed, "the mark is the right one"),
    ("\ufeff<a>ü</a>".encode("utf-16-le")[:-1], NotWellFormed, "a character is whole"),
    ("\ufeff<a>".encode("utf-16-le") + b"\x00\xd8<\x00/\x00a\x00>\x00", NotWellFormed, "the same"),
    (b"<a>\xed\xa0\x80</a>", NotWellFormed, "no halves of characters in UTF-8"),
    (b"<a>\xc0\xbc</a>", NotWellFormed, "no character is longer than needed in UTF-8"),
    (b"\xff\xfe", NotWellFormed, "a mark is no document"),
    (b"<a>" * DEEP, NotWellFormed, "not too deep"),
    (b"<a>" * DEEP + b"</a>" * DEEP, NotWellFormed, "not too deep, even where all of it ends"),
    (b"<a>" + b"x" * HUGE + b"</a>", NotWellFormed, "no text is too long"),
    (b"<a b='" + b"x" * HUGE + b"'/>", NotWellFormed, "no value is too long"),
    (b"<!--" + b"x" * HUGE + b"--><a/>", NotWellFormed, "no comment is too long"),
    (b"<a><![CDATA[" + b"x" * HUGE + b"]]></a>", NotWellFormed, "no section is too long"),
    (b"<" + b"a" * NAME + b"/>", NotWellFormed, "no name is too long"),
]


@pytest.mark.parametrize(("octets", "error", "rule"), HOSTILE, ids=lambda value: repr(value)[:40])
def test_hostile(
    octets: bytes, error: type[Exception] | tuple[type[Exception], ...], rule: str
) -> None:
    """A document that breaks a rule is refused, by an error that tells its kind."""
    with pytest.raises(error) as caught:
        parse(octets)
    assert str(caught.value), rule


def test_the_line_is_told() -> None:
    """Whoever wrote a document by hand learns on which line it is wrong."""
    with pytest.raises(NotWellFormed, match="mismatch") as caught:
        parse(b"<a>\n<b>\n</c>\n</a>")
    assert caught.value.line == 3


def test_included_documents_stay_outside() -> None:
    """An element that asks for another document stays the element that it is."""
    include = b"<i:include xmlns:i='http://www.w3.org/2001/XInclude' href='/etc/passwd'/>"
    root = parse(b"<a>" + include + b"</a>")

    assert [len(one) for one in root] == [0]
    assert "".join(str(part) for part in root.itertext()) == ""


OPENING = [
    '<!DOCTYPE a SYSTEM "{path}"><a/>',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "{path}">]><a>&b;</a>',
    '<!DOCTYPE a [<!ENTITY % b SYSTEM "{path}"> %b;]><a/>',
    '<?xml-stylesheet type="text/xsl" href="{path}"?><a/>',
    "<a><i:include xmlns:i='http://www.w3.org/2001/XInclude' href='{path}'/></a>",
    "<a xmlns:x='http://www.w3.org/2001/XMLSchema-instance' x:schemaLocation='urn:a {path}'/>",
]


@pytest.mark.parametrize("document", OPENING)
def test_nothing_is_opened(document: str, tmp_path: Path) -> None:
    """No file that a document names is opened, whether the document is refused or not."""
    path = tmp_path / "other"
    path.write_text("<!ELEMENT a ANY>", encoding="ascii")
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)  # inotify(7)
    assert watch >= 0
    try:
        assert libc.inotify_add_watch(watch, os.fsencode(path), 0x20) >= 0  # IN_OPEN
        with suppress(HasDoctype):
            parse(document.format(path=path).encode())
        with pytest.raises(BlockingIOError):  # nothing is told
            os.read(watch, 4096)
        path.read_bytes()
        assert os.read(watch, 4096)  # and this would have been
    finally:
        os.close(watch)


@given(st.binary(max_size=200), st.sampled_from([b"", b"<a>", b"<!DOCTYPE a [", b"\xff\xfe<\x00"]))
def test_any_octets(octets: bytes, begin: bytes) -> None:
    """Whatever octets come, there is a root or one of the two errors."""
    with suppress(NotWellFormed, HasDoctype):
        assert parse(begin + octets).tag
