"""Untrusted XML: what is read, and which rule refuses the rest."""

import ctypes
import encodings
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from waypost.parsing import untrusted_xml
from waypost.parsing.untrusted_xml import MAX_DEPTH, Element, HasDoctype, NotWellFormed, parse, read

DEEP = 20_000
HUGE = 10_000_001  # libxml2's XML_MAX_TEXT_LENGTH, and one more
NAME = 50_001  # libxml2's XML_MAX_NAME_LENGTH, and one more
# A parser that has reached its limit says so before the end of the definition.
EITHER = (HasDoctype, NotWellFormed)
IN_BYTES = '<?xml version="1.0" encoding="{}"?><a>ü</a>'


def laughs(count: int = 30) -> bytes:
    """Build the billion laughs: each entity is ten times as long as the previous one."""
    entities = '<!ENTITY e0 "ha">'
    entities += "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, count))
    return f"<!DOCTYPE a [{entities}]><a>&e{count - 1};</a>".encode()


GOOD = [
    # bytes, the text of the root
    ("<a>ü</a>".encode(), "ü"),
    (b"\xef\xbb\xbf" + "<a>ü</a>".encode(), "ü"),
    ("\r\n\t <a>ü</a>\n".encode(), "ü"),
    (IN_BYTES.format("utf-8").encode(), "ü"),
    (IN_BYTES.format("iso-8859-1").encode("latin-1"), "ü"),
    (IN_BYTES.format("windows-1252").encode("cp1252"), "ü"),
    (IN_BYTES.format("utf-16").encode("utf-16"), "ü"),
    ("\ufeff<a>ü</a>".encode("utf-16-le"), "ü"),
    ("\ufeff<a>ü</a>".encode("utf-16-be"), "ü"),
    (IN_BYTES.format("utf-16").encode("utf-16-le"), "ü"),
    (IN_BYTES.format("utf-16").encode("utf-16-be"), "ü"),
    (b"<a>&lt;&gt;&amp;&quot;&apos;&#xfc;&#252;</a>", "<>&\"'üü"),
    (b"<a><![CDATA[<b>&c;</b>]]></a>", "<b>&c;</b>"),
    (b"<!-- x --><?y z?><a><!-- x -->b<?y z?></a><!-- x -->", "b"),
    (b'<?xml-stylesheet href="file:///etc/passwd"?><a>b</a>', "b"),
    (b"<a>" + b"x" * (HUGE - 1) + b"</a>", "x" * (HUGE - 1)),
]


@pytest.mark.parametrize(("data", "text"), GOOD, ids=lambda value: repr(value[:40]))
def test_good(data: bytes, text: str) -> None:
    """A document is read in any encoding of XML, without comments and instructions."""
    root = parse(data)

    assert (root.tag, len(root), root.text) == ("a", 0, text)


HOSTILE = [
    # bytes, error, broken rule
    (b"", NotWellFormed, "a document has a root: XML 1.0 s2.1"),
    (b" \r\n", NotWellFormed, "the same"),
    (b"a", NotWellFormed, "the same"),
    (b"<a>", NotWellFormed, "what begins also ends"),
    (b"<a></b>", NotWellFormed, "it ends by the name that it began with"),
    (b"<a/><b/>", NotWellFormed, "there is one root"),
    (b"<a/>b", NotWellFormed, "text must be in an element"),
    (b"<a b='c' b='d'/>", NotWellFormed, "an attribute appears once: XML 1.0 s3.1"),
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
    (b'<!DOCTYPE a SYSTEM "a.dtd"><a/>', HasDoctype, "nor an external one"),
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
        "the same where a filter of bytes sees no <!",
    ),
    ("<a>ü</a>".encode("latin-1"), NotWellFormed, "without a declaration it is UTF-8"),
    (IN_BYTES.format("utf-8").encode("latin-1"), NotWellFormed, "it is what it declares"),
    (IN_BYTES.format("us-ascii").encode(), NotWellFormed, "the same"),
    (IN_BYTES.format("utf-16").encode(), NotWellFormed, "the same"),
    (IN_BYTES.format("x-none").encode(), NotWellFormed, "it declares a known encoding"),
    (b"\xef\xbb\xbf" + IN_BYTES.format("utf-8").encode("latin-1"), NotWellFormed, "the same"),
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


