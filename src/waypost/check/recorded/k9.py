"""Thunderbird for Android and K-9 Mail, as their source has it (protocol facts s1.2 [code]).

Not part of the record: whether Android lets plain http through, and its table of OAuth2 hosts
(OAuth2 is taken for a method that it cannot use with this host).
"""

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
    Request,
    Security,
    Unusable,
    User,
    followed,
)
from waypost.check.recorded.hosts import is_host, is_host_or_ip
from waypost.check.recorded.lookups import above, base_domain, mail_exchanger
from waypost.check.recorded.turns import in_turn

_SECURITY: Final[dict[str, Security]] = {"SSL": "tls", "STARTTLS": "starttls"}
_PASSWORDS: Final = ("password-cleartext", "password-encrypted")
_OAUTH2: Final = "OAuth2"


def ask(user: User) -> Conversation:
    """Ask the four URLs one after the other, without the address, and the public database.

    Then the same for the domains of the MX host, by https alone.
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
    # [code] It ends where the MX host is one of the domain's own.
    if not host or base == user.domain:
        return outcome
    for domain in dict.fromkeys(one for one in (above(host), base) if one):
        found = yield from _first((urls.autoconfig(domain), urls.database(domain)), user)
        outcome = replace(found, reasons=outcome.reasons + found.reasons)
        if outcome.account is not None:
            return outcome
    return outcome


def _first(requests: tuple[Request, ...], user: User) -> Conversation:
    return in_turn(
        requests,
        partial(read, address=user.address),
        follow=partial(followed, between_schemes=False),
    )


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
    for section in documents.children(provider, "oAuth2"):
        # [code] At source 0404b33, where it stands in emailProvider.
        if not all(
            documents.text(section, name).startswith(("https://", "http://"))
            for name in ("authURL", "tokenURL")
        ):
            raise Unusable("an oAuth2 without authURL or tokenURL spoils the document")
    servers: dict[str, MailServer] = {}
    for section in documents.children(provider, "incomingServer", "outgoingServer"):
        kind = section.get("type") or ""
        wanted = "imap" if documents.name_of(section) == "incomingServer" else "smtp"
        if kind == wanted:
            servers.setdefault(kind, _server(kind, section, address))
    if "imap" not in servers or "smtp" not in servers:
        raise Unusable("there is no IMAP or no SMTP service, and it knows nothing else")
    for server in servers.values():
        # [code] At source 565ea99: OAuth2 is taken out, of the first service of either type, for a
        # host that is not in its own table; where nothing is left there is no account.
        if server.method == _OAUTH2:
            raise Unusable(f"{server.kind}: OAuth2 alone, and the host is not in its own table")
    return Account(servers["imap"], servers["smtp"])


def _server(kind: str, section: etree._Element, address: EmailAddress) -> MailServer:
    spoiled = f"one {kind} section spoils the document"
    socket = documents.text(section, "socketType")
    if socket not in _SECURITY:
        raise Unusable(f"{spoiled}: socketType {socket[:20]!r} is neither SSL nor STARTTLS")
    stated = documents.texts(section, "authentication")
    passwords = [one for one in stated if one in _PASSWORDS]
    known = passwords or [one for one in stated if one == _OAUTH2]
    if not known:
        raise Unusable(f"{spoiled}: authentication {' '.join(stated)[:40]!r} is not known")
    host = documents.filled(documents.text(section, "hostname"), address)
    if not is_host_or_ip(host):
        raise Unusable(f"{spoiled}: hostname {host[:40]!r} is none")
    login = documents.filled(documents.text(section, "username"), address)
    if not login:
        raise Unusable(f"{spoiled}: there is no username")
    try:
        port = documents.port(documents.text(section, "port"))
    except Unusable as error:
        raise Unusable(f"{spoiled}: {error}") from error
    return MailServer(kind, host.lower(), port, _SECURITY[socket], known[0], login)


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
        (
            "DNS: the best MX host; GET `https://autoconfig.M/mail/config-v1.1.xml` and the public "
            "database for that host without its first label, then for its registered domain M; not "
            "where that is D"
        ),
    ),
    notes=(
        "It does not tell the address, so Host must be enough, and login names hold placeholders.",
        (
            "One IMAP or SMTP section that it cannot use spoils the whole document; `plain` as "
            "`socketType` or as the only `authentication` is such a thing."
        ),
        "An `oAuth2` inside of `emailProvider` without `authURL` or `tokenURL` spoils it as well.",
        "Only the first IMAP and the first SMTP service count; POP3 is passed over.",
        (
            "OAuth2 is taken only for the hosts of its own table, so a password must stand beside "
            "it in the first service of either type."
        ),
    ),
)
