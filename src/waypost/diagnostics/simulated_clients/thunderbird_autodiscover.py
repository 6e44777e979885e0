"""Autodiscover in Thunderbird, in parallel with all else [code]."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from waypost.core.address import EmailAddress
from waypost.core.errors import AddressError
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.hosts import is_host_or_ip
from waypost.diagnostics.simulated_clients.lookups import base_domain, look_up
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientUser,
    MailServer,
    Outcome,
    RequestOrLookup,
    ServerAnswer,
    ServerSecurity,
    UnusableDocument,
    describe,
    require,
)

# [run] A body of another type is not parsed as XML.
XML_TYPES: Final = ("text/xml", "application/xml", "text/rdf")
# [code] The number of other addresses that it follows.
REDIRECTS_MAX: Final = 2
_STARTTLS_PORTS: Final = frozenset({143, 110, 25, 587})


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer of one URL, and what the client asks its user before it uses the answer."""

    request: ClientRequest
    response: ServerAnswer
    warnings: tuple[str, ...] = ()


def search_autodiscover(user: ClientUser) -> Generator[RequestOrLookup, ServerAnswer, Outcome]:
    """POST to three URLs and to the host in DNS; the best successful answer is read.

    No password is sent if the user typed none.
    """
    local_part, domain = user.typed_address.rpartition("@")[0], user.domain
    for _ in range(REDIRECTS_MAX + 1):
        answers = yield from _send_requests(f"{local_part}@{domain}", domain)
        best = next((answer for answer in answers if answer.response.is_success), answers[0])
        try:
            root = _parse(best.response)
            target = _redirect_address(root)
            if target is None:
                account = _account(root, user.address)
                return Outcome(account, source=best.request.url, warnings=best.warnings)
        except UnusableDocument as error:
            return Outcome(reasons=(f"Autodiscover: {error}",))
        local_part, domain = target.local_part, target.domain.ascii
    return Outcome(reasons=("Autodiscover: more redirects than the client follows",))


def _send_requests(
    address: str, domain: str
) -> Generator[RequestOrLookup, ServerAnswer, list[_Answer]]:
    """Send all requests, whatever the answers are; the most preferred one comes first."""
    name = f"autodiscover.{domain}"
    answers = []
    for request in (
        urls.autodiscover_request(name, address),
        urls.autodiscover_request(domain, address),
    ):
        response = yield request
        answers.append(_Answer(request, response))
    # [code] Useful only if it redirects to https; then it POSTs again.
    plain = urls.autodiscover_request(name, address, scheme="http")
    response = yield plain
    target = plain.redirected_to(response.location) if response.is_redirect else None
    if target is not None and target.scheme == "https":
        response = yield target
        answers.append(_Answer(target, response, _trust_warning(target.host, domain)))
    records = yield from look_up("SRV", f"_autodiscover._tcp.{domain}")
    # [code] The record with the lowest weight, whatever its priority and port.
    hosts = [
        record.data for record in sorted(records, key=lambda record: record.weight) if record.data
    ]
    if hosts:
        request = urls.autodiscover_request(hosts[0], address)
        response = yield request
        answers.append(_Answer(request, response, _trust_warning(hosts[0], domain)))
    return answers


def _trust_warning(host: str, domain: str) -> tuple[str, ...]:
    if base_domain(host) == base_domain(domain):
        return ()
    return (f"the client asks its user whether to trust {host}",)


def _parse(response: ServerAnswer) -> etree._Element:
    require(response.is_success, describe(response))
    require(response.content_type.lower().startswith(XML_TYPES), "the answer is not sent as XML")
    root = documents.parse(response.body)
    require(not documents.error_code(root), f"ErrorCode {documents.error_code(root)}")
    return root


def _redirect_address(root: etree._Element) -> EmailAddress | None:
    for account in documents.elements_at(root, "Response", "Account"):
        if text := documents.child_text(account, "RedirectAddr"):
            try:
                return EmailAddress.parse(text)
            except AddressError as error:
                raise UnusableDocument("RedirectAddr is not an address") from error
    return None


def _account(root: etree._Element, address: EmailAddress) -> Account:
    servers, reasons = documents.read_sections(
        documents.protocols(root), lambda protocol: _protocol(protocol, address)
    )
    incoming = next((server for server in servers if server.kind != "smtp"), None)
    outgoing = documents.first_server(servers, "smtp")
    if incoming is None or outgoing is None:
        raise UnusableDocument("; ".join(["no Protocol for reading or none for sending", *reasons]))
    return Account(incoming, outgoing)


def _protocol(protocol: etree._Element, address: EmailAddress) -> MailServer:
    kind = documents.mail_kind(protocol)
    host, port = (
        documents.child_text(protocol, "Server"),
        documents.parse_port(documents.child_text(protocol, "Port")),
    )
    if not is_host_or_ip(host):
        raise UnusableDocument(f"Server {host[:40]!r} is not a host name")
    security: ServerSecurity = "starttls" if port in _STARTTLS_PORTS else "tls"
    # [run] One of them is enough, even if the other one says TLS.
    ssl = documents.child_text(protocol, "SSL").lower()
    if ssl == "off" or documents.child_text(protocol, "Encryption").lower() == "none":
        security = "none"
    is_secure = documents.child_text(protocol, "SPA").lower() == "on"
    method = "password-encrypted" if is_secure else "password-cleartext"
    login = documents.child_text(protocol, "LoginName") or str(address)
    return MailServer(kind, host.lower(), port, security, method, login)
