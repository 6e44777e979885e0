"""SnappyMail, from its source (the-djmaze/snappymail ba49691 [code]).

The record describes its administration, which searches for a domain once, for all its users. Not
recorded: redirects of a POST.
"""

from collections.abc import Generator
from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.dns import DnsAnswer
from waypost.diagnostics.simulated_clients.login_names import (
    configured_login_name,
    login_name_warnings,
)
from waypost.diagnostics.simulated_clients.lookups import look_up
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientSession,
    ClientUser,
    MailServer,
    Outcome,
    RequestOrLookup,
    ServerAnswer,
    ServerSecurity,
    UnusableDocument,
    describe,
    follow_redirects,
    require,
)

_SECURITY: Final[dict[str, ServerSecurity]] = {"SSL": "tls", "STARTTLS": "starttls"}
_EARLIER_PATH: Final = "/.well-known/mail-v1.xml"
_ADDRESS: Final = "%EMAILADDRESS%"


def search(user: ClientUser) -> ClientSession:
    """Ask the URLs of Autoconfig, then Autodiscover, then DNS; the first usable answer counts."""
    reasons: list[str] = []
    for request in _requests(user.domain):
        # [know] PHP follows redirects of a GET, also to plain http; a 4xx or 5xx is no answer.
        response = yield from follow_redirects(request)
        if not response.is_success:
            if response.status or request.host != urls.DATABASE_HOST:
                reasons.append(f"{request.url}: {describe(response)}")
            continue
        try:
            provider = documents.find_provider(response.body)
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}")
            continue
        try:
            return _outcome(provider, user, request.url)
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}, which ends its search")
            return Outcome(reasons=tuple(reasons), has_stopped=True)
    account = yield from _autodiscover(user, reasons)
    if account is None:
        yield from _by_srv(user.domain, reasons)
        return Outcome(reasons=tuple(reasons))
    return account


def _requests(domain: str) -> tuple[ClientRequest, ...]:
    host, query = f"autoconfig.{domain}", urls.address_query(f"test@{domain}")
    return (
        ClientRequest("GET", "https", host, _EARLIER_PATH, query),
        urls.well_known(domain),
        urls.autoconfig(domain, "http"),
        urls.database(domain),
    )


def _outcome(provider: etree._Element, user: ClientUser, source: str) -> Outcome:
    # [code] Sections of other types are left out, but then the first position stays empty.
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
    if not host or "%" in host:
        raise UnusableDocument(
            f"hostname {host[:40]!r}: the client does not replace placeholders there"
        )
    port = documents.parse_port(documents.child_text(section, "port"))
    security = _SECURITY.get(documents.child_text(section, "socketType"), "none")
    login = _login(documents.child_text(section, "username") == _ADDRESS, user)
    return MailServer(section.get("type") or "", host.lower(), port, security, login=login)


def _login(is_address: bool, user: ClientUser) -> str:
    """Return the login name: the address for all users of the domain, or the local part for all."""
    return str(user.address) if is_address else user.address.local_part


def _autodiscover(
    user: ClientUser, reasons: list[str]
) -> Generator[RequestOrLookup, ServerAnswer, Outcome | None]:
    records = yield from look_up("SRV", f"_autodiscover._tcp.{user.domain}")
    request_address = f"autodiscover@{user.domain}"
    name = f"autodiscover.{user.domain}"
    requests = [_srv_request(record, request_address) for record in _by_priority(records)]
    requests += [
        urls.autodiscover_request(host, request_address, content_type="application/xml")
        for host in (user.domain, name)
    ]
    requests.append(
        urls.autodiscover_request(
            name, request_address, scheme="http", content_type="application/xml"
        )
    )
    for request in requests:
        response = yield request
        try:
            require(response.is_success, describe(response))
            account = _read_autodiscover(response.body, request_address, user)
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}")
            continue
        return Outcome(account, source=request.url)
    return None


def _by_priority(records: tuple[DnsAnswer, ...]) -> list[DnsAnswer]:
    """Return one record for each priority, the lowest first; of equal ones the last remains."""
    by_priority = {record.priority: record for record in records if record.data}
    return [by_priority[priority] for priority in sorted(by_priority)]


