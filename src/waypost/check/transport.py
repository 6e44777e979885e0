"""How the hosts that recorded clients ask are reached."""

import ssl
from contextlib import AbstractContextManager
from typing import Protocol

from waypost.check.asking import Server
from waypost.check.recorded.conversation import Request
from waypost.check.recorded.lookups import above
from waypost.net.connection import Connection
from waypost.net.deadline import Deadline


class Transport(Protocol):
    """How the host of a request is reached.

    Attributes:
        path: in front of the path of each request.
        sends_scheme: the scheme that a client would have used is sent, as by a proxy in front.
    """

    @property
    def path(self) -> str: ...  # noqa: D102 -- above

    @property
    def sends_scheme(self) -> bool: ...  # noqa: D102 -- above

    def refusal(self, host: str) -> str:
        """Say why a host is not asked; empty where it is."""

    def add_host(self, host: str) -> None:
        """Take notice of a host that DNS names."""

    def add_redirect(self, target: Request) -> None:
        """Take notice of a request to which a public server redirects."""

    def refusal_of_mail(self, host: str, address: str) -> str:
        """Say why an address of a mail server that a document names is not visited."""

    def authority(self, request: Request) -> str:
        """Return the value of the Host header."""

    def connect(
        self, request: Request, deadline: Deadline, context: ssl.SSLContext
    ) -> AbstractContextManager[Connection]:
        """Connect for one answer, as `Server.connect` does."""


class FixedHost:
    """Everything goes to one server.

    What is for hosts outside of the domains goes nowhere, but for those to which DNS leads; what is
    for these goes to the server, too. A redirect elsewhere is not followed there.
    """

    def __init__(self, server: Server, domains: tuple[str, ...]) -> None:
        """Take whom to ask, for which domains and what is below them."""
        self._server = server
        self._domains = domains
        self._named: set[str] = set()
        self.path = server.path
        self.sends_scheme = not server.is_https

    def refusal(self, host: str) -> str:
        """Refuse what is neither in the domains nor named by DNS."""
        is_own = any(host == d or host.endswith(f".{d}") for d in self._domains)
        if is_own or host in self._named:
            return ""
        return f"{host} is not asked; --also adds a host"

    def add_host(self, host: str) -> None:
        """Ask about a host that DNS names as well, and about what clients make of its name."""
        while host:
            self._named |= {host, f"autoconfig.{host}"}
            host = above(host)

    def add_redirect(self, _target: Request) -> None:
        """Do nothing: it is followed on the same server, or not at all."""

    def refusal_of_mail(self, _host: str, _address: str) -> str:
        """Refuse nothing: no mail server is visited."""
        return ""

    def authority(self, request: Request) -> str:
        """Return the name of the host that the request is for; the server has a port of its own."""
        return request.host.partition(":")[0]

    def connect(
        self, request: Request, deadline: Deadline, context: ssl.SSLContext
    ) -> AbstractContextManager[Connection]:
        """Connect to the server, with the name of the host that the request is for."""
        return self._server.connect(self.authority(request), deadline, context)
