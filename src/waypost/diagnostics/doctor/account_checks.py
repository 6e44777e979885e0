"""Checks whether the mail servers of an account do what the client needs."""

from collections.abc import Iterator

from waypost.diagnostics.comparison.answers import ParsedService
from waypost.diagnostics.conformance.account_checks import AccountCheck, servers_of
from waypost.diagnostics.conformance.client_codes import client_diagnostic
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.mail_servers import (
    SUPPORTED_PROTOCOLS,
    MailResult,
    check_mail_server,
    describe_service,
    missing_method_diagnostic,
    supports_method,
)
from waypost.diagnostics.document_checks.mail_documents import IMPLICIT_TLS_PORTS
from waypost.diagnostics.simulated_clients.session import Account, MailServer

_ServiceKey = tuple[str, str, int, str]


class CheckedMailServers:
    """The mail servers of a domain, each of them checked once."""

    def __init__(self, context: DoctorContext) -> None:
        """Create an empty set of servers for a domain."""
        self._context = context
        self._results: dict[_ServiceKey, MailResult] = {}
        self._new: list[Diagnostic] = []

    def check_service(self, service: ParsedService) -> None:
        """Check a mail server, and keep its findings for `new_findings`."""
        key = (service.kind, service.host_or_url, service.port, service.security)
        if key not in self._results:
            self._results[key] = check_mail_server(self._context, service)
            self._new += self._results[key].findings

    def new_findings(self) -> list[Diagnostic]:
        """Return the findings since the last call."""
        new, self._new = self._new, []
        return new

    def check(self, account: Account) -> AccountCheck:
        """Return why a client cannot use the mail servers of its account.

        Servers that no document has named before are checked now.
        """
        findings: list[Diagnostic] = []
        unknown = ""
        working: set[MailServer] = set()
        for server in servers_of(account):
            if server.kind not in SUPPORTED_PROTOCOLS:
                continue
            service = self._expected_service(server)
            self.check_service(service)
            result = self._results[
                service.kind, service.host_or_url, service.port, service.security
            ]
            unknown = unknown or result.unknown_reason
            server_findings = list(_server_findings(server, service, result))
            findings += server_findings
            if result.is_working and not server_findings:
                working.add(server)
        return AccountCheck(tuple(findings), unknown, frozenset(working))

    def _expected_service(self, server: MailServer) -> ParsedService:
        """Return how a client connects; `automatic` security follows a document or the port."""
        endpoint = (server.kind, server.host.lower(), server.port)
        if server.security != "automatic":
            return ParsedService(*endpoint, server.security)
        default_security = "tls" if server.port in IMPLICIT_TLS_PORTS else "starttls"
        known_securities = (key[3] for key in self._results if key[:3] == endpoint)
        return ParsedService(*endpoint, next(known_securities, default_security))


def _server_findings(
    server: MailServer, service: ParsedService, result: MailResult
) -> Iterator[Diagnostic]:
    for finding in result.findings:
        if finding.severity != "error" or finding.code == "mail-authentication":
            continue
        if result.is_working:
            # Clients then try the next address.
            yield client_diagnostic("client-trouble", finding.line)
        else:
            yield finding
    if not result.is_working:
        return
    method = server.method
    # A client that does not read the method uses any method.
    if not (supports_method(result.methods, method) if method else result.methods):
        yield missing_method_diagnostic(
            describe_service(service), method or "login method", result.methods
        )
