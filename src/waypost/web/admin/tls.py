"""`GET /tls/ask?domain=NAME`: may a web server get a certificate for this host name?

Caddy asks this before it gets a certificate on demand, and in each handshake for a name that is not
in its memory: 200 means yes, every other status means no (its option `on_demand_tls`, `ask`). Caddy
does not follow redirects, so this URL has none.
"""

import time
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from waypost.core.address import DomainName
from waypost.core.errors import DomainError, StoreError, StoreUnavailable
from waypost.core.model import Domain
from waypost.formats.discovery_hosts import CandidateDomain, candidate_domains
from waypost.lookup.lookup import DomainFinder, FreshDomains
from waypost.runtime.metrics import CertificateMetrics, Metrics
from waypost.web.admin.certificate_log import CertificateLog
from waypost.web.public.log_texts import host_for_log

PATH: Final = "/tls/ask"
_RESULTS: Final = {200: "yes", 400: "bad_request", 404: "no", 503: "unavailable"}


class CachedDomains(DomainFinder, FreshDomains, Protocol):
    """Finds domains, and shows those in memory."""


class Decision(NamedTuple):
    """Whether there may be a certificate.

    Attributes:
        status: the status of the answer.
        reason: for the log and for the body of the answer.
    """

    status: int
    reason: str

    def response(self) -> Response:
        """Return the answer."""
        return PlainTextResponse(f"{self.reason}\n", self.status)


YES: Final = Decision(200, "ok")
NO: Final = Decision(404, "not a host name of a domain that is served here")


class TlsAskEndpoint:
    """Decides for which host names there may be certificates."""

    def __init__(
        self, domains: CachedDomains, kinds: Sequence[str], metrics: Metrics, log: CertificateLog
    ) -> None:
        """Initialize with the finder of domains, the kinds of host names, metrics and log."""
        self._domains = domains
        self._kinds = tuple(kinds)
        self._count_hit = metrics.cache_hit
        self._metrics = CertificateMetrics(metrics.registry)
        self._log = log

    async def answer(self, request: Request) -> Response:
        """Answer 200 for a host name of a served domain."""
        start = time.perf_counter()
        response = await self._respond(request.query_params.getlist("domain"))
        self._record(response.status_code, start)
        return response

    def answer_from_memory(self, host: DomainName, start: float) -> Decision | None:
        """Decide without a query, and log and count this as `answer` does.

        Args:
            host: the only name in the query.
            start: the value of `time.perf_counter` when the request came.

        Returns:
            None, without a log line, if a domain must be queried.
        """
        decision, hits = NO, 0
        for candidate in candidate_domains(host, self._kinds):
            if (fresh := self._domains.find_fresh(candidate.domain)) is None:
                return None
            hits += 1
            if _allows_certificate(candidate, fresh[0]):
                decision = YES
                break
        for _ in range(hits):
            self._count_hit()
        self._log.write(host.ascii, *decision)
        self._record(decision.status, start)
        return decision

    def _record(self, status: int, start: float) -> None:
        self._metrics.record_request(_RESULTS[status], time.perf_counter() - start)

    async def _respond(self, domain: Sequence[str]) -> Response:
        if len(domain) != 1 or not domain[0].strip():
            return PlainTextResponse("send one name: /tls/ask?domain=NAME\n", 400)
        host = host_for_log(domain[0])
        try:
            name = DomainName.parse(domain[0])
            host = name.ascii
            decision = YES if await self._is_served(name) else NO
        except DomainError:
            decision = Decision(404, "not a host name")
        except (StoreUnavailable, StoreError) as error:
            decision = Decision(503, error.code)
        self._log.write(host, *decision)
        return decision.response()

    async def _is_served(self, host: DomainName) -> bool:
        for candidate in candidate_domains(host, self._kinds):
            if _allows_certificate(candidate, await self._domains.find(candidate.domain)):
                return True
        return False


def _allows_certificate(candidate: CandidateDomain, entry: Domain | None) -> bool:
    """Return whether the entry of a mail domain allows a certificate for the host name."""
    # A domain that has moved still needs certificates, because its redirects use https.
    if entry is None or entry.is_declined:
        return False
    return candidate.allows_certificate(entry.pattern)
