"""Reloading the providers file while Waypost serves from it."""

import asyncio
import errno
import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import structlog

from waypost.core.errors import ProvidersError, ProvidersNotReady, ProvidersUnreadable
from waypost.providers_file.load import read_providers_path
from waypost.providers_file.pinned_pacc import pinned_path, read_pinned
from waypost.runtime.backoff import BackOff
from waypost.runtime.file_stamp import FileStamp, file_stamp
from waypost.runtime.metrics import Metrics
from waypost.runtime.poll_trigger import PollTrigger
from waypost.runtime.shared_numbers import SharedNumbers
from waypost.store.memory import MemoryDomains, MemoryStore

POLL_SECONDS: Final = 0.5
# An editor may remove a file for a moment before it writes the new one.
MISSING_POLLS: Final = 4
SUBJECTS: Final = 64
_LOADED: Final = 0
_REJECTED: Final = 1
_FIX: Final = "fix the file; Waypost reads it again when it has changed"
_RETRYING: Final = "retrying until the file can be used"

StoreCheck = Callable[[MemoryStore], None]
"""Raises ProvidersError if the content of a file cannot be served."""


FileStamps = tuple[FileStamp, FileStamp | None]
"""The signatures of a providers file, and of the file next to it with the pinned documents."""


def read_store(
    path: Path, warn: Callable[[Iterable[str]], None] = lambda _warnings: None
) -> MemoryStore:
    """Read a providers file and the documents that are pinned for its domains.

    Args:
        path: of the providers file.
        warn: gets the warnings of the providers file.

    Raises:
        ProvidersError: all errors of the first of the two files that has some.
    """
    # In this order: what was pinned before a change of the providers file is read with it.
    result = read_providers_path(path)
    warn(result.warnings)
    return MemoryStore(result.catalog, read_pinned(path))


class LogDeduplicator:
    """Deduplication of log lines: one of several workers logs what all of them detect."""

    def __init__(self, shared: SharedNumbers | None = None) -> None:
        """Initialize with `SUBJECTS` numbers that all workers share; None for one worker."""
        self._shared = shared

    def is_first(self, key: int, subject: int = 0) -> bool:
        """Return whether no other worker has asked for this key since the last other key.

        Args:
            key: identifies the message.
            subject: what the message is about; two subjects rarely share a number.
        """
        if self._shared is None:
            return True
        return self._shared.swap(subject % len(self._shared), key) != key


class LogSuppressor(LogDeduplicator):
    """Deduplication for a process that logs nothing, because others log the same file."""

    def is_first(self, key: int, subject: int = 0) -> bool:
        """Return False: another process logs it."""
        del key, subject
        return False


