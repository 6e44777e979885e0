"""One HTTP request and its answer, on a connection that has a deadline."""

import http.client
import string
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import IO, Final
from urllib.parse import quote

from waypost.net.connection import DeadlineConnection
from waypost.net.failures import BadAnswer

FILE_MAX_BYTES: Final = 16 * 1024 * 1024 * 1024
"""The maximum of a body in a file."""
_CHUNK_BYTES: Final = 64 * 1024
PRINTABLE: Final = string.ascii_letters + string.digits + string.punctuation
# For zlib: the gzip format, the zlib format, none.
_WINDOW_BITS: Final = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request.

    Attributes:
        authority: for the Host header.
        target: path and query.
        body: bytes, or an open file; with a file, `headers` has a Content-Length.
    """

    authority: str
    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | IO[bytes] = b""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer.

    Attributes:
        body: decompressed; one byte more than the maximum if it is longer.
    """

    status: int
    reason: str
    headers: Message
    body: bytes


def host_of(authority: str) -> str:
    """Return the host of an authority, without its port and without brackets.

    Raises:
        HTTPException: it is not valid.
    """
    return http.client.HTTPConnection(authority).host


def exchange(
    connection: DeadlineConnection,
    request: HttpRequest,
    max_bytes: int,
    *,
    reads_body: Callable[[int], bool] = lambda _: True,
    file: IO[bytes] | None = None,
) -> HttpResponse:
    """Send a request on a connection, and read the answer.

    Args:
        connection: just opened; its deadline limits the whole exchange.
        request: the request.
        max_bytes: the maximum of the body; one byte more is read, to detect a longer one.
        reads_body: returns for a status whether the body is read.
        file: gets the body of an answer 2xx as it arrives; `body` of the answer is then empty.

    Raises:
        OSError: the connection breaks, or the time is over.
        HTTPException, ValueError: the request or the answer is not HTTP.
    """
    client = http.client.HTTPConnection(request.authority)
    client.sock = connection
    # Servers escape differently, but none sends spaces or characters outside ASCII.
    target = quote(f"{connection.target_prefix}{request.target}", safe=PRINTABLE)
    headers = {**request.headers, **dict(connection.headers)}
    client.request(request.method, target, request.body or None, headers)
    with client.getresponse() as response:
        connection.head_bytes_left = None
        body = b""
        if file is not None and 200 <= response.status <= 299:
            _copy(response, file)
        elif reads_body(response.status):
            body = _decompress(_read(response, max_bytes), response, max_bytes)
        return HttpResponse(response.status, response.reason, response.headers, body)


def _copy(response: http.client.HTTPResponse, file: IO[bytes]) -> None:
    size = 0
    while chunk := response.read1(_CHUNK_BYTES):
        size += len(chunk)
        if size > FILE_MAX_BYTES:
            raise BadAnswer(f"the body is longer than {FILE_MAX_BYTES} bytes")
        file.write(chunk)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)


def _read(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while size <= max_bytes and (chunk := response.read1(_CHUNK_BYTES)):
        chunks.append(chunk)
        size += len(chunk)
    body = b"".join(chunks)
    if response.length and size <= max_bytes:
        raise http.client.IncompleteRead(body, response.length)
    return body[: max_bytes + 1]


def _decompress(body: bytes, response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    """Decompress a body, as clients do, even if no compression was requested.

    At most `max_bytes` and one more are decompressed.
    """
    coding = ", ".join(response.headers.get_all("Content-Encoding") or ()).strip().lower()
    if coding in {"", "identity"} or not body:
        return body
    # RFC 9110 s8.4.1: deflate is the zlib format; some servers omit its header.
    for bits in _WINDOW_BITS.get(coding, ()):
        try:
            return zlib.decompressobj(bits).decompress(body, max_bytes + 1)
        except zlib.error:
            continue
    rule = "is not valid" if coding in _WINDOW_BITS else "was not requested"
    raise BadAnswer(f"the compression of the body (Content-Encoding: {coding[:40]}) {rule}")
