"""Telling whether a file is another one than before, without reading it."""

from pathlib import Path

Signature = tuple[int, int, int, int, int]
"""Device, inode, size, and in nanoseconds when its content and when anything of it was changed.

The last one tells that owner or mode are others, which may be all that was wrong.
"""


def signature_of(path: Path) -> Signature | None:
    """Return what changes with a file; None where there is none that can be seen."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
