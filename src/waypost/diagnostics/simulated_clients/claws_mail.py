"""Claws Mail's account wizard, from its source (eworm-de/claws-mail dad7dea [code]).

Its user chooses IMAP or POP3 before the search; the record is for IMAP.
"""

from collections.abc import Generator
from typing import Final

from waypost.core import clients
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.dns import DnsLookup
from waypost.diagnostics.simulated_clients.lookups import look_up_srv
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientSession,
    ClientUser,
    MailServer,
    Outcome,
    ServerAnswer,
    ServerSecurity,
)

_TLS_PORT: Final = 465


def search(user: ClientUser) -> ClientSession:
    """Look up SRV records, and ask no URL at all."""
    source = f"DNS SRV of {user.domain}"
    incoming = yield from _find_server("imap", "_imaps", "tls", user)
    if incoming is None:
        incoming = yield from _find_server("imap", "_imap", "starttls", user)
    outgoing = yield from _find_server("smtp", "_submission", "starttls", user)
    if incoming is None and outgoing is None:
        return Outcome(reasons=(f"{source}: neither _imaps nor _imap, and no _submission",))
    if incoming is None or outgoing is None:
        missing = "_submission for sending" if incoming else "_imaps or _imap for reading"
        return Outcome(
            reasons=(f"{source}: incomplete account, without {missing}",), has_stopped=True
        )
    return Outcome(Account(incoming, outgoing), source=source)


def _find_server(
    kind: str, label: str, security: ServerSecurity, user: ClientUser
) -> Generator[DnsLookup, ServerAnswer, MailServer | None]:
    for record in (yield from look_up_srv(label, user.domain)):
        # [code] Port 465 means TLS even under `_submission`.
        is_tls = kind == "smtp" and record.port == _TLS_PORT
        login = str(user.address)
        return MailServer(kind, record.data, record.port, "tls" if is_tls else security, "", login)
    return None


CLAWS_MAIL: Final = SimulatedClient(
    client=clients.CLAWS_MAIL,
    version="source dad7dea",
    date="2025-05-21",
    basis="code",
    search=search,
    needs_dns=True,
    order=("DNS: the SRV records `_imaps`, else `_imap`; `_submission`",),
    notes=(
        "It requests no URL at all: without SRV records its users must type all settings.",
        (
            "It never looks up `_submissions`: if SMTP is offered only on port 465, it finds no "
            "server for sending, so offer 587 as well."
        ),
        "For POP3, if its user chooses it, it looks up `_pop3s`, else `_pop3`.",
        "The login name is the address, and the method is a password.",
    ),
)
