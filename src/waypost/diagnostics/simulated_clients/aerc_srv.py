"""SRV records in aerc, which prefers them to all else [code]."""

from collections.abc import Generator
from typing import Final

from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.simulated_clients.lookups import look_up
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientUser,
    MailServer,
    Outcome,
    ServerAnswer,
)

_LABELS: Final = ("_jmap", "_imap", "_imaps", "_submission", "_smtps")


def search_srv(user: ClientUser) -> Generator[DnsLookup, ServerAnswer, Outcome | None]:
    """Look up all labels; None if there is no service for reading."""
    records_by_label: dict[str, DnsAnswer] = {}
    for label in _LABELS:
        records = yield from look_up("SRV", f"{label}._tcp.{user.domain}")
        # [code] Sorted by priority, then the first with the highest weight; it may be ".".
        by_priority = sorted(records, key=lambda record: record.priority)
        best = max(by_priority, key=lambda record: record.weight, default=None)
        if best is not None and best.data and best.port:
            records_by_label[label] = best
    source, login = f"DNS SRV of {user.domain}", str(user.address)
    if "_jmap" in records_by_label:
        jmap = records_by_label["_jmap"]
        server = MailServer("jmap", jmap.data, jmap.port, "tls", login=login)
        return Outcome(Account(server, server), source=source)
    incoming = _server("imap", records_by_label.get("_imap"), records_by_label.get("_imaps"), login)
    outgoing = _server(
        "smtp", records_by_label.get("_submission"), records_by_label.get("_smtps"), login
    )
    if incoming is None:
        return None
    if outgoing is None:
        reason = f"{source}: a server for reading, but neither _submission nor _smtps for sending"
        return Outcome(reasons=(reason,), has_stopped=True)
    return Outcome(Account(incoming, outgoing), source=source)


def _server(
    kind: str, by_starttls: DnsAnswer | None, by_tls: DnsAnswer | None, login: str
) -> MailServer | None:
    if by_starttls is not None:
        return MailServer(kind, by_starttls.data, by_starttls.port, "starttls", login=login)
    if by_tls is not None:
        return MailServer(kind, by_tls.data, by_tls.port, "tls", login=login)
    return None
