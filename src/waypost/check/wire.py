"""Sending the requests of recorded clients to one server, whatever host names they are for."""

import http.client
import ssl
import string
import time
import zlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from waypost.check.asking import Server, check_reachable, read_body
from waypost.check.recorded.conversation import Exchange, Request, Response
from waypost.check.recorded.documents import DOCUMENT_MAX_OCTETS
from waypost.check.recorded.lookups import above

USER_AGENT: Final = "waypost-conformance"
HEADER_MAX_CHARS: Final = 4096
# For zlib: gzip's form, its own, none.
_WINDOW_BITS: Final = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
NOT_ASKED: Final = "not asked any more"
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


class Wire:
    """A server to which everything is sent, and what it has said.

    The same request is sent once. What is for hosts outside of the domains goes nowhere, but for
    those to which DNS leads; what is for these goes to the server, too. An answer that leads
    elsewhere is not followed there.
    """

    def __init__(
        self,
        server: Server,
        domains: tuple[str, ...],
        limits: Limits,
        *,
        checks_certificates: bool = True,
    ) -> None:
        """Take whom to ask, for which domains and what is below them, and how much."""
        self._server = server
        self._domains = domains
        self._limits = limits
        self._end = time.monotonic() + limits.total_seconds
        self._context = ssl.create_default_context()
        if not checks_certificates:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE
        self._said: dict[Request, Response] = {}
        self._named: set[str] = set()
        self.is_exhausted = False

    @property
    def exchanges(self) -> list[Exchange]:
        """All that was asked, and what came back."""
        return list(self._said.items())

    def check_reachable(self) -> None:
        """Make sure that somebody listens.

        Raises:
            RequestError: nobody does.
        """
        check_reachable(self._server, self._limits.timeout_seconds)

    def answer(self, request: Request) -> Response:
        """Give what the server says, now or when it was asked before."""
        is_own = any(request.host == d or request.host.endswith(f".{d}") for d in self._domains)
        if not is_own and request.host not in self._named:
            return Response(0, reason=f"{request.host} is not asked; --also adds a host")
        if request in self._said:
            return self._said[request]
        return self.ask(request)

    def lead_to(self, host: str) -> None:
        """Ask about a host that DNS names as well, and about what clients make of its name."""
        while host:
            self._named |= {host, f"autoconfig.{host}"}
            host = above(host)

    def ask(self, request: Request) -> Response:
        """Give what the server says now."""
        left = self._end - time.monotonic()
        if len(self._said) >= self._limits.requests or left <= 0:
            self.is_exhausted = True
            return Response(0, reason=NOT_ASKED)
        try:
            response = self._sent(request, min(left, self._limits.timeout_seconds))
        except ssl.SSLCertVerificationError as error:
            response = Response(0, reason=f"certificate: {error.verify_message}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            response = Response(0, reason=f"{type(error).__name__} {error}"[:200])
        self._said[request] = response
        return response

    def _sent(self, request: Request, seconds: float) -> Response:
        host = request.host.partition(":")[0]
        target = f"{self._server.path}{request.path}"
        target += f"?{request.query}" if request.query else ""
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", **dict(request.headers)}
        if not self._server.is_https:
            # The scheme that the client would have used, as a proxy in front would tell it.
            headers["X-Forwarded-Proto"] = request.scheme
        # Clients do not escape alike, but none sends spaces or what is beyond ASCII.
        url = quote(target, safe=_PRINTABLE)
        with self._server.connection(host, seconds, self._context) as connection:
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