@pytest.mark.parametrize(("data", "error", "rule"), HOSTILE, ids=lambda value: repr(value)[:40])
def test_hostile(
    data: bytes, error: type[Exception] | tuple[type[Exception], ...], rule: str
) -> None:
    """A document that breaks a rule is refused, with an error of the right kind."""
    with pytest.raises(error) as caught:
        parse(data)
    assert str(caught.value), rule


@pytest.mark.parametrize(("data", "text"), GOOD, ids=lambda value: repr(value[:40]))
def test_good_to_expat(data: bytes, text: str) -> None:
    """A request is read as lxml would read it."""
    root = read(data)

    assert (root.name, root.namespace, root.children, root.text) == ("a", "", {}, text)


# The limit of the length of a text is libxml2's; a request is short.
LIBXML2_ONLY = ("no text is too", "no value is too", "no comment is too", "no section is too")
HOSTILE_REQUESTS = [
    *(case for case in HOSTILE if not case[2].startswith((*LIBXML2_ONLY, "no name is too"))),
    (b"<a>" * 257 + b"</a>" * 257, NotWellFormed, "not deeper than libxml2 allows"),
    (b"<\0a\0/\0>\0", NotWellFormed, "expat would take it for UTF-16"),
    (b"\0<\0a\0/\0>", NotWellFormed, "the same"),
    (b"<\0!\0D\0O\0C\0T\0Y\0P\0E\0 \0a\0>\0<\0a\0/\0>\0", NotWellFormed, "the same of a DTD"),
    (b"\xef\xbb\xbf\xef\xbb\xbf<!DOCTYPE a><a/>", NotWellFormed, "one mark, which hides no DTD"),
    ("\ufeff\ufeff<a/>".encode("utf-16-le"), NotWellFormed, "the same in UTF-16"),
    (b"<!-- x --><?y z?>\r\n<!DOCTYPE a><a/>", HasDoctype, "no DTD behind comments"),
    (b"<!-- -- ><!DOCTYPE a><a/>", NotWellFormed, "a comment ends"),
    (b"<?xml version='1.0'?><!---->\t<!DOCTYPE a [", HasDoctype, "it is not read to its end"),
    (b"<!DOCTYPE a><a", HasDoctype, "what comes behind is not read"),
    (b"<a/><!DOCTYPE a>", NotWellFormed, "a DTD must be before the root"),
    (b"<a><!DOCTYPE a></a>", NotWellFormed, "the same"),
    (IN_BYTES.format("idna").encode(), NotWellFormed, "Python's codecs are no encodings"),
    (IN_BYTES.format("unicode_escape").encode(), NotWellFormed, "the same"),
    (IN_BYTES.format("base64").encode(), NotWellFormed, "the same"),
    (b"<x:a xmlns:x=''/>", NotWellFormed, "a prefix stays declared: Namespaces in XML s5"),
    (b"<a:b:c/>", NotWellFormed, "a name has one colon: Namespaces in XML s4"),
]


@pytest.mark.parametrize(
    ("data", "error", "rule"), HOSTILE_REQUESTS, ids=lambda value: repr(value)[:40]
)
def test_hostile_to_expat(
    data: bytes, error: type[Exception] | tuple[type[Exception], ...], rule: str
) -> None:
    """A request that breaks a rule is refused; with a DTD, before the DTD is read."""
    no_dtd_is_read = (HasDoctype, NotWellFormed) if b"DOCTYPE" in data else error
    with pytest.raises(no_dtd_is_read) as caught:
        read(data)
    assert str(caught.value), rule


def test_a_dtd_is_refused_by_its_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the check of the text misses a DTD, the parser's event refuses the DTD."""
    monkeypatch.setattr(untrusted_xml, "_DOCTYPE", re.compile("x"))
    with pytest.raises(HasDoctype):
        read(laughs())


