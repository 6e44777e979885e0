"""A parser of requests that ignores `Upgrade`.

httptools takes the data after the head of such a request as another protocol: a body is lost, or
parsed as the next request. `curl --http2` and the HTTP client of Java send `Upgrade: h2c` with each
request over plain http, even with a POST of Autodiscover.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Protocol

import httptools

if TYPE_CHECKING:
    from array import array

# RFC 9110 s9.3.6: the data that follows is never a body.
_CONNECT: Final = b"CONNECT"


class ParserCallbacks(Protocol):
    """The callbacks of httptools, and what is needed to parse a head again."""

    parser: "Parser"

    def head_without_upgrade(self) -> bytes:
        """Return the request line and the headers of the request that is being parsed."""
        ...


class Parser(httptools.HttpRequestParser):
    """A parser that calls a connection for each part of a request.

    If the head of a request has `Upgrade`, a new parser of the connection parses it a second time
    without that header, so that a body is found. The connection ignores the first time
    (`is_repeated`).
    """

    def __init__(self, connection: ParserCallbacks) -> None:
        """Initialize with the connection whose methods are called."""
        super().__init__(connection)
        self._connection = connection
        # As uvicorn does: it answers the first of several requests that has `Connection: close`.
        self.set_dangerous_leniencies(lenient_data_after_close=True)

    @property
    def is_repeated(self) -> bool:
        """Whether the head that was just parsed is parsed once more."""
        return super().should_upgrade() and self.get_method() != _CONNECT

    def should_upgrade(self) -> bool:
        """Return False: a server may ignore `Upgrade`."""
        return False  # RFC 9110 s7.8

    def feed_data(self, data: "bytes | bytearray | memoryview | array[int]") -> None:
        """Parse received data.

        Raises:
            httptools.HttpParserError: the data is not a request.
            httptools.HttpParserUpgrade: the request is CONNECT, and the connection has its head.
        """
        rest = memoryview(data)
        parser = self
        while rest:
            try:
                httptools.HttpRequestParser.feed_data(parser, rest)
            except httptools.HttpParserUpgrade as error:
                if not parser.is_repeated:
                    raise
                rest = rest[error.args[0] :]
                head = self._connection.head_without_upgrade()
                # The old parser reads nothing more after `Connection: close`.
                parser = Parser(self._connection)
                self._connection.parser = parser
                httptools.HttpRequestParser.feed_data(parser, head)
            else:
                return


def body_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Return the length of a body: 0 if there is none, None if only its end shows the length."""
    length: int | None = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value) if value.isdigit() else None
    return length
