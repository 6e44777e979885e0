"""A parser of requests that ignores `Upgrade`.

httptools takes what follows the head of such a request for another protocol: a body is lost, or
parsed as if it were the next request. `curl --http2` and the HTTP client of Java send
`Upgrade: h2c` with each request over plain http, a POST of Autodiscover included.
"""

from typing import TYPE_CHECKING, Final, Protocol

import httptools

if TYPE_CHECKING:
    from array import array

# RFC 9110 s9.3.6: what follows is never a body.
_CONNECT: Final = b"CONNECT"


class Connection(Protocol):
    """The callbacks of httptools, and one more."""

    def head_without_upgrade(self) -> bytes:
        """Return the request line and the headers of the request that is being parsed."""
        ...


class Parser(httptools.HttpRequestParser):
    """Calls a connection for each part of a request.

    If the head of a request has `Upgrade`, it is parsed a second time without that header, so that
    a body is found. The connection ignores the first time (`is_repeated`).
    """

    def __init__(self, connection: Connection) -> None:
        """Take the connection that is called."""
        super().__init__(connection)
        self._connection = connection
        # As uvicorn does: it answers the first of several requests if `Connection: close` is there.
        self.set_dangerous_leniencies(lenient_data_after_close=True)

    @property
    def is_repeated(self) -> bool:
        """Whether the head that was just parsed comes once more."""
        return super().should_upgrade() and self.get_method() != _CONNECT

    def should_upgrade(self) -> bool:
        """Return False: a server may ignore `Upgrade`."""
        return False  # RFC 9110 s7.8

    def feed_data(self, data: "bytes | bytearray | memoryview | array[int]") -> None:
        """Parse what came.

        Raises:
            httptools.HttpParserError: it is no request.
            httptools.HttpParserUpgrade: it is CONNECT, and the connection took its head.
        """
        rest = memoryview(data)
        while rest:
            try:
                super().feed_data(rest)
            except httptools.HttpParserUpgrade as error:
                if not self.is_repeated:
                    raise
                rest = rest[error.args[0] :]
                super().feed_data(self._connection.head_without_upgrade())
            else:
                return
