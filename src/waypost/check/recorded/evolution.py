"""Evolution, as its source has it (protocol facts s1.5 [code]).

Not part of the record: its table of OAuth2 hosts. Where a document holds both, IMAP is taken for
the account.
"""

import hashlib
from dataclasses import replace
from functools import partial
from typing import Final

from lxml import etree

from waypost.address import EmailAddress
from waypost.check.recorded import documents, urls
from waypost.check.recorded.client import Client
from waypost.check.recorded.conversation import (
    Account,
    Conversation,
    MailServer,
    Security,
    Unusable,
    User,
)
from waypost.check.recorded.lookups import above, looked_up
from waypost.check.recorded.turns import in_turn

_SECURITY: Final[dict[str, Security]] = {"plain": "none", "SSL": "tls", "STARTTLS": "starttls"}
_METHODS: Final = {
    "password-cleartext": "password-cleartext",
    "plain": "password-cleartext",
    "password-encrypted": "password-encrypted",
}


def ask(user: User) -> Conversation:
    """Ask the four URLs with the address and its hash, then the public database."""
    digest = hashlib.md5(user.typed.lower().encode(), usedforsecurity=False).hexdigest()
    query = f"{urls.encoded(user.typed)}&emailmd5={digest}"
    outcome = yield from _for_domain(user.domain, query, user)
    if outcome.account is not None:
        return outcome
    response = yield urls.database(user.domain)
    # [code] Only where the public database says 404: the domains of the name server, longest first.
    records = (yield from looked_up("NS", user.domain)) if response.status == 404 else ()
    domain = next((one.data for one in records), "")
    while domain and response.status == 404:
        found = yield from _for_domain(domain, query, user)
        outcome = replace(found, reasons=outcome.reasons + found.reasons)
        if found.account is not None:
            break
        response = yield urls.database(domain)
        domain = above(domain)
    return outcome


def _for_domain(domain: str, query: str, user: User) -> Conversation:
    requests = (
        urls.autoconfig(domain, "https", query),
        urls.autoconfig(domain, "http", query),
        urls.well_known(domain, "https", query),
        urls.well_known(domain, "http", query),
    )
    return in_turn(requests, partial(read, address=user.address))


def read(body: bytes, address: EmailAddress) -> Account:
    """Make an account of a document; the last section of each type wins.

    Raises:
        Unusable: there is nothing to read with, or nothing to send with.
    """
    provider = documents.provider_of(body)
    sections = documents.children(provider, "incomingServer", "outgoingServer")
    servers, reasons = documents.usable(sections, lambda one: _server(one, address))
    # [code] A single slot for each type.
    servers.reverse()
    incoming = documents.first_of(servers, "imap", "pop3")
    outgoing = documents.first_of(servers, "smtp")
    if incoming is None or outgoing is None:
        raise Unusable("; ".join(["no service to read with, or none to send with", *reasons]))
    return Account(incoming, outgoing)


def _server(section: etree._Element, address: EmailAddress) -> MailServer:
    kind = section.get("type") or ""
    if kind not in {"imap", "pop3", "smtp"}:
        raise Unusable("another type")
    host = documents.filled(documents.text(section, "hostname"), address)
    if not host:
        raise Unusable("there is no hostname")
    security = _SECURITY.get(documents.text(section, "socketType"), "automatic")
    stated = documents.texts(section, "authentication")
    known = [_METHODS[one] for one in stated if one in _METHODS]
    login = documents.filled(documents.text(section, "username"), address)
    port = documents.port(documents.text(section, "port"))
    return MailServer(kind, host.lower(), port, security, known[-1] if known else "", login)


EVOLUTION: Final = Client(
    key="evolution",
    name="Evolution",
    version="source 6901b223",
    date="2026",
    basis="code",
    asks=ask,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E&emailmd5=…`",
        "GET the same by plain http",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=E&emailmd5=…`",
        "GET the same by plain http",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        (
            "where the last one is a 404: DNS: the NS host of D; all of the above with that host "
            "in place of D, and with what stands behind its first label, and so on"
        ),
    ),
    notes=(
        (
            "The last service of each type wins, and of several methods of authentication the last "
            "one that it knows."
        ),
        "Any 2xx counts; the Content-Type does not.",
    ),
)
