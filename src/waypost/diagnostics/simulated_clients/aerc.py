"""aerc, from its source [code].

Not recorded: guessing, and the ports that it tries at the MX host.
"""

from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.aerc_srv import search_srv
from waypost.diagnostics.simulated_clients.client import SimulatedClient
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

_SECURITY: Final[dict[str, ServerSecurity]] = {"ssl": "tls", "plain": "none"}


def search(user: ClientUser) -> ClientSession:
    """Ask DNS, both URLs by https and the public database; SRV records count, else the best URL.

    aerc asks all at once. The record asks one after the other, in the order of preference, which
    gives the same account.
    """
    by_srv = yield from search_srv(user)
    query = urls.address_query(user.typed_address)
    answers = []
    for request in (
        urls.autoconfig(user.domain, "https", query),
        urls.well_known(user.domain, "https", query),
    ):
        response = yield from follow_redirects(request)
        answers.append((request, response))
    # The answer is not read: it is about the domain, and not from the server that is checked.
    yield urls.database(user.domain)
    if by_srv is not None:
        return by_srv
    reasons: list[str] = []
    for request, response in answers:
        try:
            # [code] It checks neither the status nor the Content-Type. If the document makes no
            # account, it continues (932d9a4, and e1a5faa before it).
            account = _account(documents.find_provider(response.body), user.address)
            return Outcome(account, source=request.url)
        except UnusableDocument as error:
            reason = f"{error}" if response.is_success else describe(response)
            reasons.append(f"{request.url}: {reason}")
    return Outcome(reasons=tuple(reasons))


def _account(provider: etree._Element, address: EmailAddress) -> Account:
    sections = documents.children(provider, "incomingServer")
    incoming = next((section for section in sections if section.get("type") == "imap"), None)
    outgoing = documents.children(provider, "outgoingServer")
    if incoming is None or not outgoing:
        raise UnusableDocument("there is no IMAP service, or none for sending")
    # [code] Of several outgoing sections, only the last decoded one remains.
    return Account(_server("imap", incoming, address), _server("smtp", outgoing[-1], address))


def _server(kind: str, section: etree._Element, address: EmailAddress) -> MailServer:
    host = documents.child_text(section, "hostname")
    if not host or "%" in host:
        raise UnusableDocument(f"hostname {host[:40]!r} is not a host name")
    security = _SECURITY.get(documents.child_text(section, "socketType").lower(), "starttls")
    login = documents.child_text(section, "username")
    if login.upper() == "%EMAILADDRESS%":
        # [code] Only if the placeholder is the whole value; the other two stay as they are.
        login = str(address)
    port = documents.parse_port(documents.child_text(section, "port"))
    return MailServer(kind, host.lower(), port, security, login=login)


AERC: Final = SimulatedClient(
    client=clients.AERC,
    version="source fab05311",
    date="2026-05-02",
    basis="code",
    search=search,
    order=(
        (
            "DNS: the SRV records `_jmap`; `_imap`, else `_imaps`; `_submission`, else `_smtps`; "
            "one record for reading is enough to end its search"
        ),
        "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=E`",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        "guessing, then the MX host (not recorded)",
    ),
    notes=(
        "It asks all of these at once, and prefers the answers in this order.",
        (
            "If SRV records name a server for IMAP, it uses only SRV records, also for sending: "
            "`_submission` or `_smtps`, and never `_submissions`. So offer port 587 as well."
        ),
        "It checks neither the status nor the Content-Type.",
        "It uses the first IMAP and the last outgoing service.",
        "It knows only the placeholder `%EMAILADDRESS%`, and only as the whole login name.",
    ),
)
