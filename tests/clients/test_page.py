"""Tests that docs/clients.md is current."""

from tests.clients.page import PAGE, page, slug
from waypost.diagnostics.simulated_clients import CLIENTS


def test_page_is_current() -> None:
    """The page is the one that `make docs` writes."""
    assert page() == PAGE.read_text(encoding="utf-8")


def test_each_client_has_an_anchor() -> None:
    """Each client has one heading whose anchor is its key, and other names have anchors too."""
    text = PAGE.read_text(encoding="utf-8")
    for client in CLIENTS:
        assert slug(client.name) == client.key
        assert text.count(f"\n## {client.name}\n") == 1
        for alias in () if client.edition else client.client.aliases:
            assert f'<a id="{alias}"></a>' in text
