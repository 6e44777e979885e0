"""Comparison of a public database of mail domains with the domain's own documents."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from waypost.core.address import EmailAddress
from waypost.diagnostics.comparison.answers import ParsedService, read_answer
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.simulated_clients.session import ClientRequest, describe

_MAIL: Final = frozenset({"imap", "pop3", "smtp"})


def database_findings(
    context: DoctorContext, database_url: str, own_services: Sequence[ParsedService]
) -> Iterator[Diagnostic]:
    """Yield the mail servers that only the database or only the domain names.

    Args:
        context: the domain.
        database_url: the URL of the database, without the domain.
        own_services: the servers that the domain's own documents name.
    """
    request = ClientRequest.get(f"{database_url.rstrip('/')}/{context.domain}")
    location = urlsplit(database_url).netloc
    response = context.target.send_following_redirects(request)
    if response.status == 404 or response.is_unknown:
        return  # The database does not know the domain, or was not asked.
    address = EmailAddress.parse(context.target.address)
    answer = read_answer("autoconfig", response.status, response.body, address)
    if answer.outcome == "failed":
        yield doctor_diagnostic(
            "ispdb-silent", location, describe(response) if not response.status else answer.detail
        )
        return
    database_servers = {
        _server_key(service) for service in answer.services if service.kind in _MAIL
    }
    own_servers = {_server_key(service) for service in own_services if service.kind in _MAIL}
    for server in sorted(database_servers - own_servers):
        yield doctor_diagnostic(
            "ispdb-different",
            location,
            f"the database names {_describe_key(server)}, the domain does not",
        )
    for server in sorted(own_servers - database_servers):
        yield doctor_diagnostic(
            "ispdb-different",
            location,
            f"the database does not name {_describe_key(server)}, the domain does",
        )


def _server_key(service: ParsedService) -> tuple[str, str, int, str]:
    return service.kind, service.host_or_url, service.port, service.security


def _describe_key(location: tuple[str, str, int, str]) -> str:
    kind, host, port, security = location
    return f"{kind} {host}:{port} {security}"
