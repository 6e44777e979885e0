"""Requests to the REST API of another Waypost."""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Final

from waypost.admin.remote.answers import NOT_WAYPOST, read_error
from waypost.core.errors import FetchError, SettingsError
from waypost.core.host import is_loopback
from waypost.net.deadline import Deadline
from waypost.net.failures import failure_reason
from waypost.net.http_client import Transport, read_url
from waypost.net.http_exchange import HttpRequest, HttpResponse, exchange

SECONDS: Final = 60.0
ANSWER_MAX_BYTES: Final = 16 * 1024 * 1024
_PREFIX: Final = "/api/v1"


class ApiConnection:
    """Sends requests to one API; each on a separate connection.

    Attributes:
        url: without the path of the API.
    """

    def __init__(self, url: str, token: str, transport: Transport) -> None:
        """Initialize without a connection.

        Args:
            url: where the admin listener is.
            token: of its API.
            transport: connects to the URL.

        Raises:
            SettingsError: the URL cannot be used.
        """
        self.url = _checked_url(url)
        self._token = token
        self._transport = transport

    def send(
        self,
        method: str,
        path: str,
        body: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        seconds: float = SECONDS,
        file: IO[bytes] | None = None,
    ) -> HttpResponse:
        """Send a request, and return the answer.

        Args:
            method: of the request.
            path: with its query, below the path of the API.
            body: bytes, or an open file; with a file, `headers` has a Content-Length.
            headers: more headers.
            seconds: the maximum for all of it.
            file: gets the body of the answer, if that is no error; None to return it.

        Raises:
            FetchError: there is no answer.
            WaypostError: the answer is an error.
        """
        origin, target = read_url(f"{self.url}{_PREFIX}{path}")  # Was read before.
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = HttpRequest(
            origin.authority, target, method, sent | dict(headers or {}), body or b""
        )
        deadline = Deadline(seconds)
        try:
            with self._transport.connect(origin, deadline, allow_private=True) as connection:
                response = exchange(connection, request, ANSWER_MAX_BYTES, file=file)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchError(f"{self.url}: no answer: {failure_reason(error)}") from error
        if len(response.body) > ANSWER_MAX_BYTES:
            raise FetchError(f"{self.url}: the answer is longer than {ANSWER_MAX_BYTES} bytes")
        if 200 <= response.status <= 299:
            return response
        raise read_error(self.url, response)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read an answer.

        Raises:
            FetchError: it is not an answer of Waypost's API.
        """
        try:
            yield
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise FetchError(f"{self.url}: {NOT_WAYPOST}") from error


def _checked_url(url: str) -> str:
    """Return the URL without the path of the API.

    Raises:
        SettingsError: the URL cannot be used.
    """
    try:
        origin, target = read_url(url)
    except (FetchError, ValueError) as error:
        raise SettingsError([f"--url: {error}"]) from error
    if "?" in target or "#" in url:
        raise SettingsError(["--url: must not contain a query or a fragment"])
    if origin.scheme != "https" and not is_loopback(origin.host):
        raise SettingsError(["--url: must begin with https://, because it gets a token"])
    return url.rstrip("/").removesuffix(_PREFIX)
