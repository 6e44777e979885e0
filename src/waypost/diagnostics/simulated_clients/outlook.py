"""Classic Outlook for Windows, 2016 and newer [doc], [know], [log].

Not recorded: Office 365, SCP, local files and the registry.
"""

from collections.abc import Generator
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from lxml import etree

from waypost.core import clients
from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.activesync import redirected_user, url_of_json
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.lookups import look_up_srv
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
from waypost.diagnostics.simulated_clients.url_search import follow_address_redirects

# [doc] It stops after this number of redirects.
REDIRECTS_MAX: Final = 10
_ENCRYPTION: Final[dict[str, ServerSecurity]] = {"ssl": "tls", "tls": "starttls", "none": "none"}


def search(user: ClientUser) -> ClientSession:
    """Search, and search again for each address that an answer redirects to."""
    return (yield from follow_address_redirects(_search_address, user, REDIRECTS_MAX))


def _search_address(
    user: ClientUser, reasons: list[str]
) -> Generator[RequestOrLookup, ServerAnswer, Outcome | ClientUser]:
    """Request the URL by JSON, POST to D, to autodiscover.D, try the redirect probe, then DNS.

    The first success counts.
    """
    name = f"autodiscover.{user.domain}"
    # [log] Spelled so, with a small "v" and a count.
    query = f"Email={quote(user.typed_address, safe='')}&Protocol=Autodiscoverv1&RedirectCount=1"
    lookup = ClientRequest("GET", "https", name, "/autodiscover/autodiscover.json", query)
    response = yield from follow_redirects(lookup, max_redirects=REDIRECTS_MAX)
    json_location = url_of_json(response.body) if response.is_success else ""
    if json_location.startswith("https://"):
        target = urls.autodiscover_request(
            name, user.typed_address, content_type="text/xml"
        ).redirected_to(json_location)
        outcome = (yield from _post(target, user, reasons)) if target is not None else None
        if outcome is not None:
            return outcome
    else:
        reasons.append(f"{lookup.url}: {describe(response)}, no URL of Autodiscover")
    first = [
        urls.autodiscover_request(host, user.typed_address, content_type="text/xml")
        for host in (user.domain, name)
    ]
    for request in first:
        outcome = yield from _post(request, user, reasons)
        if outcome is not None:
            return outcome
    # s2.4 step 9: unauthenticated, by plain http, and useful only if it redirects to https.
    redirect_probe = ClientRequest("GET", "http", name, urls.AUTODISCOVER_PATH)
    response = yield redirect_probe
    target = first[1].redirected_to(response.location) if response.status in {301, 302} else None
    if target is None or target.scheme != "https":
        reasons.append(f"{redirect_probe.url}: {describe(response)}, and no redirect to https")
    else:
        outcome = yield from _post(target, user, reasons)
        if outcome is not None:
            return outcome
    return (yield from _by_srv(user, reasons))


def _by_srv(
    user: ClientUser, reasons: list[str]
) -> Generator[RequestOrLookup, ServerAnswer, Outcome | ClientUser]:
    """POST to the host of an SRV record, whatever its port (s2.4 step 10)."""
    records = yield from look_up_srv("_autodiscover", user.domain)
    for host in [record.data for record in records][:1]:
        request = urls.autodiscover_request(host, user.typed_address, content_type="text/xml")
        outcome = yield from _post(request, user, reasons)
        if isinstance(outcome, Outcome) and not f".{host}".endswith(f".{user.domain}"):
            question = f"the client asks its user whether to trust {host}"
            return replace(outcome, warnings=(*outcome.warnings, question))
        if outcome is not None:
            return outcome
    return Outcome(reasons=tuple(reasons))


def _post(
    request: ClientRequest, user: ClientUser, reasons: list[str]
) -> Generator[ClientRequest, ServerAnswer, Outcome | ClientUser | None]:
    """POST, and follow redirects to another URL; None if nothing is found.

    MS-OXDSCLI s3.1.5.2 [doc]: a POST that is redirected by HTTP is sent again, with its body.
    """
    for _ in range(REDIRECTS_MAX + 1):
        response = yield request
        try:
            target = _redirect_target(response, request, user)
            if isinstance(target, ClientUser):
                return target
            if target is None:
                root = documents.parse(response.body)
                account = read_account(root, user.address)
                return Outcome(account, source=request.url, warnings=_warnings(root))
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}")
            return None
        request = target
    reasons.append("more redirects than the client follows")
    return None


def _redirect_target(
    response: ServerAnswer, request: ClientRequest, user: ClientUser
) -> ClientRequest | ClientUser | None:
    """Return the redirect of an answer: a request or a user; None if it is no redirect."""
    if response.status == 302:
        return _https_redirect(response.location, "Location", request)
    require(response.is_success, describe(response))
    for account in documents.elements_at(documents.parse(response.body), "Response", "Account"):
        action = documents.child_text(account, "Action")
        if action == "redirectUrl":
            return _https_redirect(
                documents.child_text(account, "RedirectUrl"), "RedirectUrl", request
            )
        if action == "redirectAddr":
            return redirected_user(
                documents.child_text(account, "RedirectAddr"), "RedirectAddr", user
            )
    return None


