"""Checks of the account of a client: ports, TLS, and mail servers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from waypost.diagnostics.conformance.client_codes import client_diagnostic
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.document_checks.mail_documents import IMPLICIT_TLS_PORTS, STARTTLS_PORTS
from waypost.diagnostics.simulated_clients.session import Account, MailServer


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """The result of checking the mail servers of an account.

    Attributes:
        diagnostics: why the client cannot use the servers.
        unknown_reason: why the servers could not be checked; empty if they were.
        working: the servers that do what the client needs.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    unknown_reason: str = ""
    working: frozenset[MailServer] = frozenset()


CheckAccount = Callable[[Account], AccountCheck]


def skip_account_check(_: Account) -> AccountCheck:
    """Return a result without findings: the mail servers are not checked."""
    return AccountCheck()


def servers_without_tls(account: Account | None) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each server that the client uses without TLS."""
    for server in servers_of(account):
        if server.security == "none":
            yield client_diagnostic("client-no-tls", describe_server(server))


def port_mismatches(
    account: Account | None, working: frozenset[MailServer] = frozenset()
) -> Iterator[Diagnostic]:
    """Yield a diagnostic if client and server wait for each other, or cannot connect.

    RFC 8314 s7.3: 465 is for TLS from the start, as 993 and 995 are.

    Args:
        account: of a client.
        working: servers that were seen to work; they are not checked by their port.
    """
    for server in servers_of(account):
        if server in working:
            continue
        if server.security == "starttls" and server.port in IMPLICIT_TLS_PORTS:
            yield client_diagnostic("client-waits", describe_server(server))
        if server.security == "tls" and server.port in STARTTLS_PORTS:
            # Providers exist that speak TLS on 587.
            is_default_port = server.port in {143, 110}
            code = "client-no-connection" if is_default_port else "client-odd-port"
            yield client_diagnostic(code, describe_server(server))


def servers_of(account: Account | None) -> tuple[MailServer, ...]:
    """Return the servers of an account, each of them once."""
    return tuple(dict.fromkeys((account.incoming, account.outgoing))) if account else ()


def describe_server(server: MailServer) -> str:
    """Return the name of a server for reports."""
    return f"{server.kind} {server.host}:{server.port}"
