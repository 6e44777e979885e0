"""What the columns of a domain say about where its mail is."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

from waypost.address import DomainName
from waypost.errors import DomainError
from waypost.model import Away
from waypost.store.sql import schema

# RFC 3986 s2: printable ASCII only.
_HTTPS_URL: Final = re.compile(r"https://[!-~]+", re.IGNORECASE)
AWAY_COLUMNS: Final = (
    schema.domain.c.redirect_address,
    schema.domain.c.redirect_url,
    schema.domain.c.declined,
)


def away_of(redirect_address: str | None, redirect_url: str | None, declined: bool) -> Away | None:
    """Return what a row of `domain` says about where its mail is; the first that it says counts.

    Somebody may fill in several of the columns by SQL: `declined` is what does least. What is
    neither a domain nor an https URL that a header can carry does not count.
    """
    if declined:
        return Away()
    if redirect_address:
        try:
            return Away(DomainName.parse(redirect_address).ascii)
        except DomainError:
            return None
    return Away(url=redirect_url) if _is_https_url(redirect_url or "") else None


def _is_https_url(text: str) -> bool:
    if not _HTTPS_URL.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port  # RFC 3986 s3.2.3: digits; looked at only when it is asked for
        return bool(parts.hostname)
    except ValueError:
        return False


def away_columns(away: Away | None) -> dict[str, Any]:
    """Return what a row of `domain` says about where its mail is."""
    return {
        "redirect_address": None if away is None else away.address_domain,
        "redirect_url": None if away is None else away.url,
        "declined": away == Away(),
    }
