"""Classic Outlook for Windows, 2016 and newer (protocol facts s2.1 to s2.5 [doc], [know], [log]).

Not part of the record: Office 365, SCP, local files and the registry.
"""

from collections.abc import Generator
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from lxml import etree

from waypost.address import EmailAddress
from waypost.check.recorded import documents, urls
from waypost.check.recorded.activesync import (
    other_user,
    url_in_json,
)
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
from waypost.check.recorded.lookups import offered
from waypost.check.recorded.turns import for_each_address

# [doc] After so many redirects it stops.
REDIRECTS_MAX: Final = 10
_ENCRYPTION: Final[dict[str, Security]] = {"ssl": "tls", "tls": "starttls", "none": "none"}


def ask(user: User) -> Conversation:
    """Search, and search again for each other address to which an answer leads."""
    return (yield from for_each_address(_searched, user, REDIRECTS_MAX))


def _searched(user: User, reasons: list[str]) -> Generator[Question, Response, Outcome | User]:
    """Ask for the URL by JSON, POST to D, to autodiscover.D, try the redirect probe, then DNS.

    The first success counts.
    """
    name = f"autodiscover.{user.domain}"
    # [log] Spelled so, with a small "v" and a count.
    query = f"Email={quote(user.typed, safe='')}&Protocol=Autodiscoverv1&RedirectCount=1"
    lookup = Request("GET", "https", name, "/autodiscover/autodiscover.json", query)
    response = yield from followed(lookup, most=REDIRECTS_MAX)
    place = url_in_json(response.body) if response.is_success else ""
    if place.startswith("https://"):
        target = urls.pox(name, user.typed, content_type="text/xml").at(place)
        outcome = (yield from _settings(target, user, reasons)) if target is not None else None
        if outcome is not None:
            return outcome
    else:
        reasons.append(f"{lookup.url}: {said(response)}, no URL of Autodiscover")
    first = [urls.pox(host, user.typed, content_type="text/xml") for host in (user.domain, name)]
    for request in first:
        outcome = yield from _settings(request, user, reasons)
        if outcome is not None:
            return outcome
    # s2.4 step 9: unauthenticated, by plain http, and of use only where it leads to https.
    probe = Request("GET", "http", name, urls.AUTODISCOVER)
    response = yield probe
    target = first[1].at(response.location) if response.status in {301, 302} else None
    if target is None or target.scheme != "https":
        reasons.append(f"{probe.url}: {said(response)}, and no redirect to https")
    else:
        outcome = yield from _settings(target, user, reasons)
        if outcome is not None:
            return outcome
    return (yield from _by_srv(user, reasons))


def _by_srv(user: User, reasons: list[str]) -> Generator[Question, Response, Outcome | User]:
    """POST to the host of an SRV record, whatever its port (s2.4 step 10)."""
    records = yield from offered("_autodiscover", user.domain)
    for host in [one.data for one in records][:1]:
        request = urls.pox(host, user.typed, content_type="text/xml")
        outcome = yield from _settings(request, user, reasons)
        if isinstance(outcome, Outcome) and not f".{host}".endswith(f".{user.domain}"):
            asked = f"it asks its user whether {host} is to be trusted"
            return replace(outcome, warnings=(*outcome.warnings, asked))
        if outcome is not None:
            return outcome
    return Outcome(reasons=tuple(reasons))


def _settings(
    request: Request, user: User, reasons: list[str]
) -> Generator[Request, Response, Outcome | User | None]:
    """POST, and follow redirects to another URL; None where nothing is found.

    MS-OXDSCLI s3.1.5.2 [doc]: a POST that is redirected by HTTP is sent again, with its body.
    """
    for _ in range(REDIRECTS_MAX + 1):
        response = yield request
        try:
            target = _elsewhere(response, request, user)
            if isinstance(target, User):
                return target
            if target is None:
                root = documents.parsed(response.body)
                account = read(root, user.address)
                return Outcome(account, source=request.url, warnings=_troubles(root))
        except Unusable as error:
            reasons.append(f"{request.url}: {error}")
            return None
        request = target
    reasons.append("more redirects than it follows")
    return None


def _elsewhere(response: Response, request: Request, user: User) -> Request | User | None:
    """Return where an answer leads: to another URL, or to another address; None for nowhere."""
    if response.status == 302:
        return _at(response.location, "Location", request)
    demand(response.is_success, said(response))
    for account in documents.below(documents.parsed(response.body), "Response", "Account"):
        action = documents.text(account, "Action")
        if action == "redirectUrl":
            return _at(documents.text(account, "RedirectUrl"), "RedirectUrl", request)
        if action == "redirectAddr":
            return other_user(documents.text(account, "RedirectAddr"), "RedirectAddr", user)
    return None


