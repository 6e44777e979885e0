"""Nine for Android, from a server's log of 2022; its source is closed.

The log is that of wdes/mail-autodiscover-autoconfig#4 (2022-08-26, Nine 4.9.4b): two requests, in
this order; the first was refused. The log does not contain the hosts. The project's README lists
Nine as one of the programs that its answers configure; how Nine reads them is not known.
"""

from typing import Final
from urllib.parse import quote

from lxml import etree

from waypost.core import clients
from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents
from waypost.diagnostics.simulated_clients.activesync import url_of_json
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientSession,
    ClientUser,
    MailServer,
    Outcome,
    ServerSecurity,
    UnusableDocument,
    describe,
)

_SECURITY: Final[dict[str, ServerSecurity]] = {
    "plain": "none",
    "SSL": "tls",
    "STARTTLS": "starttls",
}


def search(user: ClientUser) -> ClientSession:
    """Ask for ActiveSync in JSON; if there is none, ask for an Autoconfig document."""
    # [log] The address is escaped here, and not below.
    query = f"Email={quote(user.typed_address, safe='')}&Protocol=ActiveSync&RedirectCount=1"
    host = f"autodiscover.{user.domain}"
    lookup = ClientRequest("GET", "https", host, "/autodiscover/autodiscover.json", query)
    response = yield lookup
    url = url_of_json(response.body) if response.is_success else ""
    if url.startswith("https://"):
        return Outcome(source=url)
    reasons = [f"{lookup.url}: {describe(response)}, no ActiveSync"]
    # [log] No other client uses this prefix.
    path, query = "/v1.1/mail/config-v1.1.xml", f"emailaddress={user.typed_address}"
    request = ClientRequest("GET", "https", f"autoconfig.{user.domain}", path, query)
    response = yield request
    if not response.is_success:
        return Outcome(reasons=(*reasons, f"{request.url}: {describe(response)}"))
    try:
        return Outcome(read_account(response.body, user.address), source=request.url)
    except UnusableDocument as error:
        return Outcome(reasons=(*reasons, f"{request.url}: {error}"))


def read_account(body: bytes, address: EmailAddress) -> Account:
    """Return the account of the first IMAP and the first SMTP section, according to the draft.

    Raises:
        UnusableDocument: one of them is missing, or cannot be used.
    """
    incoming, outgoing = documents.first_imap_and_smtp(documents.find_provider(body))
    return Account(_server("imap", incoming, address), _server("smtp", outgoing, address))


def _server(kind: str, section: etree._Element, address: EmailAddress) -> MailServer:
    host = documents.expand_placeholders(documents.child_text(section, "hostname"), address)
    if not host:
        raise UnusableDocument("there is no hostname")
    port = documents.parse_port(documents.child_text(section, "port"))
    security = _SECURITY.get(documents.child_text(section, "socketType"), "automatic")
    login = documents.expand_placeholders(documents.child_text(section, "username"), address)
    return MailServer(kind, host.lower(), port, security, login=login)


NINE: Final = SimulatedClient(
    client=clients.NINE,
    version="4.9.4b, in the log of a server",
    date="2022-08-26",
    basis="log",
    search=search,
    order=(
        (
            "GET `https://autodiscover.D/autodiscover/autodiscover.json"
            "?Email=E&Protocol=ActiveSync&RedirectCount=1`"
        ),
        (
            "GET `https://autoconfig.D/v1.1/mail/config-v1.1.xml?emailaddress=E`, the address "
            "unescaped"
        ),
    ),
    notes=(
        "It is made for ActiveSync, and uses IMAP if there is no ActiveSync.",
        (
            "No log shows a POST to `/autodiscover/autodiscover.xml`, which [ActiveSync "
            "devices](#activesync-devices) send."
        ),
        "Waypost answers its second path in the same way as `/mail/config-v1.1.xml`.",
    ),
    evidence=(
        "the requests and their order: wdes/mail-autodiscover-autoconfig#4, 2022-08-26",
        "that the second request results in an account: the README of the same project",
    ),
    assumed=(
        "the hosts: the log does not contain them",
        "that an answer with a Url ends its search",
        (
            "how it reads the document: according to the draft, with the first IMAP and the first "
            "SMTP service"
        ),
    ),
)
