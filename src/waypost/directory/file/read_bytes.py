"""Read a file as bytes, and check that the bytes may be a text."""

import re
from pathlib import Path
from typing import Final

from waypost.core.errors import DirectoryError, DirectoryUnavailable
from waypost.directory.file.problems import Problems
from waypost.runtime.regular_file import NotRegularFileError, read_regular_file, reason_of

MAX_BYTES: Final = 64 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
# In UTF-8, these bytes are never part of another character (RFC 3629 s3).
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_bytes(path: Path) -> bytes:
    """Read a file whole, without a byte order mark.

    Raises:
        DirectoryUnavailable: there is no such file, or it cannot be read.
        DirectoryError: the path is not a regular file, or the file is too large.
    """
    try:
        data = read_regular_file(path, MAX_BYTES)
    except NotRegularFileError as error:
        raise DirectoryError(f"{path}: is a folder or a device, not a file") from error
    except OSError as error:
        raise DirectoryUnavailable(f"{path}: cannot be read: {reason_of(error)}") from error
    except ValueError as error:
        raise DirectoryError(f"{str(path)!r}: is not the path of a file") from error
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise DirectoryError(
            f"{path}: is larger than {limit} MiB; use a database for so many users"
        )
    return data.removeprefix(_BOM)


def check_text(data: bytes, mistakes: Problems) -> bool:
    """Return whether bytes can be the text of a directory; if not, add the mistake."""
    if not data.strip():
        mistakes.add(0, "is empty")
        return False
    match = _CONTROL.search(data)
    if match is None:
        return True
    line = data.count(b"\n", 0, match.start()) + 1
    if match[0] == b"\0":
        mistakes.add(line, "contains a NUL character; the file is not UTF-8 text")
    else:
        mistakes.add(line, "contains a control character")
    return False
