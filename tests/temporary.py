"""The temporary files of the tests, in memory where there is enough of it."""

import os
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_NEEDED_BYTES: Final = 8 * 2**30


def keep_in_memory(folder: Path = _MEMORY, needed_bytes: int = _NEEDED_BYTES) -> None:
    """Set TMPDIR to a file system in memory, for this process and those that it starts.

    A database of PostgreSQL has 300 files, and the tests create hundreds. ext4 without a journal
    needs more time for each new file the more files were removed in the last minutes: up to a
    millisecond.

    Args:
        folder: where this file system is mounted. In a container it often has 64 MB, or runs no
            programs: then nothing changes. The same is true if TMPDIR is set.
        needed_bytes: how much must be free.
    """
    if "TMPDIR" in os.environ or not folder.is_mount() or not os.access(folder, os.W_OK):
        return
    system = os.statvfs(folder)
    runs_programs = not system.f_flag & os.ST_NOEXEC
    if runs_programs and system.f_bavail * system.f_frsize >= needed_bytes:
        os.environ["TMPDIR"] = f"{folder}"
        tempfile.tempdir = None  # pytest has asked for it before
