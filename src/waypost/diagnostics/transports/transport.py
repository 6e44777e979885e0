"""Transports: how the hosts that simulated clients ask are reached."""

import ssl
from contextlib import AbstractContextManager
from typing import Protocol

from waypost.diagnostics.comparison.server import CheckedServer
from waypost.diagnostics.simulated_clients.lookups import parent_domain
from waypost.diagnostics.simulated_clients.session import ClientRequest
from waypost.net.connection import DeadlineConnection
from waypost.net.deadline import Deadline


class ClientTransport(Protocol):
    """How the host of a request is reached.

    Attributes:
        path: the prefix of the path of each request.
        sends_scheme: the scheme that a client would have used is sent, as a proxy does.
    """

    @property
    def path(self) -> str: ...  # noqa: D102 -- above

    @property
    def sends_scheme(self) -> bool: ...  # noqa: D102 -- above

    def refusal(self, host: str) -> str:
        """Return why a host is not asked; empty if it is."""

    def add_host(self, host: str) -> None:
        """Add a host that DNS names."""

    def add_redirect(self, target: ClientRequest) -> None:
        """Add a request that a public server redirects to."""

    def mail_refusal(self, host: str, address: str) -> str:
        """Return why a mail server is not checked at an address; empty if it is."""

    def authority(self, request: ClientRequest) -> str:
        """Return the value of the Host header."""

    def connect(
        self, request: ClientRequest, deadline: Deadline, context: ssl.SSLContext
    ) -> AbstractContextManager[DeadlineConnection]:
        """Connect for one answer, as `CheckedServer.connect` does."""


class SingleServerTransport:
    """A transport that sends every request to one server.

    Requests for hosts outside the domains are refused, except for hosts that DNS names. Requests
    for those hosts go to the same server. A redirect to another host is not followed there.
    """

    def __init__(self, server: CheckedServer, domains: tuple[str, ...]) -> None:
        """Initialize with a server, and the domains whose hosts it answers for."""
        self._server = server
        self._domains = domains
        self._hosts_in_dns: set[str] = set()
        self.path = server.path
        self.sends_scheme = not server.is_https

    def refusal(self, host: str) -> str:
        """Refuse hosts that are neither below the domains nor named by DNS."""
        is_own = any(host == d or host.endswith(f".{d}") for d in self._domains)
        if is_own or host in self._hosts_in_dns:
            return ""
        return f"{host} is not asked; --also adds a host of this server"

    def add_host(self, host: str) -> None:
        """Allow a host that DNS names, and the names that clients derive from it."""
        while host:
            self._hosts_in_dns |= {host, f"autoconfig.{host}"}
            host = parent_domain(host)

    def add_redirect(self, _target: ClientRequest) -> None:
        """Return at once: a redirect is followed on the same server, or not at all."""

    def mail_refusal(self, _host: str, _address: str) -> str:
        """Refuse nothing: no mail server is checked."""
        return ""

    def authority(self, request: ClientRequest) -> str:
        """Return the host of the request without its port: the server has its own port."""
        return request.host.partition(":")[0]

    def connect(
        self, request: ClientRequest, deadline: Deadline, context: ssl.SSLContext
    ) -> AbstractContextManager[DeadlineConnection]:
        """Connect to the server, with the name of the host that the request is for."""
        return self._server.connect(self.authority(request), deadline, context)
