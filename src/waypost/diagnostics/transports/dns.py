"""DNS lookups for simulated clients."""

import math
import time
from dataclasses import dataclass
from typing import Final

from dns.exception import DNSException, Timeout
from dns.name import from_text
from dns.rdata import Rdata
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rdtypes.IN.SRV import SRV
from dns.resolver import (
    NXDOMAIN,
    YXDOMAIN,
    NoAnswer,
    NoNameservers,
    NoResolverConfiguration,
)

from waypost.core.errors import NamesUnavailable, SettingsError
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.transports.http_client import TIME_OVER
from waypost.net.dns.resolver import failure_text, open_resolver, resolver_name

LOOKUPS_MAX: Final = 200
# A resolver that does not answer one name may answer others. After this many look-ups without an
# answer, the root is looked up; if that gets no answer either, the resolver is not asked again.
_LIVENESS_CHECK_AFTER: Final = frozenset({1, 3, 6})
_LIVENESS_CHECK_SECONDS: Final = 2.0
# After this many timeouts, the timeout becomes short; after the maximum, look-ups end.
TIMEOUTS_BEFORE_SHORT: Final = 3
SHORT_TIMEOUT_SECONDS: Final = 1.0
TIMEOUTS_MAX: Final = 12
# A resolver that has refused this many look-ups and answered none does not work.
REFUSALS_MAX: Final = 3
RECORDS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class UnansweredLookup:
    """A look-up that was sent and not answered.

    Attributes:
        reason: the resolver, and what it did.
    """

    lookup: DnsLookup
    reason: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.lookup}: {self.reason}"


class CachingResolver:
    """A resolver with its answers; each look-up is sent once.

    Attributes:
        name: what messages call the resolver.
        unanswered: the look-ups that were sent and not answered.
        failure: why names cannot be looked up any more; empty while the resolver answers.
    """

    def __init__(
        self,
        server: tuple[str, int] | None,
        timeout_seconds: float,
        total_seconds: float = math.inf,
        *,
        short_timeout_seconds: float = SHORT_TIMEOUT_SECONDS,
    ) -> None:
        """Initialize with the resolver to ask.

        Args:
            server: address and port; None for those of this machine.
            timeout_seconds: for each answer.
            total_seconds: for all answers together, from now on.
            short_timeout_seconds: for each answer after a few timeouts.

        Raises:
            SettingsError: this machine has no resolver.
        """
        try:
            self._resolver = open_resolver(server)
        except NoResolverConfiguration as error:
            raise SettingsError([f"--resolver: this machine has no resolver ({error})"]) from error
        self._timeout_seconds = timeout_seconds
        self._short_timeout_seconds = short_timeout_seconds
        self._end = time.monotonic() + total_seconds
        self.name = resolver_name(server, self._resolver.nameservers)
        self._answers: dict[DnsLookup, tuple[DnsAnswer, ...] | str] = {}
        self._has_answered = False
        self._timeouts = 0
        self.unanswered: list[UnansweredLookup] = []
        self.failure = ""

    def __call__(self, lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        """Return the records of a name; none if DNS says that there are none.

        Raises:
            NamesUnavailable: there is no answer, so nothing is known about the name.
        """
        if not is_publishable_name(lookup.name):
            return ()
        if lookup not in self._answers:
            self._answers[lookup] = self._query(lookup)
        cached = self._answers[lookup]
        if isinstance(cached, str):
            raise NamesUnavailable(cached)
        return cached

    def _query(self, lookup: DnsLookup) -> tuple[DnsAnswer, ...] | str:
        """Return the records, or why there is no answer."""
        if self.failure:
            return self.failure
        if len(self._answers) >= LOOKUPS_MAX:
            return f"the limit of {LOOKUPS_MAX} DNS look-ups is reached"
        # The library does not treat a lifetime of 0 as no time.
        self._resolver.lifetime = max(0.001, min(self._timeout_seconds, self._seconds_left()))
        try:
            records = self._resolve(lookup)
        except Timeout:
            return (
                self._add_timeout(lookup)
                if self._seconds_left() > 0
                else self._add_total_timeout(lookup)
            )
        except NoNameservers as error:
            return self._add_refusal(lookup, f"{self.name} {failure_text(error)}")
        except (DNSException, OSError) as error:
            return self._add_refusal(lookup, f"{self.name} sends no usable answer ({error})")
        self._has_answered = True
        return records

    def _resolve(self, lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        try:
            answer = self._resolver.resolve(f"{lookup.name}.", lookup.type, search=False)
        except (NXDOMAIN, NoAnswer, YXDOMAIN):
            return ()
        records = [] if answer.rrset is None else list(answer.rrset)[:RECORDS_MAX]
        return tuple(answer for answer in map(_to_answer, records) if answer is not None)

    def _seconds_left(self) -> float:
        return self._end - time.monotonic()

    def _add_total_timeout(self, lookup: DnsLookup) -> str:
        """Return the reason after the time limit; no more names are looked up."""
        self.failure = f"{self.name} is too slow: {TIME_OVER}"
        return self._add_unanswered(lookup, self.failure)

    def _add_timeout(self, lookup: DnsLookup) -> str:
        """Return the reason after a timeout; look-ups may end now."""
        self._timeouts += 1
        reason = f"{self.name} sends no answer for some names"
        if self._timeouts in _LIVENESS_CHECK_AFTER and not self.is_responding():
            reason = self.failure = f"{self.name} does not answer"
        elif self._timeouts >= TIMEOUTS_MAX:
            self.failure = reason
        elif self._timeouts >= TIMEOUTS_BEFORE_SHORT:
            self._timeout_seconds = min(self._timeout_seconds, self._short_timeout_seconds)
        return self._add_unanswered(lookup, reason)

    def is_responding(self) -> bool:
        """Return whether the resolver answers anything at all, a refusal included."""
        seconds = min(self._timeout_seconds, self._seconds_left(), _LIVENESS_CHECK_SECONDS)
        try:
            self._resolver.resolve(".", "NS", search=False, lifetime=max(0.001, seconds))
        except Timeout:
            return False
        except (DNSException, OSError):
            return True
        return True

    def _add_refusal(self, lookup: DnsLookup, reason: str) -> str:
        if not self._has_answered and len(self.unanswered) + 1 >= REFUSALS_MAX:
            self.failure = reason
        return self._add_unanswered(lookup, reason)

    def _add_unanswered(self, lookup: DnsLookup, reason: str) -> str:
        self.unanswered.append(UnansweredLookup(lookup, reason))
        return reason


def is_publishable_name(name: str) -> bool:
    """Return whether a name can be published in DNS.

    Other names are not looked up: names below `invalid` (RFC 6761 s6.4), and names that are too
    long (RFC 1035 s2.3.4), which no client can look up either.
    """
    if name == "invalid" or name.endswith(".invalid"):
        return False
    try:
        from_text(f"{name}.")
    except DNSException:
        return False
    return True


def _to_answer(data: Rdata) -> DnsAnswer | None:
    match data:
        case SRV():
            return DnsAnswer(_host(data.target), data.priority, data.weight, data.port)
        case MX():
            return DnsAnswer(_host(data.exchange), data.preference)
        case NS() | CNAME():
            return DnsAnswer(_host(data.target))
        case TXT():
            return DnsAnswer(b"".join(data.strings).decode("utf-8", "replace"))
        case A() | AAAA():
            return DnsAnswer(data.address)
    return None


def _host(name: object) -> str:
    return f"{name}".rstrip(".").lower()
