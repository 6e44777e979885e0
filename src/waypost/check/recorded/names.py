"""What a record asks DNS, and what it is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

RecordType = Literal["SRV", "MX", "NS", "TXT", "CNAME", "A", "AAAA"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question to DNS.

    Attributes:
        name: absolute, without its last dot.
    """

    type: RecordType
    name: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"DNS {self.type} {self.name}"


@dataclass(frozen=True, slots=True)
class Named:
    """One resource record, as far as clients read it.

    Attributes:
        data: a host in lower case without its last dot, so that the root is empty; of a TXT record
            its text, with the strings put together; of A and AAAA records the address.
        priority: of SRV and MX records; the lower one first.
        weight: of SRV records.
        port: of SRV records.
    """

    data: str
    priority: int = 0
    weight: int = 0
    port: int = 0


Resolver = Callable[[Lookup], tuple[Named, ...]]
"""Returns the records of a name; raises NamesUnavailable if DNS does not answer."""


def silence(_: Lookup) -> tuple[Named, ...]:
    """Know no name at all: what a resolver says where DNS is not asked."""
    return ()
