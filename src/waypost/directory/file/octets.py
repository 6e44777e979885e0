"""From a path to octets that may be a text, and no further."""

import os
import re
import stat
from pathlib import Path
from typing import Final

from waypost.directory.file.mistakes import Mistakes
from waypost.errors import DirectoryError, DirectoryUnavailable

MAX_OCTETS: Final = 64 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
# In UTF-8 these octets stand for nothing else (RFC 3629 s3).
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_octets(path: Path) -> bytes:
    """Read a file whole, without a byte order mark.

    Raises:
        DirectoryUnavailable: there is no such file, or it cannot be read.
        DirectoryError: it is no file, or too large.
    """
    try:
        # A FIFO would be waited for, for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DirectoryError(f"{path}: is a folder or a device, and no file")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                octets = file.read(MAX_OCTETS + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DirectoryUnavailable(f"{path}: cannot be read: {reason}") from error
    except ValueError as error:
        raise DirectoryError(f"{str(path)!r}: is not the path of a file") from error
    if len(octets) > MAX_OCTETS:
        limit = MAX_OCTETS // 1024 // 1024
        raise DirectoryError(f"{path}: is larger than {limit} MiB; take a database for so many")
    return octets.removeprefix(_BOM)


def check_text(octets: bytes, mistakes: Mistakes) -> bool:
    """Tell whether octets can be the text of a directory; note why not."""
    if not octets.strip():
        mistakes.note(0, "is empty")
        return False
    found = _CONTROL.search(octets)
    if found is None:
        return True
    line = octets.count(b"\n", 0, found.start()) + 1
    if found[0] == b"\0":
        mistakes.note(line, "holds a NUL character; this is not a text in UTF-8")
    else:
        mistakes.note(line, "holds a control character")
    return False
