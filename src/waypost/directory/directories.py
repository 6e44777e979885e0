"""All directories of a running Waypost; each one is opened by its first lookup."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from waypost.core import model
from waypost.core.address import EmailAddress
from waypost.core.model import User
from waypost.directory.pacing import ResponsePacer
from waypost.directory.protocol import DirectorySource, Entry
from waypost.directory.resilient import ResilientDirectory, UserCacheLimits
from waypost.runtime.metrics import Metrics

OPEN_MAX: Final = 256

Opener = Callable[[model.Directory], DirectorySource]


class Directories:
    """The directories for one event loop. Implements `lookup.UserFinder`.

    If the configuration of a directory changes in the database, a new directory replaces the old
    one. The duration of an answer is always a whole number of steps, see `pacing`.
    """

    def __init__(
        self,
        opener: Opener,
        *,
        cache_limits: UserCacheLimits | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """Create the collection; no directory is opened yet.

        Args:
            opener: opens a directory; called in a thread, before the first lookup.
            cache_limits: the cache limits of each directory.
            metrics: the metrics to update; None discards them.
        """
        self._opener = opener
        self._cache_limits = cache_limits
        self._metrics = metrics
        self._pacer = ResponsePacer()
        self._open: OrderedDict[str, tuple[model.Directory, ResilientDirectory]] = OrderedDict()

    async def user_for(self, directory: model.Directory, address: EmailAddress) -> User | None:
        """Return the user that an address belongs to, or None if the directory has no such user.

        Raises:
            DirectoryUnavailable: the directory does not answer within its time limit.
            DirectoryError: the directory cannot be used as it is configured.
        """
        return await self._pacer.run(self._user_for(directory, address))

    async def close(self) -> None:
        """Close all directories."""
        self._pacer.close()
        for _, directory in self._open.values():
            await directory.close()
        self._open.clear()

    async def _user_for(self, directory: model.Directory, address: EmailAddress) -> User | None:
        opened = self._open.get(directory.label)
        if opened is None or (opened[0] is not directory and opened[0] != directory):
            opened = (directory, self._make_resilient(directory))
            old = self._open.pop(directory.label, None)
            self._open[directory.label] = opened
            if old is not None:
                await old[1].close()
            elif len(self._open) > OPEN_MAX:
                label, (_, oldest) = self._open.popitem(last=False)
                await oldest.close()
                if self._metrics is not None:
                    self._metrics.forget_directory(label)
        return await opened[1].user_for(address)

    def _make_resilient(self, directory: model.Directory) -> ResilientDirectory:
        return ResilientDirectory(
            LazyDirectory(self._opener, directory),
            directory,
            cache_limits=self._cache_limits,
            metrics=self._metrics,
        )


class LazyDirectory:
    """A directory that is opened by the first lookup. Implements `directory.Directory`."""

    def __init__(self, opener: Opener, directory: model.Directory) -> None:
        """Create a closed directory from its opener and its configuration."""
        self._opener = opener
        self._directory = directory
        self._lock = Lock()
        self._source: DirectorySource | None = None

    def find(self, address: EmailAddress) -> Entry | None:
        """Return the entry of a user.

        Raises:
            DirectoryUnavailable, DirectoryError: from the directory, or from opening it.
        """
        with self._lock:
            if self._source is None:
                self._source = self._opener(self._directory)
            source = self._source
        return source.find(address)

    def close(self) -> None:
        """Close the directory if it was opened."""
        if self._source is not None:
            self._source.close()