def _srv_request(record: DnsAnswer, request_address: str) -> ClientRequest:
    scheme: urls.Scheme = "http" if record.port == 80 else "https"
    host = record.data if record.port in {80, 443} else f"{record.data}:{record.port}"
    return urls.autodiscover_request(
        host, request_address, scheme=scheme, content_type="application/xml"
    )


def _read_autodiscover(body: bytes, request_address: str, user: ClientUser) -> Account:
    root = documents.parse(body)
    for account in documents.elements_at(root, "Response", "Account"):
        if documents.child_text(account, "AccountType") != "email":
            raise UnusableDocument("AccountType is not email")
    # [code] A single Protocol is read as if it were a list of texts, which has no result.
    protocols = list(documents.protocols(root))
    if len(protocols) < 2:
        raise UnusableDocument("fewer than two Protocol elements")
    servers = [
        _protocol(protocol, request_address, user) for protocol in protocols if _is_mail(protocol)
    ]
    incoming = documents.first_server(servers, "imap")
    outgoing = documents.first_server(servers, "smtp")
    if incoming is None or outgoing is None:
        raise UnusableDocument("no Protocol IMAP or SMTP")
    return Account(incoming, outgoing)


def _is_mail(protocol: etree._Element) -> bool:
    return documents.child_text(protocol, "Type") in {"IMAP", "SMTP"}


def _protocol(protocol: etree._Element, request_address: str, user: ClientUser) -> MailServer:
    kind = documents.mail_kind(protocol)
    host, port = (
        documents.child_text(protocol, "Server"),
        documents.parse_port(documents.child_text(protocol, "Port")),
    )
    # [code] Case matters; `Encryption` is not read.
    is_on = documents.child_text(protocol, "SSL") == "on"
    is_starttls = port == 587 if kind == "smtp" else is_on and port != 993
    security: ServerSecurity = "starttls" if is_starttls else "tls" if is_on else "none"
    login = _login(documents.child_text(protocol, "LoginName") == request_address, user)
    return MailServer(kind, host.lower(), port, security, login=login)


def _by_srv(domain: str, reasons: list[str]) -> Generator[RequestOrLookup, ServerAnswer, None]:
    """Look up SRV records; the client fills in only the server for reading."""
    for labels in (("_submissions", "_submission"), ("_imaps", "_imap")):
        for label in labels:
            records = yield from look_up("SRV", f"{label}._tcp.{domain}")
            if any(record.data for record in records):
                break
        else:
            return
    reasons.append(f"DNS SRV of {domain}: the client does not fill in the server for sending")


SNAPPYMAIL: Final = SimulatedClient(
    client=clients.SNAPPYMAIL,
    version="source ba49691",
    date="2025-06-16",
    basis="code",
    search=search,
    order=(
        "GET `https://autoconfig.D/.well-known/mail-v1.xml?emailaddress=test%40D`",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml`, without an address",
        "GET `http://autoconfig.D/mail/config-v1.1.xml`, without an address",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        (
            "DNS: the SRV record `_autodiscover._tcp.D`; POST for `autodiscover@D` to the host and "
            "port in the record, then to `https://D`, `https://autodiscover.D` and "
            "`http://autodiscover.D`, each at `/autodiscover/autodiscover.xml`"
        ),
        "DNS: the SRV records `_submissions`, else `_submission`; `_imaps`, else `_imap`",
    ),
    notes=(
        (
            "Its administrator searches for a domain once, for all its users. Its extension "
            "`login-autoconfig` does the same with the address of the first user that logs in."
        ),
        (
            "If the login name is not exactly `%EMAILADDRESS%` (in Autodiscover: the address of "
            "the request), all users of the domain log in with the local part. So Waypost keeps "
            "the placeholder at `/.well-known/mail-v1.xml`."
        ),
        (
            "The first incoming section must be IMAP and the first outgoing section must be SMTP. "
            "A useless document ends the search."
        ),
        "A `socketType` other than `SSL` and `STARTTLS` means no TLS.",
        "Host names must not contain a placeholder.",
        "It does not read the authentication methods, and sends a password.",
        "From SRV records it fills in only the server for reading.",
    ),
)
