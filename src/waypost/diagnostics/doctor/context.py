"""The domain that the doctor checks, and how it is checked."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from waypost.diagnostics.conformance.probes import Asked
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.transports.dns import DnsUnavailable
from waypost.diagnostics.transports.resolving_transport import addresses


@dataclass(frozen=True, slots=True)
class DoctorContext:
    """A domain, and the means to check it.

    Attributes:
        asked: sends requests and look-ups; its wire has the time limit.
        unanswered: the look-ups without an answer; the list grows during the check.
    """

    asked: Asked
    unanswered: Sequence[DnsUnavailable]

    @property
    def domain(self) -> str:
        """Return the domain in A-labels."""
        return self.asked.domain

    @property
    def context(self) -> ssl.SSLContext:
        """Return the TLS context that checks certificates."""
        return self.asked.wire.context

    def addresses(self, host: str) -> tuple[str, ...]:
        """Return the addresses of a host.

        Raises:
            NamesUnavailable: DNS does not answer.
        """
        return addresses(self.asked.resolve, host)

    def records(self, lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        """Return the records that DNS has.

        Raises:
            NamesUnavailable: DNS does not answer.
        """
        return self.asked.resolve(lookup)

    def seconds(self) -> float:
        """Return how long the next answer may take; 0 if no time is left."""
        return self.asked.wire.seconds()
