"""Thunderbird for desktops, as its source has it and as 153.7.0esr was seen (protocol facts s1.1).

Not part of the record: the preferences, and its table of OAuth2 providers (OAuth2 is taken for a
method that it cannot use with this host).
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
    Question,
    Request,
    Response,
    Security,
    Unusable,
    User,
    demand,
    followed,
    said,
)
from waypost.check.recorded.hosts import is_host, is_host_or_ip
from waypost.check.recorded.lookups import above, base_domain, mail_exchanger
from waypost.check.recorded.thunderbird_autodiscover import XML_TYPES, autodiscover

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
    hoster = yield from _by_mx(user, query)
    exchange = yield from autodiscover(user)
    found = _from_provider(answers, user.address)
    reasons = found.reasons
    for other in (hoster, exchange):
        if found.account is None:
            reasons += other.reasons
            found = other
    return found if found.account else Outcome(reasons=reasons)


def _by_mx(user: User, query: str) -> Generator[Question, Response, Outcome]:
    """Ask at the domains of the MX host, by https alone, each document on its own."""
    host = yield from mail_exchanger(user.domain)
    base = base_domain(host)
    found = Outcome()
    # [code] It is skipped where that would be no different from the domain.
    if not host or base == user.domain:
        return found
    for domain in dict.fromkeys(one for one in (above(host), base) if one):
        request = urls.autoconfig(domain, "https", query)
        response = yield from followed(request)
        yield from followed(urls.database(domain))
        if found.account is None:
            outcome = _from_provider([(request, response)], user.address)
            found = outcome if outcome.account else Outcome(reasons=found.reasons + outcome.reasons)
    return found


def _from_provider(answers: list[tuple[Request, Response]], address: EmailAddress) -> Outcome:
    """Read the best URL that had success; where it is useless, the others are not looked at."""
    for request, response in answers:
        # [run] 204 is a failure of that URL only.
        if not response.is_success or response.status == 204:
            continue
        try:
            kind = response.content_type.lower()
            demand(kind.startswith(XML_TYPES), f"it is sent as {kind[:60]!r}, not as XML")
            return Outcome(read(response.body, address), source=request.url)
        except Unusable as error:
            return Outcome(reasons=(f"{request.url}: {error}",))
    refusals = sorted({said(response) for _, response in answers})
    where = "its four URLs" if len(answers) > 1 else answers[0][0].url
    return Outcome(reasons=(f"no configuration at {where}: {', '.join(refusals)}",))


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
    host = documents.filled(documents.text(section, "hostname"), address)
    if not is_host_or_ip(host):
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
    login = documents.filled(documents.text(section, "username"), address)
    if not login and (method in _PASSWORDS or not is_outgoing):
        raise Unusable("there is no username")
    return MailServer(kind, host.lower(), port, security, method, login)


THUNDERBIRD: Final = Client(
    key="thunderbird",
    name="Thunderbird",
    version="153.8.0esr (Debian 12)",
    date="2026-11-29",
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
            "DNS: the best MX host; GET `https://autoconfig.M/mail/config-v1.1.xml?emailaddress=E` "
            "and the public database for that host without its first label, then for its "
            "registered domain M; not where that is D"
        ),
        (
            "only when all of these fail: POST `/autodiscover/autodiscover.xml` on "
            "`https://autodiscover.D`, `https://D`, `http://autodiscover.D` (of use where it "
            "redirects to https) and the host of the SRV record `_autodiscover._tcp.D`, which it "
            "has sent at the same time"
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
        "Of an SRV record it reads the host alone.",
        (
            "It asks its user before it goes on to Autodiscover of another registered domain, by "
            "a redirect of `http://autodiscover.D` or by the SRV record."
        ),
        "Of Autodiscover's redirects it follows `redirectAddr`, and not `redirectUrl`.",
        (
            "EWS is a choice beside IMAP where `password-cleartext` stands among its methods; "
            "`http:Basic` it passes over, so Waypost writes both. EWS and ActiveSync alone make no "
            "account."
        ),
        (
            "With Autodiscover it sends the address and the password, where its user has typed one "
            "for the search."
        ),
        (
            "The U-label form of an internationalised domain is refused by Thunderbird itself "
            "before it asks anybody."
        ),
        (
            "After each set-up it looks for address books and calendars on D, and on the host of "
            "the incoming server if that is of the same registered domain: by the SRV record "
            "`_carddavs` (`_caldavs`) and the path of its TXT record, by "
            "`https://D/.well-known/carddav` (`caldav`), at last by `https://D/`, all with "
            "PROPFIND; and by HEAD, GET and PUT of `https://D/`, for a calendar that is a file. "
            "These requests are part of the run, and not of the record."
        ),
        (
            "It follows a redirect of such a place to another host with method, Depth and body, "
            "logs in there, and then drops the answer: its rule against answers of another origin "
            "(preference `browser.opaqueResponseBlocking`) forbids it. A redirect from https to "
            "http it does not follow. Where calendars have a host of their own, SRV records alone "
            "lead there."
        ),
    ),
)
