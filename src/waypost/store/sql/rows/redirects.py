"""The columns of a domain about its mail: a redirect, or the domain that it is an alias of."""

import re
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.model import Domain, Redirect
from waypost.store.interning import DomainEntry
from waypost.store.sql import schema

# RFC 3986 s2: printable ASCII only.
_HTTPS_URL: Final = re.compile(r"https://[!-~]+", re.IGNORECASE)
REDIRECT_COLUMNS: Final = (
    schema.domain.c.redirect_address,
    schema.domain.c.redirect_url,
    schema.domain.c.declined,
)
ENTRY_COLUMNS: Final = (*REDIRECT_COLUMNS, schema.domain.c.alias_of)
"""All columns that belong to the entry itself, and not to rows of other tables."""


class StoredEntry(NamedTuple):
    """What the columns contain; the attributes have the names of those of a domain.

    A tuple, because a million of them are hashed.
    """

    redirect: Redirect | None = None
    alias_of: str | None = None

    @classmethod
    def from_row(cls, *row: Any) -> Self:  # noqa: ANN401 -- the values of a row
        """Return the content of `ENTRY_COLUMNS`."""
        *redirect, alias_of = row
        return cls(redirect_of(*redirect), alias_domain(alias_of))


def entry_columns(entry: Domain | DomainEntry | StoredEntry) -> dict[str, Any]:
    """Return the values of `ENTRY_COLUMNS` by name."""
    return {**redirect_columns(entry.redirect), "alias_of": entry.alias_of}


def alias_domain(stored: str | None) -> str | None:
    """Return the domain (A-label) of `alias_of`; None for a value that is not a domain."""
    try:
        return DomainName.parse(stored).ascii if stored else None
    except DomainError:
        return None


def redirect_of(
    redirect_address: str | None, redirect_url: str | None, declined: bool
) -> Redirect | None:
    """Return the redirect of a row of `domain`; the first column that is filled in is used.

    Several columns may be filled in by SQL. `declined` comes first, because it discloses least. A
    value that is neither a domain nor an https URL for a header is ignored.
    """
    if declined:
        return Redirect()
    if redirect_address:
        try:
            return Redirect(DomainName.parse(redirect_address).ascii)
        except DomainError:
            return None
    return Redirect(url=redirect_url) if _is_https_url(redirect_url or "") else None


def _is_https_url(text: str) -> bool:
    if not _HTTPS_URL.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port  # RFC 3986 s3.2.3: digits; the attribute raises ValueError for others
        return bool(parts.hostname)
    except ValueError:
        return False


def redirect_columns(redirect: Redirect | None) -> dict[str, Any]:
    """Return the columns of `domain` for a redirect."""
    return {
        "redirect_address": None if redirect is None else redirect.address_domain,
        "redirect_url": None if redirect is None else redirect.url,
        "declined": redirect == Redirect(),
    }
