"""A directory that reads its file again when the file changes."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final

import structlog

from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryError, DirectoryUnavailable, ProblemsError
from waypost.core.model import FileDirectory
from waypost.directory.file.problems import first_problem
from waypost.directory.file.user_table import UserTable
from waypost.directory.file.users import read_users
from waypost.directory.protocol import Entry
from waypost.runtime.file_stamp import FileStamp, file_stamp

CHECK_INTERVAL_SECONDS: Final = 1.0
"""The shortest time between two checks of the file."""
SETTLED_SECONDS: Final = 1.0
"""If the last change is more recent than this, another process may still write the file."""

DirectoryFailure = DirectoryUnavailable | DirectoryError
_KEEPING: Final = "keeping the previous version"


class FileSource:
    """A directory in a file of users. Implements `directory.Directory`.

    If the file gets mistakes or disappears, the users of the last good version stay in use.
    """

    def __init__(
        self,
        directory: FileDirectory,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Create the directory; the file is not read yet.

        Args:
            directory: names the file.
            clock: a monotonic clock, in seconds.
            now: the clock of file timestamps, in seconds.
        """
        self._label = directory.label
        self._path = Path(directory.path)
        self._clock = clock
        self._now = now
        self._lock = Lock()
        self._table: UserTable | None = None
        self._failure: DirectoryFailure | None = None
        self._reported: tuple[str, ...] = ()
        self._stamp: FileStamp | None = None
        self._previous_stamp: tuple[FileStamp | None] | None = None
        self._next_check = clock()
        self._log = structlog.get_logger(__name__)

    def find(self, address: EmailAddress) -> Entry | None:
        """Return the entry of a user, or None.

        Raises:
            DirectoryUnavailable: the file has not been readable since the start.
            DirectoryError: the file has had mistakes since the start; the message names file and
                line.
        """
        table = self._current()
        records = table.find(address)
        if len(records) > 1:
            lines = [record.line for record in records]
            self._log.warning("user is ambiguous", directory=self._label, lines=lines)
            return None
        return records[0].entry if records else None

    def close(self) -> None:
        """Do nothing: the file is open only while it is read."""

    def _current(self) -> UserTable:
        """Return the current users; while another thread reads the file, the previous ones."""
        table = self._table
        if table is not None and self._clock() < self._next_check:
            return table
        if not self._lock.acquire(blocking=table is None):
            return self._last_table()
        try:
            if self._clock() >= self._next_check:
                self._read_if_changed()
                self._next_check = self._clock() + CHECK_INTERVAL_SECONDS
        finally:
            self._lock.release()
        return self._last_table()

    def _last_table(self) -> UserTable:
        if self._table is not None:
            return self._table
        if isinstance(self._failure, DirectoryUnavailable):
            raise DirectoryUnavailable(str(self._failure))
        raise DirectoryError(str(self._failure))

    def _read_if_changed(self) -> None:
        """Read the file if it has changed."""
        stamp = file_stamp(self._path)
        if stamp is not None and stamp == self._stamp:
            return
        if self._table is not None and not self._is_settled(stamp):
            return
        try:
            table = read_users(self._path)
        except (DirectoryUnavailable, DirectoryError) as error:
            # Rights and folders may change without the file, so reading is tried again.
            self._fail(error, (str(error),))
        except ProblemsError as error:
            if self._table is not None and file_stamp(self._path) != stamp:
                return  # Another process was writing the file.
            self._stamp = stamp
            self._fail(DirectoryError(first_problem(error)), error.problems)
        except MemoryError:
            reason = f"{self._path}: cannot be read: {os.strerror(errno.ENOMEM)}"
            self._fail(DirectoryUnavailable(reason), (reason,))
        else:
            self._stamp = stamp
            self._use(table)

    def _is_settled(self, stamp: FileStamp | None) -> bool:
        """Return whether no process is writing or replacing the file at the moment."""
        is_old = stamp is not None and self._now() - stamp[3] / 1e9 >= SETTLED_SECONDS
        before, self._previous_stamp = self._previous_stamp, (stamp,)
        return is_old or before == (stamp,)

    def _use(self, table: UserTable) -> None:
        if self._table is not None or self._reported:
            fields = {"directory": self._label, "file": str(self._path), "users": len(table)}
            self._log.info("directory file read", **fields)
        self._table, self._failure, self._reported = table, None, ()

    def _fail(self, failure: DirectoryFailure, problems: tuple[str, ...]) -> None:
        self._failure = failure
        if problems == self._reported:
            return
        self._reported = problems
        now = "lookups fail until it is fixed" if self._table is None else _KEEPING
        for problem in problems:
            event = f"directory file rejected; {now}"
            self._log.error(event, directory=self._label, reason=problem)
