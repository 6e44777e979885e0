"""Resource records as values, and their text in the format of zone files."""

from dataclasses import dataclass
from typing import Final

from dns.exception import DNSException
from dns.name import from_text as name_from_text
from dns.rdata import Rdata
from dns.rdata import from_text as rdata_from_text
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT

from waypost.core.address import DomainName

# RFC 1035 s3.3: one string of a TXT record.
STRING_MAX_BYTES: Final = 255
NOT_OFFERED: Final = ""
"""The target of a service that is not offered: the root of the tree (RFC 2782)."""


@dataclass(frozen=True, slots=True)
class CnameData:
    """A CNAME record.

    Attributes:
        target: a name without the final dot, as in all records here.
    """

    target: str

    @property
    def type(self) -> str:
        """Return the type as in zone files."""
        return "CNAME"

    def rdata(self) -> Rdata:
        """Return the data as a dnspython object."""
        return rdata_from_text(RdataClass.IN, RdataType.CNAME, f"{self.target}.")


@dataclass(frozen=True, slots=True)
class SrvData:
    """An SRV record (RFC 2782).

    Attributes:
        priority: the priority; smaller numbers are preferred.
        weight: the weight among records with the same priority.
        port: the port.
        target: the name of a host, or NOT_OFFERED.
    """

    priority: int
    weight: int
    port: int
    target: str

    @property
    def type(self) -> str:
        """Return the type as in zone files."""
        return "SRV"

    def rdata(self) -> Rdata:
        """Return the data as a dnspython object."""
        text = f"{self.priority} {self.weight} {self.port} {self.target}."
        return rdata_from_text(RdataClass.IN, RdataType.SRV, text)


@dataclass(frozen=True, slots=True)
class TxtData:
    """A TXT record, whose strings a client joins.

    Attributes:
        text: the joined text, without quotes or escapes.
    """

    text: str

    @property
    def type(self) -> str:
        """Return the type as in zone files."""
        return "TXT"

    def rdata(self) -> Rdata:
        """Return the data as a dnspython object."""
        raw = self.text.encode()
        starts = range(0, len(raw), STRING_MAX_BYTES)
        strings = [raw[start : start + STRING_MAX_BYTES] for start in starts]
        return TXT(RdataClass.IN, RdataType.TXT, strings)


RecordData = CnameData | SrvData | TxtData


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record of class IN.

    Attributes:
        name: the owner name, absolute, without the final dot.
        ttl_seconds: the TTL, in seconds.
        data: the data.
    """

    name: str
    ttl_seconds: int
    data: RecordData

    def rdata_text(self) -> str:
        """Return the data as in RFC 1035 s5.1: absolute names, texts in quotes with escapes."""
        return self.data.rdata().to_text()


@dataclass(frozen=True, slots=True)
class DnsRecords:
    """All records that a domain should publish.

    Attributes:
        domain: the domain.
        records: the records.
        left_out: one line for each part that DNS cannot express, with the reason.
    """

    domain: DomainName
    records: tuple[Record, ...]
    left_out: tuple[str, ...]


def is_valid_dns_name(name: str) -> bool:
    """Return whether a name is short enough for DNS (RFC 1035 s2.3.4)."""
    try:
        name_from_text(f"{name}.")
    except DNSException:
        return False
    return True
