"""Download a document to import, by its URL."""

from typing import Final

from waypost.core.errors import FetchError, ProvidersError
from waypost.core.redaction import redact_message, redact_uri, secrets_of
from waypost.core.text_rules import printable
from waypost.net.http_client import FetchLimits, fetch
from waypost.net.http_exchange import HttpResponse
from waypost.net.system_transport import SystemTransport

REASON_MAX_CHARS: Final = 100
_HEADERS: Final = {"User-Agent": "waypost", "Accept": "application/xml, text/xml, */*"}
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})


def is_url(text: str) -> bool:
    """Return whether a string is a URL, not the path of a file."""
    return "://" in text


def download(url: str, limits: FetchLimits) -> bytes:
    """Download a document.

    Args:
        url: http or https.
        limits: the limits of time, size and redirects.

    Raises:
        ProvidersError: the URL cannot be used, the response is missing or too large, or it is a
            web page.
    """
    name = redact_uri(url)
    try:
        response = fetch(url, limits, SystemTransport(), _HEADERS)
    except FetchError as error:
        raise ProvidersError([f"{error}"]) from error
    if not 200 <= response.status <= 299:
        reason = redact_message(_status(response), secrets_of(url))
        raise ProvidersError([f"{name}: the server answered {reason}"])
    kind = response.headers.get_content_type()
    if kind in _PAGES:
        raise ProvidersError([f"{name}: is a web page ({kind}), not a configuration document"])
    return response.body


def _status(response: HttpResponse) -> str:
    """Return the status and its reason phrase, without control characters for a terminal."""
    return f"{response.status} {printable(response.reason[:REASON_MAX_CHARS])}".rstrip()
