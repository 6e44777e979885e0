"""Metrics for parts that answer or do not: whether they do, and since when."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from waypost.runtime.metric_types import LockedNumbers

SINCE: Final = "_state_since_timestamp_seconds"
"""The end of the name of the metric that says since when."""


class States:
    """Two metrics for each part, which one thread sets.

    Attributes:
        up: 1 or 0.
        since: when this has changed the last time.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        label_names: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Create it without parts.

        Args:
            name: without `_up`.
            documentation: of `NAME_up`.
            label_names: identify a part.
            clock: seconds since the epoch.
        """
        self.up = LockedNumbers(f"{name}_up", documentation, label_names, "gauge")
        since = f"When {name}_up has changed the last time."
        self.since = LockedNumbers(f"{name}{SINCE}", since, label_names, "gauge")
        self._clock = clock
        self._states: dict[tuple[str, ...], bool] = {}

    def set(self, *labels: str, up: bool) -> None:
        """Set the state of a part; the time changes only with the state."""
        if self._states.get(labels) != up:
            self._states[labels] = up
            self.since.set(self._clock(), *labels)
            self.up.set(int(up), *labels)

    def forget(self, *labels: str) -> None:
        """Remove a part that is used no more."""
        self._states.pop(labels, None)
        self.up.remove(*labels)
        self.since.remove(*labels)
