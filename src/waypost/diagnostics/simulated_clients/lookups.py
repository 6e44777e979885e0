"""DNS lookups of clients, and the domains that they derive from host names.

The record of each client says which labels it looks up, and which of several records it uses.
"""

from collections.abc import Generator

from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup, RecordType
from waypost.diagnostics.simulated_clients.session import ServerAnswer

RecordLookup = Generator[DnsLookup, ServerAnswer, tuple[DnsAnswer, ...]]


def look_up(type_: RecordType, name: str) -> RecordLookup:
    """Return the records of a name, in the order of the answer."""
    response = yield DnsLookup(type_, name)
    return response.records


def look_up_srv(label: str, domain: str) -> RecordLookup:
    """Return the SRV records of a service, the preferred one first, without a target of ".".

    Args:
        label: `_imaps`, ….
        domain: of the address.
    """
    records = yield from look_up("SRV", f"{label}._tcp.{domain}")
    # RFC 2782: the lowest priority, and of these rather the highest weight; RFC 6186 s3.4: ".".
    by_preference = sorted(records, key=lambda record: (record.priority, -record.weight))
    return tuple(record for record in by_preference if record.data and record.port)


def mail_exchanger(domain: str) -> Generator[DnsLookup, ServerAnswer, str]:
    """Return the most preferred MX host; empty if there is none (RFC 7505 too)."""
    records = yield from look_up("MX", domain)
    by_preference = sorted(records, key=lambda record: record.priority)
    return next((record.data for record in by_preference if record.data), "")


def parent_domain(host: str) -> str:
    """Return a host without its first label; empty if fewer than two labels remain."""
    parent = host.partition(".")[2]
    return parent if "." in parent else ""


def base_domain(host: str) -> str:
    """Return the registered domain of a host, as far as its form shows it: two labels.

    Clients use the Public Suffix List; without it `mx.example.co.uk` becomes `co.uk`. Requests for
    `co.uk`, which clients do not send, find nothing.
    """
    return ".".join(host.split(".")[-2:])
