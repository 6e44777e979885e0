"""The end of a connection whose client still sends, or does not read: RFC 9112 s9.6.

If a socket is closed while there is something in it that was not read, the system sends a reset,
and the client may lose the answer that it has not read yet. A web server in between makes a 502
of that.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from waypost.web.deadline import Deadline

LINGER_MAX_BYTES: Final = 4 * 1024 * 1024
"""How much is read and thrown away after the last answer."""
LINGER_SECONDS: Final = 5.0
"""How long a connection goes on after the last answer, whatever comes."""
LINGER_FULL_SECONDS: Final = 1.0
"""How long it goes on after `LINGER_MAX_BYTES`, unread: time for the client to read the answer."""
WRITE_TIMEOUT_SECONDS: Final = 10.0
"""How long a client may take to read what the buffers do not hold, or what is left at the end.

An event loop would wait for ever.
"""


class LingeringTransport(asyncio.Transport):
    """A transport whose `close` lets the client read the last answer, if it still sends.

    It waits for a client that does not read no longer than `WRITE_TIMEOUT_SECONDS`.

    Attributes:
        is_held: whether reading waits for `release_reading`.
    """

    def __init__(self, transport: asyncio.Transport, is_sending: Callable[[], bool]) -> None:
        """Take the transport of a socket.

        Args:
            transport: what the event loop made.
            is_sending: whether the client is in the middle of a request, or has sent another.
        """
        super().__init__()
        self._transport = transport
        self._is_sending = is_sending
        self._bytes = 0
        # Not `close`, which waits until the client has read what was written.
        self._linger_deadline = Deadline(self.abort)
        self._write_deadline = Deadline(self.abort)
        self._is_paused = False
        self.is_held = False

    @property
    def is_lingering(self) -> bool:
        """Whether all that comes is to be given to `drop`."""
        return self._linger_deadline.is_running

    def close(self) -> None:
        """End the connection after what was written; at once if it lingers already."""
        if self.is_lingering or self._transport.is_closing() or not self._is_sending():
            self.finish()
            return
        # RFC 9112 s9.6: close the write side first, and go on reading.
        self._linger_deadline.start(LINGER_SECONDS)
        self._transport.write_eof()
        self._transport.resume_reading()

    def drop(self, data: bytes) -> None:
        """Throw away what a client has sent after its last answer."""
        self._bytes += len(data)
        if self._bytes > LINGER_MAX_BYTES and self._transport.is_reading():
            # A web server that cannot send looks whether there is an answer.
            self._transport.pause_reading()
            self._linger_deadline.stop()
            self._linger_deadline.start(LINGER_FULL_SECONDS)

    def finish(self) -> None:
        """Close the socket after what was written, if the client reads that in time."""
        self._linger_deadline.stop()
        self._transport.close()
        if self._transport.get_write_buffer_size() > 0:
            self.expect_reading()

    def forget(self) -> None:
        """Wait for nothing any more."""
        self._linger_deadline.stop()
        self._write_deadline.stop()

    def expect_reading(self) -> None:
        """End the connection at once if the client does not read in time what was written."""
        self._write_deadline.start(WRITE_TIMEOUT_SECONDS)

    def stop_expecting_reading(self) -> None:
        """Note that the client has read enough."""
        self._write_deadline.stop()

    def is_closing(self) -> bool:
        """Return whether nothing more can be written."""
        return self.is_lingering or self._transport.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write, unless the last answer was written or the client has gone.

        uvicorn does not notice the latter if the client sent more requests in the meantime.
        """
        if not self.is_closing():
            self._transport.write(data)

    def abort(self) -> None:
        """Close the socket, without what is still to be written."""
        self.forget()
        self._transport.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 -- asyncio's
        """Return what the transport of the socket says."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Let the client wait; but not for its end."""
        self._is_paused = True
        self._read_or_pause()

    def resume_reading(self) -> None:
        """Go on reading, unless `hold_reading` was called."""
        self._is_paused = False
        self._read_or_pause()

    def hold_reading(self) -> None:
        """Read nothing until `release_reading` is called, whatever else is called."""
        if not self.is_held:
            self.is_held = True
            self._read_or_pause()

    def release_reading(self) -> None:
        """Go on reading, unless `pause_reading` was called."""
        if self.is_held:
            self.is_held = False
            self._read_or_pause()

    def _read_or_pause(self) -> None:
        if self.is_closing():
            return
        if self._is_paused or self.is_held:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
