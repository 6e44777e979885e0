"""Asking DNS what recorded clients ask it."""

from typing import Final

from dns.exception import DNSException, Timeout
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

from waypost.check.name_servers import open_resolver
from waypost.check.recorded.names import Lookup, Named
from waypost.errors import SettingsError

LOOKUPS_MAX: Final = 200
# After so many without an answer nobody is asked any more, so that a run comes to its end.
FAILURES_MAX: Final = 3
RECORDS_MAX: Final = 50


class Dns:
    """A resolver, and what it has said; the same question is asked once.

    Attributes:
        failed: a line for each look-up that nobody answered; a few make an end of asking.
    """

    def __init__(self, server: tuple[str, int] | None, timeout_seconds: float) -> None:
        """Take whom to ask; None for those that the system asks.

        Raises:
            SettingsError: the system names nobody.
        """
        try:
            self._resolver = open_resolver(server)
        except NoResolverConfiguration as error:
            raise SettingsError([f"--resolver: the system has none ({error})"]) from error
        self._resolver.lifetime = timeout_seconds
        self._said: dict[Lookup, tuple[Named, ...]] = {}
        self.failed: list[str] = []

    def __call__(self, lookup: Lookup) -> tuple[Named, ...]:
        """Give the records of a name; none where there is no such name, or nobody answers."""
        if lookup not in self._said:
            self._said[lookup] = self._asked(lookup)
        return self._said[lookup]

    def _asked(self, lookup: Lookup) -> tuple[Named, ...]:
        if len(self._said) >= LOOKUPS_MAX or len(self.failed) >= FAILURES_MAX:
            return ()
        try:
            answer = self._resolver.resolve(f"{lookup.name}.", lookup.type, search=False)
        except (NXDOMAIN, NoAnswer, YXDOMAIN):
            return ()
        except (Timeout, NoNameservers, DNSException, OSError) as error:
            self.failed.append(f"{lookup}: {type(error).__name__}")
            return ()
        records = [] if answer.rrset is None else list(answer.rrset)[:RECORDS_MAX]
        return tuple(one for one in map(_named, records) if one is not None)


def _named(data: Rdata) -> Named | None:
    match data:
        case SRV():
            return Named(_host(data.target), data.priority, data.weight, data.port)
        case MX():
            return Named(_host(data.exchange), data.preference)
        case NS() | CNAME():
            return Named(_host(data.target))
        case TXT():
            return Named(b"".join(data.strings).decode("utf-8", "replace"))
        case A() | AAAA():
            return Named(data.address)
    return None


def _host(name: object) -> str:
    return f"{name}".rstrip(".").lower()
