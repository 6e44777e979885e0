"""A text has the direction of its language."""

import pytest

from tests.web.public.page import LANGUAGES
from waypost.web.languages.catalog import text_direction


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
