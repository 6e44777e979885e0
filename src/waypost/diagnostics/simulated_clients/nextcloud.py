"""Nextcloud Mail, from its source [code]."""

from dataclasses import replace
from functools import partial
from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.lookups import mail_exchanger, parent_domain
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientSession,
    ClientUser,
    MailServer,
    ServerSecurity,
    UnusableDocument,
)
from waypost.diagnostics.simulated_clients.url_search import try_each_url

_SECURITY: Final[dict[str, ServerSecurity]] = {
    "ssl": "tls",
    "starttls": "starttls",
    "tls": "starttls",
}


def search(user: ClientUser) -> ClientSession:
    """Ask two URLs by https, the public database, then the two by http.

    Then the same with the MX host instead of the domain, and with the MX host without its first
    label.
    """
    outcome = yield from _for_domain(user.domain, user)
    if outcome.account is not None:
        return outcome
    host = yield from mail_exchanger(user.domain)
    for domain in (host, parent_domain(host)):
        if domain and outcome.account is None:
            next_outcome = yield from _for_domain(domain, user)
            outcome = replace(next_outcome, reasons=outcome.reasons + next_outcome.reasons)
    return outcome


def _for_domain(domain: str, user: ClientUser) -> ClientSession:
    # [code] The address is not escaped.
    query = f"emailaddress={user.typed_address}"
    requests = (
        urls.autoconfig(domain, "https", query),
        urls.well_known(domain, "https", query),
        urls.database(domain),
        urls.autoconfig(domain, "http", query),
        urls.well_known(domain, "http", query),
    )
    return try_each_url(requests, partial(read_account, address=user.address))


def read_account(body: bytes, address: EmailAddress) -> Account:
    """Return the account of the first IMAP and the first SMTP section.

    Raises:
        UnusableDocument: one of them is missing, or cannot be used.
    """
    incoming, outgoing = documents.first_imap_and_smtp(documents.find_provider(body))
    return Account(_server("imap", incoming, address), _server("smtp", outgoing, address))


def _server(kind: str, section: etree._Element, address: EmailAddress) -> MailServer:
    host = documents.child_text(section, "hostname")
    if not host or "%" in host:
        raise UnusableDocument(
            f"hostname {host[:40]!r}: the client does not replace placeholders there"
        )
    port = documents.parse_port(documents.child_text(section, "port"))
    security = _SECURITY.get(documents.child_text(section, "socketType").lower(), "none")
    login = documents.expand_placeholders(documents.child_text(section, "username"), address)
    return MailServer(kind, host.lower(), port, security, login=login)


NEXTCLOUD: Final = SimulatedClient(
    client=clients.NEXTCLOUD_MAIL,
    version="source e5734fe2",
    date="2026-08-22",
    basis="code",
    search=search,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`, the address unescaped",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=E`",
        "GET the public database",
        "GET both by plain http",
        (
            "DNS: the best MX host; all of the above with that host instead of D, then with that "
            "host without its first label"
        ),
    ),
    notes=(
        "It does not escape `+`, which most servers read as a space; Waypost repairs it.",
        "Host names must not contain a placeholder.",
        "It accepts any 2xx, with any Content-Type.",
    ),
)
