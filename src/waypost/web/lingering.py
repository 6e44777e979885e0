"""The end of a connection whose client still sends, or does not read: RFC 9112 s9.6.

If a socket is closed with unread data in it, the system sends a reset, and the client may lose the
answer that it has not read yet. A web server in front then answers 502.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from waypost.web.timer import Timer

LINGER_MAX_BYTES: Final = 4 * 1024 * 1024
"""How much is read and dropped after the last answer."""
LINGER_SECONDS: Final = 5.0
"""How long a connection stays open after the last answer, whatever the client sends."""
LINGER_FULL_SECONDS: Final = 1.0
"""How long it stays open after `LINGER_MAX_BYTES`, unread, so that the client can read."""
WRITE_TIMEOUT_SECONDS: Final = 10.0
"""How long a client may take to read what the buffers cannot hold, or what is left at the end.

An event loop would wait without end.
"""


class LingeringTransport(asyncio.Transport):
    """A transport whose `close` lets the client read the last answer, if the client still sends.

    It waits at most `WRITE_TIMEOUT_SECONDS` for a client that does not read.

    Attributes:
        is_lingering: whether all received data must be passed to `drop`.
        is_reading_held: whether reading waits for `release_reading`.
        write_open: writes, if `is_closing` is False. The method is that of the inner transport:
            one call fewer.
    """

    def __init__(self, transport: asyncio.Transport, is_sending: Callable[[], bool]) -> None:
        """Initialize with the transport of a socket.

        Args:
            transport: the transport that the event loop made.
            is_sending: whether the client is in the middle of a request, or has sent another.
        """
        super().__init__()
        self._transport = transport
        self.write_open: Callable[[bytes], None] = transport.write
        self._is_sending = is_sending
        self._dropped_bytes = 0
        # Not `close`, which waits until the client has read what was written.
        self._linger_deadline = Timer(self.abort)
        self._write_deadline = Timer(self.abort)
        self._is_paused = False
        self.is_lingering = False
        self.is_reading_held = False

    def close(self) -> None:
        """Close after everything is written; at once if the connection lingers already."""
        if self.is_lingering or self._transport.is_closing() or not self._is_sending():
            self.finish()
            return
        # RFC 9112 s9.6: close the write side first, and continue to read.
        self.is_lingering = True
        self._linger_deadline.start(LINGER_SECONDS)
        self._transport.write_eof()
        self._transport.resume_reading()

    def drop(self, data: bytes) -> None:
        """Drop data that a client has sent after its last answer."""
        self._dropped_bytes += len(data)
        if self._dropped_bytes > LINGER_MAX_BYTES and self._transport.is_reading():
            # A web server that cannot send checks whether there is an answer.
            self._transport.pause_reading()
            self._linger_deadline.stop()
            self._linger_deadline.start(LINGER_FULL_SECONDS)

    def finish(self) -> None:
        """Close the socket after everything is written, if the client reads in time."""
        self.is_lingering = False
        self._linger_deadline.stop()
        self._transport.close()
        if self._transport.get_write_buffer_size() > 0:
            self.expect_reading()

    def stop_deadlines(self) -> None:
        """Stop all deadlines."""
        self._linger_deadline.stop()
        self._write_deadline.stop()

    def expect_reading(self) -> None:
        """Start the deadline for the client to read what was written."""
        self._write_deadline.start(WRITE_TIMEOUT_SECONDS)

    def stop_expecting_reading(self) -> None:
        """Stop this deadline: the client has read enough."""
        self._write_deadline.stop()

    def is_closing(self) -> bool:
        """Return whether nothing more can be written."""
        return self.is_lingering or self._transport.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write, unless the last answer was written or the client has closed the connection.

        uvicorn does not detect a closed connection if the client sent more requests before.
        """
        if not self.is_closing():
            self._transport.write(data)

    def abort(self) -> None:
        """Close the socket, and drop what is still to be written."""
        self.stop_deadlines()
        self._transport.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 -- asyncio's
        """Return the information of the socket's transport."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Stop reading, so that the client waits; but not while the connection lingers."""
        self._is_paused = True
        self._read_or_pause()

    def resume_reading(self) -> None:
        """Continue to read, unless `hold_reading` was called."""
        self._is_paused = False
        self._read_or_pause()

    def hold_reading(self) -> None:
        """Read nothing until `release_reading` is called, whatever else is called."""
        if not self.is_reading_held:
            self.is_reading_held = True
            self._read_or_pause()

    def release_reading(self) -> None:
        """Continue to read, unless `pause_reading` was called."""
        if self.is_reading_held:
            self.is_reading_held = False
            self._read_or_pause()

    def _read_or_pause(self) -> None:
        if self.is_closing():
            return
        if self._is_paused or self.is_reading_held:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
