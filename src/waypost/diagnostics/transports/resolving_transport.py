"""A transport that connects to the addresses of each host, as the client of a user does."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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


class ResolvingTransport:
    """A transport that asks each host itself. An address that does not answer is not asked again.

    Once a public server has answered, hosts that servers and documents name are not asked at a
    private address: a stranger must not choose what is sent inside the operator's network. Names
    below the domain that the operator typed may have private addresses, except for a URL that a
    public server redirects to.
    """

    path = ""
    sends_scheme = False

    def __init__(
        self,
        resolve: Resolver,
        refused_hosts: frozenset[str],
        *,
        domain: str = "",
        allow_private: bool = False,
    ) -> None:
        """Initialize with a resolver, and the hosts that must not be asked.

        Args:
            resolve: asks DNS.
            refused_hosts: hosts that must not be asked.
            domain: the domain that the operator typed.
            allow_private: ask private addresses too, also if a public server names them.
        """
        self._resolve = resolve
        self._refused_hosts = refused_hosts
        self._domain = domain
        self._allow_private = allow_private
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
        """Refuse private addresses, once a public server has answered."""
        if self._allow_private or not self._has_reached_public or is_public(address):
            return ""
        return _private_address_text(host, address)

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
        if self._allow_private or not self._has_reached_public or self._is_in_own_domain(request):
            return addresses
        public = tuple(address for address in addresses if is_public(address))
        if not public:
            raise PrivateAddress(_private_address_text(host, addresses[0]))
        return public

    def _is_in_own_domain(self, request: ClientRequest) -> bool:
        """Return whether the operator named the host, and no public server named the URL."""
        is_own = request.host == self._domain or request.host.endswith(f".{self._domain}")
        return bool(self._domain) and is_own and request.url not in self._redirects

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


def _private_address_text(host: str, address: str) -> str:
    reason = "and a public server names this host; --allow-private allows it"
    return f"{host} has the private address {address}, {reason}"
