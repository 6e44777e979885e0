"""Thunderbird for iOS, from its source (thunderbird/thunderbird-ios 98f4283 [code]).

A parser turns the document into JSON, which is then decoded by a strict schema
(Core/Sources/Autoconfiguration): one value that the schema does not have makes the whole document
useless.

Not recorded: the list of public suffixes that it downloads, and the table of OAuth2 providers,
which it compares with the MX host of the domain.
"""

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.lookups import base_domain, look_up
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

# [code] EmailProvider.swift: the enumerations SocketType, ServerType and Authentication.
_SECURITY: Final[dict[str, ServerSecurity]] = {"SSL": "tls", "STARTTLS": "starttls"}
_TYPES: Final = frozenset({"imap", "pop3", "smtp"})
_OAUTH2: Final = "OAuth2"
_CLEARTEXT: Final = "password-cleartext"
_METHODS: Final = frozenset(
    {_OAUTH2, _CLEARTEXT, "password-encrypted", "client-IP-address", "smtp-after-pop"}
)
# [code] OAuth2.swift: all four are decoded, and none of them is optional.
_OAUTH2_PARTS: Final = ("tokenURL", "authURL", "issuer", "scope")
_SPACES: Final = " \t\r\n"


def search(user: ClientUser) -> ClientSession:
    """Ask two URLs and the public database by https; then the same for the MX host's domain."""
    # [code] URLQueryItem leaves "@" and "+" as they are.
    query = f"emailaddress={user.typed_address}"
    reasons: list[str] = []
    outcome = yield from _first_document(user.domain, query, user.address, reasons)
    if outcome is None:
        records = yield from look_up("MX", user.domain)
        # [code] The first record of the answer, whatever its preference.
        host = next((record.data for record in records if record.data), "")
        if host:
            outcome = yield from _first_document(base_domain(host), "", user.address, reasons)
    return Outcome(reasons=tuple(reasons)) if outcome is None else outcome


def _first_document(
    domain: str, query: str, address: EmailAddress, reasons: list[str]
) -> Generator[RequestOrLookup, ServerAnswer, Outcome | None]:
    """Return the outcome of the first document that can be decoded; it ends the search."""
    requests = (
        urls.autoconfig(domain, "https", query),
        urls.well_known(domain),
        urls.database(domain),
    )
    for request in requests:
        # [know] iOS blocks plain http unless an app permits it; this app does not.
        response = yield from follow_redirects(request, allow_downgrade=False)
        try:
            # [code] Only a 200 counts.
            require(response.status == 200, describe(response))
            servers = list(decode(response.body, address))
        except UnusableDocument as error:
            if response.status or request.host != urls.DATABASE_HOST:
                reasons.append(f"{request.url}: {error}")
            continue
        return _outcome(request, servers)
    return None


def _outcome(request: ClientRequest, servers: list[MailServer]) -> Outcome:
    incoming = documents.first_server(servers, "imap")
    outgoing = documents.first_server(servers, "smtp")
    if incoming is None or outgoing is None:
        reason = f"{request.url}: no IMAP or no SMTP service, which ends its search"
        return Outcome(reasons=(reason,), has_stopped=True)
    account = Account(incoming, outgoing)
    return Outcome(account, source=request.url, warnings=tuple(_warnings(account)))


def _warnings(account: Account) -> Iterator[str]:
    if account.incoming.method == _OAUTH2:
        yield "imap: the client uses OAuth2 for any host, also outside its table, and no password"
    elif not account.incoming.method:
        yield "imap: the client knows none of the methods, and asks for no password"