def _at(place: str, name: str, request: Request) -> Request:
    target = request.at(place)
    if target is None or target.scheme != "https":
        raise Unusable(f"{name} is no https URL")
    return target


def read(root: etree._Element, address: EmailAddress) -> Account:
    """Make an account of an answer.

    Raises:
        Unusable: it makes none.
    """
    if root.tag != f"{{{urls.ANY_RESPONSE}}}Autodiscover":
        raise Unusable("the namespace of Autodiscover is not Microsoft's")
    if documents.refusal(root):
        raise Unusable(f"ErrorCode {documents.refusal(root)}")
    response = documents.response_of(root, urls.OUTLOOK_RESPONSE)
    if response is None:
        raise Unusable("the namespace of Response is not Outlook's")
    account = next(iter(documents.below(response, "Account")), None)
    if account is None or documents.text(account, "AccountType") != "email":
        raise Unusable("there is no Account of the type email")
    if documents.text(account, "Action") != "settings":
        raise Unusable("Action is not settings")
    servers, reasons = documents.usable(
        documents.children(account, "Protocol"), lambda one: _protocol(one, address)
    )
    # [know] The first one for reading that it supports.
    incoming = next((one for one in servers if one.kind != "smtp"), None)
    outgoing = documents.first_of(servers, "smtp")
    if incoming is None or outgoing is None:
        raise Unusable("; ".join(["no Protocol for reading or none for sending", *reasons]))
    return Account(incoming, outgoing)


def _troubles(root: etree._Element) -> tuple[str, ...]:
    kinds = [
        documents.text(one, "Type")
        for one in documents.protocols(root)
        if documents.text(one, "Type") in {"IMAP", "POP3", "SMTP"}
        and documents.text(one, "SPA").lower() != "off"
    ]
    if not kinds:
        return ()
    return (f"SPA is not off for {', '.join(kinds)}, so that a plain password does not do",)


def _protocol(protocol: etree._Element, address: EmailAddress) -> MailServer:
    kind = documents.mail_kind(protocol)
    host, port = (
        documents.text(protocol, "Server"),
        documents.port(documents.text(protocol, "Port")),
    )
    if not host:
        raise Unusable("there is no Server")
    # s2.2: SSL is on where it is missing, and Encryption overrides it.
    is_off = documents.text(protocol, "SSL").lower() == "off"
    fallback: Security = "none" if is_off else "tls"
    security = _ENCRYPTION.get(documents.text(protocol, "Encryption").lower(), fallback)
    # s2.2: SPA is on where it is missing; then a plain password does not do.
    is_off = documents.text(protocol, "SPA").lower() == "off"
    method = "password-cleartext" if is_off else "password-encrypted"
    login = documents.text(protocol, "LoginName") or str(address)
    return MailServer(kind, host.lower(), port, security, method, login)


OUTLOOK: Final = Client(
    key="outlook-for-windows",
    name="Outlook for Windows",
    version="classic, 2016 and newer; Microsoft's pages",
    date="2026-11",
    basis="doc",
    asks=ask,
    order=(
        (
            "GET `https://autodiscover.D/autodiscover/autodiscover.json"
            "?Email=E&Protocol=Autodiscoverv1&RedirectCount=1`; POST to the URL in the answer"
        ),
        "POST `https://D/autodiscover/autodiscover.xml`",
        "POST `https://autodiscover.D/autodiscover/autodiscover.xml`",
        (
            "GET `http://autodiscover.D/autodiscover/autodiscover.xml`, which must redirect to "
            "https; the POST follows"
        ),
        (
            "DNS: the SRV record `_autodiscover._tcp.D`; POST "
            "`https://HOST/autodiscover/autodiscover.xml` to the host that it names"
        ),
    ),
    notes=(
        "The first incoming Protocol counts, so IMAP must stand before POP3.",
        "Without `SPA` `off` it does not send a plain password.",
        "`Encryption` overrides `SSL`: `SSL` is TLS from the start, `TLS` is STARTTLS.",
        "The first POST comes without a password; a server must not demand one.",
        "It asks again about every hour, so answers must stay the same.",
        "Where `RedirectAddr` names another address, it begins again with that; ten times at most.",
        "Of an SRV record it ignores the port, and it asks its user about a foreign host.",
        "A domain that Microsoft takes for one of its own is looked up there first.",
    ),
    evidence=(
        "the places and their order: Microsoft support article 3211279",
        (
            "the JSON, as it is spelled, and the POST behind it: logs in "
            "mailcow/mailcow-dockerized#2300, 2019-02-11 (Outlook 16.0.11231), and #2653, "
            "2019-05-27 (MAPI 16.0.10344)"
        ),
    ),
    assumed=(
        "the host of the JSON, which the logs do not tell",
        "that it goes on to the places of the article where the JSON leads to no account",
        "that the URL of the redirect may have a query, as that of the JSON has",
    ),
)
