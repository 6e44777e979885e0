"""Detect that a SQLite file was replaced while connections to it are open.

An open connection reads the file that it has opened, also after another file has got its name. So
without this check, a backup that is moved to the place of the file would never be read.
"""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from waypost.core.errors import StoreError

_FILE: Final = "waypost_file"

FileId = tuple[int, int]
"""Device and inode."""


class ReplacedFileCheck:
    """Replaces the connections of an engine whose file was replaced."""

    def __init__(self, engine: Engine, path: Path) -> None:
        """Watch the connections of an engine.

        Args:
            engine: opens a SQLite file.
            path: of this file.
        """
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._last: FileId | None = None
        event.listen(engine, "do_connect", self._remember)
        event.listen(engine, "checkout", self._check)

    def _remember(
        self,
        _dialect: sa.Dialect,
        record: ConnectionPoolEntry,
        _args: list[object],
        _options: dict[str, object],
    ) -> None:
        """Remember which file is opened. If it is replaced meanwhile, the check finds that.

        Raises:
            StoreError: the file was replaced, but not its write-ahead log.
        """
        found = self._file_id()
        if found is not None:
            if self._last not in {None, found}:
                self._refuse_old_log()
            self._last = found
        record.info[_FILE] = found

    def _check(self, _connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        """Let SQLAlchemy open new connections if the file is another one now."""
        opened, found = record.info.get(_FILE), self._file_id()
        if opened is None:
            record.info[_FILE] = found  # This connection has created the file.
        elif found not in {None, opened}:
            raise sa.exc.InvalidatePoolError(f"{self._path} was replaced")

    def _refuse_old_log(self) -> None:
        """Refuse a file next to the write-ahead log of another one.

        SQLite would read parts of the other database from this log:
        https://sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use
        """
        try:
            log, file = self._log.stat(), self._path.stat()
        except OSError:
            return  # There is none.
        # A rename changes the time of the status; what was written before belongs to the old file.
        if log.st_size and log.st_mtime_ns <= file.st_ctime_ns:
            raise StoreError(
                f"db_uri: {self._path} was replaced, but {self._log.name} belongs to the file "
                f"before; remove {self._log.name} and {self._path.name}-shm"
            )

    def _file_id(self) -> FileId | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
