"""The server and the domain that the conformance checks are about."""

from dataclasses import dataclass, replace

from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup, Resolver
from waypost.diagnostics.simulated_clients.session import (
    ClientRequest,
    ServerAnswer,
    UnusableDocument,
    follow_redirects,
)
from waypost.diagnostics.transports.http_client import HttpClient


@dataclass(frozen=True, slots=True)
class ConformanceTarget:
    """The server and the domain that are checked.

    Attributes:
        unserved_domain: a domain that the server must not know.
        resolver: answers DNS look-ups; None if DNS is not asked.
    """

    http: HttpClient
    local_part: str
    domain: str
    unserved_domain: str
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
            self.http.add_host(record.data)
        return records

    def get_autoconfig(self, address: str | None = None) -> ServerAnswer:
        """Return the answer at the draft's first URL."""
        query = urls.address_query(address or self.address)
        return self.send_following_redirects(urls.autoconfig(self.domain, "https", query))

    def send_following_redirects(
        self, request: ClientRequest, *, allow_downgrade: bool = True
    ) -> ServerAnswer:
        """Return the answer after all redirects, which most clients follow.

        Args:
            request: the first request.
            allow_downgrade: follow from https to http; otherwise the answer is this redirect.
        """
        asking = follow_redirects(request, allow_downgrade=allow_downgrade)
        question = next(asking)
        while True:
            try:
                question = asking.send(self.http.send(question))
            except StopIteration as end:
                answer: ServerAnswer = end.value
                return answer

    def serves_every_domain(self) -> bool:
        """Return whether the server serves the domain that it must not know."""
        return has_services(self.get_autoconfig_of_unserved())

    def get_autoconfig_of_unserved(self) -> ServerAnswer:
        """Return the Autoconfig answer for the domain that the server must not know."""
        query = urls.address_query(f"{self.local_part}@{self.unserved_domain}")
        return self.send_following_redirects(urls.autoconfig(self.unserved_domain, "https", query))

    def post_autodiscover(self, body: bytes) -> ServerAnswer:
        """Send an Autodiscover body, and return the answer."""
        request = urls.autodiscover_request(
            f"autodiscover.{self.domain}", self.address, content_type="text/xml"
        )
        return self.http.send(replace(request, body=body))


def has_services(response: ServerAnswer) -> bool:
    """Return whether an Autoconfig answer contains an incoming server."""
    try:
        provider = documents.find_provider(response.body)
    except UnusableDocument:
        return False
    return response.is_success and bool(documents.children(provider, "incomingServer"))
