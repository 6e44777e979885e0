"""Thunderbird for desktops, as its source has it and as 153.7.0esr was seen (protocol facts s1.1).

Not part of the record: the MX look-up, the SRV record, the preferences, and its table of OAuth2
providers (OAuth2 is taken for a method that it cannot use with this host).
"""

import re
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
    demand,
    followed,
    is_host,
    said,
)

# [run] The body of another type stays a text.
_XML_TYPES: Final = ("text/xml", "application/xml", "text/rdf")
# [run] Exact; `ssl`, `TLS` and " SSL " are refused.
_SECURITY: Final[dict[str, Security]] = {"plain": "none", "SSL": "tls", "STARTTLS": "starttls"}
_METHODS: Final = {
    "password-cleartext": "password-cleartext",
    "plain": "password-cleartext",
    "password-encrypted": "password-encrypted",
    "secure": "password-encrypted",
    "GSSAPI": "GSSAPI",
    "NTLM": "NTLM",
}
_OUTGOING_METHODS: Final = _METHODS | {
    "none": "none",
    "client-IP-address": "client-IP-address",
    "smtp-after-pop": "smtp-after-pop",
}
_PASSWORDS: Final = frozenset({"password-cleartext", "password-encrypted"})
_STARTTLS_PORTS: Final = frozenset({143, 110, 25, 587})
_PLACEHOLDERS: Final = ("EMAILADDRESS", "EMAILLOCALPART", "EMAILDOMAIN")
_ID: Final = re.compile(r"[A-Za-z0-9.-]+")


def ask(user: User) -> Conversation:
    """Ask the four URLs, the public database and Autodiscover; the best success wins.

    All start at once, so each is asked whatever the others say.
    """
    typed_domain = user.typed.rpartition("@")[2]
    if not typed_domain.isascii():
        return Outcome(reasons=("its dialog takes no domain in U-labels",), has_stopped=True)
    query = urls.encoded(user.typed)
    provider = [
        urls.autoconfig(user.domain, "https", query),
        urls.well_known(user.domain, "https", query),
        urls.autoconfig(user.domain, "http", query),
        urls.well_known(user.domain, "http", query),
    ]
    answers = []
    for request in provider:
        response = yield from followed(request)
        answers.append((request, response))
    yield from followed(urls.database(user.domain))
    exchange = yield from _autodiscover(user)
    found = _from_provider(answers, user.address)
    return found if found.account else _better(found, exchange)


def _better(provider: Outcome, exchange: Outcome) -> Outcome:
    reasons = provider.reasons + exchange.reasons
    return Outcome(exchange.account, reasons, exchange.source)


def _from_provider(answers: list[tuple[Request, Response]], address: EmailAddress) -> Outcome:
    """Read the best URL that had success; where it is useless, the others are not looked at."""
    for request, response in answers:
        # [run] 204 is a failure of that URL only.
        if not response.is_success or response.status == 204:
            continue
        try:
            kind = response.content_type.lower()
            demand(kind.startswith(_XML_TYPES), f"it is sent as {kind[:60]!r}, not as XML")
            return Outcome(read(response.body, address), source=request.url)
        except Unusable as error:
            return Outcome(reasons=(f"{request.url}: {error}",))
    refusals = sorted({said(response) for _, response in answers})
    return Outcome(reasons=(f"no configuration at its four URLs: {', '.join(refusals)}",))


def read(body: bytes, address: EmailAddress) -> Account:
    """Make an account of an Autoconfig document, by the rules of readFromXML.

    Raises:
        Unusable: it makes none.
    """
    provider = documents.provider_of(body)
    name = provider.get("id") or ""
    if not (_ID.fullmatch(name) or "%EMAILDOMAIN%" in name):
        raise Unusable(f"the id of emailProvider, {name[:40]!r}, is no host name")
    domains = documents.texts(provider, "domain")
    if not domains:
        raise Unusable("there is no domain in emailProvider")
    for domain in domains:
        if not is_host(domain) and domain != "%EMAILDOMAIN%":
            raise Unusable(f"the domain {domain[:40]!r} is no host name")
    incoming, bad_incoming = documents.usable(
        documents.children(provider, "incomingServer"), lambda one: _server(one, address)
    )
    outgoing, bad_outgoing = documents.usable(
        documents.children(provider, "outgoingServer"), lambda one: _server(one, address)
    )
    if not incoming:
        raise Unusable("; ".join(["no usable incomingServer", *bad_incoming]))
    if not outgoing:
        raise Unusable("; ".join(["no usable outgoingServer", *bad_outgoing]))
    return Account(incoming[0], outgoing[0])


def _server(section: etree._Element, address: EmailAddress) -> MailServer:
    kind = section.get("type") or ""
    is_outgoing = documents.name_of(section) == "outgoingServer"
    if kind not in ({"smtp"} if is_outgoing else {"imap", "pop3"}):
        raise Unusable("the type is not supported")
    host = documents.filled(documents.text(section, "hostname"), address, _PLACEHOLDERS)
    if not is_host(host):
        raise Unusable(f"hostname {host[:40]!r} is none")
    port = documents.port(documents.text(section, "port"))
    sockets = documents.texts(section, "socketType")
    security = next((_SECURITY[one] for one in sockets if one in _SECURITY), None)
    if security is None:
        raise Unusable(f"socketType {' '.join(sockets)[:40]!r} is not supported")
    known = _OUTGOING_METHODS if is_outgoing else _METHODS
    stated = documents.texts(section, "authentication")
    method = next((known[one] for one in stated if one in known), None)
    if method is None and "OAuth2" in stated:
        raise Unusable("OAuth2 alone, and the host is not in its own table of OAuth2 providers")
    if method is None:
        raise Unusable(f"authentication {' '.join(stated)[:60]!r} is not supported")
    login = documents.filled(documents.text(section, "username"), address, _PLACEHOLDERS)
    if not login and (method in _PASSWORDS or not is_outgoing):
        raise Unusable("there is no username")
    return MailServer(kind, host.lower(), port, security, method, login)


