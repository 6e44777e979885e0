"""The file of a directory, read again when it changes."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final

import structlog

from waypost.address import EmailAddress
from waypost.directory import Entry
from waypost.directory.file.mistakes import in_one_line
from waypost.directory.file.people import People
from waypost.directory.file.reading import read_people
from waypost.errors import DirectoryError, DirectoryUnavailable, ProblemsError
from waypost.model import FileDirectory
from waypost.signature import Signature, signature_of

LOOK_SECONDS: Final = 1.0
"""The file is looked at no more often than that."""
SETTLED_SECONDS: Final = 1.0
"""A file that was changed a shorter time ago may still be being written."""

Failure = DirectoryUnavailable | DirectoryError


class FileSource:
    """Answers from a file of users. Implements `directory.Directory`.

    A file with mistakes, or none at all, changes nothing: the answers of the last good one go on.
    """

    def __init__(
        self,
        directory: FileDirectory,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take what is configured; nothing is read yet.

        Args:
            directory: names the file.
            clock: seconds that only grow.
            now: seconds as file systems count them.
        """
        self._label = directory.label
        self._path = Path(directory.path)
        self._clock = clock
        self._now = now
        self._lock = Lock()
        self._people: People | None = None
        self._failure: Failure | None = None
        self._told: tuple[str, ...] = ()
        self._seen: Signature | None = None
        self._last_look: tuple[Signature | None] | None = None
        self._next_look = clock()
        self._log = structlog.get_logger(__name__)

    def find(self, address: EmailAddress) -> Entry | None:
        """Return what the file says of a user, or None.

        Raises:
            DirectoryUnavailable: the file could never be read.
            DirectoryError: it has had mistakes ever since; the message names file and line.
        """
        people = self._current()
        hits = people.find(address)
        if len(hits) > 1:
            lines = [hit.line for hit in hits]
            self._log.warning("user is ambiguous", directory=self._label, lines=lines)
            return None
        return hits[0].entry if hits else None

    def close(self) -> None:
        """Do nothing: the file is open only while it is read."""

    def _current(self) -> People:
        """Return the users of now; while another thread reads the file again, those of before."""
        people = self._people
        if people is not None and self._clock() < self._next_look:
            return people
        if not self._lock.acquire(blocking=people is None):
            return self._known()
        try:
            if self._clock() >= self._next_look:
                self._look()
                self._next_look = self._clock() + LOOK_SECONDS
        finally:
            self._lock.release()
        return self._known()

    def _known(self) -> People:
        if self._people is not None:
            return self._people
        if isinstance(self._failure, DirectoryUnavailable):
            raise DirectoryUnavailable(str(self._failure))
        raise DirectoryError(str(self._failure))

    def _look(self) -> None:
        """Read the file where it is another one."""
        found = signature_of(self._path)
        if found is not None and found == self._seen:
            return
        if self._people is not None and not self._is_settled(found):
            return
        try:
            people = read_people(self._path)
        except (DirectoryUnavailable, DirectoryError) as error:
            # Rights and folders may change, and the file does not: it is tried again.
            self._fail(error, (str(error),))
        except ProblemsError as error:
            if self._people is not None and signature_of(self._path) != found:
                return  # It was caught while somebody wrote it.
            self._seen = found
            self._fail(DirectoryError(in_one_line(error)), error.problems)
        except MemoryError:
            reason = f"{self._path}: cannot be read: {os.strerror(errno.ENOMEM)}"
            self._fail(DirectoryUnavailable(reason), (reason,))
        else:
            self._seen = found
            self._take(people)

    def _is_settled(self, found: Signature | None) -> bool:
        """Return whether nobody is about to write the file, or to put another one in its place."""
        is_old = found is not None and self._now() - found[3] / 1e9 >= SETTLED_SECONDS
        before, self._last_look = self._last_look, (found,)
        return is_old or before == (found,)

    def _take(self, people: People) -> None:
        if self._people is not None or self._told:
            fields = {"directory": self._label, "file": str(self._path), "users": len(people)}
            self._log.info("directory file read", **fields)
        self._people, self._failure, self._told = people, None, ()

    def _fail(self, failure: Failure, problems: tuple[str, ...]) -> None:
        self._failure = failure
        if problems == self._told:
            return
        self._told = problems
        for problem in problems:
            self._log.error("directory file not read", directory=self._label, reason=problem)
