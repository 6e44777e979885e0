"""Opening of the context in which a domain or a host is checked."""

import ssl
from dataclasses import dataclass

from waypost.diagnostics.conformance.reports import UNSERVED
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.simulated_clients.urls import DATABASE_HOSTS
from waypost.diagnostics.transports.dns import CachingResolver
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.resolving_transport import (
    PrivateAddresses,
    ResolvingTransport,
)


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """How hosts are reached.

    Attributes:
        resolver: address and port of the resolver; None for those of this machine.
        tls_context: checks certificates.
        timeout_seconds: the time limit for each answer.
        total_seconds: the time limit for all answers together.
        database_url: the URL of the public database; empty to ask none.
        private: when private addresses are asked.
    """

    resolver: tuple[str, int] | None
    tls_context: ssl.SSLContext
    timeout_seconds: float
    total_seconds: float
    database_url: str = ""
    private: PrivateAddresses = PrivateAddresses.UNTIL_PUBLIC

    def open_resolver(self) -> CachingResolver:
        """Return a resolver without answers.

        Raises:
            SettingsError: this machine has no resolver.
        """
        return CachingResolver(self.resolver, self.timeout_seconds, self.total_seconds)


def open_context(local_part: str, domain: str, options: CheckOptions) -> DoctorContext:
    """Return the context of the checks of a domain; its time limit begins now.

    Args:
        local_part: of the address that is sent in requests.
        domain: a domain in A-labels, or the name of a host.
        options: how hosts are reached.

    Raises:
        SettingsError: this machine has no resolver.
    """
    dns = options.open_resolver()
    asked_hosts = {host for host in DATABASE_HOSTS if f"//{host}/" in options.database_url}
    transport = ResolvingTransport(
        dns, DATABASE_HOSTS - asked_hosts, domain=domain, private=options.private
    )
    limits = ExchangeLimits(
        timeout_seconds=options.timeout_seconds, total_seconds=options.total_seconds
    )
    http_client = HttpClient(transport, limits, tls_context=options.tls_context)
    target = ConformanceTarget(http_client, local_part, domain, UNSERVED, dns)
    return DoctorContext(target, dns.unanswered)
