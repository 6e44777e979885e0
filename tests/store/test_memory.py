"""The best match in the store in memory."""

import pytest

from tests.making import domain
from waypost.core.address import DomainName
from waypost.core.model import Catalog
from waypost.store.memory import MemoryStore

PATTERNS = ["example.com", "*.example.com", "*.b.example.com", "*.com"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("example.com", "example.com"),
        ("a.example.com", "*.example.com"),
        ("a.b.example.com", "*.b.example.com"),
        ("b.example.com", "*.example.com"),
        ("other.com", "*.com"),
        ("notexample.com", "*.com"),
        ("com", None),
        ("example.org", None),
    ],
)
def test_find(asked: str, expected: str | None) -> None:
    """An exact entry comes first, then the longest suffix; a suffix excludes its own domain."""
    store = MemoryStore(Catalog(tuple(domain(pattern) for pattern in PATTERNS)))
    found = store.find(DomainName.parse(asked))

    assert expected == (found.pattern.text if found else None)


def test_any() -> None:
    """A single star matches all other domains."""
    store = MemoryStore(Catalog((domain("*"), domain("example.com"))))
    found = store.find(DomainName.parse("example.org"))

    assert found is not None
    assert found.pattern.text == "*"
    store.close()
