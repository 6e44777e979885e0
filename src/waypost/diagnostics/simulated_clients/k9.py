"""Thunderbird for Android and K-9 Mail, from their source [code].

Not recorded: whether Android permits plain http, and the table of OAuth2 hosts (the record treats
OAuth2 as a method that the client cannot use with this host).
"""

from dataclasses import replace
from functools import partial
from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.hosts import is_host, is_host_or_ip
from waypost.diagnostics.simulated_clients.lookups import base_domain, mail_exchanger, parent_domain
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientSession,
    ClientUser,
    MailServer,
    ServerSecurity,
    UnusableDocument,
    follow_redirects,
)
from waypost.diagnostics.simulated_clients.url_search import try_each_url

_SECURITY: Final[dict[str, ServerSecurity]] = {"SSL": "tls", "STARTTLS": "starttls"}
_PASSWORDS: Final = ("password-cleartext", "password-encrypted")
_OAUTH2: Final = "OAuth2"


def search(user: ClientUser) -> ClientSession:
    """Ask the four URLs one after the other, without the address, and the public database.

    Then the same for the domains of the MX host, by https only.
    """
    requests = (
        urls.autoconfig(user.domain),
        urls.well_known(user.domain),
        urls.autoconfig(user.domain, "http"),
        urls.well_known(user.domain, "http"),
        urls.database(user.domain),
    )
    outcome = yield from _first(requests, user)
    if outcome.account is not None:
        return outcome
    host = yield from mail_exchanger(user.domain)
    base = base_domain(host)
    # [code] It ends if the MX host belongs to the domain.
    if not host or base == user.domain:
        return outcome
    for domain in dict.fromkeys(domain for domain in (parent_domain(host), base) if domain):
        next_outcome = yield from _first((urls.autoconfig(domain), urls.database(domain)), user)
        outcome = replace(next_outcome, reasons=outcome.reasons + next_outcome.reasons)
        if outcome.account is not None:
            return outcome
    return outcome


def _first(requests: tuple[ClientRequest, ...], user: ClientUser) -> ClientSession:
    return try_each_url(
        requests,
        partial(read_account, address=user.address),
        follow=partial(follow_redirects, allow_scheme_change=False),
    )


def read_account(body: bytes, address: EmailAddress) -> Account:
    """Return the account of a document; one bad section makes the client refuse all of it.

    Raises:
        UnusableDocument: the client makes no account of the document.
    """
    provider = documents.find_provider(body)
    if not is_host(provider.get("id") or ""):
        raise UnusableDocument("the id of emailProvider is not a host name")
    domains = [
        documents.expand_placeholders(text, address)
        for text in documents.child_texts(provider, "domain")
    ]
    if not any(is_host(domain) for domain in domains):
        raise UnusableDocument("there is no valid domain in emailProvider")
    for section in documents.children(provider, "oAuth2"):
        # [code] At source 0404b33, if it is in emailProvider.
        if not all(
            documents.child_text(section, name).startswith(("https://", "http://"))
            for name in ("authURL", "tokenURL")
        ):
            raise UnusableDocument(
                "the client refuses a document with an oAuth2 without authURL or tokenURL"
            )
    servers: dict[str, MailServer] = {}
    for section in documents.children(provider, "incomingServer", "outgoingServer"):
        kind = section.get("type") or ""
        expected_kind = "imap" if documents.local_name(section) == "incomingServer" else "smtp"
        if kind == expected_kind:
            servers.setdefault(kind, _server(kind, section, address))
    if "imap" not in servers or "smtp" not in servers:
        raise UnusableDocument(
            "there is no IMAP or no SMTP service, and the client knows nothing else"
        )
    for server in servers.values():
        # [code] At source 565ea99: if the host is not in its own table, OAuth2 is removed from
        # the first service of each type; if no method is left, there is no account.
        if server.method == _OAUTH2:
            reason = "OAuth2 is the only method, and the host is not in the client's OAuth2 table"
            raise UnusableDocument(f"{server.kind}: {reason}")
    return Account(servers["imap"], servers["smtp"])


def _server(kind: str, section: etree._Element, address: EmailAddress) -> MailServer:
    refusal = f"one {kind} section makes the client refuse the document"
    socket = documents.child_text(section, "socketType")
    if socket not in _SECURITY:
        raise UnusableDocument(f"{refusal}: socketType {socket[:20]!r} is neither SSL nor STARTTLS")
    methods = documents.child_texts(section, "authentication")
    passwords = [method for method in methods if method in _PASSWORDS]
    known = passwords or [method for method in methods if method == _OAUTH2]
    if not known:
        raise UnusableDocument(f"{refusal}: authentication {' '.join(methods)[:40]!r} is not known")
    host = documents.expand_placeholders(documents.child_text(section, "hostname"), address)
    if not is_host_or_ip(host):
        raise UnusableDocument(f"{refusal}: hostname {host[:40]!r} is not a host name")
    login = documents.expand_placeholders(documents.child_text(section, "username"), address)
    if not login:
        raise UnusableDocument(f"{refusal}: there is no username")
    try:
        port = documents.parse_port(documents.child_text(section, "port"))
    except UnusableDocument as error:
        raise UnusableDocument(f"{refusal}: {error}") from error
    return MailServer(kind, host.lower(), port, _SECURITY[socket], known[0], login)


K9: Final = SimulatedClient(
    client=clients.K9,
    version="source a59bd679",
    date="2026-08-20",
    basis="code",
    search=search,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml`",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml`",
        "GET `http://autoconfig.D/mail/config-v1.1.xml`",
        "GET `http://D/.well-known/autoconfig/mail/config-v1.1.xml`",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        (
            "DNS: the best MX host; GET `https://autoconfig.M/mail/config-v1.1.xml` and the public "
            "database for that host without its first label, then for its registered domain M; "
            "skipped if M is D"
        ),
    ),
    notes=(
        (
            "It does not send the address, so the Host header must be enough, and login names "
            "contain placeholders."
        ),
        (
            "One IMAP or SMTP section that it cannot use makes it refuse the whole document, for "
            "example a section with `plain` as `socketType` or as the only `authentication`."
        ),
        (
            "An `oAuth2` inside `emailProvider` without `authURL` or `tokenURL` makes it refuse "
            "the document as well."
        ),
        "It uses only the first IMAP and the first SMTP service, and ignores POP3.",
        (
            "It uses OAuth2 only for the hosts in its own table, so the first service of each type "
            "must also offer a password method."
        ),
    ),
)
