"""Open configured files: only regular files, and without waiting for a writer."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

BUFFER_BYTES: Final = 1024 * 1024
"""The size of one read. A thread that reads small blocks releases the interpreter's lock for so
short a time that no other thread ever gets the lock (decision 20)."""
LINE_MAX_BYTES: Final = 64 * 1024
_NOT_REGULAR: Final = "is a FIFO, a socket or a device, and only regular files are read"


class NotRegularFileError(OSError):
    """A path names a folder, a FIFO, a socket or a device."""


def open_regular_file(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file to read its bytes; the null device counts as an empty file.

    Raises:
        NotRegularFileError: the path names a folder, a FIFO, a socket or a device.
        OSError: the file cannot be opened; `strerror` has the reason.
        ValueError: no file can have such a path.
    """
    # Without O_NONBLOCK, open() of a FIFO waits for a writer (POSIX open()).
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _check(os.fstat(descriptor))
        return os.fdopen(descriptor, "rb", BUFFER_BYTES)
    except MemoryError as error:
        os.close(descriptor)
        raise _no_memory() from error
    except OSError:
        os.close(descriptor)
        raise


def read_regular_file(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    """Read a file, at most `max_bytes` and one more byte, which shows that the file is too long.

    Raises:
        OSError: the file cannot be read, or is not a regular file; `strerror` has the reason.
        ValueError: no file can have such a path.
    """
    with open_regular_file(path) as file:
        return read_up_to(file, max_bytes)


def read_up_to(file: BinaryIO, max_bytes: int) -> bytes:
    """Read an open file, at most `max_bytes` and one more byte.

    Raises:
        OSError: the file cannot be read, or has no data now, as some files of /proc.
    """
    try:
        data: bytes | None = file.read(max_bytes + 1)
    except MemoryError as error:
        raise _no_memory() from error
    if data is None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return data


def read_first_line(path: str | os.PathLike[str]) -> str:
    """Read the first line of a file in UTF-8, without its line break.

    Raises:
        OSError: the file cannot be read, is not a regular file, or its first line is too long.
        UnicodeDecodeError: the line is not UTF-8.
        ValueError: no file can have such a path.
    """
    line = read_regular_file(path, LINE_MAX_BYTES).partition(b"\n")[0]
    if len(line) > LINE_MAX_BYTES:
        raise OSError(errno.EFBIG, f"its first line is longer than {LINE_MAX_BYTES} bytes")
    return line.decode().rstrip("\r")


def check_regular_file(path: str | os.PathLike[str]) -> None:
    """Check that a file is a regular file and can be opened, before a library opens it again.

    Raises:
        NotRegularFileError: the path names a folder, a FIFO, a socket or a device.
        OSError: the file cannot be opened; `strerror` has the reason.
        ValueError: no file can have such a path.
    """
    open_regular_file(path).close()


def reason_of(error: OSError | ValueError) -> str:
    """Return why a file cannot be read, as the end of a sentence."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _check(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise NotRegularFileError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode) and not _is_null_device(status):
        raise NotRegularFileError(errno.EINVAL, _NOT_REGULAR)


def _is_null_device(status: os.stat_result) -> bool:
    """Return whether a file is /dev/null, which shell scripts use as an empty file."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == Path(os.devnull).stat().st_rdev


def _no_memory() -> OSError:
    return OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
