"""DNS lookups of simulated clients, and the resource records in the answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

RecordType = Literal["SRV", "MX", "NS", "TXT", "CNAME", "A", "AAAA"]


@dataclass(frozen=True, slots=True)
class DnsLookup:
    """A DNS lookup.

    Attributes:
        name: absolute, without the final dot.
    """

    type: RecordType
    name: str

    def __str__(self) -> str:
        """Return one line for a report."""
        return f"DNS {self.type} {self.name}"


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """The parts of a resource record that clients read.

    Attributes:
        data: a host in lower case without the final dot, so that the root is empty; for a TXT
            record its text, with the strings joined; for A and AAAA records the address.
        priority: of SRV and MX records; lower ones are preferred.
        weight: of SRV records.
        port: of SRV records.
    """

    data: str
    priority: int = 0
    weight: int = 0
    port: int = 0


Resolver = Callable[[DnsLookup], tuple[DnsAnswer, ...]]
"""Returns the records of a name; raises NamesUnavailable if DNS does not answer."""


def no_records(_: DnsLookup) -> tuple[DnsAnswer, ...]:
    """Return no records: the resolver if DNS is not asked."""
    return ()
