"""`GET /tls/ask?domain=NAME`: may a web server get a certificate for this host name?

Caddy asks this before it gets a certificate on demand, and in each handshake for a name that is not
in its memory: 200 means yes, every other status means no (its option `on_demand_tls`, `ask`). Caddy
does not follow redirects, so this URL has none.
"""

import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute

from waypost.core.address import DomainName
from waypost.core.errors import DomainError, StoreError, StoreUnavailable
from waypost.formats.discovery_hosts import candidate_domains
from waypost.lookup.lookup import DomainFinder
from waypost.runtime.metrics import CertificateMetrics
from waypost.web.public.log_texts import host_for_log

PATH: Final = "/tls/ask"
_ANSWERS: Final[dict[int | str, dict[str, object]]] = {
    200: {"description": "Yes."},
    400: {"description": "The query has no name, or several."},
    404: {"description": "No: this is not a host name of a served domain."},
    "4XX": {"description": "No: 403 if the client is not a program on this machine."},
    503: {"description": "The database does not answer; ask again later."},
}
_RESULTS: Final = {200: "yes", 400: "bad_request", 404: "no", 503: "unavailable"}


class _UnparsedQueryRoute(APIRoute):
    """A route that reads the names from the query itself.

    FastAPI's own parsing takes half of the total time, and a TLS handshake waits for this answer.
    The signature of the endpoint is for the OpenAPI description.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        async def handle(request: Request) -> Response:
            response: Response = await self.endpoint(request.query_params.getlist("domain"))
            return response

        return handle


class TlsAskEndpoint:
    """Decides for which host names there may be certificates."""

    def __init__(
        self, domains: DomainFinder, kinds: Sequence[str], metrics: CertificateMetrics
    ) -> None:
        """Initialize with the finder of domains, the kinds of host names, and the metrics."""
        self._domains = domains
        self._kinds = tuple(kinds)
        self._metrics = metrics
        self._log = structlog.get_logger(__name__)

    def add_to(self, router: APIRouter) -> None:
        """Add the URL."""
        router.add_api_route(
            PATH,
            self.ask,
            methods=["GET"],
            response_class=PlainTextResponse,
            responses=dict(_ANSWERS),
            summary="May a web server get a certificate for this host name?",
            name="ask",
            route_class_override=_UnparsedQueryRoute,
        )

    async def ask(
        self,
        domain: Annotated[list[str], Query(description="The host name, in any case, once.")],
    ) -> Response:
        """Answer 200 for a host name of a served domain.

        Args:
            domain: all values of the query parameter.
        """
        start = time.perf_counter()
        response = await self._respond(domain)
        self._metrics.record_request(_RESULTS[response.status_code], time.perf_counter() - start)
        return response

    async def _respond(self, domain: Sequence[str]) -> Response:
        if len(domain) != 1 or not domain[0].strip():
            return PlainTextResponse("send one name: /tls/ask?domain=NAME\n", 400)
        try:
            host = DomainName.parse(domain[0])
            served = await self._is_served(host)
        except DomainError:
            return self._response(404, host_for_log(domain[0]), "not a host name")
        except (StoreUnavailable, StoreError) as error:
            return self._response(503, host.ascii, error.code)
        if not served:
            return self._response(
                404, host.ascii, "not a host name of a domain that is served here"
            )
        return self._response(200, host.ascii, "ok")

    async def _is_served(self, host: DomainName) -> bool:
        for candidate in candidate_domains(host, self._kinds):
            entry = await self._domains.find(candidate.domain)
            # A domain that has moved still needs certificates, because its redirects use https.
            if entry is None or entry.is_declined:
                continue
            if candidate.allows_certificate(entry.pattern):
                return True
        return False

    def _response(self, status: int, host: str, reason: str) -> Response:
        self._log.info("certificate", host=host, status=status, reason=reason)
        return PlainTextResponse(f"{reason}\n", status)
