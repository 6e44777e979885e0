"""Reading the providers file again while Waypost serves from it."""

import asyncio
import errno
import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import structlog

from waypost.backoff import BackOff
from waypost.demand import Demand
from waypost.errors import ProvidersError, ProvidersNotReady, ProvidersUnreadable
from waypost.metrics import Metrics
from waypost.shared_numbers import SharedNumbers
from waypost.signature import Signature, signature_of
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.transfer.pinned_pacc import pinned_path, read_pinned
from waypost.transfer.providers_file import read_providers_path

POLL_SECONDS: Final = 0.5
# An editor may take a file away for a moment before it puts the new one there.
MISSING_POLLS: Final = 4
SUBJECTS: Final = 64
_READ: Final = 0
_NOT_READ: Final = 1
_KEPT: Final = "the last good providers are served"
_AGAIN: Final = f"{_KEPT}; the file is read again until that works"

Check = Callable[[MemoryStore], None]
"""Raises ProvidersError where what a file says cannot be served."""


Seen = tuple[Signature, Signature | None]
"""The signatures of a providers file, and of the file beside it with what is pinned."""


def read_store(
    path: Path, told: Callable[[Iterable[str]], None] = lambda _warnings: None
) -> MemoryStore:
    """Read a providers file and what is pinned for its domains.

    Args:
        path: of the providers file.
        told: is given the warnings of the providers file.

    Raises:
        ProvidersError: all mistakes in the first of the two files that has some.
    """
    # In this order: what was pinned before a change of the providers file is seen with it.
    result = read_providers_path(path)
    told(result.warnings)
    return MemoryStore(result.catalog, read_pinned(path))


class Told:
    """Lets one worker of several tell what all of them have found out."""

    def __init__(self, shared: SharedNumbers | None = None) -> None:
        """Take numbers (`SUBJECTS` of them) that all workers see; None where there is one."""
        self._shared = shared

    def first(self, key: int, subject: int = 0) -> bool:
        """Return whether no other worker has asked for this key since the last other one.

        Args:
            key: what is to be told.
            subject: what it is about; two subjects do not get in each other's way, mostly.
        """
        if self._shared is None:
            return True
        return self._shared.swap(subject % len(self._shared), key) != key


class Untold(Told):
    """Leaves all the telling to others, who see the same file."""

    def first(self, key: int, subject: int = 0) -> bool:
        """Tell that somebody else is."""
        del key, subject
        return False


class ProvidersReloader:
    """Keeps what a providers file says in memory, and follows it and what is pinned beside it.

    A file with mistakes changes nothing: the answers of the last good one go on. One that the
    system does not let be read is tried again, less and less often, until it can be read.
    """

    def __init__(
        self,
        path: Path,
        domains: MemoryDomains,
        metrics: Metrics,
        told: Told | None = None,
        check: Check = lambda _store: None,
        back_off: BackOff | None = None,
    ) -> None:
        """Take the file, and what it is for.

        Args:
            path: of the file.
            domains: what answers from it.
            metrics: what is counted.
            told: who else tells of it.
            check: looks at what a changed file says, before it counts; not at the first one, as
                a worker that starts must answer what it can.
            back_off: says when to try again.
        """
        self._path = path
        self._domains = domains
        self._metrics = metrics
        self._told = told if told is not None else Told()
        self._check = check
        self._back_off = back_off if back_off is not None else BackOff()
        self._complained: tuple[Seen | None, int, tuple[str, ...]] | None = None
        self._seen: Seen | None = None
        self._changing: Seen | None = None
        self._missing = 0
        self._demands = 0
        self._demand = Demand()
        self._log = structlog.get_logger(__name__)

    def start(self) -> None:
        """Read the file for the first time; with mistakes it is told, and answers wait for it."""
        self._seen = _seen(self._path)
        outcome = _read(self._path, lambda _store: None)
        self._take(outcome, again=False)
        if isinstance(outcome, ProvidersError):
            self._log.error("no providers yet", file=str(self._path))

    def demand(self) -> None:
        """Have the file read again soon, whether it has changed or not."""
        self._demands += 1
        self._demand.make()

    async def watch(self) -> None:
        """Read the file whenever it has changed or that was demanded. Does not end."""
        while True:
            demanded = await self._demand.within(POLL_SECONDS)
            # A folder in the network may be slow, and a large file takes its time.
            found = await asyncio.to_thread(_seen, self._path)
            if self._is_due(found) or demanded or self._back_off.is_time():
                outcome = await asyncio.to_thread(_read, self._path, self._check)
                still = await asyncio.to_thread(_seen, self._path)
                # Only now: a defect on the way must not make the change a known one.
                self._seen, self._changing = found, None
                if still == found or not isinstance(outcome, ProvidersError):
                    self._take(outcome, again=True)
                elif demanded:
                    self._demand.make()

    def _is_due(self, found: Seen | None) -> bool:
        """Return whether the file is another one, and no longer being written."""
        if found == self._seen:
            self._changing, self._missing = None, 0
            return False
        if found is None:
            self._missing += 1
            return self._missing == MISSING_POLLS
        self._missing = 0
        settled = found == self._changing
        self._changing = found
        return settled

    def _take(self, outcome: "MemoryStore | ProvidersError", *, again: bool) -> None:
        problems = outcome.problems if isinstance(outcome, ProvidersError) else ()
        about = self._seen, self._demands, problems
        # The same in all workers, which see the same file and get the same signals.
        key = zlib.crc32(repr(about).encode()) or 1
        if isinstance(outcome, ProvidersError):
            if outcome.temporary:
                self._back_off.failed()
            else:
                self._back_off.reset()
            self._metrics.providers_failed()
            if about != self._complained and self._told.first(key, _NOT_READ):
                action = _AGAIN if outcome.temporary else _KEPT
                for problem in problems:
                    self._log.error("providers not read", reason=problem, action=action)
            self._complained = about
            return
        self._back_off.reset()
        self._complained = None
        tells = self._told.first(key, _READ)
        self._domains.replace(outcome)
        self._metrics.providers_read(again=again)
        if again and tells:
            self._log.info("providers read", file=str(self._path))


def _seen(path: Path) -> Seen | None:
    """Return what changes with either file; None where there is no providers file."""
    found = signature_of(path)
    return None if found is None else (found, signature_of(pinned_path(path)))


def _read(path: Path, check: Check) -> MemoryStore | ProvidersError:
    try:
        store = read_store(path)
    except ProvidersError as error:
        return error
    except MemoryError:
        return ProvidersUnreadable([f"{path}: cannot be read: {os.strerror(errno.ENOMEM)}"])
    try:
        check(store)
    except ProvidersError as error:
        return ProvidersNotReady(error.problems)
    return store
