"""FairEmail, as its source has it (protocol facts s1.4 [code]).

Not part of the record: its own list of providers, what it makes of MX hosts, the port scan that it
does last, and the option `open_safe`, which leaves out plain http.
"""

from collections.abc import Generator
from typing import Final

from lxml import etree

from waypost.address import EmailAddress
from waypost.check.recorded import documents, urls
from waypost.check.recorded.client import Client
from waypost.check.recorded.conversation import (
    Account,
    Conversation,
    MailServer,
    Outcome,
    Request,
    Response,
    Security,
    Unusable,
    User,
    followed,
    said,
)
from waypost.check.recorded.lookups import offered
from waypost.check.recorded.names import Lookup

_SECURITY: Final[dict[str, Security]] = {"SSL": "tls", "STARTTLS": "starttls"}


# [code] At source 009551c: label, and the port of STARTTLS where the label leaves that open.
_READING: Final = (("_imaps", 0), ("_imap", 143))
_SENDING: Final = (("_submission", 587), ("_submissions", 0))


def ask(user: User) -> Conversation:
    """Ask DNS, the four URLs, the public database, then Autodiscover; nothing but a 200 counts."""
    # [code] What SRV records say outranks the rest.
    incoming = yield from _by_srv("imap", _READING, user)
    outgoing = (yield from _by_srv("smtp", _SENDING, user)) if incoming else None
    if incoming and outgoing:
        return Outcome(Account(incoming, outgoing), source=f"DNS SRV of {user.domain}")
    # [code] The address is not escaped: "@" and "+" stand in the query as they are.
    query = f"emailaddress={user.typed}"
    reasons: list[str] = []
    for request in (
        urls.autoconfig(user.domain, "https", query),
        urls.well_known(user.domain, "https", query),
        urls.autoconfig(user.domain, "http", query),
        urls.well_known(user.domain, "http", query),
    ):
        response = yield from followed(request)
        try:
            return Outcome(read(_document(response), user.address), source=request.url)
        except Unusable as error:
            reasons.append(f"{request.url}: {error}")
    yield urls.database(user.domain)
    return (yield from _autodiscover(user, reasons))


def _by_srv(
    kind: str, labels: tuple[tuple[str, int], ...], user: User
) -> Generator[Lookup, Response, MailServer | None]:
    for label, starttls_port in labels:
        for record in (yield from offered(label, user.domain)):
            security: Security = "starttls" if record.port == starttls_port else "tls"
            # RFC 6186 has no word for a login name; it begins with the whole address.
            login = str(user.address)
            return MailServer(kind, record.data, record.port, security, login=login)
    return None


def _document(response: Response) -> bytes:
    if response.status != 200:
        raise Unusable(said(response))
    return response.body


def read(body: bytes, address: EmailAddress) -> Account:
    """Make an account of the first incoming and the first outgoing section.

    Raises:
        Unusable: one of both is of another type, or cannot be used.
    """
    provider = documents.provider_of(body)
    found = []
    for name, kind in (("incomingServer", "imap"), ("outgoingServer", "smtp")):
        sections = documents.children(provider, name)
        if not sections or sections[0].get("type") != kind:
            raise Unusable(f"the first {name} is not of the type {kind}")
        found.append(_server(kind, sections[0], address))
    return Account(found[0], found[1])


def _server(kind: str, section: etree._Element, address: EmailAddress) -> MailServer:
    host = documents.text(section, "hostname")
    if not host or "%" in host:
        raise Unusable(f"hostname {host[:40]!r}: placeholders are not filled in there")
    port = documents.port(documents.text(section, "port"))
    security = _SECURITY.get(documents.text(section, "socketType"), "automatic")
    login = documents.text(section, "username")
    # [code] Only where the placeholder is the whole value.
    whole = {"%EMAILADDRESS%": str(address), "%EMAILLOCALPART%": address.local_part}
    return MailServer(kind, host.lower(), port, security, login=whole.get(login, login))


def _autodiscover(user: User, reasons: list[str]) -> Generator[Request, Response, Outcome]:
    for host in (user.domain, f"autodiscover.{user.domain}"):
        # [code] It sends no Content-Type.
        request = urls.pox(host, user.typed, content_type="")
        response = yield request
        try:
            account = _exchange(_document(response))
        except Unusable as error:
            reasons.append(f"{request.url}: {error}")
            continue
        return Outcome(account, source=request.url)
    return Outcome(reasons=tuple(reasons))


def _exchange(body: bytes) -> Account:
    root = documents.parsed(body)
    if documents.refusal(root):
        raise Unusable(f"ErrorCode {documents.refusal(root)}")
    servers: list[MailServer] = []
    for account in documents.below(root, "Response", "Account"):
        is_email = is_settings = False
        for child in account:
            # [code] Both must stand before Protocol.
            is_email = is_email or _says(child, "AccountType", "email")
            is_settings = is_settings or _says(child, "Action", "settings")
            kind = {"IMAP": "imap", "SMTP": "smtp"}.get(documents.text(child, "Type"), "")
            if documents.name_of(child) == "Protocol" and is_email and is_settings and kind:
                port = documents.port(documents.text(child, "Port"))
                host = documents.text(child, "Server")
                servers.append(MailServer(kind, host, port, "automatic"))
    incoming, outgoing = (documents.first_of(servers, kind) for kind in ("imap", "smtp"))
    if incoming is None or outgoing is None:
        raise Unusable("no Protocol IMAP or SMTP behind AccountType email and Action settings")
    return Account(incoming, outgoing)


def _says(element: etree._Element, name: str, value: str) -> bool:
    return documents.name_of(element) == name and (element.text or "") == value


FAIREMAIL: Final = Client(
    key="fairemail",
    name="FairEmail",
    version="source e23dd9df",
    date="2026-08-22",
    basis="code",
    asks=ask,
    order=(
        (
            "DNS: the SRV records `_imaps`, else `_imap`; where there is one, `_submission`, else "
            "`_submissions`; both together end its search"
        ),
        "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`, the address unescaped",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=E`",
        "GET both by plain http, unless its option `open_safe` is set",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        (
            "POST `https://D/autodiscover/autodiscover.xml`, then on `https://autodiscover.D`, "
            "without a Content-Type"
        ),
    ),
    notes=(
        (
            "SRV records hold no login name and no method; with them it tries the whole address, "
            "then the local part."
        ),
        "A literal `+` arrives as a space at most servers; Waypost repairs it.",
        "The first incoming service must be IMAP; where POP3 stands first, IMAP is not taken.",
        "Host names must hold no placeholder, and login names nothing beside one.",
        "Nothing but a 200 counts; the Content-Type does not.",
    ),
)
