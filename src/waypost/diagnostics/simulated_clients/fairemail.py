"""FairEmail, from its source (M66B/FairEmail e23dd9df [code]).

Not recorded: its own list of providers, its use of MX hosts, the port scan that it does last, and
the option `open_safe`, which skips plain http.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.simulated_clients.lookups import look_up
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientSession,
    ClientUser,
    MailServer,
    Outcome,
    ServerAnswer,
    ServerSecurity,
    UnusableDocument,
    describe,
    follow_redirects,
)

_SECURITY: Final[dict[str, ServerSecurity]] = {"SSL": "tls", "STARTTLS": "starttls"}
_STARTTLS_PORTS: Final = {"imap": 143, "smtp": 587}
# [code] The records of both labels of a direction form one list.
_READING: Final = ("_imap", "_imaps")
_SENDING: Final = ("_submission", "_submissions")
# [code] These are preferred if all else is equal.
_PREFERRED: Final = frozenset({"_imaps", "_submission"})
# [code] The score of each source; a login name that is not the address adds 100.
_DNS_SCORE: Final = 100
_DOCUMENT_SCORE: Final = 40
_LOGIN_SCORE: Final = 100


@dataclass(frozen=True, slots=True)
class _Candidate:
    """The outcome of one source, and its score."""

    outcome: Outcome
    score: int


def search(user: ClientUser) -> ClientSession:
    """Ask DNS, the four URLs, the public database and Autodiscover; the best score wins."""
    reasons: list[str] = []
    candidates = [
        (yield from _by_srv(user)),
        (yield from _by_autoconfig(user, reasons)),
        (yield from _autodiscover(user, reasons)),
    ]
    results = [candidate for candidate in candidates if candidate is not None]
    if not results:
        return Outcome(reasons=tuple(reasons))
    return max(results, key=lambda candidate: candidate.score).outcome


def _by_srv(user: ClientUser) -> Generator[DnsLookup, ServerAnswer, _Candidate | None]:
    incoming = yield from _preferred("imap", _READING, user)
    outgoing = (yield from _preferred("smtp", _SENDING, user)) if incoming else None
    if incoming is None or outgoing is None:
        return None
    outcome = Outcome(Account(incoming, outgoing), source=f"DNS SRV of {user.domain}")
    return _Candidate(outcome, _DNS_SCORE)


def _preferred(
    kind: str, labels: tuple[str, str], user: ClientUser
) -> Generator[DnsLookup, ServerAnswer, MailServer | None]:
    """Return the best of the records of both labels, by priority, weight and label."""
    labelled_records: list[tuple[str, DnsAnswer]] = []
    for label in labels:
        records = yield from look_up("SRV", f"{label}._tcp.{user.domain}")
        # [code] "." is dropped (RFC 6186 s3.4).
        labelled_records += [(label, record) for record in records if record.data]
    if not labelled_records:
        return None
    label, record = min(labelled_records, key=_preference)
    # [code] A candidate with a port of 0 is invalid, and there is no second one.
    if not record.port:
        return None
    is_starttls = not label.endswith("s") and record.port == _STARTTLS_PORTS[kind]
    security: ServerSecurity = "starttls" if is_starttls else "tls"
    # RFC 6186 has no login name; the client first tries the whole address.
    return MailServer(kind, record.data, record.port, security, login=str(user.address))


def _preference(labelled_record: tuple[str, DnsAnswer]) -> tuple[int, int, bool]:
    label, record = labelled_record
    return record.priority, -record.weight, label not in _PREFERRED


def _by_autoconfig(
    user: ClientUser, reasons: list[str]
) -> Generator[ClientRequest, ServerAnswer, _Candidate | None]:
    # [code] The address is not escaped: "@" and "+" are in the query as they are.
    query = f"emailaddress={user.typed_address}"
    for request in (
        urls.autoconfig(user.domain, "https", query),
        urls.well_known(user.domain, "https", query),
        urls.autoconfig(user.domain, "http", query),
        urls.well_known(user.domain, "http", query),
        urls.database(user.domain),
    ):
        response = yield from follow_redirects(request)
        try:
            return _read_autoconfig(_document(response), request, user.address)
        except UnusableDocument as error:
            # If the public database is not asked, its missing answer is no reason.
            if response.status or request.host != urls.DATABASE_HOST:
                reasons.append(f"{request.url}: {error}")
    return None


def _document(response: ServerAnswer) -> bytes:
    if response.status != 200:
        raise UnusableDocument(describe(response))
    return response.body


def _read_autoconfig(body: bytes, request: ClientRequest, address: EmailAddress) -> _Candidate:
    """Return the account of the first incoming and the first outgoing section.

    Raises:
        UnusableDocument: one of them has another type, or cannot be used.
    """
    provider = documents.find_provider(body)
    servers, configured = [], []
    last_user_name = list(_user_names(provider))[-1:]
    logins = [_login(text, address) for text in last_user_name]
    # [code] The last login name of the document counts, whatever its section; then the client
    # tries the address, and the local part.
    login_candidates = [*logins, str(address), address.local_part]
    for name, kind in (("incomingServer", "imap"), ("outgoingServer", "smtp")):
        sections = documents.children(provider, name)
        if not sections or sections[0].get("type") != kind:
            raise UnusableDocument(f"the first {name} is not of the type {kind}")
        configured.append(_login(documents.child_text(sections[0], "username"), address))
        # [code] SMTP gets the login name that IMAP accepted.
        login = configured[0] if configured[0] in login_candidates else login_candidates[0]
        servers.append(_server(kind, sections[0], login))
    warnings = tuple(
        f"{server.kind}: the client logs in as {server.login}, not as {login}"
        for server, login in zip(servers, configured, strict=True)
        if login and server.login != login
    )
    outcome = Outcome(Account(servers[0], servers[1]), source=request.url, warnings=warnings)
    # [code] A placeholder does not count as a login name.
    has_login = last_user_name == logins and str(address).lower() not in map(str.lower, logins)
    return _Candidate(outcome, _DOCUMENT_SCORE + _LOGIN_SCORE * has_login)


def _user_names(provider: etree._Element) -> Iterator[str]:
    for element in provider.getroottree().getroot().iter("{*}username"):
        if element.text:
            yield element.text


def _login(text: str, address: EmailAddress) -> str:
    # [code] Only if the placeholder is the whole value.
    replacements = {"%EMAILADDRESS%": str(address), "%EMAILLOCALPART%": address.local_part}
    return replacements.get(text, text)


def _server(kind: str, section: etree._Element, login: str) -> MailServer:
    host = documents.child_text(section, "hostname")
    if not host or "%" in host:
        raise UnusableDocument(
            f"hostname {host[:40]!r}: the client does not replace placeholders there"
        )
    port = documents.parse_port(documents.child_text(section, "port"))
    socket = documents.child_text(section, "socketType")
    security = _SECURITY.get(socket) or _by_port(kind, port)
    return MailServer(kind, host.lower(), port, security, login=login)


def _by_port(kind: str, port: int) -> ServerSecurity:
    return "starttls" if port == _STARTTLS_PORTS[kind] else "tls"


def _autodiscover(
    user: ClientUser, reasons: list[str]
) -> Generator[ClientRequest, ServerAnswer, _Candidate | None]:
    for host in (user.domain, f"autodiscover.{user.domain}"):
        # [code] It sends no Content-Type.
        request = urls.autodiscover_request(host, user.typed_address, content_type="")
        response = yield request
        try:
            account = _read_autodiscover(_document(response))
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}")
            continue
        return _Candidate(Outcome(account, source=request.url), _DOCUMENT_SCORE)
    return None


def _read_autodiscover(body: bytes) -> Account:
    root = documents.parse(body)
    if documents.error_code(root):
        raise UnusableDocument(f"ErrorCode {documents.error_code(root)}")
    servers: list[MailServer] = []
    for account in documents.elements_at(root, "Response", "Account"):
        is_email = is_settings = False
        for child in account:
            # [code] Both must come before Protocol.
            is_email = is_email or _has_text(child, "AccountType", "email")
            is_settings = is_settings or _has_text(child, "Action", "settings")
            kind = {"IMAP": "imap", "SMTP": "smtp"}.get(documents.child_text(child, "Type"), "")
            if documents.local_name(child) == "Protocol" and is_email and is_settings and kind:
                port = documents.parse_port(documents.child_text(child, "Port"))
                host = documents.child_text(child, "Server")
                servers.append(MailServer(kind, host, port, _by_port(kind, port)))
    incoming, outgoing = (documents.first_server(servers, kind) for kind in ("imap", "smtp"))
    if incoming is None or outgoing is None:
        raise UnusableDocument(
            "no Protocol IMAP or SMTP after AccountType email and Action settings"
        )
    return Account(incoming, outgoing)


def _has_text(element: etree._Element, name: str, value: str) -> bool:
    return documents.local_name(element) == name and (element.text or "") == value


FAIREMAIL: Final = SimulatedClient(
    client=clients.FAIREMAIL,
    version="source e23dd9df",
    date="2026-08-22",
    basis="code",
    search=search,
    order=(
        (
            "DNS: the SRV records `_imap` and `_imaps`, then `_submission` and `_submissions`; "
            "from each pair it uses the record with the lowest priority, then with the highest "
            "weight, then `_imaps` and `_submission`"
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
            "It asks all of these, and tries the results in the order of a score: SRV records "
            "before documents, but a document first if its login name is not the address."
        ),
        (
            "SRV records contain no login name and no method, so it then tries the whole address "
            "and after that the local part. It ignores a record whose target is `.`."
        ),
        (
            "It uses one login name for IMAP and SMTP: it tries the last `username` of the "
            "document, in any section, then the address, then the local part. For SMTP it uses the "
            "one that IMAP accepted."
        ),
        "It does not escape `+`, which most servers read as a space; Waypost repairs it.",
        "The first incoming service must be IMAP. If POP3 is first, it does not use IMAP.",
        (
            "A host name must not contain a placeholder, and a login name with a placeholder must "
            "contain nothing else."
        ),
        (
            "It knows `SSL` and `STARTTLS`. With any other `socketType` it uses STARTTLS on ports "
            "143 and 587, and TLS on any other port."
        ),
        "It accepts only the status 200, with any Content-Type.",
    ),
)
