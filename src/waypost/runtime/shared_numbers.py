"""A few numbers that several processes share, without a file system that may be full."""

import os
import sys
import time
import weakref
from multiprocessing.reduction import DupFd
from tempfile import TemporaryFile
from typing import Any, Final

_SIZE: Final = 8
_BYTE_ORDER: Final = "little"
# Other processes hold the lock for microseconds, unless they are stopped.
_TRIES: Final = 20
_PAUSE_SECONDS: Final = 0.005


class SharedNumbers:
    """Numbers of 64 bits, zero at first, for this process and those that `multiprocessing` starts.

    A process that is killed or stopped within `swap` does not block the others: they wait for its
    lock at most a tenth of a second.
    """

    def __init__(self, count: int) -> None:
        """Create so many numbers.

        Raises:
            OSError: there is no memory for them.
        """
        self._set_file(create_memory_file(bytes(count * _SIZE)))
        self._count = count

    def __len__(self) -> int:
        return self._count

    def swap(self, index: int, value: int) -> int:
        """Store a number and return the one that was there before."""
        has_lock = self._lock()
        try:
            previous = int.from_bytes(os.pread(self._file, _SIZE, index * _SIZE), _BYTE_ORDER)
            os.pwrite(self._file, value.to_bytes(_SIZE, _BYTE_ORDER), index * _SIZE)
        finally:
            if has_lock:
                os.lockf(self._file, os.F_ULOCK, 0)
        return previous

    def __getstate__(self) -> tuple[Any, int]:
        return DupFd(self._file), self._count

    def __setstate__(self, state: tuple[Any, int]) -> None:
        duplicate, self._count = state
        self._set_file(duplicate.detach())

    def _set_file(self, file: int) -> None:
        self._file = file
        weakref.finalize(self, os.close, file)

    def _lock(self) -> bool:
        for _ in range(_TRIES):
            try:
                os.lockf(self._file, os.F_TLOCK, 0)
            except (BlockingIOError, PermissionError):  # lockf(3): EAGAIN or EACCES
                time.sleep(_PAUSE_SECONDS)
            else:
                return True
        return False


def create_memory_file(content: bytes) -> int:
    """Create a file in memory; return its descriptor, which the caller closes.

    Systems other than Linux have no such files: there it is a file of the disk without a name.

    Raises:
        OSError: there is no memory, or no space, for it.
    """
    if sys.platform == "linux":
        file = os.memfd_create("waypost")
    else:
        with TemporaryFile() as temporary:
            file = os.dup(temporary.fileno())
    try:
        os.pwrite(file, content, 0)
    except OSError:
        os.close(file)
        raise
    return file
