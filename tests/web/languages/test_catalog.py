"""Files with texts: what is read in bounded time, and the direction of a language."""

import pytest

from tests.web.public.page import LANGUAGES
from waypost.web.languages.catalog import CatalogError, read_catalog, text_direction


@pytest.mark.parametrize(
    ("tag", "direction"),
    [
        *((tag, "rtl" if tag == "ar" else "ltr") for tag in LANGUAGES.tags),
        *(("fa", "rtl"), ("he-IL", "rtl"), ("ckb", "rtl"), ("ar-Latn", "ltr"), ("pa-Arab", "rtl")),
        *(("pt-BR", "ltr"), ("xx", "ltr"), ("zh-Hant-TW", "ltr")),
    ],
)
def test_directions(tag: str, direction: str) -> None:
    """Arabic and others are written from right to left; a script in a tag decides (RFC 5646)."""
    assert text_direction(tag) == direction


@pytest.mark.parametrize("space", [" ", "\t", "\f"])
def test_a_line_of_spaces(space: str) -> None:
    """A line of very many spaces is refused like any other that is not of the format, at once."""
    with pytest.raises(CatalogError, match="line 2: must be a comment"):
        read_catalog(f'msgid "a"\n{space * 200_000}x\n'.encode())
