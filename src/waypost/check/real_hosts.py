"""Reaching each host where its own addresses are, as the client of a user does."""

import http.client
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from waypost.check.asking import Server
from waypost.check.recorded.conversation import Request
from waypost.check.recorded.hosts import is_host
from waypost.check.recorded.names import Lookup, RecordType, Resolver
from waypost.check.troubles import NoConnection, trouble
from waypost.errors import NamesUnavailable

ADDRESSES_MAX: Final = 4
_FAMILIES: Final[tuple[RecordType, ...]] = ("A", "AAAA")
_PORTS: Final = {"http": 80, "https": 443}


def addresses(resolve: Resolver, host: str) -> tuple[str, ...]:
    """Return the addresses of a host, those of IPv4 first; itself if it is one.

    Raises:
        NamesUnavailable: DNS does not answer, so that nothing is known.
    """
    try:
        return (f"{ip_address(host)}",)
    except ValueError:
        if not is_host(host):
            return ()  # Strangers' documents name what nobody can look up.
    held: list[str] = []
    unknown: NamesUnavailable | None = None
    for family in _FAMILIES:
        try:
            held += [one.data for one in resolve(Lookup(family, host))]
        except NamesUnavailable as error:
            unknown = error
    if unknown is not None and not held:
        raise unknown
    return tuple(held[:ADDRESSES_MAX])


class ToRealHosts:
    """Each host is asked itself. Where nobody listens, nobody asks again."""

    path = ""
    tells_scheme = False

    def __init__(self, resolve: Resolver, refused: frozenset[str]) -> None:
        """Take what looks names up, and the hosts that must not be asked."""
        self._resolve = resolve
        self._refused = refused
        self._silent: dict[tuple[str, int], OSError] = {}

    def refusal(self, host: str) -> str:
        """Refuse the hosts that must not be asked."""
        return f"{host} is not asked without --ispdb" if host in self._refused else ""

    def lead_to(self, host: str) -> None:
        """Do nothing: every host can be asked."""

    @contextmanager
    def connection(
        self, request: Request, seconds: float, context: ssl.SSLContext
    ) -> Iterator[http.client.HTTPConnection]:
        """Connect to the first address that answers.

        Raises:
            OSError: there is none, or TLS fails.
            HTTPException, ValueError: the host is none.
            NamesUnavailable: DNS does not answer.
        """
        parts = urlsplit(f"//{request.host}")
        port = parts.port or _PORTS[request.scheme]
        held = addresses(self._resolve, parts.hostname or "")
        if not held:
            raise NoConnection(f"{parts.hostname} has no address in DNS")
        with ExitStack() as stack:
            opened = self._first(
                held,
                port,
                lambda address: stack.enter_context(
                    Server(request.scheme == "https", address, port, "").connection(
                        request.host, seconds, context
                    )
                ),
            )
            yield opened

    def _first(
        self,
        held: tuple[str, ...],
        port: int,
        connect: Callable[[str], http.client.HTTPConnection],
    ) -> http.client.HTTPConnection:
        last: OSError = NoConnection("no address was tried")
        for address in held:
            place = (address, port)
            if place not in self._silent:
                try:
                    return connect(address)
                except ssl.SSLError:
                    raise  # Somebody is there, and clients look no further.
                except OSError as error:
                    self._silent[place] = error
            last = self._silent[place]
        raise NoConnection(f"port {port} at {', '.join(held)}: {trouble(last)}")
