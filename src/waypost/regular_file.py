"""Opening configured files: regular files alone, and never waiting for somebody to write."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

BUFFER_BYTES: Final = 1024 * 1024
"""Read at once. While a thread reads small pieces one after the other, it lets go of the
interpreter's lock for so short a time that no other thread ever gets it (decision 20)."""
LINE_MAX_BYTES: Final = 64 * 1024
_NOT_REGULAR: Final = "is a FIFO, a socket or a device, and only regular files are read"


class NotRegularFileError(OSError):
    """What a path names is a folder, a FIFO, a socket or a device."""


def open_regular_file(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file to read its bytes; the null device counts as an empty file.

    Raises:
        NotRegularFileError: it is a folder, a FIFO, a socket or a device.
        OSError: it cannot be opened; `strerror` says why.
        ValueError: no file can have such a path.
    """
    # A FIFO without a writer would be waited for (POSIX open(): O_NONBLOCK is for FIFOs).
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
    """Read a file, but no more than one byte beyond a limit: so much tells that it is too long.

    Raises:
        OSError: it cannot be read, or is no regular file; `strerror` says why.
        ValueError: no file can have such a path.
    """
    with open_regular_file(path) as file:
        return read_up_to(file, max_bytes)


def read_up_to(file: BinaryIO, max_bytes: int) -> bytes:
    """Read an open file, but no more than one byte beyond a limit.

    Raises:
        OSError: it cannot be read.
    """
    try:
        return file.read(max_bytes + 1)
    except MemoryError as error:
        raise _no_memory() from error


def read_first_line(path: str | os.PathLike[str]) -> str:
    """Read the first line of a file in UTF-8, without its end.

    Raises:
        OSError: it cannot be read, is no regular file, or its first line is very long.
        UnicodeDecodeError: the line is not UTF-8.
        ValueError: no file can have such a path.
    """
    line = read_regular_file(path, LINE_MAX_BYTES).partition(b"\n")[0]
    if len(line) > LINE_MAX_BYTES:
        raise OSError(errno.EFBIG, f"its first line has more than {LINE_MAX_BYTES} bytes")
    return line.decode().rstrip("\r")


def check_regular_file(path: str | os.PathLike[str]) -> None:
    """Check that a file can be opened and is a regular file, for libraries that open it again.

    Raises:
        NotRegularFileError: it is a folder, a FIFO, a socket or a device.
        OSError: it cannot be opened; `strerror` says why.
        ValueError: no file can have such a path.
    """
    open_regular_file(path).close()


def reason_of(error: OSError | ValueError) -> str:
    """Return why a file cannot be read, as the end of a sentence."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _check(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise NotRegularFileError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode) and not _is_null_device(found):
        raise NotRegularFileError(errno.EINVAL, _NOT_REGULAR)


def _is_null_device(found: os.stat_result) -> bool:
    """Return whether it is /dev/null, which is how a shell writes an empty file."""
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == Path(os.devnull).stat().st_rdev


def _no_memory() -> OSError:
    return OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
