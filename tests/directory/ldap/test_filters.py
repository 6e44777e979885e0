"""Values in filters are literal."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.directory.ldap.finding import raw
from waypost.directory.ldap.filters import escape_value, fill_filter

ESCAPED = [
    # a value, and its form in a filter (RFC 4515 s4 has the signs)
    ("alice", "alice"),
    ("a.b+c_d-e=f@x", "a.b+c_d-e=f@x"),
    ("*", r"\2a"),
    ("(", r"\28"),
    (")", r"\29"),
    ("\\", r"\5c"),
    ("\0", r"\00"),
    (r"\2a", r"\5c2a"),
    ("Lučić", r"Lu\c4\8di\c4\87"),
    ("\U0001f600", r"\f0\9f\98\80"),
    (" a ", r"\20a\20"),
    ("\ud800", r"\ed\a0\80"),
    ("", ""),
]


@pytest.mark.parametrize(("value", "expected"), ESCAPED)
def test_escaping(value: str, expected: str) -> None:
    """Each sign with a meaning, and each byte outside ASCII, is escaped."""
    assert escape_value(value) == expected


@given(st.text())
def test_escaped_text_is_the_text(value: str) -> None:
    """An escaped value is the original value if unescaped by RFC 4515's rules."""
    text = escape_value(value)
    # RFC 4515 s3: valueencoding = 0*(normal / escaped)
    assert re.fullmatch(r"(?:[^\x00()*\\\x80-\U0010ffff]|\\[0-9a-f]{2})*", text)
    data = re.sub(r"\\(..)", lambda found: chr(int(found[1], 16)), text).encode("latin-1")
    assert data.decode("utf-8") == value


FILLED = [
    # a filter, an address, the result
    ("(mail={0})", "a*@example.com", r"(mail=a\2a@example.com)"),
    ("(|(mail={0})(alias={0}))", "a@b.c", "(|(mail=a@b.c)(alias=a@b.c))"),
    ("(&(uid={local_part})(o={domain}))", "a(b@example.com", r"(&(uid=a\28b)(o=example.com))"),
    ("(mail={0})", "{domain}@example.com", r"(mail=\7bdomain\7d@example.com)"),
    ("(cn={1})(mail={0})", "a@b.c", "(cn={1})(mail=a@b.c)"),
    ("(proxyAddresses=smtp:{0})", "a@b.c", "(proxyAddresses=smtp:a@b.c)"),
]


@pytest.mark.parametrize(("template", "address", "expected"), FILLED)
def test_filling(template: str, address: str, expected: str) -> None:
    """The parts of an address are escaped in a filter, and not expanded again."""
    assert fill_filter(template, raw(address)) == expected


@given(st.text(), st.text(alphabet="abc.", min_size=1))
def test_a_filter_keeps_its_form(local_part: str, domain: str) -> None:
    """No address adds a parenthesis or a star to a filter."""
    text = fill_filter("(|(mail={0})(uid={local_part})(o={domain}))", raw(f"{local_part}@{domain}"))
    assert [char for char in text if char in "()*"] == list("(()()())")
