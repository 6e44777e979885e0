"""Rows and values of the table `provider`."""

from collections.abc import Iterable
from typing import Any

from waypost.model import Documentation, OAuth2, Provider
from waypost.store.sql.profile_values import profile_from_values
from waypost.store.sql.rows import Row
from waypost.store.sql.texts import clean


def provider_from_row(row: Row) -> Provider:
    """Read a row of `provider`."""
    others = row["pages"] or {}
    return Provider(
        name=clean(row["name"]),
        short_name=clean(row["short_name"]),
        documentation=_pages(row["documentation"] or ()),
        oauth2=tuple(OAuth2(**entry) for entry in row["oauth2"] or ()),
        enable=_pages(others.get("enable", ())),
        webmail=others.get("webmail"),
        update_url=others.get("update_url"),
        profile=profile_from_values(others.get("profile")),
    )


def provider_row(provider: Provider) -> dict[str, Any]:
    """Write a provider as a row, without its id."""
    oauth2 = [
        {name: getattr(entry, name) for name in OAuth2.__slots__} for entry in provider.oauth2
    ]
    others = {
        "enable": _entries(provider.enable),
        "webmail": provider.webmail,
        "update_url": provider.update_url,
        "profile": provider.profile.plain(),
    }
    return {
        "name": provider.name,
        "short_name": provider.short_name,
        "documentation": _entries(provider.documentation) or None,
        "oauth2": oauth2 or None,
        "pages": {key: value for key, value in others.items() if value} or None,
    }


def _pages(entries: Iterable[dict[str, Any]]) -> tuple[Documentation, ...]:
    return tuple(
        Documentation(page["url"], tuple((lang, text) for lang, text in page["descriptions"]))
        for page in entries
    )


def _entries(pages: Iterable[Documentation]) -> list[dict[str, Any]]:
    return [
        {"url": page.url, "descriptions": [list(pair) for pair in page.descriptions]}
        for page in pages
    ]
