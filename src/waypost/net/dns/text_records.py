"""Look-up of the TXT records of a name."""

from dataclasses import dataclass
from typing import Final

from dns.exception import DNSException
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import (
    NXDOMAIN,
    LifetimeTimeout,
    NoNameservers,
    NoResolverConfiguration,
)

from waypost.core.errors import NamesUnavailable
from waypost.net.dns.resolver import open_resolver, response_codes

LOOKUP_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class TextRecords:
    """The TXT records of an answer.

    Attributes:
        texts: the joined strings of each record; empty without records.
        ttl_seconds: how long resolvers may cache the records; None without records.
    """

    texts: tuple[str, ...] = ()
    ttl_seconds: int | None = None


def look_up_texts(
    name: str, server: tuple[str, int] | None = None, *, seconds: float = LOOKUP_SECONDS
) -> TextRecords:
    """Return the TXT records of a name.

    Args:
        name: absolute, with or without its last dot.
        server: IP address and port of the resolver; None for the resolvers of this machine.
        seconds: how long to wait for an answer.

    Raises:
        NamesUnavailable: there is no usable answer; the message says why.
    """
    try:
        answer = open_resolver(server).resolve(
            f"{name.rstrip('.')}.",
            RdataType.TXT,
            lifetime=seconds,
            raise_on_no_answer=False,
            search=False,
        )
    except NXDOMAIN:
        return TextRecords()
    except NoResolverConfiguration as error:
        why = "this machine has no resolver in /etc/resolv.conf; set one with --resolver"
        raise NamesUnavailable(f"{name}: {why}") from error
    except LifetimeTimeout as error:
        message = f"{name}: no answer within {seconds:g} s from {_resolver_text(server)}"
        raise NamesUnavailable(message) from error
    except NoNameservers as error:
        message = f"{name}: {_resolver_text(server)} cannot answer: {response_codes(error)}"
        raise NamesUnavailable(message) from error
    except (DNSException, OSError) as error:
        raise NamesUnavailable(f"{name}: cannot be looked up: {error}") from error
    if answer.rrset is None:
        return TextRecords()
    # RFC 1035 s3.3.14: the strings of one record are one text.
    texts = [b"".join(record.strings) for record in answer.rrset if isinstance(record, TXT)]
    return TextRecords(
        tuple(record.decode("utf-8", "replace") for record in texts), answer.rrset.ttl
    )


def _resolver_text(server: tuple[str, int] | None) -> str:
    return "the resolvers of this machine" if server is None else f"{server[0]} port {server[1]}"
