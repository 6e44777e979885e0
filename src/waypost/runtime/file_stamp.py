"""Detect whether a file has changed, without reading it."""

from pathlib import Path

FileStamp = tuple[int, int, int, int, int]
"""Device, inode, size, and in nanoseconds the times of the last change of content and of status.

The last one also changes with the owner or the mode, which may have been the only problem.
"""


def file_stamp(path: Path) -> FileStamp | None:
    """Return the signature of a file; None if there is none that Waypost may see."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
