"""Standard error of a server: whatever is written there waits for its turn in the log."""

import atexit
import io
import os
import sys
from typing import Final, TextIO, cast

from waypost.characters import escaped
from waypost.log_writer import LogWriter

_NUMBER: Final = 2
_REST_MAX_CHARS: Final = 8192


class StandardError(io.TextIOBase):
    """Takes the place of `sys.stderr`: tracebacks and warnings are lines among the others.

    Attributes:
        writer: writes them.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, writer: LogWriter) -> None:
        """Take what writes the lines."""
        self.writer = writer
        self._rest = ""

    def write(self, text: str) -> int:
        """Take a text; its whole lines are written, with what a terminal would obey escaped.

        Raises:
            TypeError: it is no text. Libraries try so whether a stream is one of bytes.
        """
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        *lines, self._rest = f"{self._rest}{text}".split("\n")
        for line in lines:
            self.writer.write(f"{escaped(line)}\n")
        if len(self._rest) > _REST_MAX_CHARS:
            self._write_rest()
        return len(text)

    def flush(self) -> None:
        """Wait until all is written, but not longer than `LogWriter.drain` does."""
        self._write_rest()
        self.writer.drain()

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Return whether a person reads it."""
        return self.writer.isatty()

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self.writer.fileno()

    def _write_rest(self) -> None:
        rest, self._rest = self._rest, ""
        if rest:
            self.writer.write(escaped(rest))


def queue_standard_error() -> LogWriter | None:
    """Have a thread write all that this process writes to standard error from now on.

    Returns:
        What writes it; None where `sys.stderr` is not that of the process, as in a test.
    """
    stream = cast("TextIO | None", sys.stderr)
    if isinstance(stream, StandardError):
        return stream.writer
    if stream is not sys.__stderr__:
        return None
    writer = LogWriter(_null() if stream is None else stream.fileno())
    queued = StandardError(writer)
    sys.stderr = cast("TextIO", queued)
    atexit.register(_end, queued)
    return writer


def _null() -> int:
    """Open the null device, as standard error if it was closed: no other file may get its number.

    What a library writes there would go into that file.
    """
    descriptor = os.open(os.devnull, os.O_WRONLY)
    if descriptor == _NUMBER:
        os.set_inheritable(descriptor, True)
        return descriptor
    try:
        os.fstat(_NUMBER)
    except OSError:
        os.dup2(descriptor, _NUMBER)
    return descriptor


def _end(queued: StandardError) -> None:
    """Write what waits. The thread ends with the interpreter, so the rest is written without it."""
    queued.flush()
    if queued.writer.drain() and sys.stderr is cast("object", queued):
        sys.stderr = sys.__stderr__
