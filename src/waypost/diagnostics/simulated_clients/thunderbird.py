"""Thunderbird for desktops, from its source and a run of 153.7.0esr.

Not recorded: the preferences, and its table of OAuth2 providers (the record treats OAuth2 as a
method that Thunderbird cannot use with this host).
"""

import re
from collections.abc import Generator
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
    Outcome,
    RequestOrLookup,
    ServerAnswer,
    ServerSecurity,
    UnusableDocument,
    describe,
    follow_redirects,
    require,
)
from waypost.diagnostics.simulated_clients.thunderbird_autodiscover import (
    XML_TYPES,
    search_autodiscover,
)

# [run] Exactly these; `ssl`, `TLS` and " SSL " are refused.
_SECURITY: Final[dict[str, ServerSecurity]] = {
    "plain": "none",
    "SSL": "tls",
    "STARTTLS": "starttls",
}
_METHODS: Final = {
    "password-cleartext": "password-cleartext",
    "plain": "password-cleartext",
    "password-encrypted": "password-encrypted",
    "secure": "password-encrypted",
    "GSSAPI": "GSSAPI",
    "NTLM": "NTLM",
}
_OUTGOING_METHODS: Final = _METHODS | {
    "none": "none",
    "client-IP-address": "client-IP-address",
    "smtp-after-pop": "smtp-after-pop",
}
_PASSWORDS: Final = frozenset({"password-cleartext", "password-encrypted"})
_PROVIDER_ID: Final = re.compile(r"[A-Za-z0-9.-]+")


def search(user: ClientUser) -> ClientSession:
    """Ask the four URLs, the public database and Autodiscover; the best success wins.

    All requests start at the same time, so each is sent whatever the others answer.
    """
    typed_domain = user.typed_address.rpartition("@")[2]
    if not typed_domain.isascii():
        return Outcome(reasons=("the dialog accepts no domain in U-labels",), has_stopped=True)
    query = urls.address_query(user.typed_address)
    provider = [
        urls.autoconfig(user.domain, "https", query),
        urls.well_known(user.domain, "https", query),
        urls.autoconfig(user.domain, "http", query),
        urls.well_known(user.domain, "http", query),
    ]
    answers = []
    for request in provider:
        response = yield from follow_redirects(request)
        answers.append((request, response))
    yield from follow_redirects(urls.database(user.domain))
    mx_outcome = yield from _by_mx(user, query)
    exchange_outcome = yield from search_autodiscover(user)
    best_outcome = _read_answers(answers, user.address)
    reasons = best_outcome.reasons
    for next_outcome in (mx_outcome, exchange_outcome):
        if best_outcome.account is None:
            reasons += next_outcome.reasons
            best_outcome = next_outcome
    return best_outcome if best_outcome.account else Outcome(reasons=reasons)


def _by_mx(user: ClientUser, query: str) -> Generator[RequestOrLookup, ServerAnswer, Outcome]:
    """Ask at the domains of the MX host, by https only, each document separately."""
    host = yield from mail_exchanger(user.domain)
    base = base_domain(host)
    best_outcome = Outcome()
    # [code] It is skipped if this is the domain of the user.
    if not host or base == user.domain:
        return best_outcome
    for domain in dict.fromkeys(domain for domain in (parent_domain(host), base) if domain):
        request = urls.autoconfig(domain, "https", query)
        response = yield from follow_redirects(request)
        yield from follow_redirects(urls.database(domain))
        if best_outcome.account is None:
            outcome = _read_answers([(request, response)], user.address)
            best_outcome = (
                outcome
                if outcome.account
                else Outcome(reasons=best_outcome.reasons + outcome.reasons)
            )
    return best_outcome


def _read_answers(
    answers: list[tuple[ClientRequest, ServerAnswer]], address: EmailAddress
) -> Outcome:
    """Read the best successful answer; if it is useless, the others are not read."""
    for request, response in answers:
        # [run] 204 is a failure of that URL only.
        if not response.is_success or response.status == 204:
            continue
        try:
            kind = response.content_type.lower()
            require(kind.startswith(XML_TYPES), f"the Content-Type is {kind[:60]!r}, not XML")
            return Outcome(read_account(response.body, address), source=request.url)
        except UnusableDocument as error:
            return Outcome(reasons=(f"{request.url}: {error}",))
    refusals = sorted({describe(response) for _, response in answers})
    where = "its four URLs" if len(answers) > 1 else answers[0][0].url
    return Outcome(reasons=(f"no configuration at {where}: {', '.join(refusals)}",))


def read_account(body: bytes, address: EmailAddress) -> Account:
    """Return the account of an Autoconfig document, by the rules of readFromXML.

    Raises:
        UnusableDocument: the client makes no account of the document.
    """
    provider = documents.find_provider(body)
    name = provider.get("id") or ""
    if not (_PROVIDER_ID.fullmatch(name) or "%EMAILDOMAIN%" in name):
        raise UnusableDocument(f"the id of emailProvider, {name[:40]!r}, is not a host name")
    domains = documents.child_texts(provider, "domain")
    if not domains:
        raise UnusableDocument("there is no domain in emailProvider")
    for domain in domains:
        if not is_host(domain) and domain != "%EMAILDOMAIN%":
            raise UnusableDocument(f"the domain {domain[:40]!r} is not a host name")
    incoming, bad_incoming = documents.read_sections(
        documents.children(provider, "incomingServer"), lambda section: _server(section, address)
    )
    outgoing, bad_outgoing = documents.read_sections(
        documents.children(provider, "outgoingServer"), lambda section: _server(section, address)
    )
    if not incoming:
        raise UnusableDocument("; ".join(["no usable incomingServer", *bad_incoming]))
    if not outgoing:
        raise UnusableDocument("; ".join(["no usable outgoingServer", *bad_outgoing]))
    return Account(incoming[0], outgoing[0])