@pytest.mark.parametrize(
    "data", [b"<!-- <!DOCTYPE a> --><a/>", b"<?y <!DOCTYPE?><a><![CDATA[<!DOCTYPE a>]]></a>"]
)
def test_a_dtd_is_no_comment(data: bytes) -> None:
    """What only looks like a DTD, in a comment or a text, is not refused."""
    assert read(data).name == parse(data).tag == "a"


def test_as_deep_as_allowed() -> None:
    """Elements may be nested as deep as in libxml2."""
    data = b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH

    assert read(data).name == parse(data).tag == "a"


Tree = tuple[str, str, str, list["Tree"]]


def _by_expat(element: Element) -> Tree:
    children = [_by_expat(child) for child in element.children.values()]
    return element.name, element.namespace, element.text, children


def _by_lxml(element: etree._Element) -> Tree:
    name = etree.QName(element)
    children: dict[str, Tree] = {}
    for child in element:
        children.setdefault(etree.QName(child).localname, _by_lxml(child))
    return name.localname, name.namespace or "", element.text or "", list(children.values())


PIECES = [
    *("<a>", "</a>", "<b/>", "<x:b/>", '<a xmlns="urn:a">', '<x:a xmlns:x="urn:x">', "</x:a>"),
    *("text", "ü", " ", "\r\n", "\t", "\x01", "\x00", "\x85", "\u2028", "\ufffe", "\U00010400"),
    *("<![CDATA[", "]]>", "<![CDATA[<c>]]>", "<!-- c -->", "<!--", "-->", "<?p i?>", "<?XML x?>"),
    *("&amp;", "&nbsp;", "&#228;", "&#0;", "<!DOCTYPE", "<1/>", "<x:/>", "<:x/>", "<a b=c/>"),
    *('<a b="c"/>', '<a b="c" b="d"/>', '<a :b="c"/>', "<a:b:c/>", '<a xmlns:x=""/>', "<ö/>"),
    *('<a xml:lang="d"/>', '<a xmlns:xml="x"/>', '<a xmlns:xmlns="x"/>', "<?a:b c?>", "<xml:a/>"),
    *('<a xmlns:x="urn:1" xmlns:y="urn:1" x:b="" y:b=""/>', '<?xml version="1.0"?>'),
]
DECLARED = [
    *("utf-8", "UTF-8", "utf-16", "utf-16le", "utf-16be", "iso-8859-1", "us-ascii", "x-none"),
    *("windows-1252", "iso-8859-15", "koi8-r", "gb18030", "euc-jp", "unicode_escape"),
]
ENCODED = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252", "koi8-r"]
BY_TRANSPORT = [
    None,
    "utf-8",
    "utf-16be",
    "UTF-16LE",
    "iso-8859-1",
    "us-ascii",
    "x-no",
    "windows-1252",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.booleans(),
    st.none() | st.sampled_from(DECLARED),
    st.sampled_from(ENCODED),
    st.sampled_from(BY_TRANSPORT),
)
@example("", True, None, "utf-16-le", None)
def test_both_ways_agree(
    content: str, rooted: bool, declared: str | None, encoded: str, by_transport: str | None
) -> None:
    """Both expat and lxml read the same from a document, or both refuse it."""
    text = f"<a>{content}</a>" if rooted else content
    if declared is not None:
        text = f'<?xml version="1.0" encoding="{declared}"?>{text}'
    data = text.encode(encoded, "replace")
    try:
        expected: Tree | None = _by_lxml(parse(data, by_transport))
    except (NotWellFormed, HasDoctype):
        expected = None
    try:
        found: Tree | None = _by_expat(read(data, by_transport))
    except (NotWellFormed, HasDoctype):
        found = None

    assert found == expected


