"""Characters that are allowed in texts."""

import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from waypost.core.text_rules import invisible_in, is_never_text, printable, trimmed

TEXT = [
    *(" ", "~", "é", "߀", "ﬀ", "\N{ZERO WIDTH JOINER}", "\N{COMBINING ACUTE ACCENT}"),
    *("\ue000", "\U0001f4ec", "\U0010fffd", "\u0378"),
]
NEVER = [
    ("\x00", "NUL"),
    ("\t", "control"),
    ("\n", "line end"),
    ("\x7f", "control"),
    ("\x85", "control of Latin-1"),
    ("\u2028", "line end of Unicode"),
    ("\u2029", "paragraph end of Unicode"),
    ("\ud800", "surrogate"),
    ("\ufdd0", "non-character"),
    ("\ufffe", "non-character, not in XML"),
    ("\uffff", "non-character, not in XML"),
    ("\U0001fffe", "non-character"),
    ("\U0010ffff", "non-character"),
]


@pytest.mark.parametrize("char", TEXT)
def test_characters_of_texts(char: str) -> None:
    """Letters, signs, joiners, private and unassigned characters are allowed."""
    assert not is_never_text(char)


@pytest.mark.parametrize(("char", "rule"), NEVER)
def test_characters_that_are_not_text(char: str, rule: str) -> None:
    """Characters that no document can contain, or that are always a mistake, are not text."""
    assert is_never_text(char), rule


@given(st.text(st.characters().filter(lambda char: not is_never_text(char))))
def test_documents_carry_every_text(text: str) -> None:
    """XML and Apple's plists return every text unchanged."""
    element = etree.Element("text")
    element.text = text
    assert (etree.fromstring(etree.tostring(element)).text or "") == text
    assert plistlib.loads(plistlib.dumps({"text": text}))["text"] == text


INVISIBLE = [
    # text, the named character
    ("alice", None),
    ("élan", None),
    ("a\u200cb", None),
    ("a\u200db", None),
    ("a\u3000b", None),
    ("a\u00a0b", "U+00A0 NO-BREAK SPACE"),
    ("a\u2007b", "U+2007 FIGURE SPACE"),
    ("a\u200bb\u00adc", "U+200B ZERO WIDTH SPACE"),
    ("a\u2060b", "U+2060 WORD JOINER"),
    ("\U000e0001", "U+E0001 LANGUAGE TAG"),
]


@pytest.mark.parametrize(("text", "name"), INVISIBLE)
def test_invisible(text: str, name: str | None) -> None:
    """A format character or a no-break space is named by its code point; joiners are not."""
    assert invisible_in(text) == name


@given(st.text())
def test_trimmed(text: str) -> None:
    """Only blanks at the ends are removed, and all of them."""
    left = trimmed(text)

    assert left in text
    assert trimmed(left) == left
    assert all(char in " \t\r\n" or not char.isascii() for char in text.replace(left, "", 1))


@given(st.text())
def test_printable(text: str) -> None:
    """The same number of characters can be printed, and only the others become question marks."""
    shown = printable(text)
    assert shown.isprintable()
    assert [char for char in text if char.isprintable()] == [
        new for new, old in zip(shown, text, strict=True) if old.isprintable()
    ]


@pytest.mark.parametrize("char", ["\x1b", "\n", "\u202e", "\u200b", "\x7f", "\u2028"])
def test_printable_has_no_control(char: str) -> None:
    """A character that changes the terminal, the line or the direction becomes a question mark."""
    assert printable(f"a{char}b") == "a?b"
