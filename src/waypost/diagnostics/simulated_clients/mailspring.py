"""Mailspring, from its source (Foundry376/Mailspring d93a0d7 [code]).

Not recorded: its own tables of providers, which it searches first by the domain and by its MX
hosts, and the hosts `imap.D` and `smtp.D`, which it fills in if it finds nothing.
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

# [code] Any other value means STARTTLS.
_SECURITY: Final[dict[str, ServerSecurity]] = {"plain": "none", "SSL": "tls"}


def search(user: ClientUser) -> ClientSession:
    """Ask both URLs by https; the first success that is XML ends the search."""
    reasons: list[str] = []
    for request in (urls.autoconfig(user.domain), urls.well_known(user.domain)):
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
            return _outcome(root, user, request.url)
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}, which ends its search")
            return Outcome(reasons=tuple(reasons), has_stopped=True)
    return Outcome(reasons=tuple(reasons))


def _outcome(root: etree._Element, user: ClientUser, source: str) -> Outcome:
    # [code] The name of the root does not count.
    provider = next(iter(documents.children(root, "emailProvider")), None)
    if provider is None:
        raise UnusableDocument("there is no emailProvider")
    sections = documents.first_imap_and_smtp(provider)
    incoming, outgoing = (_server(section, user) for section in sections)
    account = Account(incoming, outgoing)
    names = (configured_login_name(section, user.address) for section in sections)
    return Outcome(account, source=source, warnings=tuple(login_name_warnings(account, *names)))


def _server(section: etree._Element, user: ClientUser) -> MailServer:
    host = documents.child_text(section, "hostname")
    if not host or "%" in host:
        raise UnusableDocument(
            f"hostname {host[:40]!r}: the client does not replace placeholders there"
        )
    port = documents.parse_port(documents.child_text(section, "port"))
    security = _SECURITY.get(documents.child_text(section, "socketType"), "starttls")
    is_local_part = documents.child_text(section, "username") == "%EMAILLOCALPART%"
    login = user.address.local_part if is_local_part else str(user.address)
    return MailServer(section.get("type") or "", host.lower(), port, security, login=login)


MAILSPRING: Final = SimulatedClient(
    client=clients.MAILSPRING,
    version="source d93a0d7",
    date="2026-08-21",
    basis="code",
    search=search,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml`",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml`",
    ),
    notes=(
        "It does not send the address, so the Host header must be enough.",
        (
            "The first of the two URLs that answers a 2xx with well-formed XML ends its search, "
            "whatever the document says. It does not ask the public database."
        ),
        "It uses the first IMAP and the first SMTP section, and ignores POP3.",
        (
            "The login name `%EMAILLOCALPART%` becomes the local part; any other login name "
            "becomes the address."
        ),
        "A `socketType` other than `SSL` and `plain` means STARTTLS.",
        "Host names must not contain a placeholder.",
        "It does not read the authentication methods, and sends a password.",
        "If it finds nothing it fills in `imap.D` and `smtp.D` (not recorded).",
    ),
)
