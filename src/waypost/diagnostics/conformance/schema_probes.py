"""Probes of the documents that few clients read, and of DNS: the rest of the rules.

A document is checked only if the server has it.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from waypost.core.address import EmailAddress
from waypost.diagnostics.comparison.answers import read_answer
from waypost.diagnostics.conformance.consistency import check_same_servers, check_user_enumeration
from waypost.diagnostics.conformance.probes import (
    HTTP_PROBES,
    Probe,
    check_statuses,
    has_autoconfig,
)
from waypost.diagnostics.conformance.redirect_loops import check_redirect_loops
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.document_checks.activesync import activesync_findings, json_findings
from waypost.diagnostics.document_checks.pacc import (
    HOST_LABEL,
    PATH,
    TXT_LABEL,
    digest_findings,
    pacc_findings,
)
from waypost.diagnostics.document_checks.profile import profile_findings
from waypost.diagnostics.simulated_clients import urls
from waypost.diagnostics.simulated_clients.apple import CONTENT_TYPE, profile_request
from waypost.diagnostics.simulated_clients.dns import DnsLookup
from waypost.diagnostics.simulated_clients.session import ClientRequest, ServerAnswer

# RFC 6186 s3.1 to s3.3, RFC 8314 s5.1: label, service, and whether TLS is used from the start.
SRV_LABELS: Final = (
    *(("_imaps", "imap", True), ("_imap", "imap", False), ("_pop3s", "pop3", True)),
    *(("_pop3", "pop3", False), ("_submissions", "smtp", True), ("_submission", "smtp", False)),
)
_PROTOCOLS: Final = ("AutodiscoverV1", "Autodiscoverv1", "ActiveSync")


def _check_activesync(target: ConformanceTarget) -> Iterator[str]:
    # MS-ASCMD: ErrorCode 601 if there is no provider of that schema.
    yield from activesync_findings(_activesync_response(target).body)


def _activesync_response(target: ConformanceTarget) -> ServerAnswer:
    return target.post_autodiscover(urls.autodiscover_body(target.address, mobile=True))


def _check_json(target: ConformanceTarget) -> Iterator[str]:
    for protocol in _PROTOCOLS:
        response = _json_response(target, protocol)
        if not response.status:
            continue  # If the name has no server, clients continue as after a 404.
        findings = json_findings(protocol, response.status, response.content_type, response.body)
        yield from (f"{protocol}: {finding}" for finding in findings)


def _json_response(target: ConformanceTarget, protocol: str) -> ServerAnswer:
    query = f"Email={quote(target.address, safe='')}&Protocol={protocol}&RedirectCount=1"
    path = "/autodiscover/autodiscover.json"
    host = f"autodiscover.{target.domain}"
    return target.http.send(ClientRequest("GET", "https", host, path, query))


def _has_json(target: ConformanceTarget) -> bool:
    return any(_json_response(target, protocol).status not in {0, 404} for protocol in _PROTOCOLS)


def _profile_response(target: ConformanceTarget) -> ServerAnswer:
    return target.http.send(profile_request(EmailAddress.parse(target.address)))


def _check_profile(target: ConformanceTarget) -> Iterator[str]:
    response = _profile_response(target)
    if response.content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        yield f"it is sent as {response.content_type[:60]!r}, not as {CONTENT_TYPE}"
    yield from profile_findings(response.body)


def _check_profile_is_stable(target: ConformanceTarget) -> Iterator[str]:
    first = _profile_response(target)
    second = target.http.send_again(profile_request(EmailAddress.parse(target.address)))
    if second.is_success and second.body != first.body:
        yield "the profile differs each time: installed again, it may add a second account"


def pacc_response(target: ConformanceTarget) -> ServerAnswer:
    """Return the answer at the URL where clients request the PACC document."""
    return target.http.send(ClientRequest("GET", "https", f"{HOST_LABEL}.{target.domain}", PATH))


def _check_pacc(target: ConformanceTarget) -> Iterator[str]:
    response = pacc_response(target)
    if "json" not in response.content_type.lower():
        yield f"it is sent as {response.content_type[:60]!r}, not as application/json"
    yield from pacc_findings(response.body)


def check_digest(target: ConformanceTarget) -> Iterator[str]:
    """Yield what is wrong with the digest in DNS of the PACC document."""
    response = pacc_response(target)
    txt_records = [
        record.data for record in target.resolve(DnsLookup("TXT", f"{TXT_LABEL}.{target.domain}"))
    ]
    if response.is_success:
        yield from digest_findings(response.body, txt_records)
    elif any(text.lower().startswith("v=uaac1") for text in txt_records):
        yield f"DNS has a digest, but there is no document at {HOST_LABEL}.{target.domain}"


def _check_srv_records(target: ConformanceTarget) -> Iterator[str]:
    response = target.get_autoconfig()
    address = EmailAddress.parse(target.address)
    services = read_answer("autoconfig", 200, response.body, address).services
    for label, kind, is_tls in SRV_LABELS:
        name = f"{label}._tcp.{target.domain}"
        matching_services = [
            service
            for service in services
            if service.kind == kind and (service.security == "tls") == is_tls
        ]
        endpoints = {(service.host_or_url, service.port) for service in matching_services}
        records = target.resolve(DnsLookup("SRV", name))
        for record in records:
            endpoint = (record.data, record.port)
            if record.data and endpoint not in endpoints:
                yield f"{name} names {record.data}:{record.port}, which Autoconfig does not name"
        if records and not any(record.data for record in records) and matching_services:
            host = matching_services[0].host_or_url
            yield f"{name} says that there is no such service, but Autoconfig names {host}"


def _has_activesync(target: ConformanceTarget) -> bool:
    return _activesync_response(target).is_success


def _has_profile(target: ConformanceTarget) -> bool:
    return _profile_response(target).is_success


def _has_pacc(target: ConformanceTarget) -> bool:
    return pacc_response(target).is_success


PROBES: Final[tuple[Probe, ...]] = (
    *HTTP_PROBES,
    Probe(
        "agreement",
        "all documents name the same servers",
        check_same_servers,
        is_applicable=has_autoconfig,
    ),
    Probe("users", "answers do not show which users exist", check_user_enumeration),
    Probe(
        "activesync",
        "the answer for ActiveSync follows Microsoft's schema",
        _check_activesync,
        is_applicable=_has_activesync,
    ),
    Probe(
        "json", "autodiscover.json answers as Exchange does", _check_json, is_applicable=_has_json
    ),
    Probe(
        "profile-keys",
        "a profile has the keys that Apple describes",
        _check_profile,
        is_applicable=_has_profile,
    ),
    Probe(
        "profile", "a profile stays the same", _check_profile_is_stable, is_applicable=_has_profile
    ),
    Probe("pacc", "the PACC document follows the draft", _check_pacc, is_applicable=_has_pacc),
    Probe("digest", "DNS has the digest of the PACC document", check_digest, needs_dns=True),
    Probe(
        "services",
        "SRV records and Autoconfig name the same servers",
        _check_srv_records,
        needs_dns=True,
        is_applicable=has_autoconfig,
    ),
    Probe("redirect-loop", "there is no redirect loop", check_redirect_loops),
    Probe("statuses", "no request gets 401 or a server error", check_statuses),
)