def _autodiscover(user: User) -> Generator[Request, Response, Outcome]:
    """POST to three URLs, without a password as long as the user typed none."""
    address = f"{user.typed.rpartition('@')[0]}@{user.domain}"
    reasons: list[str] = []
    found = Outcome()
    for number, host in enumerate((f"autodiscover.{user.domain}", user.domain)):
        request = urls.pox(host, address)
        response = yield request
        if found.account:
            continue
        try:
            found = Outcome(_exchange(response, user.address), source=request.url)
        except Unusable as error:
            reasons.append(f"Autodiscover {number + 1}: {error}")
    # Only a redirect to https would be of use here.
    yield urls.pox(f"autodiscover.{user.domain}", address, scheme="http")
    return found if found.account else Outcome(reasons=tuple(reasons))


def _exchange(response: Response, address: EmailAddress) -> Account:
    if not response.is_success:
        raise Unusable(said(response))
    if not response.content_type.lower().startswith(_XML_TYPES):
        raise Unusable("the answer is not sent as XML")
    root = documents.parsed(response.body)
    if documents.refusal(root):
        raise Unusable(f"ErrorCode {documents.refusal(root)}")
    servers, reasons = documents.usable(
        documents.protocols(root), lambda one: _protocol(one, address)
    )
    incoming = next((one for one in servers if one.kind != "smtp"), None)
    outgoing = documents.first_of(servers, "smtp")
    if incoming is None or outgoing is None:
        raise Unusable("; ".join(["no Protocol for reading or none for sending", *reasons]))
    return Account(incoming, outgoing)


def _protocol(protocol: etree._Element, address: EmailAddress) -> MailServer:
    kind = {"IMAP": "imap", "POP3": "pop3", "SMTP": "smtp"}.get(documents.text(protocol, "Type"))
    if kind is None:
        raise Unusable("another Type")
    host, port = (
        documents.text(protocol, "Server"),
        documents.port(documents.text(protocol, "Port")),
    )
    if not is_host(host):
        raise Unusable(f"Server {host[:40]!r} is no host name")
    security: Security = "starttls" if port in _STARTTLS_PORTS else "tls"
    # [run] One of both is enough, even when the other speaks of TLS.
    ssl = documents.text(protocol, "SSL").lower()
    if ssl == "off" or documents.text(protocol, "Encryption").lower() == "none":
        security = "none"
    is_secure = documents.text(protocol, "SPA").lower() == "on"
    method = "password-encrypted" if is_secure else "password-cleartext"
    login = documents.text(protocol, "LoginName") or str(address)
    return MailServer(kind, host.lower(), port, security, method, login)


THUNDERBIRD: Final = Client(
    key="thunderbird",
    name="Thunderbird",
    version="153.7.0esr (Debian 12)",
    date="2026-11-24",
    basis="run",
    asks=ask,
    keeps_case=True,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=E`",
        "GET `http://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`",
        "GET `http://D/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=E`",
        "GET the public database's URL with D behind it (preference `mailnews.auto_config_url`)",
        (
            "the same for the domain of the MX host and the registered domain above it, where "
            "these are not D: `https://autoconfig.` before them, with E, and the public database "
            "(not recorded here)"
        ),
        (
            "only when all of these fail: POST `/autodiscover/autodiscover.xml` on "
            "`https://autodiscover.D`, `https://D`, `http://autodiscover.D` and the host of the "
            "SRV record `_autodiscover._tcp.D` (the last is not recorded here), which it has sent "
            "at the same time"
        ),
    ),
    notes=(
        "It asks all of these at once, and takes the best answer in this order.",
        (
            "`@` arrives as `%40`, `+` as `%2B`; the address keeps its letters as typed, the host "
            "names are in lower case."
        ),
        (
            "The first of the four URLs that answers 2xx is the one that is read: where its "
            "document is useless, the other three are not looked at."
        ),
        "The answer must be sent as `text/xml` or `application/xml`.",
        (
            "`socketType` and `authentication` count letter by letter; a section with a value that "
            "it does not know is dropped, the others are kept."
        ),
        "It follows redirects of Autoconfig, to other hosts and from https to http as well.",
        "OAuth2 is taken only for the hosts of its own table, so a password must stand behind it.",
        (
            "In Autodiscover, `SSL` `off` means no protection, whatever `Encryption` says, and the "
            "first of IMAP and POP3 is taken."
        ),
        (
            "It asks its user before it goes on to Autodiscover of another registered domain, by "
            "a redirect of `http://autodiscover.D` or by the SRV record."
        ),
        "Of Autodiscover's redirects it follows `redirectAddr`, and not `redirectUrl`.",
        (
            "EWS is a choice beside IMAP where `password-cleartext` stands among its methods; "
            "`http:Basic` it passes over. EWS and ActiveSync alone make no account."
        ),
        (
            "With Autodiscover it sends the address and the password, where its user has typed one "
            "for the search."
        ),
        (
            "The U-label form of an internationalised domain is refused by Thunderbird itself "
            "before it asks anybody."
        ),
    ),
)
