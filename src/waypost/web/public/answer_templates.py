"""Answers that differ from an earlier one only in the address, given at once.

The router and a handler answer the first request of a kind. If the handler says that the answer is
the same for other users (`Response.shared`), it is kept in pieces. A later request with the same
bytes around the address, and with known header fields, is answered from these pieces: no parser, no
task, no lookup except for the domain in memory. docs/decisions/0026-answer-templates.md explains
why both ways give the same bytes, log lines and metrics.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from waypost.core.address import DomainName
from waypost.core.document_template import DocumentTemplate
from waypost.core.errors import DomainError
from waypost.core.model import Domain, MatchKind
from waypost.lookup.lookup import FreshDomains
from waypost.lookup.render_cache import is_like_any_domain
from waypost.runtime.lru import LruCache
from waypost.runtime.metrics import Metrics
from waypost.runtime.request_metrics import RecordRequest
from waypost.web.app_context import AccessLogEntry
from waypost.web.public.access_log import AccessLog, LineTemplate
from waypost.web.public.known_requests import (
    END_OF_HEAD,
    HeaderBlock,
    RequestParts,
    header_block,
    names_logged_address,
    split_request,
    without_values,
)
from waypost.web.public.limits.client_limits import ClientLimits
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.peers import UNKNOWN_PEER, Peer, Peers
from waypost.web.public.request import Request
from waypost.web.public.response import Response, SharedAnswer

Headers = Sequence[tuple[bytes, bytes]]

DOMAINS_MAX: Final = 10_000
"""How many domains of each kind have answers here: served by name, by a pattern, and not served."""
HEADER_BLOCKS_MAX: Final = 2_000
TEMPLATES_MAX: Final = 2_000
_CLOSED: Final = b"\r\nconnection: close\r\n\r\n"


class AnswerBytes(NamedTuple):
    """A whole answer: the bytes to send, and whether the connection is closed after them."""

    data: bytes
    closes: bool


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


@dataclass(slots=True)
class _KnownDomain:
    """A domain whose answer is known, as long as its entry stays the same."""

    name: DomainName
    entry: Domain | None
    template: _AnswerTemplate


_Records = tuple[LineTemplate, RecordRequest]
"""What is written for an answer: the line of the log, and the metrics."""
_Key = tuple[tuple[bytes, ...], str, bytes]
_Cache = LruCache[_Key, _KnownDomain]


class AnswerTemplates:
    """The answers that one worker has given, in pieces."""

    def __init__(self) -> None:
        """Create an empty cache; nothing is kept before `open`."""
        self._domains: FreshDomains | None = None
        self._by_provider: LruCache[tuple[object, ...], _KnownDomain] = LruCache(TEMPLATES_MAX)
        self._served = _Cache(DOMAINS_MAX)
        self._by_pattern = _Cache(DOMAINS_MAX)
        self._not_served = _Cache(DOMAINS_MAX)
        self._header_blocks: LruCache[tuple[int, bytes], HeaderBlock] = LruCache(HEADER_BLOCKS_MAX)
        self._general_blocks: LruCache[tuple[int, tuple[bytes, ...]], HeaderBlock]
        self._general_blocks = LruCache(HEADER_BLOCKS_MAX)
        self._peers: Peers | None = None
        self._templates: LruCache[tuple[object, ...], _AnswerTemplate] = LruCache(TEMPLATES_MAX)
        self._lines: LruCache[tuple[object, ...], _Records] = LruCache(TEMPLATES_MAX)
        self._default_headers: Headers = []
        self._encoded_headers = b""

    def open(
        self,
        domains: FreshDomains,
        log: AccessLog,
        metrics: Metrics,
        trust: ProxyTrust,
        limits: ClientLimits,
    ) -> None:
        """Begin to keep answers.

        Args:
            domains: says which entries are still valid.
            log: gets a line for each answer.
            metrics: counts the answers.
            trust: the proxies whose headers are believed.
            limits: how much each client may ask.
        """
        self._log, self._metrics, self._trust, self._limits = log, metrics, trust, limits
        self._peers = Peers(trust, limits)
        self._domains = domains

    def peer(self, address: str | None) -> Peer:
        """Return what is known of the other end of a new connection."""
        return UNKNOWN_PEER if self._peers is None else self._peers.connected(address)

    def answer(
        self, data: bytes, peer: Peer, default_headers: Headers, *, must_close: bool = False
    ) -> AnswerBytes | None:
        """Return the answer to one complete request, or None if the router must answer.

        Args:
            data: what a connection has received, between two requests.
            peer: the other end of the connection.
            default_headers: those of the server, such as Date.
            must_close: whether to return only an answer after which the connection is closed.
        """
        start = perf_counter()
        if (found := self._find(data, peer)) is None:
            return None
        parts, block, known, (line, record), client = found
        if must_close and not block.closes:
            return None
        template, local_part, domain = known.template, parts.local_part, known.name.ascii.encode()
        body = template.document.document(local_part, domain)
        if template.sign is not None:
            signed = template.sign(body)
            if signed is None:
                return None
            body = signed
        # Nothing is taken for a request that the router answers, or refuses.
        if client.network is not None and self._limits.take(client.network, start):
            return None
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
                _CLOSED if block.closes else END_OF_HEAD,
                body,
            )
        )
        seconds = perf_counter() - start
        line.write(client.for_log, seconds * 1000, local_part.decode(), known.name.ascii)
        self._metrics.cache_hit()
        self._metrics.count_dropped_log_lines(self._log.count_dropped_lines())
        record(seconds)
        return AnswerBytes(whole, block.closes)

    def _find(
        self, data: bytes, peer: Peer
    ) -> tuple[RequestParts, HeaderBlock, _KnownDomain, _Records, Peer] | None:
        """Return a request in parts, and what is known of it; None if the router must answer."""
        if (parts := split_request(data)) is None:
            return None
        block = self._header_blocks.get((peer.depth, parts.header_block))
        if block is None:
            general = without_values(parts.header_block, has_address=bool(parts.local_part))
            if peer.depth and general.forwarded_for and self._peers is not None:
                peer = self._peers.forwarded(peer, general.forwarded_for)
            block = self._general_blocks.get((peer.depth, general.other_bytes))
        if block is None or block.body_length != len(parts.body):
            return None
        known = self._known_domain(parts, block)
        if known is None:
            return None
        line = self._lines.get((known.template.line, block.client, peer.for_log is None))
        if line is None or not known.template.separators.isdisjoint(parts.local_part):
            return None
        return parts, block, known, line, peer

    def _known_domain(self, parts: RequestParts, block: HeaderBlock) -> _KnownDomain | None:
        key = (parts.other_bytes, block.variant, parts.domain)
        known = self._served.get(key) or self._not_served.get(key) or self._by_pattern.get(key)
        if known is None:
            return self._of_same_provider(key)
        return known if self._is_fresh(known) else None

    def remember(
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
        if shared is None or self._domains is None or (parts := split_request(data)) is None:
            return
        general = without_values(parts.header_block, has_address=bool(parts.local_part))
        depth = self._trust.depth(request.peer_address, general.forwarded_for)
        block = header_block(data, request, parts, general, depth)
        if (
            block is None
            or log_entry.domain is None
            or not names_logged_address(request, log_entry, parts)
        ):
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
        self._general_blocks.put((depth, general.other_bytes), block)
        if not general.names_client:
            self._header_blocks.put((depth, parts.header_block), block)
        record = self._metrics.request_recorder(format_name, response.code, block.client)
        self._lines.put((name, block.client, request.origin.peer is None), (line, record))
        domain = DomainName(log_entry.domain)
        template = self._template(response, shared, format_name, (domain.ascii.encode(), name))
        known = _KnownDomain(domain, shared.entry, template)
        self._keep((parts.other_bytes, block.variant, parts.domain), known)
        if shared.document.is_for_any_domain and _names_domain_at_most_as_file(template):
            key = (parts.other_bytes, block.variant, _provider_key(shared.entry))
            self._by_provider.put(key, known)

    def _keep(self, key: _Key, known: _KnownDomain) -> None:
        if known.entry is None:
            target = self._not_served
        elif known.entry.pattern.kind is MatchKind.EXACT:
            target = self._served
        else:
            target = self._by_pattern
        for domains in (self._served, self._not_served, self._by_pattern):
            domains.discard(key)  # An earlier answer would hide this one.
        target.put(key, known)

    def _of_same_provider(self, key: _Key) -> _KnownDomain | None:
        """Return what is known of a domain that is new here, from another one of its provider."""
        other_bytes, variant, domain = key
        if self._domains is None or not domain:
            return None
        try:
            name = DomainName.parse(domain.decode())
        except DomainError:
            return None
        fresh = self._domains.find_fresh(name)
        if fresh is None or name.ascii.encode() != domain or self._log.masks(name.ascii):
            return None
        entry = fresh[0]
        other = self._by_provider.get((other_bytes, variant, _provider_key(entry)))
        if other is None or not _has_same_answer(name, entry, other.entry):
            return None
        known = replace(other, name=name, entry=entry)
        self._keep(key, known)
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
    """Return whether the domain is in no header field, except in the name of a file.

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


def _encoded(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % field for field in headers])
