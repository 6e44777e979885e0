"""Probes of the documents that few clients read, and of DNS: the rest of the rules.

A document is checked only if the server has it.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from waypost.core.address import EmailAddress
from waypost.diagnostics.comparison.answers import read_answer
from waypost.diagnostics.conformance.consistency import agreement, users
from waypost.diagnostics.conformance.probes import (
    HTTP_PROBES,
    Probe,
    has_autoconfig,
    statuses,
)
from waypost.diagnostics.conformance.redirect_loops import redirect_loops
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.document_checks.activesync import activesync_findings, json_findings
from waypost.diagnostics.document_checks.pacc import HOST, PATH, TXT, digest_findings, pacc_findings
from waypost.diagnostics.document_checks.profile import profile_findings
from waypost.diagnostics.simulated_clients import urls
from waypost.diagnostics.simulated_clients.apple import CONTENT_TYPE, profile_request
from waypost.diagnostics.simulated_clients.dns import DnsLookup
from waypost.diagnostics.simulated_clients.session import ClientRequest, ServerAnswer

# RFC 6186 s3.1 to s3.3, RFC 8314 s5.1: label, service, and whether TLS is used from the start.
LABELS: Final = (
    *(("_imaps", "imap", True), ("_imap", "imap", False), ("_pop3s", "pop3", True)),
    *(("_pop3", "pop3", False), ("_submissions", "smtp", True), ("_submission", "smtp", False)),
)
_PROTOCOLS: Final = ("AutodiscoverV1", "Autodiscoverv1", "ActiveSync")


def _activesync(target: ConformanceTarget) -> Iterator[str]:
    # MS-ASCMD: ErrorCode 601 if there is no provider of that schema.
    yield from activesync_findings(_for_activesync(target).body)


def _for_activesync(target: ConformanceTarget) -> ServerAnswer:
    return target.post(urls.pox_body(target.address, mobile=True))


def _json(target: ConformanceTarget) -> Iterator[str]:
    for protocol in _PROTOCOLS:
        response = _as_json(target, protocol)
        if not response.status:
            continue  # If the name has no server, clients continue as after a 404.
        said = json_findings(protocol, response.status, response.content_type, response.body)
        yield from (f"{protocol}: {what}" for what in said)


def _as_json(target: ConformanceTarget, protocol: str) -> ServerAnswer:
    query = f"Email={quote(target.address, safe='')}&Protocol={protocol}&RedirectCount=1"
    path = "/autodiscover/autodiscover.json"
    host = f"autodiscover.{target.domain}"
    return target.http.send(ClientRequest("GET", "https", host, path, query))


def _has_json(target: ConformanceTarget) -> bool:
    return any(_as_json(target, one).status not in {0, 404} for one in _PROTOCOLS)


def _profile_of(target: ConformanceTarget) -> ServerAnswer:
    return target.http.send(profile_request(EmailAddress.parse(target.address)))


def _profile(target: ConformanceTarget) -> Iterator[str]:
    response = _profile_of(target)
    if response.content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        yield f"it is sent as {response.content_type[:60]!r}, not as {CONTENT_TYPE}"
    yield from profile_findings(response.body)


def _same_profile(target: ConformanceTarget) -> Iterator[str]:
    first = _profile_of(target)
    again = target.http.send_again(profile_request(EmailAddress.parse(target.address)))
    if again.is_success and again.body != first.body:
        yield "the profile differs each time: installed again, it may add a second account"


def pacc_document(target: ConformanceTarget) -> ServerAnswer:
    """Return the answer at the URL where clients request the PACC document."""
    return target.http.send(ClientRequest("GET", "https", f"{HOST}.{target.domain}", PATH))


def _pacc(target: ConformanceTarget) -> Iterator[str]:
    response = pacc_document(target)
    if "json" not in response.content_type.lower():
        yield f"it is sent as {response.content_type[:60]!r}, not as application/json"
    yield from pacc_findings(response.body)


def digest(target: ConformanceTarget) -> Iterator[str]:
    """Yield what is wrong with the digest in DNS of the PACC document."""
    response = pacc_document(target)
    texts = [one.data for one in target.resolve(DnsLookup("TXT", f"{TXT}.{target.domain}"))]
    if response.is_success:
        yield from digest_findings(response.body, texts)
    elif any(text.lower().startswith("v=uaac1") for text in texts):
        yield f"DNS has a digest, but there is no document at {HOST}.{target.domain}"


def _services(target: ConformanceTarget) -> Iterator[str]:
    response = target.get_autoconfig()
    address = EmailAddress.parse(target.address)
    offers = read_answer("autoconfig", 200, response.body, address).offers
    for label, kind, is_tls in LABELS:
        name = f"{label}._tcp.{target.domain}"
        held = [one for one in offers if one.kind == kind and (one.security == "tls") == is_tls]
        places = {(one.place, one.port) for one in held}
        records = target.resolve(DnsLookup("SRV", name))
        for record in records:
            where = (record.data, record.port)
            if record.data and where not in places:
                yield f"{name} names {record.data}:{record.port}, which Autoconfig does not name"
        if records and not any(one.data for one in records) and held:
            yield f"{name} says that there is no such service, but Autoconfig names {held[0].place}"


def _has_activesync(target: ConformanceTarget) -> bool:
    return _for_activesync(target).is_success


def _has_profile(target: ConformanceTarget) -> bool:
    return _profile_of(target).is_success


def _has_pacc(target: ConformanceTarget) -> bool:
    return pacc_document(target).is_success


PROBES: Final[tuple[Probe, ...]] = (
    *HTTP_PROBES,
    Probe("agreement", "all documents name the same servers", agreement, applies=has_autoconfig),
    Probe("users", "answers do not show which users exist", users),
    Probe(
        "activesync",
        "the answer for ActiveSync follows Microsoft's schema",
        _activesync,
        applies=_has_activesync,
    ),
    Probe("json", "autodiscover.json answers as Exchange does", _json, applies=_has_json),
    Probe(
        "profile-keys",
        "a profile has the keys that Apple describes",
        _profile,
        applies=_has_profile,
    ),
    Probe("profile", "a profile stays the same", _same_profile, applies=_has_profile),
    Probe("pacc", "the PACC document follows the draft", _pacc, applies=_has_pacc),
    Probe("digest", "DNS has the digest of the PACC document", digest, needs_dns=True),
    Probe(
        "services",
        "SRV records and Autoconfig name the same servers",
        _services,
        needs_dns=True,
        applies=has_autoconfig,
    ),
    Probe("redirect-loop", "there is no redirect loop", redirect_loops),
    Probe("statuses", "no request gets 401 or a server error", statuses),
)
