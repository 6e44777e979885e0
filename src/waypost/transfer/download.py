"""Fetching one document by its URL, with limits to everything."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import IO, Final
from urllib.parse import urlsplit

from waypost.errors import ProvidersError
from waypost.redaction import redact_message, redact_uri, secrets_of

TIMEOUT_S: Final = 15.0
REDIRECTS_MAX: Final = 5
_CHUNK_OCTETS: Final = 64 * 1024


def is_url(text: str) -> bool:
    """Tell a URL from the path of a file."""
    return "://" in text


def fetch(url: str, max_octets: int, timeout_s: float = TIMEOUT_S) -> bytes:
    """Get a document.

    Args:
        url: http or https.
        max_octets: what a document may hold.
        timeout_s: for each answer of the server, and for the whole.

    Raises:
        ProvidersError: the URL cannot be used, nothing or too much came, or a page for people.
    """
    _check(url)
    name = redact_uri(url)
    end = time.monotonic() + timeout_s
    request = urllib.request.Request(  # noqa: S310 -- _check lets http and https pass only
        url, headers={"Accept": "application/xml, text/xml, */*"}
    )
    try:
        with _opener().open(request, timeout=timeout_s) as response:
            kind = response.headers.get_content_type()
            if kind in {"text/html", "application/xhtml+xml"}:
                raise ProvidersError([f"{name}: is a page for people ({kind}), not a document"])
            octets = b""
            while chunk := response.read1(_CHUNK_OCTETS):
                octets += chunk
                if len(octets) > max_octets:
                    raise ProvidersError([f"{name}: is larger than {max_octets // 1024} KiB"])
                if time.monotonic() > end:
                    raise ProvidersError([f"{name}: took longer than {timeout_s:g} s"])
    except urllib.error.HTTPError as error:
        with error:
            reason = f"the server says {error.code} {error.reason}"
        raise ProvidersError([f"{name}: {_redacted(reason, url)}"]) from error
    except urllib.error.URLError as error:
        reason = _redacted(error.reason, url)
        raise ProvidersError([f"{name}: cannot be fetched: {reason}"]) from error
    except TimeoutError as error:
        raise ProvidersError([f"{name}: took longer than {timeout_s:g} s"]) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ProvidersError([f"{name}: cannot be fetched: {_redacted(error, url)}"]) from error
    return octets


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows few redirects, to http and https only, and never from https back to http."""

    max_redirections = REDIRECTS_MAX

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> urllib.request.Request | None:
        try:
            _check(newurl)
            if req.type == "https" and urlsplit(newurl).scheme == "http":
                old, new = redact_uri(req.full_url), redact_uri(newurl)
                reason = f"{old}: redirects to {new}, without encryption"
                raise ProvidersError([reason])  # noqa: TRY301 -- closed below, as all of them
        except ProvidersError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, _as_http(headers), newurl)


def _as_http(headers: Mapping[str, str] | Message) -> http.client.HTTPMessage:
    if isinstance(headers, http.client.HTTPMessage):
        return headers
    message = http.client.HTTPMessage()
    for name, value in headers.items():
        message[name] = value
    return message


def _opener() -> urllib.request.OpenerDirector:
    """Make an opener that knows neither file: nor ftp:."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


def _redacted(reason: object, url: str) -> str:
    """Return what a library says, without the secrets of the URL and of a proxy's."""
    proxies = urllib.request.getproxies().values()
    return redact_message(str(reason), frozenset().union(*map(secrets_of, [url, *proxies])))


def _check(url: str) -> None:
    name = redact_uri(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ProvidersError([f"{name}: is not a URL: {_redacted(error, url)}"]) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ProvidersError([f"{name}: must be a whole URL that begins with https:// or http://"])
    if parts.username is not None:
        raise ProvidersError(["the URL must not hold a user name or a password"])
