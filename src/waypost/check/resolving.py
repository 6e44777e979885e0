"""Asking DNS what recorded clients ask it."""

import ipaddress
from typing import Final

from dns.exception import DNSException, Timeout
from dns.rdata import Rdata
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.SRV import SRV
from dns.resolver import NXDOMAIN, YXDOMAIN, NoAnswer, NoNameservers, Resolver

from waypost.check.recorded.names import Lookup, Named
from waypost.errors import RequestError

SYSTEM: Final = "system"
LOOKUPS_MAX: Final = 200
# After so many without an answer nobody is asked any more, so that a run comes to its end.
FAILURES_MAX: Final = 3
RECORDS_MAX: Final = 50
_PORT: Final = 53


class Dns:
    """A resolver, and what it has said; the same question is asked once.

    Attributes:
        failed: a line for each look-up that nobody answered; a few make an end of asking.
    """

    def __init__(self, server: tuple[str, int] | None, timeout_seconds: float) -> None:
        """Take whom to ask; None for those that the system asks.

        Raises:
            RequestError: the system names nobody.
        """
        try:
            self._resolver = Resolver(configure=server is None)
        except DNSException as error:
            raise RequestError(f"--resolver: the system has none ({error})") from error
        if server is not None:
            self._resolver.nameservers = [server[0]]
            self._resolver.port = server[1]
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
        case NS():
            return Named(_host(data.target))
        case TXT():
            return Named(b"".join(data.strings).decode("utf-8", "replace"))
    return None


def _host(name: object) -> str:
    return f"{name}".rstrip(".").lower()


def parse(text: str) -> tuple[str, int] | None:
    """Read `system`, which is None, an address, or an address with a port behind a colon.

    Raises:
        RequestError: this is none of them.
    """
    if text == SYSTEM:
        return None
    host, port = text, f"{_PORT}"
    if text.startswith("[") and "]" in text:
        host, _, rest = text[1:].partition("]")
        port = (rest[1:] if rest.startswith(":") else "") if rest else port
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        ipaddress.ip_address(host)
        number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
    except ValueError:
        number = 0
    if not 1 <= number <= 65535:
        raise RequestError(
            f"--resolver: {text[:60]!r} is neither {SYSTEM} nor an address like 192.0.2.53, "
            "192.0.2.53:5353 or [2001:db8::53]:5353"
        )
    return host, number