GROWING = """
import re, sys
from pathlib import Path
from waypost.parsing import untrusted_xml
from waypost.formats.autodiscover.request import parse_request

def size():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

def flood(first, last):
    for part in range(first, last):
        names = "".join(f"<n{part}x{one}yyyyyyyyyyyyy/>" for one in range(2500))
        body = f"<Autodiscover><Request><EMailAddress>a@b.example</EMailAddress>{names}"
        body = f"{body}</Request></Autodiscover>".encode()
        KIND
        parse_request(f"<Autodiscover><Request><EMailAddress>a@b.example</EMailAddress></Request>"
            f"</Autodiscover>".encode(), f"text/xml; charset=x{part}")

flood(0, 20)
before = size()
flood(20, 140)
print(size() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "grows"),
    [("parse_request(body)", False), ("untrusted_xml.parse(body)", True)],
)
def test_invented_names_are_forgotten(way: str, grows: bool) -> None:
    """Invented names do not make the process grow; with lxml they do (300,000 here)."""
    script = GROWING.replace("KIND", way)
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300
    )

    assert (int(run.stdout) > 8 * 1024) is grows, f"it grew by {run.stdout.strip()} KiB"


def test_only_requested_elements_are_kept() -> None:
    """The first element of each wanted name is kept, with the text before its children."""
    data = b"<r>1<x><a>2</a></x>3<y:a xmlns:y='z'>4<x/>5<b>6</b></y:a><a>7</a><b/></r>"
    wanted = _by_expat(read(data, names=frozenset("ab")))

    assert wanted == ("r", "", "1", [("a", "z", "4", [("b", "", "6", [])]), ("b", "", "", [])])


def test_unknown_encodings_are_forgotten() -> None:
    """Python is never asked for an invented encoding, because Python would remember the name."""
    with pytest.raises(NotWellFormed):
        read(IN_BYTES.format("x-invented").encode())
    with pytest.raises(NotWellFormed):
        read(b"<a/>", "x-invented-too")

    assert not [name for name in vars(encodings)["_cache"] if "invented" in name]


def test_the_line_is_reported() -> None:
    """The error has the line of the mistake, for authors of documents."""
    with pytest.raises(NotWellFormed, match="mismatch") as caught:
        parse(b"<a>\n<b>\n</c>\n</a>")
    assert caught.value.line == 3


def test_included_documents_stay_outside() -> None:
    """An element that includes another document stays an ordinary element."""
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
    """No file that a document names is opened, also if the document is refused."""
    path = tmp_path / "other"
    path.write_text("<!ELEMENT a ANY>", encoding="ascii")
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)  # inotify(7)
    assert watch >= 0
    try:
        assert libc.inotify_add_watch(watch, os.fsencode(path), 0x20) >= 0  # IN_OPEN
        with suppress(HasDoctype):
            parse(document.format(path=path).encode())
        with suppress(HasDoctype):
            read(document.format(path=path).encode())
        with pytest.raises(BlockingIOError):  # no event
            os.read(watch, 4096)
        path.read_bytes()
        assert os.read(watch, 4096)  # now there is an event
    finally:
        os.close(watch)


@given(st.binary(max_size=200), st.sampled_from([b"", b"<a>", b"<!DOCTYPE a [", b"\xff\xfe<\x00"]))
def test_any_bytes(data: bytes, begin: bytes) -> None:
    """Any bytes result in a root or in one of the two errors."""
    with suppress(NotWellFormed, HasDoctype):
        assert parse(begin + data).tag
    with suppress(NotWellFormed, HasDoctype):
        assert read(begin + data).name


def test_definitions_never_reach_expat(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DTD is refused before expat reads any of it, because expat would read it to its end."""

    def no_parser(*_: str) -> None:
        pytest.fail("expat was started")

    monkeypatch.setattr("xml.parsers.expat.ParserCreate", no_parser)
    with pytest.raises(HasDoctype):
        read(laughs())


def test_second_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the check of the text misses a DTD, expat's event for it is refused."""
    monkeypatch.setattr(untrusted_xml, "_DOCTYPE", re.compile("(?!)"))
    with pytest.raises(HasDoctype):
        read(b"<!DOCTYPE a><a/>")