class ProvidersReloader:
    """A reader that follows a providers file and the file with the pinned documents.

    A file with errors changes nothing: the previous version is served. A file that cannot be read
    is tried again, with growing pauses, until it can be read.
    """

    def __init__(
        self,
        path: Path,
        domains: MemoryDomains,
        metrics: Metrics,
        deduplicator: LogDeduplicator | None = None,
        check: StoreCheck = lambda _store: None,
        back_off: BackOff | None = None,
    ) -> None:
        """Initialize without reading the file.

        Args:
            path: of the file.
            domains: answers from the file.
            metrics: the metrics of this worker.
            deduplicator: decides which worker logs.
            check: checks the content of a changed file before it is used. The first content is not
                checked, because a worker that starts must answer what it can.
            back_off: says when to try again.
        """
        self._path = path
        self._domains = domains
        self._metrics = metrics
        self._deduplicator = deduplicator if deduplicator is not None else LogDeduplicator()
        self._check = check
        self._back_off = back_off if back_off is not None else BackOff()
        self._reported: tuple[FileStamps | None, int, tuple[str, ...]] | None = None
        self._stamps: FileStamps | None = None
        self._changing_stamps: FileStamps | None = None
        self._missing_polls = 0
        self._requests = self._handled_requests = 0
        self._trigger = PollTrigger()
        self._log = structlog.get_logger(__name__)

    def start(self) -> None:
        """Read the file for the first time; if it has errors, log them and wait for a fix."""
        self._stamps = _stamps(self._path)
        result = _read_and_check(self._path, lambda _store: None)
        self._apply(result, is_reload=False)
        if isinstance(result, ProvidersError):
            self._log.error(
                "no providers yet; requests fail until the file is fixed", file=str(self._path)
            )

    @property
    def is_reloading(self) -> bool:
        """Whether a reload was requested, and the file was not read since."""
        return self._handled_requests != self._requests

    def request_reload(self) -> None:
        """Request that the file is read again soon, even if it has not changed."""
        self._requests += 1
        self._trigger.request()

    async def watch(self) -> None:
        """Read the file each time it has changed or a reload was requested. Does not end."""
        while True:
            requested = await self._trigger.wait(POLL_SECONDS)
            requests = self._requests
            # A network file system may be slow, and reading a large file takes time.
            stamps = await asyncio.to_thread(_stamps, self._path)
            if self._has_changed(stamps) or requested or self._back_off.is_due():
                result = await asyncio.to_thread(_read_and_check, self._path, self._check)
                stamps_after = await asyncio.to_thread(_stamps, self._path)
                # Only now: after a defect above, the change must still be new.
                self._stamps, self._changing_stamps = stamps, None
                if stamps_after == stamps or not isinstance(result, ProvidersError):
                    self._apply(result, is_reload=True)
                    self._handled_requests = requests
                elif requested:
                    self._trigger.request()

    def _has_changed(self, stamps: FileStamps | None) -> bool:
        """Return whether the file has changed, and is no longer being written."""
        if stamps == self._stamps:
            self._changing_stamps, self._missing_polls = None, 0
            return False
        if stamps is None:
            self._missing_polls += 1
            return self._missing_polls == MISSING_POLLS
        self._missing_polls = 0
        is_settled = stamps == self._changing_stamps
        self._changing_stamps = stamps
        return is_settled

    def _apply(self, result: "MemoryStore | ProvidersError", *, is_reload: bool) -> None:
        problems = result.problems if isinstance(result, ProvidersError) else ()
        report = self._stamps, self._requests, problems
        # The same in all workers, which read the same file and get the same signals.
        key = zlib.crc32(repr(report).encode()) or 1
        if isinstance(result, ProvidersError):
            if result.temporary:
                self._back_off.record_failure()
            else:
                self._back_off.reset()
            self._metrics.record_providers_rejected()
            if report != self._reported and self._deduplicator.is_first(key, _REJECTED):
                action = _RETRYING if result.temporary else _FIX
                for problem in problems:
                    self._log.error(
                        "providers file rejected; keeping the previous version",
                        reason=problem,
                        action=action,
                    )
            self._reported = report
            return
        self._back_off.reset()
        self._reported = None
        is_first = self._deduplicator.is_first(key, _LOADED)
        self._domains.replace(result)
        self._metrics.record_providers_loaded(is_reload=is_reload)
        if is_reload and is_first:
            self._log.info("providers file loaded", file=str(self._path))


def _stamps(path: Path) -> FileStamps | None:
    """Return what changes with either file; None if there is no providers file."""
    stamp = file_stamp(path)
    return None if stamp is None else (stamp, file_stamp(pinned_path(path)))


def _read_and_check(path: Path, check: StoreCheck) -> MemoryStore | ProvidersError:
    try:
        store = read_store(path)
    except ProvidersError as error:
        # A new error: the traceback of the old one would keep the whole file in memory.
        return type(error)(error.problems)
    except MemoryError:
        return ProvidersUnreadable([f"{path}: cannot be read: {os.strerror(errno.ENOMEM)}"])
    try:
        check(store)
    except ProvidersError as error:
        return ProvidersNotReady(error.problems)
    return store
