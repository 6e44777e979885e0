"""Probes of what a server must do for every client: each sends requests and yields findings.

The sources are draft-ietf-mailmaint-autoconfig-06, Microsoft's POX pages (MS-OXDSCLI), MS-ASCMD,
and what the recorded clients do. Each probe has its reason in a comment.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from waypost.diagnostics.document_checks.mail_documents import (
    autoconfig_findings,
    autodiscover_findings,
)
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup, Resolver
from waypost.diagnostics.simulated_clients.session import (
    ClientRequest,
    ServerAnswer,
    UnusableDocument,
    described,
    followed,
)
from waypost.diagnostics.transports.http_client import Wire

_DTD: Final = b'<!DOCTYPE Autodiscover [<!ENTITY who "%s">]>'


@dataclass(frozen=True, slots=True)
class Asked:
    """The server and the domain that are checked.

    Attributes:
        unserved: a domain that the server must not know.
        resolver: answers DNS look-ups; None if DNS is not asked.
    """

    wire: Wire
    local_part: str
    domain: str
    unserved: str
    resolver: Resolver | None = None

    @property
    def address(self) -> str:
        """Return the address at the served domain."""
        return f"{self.local_part}@{self.domain}"

    def resolve(self, lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        """Return the records that DNS has; none if DNS is not asked.

        Raises:
            NamesUnavailable: DNS does not answer.
        """
        records = () if self.resolver is None else self.resolver(lookup)
        for record in records if lookup.type != "TXT" else ():
            self.wire.add_host(record.data)
        return records

    def autoconfig(self, address: str | None = None) -> ServerAnswer:
        """Return the answer at the draft's first URL."""
        query = urls.encoded(address or self.address)
        return self.follow(urls.autoconfig(self.domain, "https", query))

    def follow(self, request: ClientRequest) -> ServerAnswer:
        """Return the answer after all redirects, which most clients follow."""
        asking = followed(request)
        question = next(asking)
        while True:
            try:
                question = asking.send(self.wire.answer(question))
            except StopIteration as end:
                answer: ServerAnswer = end.value
                return answer

    def serves_strangers(self) -> bool:
        """Return whether the server serves the domain that it must not know."""
        return _has_services(self.of_stranger())

    def of_stranger(self) -> ServerAnswer:
        """Return the Autoconfig answer for the domain that the server must not know."""
        query = urls.encoded(f"{self.local_part}@{self.unserved}")
        return self.follow(urls.autoconfig(self.unserved, "https", query))

    def post(self, body: bytes) -> ServerAnswer:
        """Send an Autodiscover body, and return the answer."""
        request = urls.pox(f"autodiscover.{self.domain}", self.address, content_type="text/xml")
        return self.wire.answer(replace(request, body=body))


@dataclass(frozen=True, slots=True)
class Probe:
    """A rule, and how it is checked.

    Attributes:
        needs_dns: the rule is skipped if DNS is not asked.
        applies: returns whether the server has what the rule is about.
    """

    key: str
    about: str
    finds: Callable[[Asked], Iterator[str]]
    needs_dns: bool = False
    applies: Callable[[Asked], bool] = lambda _: True


def _document(asked: Asked) -> Iterator[str]:
    response = asked.autoconfig()
    if not response.is_success:
        yield f"/mail/config-v1.1.xml: {described(response)}"
        return
    # Thunderbird does not read the body of another type.
    if not response.content_type.lower().startswith(("text/xml", "application/xml")):
        yield f"it is sent as {response.content_type[:60]!r}, not as text/xml"
    yield from autoconfig_findings(response.body)


def _well_known(asked: Asked) -> Iterator[str]:
    first = asked.autoconfig()
    query = urls.encoded(asked.address)
    second = asked.wire.answer(urls.well_known(asked.domain, "https", query))
    if not second.is_success and not second.is_redirect:
        yield f"{urls.WELL_KNOWN}: {described(second)}"
    elif first.is_success and second.is_success and first.body != second.body:
        yield f"{urls.WELL_KNOWN} differs from {urls.MAIL}"


