"""A fault, what Waypost promises during it, and what became of the requests."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.torture.attack import Figure
from tests.torture.deployment import Deployment, Starting
from tests.torture.load.expected import Verdict
from tests.torture.load.load import Tally, wait_until_right
from tests.torture.load.questions import Kind

Promised = Mapping[Verdict, frozenset[Kind]]
"""The answers other than the right one that users may get, each for some kinds of requests."""

ANY_KIND: Final = frozenset(Kind)
NOTHING: Final[Promised] = {}
STALE_DOMAINS: Final[Promised] = {Verdict.UNAVAILABLE: frozenset({Kind.NEW_DOMAIN})}
"""docs/decisions/0003: old answers, and 503 for what is not in the cache."""
OUTDATED: Final[Promised] = {Verdict.PREVIOUS: ANY_KIND}
"""docs/reliability.md: a change counts within some seconds."""
STALE_USERS: Final[Promised] = {Verdict.GENERAL: frozenset({Kind.NEW_USER})}
"""docs/directories.md: the last answer for users found before, the general one for all others."""
REPEATED: Final[Promised] = {Verdict.REPEATED: ANY_KIND}
"""docs/reliability.md: a client repeats a request whose connection was closed."""
NEW_WORKER: Final[Promised] = {
    **REPEATED,
    Verdict.GENERAL: frozenset({Kind.USER, Kind.NEW_USER}),
}
"""docs/reliability.md: a new worker has no earlier answers, in case the directory is slow."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A fault that happens.

    Attributes:
        deployment: what it happens to.
        tally: what has become of the requests until now.
        seconds: how long it is to last, about.
    """

    deployment: Deployment
    tally: Tally
    seconds: float

    def change(self, make: Callable[[], None], bound: float) -> Figure:
        """Change the configuration, and wait until all answers are the new ones.

        Args:
            make: writes the new configuration, with the new `deployment.host`.
            bound: how long the change may take until it counts, in seconds.
        """
        self.deployment.begin_change()
        make()
        start = time.monotonic()
        self.tally.count_again()
        is_right = wait_until_right(self.tally)
        self.deployment.end_change()
        seconds = max(0.0, self.tally.last_trouble() - start) if is_right else math.inf
        return Figure("until the change counts", seconds, "s", bound)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that Waypost depends on fails, and heals.

    Attributes:
        name: the name of its line in docs/reliability.md.
        starting: starts the Waypost that it happens to.
        run: lets it happen and heals it; returns what it measured in addition to the load.
        promised: what users may get instead of the right answer.
        log: the events that must be in the log.
        recovers_within: how long after it all answers must be right again, in seconds.
        is_long: whether it takes too long for `make test`.
    """

    name: str
    starting: Starting
    run: Callable[[Trial], list[Figure]]
    promised: Promised
    log: tuple[str, ...]
    recovers_within: float
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the requests during a fault.

    Attributes:
        degraded: how many answers were other than the right one, as promised.
        details: how many of them were of each kind.
        samples: examples of wrong answers and lost requests.
        figures: what has a bound in addition to the counts.
        measured: those of the figures that belong into the table.
    """

    fault: Fault
    sent: int
    right: int
    degraded: int
    wrong: int
    lost: int
    details: Mapping[str, int] = field(default_factory=dict)
    samples: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    measured: tuple[Figure, ...] = ()

    @property
    def broken(self) -> list[str]:
        """What does not hold, each with its value."""
        return self._values(lambda one: one.holds)

    @property
    def broken_with_room(self) -> list[str]:
        """What does not hold on a machine that has other work as well: `Figure.holds_with_room`."""
        return self._values(lambda one: one.holds_with_room)

    def _values(self, holds: Callable[[Figure], bool]) -> list[str]:
        broken = [one for one in (*self.figures, *self.measured) if not holds(one)]
        return [*(f"{one.name}: {one.value:.3g} {one.unit}" for one in broken), *self.samples]