def _server(section: etree._Element, address: EmailAddress) -> MailServer:
    kind = section.get("type") or ""
    is_outgoing = documents.local_name(section) == "outgoingServer"
    if kind not in ({"smtp"} if is_outgoing else {"imap", "pop3"}):
        raise UnusableDocument("the type is not supported")
    host = documents.expand_placeholders(documents.child_text(section, "hostname"), address)
    if not is_host_or_ip(host):
        raise UnusableDocument(f"hostname {host[:40]!r} is not a host name")
    port = documents.parse_port(documents.child_text(section, "port"))
    sockets = documents.child_texts(section, "socketType")
    security = next((_SECURITY[socket] for socket in sockets if socket in _SECURITY), None)
    if security is None:
        raise UnusableDocument(f"socketType {' '.join(sockets)[:40]!r} is not supported")
    known = _OUTGOING_METHODS if is_outgoing else _METHODS
    methods = documents.child_texts(section, "authentication")
    method = next((known[method] for method in methods if method in known), None)
    if method is None and "OAuth2" in methods:
        raise UnusableDocument(
            "OAuth2 is the only method, and the host is not in the client's OAuth2 table"
        )
    if method is None:
        raise UnusableDocument(f"authentication {' '.join(methods)[:60]!r} is not supported")
    login = documents.expand_placeholders(documents.child_text(section, "username"), address)
    if not login and (method in _PASSWORDS or not is_outgoing):
        raise UnusableDocument("there is no username")
    return MailServer(kind, host.lower(), port, security, method, login)


THUNDERBIRD: Final = SimulatedClient(
    client=clients.THUNDERBIRD,
    version="153.8.0esr (Debian 12)",
    date="2026-11-29",
    basis="run",
    search=search,
    keeps_case=True,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=E`",
        "GET `http://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`",
        "GET `http://D/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=E`",
        "GET the URL of the public database, followed by D (preference `mailnews.auto_config_url`)",
        (
            "DNS: the best MX host; GET `https://autoconfig.M/mail/config-v1.1.xml?emailaddress=E` "
            "and the public database for that host without its first label, then for its "
            "registered domain M; skipped if M is D"
        ),
        (
            "POST `/autodiscover/autodiscover.xml` on `https://autodiscover.D`, `https://D`, "
            "`http://autodiscover.D` (useful only if this redirects to https) and the host of the "
            "SRV record `_autodiscover._tcp.D`; it sends these at the same time, but reads them "
            "only if all others fail"
        ),
    ),
    notes=(
        "It sends all of these requests at once, and uses the best answer in this order.",
        (
            "`@` arrives as `%40`, `+` as `%2B`; the address keeps the case that was typed, and "
            "host names are in lower case."
        ),
        (
            "It reads only the first of the four URLs that answers with a 2xx. If that document is "
            "useless, it does not read the other three."
        ),
        "The Content-Type of the answer must be `text/xml` or `application/xml`.",
        (
            "`socketType` and `authentication` must be spelled exactly. It drops a section with a "
            "value that it does not know, and keeps the others."
        ),
        "It follows redirects of Autoconfig URLs, also to other hosts and from https to http.",
        (
            "It uses OAuth2 only for the hosts in its own table, so a password method must come "
            "after OAuth2."
        ),
        (
            "In Autodiscover, `SSL` `off` means no protection, whatever `Encryption` says, and it "
            "uses the first of IMAP and POP3."
        ),
        "It reads only the host of an SRV record, not the port.",
        (
            "It asks its user before it uses Autodiscover of another registered domain, after a "
            "redirect of `http://autodiscover.D` or from the SRV record."
        ),
        "It follows the Autodiscover redirect `redirectAddr`, but not `redirectUrl`.",
        (
            "It offers EWS in addition to IMAP if the methods of EWS include `password-cleartext`. "
            "It ignores `http:Basic`, so Waypost writes both. It sets up no account with only EWS "
            "and ActiveSync."
        ),
        (
            "With Autodiscover it sends the address, and also the password if its user has typed "
            "one for the search."
        ),
        "It refuses an internationalised domain in U-label form before it sends any request.",
        (
            "After each setup it searches for address books and calendars on D, and on the host of "
            "the incoming server if that host has the same registered domain. It uses the SRV "
            "record `_carddavs` (`_caldavs`) and the path of its TXT record, then "
            "`https://D/.well-known/carddav` (`caldav`), then `https://D/`, all with PROPFIND; for "
            "a calendar that is a file, it uses HEAD, GET and PUT of `https://D/`. The run "
            "includes these requests; the record does not."
        ),
        (
            "If such a URL redirects to another host, it follows with method, Depth and body, logs "
            "in there, and then drops the answer, because its rule against answers of another "
            "origin forbids it (preference `browser.opaqueResponseBlocking`). It does not follow a "
            "redirect from https to http. If calendars have their own host, it finds that host "
            "only by SRV records."
        ),
    ),
)
