"""How clients ask DNS, and what they make of host names.

Which labels, and which of several records, is each client's own matter, and stands in its record.
"""

from collections.abc import Generator

from waypost.check.recorded.conversation import Response
from waypost.check.recorded.names import Lookup, Named, RecordType

Asking = Generator[Lookup, Response, tuple[Named, ...]]


def looked_up(type_: RecordType, name: str) -> Asking:
    """Ask for the records of a name, in the order in which they come."""
    response = yield Lookup(type_, name)
    return response.records


def offered(label: str, domain: str) -> Asking:
    """Ask where a service is: the preferred record first, and none that says there is none.

    Args:
        label: `_imaps`, ….
        domain: of the address.
    """
    records = yield from looked_up("SRV", f"{label}._tcp.{domain}")
    # RFC 2782: the lowest priority, and of these rather the highest weight; RFC 6186 s3.4: ".".
    held = sorted(records, key=lambda one: (one.priority, -one.weight))
    return tuple(one for one in held if one.data and one.port)


def mail_exchanger(domain: str) -> Generator[Lookup, Response, str]:
    """Ask for the most preferred MX host; empty where there is none (RFC 7505 too)."""
    records = yield from looked_up("MX", domain)
    held = sorted(records, key=lambda one: one.priority)
    return next((one.data for one in held if one.data), "")


def above(host: str) -> str:
    """Return what stands behind the first label; empty where that is no domain of two labels."""
    parent = host.partition(".")[2]
    return parent if "." in parent else ""


def base_domain(host: str) -> str:
    """Return the domain that somebody has registered, as far as its form shows it: two labels.

    Clients look into the Public Suffix List; without it `mx.example.co.uk` gives `co.uk`. What is
    asked there besides `autoconfig.example.co.uk` finds nothing.
    """
    return ".".join(host.split(".")[-2:])
