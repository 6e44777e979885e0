"""Comparison of a public database of mail domains with the domain's own documents."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from waypost.core.address import EmailAddress
from waypost.diagnostics.comparison.answers import AnsweredService, read_answer
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.simulated_clients.session import ClientRequest, describe

_MAIL: Final = frozenset({"imap", "pop3", "smtp"})


def database_findings(
    context: DoctorContext, base: str, own: Sequence[AnsweredService]
) -> Iterator[Diagnostic]:
    """Yield the mail servers that only the database or only the domain names.

    Args:
        context: the domain.
        base: the URL of the database, without the domain.
        own: the servers that the domain's own documents name.
    """
    request = ClientRequest.get(f"{base.rstrip('/')}/{context.domain}")
    place = urlsplit(base).netloc
    response = context.target.follow(request)
    if response.status == 404 or response.is_unknown:
        return  # The database does not know the domain, or was not asked.
    address = EmailAddress.parse(context.target.address)
    answer = read_answer("autoconfig", response.status, response.body, address)
    if answer.outcome == "failed":
        yield doctor_diagnostic(
            "ispdb-silent", place, describe(response) if not response.status else answer.detail
        )
        return
    theirs = {_place(one) for one in answer.offers if one.kind in _MAIL}
    ours = {_place(one) for one in own if one.kind in _MAIL}
    for one in sorted(theirs - ours):
        yield doctor_diagnostic(
            "ispdb-different", place, f"the database names {_said(one)}, the domain does not"
        )
    for one in sorted(ours - theirs):
        yield doctor_diagnostic(
            "ispdb-different", place, f"the database does not name {_said(one)}, the domain does"
        )


def _place(offer: AnsweredService) -> tuple[str, str, int, str]:
    return offer.kind, offer.place, offer.port, offer.security


def _said(place: tuple[str, str, int, str]) -> str:
    kind, host, port, security = place
    return f"{kind} {host}:{port} {security}"
