"""Geary, from its source (GNOME/geary 3e8d4f1 [code]).

Not recorded: the hosts `imap.D` and `smtp.D`, which it fills in if it finds nothing.
"""

from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.login_names import (
    configured_login_name,
    login_name_warnings,
)
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientSession,
    ClientUser,
    MailServer,
    Outcome,
    ServerSecurity,
    UnusableDocument,
    describe,
    follow_redirects,
)

_SECURITY: Final[dict[str, ServerSecurity]] = {"SSL": "tls", "STARTTLS": "starttls"}


def search(user: ClientUser) -> ClientSession:
    """Ask one URL, then the public database, and check neither status nor Content-Type."""
    reasons: list[str] = []
    for request in (urls.autoconfig(user.domain), urls.database(user.domain)):
        response = yield from follow_redirects(request)
        try:
            return _outcome(response.body, user, request.url)
        except UnusableDocument as error:
            if response.status or request.host != urls.DATABASE_HOST:
                reason = f"{error}" if response.is_success else describe(response)
                reasons.append(f"{request.url}: {reason}")
    return Outcome(reasons=tuple(reasons))


def _outcome(body: bytes, user: ClientUser, source: str) -> Outcome:
    """Read the first section of each direction; they must be IMAP and SMTP.

    Raises:
        UnusableDocument: the client makes no account of the document.
    """
    # [code] The name of the root does not count.
    provider = next(iter(documents.children(documents.parse(body), "emailProvider")), None)
    if provider is None:
        raise UnusableDocument("there is no emailProvider")
    sections = [
        documents.first_section(provider, name, kind)
        for name, kind in (("incomingServer", "imap"), ("outgoingServer", "smtp"))
    ]
    incoming, outgoing = (_server(section, user) for section in sections)
    account = Account(incoming, outgoing)
    names = (configured_login_name(section, user.address) for section in sections)
    return Outcome(account, source=source, warnings=tuple(login_name_warnings(account, *names)))


def _server(section: etree._Element, user: ClientUser) -> MailServer:
    host = documents.child_text(section, "hostname")
    # [code] Host and port become one text, so an IPv6 address does not work as a host.
    if not host or "%" in host or ":" in host:
        raise UnusableDocument(f"hostname {host[:40]!r} is not a host name")
    port = documents.parse_port(documents.child_text(section, "port"))
    security = _SECURITY.get(documents.child_text(section, "socketType"), "none")
    # [code] The login name of the document is not read.
    login = str(user.address)
    return MailServer(section.get("type") or "", host.lower(), port, security, login=login)


GEARY: Final = SimulatedClient(
    client=clients.GEARY,
    version="source 3e8d4f1",
    date="2026-05-13",
    basis="code",
    search=search,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml`",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
    ),
    notes=(
        "It does not send the address, so the Host header must be enough.",
        "It checks neither the status nor the Content-Type.",
        "The first incoming section must be IMAP and the first outgoing section must be SMTP.",
        "The login name is always the address; its users can change it by hand.",
        "A `socketType` other than `SSL` and `STARTTLS` means no TLS.",
        "It does not read the authentication methods, and sends a password.",
        "If it finds nothing it fills in `imap.D` and `smtp.D` (not recorded).",
    ),
)
