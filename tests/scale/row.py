"""One line of the table: a failure, and what clients and operators noticed."""

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from tests.scale.load import VERDICTS, Figures, Load

HEADER: Final = (
    "| setup | what fails | sent | right | degraded | wrong | lost | a new domain degraded for "
    "| slowest known | slowest new |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A failure under load.

    Attributes:
        setup: the database servers, and what URIs name.
        failure: what was done.
        figures: what became of the requests.
    """

    setup: str
    failure: str
    figures: Figures

    def __str__(self) -> str:
        """Return the line of the table."""
        figures = self.figures
        numbers = " | ".join(f"{figures.total(verdict):,}" for verdict in VERDICTS)
        return (
            f"| {self.setup} | {self.failure} | {figures.sent:,} | {numbers} "
            f"| {figures.degraded_seconds['new']:.1f} s | {figures.slowest['known']:.2f} s "
            f"| {figures.slowest['new']:.2f} s |"
        )

    def problems(self) -> list[str]:
        """Return what must never happen: a wrong or lost answer, or none for a known domain."""
        counts = {
            "wrong": self.figures.total("wrong"),
            "lost": self.figures.total("lost"),
            "degraded for known domains": self.figures.counts["known"]["degraded"],
        }
        details = ", ".join(sorted(self.figures.details)[:3])
        return [
            f"{self.failure}: {number} {name} {details}"
            for name, number in counts.items()
            if number
        ]


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of the domains that an operator's script wrote during all failures of a setup.

    Attributes:
        setup: as in `Row`.
        written: the domains whose command succeeded.
        failures: the messages of the other commands.
        stored: the domains that each server has at the end.
    """

    setup: str
    written: Sequence[str]
    failures: Sequence[str]
    stored: Sequence[AbstractSet[str]]

    @property
    def lost(self) -> int:
        """How many changes a server lacks that were reported as written."""
        return max(len(set(self.written) - names) for names in self.stored)

    def __str__(self) -> str:
        """Return the line below the table."""
        return (
            f"{self.setup}: {len(self.written)} changes written, {len(self.failures)} refused, "
            f"{self.lost} lost"
        )

    def problems(self) -> list[str]:
        """Return what must never happen: no change, a lost one, or an error without advice."""
        problems = [f"{self.lost} changes lost"] if self.lost else []
        problems += [] if self.written else ["no change was written"]
        allowed = ("and that the server runs", "try again later")
        return problems + [text for text in self.failures if not text.endswith(allowed)]


def observed(
    setup: str, failure: str, load: Load, act: Callable[[], object], settle_seconds: float = 1.0
) -> Row:
    """Let something fail, wait until all answers are right for some time, and return the line."""
    start = time.monotonic()
    act()
    load.wait_for_right()
    time.sleep(settle_seconds)
    load.wait_for_right()
    return Row(setup, failure, Figures.of(load, start))
