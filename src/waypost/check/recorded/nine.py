"""Nine for Android, as a server's log of 2022 has it; its source is closed.

The log is that of wdes/mail-autodiscover-autoconfig#4 (2022-08-26, Nine 4.9.4b): two requests, in
this order, of which the first was refused. Its hosts are not told. That project's README names Nine
among the programs that set themselves up from its answers; how Nine reads them is not known.
"""

from typing import Final
from urllib.parse import quote

from lxml import etree

from waypost.address import EmailAddress
from waypost.check.recorded import documents
from waypost.check.recorded.activesync import url_in_json
from waypost.check.recorded.client import Client
from waypost.check.recorded.conversation import (
    Account,
    Conversation,
    MailServer,
    Outcome,
    Request,
    Security,
    Unusable,
    User,
    said,
)

_SECURITY: Final[dict[str, Security]] = {"plain": "none", "SSL": "tls", "STARTTLS": "starttls"}


def ask(user: User) -> Conversation:
    """Look ActiveSync up as JSON; where there is none, ask for an Autoconfig document."""
    # [log] The address is escaped here, and not below.
    query = f"Email={quote(user.typed, safe='')}&Protocol=ActiveSync&RedirectCount=1"
    host = f"autodiscover.{user.domain}"
    lookup = Request("GET", "https", host, "/autodiscover/autodiscover.json", query)
    response = yield lookup
    place = url_in_json(response.body) if response.is_success else ""
    if place.startswith("https://"):
        return Outcome(source=place)
    reasons = [f"{lookup.url}: {said(response)}, no ActiveSync"]
    # [log] A prefix that no other client has.
    path, query = "/v1.1/mail/config-v1.1.xml", f"emailaddress={user.typed}"
    request = Request("GET", "https", f"autoconfig.{user.domain}", path, query)
    response = yield request
    if not response.is_success:
        return Outcome(reasons=(*reasons, f"{request.url}: {said(response)}"))
    try:
        return Outcome(read(response.body, user.address), source=request.url)
    except Unusable as error:
        return Outcome(reasons=(*reasons, f"{request.url}: {error}"))


def read(body: bytes, address: EmailAddress) -> Account:
    """Make an account of the first IMAP and the first SMTP section, as the draft has them.

    Raises:
        Unusable: one of both is missing, or cannot be used.
    """
    incoming, outgoing = documents.first_imap_and_smtp(documents.provider_of(body))
    return Account(_server("imap", incoming, address), _server("smtp", outgoing, address))


def _server(kind: str, section: etree._Element, address: EmailAddress) -> MailServer:
    host = documents.filled(documents.text(section, "hostname"), address)
    if not host:
        raise Unusable("there is no hostname")
    port = documents.port(documents.text(section, "port"))
    security = _SECURITY.get(documents.text(section, "socketType"), "automatic")
    login = documents.filled(documents.text(section, "username"), address)
    return MailServer(kind, host.lower(), port, security, login=login)


NINE: Final = Client(
    key="nine",
    name="Nine",
    version="4.9.4b, in the log of a server",
    date="2022-08-26",
    basis="log",
    asks=ask,
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
        "It is made for ActiveSync, and takes IMAP where there is none.",
        (
            "It was not seen to POST to `/autodiscover/autodiscover.xml`, as "
            "[ActiveSync devices](#activesync-devices) do."
        ),
        "Waypost answers its second path as it does `/mail/config-v1.1.xml`.",
    ),
    evidence=(
        "the requests and their order: wdes/mail-autodiscover-autoconfig#4, 2022-08-26",
        "that an account comes of the second one: the README of the same project",
    ),
    assumed=(
        "the hosts: the log does not tell them",
        "that an answer with a Url ends its search",
        "how it reads the document: as the draft says, the first IMAP and the first SMTP service",
    ),
)
