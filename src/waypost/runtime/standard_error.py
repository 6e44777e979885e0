"""Standard error of a server: all text that is written there goes through the log's queue."""

import atexit
import io
import os
import sys
from typing import Final, TextIO, cast

from waypost.core.text_rules import escaped
from waypost.runtime.log_writer import LogWriter

_DESCRIPTOR: Final = 2
_REST_MAX_CHARS: Final = 8192


class StandardError(io.TextIOBase):
    """A replacement for `sys.stderr`: tracebacks and warnings become lines of the log.

    Attributes:
        writer: writes them.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, writer: LogWriter) -> None:
        """Initialize with the writer of the lines."""
        self.writer = writer
        self._rest = ""

    def write(self, text: str) -> int:
        """Write the whole lines of a text, with control characters escaped.

        Raises:
            TypeError: it is not a text. Libraries test in this way whether a stream takes bytes.
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
        """Wait until all is written, but at most as long as `LogWriter.drain` does."""
        self._write_rest()
        self.writer.drain()

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Return whether a terminal shows the text."""
        return self.writer.isatty()

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self.writer.fileno()

    def _write_rest(self) -> None:
        rest, self._rest = self._rest, ""
        if rest:
            self.writer.write(escaped(rest))


def queue_standard_error() -> LogWriter | None:
    """Make a thread write all that this process writes to standard error from now on.

    Returns:
        The writer; None if `sys.stderr` is not that of the process, as in a test.
    """
    stream = cast("TextIO | None", sys.stderr)
    if isinstance(stream, StandardError):
        return stream.writer
    if stream is not sys.__stderr__:
        return None
    writer = LogWriter(_open_null_device() if stream is None else stream.fileno())
    replacement = StandardError(writer)
    sys.stderr = cast("TextIO", replacement)
    atexit.register(_end, replacement)
    return writer


def _open_null_device() -> int:
    """Open the null device as standard error, if it was closed: no other file may get its number.

    Otherwise a library's message on standard error would go into that file.
    """
    descriptor = os.open(os.devnull, os.O_WRONLY)
    if descriptor == _DESCRIPTOR:
        os.set_inheritable(descriptor, True)
        return descriptor
    try:
        os.fstat(_DESCRIPTOR)
    except OSError:
        os.dup2(descriptor, _DESCRIPTOR)
    return descriptor


def _end(replacement: StandardError) -> None:
    """Write the waiting lines. The thread ends with the interpreter, so this writes the rest."""
    replacement.flush()
    if replacement.writer.drain() and sys.stderr is cast("object", replacement):
        sys.stderr = sys.__stderr__
