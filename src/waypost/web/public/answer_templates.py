"""Answers that differ from an earlier one only in the address, given at once.

The router and a handler answer the first request of a kind. If the handler says that the answer is
the same for other users (`Response.shared`), it is kept in pieces. A later request with the same
bytes around the address, and with known header fields, is answered from these pieces: no parser, no
task, no lookup except for the domain in memory. docs/decisions/0026-answer-templates.md explains
why both ways give the same bytes, log lines and metrics.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from waypost.core.address import ANONYMOUS_LOCAL_PART, DomainName, EmailAddress
from waypost.core.clients import log_name_of
from waypost.core.document_template import DocumentTemplate
from waypost.core.errors import DomainError
from waypost.core.model import Domain, MatchKind
from waypost.lookup.lookup import FreshDomains
from waypost.lookup.render_cache import is_like_any_domain
from waypost.runtime.lru import LruCache
from waypost.runtime.metrics import Metrics
from waypost.web.app_context import AccessLogEntry
from waypost.web.public.access_log import AccessLog, LineTemplate
from waypost.web.public.hosts import WWW
from waypost.web.public.request import Request
from waypost.web.public.response import Response, SharedAnswer

Headers = Sequence[tuple[bytes, bytes]]

DOMAINS_MAX: Final = 10_000
"""How many domains of each kind have answers here: served by name, by a pattern, and not served."""
HEADER_BLOCKS_MAX: Final = 2_000
TEMPLATES_MAX: Final = 2_000
REQUEST_MAX_BYTES: Final = 1024
"""Longer requests are not kept: any client can invent as many as the tables hold."""
_LOCAL_PART: Final = rb"([A-Za-z0-9._-]{1,64})"
_DOMAIN: Final = rb"([a-z0-9.-]{1,189})"
_GET: Final = re.compile(
    # No address in the path.
    rb"(GET [^?@% \r\n]{1,60}\?[A-Za-z]{1,20}=)"
    + _LOCAL_PART
    + b"(?:@|%40)"
    + _DOMAIN
    + rb"((?:&[A-Za-z]{1,20}=[A-Za-z0-9]{1,20}){0,2} HTTP/1\.1\r\n)"
)
_BODY: Final = re.compile(rb">" + _LOCAL_PART + b"@" + _DOMAIN + b"<")
_END_OF_HEAD: Final = b"\r\n\r\n"
# Answers do not depend on these fields. All others are read by the router and the handlers.
# `From` is not one of them: it would keep the addresses of users in memory.
_IGNORED: Final = frozenset(
    {
        *(b"host", b"user-agent", b"dnt", b"priority", b"pragma"),
        *(b"accept", b"accept-charset", b"accept-encoding", b"accept-language"),
        *(b"cache-control", b"content-type", b"content-length", b"connection"),
    }
)
_CLOSES: Final = {b"": False, b"keep-alive": False, b"close": True}
_CLOSED: Final = b"\r\nconnection: close\r\n\r\n"
_ANONYMOUS_LOCAL_PART: Final = ANONYMOUS_LOCAL_PART.encode()


class AnswerBytes(NamedTuple):
    """A whole answer: the bytes to send, and whether the connection is closed after them."""

    data: bytes
    closes: bool


class _Parts(NamedTuple):
    """A request, divided around the address: the bytes of `around` are the same for all users."""

    around: tuple[bytes, ...]
    local_part: bytes
    domain: bytes
    header_block: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class _HeaderBlock:
    """What a block of header fields means, byte for byte."""

    client: str
    closes: bool
    body_length: int
    content_type: bytes | None


@dataclass(frozen=True, slots=True)
class _AnswerTemplate:
    """An answer for all users of a provider, in pieces."""

    status_line: bytes
    before_etag: tuple[bytes, ...]  # in pieces around the domain
    after_etag: bytes
    has_etag: bool
    document: DocumentTemplate
    sign: Callable[[bytes], bytes | None] | None
    separators: frozenset[int]
    line: tuple[object, ...]
    count: Callable[[], None]


@dataclass(slots=True)
class _KnownDomain:
    """A domain whose answer is known, as long as its entry stays the same."""

    name: DomainName
    entry: Domain | None
    content_type: bytes | None
    template: _AnswerTemplate


_Cache = LruCache[tuple[tuple[bytes, ...], bytes], _KnownDomain]


class AnswerTemplates:
    """The answers that one worker has given, in pieces."""

    def __init__(self) -> None:
        """Create an empty cache; nothing is kept before `open`."""
        self._domains: FreshDomains | None = None
        self._by_provider: LruCache[tuple[object, ...], _KnownDomain] = LruCache(TEMPLATES_MAX)
        self._served = _Cache(DOMAINS_MAX)
        self._by_pattern = _Cache(DOMAINS_MAX)
        self._not_served = _Cache(DOMAINS_MAX)
        self._header_blocks: LruCache[bytes, _HeaderBlock] = LruCache(HEADER_BLOCKS_MAX)
        self._templates: LruCache[tuple[object, ...], _AnswerTemplate] = LruCache(TEMPLATES_MAX)
        self._lines: LruCache[tuple[object, ...], LineTemplate] = LruCache(TEMPLATES_MAX)
        self._default_headers: Headers = []
        self._encoded_headers = b""

    def open(self, domains: FreshDomains, log: AccessLog, metrics: Metrics) -> None:
        """Begin to keep answers.

        Args:
            domains: says which entries are still valid.
            log: gets a line for each answer.
            metrics: counts the answers.
        """
        self._log, self._metrics = log, metrics
        self._domains = domains

    def answer(self, data: bytes, peer: str | None, default_headers: Headers) -> AnswerBytes | None:
        """Return the answer to one complete request, or None if the router must answer.

        Args:
            data: what a connection has received, between two requests.
            peer: the address of the client, as the log shows it.
            default_headers: those of the server, such as Date.
        """
        start = perf_counter()
        if (found := self._find(data, peer)) is None:
            return None
        parts, block, known, line = found
        template, local_part, domain = known.template, parts.local_part, known.name.ascii.encode()
        body = template.document.document(local_part, domain)
        if template.sign is not None:
            signed = template.sign(body)
            if signed is None:
                return None
            body = signed
        if default_headers is not self._default_headers:
            self._default_headers = default_headers
            self._encoded_headers = _encoded(default_headers)
        whole = b"".join(
            (
                template.status_line,
                self._encoded_headers,
                domain.join(template.before_etag),
                template.document.etag(local_part, domain) if template.has_etag else b"",
                template.after_etag,
                b"%d" % len(body),
                _CLOSED if block.closes else _END_OF_HEAD,
                body,
            )
        )
        line.write(peer, (perf_counter() - start) * 1000, local_part.decode(), known.name.ascii)
        self._metrics.cache_hit()
        self._metrics.count_dropped_log_lines(self._log.count_dropped_lines())
        template.count()
        return AnswerBytes(whole, block.closes)

    def _find(
        self, data: bytes, peer: str | None
    ) -> tuple[_Parts, _HeaderBlock, _KnownDomain, LineTemplate] | None:
        """Return a request in parts, and what is known of it; None if the router must answer."""
        if (parts := _divided(data)) is None:
            return None
        block = self._header_blocks.get(parts.header_block)
        if block is None or block.body_length != len(parts.body):
            return None
        known = self._domain(parts)
        if known is None or known.content_type != block.content_type:
            return None
        line = self._lines.get((known.template.line, block.client, peer is None))
        if line is None or not known.template.separators.isdisjoint(parts.local_part):
            return None
        return parts, block, known, line

    def _domain(self, parts: _Parts) -> _KnownDomain | None:
        key = (parts.around, parts.domain)
        known = self._served.get(key) or self._not_served.get(key) or self._by_pattern.get(key)
        if known is None:
            return self._of_same_provider(parts)
        return known if self._is_fresh(known) else None

    def learn(
        self,
        data: bytes,
        request: Request,
        response: Response,
        format_name: str,
        log_entry: AccessLogEntry,
    ) -> None:
        """Keep the answer to a request, if other users get the same.

        Args:
            data: what the connection received: the request, and perhaps more.
            request: the request.
            response: the answer.
            format_name: its name in metrics.
            log_entry: for the log line.
        """
        shared = response.shared
        if shared is None or self._domains is None or (parts := _divided(data)) is None:
            return
        block = _header_block(data, request, parts)
        if block is None or log_entry.domain is None or not _is_cut_out(request, log_entry, parts):
            return
        line = self._log.template(request, response, log_entry)
        if line is None:
            return
        name = (
            request.method,
            request.raw_path,
            response.status,
            response.code,
            log_entry.address is None,
        )
        self._header_blocks.put(parts.header_block, block)
        self._lines.put((name, block.client, request.origin.peer is None), line)
        domain = DomainName(log_entry.domain)
        template = self._template(response, shared, format_name, (domain.ascii.encode(), name))
        known = _KnownDomain(domain, shared.entry, block.content_type, template)
        self._keep(parts, known)
        if shared.document.is_for_any_domain and _names_domain_at_most_as_file(template):
            self._by_provider.put((parts.around, _provider_key(shared.entry)), known)

    def _keep(self, parts: _Parts, known: _KnownDomain) -> None:
        if known.entry is None:
            target = self._not_served
        elif known.entry.pattern.kind is MatchKind.EXACT:
            target = self._served
        else:
            target = self._by_pattern
        key = (parts.around, parts.domain)
        for domains in (self._served, self._not_served, self._by_pattern):
            domains.discard(key)  # An earlier answer would hide this one.
        target.put(key, known)

    def _of_same_provider(self, parts: _Parts) -> _KnownDomain | None:
        """Return what is known of a domain that is new here, from another one of its provider."""
        if self._domains is None or not parts.domain:
            return None
        try:
            name = DomainName.parse(parts.domain.decode())
        except DomainError:
            return None
        fresh = self._domains.find_fresh(name)
        if fresh is None or name.ascii.encode() != parts.domain:
            return None
        entry = fresh[0]
        other = self._by_provider.get((parts.around, _provider_key(entry)))
        if other is None or not _has_same_answer(name, entry, other.entry):
            return None
        known = replace(other, name=name, entry=entry)
        self._keep(parts, known)
        return known

    def _template(
        self,
        response: Response,
        shared: SharedAnswer,
        format_name: str,
        names: tuple[bytes, tuple[object, ...]],
    ) -> _AnswerTemplate:
        """Return the answer in pieces; the same object for all domains with this document."""
        domain, line = names
        headers, _ = response.complete(head=False)
        # Content-Length is the last one.
        head = _encoded(headers[:-1]) + b"content-length: "
        before, etag, rest = head.partition(b"etag: ")
        after = rest[rest.index(b"\r\n") :] if etag else b""
        pieces = tuple((before + etag).split(domain))
        key = (line, format_name, id(shared.document), pieces, after)
        template = self._templates.get(key)
        if template is None:
            separators = "" if shared.entry is None else shared.entry.provider.subaddress_separators
            template = _AnswerTemplate(
                status_line=STATUS_LINE[response.status],
                before_etag=pieces,
                after_etag=after,
                has_etag=bool(etag),
                document=shared.document,
                sign=shared.sign,
                separators=frozenset(separators.encode()),
                line=line,
                count=self._metrics.request_counter(format_name, response.code),
            )
            self._templates.put(key, template)
        return template

    def _is_fresh(self, known: _KnownDomain) -> bool:
        """Return whether a domain still has the entry that its answer was made of."""
        if self._domains is None:
            return False
        fresh = self._domains.find_fresh(known.name)
        if fresh is None:
            return False
        entry = fresh[0]
        if entry is not known.entry:
            if entry != known.entry:
                return False
            known.entry = entry  # The same object is compared faster the next time.
        return True


def _provider_key(entry: Domain | None) -> tuple[object, ...] | None:
    """Return what is the same for all domains of a provider with the same answer."""
    # Services count by their identity, because nested values are slow to hash.
    return None if entry is None else (id(entry.services), entry.provider, entry.alias_of)


def _names_domain_at_most_as_file(template: _AnswerTemplate) -> bool:
    """Return whether the domain is nowhere in the header fields, except in the name of a file.

    A domain such as `text` is a part of other fields, which are the same for all domains.
    """
    pieces = template.before_etag
    return len(pieces) == 1 or (len(pieces) == 2 and pieces[0].endswith(b'filename="'))


def _has_same_answer(name: DomainName, entry: Domain | None, other: Domain | None) -> bool:
    """Return whether the answer for a domain differs from that for another one only in the name."""
    if entry is None or other is None:
        return entry is other
    is_same = (
        entry.services is other.services
        and entry.provider == other.provider
        and entry.alias_of == other.alias_of
        and (entry.users, entry.redirect) == (other.users, other.redirect)
    )
    return is_same and is_like_any_domain(name, entry)


def _divided(data: bytes) -> _Parts | None:
    """Divide a request around the address; None if it is not one of the usual requests."""
    if len(data) > REQUEST_MAX_BYTES:
        return None
    if (found := _GET.match(data)) is None:
        return _divided_otherwise(data)
    before, local_part, domain, after = found.groups()
    if local_part == _ANONYMOUS_LOCAL_PART:
        return None
    return _Parts((before, after), local_part, domain, data[found.end() :], b"")


def _divided_otherwise(data: bytes) -> _Parts | None:
    """Divide a request with the address in its body, or without an address."""
    head, end, body = data.partition(_END_OF_HEAD)
    line, _, block = head.partition(b"\r\n")
    if not end:
        return None
    if not body:
        return _Parts((data,), b"", b"", block, b"")
    if (found := _BODY.search(body)) is None:
        return None
    local_part, domain = found.groups()
    around = (line, body[: found.start(1)], body[found.end(2) :])
    return _Parts(around, local_part, domain, block, body)


def _header_block(data: bytes, request: Request, parts: _Parts) -> _HeaderBlock | None:
    """Return what the header fields of a request mean; None if an answer may depend on them."""
    fields = dict(request.headers)
    lines = data.partition(_END_OF_HEAD)[0]
    is_usual = (
        request.method in {"GET", "POST"}
        and request.http_version == "1.1"
        and fields.keys() <= _IGNORED
        # One request, and each field in its own line.
        and len(fields) == len(request.headers) == lines.count(b"\n") == lines.count(b"\r\n")
        and len(data) == len(lines) + len(_END_OF_HEAD) + len(parts.body)
        and fields.get(b"content-length", b"0") == b"%d" % len(parts.body)
    )
    closes = _CLOSES.get(fields.get(b"connection", b"").lower())
    if not is_usual or closes is None:
        return None
    client = log_name_of(fields.get(b"user-agent", b"").decode("latin-1"))
    return _HeaderBlock(client, closes, len(parts.body), fields.get(b"content-type"))


def _is_cut_out(request: Request, log_entry: AccessLogEntry, parts: _Parts) -> bool:
    """Return whether the handler has read the address, or the host, that was cut out."""
    if not parts.local_part:
        # `around` has the host name, and would have the query, which may name a user.
        host = None if request.query_string else request.host_domain()
        # A host name that begins with `www.` depends on two entries.
        if log_entry.address is not None or host is None or host.ascii.startswith(WWW):
            return False
        return host.ascii == log_entry.domain
    # A comment or a reference could be read in another way than the text that was cut out, and the
    # address could be there once more, in another spelling. LegacyDN names the user as well.
    if any(sign in parts.body for sign in (b"&", b"<!", b"LegacyDN")):
        return False
    if parts.body.rfind(b"<?") > 0 or parts.body.count(b"@") > 1:
        return False
    cut_out = EmailAddress(parts.local_part.decode(), DomainName(parts.domain.decode()))
    return log_entry.address == cut_out and log_entry.domain == cut_out.domain.ascii


def _encoded(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % field for field in headers])