def _https_redirect(location: str, name: str, request: ClientRequest) -> ClientRequest:
    target = request.redirected_to(location)
    if target is None or target.scheme != "https":
        raise UnusableDocument(f"{name} is not an https URL")
    return target


def read_account(root: etree._Element, address: EmailAddress) -> Account:
    """Return the account of an answer.

    Raises:
        UnusableDocument: the client makes no account of the answer.
    """
    if root.tag != f"{{{urls.ANY_RESPONSE}}}Autodiscover":
        raise UnusableDocument("the namespace of Autodiscover is not Microsoft's")
    if documents.error_code(root):
        raise UnusableDocument(f"ErrorCode {documents.error_code(root)}")
    response = documents.find_response(root, urls.OUTLOOK_RESPONSE)
    if response is None:
        raise UnusableDocument("the namespace of Response is not Outlook's")
    account = next(iter(documents.elements_at(response, "Account")), None)
    if account is None or documents.child_text(account, "AccountType") != "email":
        raise UnusableDocument("there is no Account of the type email")
    if documents.child_text(account, "Action") != "settings":
        raise UnusableDocument("Action is not settings")
    servers, reasons = documents.read_sections(
        documents.children(account, "Protocol"), lambda protocol: _protocol(protocol, address)
    )
    # [know] The first one for reading that it supports.
    incoming = next((server for server in servers if server.kind != "smtp"), None)
    outgoing = documents.first_server(servers, "smtp")
    if incoming is None or outgoing is None:
        raise UnusableDocument("; ".join(["no Protocol for reading or none for sending", *reasons]))
    return Account(incoming, outgoing)


def _warnings(root: etree._Element) -> tuple[str, ...]:
    kinds = [
        documents.child_text(protocol, "Type")
        for protocol in documents.protocols(root)
        if documents.child_text(protocol, "Type") in {"IMAP", "POP3", "SMTP"}
        and documents.child_text(protocol, "SPA").lower() != "off"
    ]
    if not kinds:
        return ()
    return (f"SPA is not off for {', '.join(kinds)}, so the client sends no plain password",)


def _protocol(protocol: etree._Element, address: EmailAddress) -> MailServer:
    kind = documents.mail_kind(protocol)
    host, port = (
        documents.child_text(protocol, "Server"),
        documents.parse_port(documents.child_text(protocol, "Port")),
    )
    if not host:
        raise UnusableDocument("there is no Server")
    # s2.2: SSL is on if it is missing, and Encryption overrides it.
    is_off = documents.child_text(protocol, "SSL").lower() == "off"
    fallback: ServerSecurity = "none" if is_off else "tls"
    security = _ENCRYPTION.get(documents.child_text(protocol, "Encryption").lower(), fallback)
    # s2.2: SPA is on if it is missing; then the client sends no plain password.
    is_off = documents.child_text(protocol, "SPA").lower() == "off"
    method = "password-cleartext" if is_off else "password-encrypted"
    login = documents.child_text(protocol, "LoginName") or str(address)
    return MailServer(kind, host.lower(), port, security, method, login)


OUTLOOK: Final = SimulatedClient(
    client=clients.OUTLOOK,
    version="classic, 2016 and newer; Microsoft's pages",
    date="2026-11",
    basis="doc",
    search=search,
    order=(
        (
            "GET `https://autodiscover.D/autodiscover/autodiscover.json"
            "?Email=E&Protocol=Autodiscoverv1&RedirectCount=1`; POST to the URL in the answer"
        ),
        "POST `https://D/autodiscover/autodiscover.xml`",
        "POST `https://autodiscover.D/autodiscover/autodiscover.xml`",
        (
            "GET `http://autodiscover.D/autodiscover/autodiscover.xml`, which must redirect to "
            "https; then POST to that URL"
        ),
        (
            "DNS: the SRV record `_autodiscover._tcp.D`; POST "
            "`https://HOST/autodiscover/autodiscover.xml` to the host that it names"
        ),
    ),
    notes=(
        "It uses the first incoming Protocol, so IMAP must come before POP3.",
        "It sends a plain password only if `SPA` is `off`.",
        "`Encryption` overrides `SSL`: `SSL` is TLS from the start, `TLS` is STARTTLS.",
        "The first POST has no password, so a server must not demand one.",
        "It asks again about every hour, so answers must stay the same.",
        (
            "If `RedirectAddr` names another address, it starts again with that address, at most "
            "ten times."
        ),
        "It ignores the port of an SRV record, and asks its user about a host of another domain.",
        "It asks Microsoft first about a domain that Microsoft regards as a Microsoft domain.",
    ),
    evidence=(
        "the URLs and their order: Microsoft support article 3211279",
        (
            "the spelling of the JSON request, and the POST after it: logs in "
            "mailcow/mailcow-dockerized#2300, 2019-02-11 (Outlook 16.0.11231), and #2653, "
            "2019-05-27 (MAPI 16.0.10344)"
        ),
    ),
    assumed=(
        "the host of the JSON request, which the logs do not contain",
        "that it continues with the URLs of the article if the JSON answer results in no account",
        "that the URL of the redirect may have a query, as the URL of the JSON request has",
    ),
)
