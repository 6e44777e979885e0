"""Send the requests of simulated clients, by any transport."""

import http.client
import ssl
import time
from dataclasses import dataclass
from typing import Final

from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.simulated_clients.documents import DOCUMENT_MAX_BYTES
from waypost.diagnostics.simulated_clients.session import ClientRequest, HttpExchange, ServerAnswer
from waypost.diagnostics.transports.transport import ClientTransport
from waypost.net import http_exchange
from waypost.net.deadline import Deadline
from waypost.net.failures import failure_reason

USER_AGENT: Final = "waypost-conformance"
HEADER_MAX_CHARS: Final = 4096
REASON_MAX_CHARS: Final = 400
TIME_OVER: Final = "the time for all answers is used up"


@dataclass(frozen=True, slots=True)
class ExchangeLimits:
    """The limits of a run.

    Attributes:
        timeout_seconds: for each answer.
        total_seconds: for all answers together.
        requests: the maximum number of requests.
    """

    timeout_seconds: float = 10.0
    total_seconds: float = 120.0
    requests: int = 500


class HttpClient:
    """Sends requests, each of them once, and keeps the responses.

    Attributes:
        tls_context: the TLS context that checks certificates.
        is_exhausted: a request was not sent, because a limit was reached.
        unknown_reasons: why a request could not be sent, once for each such request.
    """

    def __init__(
        self,
        transport: ClientTransport,
        limits: ExchangeLimits,
        *,
        checks_certificates: bool = True,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """Initialize with a transport and limits; the default TLS context is the system's."""
        self._transport = transport
        self._limits = limits
        self._end = time.monotonic() + limits.total_seconds
        self.tls_context = tls_context or ssl.create_default_context()
        if not checks_certificates:
            self.tls_context.check_hostname = False
            self.tls_context.verify_mode = ssl.CERT_NONE
        self._responses: dict[ClientRequest, ServerAnswer] = {}
        self.is_exhausted = False
        self.unknown_reasons: list[str] = []

    @property
    def exchanges(self) -> list[HttpExchange]:
        """Return all requests, each with its response."""
        return list(self._responses.items())

    def seconds_left(self) -> float:
        """Return how long an answer may take now; 0 if no time is left."""
        seconds = min(self._end - time.monotonic(), self._limits.timeout_seconds)
        if seconds <= 0:
            self.is_exhausted = True
        return max(seconds, 0.0)

    def send(self, request: ClientRequest) -> ServerAnswer:
        """Return the response, from now or from an earlier request."""
        if refusal := self._transport.refusal(request.host):
            return ServerAnswer(0, reason=refusal)
        response = self._responses.get(request) or self._send(request)
        if response.is_unknown:
            self.unknown_reasons.append(response.reason)
        return response

    def add_host(self, host: str) -> None:
        """Add a host that DNS names."""
        self._transport.add_host(host)

    def mail_refusal(self, host: str, address: str) -> str:
        """Return why a mail server is not checked at an address; empty if it is."""
        return self._transport.mail_refusal(host, address)

    def send_again(self, request: ClientRequest) -> ServerAnswer:
        """Send a request, even if it was sent before, and return the response."""
        response = self._send(request)
        if response.is_unknown:
            self.unknown_reasons.append(response.reason)
        return response

    def _send(self, request: ClientRequest) -> ServerAnswer:
        if len(self._responses) >= self._limits.requests:
            self.is_exhausted = True
            limit_text = f"the limit of {self._limits.requests} requests is reached"
            return ServerAnswer(0, reason=limit_text, is_unknown=True)
        seconds = self.seconds_left()
        if not seconds:
            return ServerAnswer(0, reason=TIME_OVER, is_unknown=True)
        try:
            response = self._exchange(request, seconds)
        except NamesUnavailable as error:
            response = ServerAnswer(0, reason=f"{error}"[:REASON_MAX_CHARS], is_unknown=True)
        except (OSError, http.client.HTTPException, ValueError) as error:
            response = ServerAnswer(0, reason=failure_reason(error)[:REASON_MAX_CHARS])
            if not self.seconds_left():  # The answer may have had less time than the timeout.
                response = ServerAnswer(0, reason=TIME_OVER, is_unknown=True)
        self._responses[request] = response
        return response

    def _exchange(self, request: ClientRequest, seconds: float) -> ServerAnswer:
        target = f"{self._transport.path}{request.path}"
        target += f"?{request.query}" if request.query else ""
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", **dict(request.headers)}
        if self._transport.sends_scheme:
            # The scheme that the client would have used, as a proxy would send it.
            headers["X-Forwarded-Proto"] = request.scheme
        host = self._transport.authority(request)
        http_request = http_exchange.HttpRequest(
            host, target, request.method, headers, request.body
        )
        deadline = Deadline(seconds)
        with self._transport.connect(request, deadline, self.tls_context) as connection:
            is_public = connection.is_public
            response = http_exchange.exchange(connection, http_request, DOCUMENT_MAX_BYTES)
        kind, location = (
            (response.headers.get(name) or "")[:HEADER_MAX_CHARS]
            for name in ("Content-Type", "Location")
        )
        answer = ServerAnswer(response.status, kind, location, response.body)
        target_request = (
            request.redirected_to(location) if is_public and answer.is_redirect else None
        )
        if target_request is not None:
            self._transport.add_redirect(target_request)
        return answer
