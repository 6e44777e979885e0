"""Evolution, from its source and a run of 3.46.4 [code][run].

Both versions read documents in the same way [run][code]. They differ in the address that they send.

Not recorded: SRV records, and the table of OAuth2 hosts. If a document contains both IMAP and POP3,
the record uses IMAP for the account. If a service has no port, Evolution uses port 0; the records
then have no account.
"""

import hashlib
import re
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from lxml import etree

from waypost.core import clients
from waypost.core.address import ANONYMOUS_LOCAL_PART, EmailAddress
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.dns import DnsLookup
from waypost.diagnostics.simulated_clients.lookups import look_up, mail_exchanger, parent_domain
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientSession,
    ClientUser,
    MailServer,
    Outcome,
    ServerAnswer,
    ServerSecurity,
    UnusableDocument,
    describe,
    follow_redirects,
)

_SECURITY: Final[dict[str, ServerSecurity]] = {
    "plain": "none",
    "SSL": "tls",
    "STARTTLS": "starttls",
}
_METHODS: Final = {
    "password-cleartext": "password-cleartext",
    "plain": "password-cleartext",
    "password-encrypted": "password-encrypted",
}
HostLookup = Generator[DnsLookup, ServerAnswer, str]


def search(user: ClientUser) -> ClientSession:
    """Ask for the domain, then for the domain of its MX host [code]."""
    return _search(user, "", mail_exchanger)


def search_3_46(user: ClientUser) -> ClientSession:
    """Ask for the domain, then for that of its name server [code], with a substitute name [run]."""
    return _search(user, ANONYMOUS_LOCAL_PART, _name_server)


def _search(
    user: ClientUser, substitute: str, other_host: Callable[[str], HostLookup]
) -> ClientSession:
    """Ask four URLs one after the other, then the public database; then for other domains.

    Args:
        user: the user of the account.
        substitute: sent instead of the local part, and later with these other domains instead of
            the user's domain [run]; the hash is always that of the real address.
        other_host: returns the host whose domains the client also asks for.
    """
    digest = hashlib.md5(user.typed_address.lower().encode(), usedforsecurity=False).hexdigest()
    local_part, _, typed = user.typed_address.rpartition("@")

    def query(domain: str) -> str:
        sent_address = f"{quote(substitute or local_part, safe='')}%40{quote(domain)}"
        return f"emailaddress={sent_address}&emailmd5={digest}"

    outcome = yield from _for_domain(user.domain, query(typed), user, substitute)
    if outcome.account is not None or outcome.has_stopped:
        return outcome
    response = yield urls.database(quote(typed))
    # [code] Only if the public database answers 404: the domains of the host, longest first.
    domain = (yield from other_host(user.domain)) if response.status == 404 else ""
    while domain and response.status == 404:
        next_outcome = yield from _for_domain(
            domain, query(domain if substitute else typed), user, substitute
        )
        outcome = replace(next_outcome, reasons=outcome.reasons + next_outcome.reasons)
        if next_outcome.account is not None or next_outcome.has_stopped:
            break
        response = yield urls.database(domain)
        domain = parent_domain(domain)
    return outcome


def _name_server(domain: str) -> HostLookup:
    records = yield from look_up("NS", domain)
    return next((record.data for record in records), "")


def _for_domain(domain: str, query: str, user: ClientUser, substitute: str) -> ClientSession:
    reasons: list[str] = []
    for request in (
        urls.autoconfig(domain, "https", query),
        urls.autoconfig(domain, "http", query),
        urls.well_known(domain, "https", query),
        urls.well_known(domain, "http", query),
    ):
        response = yield from follow_redirects(request)
        if not response.is_success:
            reasons.append(f"{request.url}: {describe(response)}")
            continue
        try:
            root = documents.parse(response.body)
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}")
            continue
        try:
            return Outcome(_account(root, user.address, substitute), source=request.url)
        except UnusableDocument as error:
            # [run] Well-formed XML in a 2xx ends the search, even without a server.
            reason = f"{request.url}: {error}, which ends its search"
            return Outcome(reasons=(*reasons, reason), has_stopped=True)
    return Outcome(reasons=tuple(reasons))