def _without_address(asked: Asked) -> Iterator[str]:
    # The parameter is optional for the client (s1.1, s1.2); three recorded clients omit it.
    for request in (urls.autoconfig(asked.domain), urls.well_known(asked.domain)):
        response = asked.wire.answer(request)
        if not response.is_success and not response.is_redirect:
            yield f"{request.host}{request.path} without emailaddress: {described(response)}"


def _capitals(asked: Asked) -> Iterator[str]:
    # RFC 4343: domain names have no case.
    address = f"{asked.local_part}@{asked.domain.upper()}"
    response = asked.autoconfig(address)
    if not _has_services(response):
        yield f"an address with a domain in capital letters: {described(response)}"


def _unserved(asked: Asked) -> Iterator[str]:
    if asked.serves_strangers():
        yield f"every domain is served, {asked.unserved} too; name one that is not (--unserved)"
        return
    address = f"{asked.local_part}@{asked.unserved}"
    response = asked.of_stranger()
    if response.is_success:
        answer = described(response)
        yield f"Autoconfig for a domain that is not served: {answer}, which is a success"
    elif response.status not in {0, 404}:
        # No answer at all (such as TLS refused for an unknown name) ends no search either.
        yield f"Autoconfig for a domain that is not served: {described(response)} instead of 404"
    request = urls.pox(f"autodiscover.{asked.unserved}", address, content_type="text/xml")
    response = asked.wire.answer(request)
    if response.is_success and not _refuses(response):
        answer = f"{described(response)} without an ErrorCode"
        yield f"Autodiscover for a domain that is not served: {answer}"


def _autodiscover(asked: Asked) -> Iterator[str]:
    response = asked.post(urls.pox_body(asked.address))
    if not response.is_success or _refuses(response):
        yield f"/autodiscover/autodiscover.xml: {described(response)}, no settings"
        return
    if "xml" not in response.content_type.lower():
        yield f"it is sent as {response.content_type[:60]!r}, not as text/xml"
    yield from autodiscover_findings(response.body)


def _spellings(asked: Asked) -> Iterator[str]:
    # Three spellings were seen; the one that Outlook uses depends on its version.
    request = urls.pox(f"autodiscover.{asked.domain}", asked.address, content_type="text/xml")
    for path in ("/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml"):
        response = asked.wire.answer(replace(request, path=path))
        if not _has_protocols(response):
            yield f"POST {path}: {described(response)}"


def _content_types(asked: Asked) -> Iterator[str]:
    # Thunderbird sends a charset, FairEmail sends no Content-Type at all.
    for kind in ("text/xml; charset=utf-8", ""):
        host = f"autodiscover.{asked.domain}"
        response = asked.wire.answer(urls.pox(host, asked.address, content_type=kind))
        if not _has_protocols(response):
            yield f"POST with {kind or 'no'} Content-Type: {described(response)}"


def _probe_by_get(asked: Asked) -> Iterator[str]:
    # Delta Chat sends this request, and ends its search at any successful XML.
    request = ClientRequest("GET", "https", f"autodiscover.{asked.domain}", urls.AUTODISCOVER)
    response = asked.wire.answer(request)
    if response.is_success:
        yield f"GET {request.path} is a success ({described(response)})"


def _bad_xml(asked: Asked) -> Iterator[str]:
    # MS-OXDSCLI: ErrorCode 600 in a 200 for a malformed request; a plain 4xx is as good.
    bodies = {
        "XML that is not well-formed": b"<Autodiscover><Request>",
        "no XML at all": b"\x00\xff{}",
        "XML without an address": b"<Autodiscover/>",
    }
    for what, body in bodies.items():
        response = asked.post(body)
        if not response.status or response.status >= 500:
            yield f"{what}: {described(response)}"


