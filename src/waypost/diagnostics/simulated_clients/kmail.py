"""KMail's account wizard, from its source and a run of 22.12.3 [code][run].

The two versions differ in what ends their search, and in the default of `socketType`.

If a document contains both IMAP and POP3, the record uses IMAP for the account; the wizard offers
both. Not recorded: invalid ports, which the wizard keeps unchanged.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
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


def search(user: ClientUser) -> ClientSession:
    """Ask the public database first, then three URLs; only a 200 counts."""
    yield urls.database(user.domain)
    outcome = yield from try_each_url(
        _requests(user),
        partial(read_account, address=user.address, default="tls"),
        # [know] Qt 6 follows redirects, but not from https to http.
        follow=partial(follow_redirects, allow_downgrade=False),
        is_readable=lambda response: response.status == 200,
    )
    return replace(outcome, warnings=tuple(_oauth2_warnings(outcome.account)))


def _oauth2_warnings(account: Account | None) -> Iterator[str]:
    for server in (account.incoming, account.outgoing) if account else ():
        if server.method == "OAuth2" and not server.host.endswith(_OAUTH2_HOSTS):
            yield f"{server.kind}: the client uses OAuth2, which it cannot do with {server.host}"


def search_22_12(user: ClientUser) -> ClientSession:
    """Ask the same URLs; the first success ends the search, whatever the document says [run].

    After all URLs have failed, 22.12 requests the last one without end; this record requests it
    once.
    """
    yield urls.database(user.domain)
    outcome = yield from try_each_url(
        _requests(user),
        partial(read_account, address=user.address, default="none"),
        stops_on_bad_document=True,
    )
    return replace(outcome, warnings=tuple(_oauth2_warnings(outcome.account)))


def _requests(user: ClientUser) -> tuple[ClientRequest, ...]:
    return (
        urls.autoconfig(user.domain),
        urls.autoconfig(user.domain, "http"),
        urls.well_known(user.domain),
    )


def read_account(body: bytes, address: EmailAddress, default: ServerSecurity) -> Account:
    """Return the account of the first sections that have a port.

    Args:
        body: the document.
        address: the address of the account.
        default: the security if a section has no `socketType` that the wizard knows.

    Raises:
        UnusableDocument: there is no service for reading, or none for sending.
    """
    provider = documents.find_provider(body)
    sections = documents.children(provider, "incomingServer", "outgoingServer")
    servers, reasons = documents.read_sections(
        sections, lambda section: _server(section, address, default)
    )
    incoming = documents.first_server(servers, "imap", "pop3")
    outgoing = documents.first_server(servers, "smtp")
    if incoming is None or outgoing is None:
        raise UnusableDocument("; ".join(["no service for reading, or none for sending", *reasons]))
    return Account(incoming, outgoing)


def _server(section: etree._Element, address: EmailAddress, default: ServerSecurity) -> MailServer:
    """Read a section; if a value occurs twice, the last one counts [code][run]."""
    kind = section.get("type") or ""
    if kind not in {"imap", "pop3", "smtp"}:
        raise UnusableDocument("unsupported type")

    def value(name: str) -> str:
        last = next(reversed(documents.child_texts(section, name)), "")
        return documents.expand_placeholders(last, address)

    port = documents.parse_port(value("port"))
    host = value("hostname")
    if not host:
        raise UnusableDocument("there is no hostname")
    security = default
    for text in documents.child_texts(section, "socketType"):
        security = _SECURITY.get(text, security)
    methods = documents.child_texts(section, "authentication")
    known = [_METHODS[method] for method in methods if method in _METHODS]
    # [code] A password in the clear is the default, and any other method replaces it.
    method = next(
        (method for method in known if method != "password-cleartext"), "".join(known[:1])
    )
    return MailServer(kind, host.lower(), port, security, method, value("username"))


_ORDER: Final = (
    "GET `https://autoconfig.thunderbird.net/v1.1/D`",
    "GET `https://autoconfig.D/mail/config-v1.1.xml`",
    "GET `http://autoconfig.D/mail/config-v1.1.xml`",
    "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml`",
)
_NOTES: Final = (
    "It asks the public database before the domain's own server.",
    (
        "It does not send the address, so the Host header must be enough, and login names contain "
        "placeholders."
    ),
    "It uses the first authentication method that is not a password in the clear.",
    (
        "Its OAuth2 works only with the hosts of Google and Microsoft, but it selects OAuth2 for "
        "any host and at any position in the list. Then its users must select the password by hand."
    ),
)

KMAIL: Final = SimulatedClient(
    client=clients.KMAIL,
    version="source 8163b657",
    date="2026-07-22",
    basis="code",
    search=search,
    order=_ORDER,
    notes=(*_NOTES, "It drops a service without a port. It accepts only the status 200."),
)

KMAIL_22_12: Final = SimulatedClient(
    client=clients.KMAIL,
    edition="22.12",
    version="22.12.3 (Debian 12), its wizard's search",
    date="2026-11-26",
    basis="run",
    search=search_22_12,
    order=_ORDER,
    notes=(
        *_NOTES,
        (
            "The first success ends its search, whatever the answer contains: never answer 200 "
            "without a complete document."
        ),
        (
            "If all URLs fail, it requests the last one again and again, without a pause, until "
            "its user stops it: 70 requests a second were seen for a domain that is not served."
        ),
        (
            "It follows redirects, also to plain http. Because it does not send the address, a "
            "redirect to a host of another domain fails: that host cannot know the user's domain."
        ),
        "`socketType` must be spelled exactly. Without a value that it knows, it does not use TLS.",
        (
            "It does not convert an internationalised domain to an A-label, and asks for a host "
            "that cannot exist. It finds the domain if its user types it as `xn--`."
        ),
        (
            "The run uses `ispdb`, which comes with the wizard and contains its code for the "
            "search, without a window."
        ),
    ),
)
