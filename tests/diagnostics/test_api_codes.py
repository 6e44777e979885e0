"""The codes of the REST API, as `waypost explain` finds them."""

from http import HTTPStatus

import pytest

from waypost.core.clients import CLIENTS
from waypost.diagnostics.api_codes import API_CODES, find_api_code
from waypost.diagnostics.codes import CODE_TABLES

FOUND = [
    # what is typed, the code
    ("in_use", "in_use"),
    ("In-Use", "in_use"),
    ("TOO-MANY_requests", "too_many_requests"),
    ("in use", None),
    ("in_use ", None),
    ("inuse", None),
    ("", None),
    ("-", None),
    ("plain-section", None),
    ("409", None),
]


@pytest.mark.parametrize(("typed", "code"), FOUND)
def test_find(typed: str, code: str | None) -> None:
    """A code is found in any case, and with hyphens; nothing else is taken for one."""
    found = find_api_code(typed)
    assert (None if found is None else found.code) == code


def test_topics() -> None:
    """A code of the API is neither a code of a check nor a client; hyphens may be typed."""
    codes = [one.code for one in API_CODES]
    assert len(set(codes)) == len(codes)
    typed = {code.replace("_", "-") for code in codes}
    assert typed.isdisjoint(code.code for table in CODE_TABLES for code in table.codes)
    assert typed.isdisjoint(client.topic for client in CLIENTS)
    assert [find_api_code(code) for code in sorted(typed)] == sorted(
        API_CODES, key=lambda one: one.code.replace("_", "-")
    )


def test_texts() -> None:
    """Each code has the status of an error, a message and a fix, in the form of the other codes."""
    for code in API_CODES:
        assert HTTPStatus(code.status) >= HTTPStatus.BAD_REQUEST, code
        for text in (code.message, code.fix):
            assert text, code
            assert not text[0].isupper(), code
            assert not text.endswith("."), code
            assert "  " not in text, code
