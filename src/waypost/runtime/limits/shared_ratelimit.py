"""Token buckets that the workers of one Waypost share, without a lock.

A bucket is one number, as in `ratelimit`: the moment when it has exactly one token. A number of
eight bytes is read and written at once, so the workers need no lock: if two of them count at the
same instant, one of the two requests may not be counted.

The memory has a fixed size. Each network has two cells, one in each row, which a keyed hash
chooses; the fuller bucket of the two counts. So a network waits for others only if it shares both
cells with them. A count changes no cell that has fewer tokens already, so that no network gets
tokens from another one (conservative update: Estan and Varghese, SIGCOMM 2002, s3.3.2).
"""

import math
import mmap
import os
import time
import weakref
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from multiprocessing.reduction import DupFd
from typing import Any, Final

from waypost.runtime.limits.ratelimit import RateLimits
from waypost.runtime.shared_numbers import create_memory_file

ROW_CELLS: Final = 32_768
"""Both rows together have 512 KiB."""
_DOUBLE: Final = "d"
_KEY_BYTES: Final = 16

Cells = tuple[int, int]
"""The two cells of a network."""


class SharedBuckets:
    """The memory of the buckets, for this process and those that `multiprocessing` starts.

    Attributes:
        moments: when the bucket of each cell has, or had, exactly one token.
    """

    moments: "memoryview[float]"

    def __init__(self, row_cells: int = ROW_CELLS) -> None:
        """Create full buckets.

        Args:
            row_cells: how many cells each of the two rows has.

        Raises:
            OSError: there is no memory for them.
        """
        self._row_cells = row_cells
        self._hash_key = os.urandom(_KEY_BYTES)
        self._open(create_memory_file(array(_DOUBLE, [-math.inf]).tobytes() * (2 * row_cells)))

    def cells_of(self, network: bytes) -> Cells:
        """Return the cells of a network. No client can know which networks share a cell."""
        digest = blake2b(network, digest_size=8, key=self._hash_key).digest()
        first, second = int.from_bytes(digest[:4]), int.from_bytes(digest[4:])
        return first % self._row_cells, self._row_cells + second % self._row_cells

    def __getstate__(self) -> tuple[Any, int, bytes]:
        return DupFd(self._memory_file), self._row_cells, self._hash_key

    def __setstate__(self, state: tuple[Any, int, bytes]) -> None:
        duplicate, self._row_cells, self._hash_key = state
        self._open(duplicate.detach())

    def _open(self, file: int) -> None:
        memory = mmap.mmap(file, 0)
        self._memory_file = file  # for the next process
        weakref.finalize(self, os.close, file)
        self.moments = memoryview(memory).cast(_DOUBLE)


@dataclass(frozen=True, slots=True)
class WorkerBuckets:
    """The buckets that all workers of one Waypost share.

    Attributes:
        requests: of the client networks.
        sign_ins: of those who sign in; a flood of tries must not use up the buckets of requests.
    """

    requests: SharedBuckets = field(default_factory=SharedBuckets)
    sign_ins: SharedBuckets = field(default_factory=SharedBuckets)


class SharedRateLimiter:
    """The buckets of all networks that have asked one of the workers."""

    def __init__(
        self,
        limits: RateLimits,
        buckets: SharedBuckets,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Initialize with the buckets of all workers.

        Args:
            limits: of each network; the same in each worker.
            buckets: their memory.
            clock: monotonic seconds, the same in each process; `take` gets times of this clock.
                `perf_counter` is the time since the start of the machine (CLOCK_MONOTONIC).
        """
        self.limits = limits
        self.cells_of = buckets.cells_of
        self._moments = buckets.moments
        self._seconds_per_token = 1 / limits.rate
        self._seconds_per_query = limits.query_cost / limits.rate
        self._burst_seconds = limits.burst / limits.rate
        self._seconds_to_all_but_one = (limits.burst - 1) / limits.rate
        self._clock = clock

    def take(self, cells: Cells, now: float) -> float:
        """Take the token of a request.

        Args:
            cells: of the client's network.
            now: the time.

        Returns:
            0 if there was a token; otherwise the seconds until there is one, and nothing is taken.
        """
        moments = self._moments
        first, second = cells
        at_first, at_second = moments[first], moments[second]
        # Not `min` and `max`, which take longer: this runs for each answer from memory.
        token_at = min(at_second, at_first)
        if token_at > now:
            return token_at - now
        full = now - self._seconds_to_all_but_one
        token_at = (max(full, token_at)) + self._seconds_per_token
        # Read again: another process may have counted many requests since.
        moments[first] = max(moments[first], token_at)
        moments[second] = max(moments[second], token_at)
        return 0.0

    def charge_query(self, cells: Cells) -> None:
        """Take the tokens of a query, even if there are fewer: later requests then wait longer.

        A bucket owes at most as much as a full one has, so that no client waits without end.
        """
        moments = self._moments
        full = self._clock() - self._seconds_to_all_but_one
        token_at = max(min(moments[cell] for cell in cells), full) + self._seconds_per_query
        token_at = min(token_at, full + 2 * self._burst_seconds)
        for cell in cells:
            moments[cell] = max(moments[cell], token_at)
