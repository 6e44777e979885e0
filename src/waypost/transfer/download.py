"""Fetching one document that is to be imported, by its URL."""

from typing import Final

from waypost.errors import FetchError, ProvidersError
from waypost.net.http_client import FetchLimits, fetch
from waypost.net.http_exchange import Response
from waypost.net.system_transport import SystemTransport
from waypost.redaction import redact_message, redact_uri, secrets_of

REASON_MAX_CHARS: Final = 100
_HEADERS: Final = {"User-Agent": "waypost", "Accept": "application/xml, text/xml, */*"}
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})


def is_url(text: str) -> bool:
    """Tell a URL from the path of a file."""
    return "://" in text


def download(url: str, limits: FetchLimits) -> bytes:
    """Get a document.

    Args:
        url: http or https.
        limits: how far to go.

    Raises:
        ProvidersError: the URL cannot be used, nothing or too much came, or a page for people.
    """
    name = redact_uri(url)
    try:
        response = fetch(url, limits, SystemTransport(), _HEADERS)
    except FetchError as error:
        raise ProvidersError([f"{error}"]) from error
    if not 200 <= response.status <= 299:
        reason = redact_message(_status(response), secrets_of(url))
        raise ProvidersError([f"{name}: the server says {reason}"])
    kind = response.headers.get_content_type()
    if kind in _PAGES:
        raise ProvidersError([f"{name}: is a page for people ({kind}), not a document"])
    return response.body


def _status(response: Response) -> str:
    """Return the status and its reason phrase, without what would move a terminal."""
    phrase = response.reason[:REASON_MAX_CHARS]
    shown = "".join(char if char.isprintable() else "?" for char in phrase)
    return f"{response.status} {shown}".rstrip()