def decode(body: bytes, address: EmailAddress) -> Iterator[MailServer]:
    """Decode a document; one bad value makes all of it useless.

    Raises:
        UnusableDocument: the document cannot be decoded.
    """
    root = documents.parse(body)
    require(
        documents.local_name(root) == "clientConfig", "the root of the document is not clientConfig"
    )
    # [code] Only the last of several remains.
    for section in documents.children(root, "oAuth2")[-1:]:
        for name in _OAUTH2_PARTS:
            require(
                _text(section, name) != "",
                f"the client refuses a document with an oAuth2 without {name}",
            )
    provider = next(reversed(documents.children(root, "emailProvider")), None)
    if provider is None:
        return  # [code] emailProvider is optional.
    for name in ("domain", "displayName", "displayShortName"):
        require(
            _text(provider, name) != "", f"there is no {name}, so the client refuses the document"
        )
    for section in documents.children(provider, "incomingServer", "outgoingServer"):
        yield _server(section, address)


def _server(section: etree._Element, address: EmailAddress) -> MailServer:
    kind = section.get("type") or ""
    require(
        kind in _TYPES, f"a section of the type {kind[:20]!r} makes the client refuse the document"
    )
    refusal = f"one {kind} section makes the client refuse the document"
    values = {
        name: documents.expand_placeholders(_text(section, name), address)
        for name in ("hostname", "port", "socketType", "username")
    }
    for name, value in values.items():
        require(value != "", f"{refusal}: there is no {name}")
    socket = values["socketType"]
    require(socket in _SECURITY, f"{refusal}: socketType {socket[:20]!r} is not known")
    methods = [method.strip(_SPACES) for method in documents.child_texts(section, "authentication")]
    for method in methods:
        if method and method not in _METHODS:
            raise UnusableDocument(f"{refusal}: authentication {method[:40]!r} is not known")
    try:
        port = documents.parse_port(values["port"])
    except UnusableDocument as error:
        raise UnusableDocument(f"{refusal}: {error}") from error
    # [code] AuthenticationType.swift: OAuth2 at any position, then a password in the clear.
    method = next((name for name in (_OAUTH2, _CLEARTEXT) if name in methods), "")
    server = MailServer(kind, values["hostname"].lower(), port, _SECURITY[socket])
    return replace(server, method=method, login=values["username"])


def _text(section: etree._Element, name: str) -> str:
    """Return the text of the last element with a name (for `domain` the first), without spaces."""
    texts = [text.strip(_SPACES) for text in documents.child_texts(section, name)]
    nonempty = [text for text in texts if text]
    return next(iter(nonempty if name == "domain" else reversed(nonempty)), "")


THUNDERBIRD_IOS: Final = SimulatedClient(
    client=clients.THUNDERBIRD_IOS,
    version="source 98f4283",
    date="2026-08-20",
    basis="code",
    search=search,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`, the address unescaped",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml`",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        ("DNS: the first MX host; the same three for its registered domain, without the address"),
    ),
    notes=(
        (
            "It reads the document with a strict schema: one value that it does not know, in any "
            "section, makes it refuse the whole document and continue its search. "
            "[lint.md](lint.md#strict) says how to avoid that."
        ),
        (
            "It knows the sections `imap`, `pop3` and `smtp`, the `socketType` `SSL` and "
            "`STARTTLS`, and the methods `OAuth2`, `password-cleartext`, `password-encrypted`, "
            "`client-IP-address` and `smtp-after-pop`."
        ),
        "Each section must have `hostname`, `port`, `socketType` and `username`.",
        (
            "An `oAuth2` without `issuer`, `scope`, `authURL` or `tokenURL` makes it refuse the "
            "document."
        ),
        (
            "The first document that it can decode ends its search, even if the document contains "
            "no IMAP or no SMTP service. It ignores POP3."
        ),
        (
            "It uses OAuth2 at any position in the list, but its OAuth2 works only for the MX "
            "hosts in its own table. It does not offer a password that comes after OAuth2."
        ),
        (
            "Its own SMTP code so far supports only STARTTLS on port 587, so offer 587 as well "
            "(not recorded)."
        ),
        "One of its two screens for a new account replaces the login name with the address.",
        "It accepts only the status 200, with any Content-Type.",
    ),
)
