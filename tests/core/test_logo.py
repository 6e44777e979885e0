"""Pictures for the setup page."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.logo import (
    DATA_URL_MAX_CHARS,
    LOGO_MAX_BYTES,
    image_type,
    is_data_url,
    to_data_url,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"rest"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
GOOD = [
    (PNG, "image/png"),
    (b"RIFF\x01\x02\x03\x04WEBPVP8 ", "image/webp"),
    (b"\xff\xd8\xff\xe0", "image/jpeg"),
    (b"GIF89a", "image/gif"),
    (SVG, "image/svg+xml"),
    (b"\xef\xbb\xbf" + SVG, "image/svg+xml"),
    (b'<?xml version="1.0"?>\n<!-- a -->\n<!DOCTYPE svg PUBLIC "x" "y">\n' + SVG, "image/svg+xml"),
]
BAD = [
    (b"", "nothing"),
    (b"hello", "no picture"),
    (b"<html><svg></svg></html>", "a page"),
    (b"<svgs>", "another element"),
    (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG, "entities"),
    (b"\xff\xfe<\x00s\x00v\x00g\x00>\x00", "UTF-16"),
    (PNG + b"x" * LOGO_MAX_BYTES, "longer than the limit"),
]


@pytest.mark.parametrize(("data", "media_type"), GOOD)
def test_good(data: bytes, media_type: str) -> None:
    """A picture is recognized by its first bytes, and its URL is accepted again."""
    url = to_data_url(data)
    assert url == f"data:{media_type};base64,{b64encode(data).decode()}"
    assert is_data_url(url)


@pytest.mark.parametrize(("data", "why"), BAD)
def test_bad(data: bytes, why: str) -> None:
    """Other data is no picture, under any type."""
    assert to_data_url(data) is None, why
    assert not is_data_url(f"data:image/png;base64,{b64encode(data).decode()}"), why


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("data:image/png;base64,AAAA", "the data is of the type that the URL names"),
        (f"data:image/gif;base64,{b64encode(PNG).decode()}", "the same"),
        ("data:image/png;base64,iVBORw0KGgo=====", "RFC 4648 s3.2: at most two signs of padding"),
        ("data:image/png;base64,iVBORw0KGg", "RFC 4648 s3.2: padding is required"),
        ("data:text/html;base64,PGI+", "the type is that of a picture"),
        ("data:image/svg+xml,%3Csvg/%3E", "the data is in base64"),
        ("https://example.com/logo.png", "the picture is a part of the page"),
        (f"data:image/png;base64,{b64encode(PNG).decode()}\n", "nothing follows the data"),
        ("data:image/png;base64," + "A" * DATA_URL_MAX_CHARS, "there is a limit"),
    ],
)
def test_bad_urls(url: str, rule: str) -> None:
    """Another URL is not accepted."""
    assert not is_data_url(url), rule


@given(st.binary(max_size=50))
def test_any_data(data: bytes) -> None:
    """Any data is a picture whose URL is accepted, or none."""
    url = to_data_url(data)
    assert (url is None) == (image_type(data) is None)
    assert url is None or is_data_url(url)
