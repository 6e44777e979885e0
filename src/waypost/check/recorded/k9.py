"""Thunderbird for Android and K-9 Mail, as their source has it (protocol facts s1.2 [code]).

Not part of the record: the MX look-up, and whether Android lets plain http through.
"""

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
    followed,
    is_host,
)
from waypost.check.recorded.turns import in_turn

_SECURITY: Final[dict[str, Security]] = {"SSL": "tls", "STARTTLS": "starttls"}
_METHODS: Final = ("OAuth2", "password-cleartext", "password-encrypted")


def ask(user: User) -> Conversation:
    """Ask the four URLs one after the other, without the address; then the public database."""
    requests = (
        urls.autoconfig(user.domain),
        urls.well_known(user.domain),
        urls.autoconfig(user.domain, "http"),
        urls.well_known(user.domain, "http"),
    )
    outcome = yield from in_turn(
        requests,
        partial(read, address=user.address),
        follow=partial(followed, between_schemes=False),
    )
    if outcome.account is not None:
        return outcome
    yield urls.database(user.domain)
    return outcome


def read(body: bytes, address: EmailAddress) -> Account:
    """Make an account of a document, of which one bad section spoils everything.

    Raises:
        Unusable: it makes none.
    """
    provider = documents.provider_of(body)
    if not is_host(provider.get("id") or ""):
        raise Unusable("the id of emailProvider is no host name")
    domains = [documents.filled(one, address) for one in documents.texts(provider, "domain")]
    if not any(is_host(one) for one in domains):
        raise Unusable("there is no valid domain in emailProvider")
    servers: dict[str, MailServer] = {}
    for section in documents.children(provider, "incomingServer", "outgoingServer"):
        kind = section.get("type") or ""
        wanted = "imap" if documents.name_of(section) == "incomingServer" else "smtp"
        if kind == wanted:
            servers.setdefault(kind, _server(kind, section, address))
    if "imap" not in servers or "smtp" not in servers:
        raise Unusable("there is no IMAP or no SMTP service, and it knows nothing else")
    return Account(servers["imap"], servers["smtp"])


def _server(kind: str, section: etree._Element, address: EmailAddress) -> MailServer:
    spoiled = f"one {kind} section spoils the document"
    socket = documents.text(section, "socketType")
    if socket not in _SECURITY:
        raise Unusable(f"{spoiled}: socketType {socket[:20]!r} is neither SSL nor STARTTLS")
    stated = documents.texts(section, "authentication")
    method = next((one for one in stated if one in _METHODS), None)
    if method is None:
        raise Unusable(f"{spoiled}: authentication {' '.join(stated)[:40]!r} is not known")
    host = documents.filled(documents.text(section, "hostname"), address)
    if not is_host(host):
        raise Unusable(f"{spoiled}: hostname {host[:40]!r} is none")
    login = documents.filled(documents.text(section, "username"), address)
    if not login:
        raise Unusable(f"{spoiled}: there is no username")
    try:
        port = documents.port(documents.text(section, "port"))
    except Unusable as error:
        raise Unusable(f"{spoiled}: {error}") from error
    return MailServer(kind, host.lower(), port, _SECURITY[socket], method, login)


K9: Final = Client(
    key="thunderbird-for-android-and-k-9",
    name="Thunderbird for Android and K-9",
    version="source a59bd679",
    date="2026-08-20",
    basis="code",
    asks=ask,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml`",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml`",
        "GET `http://autoconfig.D/mail/config-v1.1.xml`",
        "GET `http://D/.well-known/autoconfig/mail/config-v1.1.xml`",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        "the same for the domain of the MX host (not recorded here)",
    ),
    notes=(
        "It does not tell the address, so Host must be enough, and login names hold placeholders.",
        (
            "One IMAP or SMTP section that it cannot use spoils the whole document; `plain` as "
            "`socketType` or as the only `authentication` is such a thing."
        ),
        "Only the first IMAP and the first SMTP service count; POP3 is passed over.",
    ),
)
