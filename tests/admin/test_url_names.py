"""Names of providers in URLs."""

import posixpath
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.admin.remote.url_names import name_of_url, url_of_name

NAMES = [
    # name, its segment
    ("Example Inc.", "Example%20Inc."),
    ("x/services", "x~2Fservices"),
    (".", "~2E"),
    ("..", "~2E~2E"),
    ("../../metrics", "..~2F..~2Fmetrics"),
    ("...", "..."),
    ("~2F", "~7E2F"),
    ("a%2Fb?c#d", "a%252Fb%3Fc%23d"),
    ("Zoë", "Zo%C3%AB"),
]


@pytest.mark.parametrize(("name", "segment"), NAMES)
def test_names(name: str, segment: str) -> None:
    """A name is one segment, which gives the name again."""
    assert url_of_name(name) == segment
    assert name_of_url(unquote(segment)) == name


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_name(name: str) -> None:
    """No name changes the path, also if a web server decodes and shortens the path."""
    path = f"/api/v1/providers/{url_of_name(name)}"
    decoded = unquote(path)
    assert decoded.count("/") == 4
    assert posixpath.normpath(decoded) == decoded
    assert name_of_url(decoded.rpartition("/")[2]) == name


OTHERS = [("~", "~"), ("a~g1", "a~g1"), ("~c3~A9", "é"), ("~ff", "\N{REPLACEMENT CHARACTER}")]


@pytest.mark.parametrize(("text", "name"), OTHERS)
def test_other_escapes(text: str, name: str) -> None:
    """Escapes may be in both cases, and of UTF-8; what is no escape stays."""
    assert name_of_url(text) == name
