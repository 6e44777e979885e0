"""The settings of the setup page in a database, also if written by hand."""

from base64 import b64encode

import pytest

from waypost.core.model import PageSettings
from waypost.store.sql.rows.page import page_from_values

LOGO = f"data:image/gif;base64,{b64encode(b'GIF89a').decode()}"
STORED: list[tuple[object, PageSettings]] = [
    # the value, the settings
    (None, PageSettings()),
    ("x", PageSettings()),
    ({}, PageSettings()),
    ({"color": "#0a5cad", "logo": LOGO}, PageSettings("#0a5cad", LOGO)),
    # The color is written into a style sheet, and the picture into an attribute.
    ({"color": "#0a5cad}body{"}, PageSettings()),
    ({"color": "red"}, PageSettings()),
    ({"color": "#fff"}, PageSettings()),
    ({"color": 7, "logo": 7}, PageSettings()),
    ({"logo": "https://example.com/logo.png"}, PageSettings()),
    ({"logo": "data:text/html;base64,PGI+"}, PageSettings()),
    (
        {"welcome": {"de": "Hallo\x00", "": "Hello", "fr": 1, "es": ""}},
        PageSettings(welcome=((None, "Hello"), ("de", "Hallo"))),
    ),
    ({"welcome": "Hello", "help": ["x"]}, PageSettings()),
    ({"help": {"de": "Hilfe"}}, PageSettings(help=(("de", "Hilfe"),))),
]


@pytest.mark.parametrize(("stored", "meant"), STORED)
def test_read(stored: object, meant: PageSettings) -> None:
    """Valid values are used, and invalid ones are ignored."""
    assert page_from_values(stored) == meant


def test_written_and_read() -> None:
    """What is written is read again."""
    page = PageSettings("#0a5cad", LOGO, ((None, "a"), ("de", "b")), (("fr", "c"),))
    assert page_from_values(page.as_dict()) == page
