"""Sending the requests of recorded clients: to one server for all host names, or another way."""

import http.client
import ssl
import string
import time
import zlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import quote

from waypost.check.asking import Server, read_body
from waypost.check.recorded.conversation import Exchange, Request, Response
from waypost.check.recorded.documents import DOCUMENT_MAX_OCTETS
from waypost.check.recorded.lookups import above
from waypost.check.troubles import trouble
from waypost.errors import NamesUnavailable

USER_AGENT: Final = "waypost-conformance"
HEADER_MAX_CHARS: Final = 4096
REASON_MAX_CHARS: Final = 400
# For zlib: gzip's form, its own, none.
_WINDOW_BITS: Final = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
TIME_OVER: Final = "the time for all answers is over (--total)"
_PRINTABLE: Final = string.ascii_letters + string.digits + string.punctuation


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked.

    Attributes:
        timeout_seconds: for each answer.
        total_seconds: for all answers together.
        requests: at most so many.
    """

    timeout_seconds: float = 10.0
    total_seconds: float = 120.0
    requests: int = 500


class Way(Protocol):
    """How the host of a request is reached.

    Attributes:
        path: in front of the path of each request.
        tells_scheme: the scheme that a client would have used is told, as by a proxy in front.
    """

    @property
    def path(self) -> str: ...  # noqa: D102 -- above

    @property
    def tells_scheme(self) -> bool: ...  # noqa: D102 -- above

    def refusal(self, host: str) -> str:
        """Say why a host is not asked; empty where it is."""

    def lead_to(self, host: str) -> None:
        """Take notice of a host that DNS names."""

    def connection(
        self, request: Request, seconds: float, context: ssl.SSLContext
    ) -> AbstractContextManager[http.client.HTTPConnection]:
        """Connect for one answer, as `Server.connection` does."""


class ToOneServer:
    """Everything goes to one server.

    What is for hosts outside of the domains goes nowhere, but for those to which DNS leads; what is
    for these goes to the server, too. An answer that leads elsewhere is not followed there.
    """

    def __init__(self, server: Server, domains: tuple[str, ...]) -> None:
        """Take whom to ask, for which domains and what is below them."""
        self._server = server
        self._domains = domains
        self._named: set[str] = set()
        self.path = server.path
        self.tells_scheme = not server.is_https

    def refusal(self, host: str) -> str:
        """Refuse what is neither in the domains nor named by DNS."""
        is_own = any(host == d or host.endswith(f".{d}") for d in self._domains)
        if is_own or host in self._named:
            return ""
        return f"{host} is not asked; --also adds a host"

    def lead_to(self, host: str) -> None:
        """Ask about a host that DNS names as well, and about what clients make of its name."""
        while host:
            self._named |= {host, f"autoconfig.{host}"}
            host = above(host)

    def connection(
        self, request: Request, seconds: float, context: ssl.SSLContext
    ) -> AbstractContextManager[http.client.HTTPConnection]:
        """Connect to the server, with the name of the host that the request is for."""
        return self._server.connection(request.host.partition(":")[0], seconds, context)


class Wire:
    """Sends requests, each of them once, and keeps what was said.

    Attributes:
        context: with which certificates are checked.
        is_exhausted: something was not asked, because the time or the number was too small.
        unknown: why a question could not be asked, for each time that this was the answer.
    """

    def __init__(
        self,
        way: Way,
        limits: Limits,
        *,
        checks_certificates: bool = True,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Take how to ask, and how much; the context is the one of this machine by default."""
        self._way = way
        self._limits = limits
        self._end = time.monotonic() + limits.total_seconds
        self.context = context or ssl.create_default_context()
        if not checks_certificates:
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE
        self._said: dict[Request, Response] = {}
        self.is_exhausted = False
        self.unknown: list[str] = []

    @property
    def exchanges(self) -> list[Exchange]:
        """All that was asked, and what came back."""
        return list(self._said.items())

    def seconds(self) -> float:
        """Give how long an answer may take now; 0 where the time is over."""
        left = min(self._end - time.monotonic(), self._limits.timeout_seconds)
        if left <= 0:
            self.is_exhausted = True
        return max(left, 0.0)

    def answer(self, request: Request) -> Response:
        """Give what the server says, now or when it was asked before."""
        if refusal := self._way.refusal(request.host):
            return Response(0, reason=refusal)
        response = self._said.get(request) or self._asked(request)
        if response.is_unknown:
            self.unknown.append(response.reason)
        return response

    def lead_to(self, host: str) -> None:
        """Take notice of a host that DNS names."""
        self._way.lead_to(host)

    def ask(self, request: Request) -> Response:
        """Give what the server says now."""
        response = self._asked(request)
        if response.is_unknown:
            self.unknown.append(response.reason)
        return response

    def _asked(self, request: Request) -> Response:
        if len(self._said) >= self._limits.requests:
            self.is_exhausted = True
            why = f"more than {self._limits.requests} requests would be needed"
            return Response(0, reason=why, is_unknown=True)
        seconds = self.seconds()
        if not seconds:
            return Response(0, reason=TIME_OVER, is_unknown=True)
        try:
            response = self._sent(request, seconds)
        except NamesUnavailable as error:
            response = Response(0, reason=f"{error}"[:REASON_MAX_CHARS], is_unknown=True)
        except (OSError, http.client.HTTPException, ValueError) as error:
            response = Response(0, reason=trouble(error)[:REASON_MAX_CHARS])
            if not self.seconds():  # It may have had less time than an answer is given.
                response = Response(0, reason=TIME_OVER, is_unknown=True)
        self._said[request] = response
        return response

    def _sent(self, request: Request, seconds: float) -> Response:
        target = f"{self._way.path}{request.path}"
        target += f"?{request.query}" if request.query else ""
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", **dict(request.headers)}
        if self._way.tells_scheme:
            # The scheme that the client would have used, as a proxy in front would tell it.
            headers["X-Forwarded-Proto"] = request.scheme
        # Clients do not escape alike, but none sends spaces or what is beyond ASCII.
        url = quote(target, safe=_PRINTABLE)
        with self._way.connection(request, seconds, self.context) as connection:
            connection.request(request.method, url, request.body or None, headers)
            response = connection.getresponse()
            body, trouble = _decoded(read_body(response), response)
        kind, location = (
            (response.getheader(name) or "")[:HEADER_MAX_CHARS]
            for name in ("Content-Type", "Location")
        )
        if trouble:
            return Response(0, reason=trouble)
        return Response(response.status, kind, location, body[: DOCUMENT_MAX_OCTETS + 1])


def _decoded(body: bytes, response: http.client.HTTPResponse) -> tuple[bytes, str]:
    """Take off a compression that nobody asked for, as clients do; or tell why not.

    No more is unpacked than is looked at.
    """
    coding = ", ".join(response.headers.get_all("Content-Encoding") or ()).strip().lower()
    if coding in {"", "identity"} or not body:
        return body, ""
    # RFC 9110 s8.4.1: deflate is zlib's form; some servers leave its head away.
    for bits in _WINDOW_BITS.get(coding, ()):
        try:
            return zlib.decompressobj(bits).decompress(body, DOCUMENT_MAX_OCTETS + 1), ""
        except zlib.error:
            continue
    rule = "is not so" if coding in _WINDOW_BITS else "was not asked for"
    return b"", f"the body is said to be compressed (Content-Encoding: {coding[:40]}), and {rule}"
