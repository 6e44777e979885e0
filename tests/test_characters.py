"""Which characters stand in a text."""

import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from waypost.characters import is_never_text

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
def test_what_stands_in_texts(char: str) -> None:
    """Letters, signs, joiners, private and still unassigned characters are text."""
    assert not is_never_text(char)


@pytest.mark.parametrize(("char", "rule"), NEVER)
def test_what_stands_in_none(char: str, rule: str) -> None:
    """What a document cannot carry, or nobody means, is no text."""
    assert is_never_text(char), rule


@given(st.text(st.characters().filter(lambda char: not is_never_text(char))))
def test_documents_carry_every_text(text: str) -> None:
    """XML and Apple's plists give every text back as it was written."""
    element = etree.Element("text")
    element.text = text
    assert (etree.fromstring(etree.tostring(element)).text or "") == text
    assert plistlib.loads(plistlib.dumps({"text": text}))["text"] == text
