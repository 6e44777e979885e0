"""The account of a database server: the servers refuse to run as root."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def account(name: str) -> str | None:
    """Return the account to change to, or None if this process is not root."""
    return name if os.geteuid() == 0 else None


def let_others_enter(folder: Path) -> None:
    """Let all users enter a temporary folder, which pytest keeps for its own user.

    Folders that are not below the folder of temporary files stay as they are.
    """
    top = Path(tempfile.gettempdir())
    for one in (folder, *folder.parents):
        if top in one.parents:
            one.chmod(one.stat().st_mode | 0o711)


@contextmanager
def folder_of(user: str | None) -> Iterator[Path]:
    """Yield an empty folder that a user owns, with a path that is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="waypost-"))
    try:
        if user is not None:
            entry = pwd.getpwnam(user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
