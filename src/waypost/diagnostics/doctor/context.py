"""The domain that the doctor checks, and how it is checked."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.transports.dns import UnansweredLookup
from waypost.diagnostics.transports.resolving_transport import resolve_addresses


@dataclass(frozen=True, slots=True)
class DoctorContext:
    """A domain, and the means to check it.

    Attributes:
        target: sends requests and look-ups; its HTTP client has the time limit.
        unanswered: the look-ups without an answer; the list grows during the check.
        certificate_ends: the end of each accepted certificate, in seconds since 1970, by its
            place; of several addresses, the first end. It grows during the check.
    """

    target: ConformanceTarget
    unanswered: Sequence[UnansweredLookup]
    certificate_ends: dict[str, float] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """Return the domain in A-labels."""
        return self.target.domain

    @property
    def tls_context(self) -> ssl.SSLContext:
        """Return the TLS context that checks certificates."""
        return self.target.http.tls_context

    def resolve_addresses(self, host: str) -> tuple[str, ...]:
        """Return the addresses of a host.

        Raises:
            NamesUnavailable: DNS does not answer.
        """
        return resolve_addresses(self.target.resolve, host)

    def records(self, lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        """Return the records that DNS has.

        Raises:
            NamesUnavailable: DNS does not answer.
        """
        return self.target.resolve(lookup)

    def seconds_left(self) -> float:
        """Return how long the next answer may take; 0 if no time is left."""
        return self.target.http.seconds_left()
