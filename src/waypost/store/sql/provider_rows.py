"""Rows and values of the table `provider`."""

from typing import Any

from waypost.model import Documentation, OAuth2, Provider
from waypost.store.sql.rows import Row
from waypost.store.sql.texts import clean


def provider_from_row(row: Row) -> Provider:
    """Read a row of `provider`."""
    return Provider(
        name=clean(row["name"]),
        short_name=clean(row["short_name"]),
        documentation=tuple(
            Documentation(page["url"], tuple((lang, text) for lang, text in page["descriptions"]))
            for page in row["documentation"] or ()
        ),
        oauth2=tuple(OAuth2(**entry) for entry in row["oauth2"] or ()),
    )


def provider_row(provider: Provider) -> dict[str, Any]:
    """Write a provider as a row, without its id."""
    pages = [
        {"url": page.url, "descriptions": [list(pair) for pair in page.descriptions]}
        for page in provider.documentation
    ]
    oauth2 = [
        {name: getattr(entry, name) for name in OAuth2.__slots__} for entry in provider.oauth2
    ]
    return {
        "name": provider.name,
        "short_name": provider.short_name,
        "documentation": pages or None,
        "oauth2": oauth2 or None,
    }
