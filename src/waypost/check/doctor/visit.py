"""Whom the doctor visits, and with what."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from waypost.check.probes import Asked
from waypost.check.recorded.names import Lookup, Named
from waypost.check.resolved_host import addresses
from waypost.check.resolving import Unanswered


@dataclass(frozen=True, slots=True)
class Visit:
    """A domain, and how it is looked at.

    Attributes:
        asked: sends requests and look-ups; its wire counts the time.
        unanswered: the look-ups without an answer; it grows.
    """

    asked: Asked
    unanswered: Sequence[Unanswered]

    @property
    def domain(self) -> str:
        """The domain in A-labels."""
        return self.asked.domain

    @property
    def context(self) -> ssl.SSLContext:
        """With which certificates are checked."""
        return self.asked.wire.context

    def addresses(self, host: str) -> tuple[str, ...]:
        """Return the addresses of a host.

        Raises:
            NamesUnavailable: DNS does not answer.
        """
        return addresses(self.asked.resolve, host)

    def records(self, lookup: Lookup) -> tuple[Named, ...]:
        """Return what DNS says.

        Raises:
            NamesUnavailable: DNS does not answer.
        """
        return self.asked.resolve(lookup)

    def seconds(self) -> float:
        """Return how long the next answer may take; 0 where the time is over."""
        return self.asked.wire.seconds()
