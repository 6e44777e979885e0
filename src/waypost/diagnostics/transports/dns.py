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
_TRIED_AFTER: Final = frozenset({1, 3, 6})
_TRY_SECONDS: Final = 2.0
# After this many timeouts, the timeout becomes short; after the maximum, look-ups end.
PATIENT_TIMEOUTS: Final = 3
IMPATIENT_SECONDS: Final = 1.0
TIMEOUTS_MAX: Final = 12
# A resolver that has refused this many look-ups and answered none does not work.
REFUSALS_MAX: Final = 3
RECORDS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class DnsUnavailable:
    """A look-up that was sent and not answered.

    Attributes:
        why: the resolver, and what it did.
    """

    lookup: DnsLookup
    why: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.lookup}: {self.why}"


class Dns:
    """A resolver with its answers; each look-up is sent once.

    Attributes:
        failed: the look-ups that were sent and not answered.
        cause: why names cannot be looked up any more; empty while the resolver answers.
    """

    def __init__(
        self,
        server: tuple[str, int] | None,
        timeout_seconds: float,
        total_seconds: float = math.inf,
    ) -> None:
        """Initialize with the resolver to ask.

        Args:
            server: address and port; None for those of this machine.
            timeout_seconds: for each answer.
            total_seconds: for all answers together, from now on.

        Raises:
            SettingsError: this machine has no resolver.
        """
        try:
            self._resolver = open_resolver(server)
        except NoResolverConfiguration as error:
            raise SettingsError([f"--resolver: this machine has no resolver ({error})"]) from error
        self._timeout_seconds = timeout_seconds
        self._end = time.monotonic() + total_seconds
        self._name = resolver_name(server, self._resolver.nameservers)
        self._answers: dict[DnsLookup, tuple[DnsAnswer, ...] | str] = {}
        self._has_answered = False
        self._timeouts = 0
        self.failed: list[DnsUnavailable] = []
        self.cause = ""

    def __call__(self, lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        """Return the records of a name; none if DNS says that there are none.

        Raises:
            NamesUnavailable: there is no answer, so nothing is known about the name.
        """
        if not can_exist(lookup.name):
            return ()
        if lookup not in self._answers:
            self._answers[lookup] = self._ask(lookup)
        held = self._answers[lookup]
        if isinstance(held, str):
            raise NamesUnavailable(held)
        return held

    def _ask(self, lookup: DnsLookup) -> tuple[DnsAnswer, ...] | str:
        """Return the records, or why there is no answer."""
        if self.cause:
            return self.cause
        if len(self._answers) >= LOOKUPS_MAX:
            return f"the limit of {LOOKUPS_MAX} DNS look-ups is reached"
        # The library does not treat a lifetime of 0 as no time.
        self._resolver.lifetime = max(0.001, min(self._timeout_seconds, self._left()))
        try:
            records = self._resolved(lookup)
        except Timeout:
            return self._unheard(lookup) if self._left() > 0 else self._over(lookup)
        except NoNameservers as error:
            return self._refused(lookup, f"{self._name} {failure_text(error)}")
        except (DNSException, OSError) as error:
            return self._refused(lookup, f"{self._name} sends no usable answer ({error})")
        self._has_answered = True
        return records

    def _resolved(self, lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        try:
            answer = self._resolver.resolve(f"{lookup.name}.", lookup.type, search=False)
        except (NXDOMAIN, NoAnswer, YXDOMAIN):
            return ()
        records = [] if answer.rrset is None else list(answer.rrset)[:RECORDS_MAX]
        return tuple(one for one in map(_named, records) if one is not None)

    def _left(self) -> float:
        return self._end - time.monotonic()

    def _over(self, lookup: DnsLookup) -> str:
        """Return the reason after the time limit; no more names are looked up."""
        self.cause = f"{self._name} is too slow: {TIME_OVER}"
        return self._failure(lookup, self.cause)

    def _unheard(self, lookup: DnsLookup) -> str:
        """Return the reason after a timeout; look-ups may end now."""
        self._timeouts += 1
        why = f"{self._name} sends no answer for some names"
        if self._timeouts in _TRIED_AFTER and not self._is_alive():
            why = self.cause = f"{self._name} does not answer"
        elif self._timeouts >= TIMEOUTS_MAX:
            self.cause = why
        elif self._timeouts >= PATIENT_TIMEOUTS:
            self._timeout_seconds = min(self._timeout_seconds, IMPATIENT_SECONDS)
        return self._failure(lookup, why)

    def _is_alive(self) -> bool:
        """Return whether the resolver answers anything at all, a refusal included."""
        seconds = min(self._resolver.lifetime, _TRY_SECONDS)
        try:
            self._resolver.resolve(".", "NS", search=False, lifetime=seconds)
        except Timeout:
            return False
        except (DNSException, OSError):
            return True
        return True

    def _refused(self, lookup: DnsLookup, why: str) -> str:
        if not self._has_answered and len(self.failed) + 1 >= REFUSALS_MAX:
            self.cause = why
        return self._failure(lookup, why)

    def _failure(self, lookup: DnsLookup, why: str) -> str:
        self.failed.append(DnsUnavailable(lookup, why))
        return why


def can_exist(name: str) -> bool:
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


def _named(data: Rdata) -> DnsAnswer | None:
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
