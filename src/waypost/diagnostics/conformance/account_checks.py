"""Checks of the account of a client: ports, TLS, and mail servers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from waypost.diagnostics.conformance.client_codes import client_diagnostic
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.document_checks.mail_documents import BEGINS_PLAIN, FROM_THE_START
from waypost.diagnostics.simulated_clients.session import Account, MailServer


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """The result of checking the mail servers of an account.

    Attributes:
        diagnostics: why the client cannot use the servers.
        unknown: why the servers could not be checked; empty if they were.
        good: the servers that do what the client needs.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    unknown: str = ""
    good: frozenset[MailServer] = frozenset()


CheckAccount = Callable[[Account], AccountCheck]


def unchecked(_: Account) -> AccountCheck:
    """Return a result without findings: the mail servers are not checked."""
    return AccountCheck()


def without_protection(account: Account | None) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each server that the client uses without TLS."""
    for server in servers_of(account):
        if server.security == "none":
            yield client_diagnostic("client-no-tls", place_of(server))


def without_connection(
    account: Account | None, good: frozenset[MailServer] = frozenset()
) -> Iterator[Diagnostic]:
    """Yield a diagnostic if client and server wait for each other, or cannot connect.

    RFC 8314 s7.3: 465 is for TLS from the start, as 993 and 995 are.

    Args:
        account: of a client.
        good: servers that were seen to work; they are not checked by their port.
    """
    for server in servers_of(account):
        if server in good:
            continue
        if server.security == "starttls" and server.port in FROM_THE_START:
            yield client_diagnostic("client-waits", place_of(server))
        if server.security == "tls" and server.port in BEGINS_PLAIN:
            # Providers exist that speak TLS on 587.
            is_usual = server.port in {143, 110}
            code = "client-no-connection" if is_usual else "client-odd-port"
            yield client_diagnostic(code, place_of(server))


def servers_of(account: Account | None) -> tuple[MailServer, ...]:
    """Return the servers of an account, each of them once."""
    return tuple(dict.fromkeys((account.incoming, account.outgoing))) if account else ()


def place_of(server: MailServer) -> str:
    """Return the name of a server for reports."""
    return f"{server.kind} {server.host}:{server.port}"
