"""Checks whether the mail servers of an account do what the client needs."""

from collections.abc import Iterator

from waypost.diagnostics.comparison.answers import AnsweredService
from waypost.diagnostics.conformance.account_checks import AccountCheck, servers_of
from waypost.diagnostics.conformance.client_codes import client_diagnostic
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.mail_servers import (
    SPOKEN,
    MailResult,
    lacking,
    mail_result,
    offers_method,
    place_of,
)
from waypost.diagnostics.document_checks.mail_documents import FROM_THE_START
from waypost.diagnostics.simulated_clients.session import Account, MailServer

_Key = tuple[str, str, int, str]


class MailServers:
    """The mail servers of a domain, each of them checked once."""

    def __init__(self, context: DoctorContext) -> None:
        """Create an empty set of servers for a domain."""
        self._context = context
        self._results: dict[_Key, MailResult] = {}
        self._new: list[Diagnostic] = []

    def examine(self, offer: AnsweredService) -> None:
        """Check a mail server, and keep its findings for `new_findings`."""
        key = (offer.kind, offer.place, offer.port, offer.security)
        if key not in self._results:
            self._results[key] = mail_result(self._context, offer)
            self._new += self._results[key].findings

    def new_findings(self) -> list[Diagnostic]:
        """Return the findings since the last call."""
        new, self._new = self._new, []
        return new

    def check(self, account: Account) -> AccountCheck:
        """Return why a client cannot use the mail servers of its account.

        Servers that no document has named before are checked now.
        """
        found: list[Diagnostic] = []
        unknown = ""
        good: set[MailServer] = set()
        for server in servers_of(account):
            if server.kind not in SPOKEN:
                continue
            offer = self._offer(server)
            self.examine(offer)
            result = self._results[offer.kind, offer.place, offer.port, offer.security]
            unknown = unknown or result.unknown
            seen = list(_troubles(server, offer, result))
            found += seen
            if result.is_good and not seen:
                good.add(server)
        return AccountCheck(tuple(found), unknown, frozenset(good))

    def _offer(self, server: MailServer) -> AnsweredService:
        """Return how a client connects; `automatic` security follows a document or the port."""
        place = (server.kind, server.host.lower(), server.port)
        if server.security != "automatic":
            return AnsweredService(*place, server.security)
        guess = "tls" if server.port in FROM_THE_START else "starttls"
        known = (key[3] for key in self._results if key[:3] == place)
        return AnsweredService(*place, next(known, guess))


def _troubles(
    server: MailServer, offer: AnsweredService, result: MailResult
) -> Iterator[Diagnostic]:
    for one in result.findings:
        if one.severity != "error" or one.code == "mail-authentication":
            continue
        if result.is_good:
            # Clients then try the next address.
            yield client_diagnostic("client-trouble", one.line)
        else:
            yield one
    if not result.is_good:
        return
    wanted = server.method
    # A client that does not read the method uses any method.
    if not (offers_method(result.methods, wanted) if wanted else result.methods):
        yield lacking(place_of(offer), wanted or "login method", result.methods)