def _account(root: etree._Element, address: EmailAddress, substitute: str) -> Account:
    """Return the account of a document, with its sections at any position [run].

    Raises:
        UnusableDocument: there is no service for reading, or none for sending.
    """
    sections = list(root.iter("{*}incomingServer", "{*}outgoingServer"))
    servers, reasons = documents.read_sections(
        sections[: documents.SECTIONS_MAX], lambda section: _server(section, address, substitute)
    )
    # [code] The client has one slot for each type.
    servers.reverse()
    incoming = documents.first_server(servers, "imap", "pop3")
    outgoing = documents.first_server(servers, "smtp")
    if incoming is None or outgoing is None:
        message = "XML without a service for reading, or without one for sending"
        raise UnusableDocument(
            " (".join([message, "; ".join(reasons)]) + ")" if reasons else message
        )
    return Account(incoming, outgoing)


def _server(section: etree._Element, address: EmailAddress, substitute: str) -> MailServer:
    """Read a section; if a value occurs twice, the last one counts [run]."""
    kind = section.get("type") or ""
    if kind not in {"imap", "pop3", "smtp"}:
        raise UnusableDocument("unsupported type")

    def value(name: str) -> str:
        last = next(reversed(documents.child_texts(section, name)), "")
        if substitute:
            # [run] In any case, because Waypost sends host names in lower case.
            last = re.sub(substitute, lambda _: address.local_part, last, flags=re.IGNORECASE)
        return documents.expand_placeholders(last, address)

    host = value("hostname").strip()
    if not host:
        raise UnusableDocument("there is no hostname")
    # [run] Without a known socketType, it does not use TLS.
    security: ServerSecurity = "none"
    for text in documents.child_texts(section, "socketType"):
        security = _SECURITY.get(text, security)
    methods = [_METHODS.get(text) for text in documents.child_texts(section, "authentication")]
    method = next((method for method in reversed(methods) if method), "")
    return MailServer(kind, host.lower(), _port(section), security, method, value("username"))


def _port(section: etree._Element) -> int:
    for text in reversed(documents.child_texts(section, "port")):
        with suppress(UnusableDocument):
            return documents.parse_port(text)
    raise UnusableDocument("there is no port")


_NOTES: Final = (
    (
        "It asks one URL after the other, and stops at the first 2xx answer that is XML, even if "
        "the answer contains no server. It accepts any Content-Type."
    ),
    "It uses the last service of each type, and the last authentication method that it knows.",
    "`socketType` must be spelled exactly. Without a value that it knows, it does not use TLS.",
)

EVOLUTION: Final = SimulatedClient(
    client=clients.EVOLUTION,
    version="source 6901b223",
    date="2026",
    basis="code",
    search=search,
    keeps_case=True,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E&emailmd5=…`",
        "GET the same by plain http",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=E&emailmd5=…`",
        "GET the same by plain http",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        (
            "if the last answer is a 404: DNS: the best MX host; all of the above with that host "
            "instead of D, then with that host without its first label, and so on"
        ),
    ),
    notes=(
        *_NOTES,
        (
            "How it reads documents was seen in [Evolution 3.46](#evolution-346), which sends "
            "other requests."
        ),
    ),
)

EVOLUTION_3_46: Final = SimulatedClient(
    client=clients.EVOLUTION,
    edition="3.46",
    version="3.46.4 (Debian 12), its libraries",
    date="2026-11-26",
    basis="run",
    search=search_3_46,
    keeps_case=True,
    order=(
        f"GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress={ANONYMOUS_LOCAL_PART}@D&emailmd5=…`",
        "GET the same by plain http",
        (
            "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml"
            f"?emailaddress={ANONYMOUS_LOCAL_PART}@D&emailmd5=…`"
        ),
        "GET the same by plain http",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        (
            "if the last answer is a 404: DNS: the NS host of D; all of the above with that host "
            "instead of D, then with that host without its first label, and so on"
        ),
    ),
    notes=(
        (
            f"It does not send the address: it asks as `{ANONYMOUS_LOCAL_PART}`, and replaces that "
            "name in the answer with the local part. `emailmd5` is the hash of the real address in "
            "lower case."
        ),
        (
            "So a server cannot identify the user. The server must answer for an address that has "
            "no mailbox, and values from a [directory](directories.md) do not reach the user."
        ),
        (
            "At the NS host it asks about that host's domain, and does not send the user's own "
            "domain. It finds the hoster's configuration if that domain is served. Waypost leaves "
            "the placeholders in the document, and Evolution replaces them with the user's address."
        ),
        *_NOTES,
        (
            "It also looks up SRV records: for mail (`_submissions` too), `_caldavs`, `_caldav`, "
            "`_carddavs` and `_carddav` with the path of their TXT record, and `_ldaps` and "
            "`_ldap`. For mail it uses them only if it found no document. The run includes these "
            "lookups; the record does not."
        ),
        "The run uses its code for the account assistant, without the assistant's window.",
    ),
)