def _entities(asked: Asked) -> Iterator[str]:
    plain = urls.pox_body(asked.address)
    head, mark, rest = plain.partition(b"<Autodiscover")
    address = asked.address.encode()
    body = head + _DTD % address + mark + rest.replace(address, b"&who;")
    response = asked.post(body)
    if _has_protocols(response):
        yield "an entity that the client defines is expanded"
    elif response.status >= 500:
        yield f"a document type definition: {described(response)}"


def _soap(asked: Asked) -> Iterator[str]:
    # Clients that try Exchange's SOAP first continue after a 404.
    host = f"autodiscover.{asked.domain}"
    path = "/autodiscover/autodiscover.svc"
    headers = (("Content-Type", "text/xml; charset=utf-8"),)
    response = asked.wire.answer(ClientRequest("POST", "https", host, path, "", headers, b"<a/>"))
    if response.is_success or response.status == 401:
        yield f"POST {path}: {described(response)}"


def _head(asked: Asked) -> Iterator[str]:
    # RFC 9110 s9.3.2.
    request = urls.autoconfig(asked.domain, "https", urls.encoded(asked.address))
    response = asked.follow(replace(request, method="HEAD"))
    if not response.is_success:
        yield f"HEAD {request.path}: {described(response)}"


def statuses(asked: Asked) -> Iterator[str]:
    """Yield each status of earlier answers that is 401 or a server error."""
    # Calendars and address books ask for a password, and other servers need not know WebDAV.
    held = [one for one in asked.wire.exchanges if one[0].method != "PROPFIND"]
    found = {response.status for _, response in held}
    for status in sorted(one for one in found if one == 401 or one >= 500):
        where = [r for r, response in held if response.status == status]
        times = f"{len(where)} times, first at" if len(where) > 1 else "at"
        yield f"status {status} {times} {where[0].method} {where[0].path}"


def _refuses(response: ServerAnswer) -> bool:
    try:
        return bool(documents.refusal(documents.parsed(response.body)))
    except UnusableDocument:
        return False


def _has_protocols(response: ServerAnswer) -> bool:
    try:
        root = documents.parsed(response.body)
    except UnusableDocument:
        return False
    return response.is_success and any(True for _ in documents.protocols(root))


def _has_services(response: ServerAnswer) -> bool:
    try:
        provider = documents.provider_of(response.body)
    except UnusableDocument:
        return False
    return response.is_success and bool(documents.children(provider, "incomingServer"))


def has_autoconfig(asked: Asked) -> bool:
    """Return whether the server has an Autoconfig document."""
    return asked.autoconfig().is_success


def _has_autodiscover(asked: Asked) -> bool:
    return _has_protocols(asked.post(urls.pox_body(asked.address)))


HTTP_PROBES: Final[tuple[Probe, ...]] = (
    Probe("autoconfig", "the Autoconfig document follows the draft", _document),
    Probe("well-known", "the well-known URL returns the same document", _well_known),
    Probe("no-address", "the Host header is enough without an address", _without_address),
    Probe("capitals", "the case of the domain is ignored", _capitals, applies=has_autoconfig),
    Probe("unserved", "a domain that is not served is refused clearly", _unserved),
    Probe("autodiscover", "the Autodiscover answer follows Microsoft's schema", _autodiscover),
    Probe(
        "spellings",
        "the case of Autodiscover's path is ignored",
        _spellings,
        applies=_has_autodiscover,
    ),
    Probe(
        "content-types",
        "Autodiscover answers with any Content-Type",
        _content_types,
        applies=_has_autodiscover,
    ),
    Probe("get", "a GET request to Autodiscover ends no search", _probe_by_get),
    Probe("bad-xml", "broken XML is a client error, not a server error", _bad_xml),
    Probe("entities", "entities are not expanded", _entities),
    Probe("soap", "there is no SOAP endpoint", _soap),
    Probe("head", "HEAD works where GET works", _head, applies=has_autoconfig),
)
