"""A transport that connects to the addresses of each host, as the client of a user does."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.comparison.server import CheckedServer
from waypost.diagnostics.simulated_clients.dns import DnsLookup, RecordType, Resolver
from waypost.diagnostics.simulated_clients.hosts import is_host
from waypost.diagnostics.simulated_clients.session import ClientRequest
from waypost.net.addresses import is_public
from waypost.net.connection import DeadlineConnection
from waypost.net.deadline import Deadline
from waypost.net.failures import NoConnection, PrivateAddress, failure_reason

ADDRESSES_MAX: Final = 4
_FAMILIES: Final[tuple[RecordType, ...]] = ("A", "AAAA")
_PORTS: Final = {"http": 80, "https": 443}


def resolve_addresses(resolve: Resolver, host: str) -> tuple[str, ...]:
    """Return the addresses of a host, IPv4 first; the host itself if it is an address.

    Raises:
        NamesUnavailable: DNS does not answer, so the addresses are unknown.
    """
    try:
        return (f"{ip_address(host)}",)
    except ValueError:
        if not is_host(host):
            return ()  # Documents of other servers may name hosts that cannot be looked up.
    addresses: list[str] = []
    unknown: NamesUnavailable | None = None
    for family in _FAMILIES:
        try:
            addresses += [record.data for record in resolve(DnsLookup(family, host))]
        except NamesUnavailable as error:
            unknown = error
    if unknown is not None and not addresses:
        raise unknown
    return tuple(addresses[:ADDRESSES_MAX])


class PrivateAddresses(Enum):
    """When a private address is asked: a stranger must not choose what is sent inside a network.

    Attributes:
        ALWAYS: also if a public server names the host.
        UNTIL_PUBLIC: until a public server has answered; after that, web servers only at names
            below the domain that the operator typed, except for a URL that a public server
            redirects to.
        OWN_NAMES: only at names below that domain, also mail servers, with the same exception.
        NEVER: a private address is never asked.
    """

    ALWAYS = "always"
    UNTIL_PUBLIC = "until-public"
    OWN_NAMES = "own-names"
    NEVER = "never"

    @classmethod
    def of_option(cls, allow_private: bool) -> "PrivateAddresses":
        """Return the value for the option --allow-private of commands."""
        return cls.ALWAYS if allow_private else cls.UNTIL_PUBLIC


class ResolvingTransport:
    """A transport that asks each host itself. An address that does not answer is not asked again.

    `PrivateAddresses` says which hosts are asked at a private address.
    """

    path = ""
    sends_scheme = False

    def __init__(
        self,
        resolve: Resolver,
        refused_hosts: frozenset[str],
        *,
        domain: str = "",
        private: PrivateAddresses = PrivateAddresses.UNTIL_PUBLIC,
    ) -> None:
        """Initialize with a resolver, and the hosts that must not be asked.

        Args:
            resolve: asks DNS.
            refused_hosts: hosts that must not be asked.
            domain: the domain that the operator typed.
            private: when private addresses are asked.
        """
        self._resolve = resolve
        self._refused_hosts = refused_hosts
        self._domain = domain
        self._private = private
        self._has_reached_public = False
        self._redirects: set[str] = set()
        self._connection_errors: dict[tuple[str, int], OSError] = {}

    def refusal(self, host: str) -> str:
        """Refuse the hosts that must not be asked."""
        return f"{host} is not asked without --ispdb" if host in self._refused_hosts else ""

    def add_host(self, host: str) -> None:
        """Return at once: every host can be asked."""

    def add_redirect(self, target: ClientRequest) -> None:
        """Add a request that a public server redirects to."""
        self._redirects.add(target.url)

    def mail_refusal(self, host: str, address: str) -> str:
        """Refuse private addresses that `PrivateAddresses` does not allow."""
        if is_public(address) or self._allows_every_address:
            return ""
        if self._private is PrivateAddresses.OWN_NAMES and self._is_own(host):
            return ""
        return self._private_address_text(host, address)

    def authority(self, request: ClientRequest) -> str:
        """Return the host and the port of the URL."""
        return request.host

    @contextmanager
    def connect(
        self, request: ClientRequest, deadline: Deadline, context: ssl.SSLContext
    ) -> Iterator[DeadlineConnection]:
        """Connect to the first address that answers.

        Raises:
            OSError: no address answers, or TLS fails.
            HTTPException, ValueError: the host is not valid.
            NamesUnavailable: DNS does not answer.
        """
        parts = urlsplit(f"//{request.host}")
        host, port = parts.hostname or "", parts.port or _PORTS[request.scheme]
        addresses = resolve_addresses(self._resolve, host)
        if not addresses:
            raise NoConnection(f"{host} has no address in DNS")
        addresses = self._allowed_addresses(request, host, addresses)
        with ExitStack() as stack:
            connection = self._connect_to_first(
                addresses,
                port,
                lambda address: stack.enter_context(
                    CheckedServer(request.scheme == "https", address, port, "").connect(
                        request.host, deadline, context
                    )
                ),
            )
            self._has_reached_public = self._has_reached_public or connection.is_public
            yield connection

    def _allowed_addresses(
        self, request: ClientRequest, host: str, addresses: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return the addresses that may be asked.

        Raises:
            PrivateAddress: there is no such address.
        """
        is_named_by_operator = self._is_own(host) and request.url not in self._redirects
        if self._allows_every_address or (
            is_named_by_operator and self._private is not PrivateAddresses.NEVER
        ):
            return addresses
        public = tuple(address for address in addresses if is_public(address))
        if not public:
            raise PrivateAddress(self._private_address_text(host, addresses[0]))
        return public

    @property
    def _allows_every_address(self) -> bool:
        if self._private is PrivateAddresses.UNTIL_PUBLIC:
            return not self._has_reached_public
        return self._private is PrivateAddresses.ALWAYS

    def _is_own(self, host: str) -> bool:
        """Return whether a host is below the domain that the operator typed."""
        return bool(self._domain) and (host == self._domain or host.endswith(f".{self._domain}"))

    def _private_address_text(self, host: str, address: str) -> str:
        text = f"{host} has the private address {address}"
        if self._private is PrivateAddresses.UNTIL_PUBLIC:
            return f"{text}, and a public server names this host; --allow-private allows it"
        return f"{text}, which Waypost does not connect to from here"

    def _connect_to_first(
        self, addresses: tuple[str, ...], port: int, connect: Callable[[str], DeadlineConnection]
    ) -> DeadlineConnection:
        last_error: OSError = NoConnection("no address was tried")
        for address in addresses:
            endpoint = (address, port)
            if endpoint not in self._connection_errors:
                try:
                    return connect(address)
                except ssl.SSLError:
                    raise  # A server is there, so clients try no other address.
                except OSError as error:
                    self._connection_errors[endpoint] = error
            last_error = self._connection_errors[endpoint]
        raise NoConnection(f"port {port} at {', '.join(addresses)}: {failure_reason(last_error)}")
