"""Write the log in its own thread, so that no request waits for standard error.

A pipe that is not read, a full disk and a terminal stopped with ^S delay or refuse a write. Then
only the thread waits (docs/decisions/0019-log-writer.md).
"""

import os
import select
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Condition, RLock, Thread
from typing import Final

QUEUE_MAX_BYTES: Final = 1024 * 1024
"""Maximum bytes that wait to be written; more lines are dropped."""
# Several processes share a pipe: writes up to this size are atomic (pipe(7)).
_PIECE_MAX_BYTES: Final = select.PIPE_BUF
_FILE_PIECE_MAX_BYTES: Final = 64 * 1024
_RETRY_SECONDS: Final = 1.0
_BUSY_SECONDS: Final = 0.1
_BUSY_LINES: Final = 50
"""More lines than this in `_BUSY_SECONDS` are many."""
_PAUSE_SECONDS: Final = 0.02
"""How long the thread collects lines if there are many: each time it wakes up it delays others."""
_STALL_SECONDS: Final = 1.0
_DRAIN_SECONDS: Final = 3.0
_TOO_SLOW: Final = "it was not read in time"


def dropped_lines_notice(lines: int, reason: str) -> str:
    """Return a text about dropped lines, for use before the log is configured."""
    return f"{lines} log lines dropped because standard error failed: {reason}\n"


class LogWriter:
    """A writer that keeps the order of lines, and drops new lines while too many wait.

    Dropped lines are counted, and a line reports their number as soon as writing works again.

    Attributes:
        notice: builds the line about dropped lines from their number and the reason.
    """

    def __init__(self, descriptor: int, max_bytes: int = QUEUE_MAX_BYTES) -> None:
        """Start the thread.

        Args:
            descriptor: the file; it stays open.
            max_bytes: how much may wait. The thread may have as much again.
        """
        self.notice: Callable[[int, str], str] = dropped_lines_notice
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._piece_max = _FILE_PIECE_MAX_BYTES if is_file else _PIECE_MAX_BYTES
        # A destructor or a signal handler may write a line while this same thread writes one: the
        # lock is reentrant, and so is SimpleQueue.put.
        self._lock = RLock()
        self._changed = Condition(self._lock)
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._end_of_pause: SimpleQueue[None] = SimpleQueue()
        self._counted_since = 0.0
        self._counted_lines = 0
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._is_busy = False
        self._progress_at = 0.0
        self._dropped = 0
        self._dropped_since_count = 0
        self._reason = _TOO_SLOW
        Thread(target=self._run, name="log", daemon=True).start()

    def write(self, text: str) -> int:
        """Queue one line with its line end. Never waits."""
        data = text.encode("utf-8", "backslashreplace")
        with self._lock:  # A condition does the same more slowly.
            is_first = not self._waiting
            if self._waiting_bytes + len(data) > self._max_bytes:
                self._dropped += 1
                self._dropped_since_count += 1
            else:
                self._waiting.append(data)
                self._waiting_bytes += len(data)
            if not self._is_busy:
                self._is_busy = True
                self._progress_at = time.monotonic()
            if is_first:
                self._wake.put(None)
        return len(text)

    def flush(self) -> None:
        """Ignore the call: loggers flush after each line; see `drain`."""

    def isatty(self) -> bool:
        """Return whether a terminal shows the lines."""
        return os.isatty(self._descriptor)

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._descriptor

    def drain(self) -> bool:
        """Wait until all is written, as long as there is progress; return whether all is written.

        The wait ends after a second without progress, which may be over already.
        """
        end = time.monotonic() + _DRAIN_SECONDS
        self._end_of_pause.put(None)
        with self._changed:
            while self._is_busy:
                rest = min(end, self._progress_at + _STALL_SECONDS) - time.monotonic()
                if rest <= 0:
                    return False
                self._changed.wait(rest)
        return True

    def count_dropped_lines(self) -> int:
        """Return how many lines were dropped since the last call."""
        if not self._dropped_since_count:
            return 0
        with self._changed:
            count, self._dropped_since_count = self._dropped_since_count, 0
        return count

    def _run(self) -> None:
        while True:
            self._wake.get()
            with self._changed:
                lines, self._waiting, self._waiting_bytes = self._waiting, [], 0
                dropped, self._dropped = self._dropped, 0
            for piece in self._pieces(lines):
                self._write(piece)
            if dropped:
                self._write(self.notice(dropped, self._reason).encode("utf-8", "backslashreplace"))
                self._reason = _TOO_SLOW
            with self._changed:
                self._is_busy = bool(self._waiting)
                self._changed.notify_all()
            if self._are_many(len(lines)):
                with suppress(Empty):
                    self._end_of_pause.get(timeout=_PAUSE_SECONDS)

    def _are_many(self, lines: int) -> bool:
        """Count written lines; return whether there are many in this tenth of a second."""
        now = time.monotonic()
        if now - self._counted_since > _BUSY_SECONDS:
            self._counted_since, self._counted_lines = now, 0
        self._counted_lines += lines
        return self._counted_lines > _BUSY_LINES

    def _pieces(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Join lines to pieces that are written at once; only a long line gets its own piece."""
        piece = bytearray()
        for line in lines:
            if piece and len(piece) + len(line) > self._piece_max:
                yield bytes(piece)
                piece.clear()
            piece += line
        if piece:
            yield bytes(piece)

    def _write(self, data: bytes) -> None:
        """Write a whole piece, however long that takes."""
        while data:
            try:
                count = os.write(self._descriptor, data)
            except BlockingIOError:  # Another program made the descriptor non-blocking.
                poll = select.poll()
                poll.register(self._descriptor, select.POLLOUT)
                poll.poll()
            except OSError as error:
                self._reason = error.strerror or str(error)
                time.sleep(_RETRY_SECONDS)
            else:
                data = data[count:]
                with self._changed:
                    self._progress_at = time.monotonic()
