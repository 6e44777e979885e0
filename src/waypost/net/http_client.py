"""Fetching a document by its URL, with a limit for everything.

The total time, the head, the body and the redirects are limited. A redirect from a public server to
a private address is refused, and a redirect from https to http
(docs/decisions/0021-http-client.md).
"""

import http.client
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import quote, urljoin, urlsplit

from waypost.core.errors import FetchError
from waypost.core.redaction import redact_message, redact_uri, secrets_of
from waypost.net.connection import DeadlineConnection
from waypost.net.deadline import Deadline
from waypost.net.failures import PrivateAddress, failure_reason
from waypost.net.http_exchange import PRINTABLE, HttpRequest, HttpResponse, exchange

SECONDS: Final = 15.0
REDIRECTS_MAX: Final = 5
URL_MAX_CHARS: Final = 4096
ALLOW_PRIVATE: Final = "--allow-private"
ALLOW_DOWNGRADE: Final = "--allow-downgrade"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a URL: the part before its path (RFC 6454 s4)."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The value of the Host header (RFC 9110 s7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default_port = 443 if self.scheme == "https" else 80
        return host if self.port == default_port else f"{host}:{self.port}"


class Transport(Protocol):
    """A way to connect to an origin."""

    def connect(
        self, origin: Origin, deadline: Deadline, *, allow_private: bool
    ) -> AbstractContextManager[DeadlineConnection]:
        """Connect to an origin, with TLS if its scheme is https.

        Args:
            origin: the server.
            deadline: of this and of all steps on the connection.
            allow_private: whether its address may be private.

        Raises:
            PrivateAddress: it is private, and may not be.
            OSError: the origin cannot be reached.
            ValueError: the host is not valid.
        """


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """The limits of a fetch.

    Attributes:
        max_bytes: of the body.
        seconds: from the resolution of the name to the last byte, all redirects included.
        redirects: how many at most.
        allow_private: follow redirects from a public server to a private address.
        allow_downgrade: follow redirects from https to http.
    """

    max_bytes: int
    seconds: float = SECONDS
    redirects: int = REDIRECTS_MAX
    allow_private: bool = False
    allow_downgrade: bool = False


def fetch(
    url: str, limits: FetchLimits, transport: Transport, headers: Mapping[str, str]
) -> HttpResponse:
    """Fetch a document; the body is read only if the status is 2xx.

    Args:
        url: http or https.
        limits: the limits of the fetch.
        transport: connects to the servers.
        headers: sent to each of them.

    Raises:
        FetchError: there is no answer, a redirect is refused, or the body is too large.
    """
    shown_url, urls = redact_uri(url), [url]
    deadline = Deadline(limits.seconds)
    was_public = False
    for _ in range(limits.redirects + 1):
        try:
            origin, target = read_url(urls[-1])
            request = HttpRequest(origin.authority, target, headers=headers)
            may_be_private = limits.allow_private or not was_public
            with transport.connect(origin, deadline, allow_private=may_be_private) as connection:
                was_public = was_public or connection.is_public
                response = exchange(connection, request, limits.max_bytes, reads_body=_is_success)
        except PrivateAddress as error:
            reason = f"redirects to {redact_uri(urls[-1])}: {error}; {ALLOW_PRIVATE} follows it"
            raise FetchError(f"{shown_url}: {reason}") from error
        except TimeoutError as error:
            raise FetchError(f"{shown_url}: took longer than {limits.seconds:g} s") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = redact_message(failure_reason(error), _secrets(urls))
            redirect_text = "" if len(urls) == 1 else f"redirects to {redact_uri(urls[-1])}, which "
            raise FetchError(f"{shown_url}: {redirect_text}cannot be fetched: {reason}") from error
        location = response.headers.get("Location", "")
        if response.status not in _REDIRECTS or not location:
            return _check_size(shown_url, response, limits.max_bytes)
        urls.append(_redirect_target(urls[-1], location, limits))
    raise FetchError(f"{shown_url}: redirects more than {limits.redirects} times")


def read_url(url: str) -> tuple[Origin, str]:
    """Split a URL into its origin, and its path and query.

    Raises:
        FetchError: it cannot be fetched.
        UnicodeError: the host is not valid.
    """
    shown_url = redact_uri(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        reason = redact_message(f"{error}", secrets_of(url))
        raise FetchError(f"{shown_url}: is not a URL: {reason}") from error
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise FetchError(f"{shown_url}: must be a whole URL that begins with https:// or http://")
    if parts.username is not None:
        raise FetchError("the URL must not contain a user name or a password")
    host = parts.hostname if parts.hostname.isascii() else _a_labels(parts.hostname)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Origin(parts.scheme, host, port or _PORTS[parts.scheme]), target


def _a_labels(host: str) -> str:
    return host.encode("idna").decode("ascii")


def _is_success(status: int) -> bool:
    return 200 <= status <= 299


def _check_size(shown_url: str, response: HttpResponse, max_bytes: int) -> HttpResponse:
    if len(response.body) > max_bytes:
        raise FetchError(f"{shown_url}: is larger than {max_bytes // 1024} KiB")
    return response


def _redirect_target(url: str, location: str, limits: FetchLimits) -> str:
    """Return the target URL of a redirect."""
    # http.client reads headers as ISO 8859-1, and servers write UTF-8 into them.
    quoted = quote(location[:URL_MAX_CHARS], encoding="iso-8859-1", safe=PRINTABLE)
    shown_url = redact_uri(url)
    try:
        target = urljoin(url, quoted)
        read_url(target)
    except FetchError as error:
        raise FetchError(
            f"{shown_url}: redirects to a URL that is not accepted: {error}"
        ) from error
    except ValueError as error:
        raise FetchError(f"{shown_url}: redirects to a text that is not a URL") from error
    is_downgrade = url.lower().startswith("https:") and target.lower().startswith("http:")
    if is_downgrade and not limits.allow_downgrade:
        hint = f"{ALLOW_DOWNGRADE} follows it"
        raise FetchError(
            f"{shown_url}: redirects to {redact_uri(target)}, without encryption; {hint}"
        )
    return target


def _secrets(urls: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*map(secrets_of, urls))
