"""The redirect columns of a domain, whose mail is elsewhere."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.model import Redirect
from waypost.store.sql import schema

# RFC 3986 s2: printable ASCII only.
_HTTPS_URL: Final = re.compile(r"https://[!-~]+", re.IGNORECASE)
REDIRECT_COLUMNS: Final = (
    schema.domain.c.redirect_address,
    schema.domain.c.redirect_url,
    schema.domain.c.declined,
)


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
