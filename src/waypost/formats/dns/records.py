"""Resource records as values, and their text in the one form that all name servers read."""

from dataclasses import dataclass
from typing import Final

from dns.exception import DNSException
from dns.name import from_text as name_from_text
from dns.rdata import Rdata
from dns.rdata import from_text as rdata_from_text
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT

from waypost.address import DomainName

# RFC 1035 s3.3: one string of a TXT record.
STRING_MAX_BYTES: Final = 255
NOT_OFFERED: Final = ""
"""The target that says that a service is not offered: the root of the tree (RFC 2782)."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A CNAME record.

    Attributes:
        target: a name without its last dot, as in all of these.
    """

    target: str

    @property
    def type(self) -> str:
        """Return the type as zones spell it."""
        return "CNAME"

    def rdata(self) -> Rdata:
        """Return what dnspython knows it as."""
        return rdata_from_text(RdataClass.IN, RdataType.CNAME, f"{self.target}.")


@dataclass(frozen=True, slots=True)
class ServiceAt:
    """An SRV record (RFC 2782).

    Attributes:
        priority: smaller is preferred.
        target: a host's name, or NOT_OFFERED.
    """

    priority: int
    weight: int
    port: int
    target: str

    @property
    def type(self) -> str:
        """Return the type as zones spell it."""
        return "SRV"

    def rdata(self) -> Rdata:
        """Return what dnspython knows it as."""
        text = f"{self.priority} {self.weight} {self.port} {self.target}."
        return rdata_from_text(RdataClass.IN, RdataType.SRV, text)


@dataclass(frozen=True, slots=True)
class Text:
    """A TXT record, whose strings a reader puts together.

    Attributes:
        text: without quotes or escapes.
    """

    text: str

    @property
    def type(self) -> str:
        """Return the type as zones spell it."""
        return "TXT"

    def rdata(self) -> Rdata:
        """Return what dnspython knows it as."""
        raw = self.text.encode()
        starts = range(0, len(raw), STRING_MAX_BYTES)
        strings = [raw[at : at + STRING_MAX_BYTES] for at in starts]
        return TXT(RdataClass.IN, RdataType.TXT, strings)


Data = Alias | ServiceAt | Text


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record of class IN.

    Attributes:
        name: the owner, absolute, without its last dot.
    """

    name: str
    ttl_seconds: int
    data: Data

    def rdata_text(self) -> str:
        """Write the data as RFC 1035 s5.1 says: absolute names, texts in quotes with escapes."""
        return self.data.rdata().to_text()


@dataclass(frozen=True, slots=True)
class Published:
    """Everything that a domain publishes.

    Attributes:
        left_out: what is configured, or wished, and cannot be published: a line each, with why.
    """

    domain: DomainName
    records: tuple[Record, ...]
    left_out: tuple[str, ...]


def fits(name: str) -> bool:
    """Return whether a name is short enough for DNS (RFC 1035 s2.3.4)."""
    try:
        name_from_text(f"{name}.")
    except DNSException:
        return False
    return True
