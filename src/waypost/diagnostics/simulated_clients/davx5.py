"""DAVx5, from its source (bitfireAT/davx5-ose 2534c16, dav4jvm 0532b07 [code]).

The record ends if a server answers as CalDAV or CardDAV, or asks for a password; requests with the
password are not recorded. Of several SRV records with the lowest priority, DAVx5 chooses one at
random, by weight; the record uses the one with the highest weight.
"""

from collections.abc import Generator
from typing import Final

from waypost.core import clients
from waypost.diagnostics.simulated_clients import documents
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.lookups import look_up
from waypost.diagnostics.simulated_clients.session import (
    ClientRequest,
    ClientSession,
    ClientUser,
    Outcome,
    RequestOrLookup,
    ServerAnswer,
    UnusableDocument,
    describe,
    follow_redirects,
)
from waypost.formats.xml import child, in_namespace, to_bytes

_KINDS: Final = ("carddav", "caldav")
_REDIRECTS_MAX: Final = 5
_MULTI_STATUS: Final = 207
_UNAUTHORIZED: Final = 401
_HTTPS_PORT: Final = 443


def search(user: ClientUser) -> ClientSession:
    """Search for address books, then for calendars; one of them is enough."""
    services: list[str] = []
    reasons: list[str] = []
    for service_type in _KINDS:
        url = yield from _find_service(service_type, user.domain, reasons)
        if url:
            services.append(f"{service_type} {url}")
    return Outcome(reasons=tuple(reasons), other_services=tuple(services))


def _find_service(
    service_type: str, domain: str, reasons: list[str]
) -> Generator[RequestOrLookup, ServerAnswer, str]:
    # [code] `_caldav` and `_carddav`, which are not encrypted, are never looked up.
    name = f"_{service_type}s._tcp.{domain}"
    records = yield from look_up("SRV", name)
    srv_record = min(records, key=lambda record: (record.priority, -record.weight), default=None)
    txt_records = yield from look_up("TXT", name)
    paths = [record.data[5:] for record in txt_records if record.data.startswith("path=")]
    if srv_record is not None and not srv_record.data:
        # [code] DAVx5 does not check for the target ".", which is no host.
        reasons.append(f"DNS SRV {name}: there is no such service")
        return ""
    host = domain if srv_record is None else srv_record.data
    if srv_record is not None and srv_record.port != _HTTPS_PORT:
        host = f"{host}:{srv_record.port}"
    for path in (*paths, f"/.well-known/{service_type}", "/"):
        request = _propfind(host, path)
        last_request, response = yield from _follow_redirects(request)
        try:
            _require_dav(response)
        except UnusableDocument as error:
            reasons.append(f"{last_request.url}: {error}")
            continue
        return last_request.url
    return ""


def _follow_redirects(
    request: ClientRequest,
) -> Generator[ClientRequest, ServerAnswer, tuple[ClientRequest, ServerAnswer]]:
    """Send a request, follow redirects, and return the last request with its answer."""
    # [code] It follows no redirect from https to http.
    redirects = follow_redirects(request, max_redirects=_REDIRECTS_MAX, allow_downgrade=False)
    last_request = next(redirects)
    while True:
        response = yield last_request
        try:
            last_request = redirects.send(response)
        except StopIteration as end:
            return last_request, end.value


def _propfind(host: str, path: str) -> ClientRequest:
    """Return a PROPFIND for the principal of the current user (RFC 5397 s3)."""
    root = in_namespace("propfind", "DAV:")
    child(child(root, "prop"), "current-user-principal")
    headers = ("Depth", "0"), ("Content-Type", "application/xml; charset=utf-8")
    absolute_path = path if path.startswith("/") else f"/{path}"
    return ClientRequest("PROPFIND", "https", host, absolute_path, "", headers, to_bytes(root))


def _require_dav(response: ServerAnswer) -> None:
    """Check that a server asks for a password, or names a principal.

    Raises:
        UnusableDocument: the server does neither.
    """
    if response.status == _UNAUTHORIZED:
        return
    if response.status != _MULTI_STATUS:
        raise UnusableDocument(describe(response))
    if not any(True for _ in documents.parse(response.body).iter("{DAV:}current-user-principal")):
        raise UnusableDocument("the answer names no current-user-principal")


DAVX5: Final = SimulatedClient(
    client=clients.DAVX5,
    version="source 2534c16",
    date="2026-08-21",
    basis="code",
    search=search,
    order=(
        "DNS: the SRV record `_carddavs._tcp.D`, and the TXT record of the same name",
        (
            "PROPFIND by https on the host and port of the SRV record, or else on D: each `path=` "
            "of the TXT record, then `/.well-known/carddav`, then `/`"
        ),
        "the same with `_caldavs` and `/.well-known/caldav`",
    ),
    notes=(
        "It sets up calendars and address books, but no mail.",
        "It uses only https: it does not look up `_caldav` and `_carddav`.",
        "It follows up to five redirects, also to other hosts, but none from https to http.",
        (
            "The record is for a login with an address. If its user types a URL, it requests that "
            "URL first."
        ),
    ),
    expects_account=False,
    needs="CalDAV or CardDAV",
)
