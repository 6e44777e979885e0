"""Probes of what a server must do for every client: each sends requests and yields findings.

The sources are draft-ietf-mailmaint-autoconfig-06, Microsoft's POX pages (MS-OXDSCLI), MS-ASCMD,
and what the recorded clients do. Each probe has its reason in a comment.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from waypost.diagnostics.conformance.target import ConformanceTarget, has_services
from waypost.diagnostics.document_checks.mail_documents import (
    autoconfig_findings,
    autodiscover_findings,
)
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.session import (
    ClientRequest,
    ServerAnswer,
    UnusableDocument,
    describe,
)

_DTD: Final = b'<!DOCTYPE Autodiscover [<!ENTITY who "%s">]>'


@dataclass(frozen=True, slots=True)
class Probe:
    """A rule, and how it is checked.

    Attributes:
        needs_dns: the rule is skipped if DNS is not asked.
        is_applicable: returns whether the server has what the rule is about.
    """

    key: str
    description: str
    check: Callable[[ConformanceTarget], Iterator[str]]
    needs_dns: bool = False
    is_applicable: Callable[[ConformanceTarget], bool] = lambda _: True


def _check_autoconfig(target: ConformanceTarget) -> Iterator[str]:
    response = target.get_autoconfig()
    if not response.is_success:
        yield f"/mail/config-v1.1.xml: {describe(response)}"
        return
    # Thunderbird does not read the body of another type.
    if not response.content_type.lower().startswith(("text/xml", "application/xml")):
        yield f"it is sent as {response.content_type[:60]!r}, not as text/xml"
    yield from autoconfig_findings(response.body)


def _check_well_known(target: ConformanceTarget) -> Iterator[str]:
    first = target.get_autoconfig()
    query = urls.address_query(target.address)
    second = target.http.send(urls.well_known(target.domain, "https", query))
    if not second.is_success and not second.is_redirect:
        yield f"{urls.WELL_KNOWN_PATH}: {describe(second)}"
    elif first.is_success and second.is_success and first.body != second.body:
        yield f"{urls.WELL_KNOWN_PATH} differs from {urls.AUTOCONFIG_PATH}"


def _check_without_address(target: ConformanceTarget) -> Iterator[str]:
    # The parameter is optional for the client (s1.1, s1.2); three recorded clients omit it.
    for request in (urls.autoconfig(target.domain), urls.well_known(target.domain)):
        response = target.http.send(request)
        if not response.is_success and not response.is_redirect:
            yield f"{request.host}{request.path} without emailaddress: {describe(response)}"


def _check_uppercase_domain(target: ConformanceTarget) -> Iterator[str]:
    # RFC 4343: domain names have no case.
    address = f"{target.local_part}@{target.domain.upper()}"
    response = target.get_autoconfig(address)
    if not has_services(response):
        yield f"an address with a domain in capital letters: {describe(response)}"


def _check_unserved_domain(target: ConformanceTarget) -> Iterator[str]:
    domain = target.unserved_domain
    if target.serves_every_domain():
        yield f"every domain is served, {domain} too; name one that is not (--unserved)"
        return
    address = f"{target.local_part}@{domain}"
    response = target.get_autoconfig_of_unserved()
    if response.is_success:
        answer = describe(response)
        yield f"Autoconfig for a domain that is not served: {answer}, which is a success"
    elif response.status not in {0, 404}:
        # No answer at all (such as TLS refused for an unknown name) ends no search either.
        yield f"Autoconfig for a domain that is not served: {describe(response)} instead of 404"
    request = urls.autodiscover_request(
        f"autodiscover.{target.unserved_domain}", address, content_type="text/xml"
    )
    response = target.http.send(request)
    if response.is_success and not _has_error_code(response):
        answer = f"{describe(response)} without an ErrorCode"
        yield f"Autodiscover for a domain that is not served: {answer}"


def _check_autodiscover(target: ConformanceTarget) -> Iterator[str]:
    response = target.post_autodiscover(urls.autodiscover_body(target.address))
    if not response.is_success or _has_error_code(response):
        yield f"/autodiscover/autodiscover.xml: {describe(response)}, no settings"
        return
    if "xml" not in response.content_type.lower():
        yield f"it is sent as {response.content_type[:60]!r}, not as text/xml"
    yield from autodiscover_findings(response.body)


def _check_path_case(target: ConformanceTarget) -> Iterator[str]:
    # Three spellings were seen; the one that Outlook uses depends on its version.
    request = urls.autodiscover_request(
        f"autodiscover.{target.domain}", target.address, content_type="text/xml"
    )
    for path in ("/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml"):
        response = target.http.send(replace(request, path=path))
        if not _has_protocols(response):
            yield f"POST {path}: {describe(response)}"


def _check_content_types(target: ConformanceTarget) -> Iterator[str]:
    # Thunderbird sends a charset, FairEmail sends no Content-Type at all.
    for kind in ("text/xml; charset=utf-8", ""):
        host = f"autodiscover.{target.domain}"
        response = target.http.send(
            urls.autodiscover_request(host, target.address, content_type=kind)
        )
        if not _has_protocols(response):
            yield f"POST with {kind or 'no'} Content-Type: {describe(response)}"


def _check_get(target: ConformanceTarget) -> Iterator[str]:
    # Delta Chat sends this request, and ends its search at any successful XML.
    request = ClientRequest("GET", "https", f"autodiscover.{target.domain}", urls.AUTODISCOVER_PATH)
    response = target.http.send(request)
    if response.is_success:
        yield f"GET {request.path} is a success ({describe(response)})"


def _check_bad_xml(target: ConformanceTarget) -> Iterator[str]:
    # MS-OXDSCLI: ErrorCode 600 in a 200 for a malformed request; a plain 4xx is as good.
    bodies = {
        "XML that is not well-formed": b"<Autodiscover><Request>",
        "no XML at all": b"\x00\xff{}",
        "XML without an address": b"<Autodiscover/>",
    }
    for description, body in bodies.items():
        response = target.post_autodiscover(body)
        if not response.status or response.status >= 500:
            yield f"{description}: {describe(response)}"


def _check_entities(target: ConformanceTarget) -> Iterator[str]:
    plain = urls.autodiscover_body(target.address)
    head, mark, rest = plain.partition(b"<Autodiscover")
    address = target.address.encode()
    body = head + _DTD % address + mark + rest.replace(address, b"&who;")
    response = target.post_autodiscover(body)
    if _has_protocols(response):
        yield "an entity that the client defines is expanded"
    elif response.status >= 500:
        yield f"a document type definition: {describe(response)}"


def _check_soap(target: ConformanceTarget) -> Iterator[str]:
    # Clients that try Exchange's SOAP first continue after a 404.
    host = f"autodiscover.{target.domain}"
    path = "/autodiscover/autodiscover.svc"
    headers = (("Content-Type", "text/xml; charset=utf-8"),)
    response = target.http.send(ClientRequest("POST", "https", host, path, "", headers, b"<a/>"))
    if response.is_success or response.status == 401:
        yield f"POST {path}: {describe(response)}"


def _check_head(target: ConformanceTarget) -> Iterator[str]:
    # RFC 9110 s9.3.2.
    request = urls.autoconfig(target.domain, "https", urls.address_query(target.address))
    response = target.send_following_redirects(replace(request, method="HEAD"))
    if not response.is_success:
        yield f"HEAD {request.path}: {describe(response)}"


def check_statuses(target: ConformanceTarget) -> Iterator[str]:
    """Yield each status of earlier answers that is 401 or a server error."""
    # Calendars and address books ask for a password, and other servers need not know WebDAV.
    exchanges = [exchange for exchange in target.http.exchanges if exchange[0].method != "PROPFIND"]
    error_statuses = {response.status for _, response in exchanges}
    for status in sorted(status for status in error_statuses if status == 401 or status >= 500):
        requests = [r for r, response in exchanges if response.status == status]
        times = f"{len(requests)} times, first at" if len(requests) > 1 else "at"
        yield f"status {status} {times} {requests[0].method} {requests[0].path}"


def _has_error_code(response: ServerAnswer) -> bool:
    try:
        return bool(documents.error_code(documents.parse(response.body)))
    except UnusableDocument:
        return False


def _has_protocols(response: ServerAnswer) -> bool:
    try:
        root = documents.parse(response.body)
    except UnusableDocument:
        return False
    return response.is_success and any(True for _ in documents.protocols(root))


def has_autoconfig(target: ConformanceTarget) -> bool:
    """Return whether the server has an Autoconfig document."""
    return target.get_autoconfig().is_success


def _has_autodiscover(target: ConformanceTarget) -> bool:
    return _has_protocols(target.post_autodiscover(urls.autodiscover_body(target.address)))


HTTP_PROBES: Final[tuple[Probe, ...]] = (
    Probe("autoconfig", "the Autoconfig document follows the draft", _check_autoconfig),
    Probe("well-known", "the well-known URL returns the same document", _check_well_known),
    Probe("no-address", "the Host header is enough without an address", _check_without_address),
    Probe(
        "capitals",
        "the case of the domain is ignored",
        _check_uppercase_domain,
        is_applicable=has_autoconfig,
    ),
    Probe("unserved", "a domain that is not served is refused clearly", _check_unserved_domain),
    Probe(
        "autodiscover", "the Autodiscover answer follows Microsoft's schema", _check_autodiscover
    ),
    Probe(
        "spellings",
        "the case of Autodiscover's path is ignored",
        _check_path_case,
        is_applicable=_has_autodiscover,
    ),
    Probe(
        "content-types",
        "Autodiscover answers with any Content-Type",
        _check_content_types,
        is_applicable=_has_autodiscover,
    ),
    Probe("get", "a GET request to Autodiscover ends no search", _check_get),
    Probe("bad-xml", "broken XML is a client error, not a server error", _check_bad_xml),
    Probe("entities", "entities are not expanded", _check_entities),
    Probe("soap", "there is no SOAP endpoint", _check_soap),
    Probe("head", "HEAD works where GET works", _check_head, is_applicable=has_autoconfig),
)
