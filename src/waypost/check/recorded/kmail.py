"""KMail's account wizard, as its source has it (protocol facts s1.6 [code]).

Where a document holds both, IMAP is taken for the account; the wizard offers both.
"""

from collections.abc import Iterator
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
    followed,
)
from waypost.check.recorded.turns import in_turn

_SECURITY: Final[dict[str, Security]] = {"plain": "none", "SSL": "tls", "STARTTLS": "starttls"}
_METHODS: Final = {
    "password-cleartext": "password-cleartext",
    "plain": "password-cleartext",
    "password-encrypted": "password-encrypted",
    "secure": "password-encrypted",
    "NTLM": "NTLM",
    "GSSAPI": "GSSAPI",
    "none": "none",
    "client-ip-based": "client-IP-address",
    "OAuth2": "OAuth2",
}


# [code] kdepim-runtime f72d1eb
_OAUTH2_HOSTS: Final = (
    *(".gmail.com", ".googlemail.com", ".outlook.com", ".office365.com", ".hotmail.com"),
)


def ask(user: User) -> Conversation:
    """Ask the public database first, then three URLs; nothing but a 200 counts."""
    yield urls.database(user.domain)
    requests = (
        urls.autoconfig(user.domain),
        urls.autoconfig(user.domain, "http"),
        urls.well_known(user.domain),
    )
    outcome = yield from in_turn(
        requests,
        partial(read, address=user.address),
        # [know] Qt 6 follows redirects, but not from https to http.
        follow=partial(followed, downgrades=False),
        counts=lambda response: response.status == 200,
    )
    return replace(outcome, warnings=tuple(_troubles(outcome.account)))


def _troubles(account: Account | None) -> Iterator[str]:
    for server in (account.incoming, account.outgoing) if account else ():
        if server.method == "OAuth2" and not server.host.endswith(_OAUTH2_HOSTS):
            yield f"{server.kind}: it takes OAuth2, which it cannot do with {server.host}"


def read(body: bytes, address: EmailAddress) -> Account:
    """Make an account of the first sections that have a port.

    Raises:
        Unusable: there is nothing to read with, or nothing to send with.
    """
    provider = documents.provider_of(body)
    sections = documents.children(provider, "incomingServer", "outgoingServer")
    servers, reasons = documents.usable(sections, lambda one: _server(one, address))
    incoming = documents.first_of(servers, "imap", "pop3")
    outgoing = documents.first_of(servers, "smtp")
    if incoming is None or outgoing is None:
        raise Unusable("; ".join(["no service to read with, or none to send with", *reasons]))
    return Account(incoming, outgoing)


def _server(section: etree._Element, address: EmailAddress) -> MailServer:
    kind = section.get("type") or ""
    if kind not in {"imap", "pop3", "smtp"}:
        raise Unusable("another type")
    port = documents.port(documents.text(section, "port"))
    host = documents.filled(documents.text(section, "hostname"), address)
    if not host:
        raise Unusable("there is no hostname")
    security = _SECURITY.get(documents.text(section, "socketType"), "automatic")
    stated = documents.texts(section, "authentication")
    known = [_METHODS[one] for one in stated if one in _METHODS]
    # [code] A password in the clear is what it begins with, and gives way to any other method.
    method = next((one for one in known if one != "password-cleartext"), "".join(known[:1]))
    login = documents.filled(documents.text(section, "username"), address)
    return MailServer(kind, host.lower(), port, security, method, login)


KMAIL: Final = Client(
    key="kmail",
    name="KMail",
    version="source 8163b657",
    date="2026-07-22",
    basis="code",
    asks=ask,
    order=(
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        "GET `https://autoconfig.D/mail/config-v1.1.xml`",
        "GET `http://autoconfig.D/mail/config-v1.1.xml`",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml`",
    ),
    notes=(
        "It asks the public database before the domain's own server.",
        "It does not tell the address, so Host must be enough, and login names hold placeholders.",
        (
            "Of several methods of authentication the first one counts that is not a password in "
            "the clear."
        ),
        (
            "OAuth2 works in it with the hosts of Google and Microsoft alone, and it takes OAuth2 "
            "for any host, wherever it stands: then its users must choose the password by hand."
        ),
        "A service without a port is dropped. Nothing but a 200 counts.",
    ),
)
